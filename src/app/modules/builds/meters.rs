//! Allocations and the collector, as instruments that are read on collection.

use gantry::Gantry;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::collector::RunningCollector;
use crate::telemetry::{counter, gauge};

/// Answers to how much a build needs.
pub(super) fn answers(meter: &Meter, gantry: &Gantry) {
    let here = gantry.clone();
    counter(
        meter,
        "tallyman.allocation.answers",
        "Answers, by strategy and by the level of the builds that they rest on",
        move |seen| {
            for answered in here.recorder().counts() {
                let level = answered
                    .level
                    .map_or("none".to_owned(), |it| it.to_string());
                let attributes = [
                    KeyValue::new("strategy", answered.strategy.as_str()),
                    KeyValue::new("level", level),
                ];
                seen.observe(answered.count, &attributes);
            }
        },
    );
    let here = gantry.clone();
    counter(
        meter,
        "tallyman.allocation.unrecorded",
        "Answers that should have been kept and were not",
        move |seen| seen.observe(here.recorder().lost(), &[]),
    );
}

pub(super) fn collector(meter: &Meter, running: &RunningCollector) {
    let here = running.clone();
    counter(
        meter,
        "tallyman.collector.attempts",
        "Attempts to learn what a build used",
        move |seen| {
            seen.observe(here.stats().attempts, &[]);
        },
    );
    let here = running.clone();
    counter(
        meter,
        "tallyman.collector.outcomes",
        "Collections that ended, by outcome",
        move |seen| {
            let stats = here.stats();
            for (outcome, count) in stats.outcomes {
                seen.observe(count, &[KeyValue::new("outcome", outcome)]);
            }
            seen.observe(stats.abandoned, &[KeyValue::new("outcome", "abandoned")]);
        },
    );
    let here = running.clone();
    counter(
        meter,
        "tallyman.collector.retries",
        "Attempts that failed and will be repeated",
        move |seen| {
            seen.observe(here.stats().retried, &[]);
        },
    );
    let here = running.clone();
    gauge(
        meter,
        "tallyman.collector.in.flight",
        "Collections under way",
        move |seen| {
            seen.observe(here.stats().in_flight, &[]);
        },
    );
    let here = running.clone();
    gauge(
        meter,
        "tallyman.collector.queue.length",
        "Collections that wait, due or not",
        move |seen| {
            seen.observe(here.stats().queued, &[]);
        },
    );
}
