//! `tallyman evaluate`: compares allocators on a history.

use std::fs::File;
use std::path::{Path, PathBuf};

use allocation::Refs;
use allocation::evaluation::{CONTESTANTS, Feedback, Protocol};
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use crate::app::storage::{self, Wanted};
use crate::cli::arguments::{Format, Global};
use crate::cli::{Exit, Failure, escape, output, progress};
use crate::config::{Flags, load};
use crate::evaluate::html::Page;
use crate::evaluate::report::ReportRow;
use crate::evaluate::{Contest, HistoryError, Outcome, Prices, Row, log, markdown, report, rows};

/// The most refused rows of a history that are reported one by one.
const REFUSED_SHOWN_MAX: u64 = 10;

/// Bytes of a megabyte.
const MB: f64 = 1e6;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("history").required(true).args(["data", "log"])))]
pub(crate) struct Evaluate {
    /// Usage histories, CSV or CSV compressed with zstd
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// More histories, which are not pooled with the others
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "data")]
    apart: Vec<PathBuf>,
    /// Use the history in the log of the data directory
    #[arg(long)]
    log: bool,
    /// Only these allocators [default: all]
    #[arg(long = "allocator", value_name = "NAME", value_parser = PossibleValuesParser::new(CONTESTANTS))]
    allocators: Vec<String>,
    /// Learn a build only when it has ended, as in production
    #[arg(long)]
    delayed: bool,
    /// Learn only from builds of `develop`; all are scored
    #[arg(long)]
    develop_only: bool,
    /// Minimum memory of every allocation, in MB
    #[arg(long, value_name = "MB", default_value_t = 256.0, value_parser = not_negative)]
    memory_min: f64,
    /// Price of a GB for an hour [default: none; with --log, the configured one]
    #[arg(long, visible_alias = "price", value_name = "PRICE", value_parser = not_negative)]
    price_gb_hour: Option<f64>,
    /// Price of a core for an hour [default: likewise]
    #[arg(long, value_name = "PRICE", value_parser = not_negative)]
    price_core_hour: Option<f64>,
    /// Also write the rows to this CSV file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write a Markdown table: all pooled histories together, and each of --apart
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Also write an HTML page with figures
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Stop at the first refused row
    #[arg(long)]
    strict: bool,
}

const COLUMNS: [output::Column; 11] = [
    ("DATA", "/data"),
    ("ALLOCATOR", "/allocator"),
    ("JOBS", "/jobs"),
    ("WASTE/USED", "/waste_per_used"),
    ("FAIL %", "/fail_percent"),
    ("ATTEMPTS", "/attempts"),
    ("MAQ", "/maq"),
    ("CPU USED", "/cpu_utilisation"),
    ("THROTTLED", "/cpu_throttled"),
    ("CPU COST", "/cpu_cost"),
    ("REFUSED", "/refused"),
];

const MONEY: [output::Column; 2] = [("MONEY", "/money"), ("WASTED", "/money_wasted")];

pub(crate) fn run(flags: &Flags, global: &Global, options: &Evaluate) -> Result<(), Failure> {
    let mut outcomes = if options.log {
        vec![of_log(flags, global, options)?]
    } else {
        of_files(global, options)?
    };
    let apart = outcomes.split_off(outcomes.len() - options.apart.len());
    if outcomes.len() > 1 {
        outcomes.extend(Outcome::pooled(&outcomes));
    }
    if let Some(path) = &options.markdown {
        let reply: Vec<&Outcome> = outcomes.last().into_iter().chain(&apart).collect();
        std::fs::write(path, markdown::table(&reply)).map_err(|error| of_file(path, error))?;
    }
    outcomes.extend(apart);
    let prices = options.prices(flags)?;
    let rows: Vec<ReportRow> = outcomes
        .iter()
        .flat_map(|outcome| outcome.rows(prices))
        .collect();
    if let Some(path) = &options.csv {
        let file = File::create(path).map_err(|error| of_file(path, error))?;
        report::write_csv(&rows, file).map_err(|error| of_file(path, error))?;
    }
    if let Some(path) = &options.html {
        let page = Page {
            outcomes: &outcomes,
            prices,
            protocol: options.reply(),
        };
        std::fs::write(path, page.render()).map_err(|error| of_file(path, error))?;
    }
    print(global.output, &rows, prices)
}

fn of_files(global: &Global, options: &Evaluate) -> Result<Vec<Outcome>, Failure> {
    let mut files = Vec::new();
    let paths: Vec<PathBuf> = options.data.iter().chain(&options.apart).cloned().collect();
    for path in &paths {
        let file = File::open(path).map_err(|error| of_file(path, error))?;
        let bytes = file.metadata().map_err(|error| of_file(path, error))?.len();
        files.push((path, file, bytes));
    }
    let bar = progress::bar(global, "bytes", Some(files.iter().map(|it| it.2).sum()));
    let names = names(&paths);
    let mut outcomes = Vec::new();
    for ((path, file, _), name) in files.into_iter().zip(names) {
        let input = bar.wrap_read(file);
        let outcome = options.compete(name, &bar, |sink| {
            rows::read(&path.display().to_string(), input, sink)
        })?;
        outcomes.push(outcome);
    }
    bar.finish_and_clear();
    Ok(outcomes)
}

