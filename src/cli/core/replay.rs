//! `tallyman replay`: tools for the whole log. They work on the data directory.

use std::path::{Path, PathBuf};

use ::replay::diff::Live;
use ::replay::export::Destination;
use ::replay::import::Origin;
use ::replay::rebuild::To;
use ::replay::verify::Depth;
use ::replay::{AsOf, Window};
use clap::Subcommand;
use eventlog::{Filter, Position, StreamName};
use serde_json::{Value, json};

use crate::app;
use crate::app::storage::Wanted;
use crate::cli::arguments::{Format, Global};
use crate::cli::directory::Directory;
use crate::cli::{Exit, Failure, output, progress};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Replay {
    /// Verify every frame of the log and report the first fault with its position
    Verify {
        /// Check only frames and checksums, not the contents of events
        #[arg(long)]
        fast: bool,
    },
    /// Build views from the log, in a folder or in memory to compare
    Rebuild {
        /// Only these projections [default: all]
        names: Vec<String>,
        /// As of this position or time (RFC 3339)
        #[arg(long, value_name = "POSITION|TIME")]
        until: Option<String>,
        /// Write the views to this folder [default: memory, only the digests are printed]
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
    /// Compare the live views with views rebuilt from the log
    Diff {
        /// Only these projections [default: all]
        names: Vec<String>,
    },
    /// Show the state of one stream as of a moment
    Show {
        /// A stream, for example `build-default:9892514`
        stream: String,
        /// As of this position or time (RFC 3339) [default: now]
        #[arg(long, value_name = "POSITION|TIME")]
        as_of: Option<String>,
    },
    /// Write the log as NDJSON (zstd if the name ends in .zst, - for standard output)
    Export {
        /// The file to write
        file: PathBuf,
        /// From this position or time on
        #[arg(long, value_name = "POSITION|TIME")]
        from: Option<String>,
        /// Up to this position or time
        #[arg(long, value_name = "POSITION|TIME")]
        until: Option<String>,
        /// Only streams of this category
        #[arg(long)]
        category: Option<String>,
        /// Only this type, or types with this prefix (`build.*`)
        #[arg(long = "type")]
        event_type: Option<String>,
        /// Include the bodies in the blob store
        #[arg(long)]
        blobs: bool,
    },
    /// Accept that history is missing, and continue with the rest of the log
    Accept(super::replay_accept::Accept),
    /// Import an export (zstd if the name ends in .zst, - for standard input)
    Import {
        /// The file to read
        file: PathBuf,
        /// Check everything, write nothing
        #[arg(long)]
        dry_run: bool,
        /// Also import the readable part of an export that was cut or changed
        #[arg(long)]
        allow_partial: bool,
    },
}

/// The most differing rows of each view that are shown.
const DIFFERENCES_MAX: usize = 20;

/// The most events of a stream that are shown.
const SHOWN_MAX: usize = 10_000;

const REBUILT: [output::Column; 5] = [
    ("VIEW", "/name"),
    ("VERSION", "/version"),
    ("ROWS", "/rows"),
    ("UNREADABLE", "/faults"),
    ("DIGEST", "/digest"),
];

const COMPARED: [output::Column; 5] = [
    ("VIEW", "/name"),
    ("LIVE", "/live"),
    ("ROWS", "/rows"),
    ("DIFFERENT", "/different"),
    ("DIFFERENCES", "/differences"),
];

const SHOWN: [output::Column; 6] = [
    ("POSITION", "/position"),
    ("REVISION", "/revision"),
    ("TYPE", "/type"),
    ("RECORDED", "/recorded_at"),
    ("ACTOR", "/actor"),
    ("DATA", "/data"),
];

pub(crate) fn run(flags: &Flags, global: &Global, verb: Replay) -> Result<(), Failure> {
    let directory = Directory::of(flags)?;
    match verb {
        Replay::Verify { fast } => verify(&directory, global, fast),
        Replay::Export {
            file,
            from,
            until,
            category,
            event_type,
            blobs,
        } => {
            let window = Window {
                from: from.as_deref().map(moment).transpose()?,
                until: until.as_deref().map(moment).transpose()?,
                filter: Filter {
                    categories: category.into_iter().collect(),
                    event_types: event_type.into_iter().collect(),
                },
            };
            export(&directory, global, &file, window, blobs)
        }
        Replay::Accept(what) => super::replay_accept::run(&directory, global, &what),
        Replay::Import {
            file,
            dry_run,
            allow_partial,
        } => import(&directory, global, &file, dry_run, allow_partial),
        Replay::Rebuild { names, until, into } => {
            rebuild(&directory, global, names, until.as_deref(), into)
        }
        Replay::Diff { names } => diff(&directory, global, names),
        Replay::Show { stream, as_of } => show(&directory, global, &stream, as_of.as_deref()),
    }
}

fn moment(text: &str) -> Result<AsOf, Failure> {
    text.parse()
        .map_err(|error: ::replay::AsOfError| Failure::new(Exit::Usage, error))
}

fn verify(directory: &Directory, global: &Global, fast: bool) -> Result<(), Failure> {
    let log_dir = directory.log_dir()?;
    let blobs = (!fast)
        .then(|| app::open_blobs_to_read(&directory.config))
        .transpose()?;
    let depth = if fast { Depth::Frames } else { Depth::Content };
    let options = ::replay::verify::Options {
        directory: log_dir,
        depth,
        blobs,
        head_record: Some(directory.config.data.head_record()),
        evidence: app::history::evidence_in(&directory.config.data),
    };
    let bar = progress::bar(global, "events", None);
    let report = directory.block_on(::replay::verify::run(options, &|so_far| {
        progress::show(&bar, so_far);
    }))?;
    bar.finish_and_clear();
    output::one(global.output, &json!(report))?;
    if report.is_sound() {
        return Ok(());
    }
    let text = match &report.fault {
        Some(fault) => format!(
            "{} at offset {} (position {}): {}; {}",
            fault.segment.display(),
            fault.offset,
            fault.position,
            fault.reason,
            fault.advice
        ),
        None => format!(
            "{} blobs are missing or damaged",
            report.blobs_missing.len()
        ),
    };
    Err(Failure::message(Exit::VerificationFailed, text))
}

fn export(
    directory: &Directory,
    global: &Global,
    file: &Path,
    window: Window,
    blobs: bool,
) -> Result<(), Failure> {
    let wanted = Wanted {
        from: match window.from {
            Some(AsOf::Position(from)) => from,
            _ => Position::START,
        },
        until: match window.until {
            Some(AsOf::Position(until)) => until,
            _ => Position::END,
        },
    };
    let log = directory.part_of_log(wanted)?;
    let options = ::replay::export::Options {
        window,
        to: Destination::named(file),
        blobs: blobs
            .then(|| app::open_blobs_to_read(&directory.config))
            .transpose()?,
        end_line: true,
    };
    let bar = progress::bar(global, "events", None);
    let report = directory.block_on(::replay::export::run(&*log, options, &|so_far| {
        progress::show(&bar, so_far);
    }))?;
    bar.finish_and_clear();
    // Standard output may be the export itself.
    eprintln!(
        "{} events and {} blobs, up to position {}",
        report.events, report.blobs, report.looked_at
    );
    if report.blobs_missing.is_empty() {
        return Ok(());
    }
    let text = format!("blobs are missing: {}", report.blobs_missing.join(", "));
    Err(Failure::message(Exit::VerificationFailed, text))
}

fn import(
    directory: &Directory,
    global: &Global,
    file: &Path,
    dry_run: bool,
    allow_partial: bool,
) -> Result<(), Failure> {
    let (log, blobs) = if dry_run {
        let blobs = app::open_blobs_to_read(&directory.config)?;
        (directory.log_to_try()?, blobs)
    } else {
        std::fs::create_dir_all(&directory.config.data.dir)?;
        let log = directory.log_for_writing()?;
        (log, app::open_blobs(&directory.config)?)
    };
    let options = ::replay::import::Options {
        from: Origin::named(file),
        blobs: Some(blobs),
        check_shapes: true,
        dry_run,
        allow_partial,
    };
    let bar = progress::bar(global, "bytes", None);
    let report = directory.block_on(::replay::import::run(&*log, options, &|so_far| {
        progress::show(&bar, so_far);
    }))?;
    bar.finish_and_clear();
    // Closes it.
    drop(log);
    output::one(global.output, &json!(report))?;
    if let Some(complaint) = &report.complaint {
        eprintln!("tallyman: the export is incomplete: {complaint}");
    }
    Ok(())
}

fn rebuild(
    directory: &Directory,
    global: &Global,
    names: Vec<String>,
    until: Option<&str>,
    into: Option<PathBuf>,
) -> Result<(), Failure> {
    let log = directory.log()?;
    let options = ::replay::rebuild::Options {
        to: into.map_or(To::Memory, To::Directory),
        until: until.map(moment).transpose()?,
        views: names,
        config: app::views_config(&directory.config),
    };
    let bar = progress::bar(global, "events", None);
    let report = directory.block_on(::replay::rebuild::run(log, options, &|so_far| {
        progress::show(&bar, so_far);
    }))?;
    bar.finish_and_clear();
    if global.output == Format::Table {
        let rows = rows_of(&json!(report), "views");
        return output::rows(global.output, &REBUILT, &rows);
    }
    output::one(global.output, &json!(report))
}

fn diff(directory: &Directory, global: &Global, names: Vec<String>) -> Result<(), Failure> {
    if let Some(base) = app::running_at(&directory.config.data.dir) {
        let text = format!("a server is using the views ({base}): stop it, then compare");
        return Err(Failure::message(Exit::Conflict, text));
    }
    let log = directory.log()?;
    let scratch = format!("views.diff-{}", std::process::id());
    let options = ::replay::diff::Options {
        live: directory.config.data.views_dir(),
        scratch: directory.config.data.dir.join(scratch),
        views: names,
        config: app::views_config(&directory.config),
        differences_max: DIFFERENCES_MAX,
    };
    let bar = progress::bar(global, "events", None);
    let report = directory.block_on(::replay::diff::run(log, options, &|so_far| {
        progress::show(&bar, so_far);
    }))?;
    bar.finish_and_clear();
    if global.output == Format::Table {
        output::rows(global.output, &COMPARED, &rows_of(&json!(report), "views"))?;
    } else {
        output::one(global.output, &json!(report))?;
    }
    if report.is_equal() {
        return Ok(());
    }
    Err(Failure::message(
        Exit::VerificationFailed,
        complaint(&report),
    ))
}

/// The failure for the worst state of a live view.
fn complaint(report: &::replay::diff::Report) -> &'static str {
    let any = |live| report.views.iter().any(|view| view.live == live);
    if report.damaged.is_some() || any(Live::Unusable) {
        "some live views are missing or damaged; the server rebuilds them when it starts"
    } else if any(Live::Different) {
        "the live views differ from the log: rebuild them with `tallyman projection rebuild`"
    } else {
        "some live views were written by another version of this program and cannot be compared; \
         the server rebuilds them when it starts"
    }
}

fn show(
    directory: &Directory,
    global: &Global,
    stream: &str,
    as_of: Option<&str>,
) -> Result<(), Failure> {
    let log = directory.log()?;
    let stream =
        StreamName::parse(stream.to_owned()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let options = ::replay::show::Options {
        stream,
        as_of: as_of.map(moment).transpose()?,
        events_max: SHOWN_MAX,
    };
    let report = directory.block_on(::replay::show::run(&*log, options))?;
    if global.output != Format::Table {
        return output::one(global.output, &json!(report));
    }
    let report = json!(report);
    output::rows(global.output, &SHOWN, &rows_of(&report, "events"))?;
    println!();
    output::one(Format::Yaml, &report["state"])
}

fn rows_of(report: &Value, name: &str) -> Vec<Value> {
    report[name].as_array().cloned().unwrap_or_default()
}
