//! Reads a usage history out of the log: what was learnt from in life, in the same order.

#[cfg(test)]
mod tests;

use allocation::{Ending, Spec, Usage, UsageSample, Variants};
use domain::Event;
use domain::build::{BuildEvent, BuiltSpec, OutOfMemory, ResourceUsage, UsageRecorded};
use eventlog::{EventLog, Filter, PageLimit, Position, Recorded};
use jiff::Timestamp;

use super::history::{HistoryError, Refused, Row, Sink};

/// What the log is called in tables and messages.
pub(crate) const NAME: &str = "log";

/// Reads up to the head as it is now. `watch` is told how far it is, in positions.
///
/// # Errors
/// When the log cannot be read or holds no build's usage, and whatever `sink` says.
pub(crate) async fn read(
    log: &dyn EventLog,
    watch: impl Fn(u64),
    sink: &mut Sink<'_>,
) -> Result<(), HistoryError> {
    let filter = Filter {
        event_types: ["build.usage_recorded", "build.out_of_memory"]
            .map(str::to_owned)
            .to_vec(),
        ..Filter::default()
    };
    let head = log.head();
    let (mut after, mut rows) = (Position::START, 0_u64);
    while after < head {
        let page = log.read_all(after, &filter, PageLimit::default()).await?;
        for event in page.events.iter().filter(|event| event.position <= head) {
            if let Some(row) = row(event) {
                rows += 1;
                sink(row)?;
            }
        }
        watch(page.next.0);
        // A page that brings nothing on would otherwise be asked for without end.
        if page.end || page.next <= after {
            break;
        }
        after = page.next;
    }
    if rows == 0 {
        return Err(HistoryError::unusable(
            NAME,
            "no build's usage was recorded yet",
        ));
    }
    Ok(())
}

fn row(recorded: &Recorded) -> Option<Row> {
    let refused = |column: Option<String>, reason: String| Refused {
        history: NAME.to_owned(),
        place: format!("position {}", recorded.position),
        column,
        reason,
    };
    let decoded = Event::decode(
        recorded.event_type.as_str(),
        recorded.version,
        &recorded.data,
    );
    let sample = match decoded {
        Ok(Event::Build(BuildEvent::UsageRecorded(usage))) => of_usage(recorded.position, &usage),
        Ok(Event::Build(BuildEvent::OutOfMemory(killed))) => of_kill(recorded.position, &killed),
        Ok(_) => return None,
        Err(fault) => return Some(Err(refused(None, fault.to_string()))),
    };
    Some(match sample.check() {
        Ok(()) => Ok(sample),
        Err(flaw) => Err(refused(None, flaw.to_string())),
    })
}

fn of_usage(position: Position, usage: &UsageRecorded) -> UsageSample {
    UsageSample {
        position: position.0,
        spec: spec(&usage.spec),
        git_ref: usage.git_ref.clone(),
        build_jobs: Some(usage.build_jobs),
        ended_at: Some(seconds(usage.finished_at)),
        seconds: between(usage.started_at, usage.finished_at),
        ending: Ending::Success {
            cpu: resource(&usage.cpu),
            memory: resource(&usage.memory),
        },
    }
}

fn of_kill(position: Position, killed: &OutOfMemory) -> UsageSample {
    UsageSample {
        position: position.0,
        spec: spec(&killed.spec),
        git_ref: killed.git_ref.clone(),
        build_jobs: Some(killed.build_jobs),
        ended_at: Some(seconds(killed.finished_at)),
        seconds: between(killed.started_at, killed.finished_at),
        ending: Ending::OutOfMemory {
            limit: killed.memory_limit,
        },
    }
}

fn spec(built: &BuiltSpec) -> Spec {
    Spec {
        name: built.name.clone(),
        version: built.version.clone(),
        // As the model in life reads it: whatever is no object says nothing about variants.
        variants: serde_json::from_str(&built.variants).unwrap_or_else(|_| Variants::default()),
        arch: built.arch.clone(),
        compiler: built.compiler_name.clone(),
        compiler_version: built.compiler_version.clone(),
    }
}

fn resource(usage: &ResourceUsage) -> Usage {
    Usage {
        request: usage.request,
        limit: usage.limit,
        mean: usage.mean,
        median: Some(usage.median),
        max: usage.max,
        min: Some(usage.min),
        stddev: Some(usage.stddev),
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}

fn between(start: Timestamp, end: Timestamp) -> f64 {
    end.duration_since(start).as_secs_f64()
}
