//! What keeps jobs running, as instruments that are read on collection.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};

use super::reactors::{JobRunnerReading, RunningJobRunner};
use crate::telemetry::{counter, gauge};

/// Values of one instrument, distinguished by one attribute.
type Read = fn(&JobRunnerReading) -> Vec<(&'static str, u64)>;

/// Makes the instruments.
pub(super) fn observe(meter: &Meter, running: &RunningJobRunner) {
    for (name, description, attribute, read) in COUNTERS {
        counter(meter, name, description, data(running, attribute, read));
    }
    for (name, description, attribute, read) in GAUGES {
        gauge(meter, name, description, data(running, attribute, read));
    }
    let here = running.clone();
    meter
        .f64_observable_counter("tallyman.jobrunner.round.time")
        .with_unit("s")
        .with_description("Time spent in rounds")
        .with_callback(move |seen| {
            seen.observe(here.stats().dispatcher.round_microseconds as f64 / 1e6, &[]);
        })
        .build();
    let here = running.clone();
    meter
        .f64_observable_gauge("tallyman.jobrunner.round.longest")
        .with_unit("s")
        .with_description("The longest round since the start")
        .with_callback(move |seen| {
            let longest = here.stats().dispatcher.round_microseconds_max;
            seen.observe(longest as f64 / 1e6, &[]);
        })
        .build();
}

const COUNTERS: [(&str, &str, &str, Read); 11] = [
    (
        "tallyman.jobrunner.rounds",
        "Rounds of the dispatcher, by how they ended",
        "outcome",
        |seen| {
            let (all, failed) = (seen.dispatcher.rounds, seen.dispatcher.rounds_failed);
            vec![("done", all.saturating_sub(failed)), ("failed", failed)]
        },
    ),
    (
        "tallyman.jobrunner.sent",
        "Messages to workers",
        "kind",
        |seen| {
            vec![
                ("ping", seen.dispatcher.pings),
                ("run", seen.dispatcher.runs_sent),
                ("kill", seen.dispatcher.kills_sent),
            ]
        },
    ),
    (
        "tallyman.jobrunner.unheard",
        "Messages to workers that are not connected",
        "",
        |seen| vec![("", seen.dispatcher.unheard)],
    ),
    (
        "tallyman.jobrunner.occasions",
        "What followed from sending runs",
        "outcome",
        |seen| {
            vec![
                ("followed", seen.dispatcher.followed),
                ("not_followed", seen.dispatcher.not_followed),
                ("spread", seen.dispatcher.spread),
            ]
        },
    ),
    (
        "tallyman.jobrunner.runs.timed_out",
        "Runs that are to be killed because they took longer than their job allows",
        "",
        |seen| vec![("", seen.dispatcher.timed_out)],
    ),
    (
        "tallyman.jobrunner.runs.rescheduled",
        "Runs that were scheduled while the clock was ahead, and are due earlier now",
        "",
        |seen| vec![("", seen.dispatcher.rescheduled)],
    ),
    (
        "tallyman.jobrunner.clock.steps",
        "How often the clock of this machine was set, by where it went",
        "direction",
        |seen| vec![("forward", seen.clock.forward), ("back", seen.clock.back)],
    ),
    (
        "tallyman.jobrunner.runs.given_up",
        "Runs that count as failed because their worker is silent",
        "",
        |seen| vec![("", seen.health.runs_given_up)],
    ),
    (
        "tallyman.jobrunner.checks",
        "Looks at the health of workers, by how they ended",
        "outcome",
        |seen| {
            let (all, failed) = (seen.health.checks, seen.health.checks_failed);
            vec![("done", all.saturating_sub(failed)), ("failed", failed)]
        },
    ),
    (
        "tallyman.jobrunner.mails",
        "Mails, by what became of them",
        "outcome",
        |seen| {
            vec![
                ("sent", seen.mails.sent),
                ("retried", seen.mails.retried),
                ("abandoned", seen.mails.abandoned),
                ("left_out", seen.mails.left_out),
            ]
        },
    ),
    (
        "tallyman.jobrunner.port.troubles",
        "Peers and messages that were not served",
        "kind",
        |seen| {
            let ports = [seen.broadcaster, seen.events];
            let sum = |of: fn(&zmtp::PortReading) -> u64| ports.iter().map(of).sum();
            vec![
                ("turned_away", sum(|port| port.turned_away)),
                ("cut_off", sum(|port| port.cut_off)),
                ("lost", sum(|port| port.lost)),
                ("not_understood", seen.not_understood),
            ]
        },
    ),
];

const GAUGES: [(&str, &str, &str, Read); 5] = [
    (
        "tallyman.jobrunner.queue.length",
        "What workers have or are to have",
        "kind",
        |seen| {
            vec![
                ("unclaimed", seen.dispatcher.unclaimed),
                ("active", seen.dispatcher.active),
                ("without_worker", seen.dispatcher.without_worker),
                ("kills", seen.dispatcher.kills_pending),
            ]
        },
    ),
    (
        "tallyman.jobrunner.silent",
        "Who does not answer",
        "kind",
        |seen| {
            vec![
                ("workers", seen.health.workers_silent),
                ("pools", seen.health.pools_silent),
            ]
        },
    ),
    (
        "tallyman.jobrunner.port.peers",
        "Workers that are connected",
        "port",
        |seen| {
            vec![
                ("broadcaster", seen.broadcaster.peers),
                ("events", seen.events.peers),
            ]
        },
    ),
    (
        "tallyman.jobrunner.port.waiting.bytes",
        "Bytes that wait for workers to read them",
        "",
        |seen| vec![("", seen.broadcaster.waiting_bytes)],
    ),
    (
        "tallyman.jobrunner.ports.bound",
        "How many of the two ports are ours",
        "",
        |seen| vec![("", seen.ports_bound)],
    ),
];

fn data(
    running: &RunningJobRunner,
    attribute: &'static str,
    read: Read,
) -> impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static {
    let running = running.clone();
    move |seen| {
        for (value, count) in read(&running.stats()) {
            if attribute.is_empty() {
                seen.observe(count, &[]);
            } else {
                seen.observe(count, &[KeyValue::new(attribute, value)]);
            }
        }
    }
}
