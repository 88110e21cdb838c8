//! The farm of `tallyman demo`: made-up builds of today, with what goes wrong on a real farm, and
//! workers with runs.
//!
//! The same seed and the same time give the same farm.

use domain::builds::build::{BuildEvent, CollectionSkipped, OutOfMemory, SkipReason};
use domain::jobs::run_log::{RunLogEvent, Written};
use domain::{LongText, Verbatim};
use eventlog::Append;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::runs::{Size, numbers};
use super::{BEGINNING, SampleBuild, append, body, build, time};

/// Builds start so many seconds apart.
const SECONDS_APART: i64 = 41;

/// How many runs the workers have executed.
const RUNS: u64 = 72;

/// The jobs and workers of [`roster`].
const FARM: Size = Size {
    jobs: 4,
    workers: 3,
};

/// How a build of the farm ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Success,
    Failed,
    OutOfMemory,
    /// The build before failed, and this is its second attempt.
    Retried,
}

impl Ending {
    fn of(index: u64) -> Self {
        let is_killed = |index: u64| index % 61 == 17;
        let is_unlucky = |index: u64| is_killed(index) || index % 23 == 11;
        // At most two unlucky ones are next to each other; the second one is the retry of the
        // first.
        let fails = |index: u64| is_unlucky(index) && !index.checked_sub(1).is_some_and(is_unlucky);
        match index {
            _ if index.checked_sub(1).is_some_and(fails) => Self::Retried,
            _ if fails(index) && is_killed(index) => Self::OutOfMemory,
            _ if fails(index) => Self::Failed,
            _ => Self::Success,
        }
    }
}

/// Groups, workers, pools, projects, templates and jobs, as a document for `/v1/apply`.
pub(crate) fn roster() -> Value {
    let worker = |number: u64| {
        json!({
            "title": format!("demo-worker-{number}"),
            "description": "A worker of the demo",
            "api_key": format!("demo-worker-{number}"),
        })
    };
    let job = |title: &str, script: &str| {
        json!({
            "title": title,
            "job_template": "Shell",
            "worker_pool": "Build hosts",
            "script_content_partial": script,
        })
    };
    json!({
        "groups": [{"name": "builders"}],
        "workers": (1..=FARM.workers).map(worker).collect::<Vec<_>>(),
        "worker_pools": [{
            "title": "Build hosts",
            "workers": (1..=FARM.workers).map(|number| format!("demo-worker-{number}")).collect::<Vec<_>>(),
        }],
        "projects": [{
            "title": "Housekeeping",
            "groups": ["builders"],
            "auth_groups": ["builders"],
            "worker_pools": ["Build hosts"],
        }],
        "job_templates": [{
            "title": "Shell",
            "project": "Housekeeping",
            "body": "#!/bin/sh\nset -eu\n{{ content|safe }}\n",
        }],
        "jobs": [
            job("mirror sources", "spack mirror create --all\n"),
            job("prune the build cache", "spack buildcache prune\n"),
            job("update the package index", "spack buildcache update-index\n"),
            job("back up the database", "pg_dump farm > farm.sql\n"),
        ],
    })
}

/// When a demo with so many builds begins, if its newest build starts at `now`.
pub(crate) fn beginning(builds: u64, now: Timestamp) -> Timestamp {
    let builds = SECONDS_APART * builds.cast_signed();
    let runs = SignedDuration::from_mins(20).as_secs() * (RUNS.cast_signed() + 2);
    now - SignedDuration::from_secs(builds.max(runs))
}

/// What one entry of the history is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Build(u64),
    Run(u64),
}

/// What happened on the farm, in the order of time.
pub(crate) fn history(seed: u64, count: u64, now: Timestamp) -> impl Iterator<Item = Append> {
    let start = now - SignedDuration::from_secs(SECONDS_APART * count.cast_signed());
    // Made twice, once for the order: a large farm is not held in memory.
    let builds = (0..count).map(move |index| {
        let recorded = recorded_at(&demo_build(seed, index, start), now);
        (recorded, About::Build(index))
    });
    let runs = (1..=RUNS).map(move |number| (due_at(number, now), About::Run(number)));
    let mut order: Vec<_> = runs.chain(builds).filter(|(at, _)| *at < now).collect();
    order.sort_unstable();
    let begin = beginning(count, now);
    let taken = ["run", "run_log"].map(|kind| numbers(kind, RUNS, begin));
    let entries = order.into_iter().flat_map(move |(_, about)| match about {
        About::Build(index) => vec![entry(index, demo_build(seed, index, start), now)],
        About::Run(number) => run(number, now).into(),
    });
    taken.into_iter().chain(entries)
}

/// When the last that is known of a build was recorded: its end, or its start while it runs.
fn recorded_at(made: &SampleBuild, now: Timestamp) -> Timestamp {
    let end = made.reported.at;
    if end < now {
        end
    } else {
        made.reported.started_at.unwrap_or(end)
    }
}

