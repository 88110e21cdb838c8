//! Commands on a log that can fail, and events to append.

use std::sync::Arc;

use domain::Metadata;
use domain::builds::build::{CollectionSkipped, Reported, SkipReason};
use eventlog::{EventLog, FaultyLog, Filter, PageLimit, Position, Recorded};
use jiff::Timestamp;

use crate::{Clock, Commands};

/// Commands on an empty log, and the log.
pub(crate) fn commands() -> (Commands, Arc<FaultyLog>) {
    let log = Arc::new(FaultyLog::new(noon));
    let commands = Commands::new(Arc::clone(&log) as Arc<dyn EventLog>, Clock::fixed(noon()));
    (commands, log)
}

/// Everything in the log.
pub(crate) async fn everything(log: &FaultyLog) -> Vec<Recorded> {
    let page = log
        .read_all(
            Position::START,
            &Filter::all(),
            PageLimit::events(1_000_000),
        )
        .await;
    page.unwrap().events
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn anonymous() -> Metadata {
    Metadata::default()
}

pub(crate) fn reported(status: &str, delivery: &str) -> Reported {
    Reported {
        source: "default".to_owned(),
        build_id: 7,
        status: status.to_owned(),
        stage: "stage-1".to_owned(),
        name: None,
        git_ref: "develop".to_owned(),
        created_at: None,
        started_at: None,
        finished_at: None,
        runner: None,
        pipeline_id: None,
        project_id: None,
        project: None,
        failure_reason: None,
        retries_count: None,
        instance: None,
        delivery: delivery.to_owned(),
        body: None,
        body_blob: None,
        at: noon(),
    }
}

pub(crate) fn skipped(collection: u32) -> CollectionSkipped {
    CollectionSkipped {
        collection,
        reason: SkipReason::Ghost,
        detail: String::new(),
        at: noon(),
    }
}
