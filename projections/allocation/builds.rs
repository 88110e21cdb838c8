//! What models learn from: builds, by their events.

use domain::BuildsEvent;
use std::ops::ControlFlow;

use ::allocation::{Ending, Spec, Usage, UsageSample, Variants};
use domain::Event;
use domain::builds::build::{BuildEvent, BuiltSpec, OutOfMemory, ResourceUsage, UsageRecorded};
use eventlog::{EventLog, Filter, PageLimit, Position, ReadError};
use jiff::Timestamp;

/// The events of builds with usage.
pub const BUILD_TYPES: [&str; 2] = ["build.usage_recorded", "build.out_of_memory"];

/// The build in an event, if there is one.
#[must_use]
pub fn sample_of(position: Position, event: &Event) -> Option<UsageSample> {
    match event {
        Event::Builds(BuildsEvent::Build(BuildEvent::UsageRecorded(usage))) => {
            Some(of_usage(position, usage))
        }
        Event::Builds(BuildsEvent::Build(BuildEvent::OutOfMemory(killed))) => {
            Some(of_kill(position, killed))
        }
        _ => None,
    }
}

/// Reads the builds after a position and up to another, in the order of the log. `look` gets the
/// position after every page, and may end it. Unreadable events are skipped, as in every view.
///
/// # Errors
/// When the log cannot be read.
pub async fn read_builds(
    log: &dyn EventLog,
    after: Position,
    until: Position,
    show: &mut (dyn FnMut(UsageSample) + Send),
    look: &mut (dyn FnMut(Position) -> ControlFlow<()> + Send),
) -> Result<(), ReadError> {
    let filter = Filter {
        event_types: BUILD_TYPES.map(str::to_owned).to_vec(),
        ..Filter::default()
    };
    let mut after = after;
    while after < until {
        let page = log.read_all(after, &filter, PageLimit::default()).await?;
        let within = page.events.iter().filter(|event| event.position <= until);
        for recorded in within {
            let event_type = recorded.event_type.as_str();
            let decoded = Event::decode(event_type, recorded.version, &recorded.data);
            if let Some(sample) = decoded
                .ok()
                .and_then(|it| sample_of(recorded.position, &it))
            {
                show(sample);
            }
        }
        let stop = look(page.next.min(until)).is_break();
        // An empty page would otherwise be requested without end.
        if stop || page.end || page.next <= after {
            break;
        }
        after = page.next;
    }
    Ok(())
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
            imported: killed.was_imported(),
        },
    }
}

fn spec(built: &BuiltSpec) -> Spec {
    Spec {
        name: built.name.clone(),
        version: built.version.clone(),
        // History stores an object; anything else has no variants.
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