fn of_log(flags: &Flags, global: &Global, options: &Evaluate) -> Result<Outcome, Failure> {
    let loaded = load(flags, &std::env::vars().collect())?;
    crate::cli::directory::log_dir(&loaded.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // A server may go on writing.
    let log = storage::read_log(&loaded.config.data, Wanted::ALL)?;
    let bar = progress::bar(global, "events", Some(log.head().0));
    let outcome = options.compete(log::NAME.to_owned(), &bar, |sink| {
        runtime.block_on(log::read(&*log, |done| bar.set_position(done), sink))
    })?;
    bar.finish_and_clear();
    Ok(outcome)
}

impl Evaluate {
    /// The price from the flag; with `--log`, else the configured one.
    fn prices(&self, flags: &Flags) -> Result<Prices, Failure> {
        let typed = Prices {
            gb_hour: self.price_gb_hour,
            core_hour: self.price_core_hour,
        };
        if !self.log || typed != Prices::default() {
            return Ok(typed);
        }
        let loaded = load(flags, &std::env::vars().collect())?;
        let configured = |price: f64| (price > 0.0).then_some(price);
        let allocation = &loaded.config.allocation;
        Ok(Prices {
            gb_hour: configured(allocation.price_gb_hour),
            core_hour: configured(allocation.price_core_hour),
        })
    }

    fn protocol(&self) -> Protocol {
        Protocol {
            memory_min: self.memory_min * MB,
            feedback: if self.delayed {
                Feedback::AtEnd
            } else {
                Feedback::Immediate
            },
            refs: if self.develop_only {
                Refs::default()
            } else {
                Refs::All
            },
            ..Protocol::default()
        }
    }

    /// The protocol, as text.
    fn reply(&self) -> String {
        let when = if self.delayed {
            "when it had ended"
        } else {
            "as soon as it was scored"
        };
        let refs = if self.develop_only {
            " Only builds of `develop` were learnt."
        } else {
            ""
        };
        format!(
            "Every build was allocated, scored and learnt in the order of history, {when}.{refs} A killed build \
             is retried with twice the memory, and wastes all it held; a build that was killed in production counts against allocators that would \
             have granted no more. No allocator gave less than {} MB.",
            self.memory_min
        )
    }

    /// The allocators to compare, each once.
    fn contestants(&self) -> Vec<String> {
        if self.allocators.is_empty() {
            return CONTESTANTS.map(str::to_owned).to_vec();
        }
        let mut names: Vec<String> = Vec::new();
        for name in &self.allocators {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Compares them on the history that `read` reads.
    fn compete(
        &self,
        data: String,
        bar: &ProgressBar,
        read: impl FnOnce(&mut dyn FnMut(Row) -> Result<(), HistoryError>) -> Result<(), HistoryError>,
    ) -> Result<Outcome, Failure> {
        let mut contest = Contest::new(&self.protocol(), &self.contestants());
        let mut refused = 0;
        let read = read(&mut |row| {
            match row {
                Ok(sample) => contest.add(sample),
                Err(row) if self.strict => return Err(HistoryError::Refused(row)),
                Err(row) => {
                    refused += 1;
                    if refused <= REFUSED_SHOWN_MAX {
                        bar.suspend(|| {
                            eprintln!("refused: {}", escape::one_line(&row.to_string()));
                        });
                    }
                }
            }
            Ok(())
        });
        read.map_err(|error| {
            bar.finish_and_clear();
            let exit = match error {
                HistoryError::Refused(_) => Exit::VerificationFailed,
                HistoryError::Unusable { .. } | HistoryError::Log(_) => Exit::Failed,
            };
            Failure::new(exit, error)
        })?;
        if refused > 0 {
            bar.suspend(|| eprintln!("{data}: {refused} rows were refused"));
        }
        let killed = contest.killed();
        let tallies = contest.end();
        if tallies.iter().all(|tally| tally.score.jobs == 0) {
            let text = format!("{data}: there is no row that could be scored");
            return Err(Failure::message(Exit::Failed, text));
        }
        Ok(Outcome {
            data,
            tallies,
            refused,
            killed,
        })
    }
}

/// The names of files in tables: without extensions, or in full where these would be equal.
fn names(files: &[PathBuf]) -> Vec<String> {
    let short = |path: &Path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy();
        let name = name.strip_suffix(".zst").unwrap_or(&name);
        name.strip_suffix(".csv").unwrap_or(name).to_owned()
    };
    let all: Vec<String> = files.iter().map(|path| short(path)).collect();
    let name_of = |(path, name): (&PathBuf, &String)| {
        let shared = all.iter().filter(|other| *other == name).count() > 1;
        if shared || name == report::POOLED {
            return path.display().to_string();
        }
        name.clone()
    };
    files.iter().zip(&all).map(name_of).collect()
}

fn print(format: Format, rows: &[ReportRow], prices: Prices) -> Result<(), Failure> {
    let values: Vec<Value> = rows.iter().map(|row| json!(row)).collect();
    match format {
        Format::Json | Format::Yaml => output::one(format, &json!({ "rows": values })),
        Format::Ndjson => output::rows(format, &[], &values),
        Format::Table => {
            let mut columns = COLUMNS.to_vec();
            if prices != Prices::default() {
                columns.extend(MONEY);
            }
            let values: Vec<Value> = values.into_iter().map(for_people).collect();
            output::rows(format, &columns, &values)
        }
    }
}

/// A row with rounded numbers.
fn for_people(mut row: Value) -> Value {
    for (name, value) in row.as_object_mut().into_iter().flatten() {
        if let Some(number) = value.as_f64().filter(|_| value.is_f64()) {
            let digits = match name.as_str() {
                "fail_percent" | "money" | "money_wasted" => 2,
                _ => 3,
            };
            *value = Value::from(format!("{number:.digits$}"));
        }
    }
    row
}

fn of_file(path: &Path, error: impl Into<anyhow::Error>) -> Failure {
    let error = error.into().context(path.display().to_string());
    Failure::new(Exit::Failed, error)
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("a number of at least 0 is expected".to_owned()),
    }
}

#[cfg(test)]
mod tests;
