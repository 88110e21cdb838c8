//! `tallyman event`: lists and follows events.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::cli::arguments::{Format, Global};
use crate::cli::client::{Client, query};
use crate::cli::{Failure, escape, output};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(crate) enum Event {
    /// Follow events as they are written
    Tail {
        #[command(flatten)]
        filter: EventFilter,
        /// Start after this position [default: the newest]
        #[arg(long)]
        after: Option<u64>,
        /// Stop after this number of events
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show an event
    Get {
        /// Its position
        position: u64,
    },
    /// List events
    List {
        #[command(flatten)]
        filter: EventFilter,
        /// Only after this position
        #[arg(long)]
        after: Option<u64>,
        /// Only since this time (RFC 3339)
        #[arg(long)]
        since: Option<String>,
        /// Only until this time (RFC 3339)
        #[arg(long)]
        until: Option<String>,
        /// Oldest first or newest first
        #[arg(long, value_enum, default_value_t = Order::Descending)]
        order: Order,
        /// Maximum number of rows
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// Oldest first
    #[value(name = "asc")]
    Ascending,
    /// Newest first
    #[value(name = "desc")]
    Descending,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct EventFilter {
    /// Only this stream
    #[arg(long)]
    stream: Option<String>,
    /// Only streams of this category
    #[arg(long)]
    category: Option<String>,
    /// Only this type (`build.reported`) or types with this prefix (`build.*`)
    #[arg(long = "type")]
    event_type: Option<String>,
    /// Only this actor: an id, a name, a kind (`worker`), or both (`token:ci`)
    #[arg(long)]
    actor: Option<String>,
    /// Only this interface (`api`, `gantry`, `jobrunner`, …)
    #[arg(long)]
    dialect: Option<String>,
}

const COLUMNS: [output::Column; 6] = [
    ("POSITION", "/position"),
    ("RECORDED", "/recorded_at"),
    ("STREAM", "/stream"),
    ("REVISION", "/revision"),
    ("TYPE", "/type"),
    ("ACTOR", "/who"),
];

pub(crate) fn run(flags: &Flags, global: &Global, verb: Event) -> Result<(), Failure> {
    Client::through(flags, global, |client| request(client, global, verb))
}

fn request(client: &Client, global: &Global, verb: Event) -> Result<(), Failure> {
    match verb {
        Event::Get { position } => {
            let event = client.get(&format!("/v1/events/{position}"))?;
            output::detailed(global.output, &event)
        }
        Event::List {
            filter,
            after,
            since,
            until,
            order,
            limit,
        } => {
            let mut pairs = pairs(&filter);
            pairs.push(("after", after.map(|after| after.to_string())));
            pairs.push(("since", since));
            pairs.push(("until", until));
            let order = if order == Order::Ascending {
                "asc"
            } else {
                "desc"
            };
            pairs.push(("order", Some(order.to_owned())));
            list(client, global, &pairs, limit)
        }
        Event::Tail {
            filter,
            after,
            limit,
        } => tail(client, global, &filter, after, limit),
    }
}

fn pairs(filter: &EventFilter) -> Vec<(&'static str, Option<String>)> {
    vec![
        ("stream", filter.stream.clone()),
        ("category", filter.category.clone()),
        ("type", filter.event_type.clone()),
        ("actor", filter.actor.clone()),
        ("dialect", filter.dialect.clone()),
    ]
}

fn list(
    client: &Client,
    global: &Global,
    pairs: &[(&'static str, Option<String>)],
    limit: usize,
) -> Result<(), Failure> {
    let rows = client.list("/v1/events", pairs, limit)?;
    let rows = output::with_actors(global.output, rows);
    output::rows(global.output, &COLUMNS, &rows)
}

fn tail(
    client: &Client,
    global: &Global,
    filter: &EventFilter,
    after: Option<u64>,
    limit: Option<usize>,
) -> Result<(), Failure> {
    let mut pairs = pairs(filter);
    pairs.push(("after", after.map(|after| after.to_string())));
    let mut printed = 0;
    client.follow(&format!("/v1/events{}", query(&pairs)), |data| {
        let event: Value = serde_json::from_str(data)?;
        let text = |name: &str| escape::one_line(event[name].as_str().unwrap_or_default());
        output::print(&match global.output {
            Format::Table => format!(
                "{:>10}  {}  {:<28}  {}\n",
                event["position"],
                text("recorded_at"),
                text("type"),
                text("stream"),
            ),
            Format::Yaml => format!("---\n{}", serde_yaml_ng::to_string(&event)?),
            Format::Json | Format::Ndjson => format!("{data}\n"),
        })?;
        printed += 1;
        Ok(limit.is_none_or(|limit| printed < limit))
    })
}