fn entry(index: u64, made: SampleBuild, now: Timestamp) -> Append {
    if made.reported.at < now {
        ended(index, &made)
    } else {
        running(made)
    }
}

/// A build of the sample, moved to the time of the demo.
fn demo_build(seed: u64, index: u64, start: Timestamp) -> SampleBuild {
    let is_retry = Ending::of(index) == Ending::Retried;
    // A retry builds what the build before it did not.
    let mut made = build(seed, if is_retry { index - 1 } else { index });
    let mut by = start.duration_since(time(BEGINNING));
    if is_retry {
        made.usage.retry_count = 1;
        made.reported.retries_count = Some(1);
        made.usage.memory.limit = made.usage.memory.limit.map(|limit| limit * 2.0);
        let lasted = made.usage.finished_at.duration_since(made.usage.started_at);
        by += lasted + SignedDuration::from_secs(60);
    }
    made.number = 9_000_000 + index.cast_signed();
    let hostname = format!("build-host-{}", 1 + index % 6);
    let reported = &mut made.reported;
    reported.build_id = made.number;
    reported.delivery = format!("demo:{}", made.number);
    let times = [
        &mut reported.created_at,
        &mut reported.started_at,
        &mut reported.finished_at,
    ];
    for at in times.into_iter().flatten() {
        *at += by;
    }
    reported.at += by;
    let usage = &mut made.usage;
    usage.pod = format!("runner-demo-{}", made.number);
    usage.hostname = Some(hostname);
    for at in [&mut usage.started_at, &mut usage.finished_at, &mut usage.at] {
        *at += by;
    }
    made
}

fn ended(index: u64, made: &SampleBuild) -> Append {
    let ending = Ending::of(index);
    let (mut reported, usage) = (made.reported.clone(), made.usage.clone());
    let status = match ending {
        Ending::Success | Ending::Retried => "success",
        Ending::Failed | Ending::OutOfMemory => "failed",
    };
    reported.status = status.to_owned();
    reported.body = Some(body_of(made, status));
    if status == "failed" {
        reported.failure_reason = Some("script_failure".to_owned());
    }
    let at = reported.at;
    let outcome = match ending {
        Ending::Success | Ending::Retried => BuildEvent::UsageRecorded(usage),
        Ending::Failed => BuildEvent::CollectionSkipped(CollectionSkipped {
            collection: 1,
            reason: SkipReason::NotSuccessful,
            detail: "its status is failed".to_owned(),
            at,
        }),
        Ending::OutOfMemory => {
            let limit = (usage.memory.max * 0.8).round();
            BuildEvent::OutOfMemory(OutOfMemory {
                collection: 1,
                pod: usage.pod,
                hostname: usage.hostname,
                spec: usage.spec,
                stack: usage.stack,
                build_jobs: usage.build_jobs,
                retry_count: usage.retry_count,
                git_ref: usage.git_ref,
                started_at: usage.started_at,
                finished_at: usage.finished_at,
                memory_request: usage.memory.request,
                memory_limit: limit,
                memory_peak: Some((limit * 0.998).round()),
                evidence: "container_status".to_owned(),
                at,
            })
        }
    };
    let key = format!("{}:{}", reported.source, reported.build_id);
    append("build", &key, [BuildEvent::Reported(reported), outcome], at)
}

fn running(made: SampleBuild) -> Append {
    let body = body_of(&made, "running");
    let mut reported = made.reported;
    let at = reported.started_at.unwrap_or(reported.at);
    reported.status = "running".to_owned();
    reported.body = Some(body);
    reported.finished_at = None;
    reported.at = at;
    let key = format!("{}:{}", reported.source, reported.build_id);
    append("build", &key, [BuildEvent::Reported(reported)], at)
}

fn body_of(made: &SampleBuild, status: &str) -> Verbatim {
    body(made.number, status, &made.reported.git_ref)
}

/// When a run was due; the last ones are over by `now`.
fn due_at(number: u64, now: Timestamp) -> Timestamp {
    now - SignedDuration::from_mins(20 * (RUNS - number + 1).cast_signed())
}

/// A run that is over, and what it printed.
fn run(number: u64, now: Timestamp) -> [Append; 2] {
    let due = due_at(number, now);
    let seconds = 60 + (number.cast_signed() * 97) % 840;
    let success = number % 9 != 4;
    let end = if success {
        "done"
    } else {
        "error: no space left on device"
    };
    let written = Written {
        number,
        run: number,
        content: Some(LongText::Inline(format!(
            "+ set -eu\nstep 1 of 2\nstep 2 of 2\n{end}\n"
        ))),
        at: due + SignedDuration::from_secs(seconds),
    };
    let at = written.at;
    let log = [RunLogEvent::Written(written)];
    [
        FARM.over(number, due, seconds, success),
        append("run_log", &number.to_string(), log, at),
    ]
}

#[cfg(test)]
mod tests;
