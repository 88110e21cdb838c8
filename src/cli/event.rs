//! `tallyman event`: what has happened.

use std::io::Write;

use serde_json::Value;

use super::arguments::{Event, EventFilter, Format, Global, Order};
use super::door::{Door, query};
use super::{Failure, output};
use crate::config::Flags;

const COLUMNS: [output::Column; 6] = [
    ("POSITION", "/position"),
    ("RECORDED", "/recorded_at"),
    ("STREAM", "/stream"),
    ("REVISION", "/revision"),
    ("TYPE", "/type"),
    ("ACTOR", "/metadata/actor/id"),
];

pub(super) fn run(flags: &Flags, global: &Global, verb: Event) -> Result<(), Failure> {
    let door = Door::find(flags, global)?;
    let result = match verb {
        Event::Get { position } => door
            .get(&format!("/v1/events/{position}"))
            .and_then(|event| match global.output {
                Format::Table => output::one(Format::Yaml, &event),
                format => output::one(format, &event),
            }),
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
            list(&door, global, &pairs, limit)
        }
        Event::Tail {
            filter,
            after,
            limit,
        } => tail(&door, global, &filter, after, limit),
    };
    door.close();
    result
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
    door: &Door,
    global: &Global,
    pairs: &[(&'static str, Option<String>)],
    limit: usize,
) -> Result<(), Failure> {
    let rows = door.list("/v1/events", pairs, limit)?;
    output::rows(global.output, &COLUMNS, &rows)
}

fn tail(
    door: &Door,
    global: &Global,
    filter: &EventFilter,
    after: Option<u64>,
    limit: Option<usize>,
) -> Result<(), Failure> {
    let mut pairs = pairs(filter);
    pairs.push(("after", after.map(|after| after.to_string())));
    let mut printed = 0;
    door.follow(&format!("/v1/events{}", query(&pairs)), |data| {
        let event: Value = serde_json::from_str(data)?;
        let mut out = std::io::stdout().lock();
        match global.output {
            Format::Table => writeln!(
                out,
                "{:>10}  {}  {:<28}  {}",
                event["position"],
                event["recorded_at"].as_str().unwrap_or_default(),
                event["type"].as_str().unwrap_or_default(),
                event["stream"].as_str().unwrap_or_default(),
            )?,
            Format::Yaml => write!(out, "---\n{}", serde_yaml_ng::to_string(&event)?)?,
            Format::Json | Format::Ndjson => writeln!(out, "{data}")?,
        }
        out.flush()?;
        printed += 1;
        Ok(limit.is_none_or(|limit| printed < limit))
    })
}
