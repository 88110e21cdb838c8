//! The log, the write side, the views and the HTTP responses, as instruments that are read on collection.

use std::sync::Arc;

use eventlog::{BATCH_EVENTS_BUCKETS, EventLog, LogStats, SYNC_MICROSECONDS_BUCKETS};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};
use web::{App, CloseReason, ClosedConnections, KeptBodies, ResponseBudget};

use crate::app::Services;
use crate::telemetry::{counter, gauge};

/// Makes the instruments.
pub(super) fn observe(meter: &Meter, services: &Services, app: &App) {
    log(meter, &services.log);
    commands(meter, services);
    views(meter, services);
    responses(meter, &app.responses);
    connections(meter, &app.closed_connections);
    refused(meter, &app.refused_bodies);
}

/// A number among the figures of the log.
type Read = fn(&LogStats) -> u64;

fn log(meter: &Meter, log: &Arc<dyn EventLog>) {
    log_counters(meter, log);
    log_gauges(meter, log);
    sync_times(meter, log);
    batch_sizes(meter, log);
}

/// What the log has counted since its start.
fn log_counters(meter: &Meter, log: &Arc<dyn EventLog>) {
    let counters: [(&'static str, &'static str, Read); 9] = [
        (
            "tallyman.log.batches",
            "Batches that were made durable",
            |stats| stats.batches,
        ),
        (
            "tallyman.log.events",
            "Events that were made durable",
            |stats| stats.events,
        ),
        (
            "tallyman.log.bytes",
            "Bytes that were written as frames",
            |stats| stats.bytes,
        ),
        (
            "tallyman.log.syncs",
            "Flushes on the commit path",
            |stats| stats.syncs,
        ),
        (
            "tallyman.log.conflicts",
            "Batches whose streams were not as expected",
            |stats| stats.conflicts,
        ),
        (
            "tallyman.log.repeated",
            "Batches answered with their first result",
            |stats| stats.repeated,
        ),
        (
            "tallyman.log.damage.met",
            "Reads that met damage",
            |stats| stats.damage_met,
        ),
        (
            "tallyman.log.busy",
            "Batches that were refused because too many waited",
            |stats| stats.busy,
        ),
        (
            "tallyman.log.unknown",
            "Batches whose outcome was not known when they were answered",
            |stats| stats.unknown,
        ),
    ];
    for (name, description, read) in counters {
        let log = Arc::clone(log);
        counter(meter, name, description, move |seen| {
            seen.observe(read(&log.stats()), &[]);
        });
    }
}

/// How things are with the log now.
fn log_gauges(meter: &Meter, log: &Arc<dyn EventLog>) {
    let gauges: [(&'static str, &'static str, Read); 3] = [
        (
            "tallyman.log.queue.depth",
            "Batches that wait for the disk",
            |stats| stats.queue_depth,
        ),
        ("tallyman.log.segments", "Segment files", |stats| {
            stats.segments
        }),
        (
            "tallyman.log.disk.bytes",
            "Bytes of segments and their indexes",
            |stats| stats.disk_bytes,
        ),
    ];
    for (name, description, read) in gauges {
        let log = Arc::clone(log);
        gauge(meter, name, description, move |seen| {
            seen.observe(read(&log.stats()), &[]);
        });
    }
    let here = Arc::clone(log);
    gauge(
        meter,
        "tallyman.log.head",
        "Position of the newest event",
        move |seen| {
            seen.observe(here.head().0, &[]);
        },
    );
    let here = Arc::clone(log);
    gauge(
        meter,
        "tallyman.log.lag",
        "Events that are durable and cannot be read here yet",
        move |seen| {
            seen.observe(here.describe().lag, &[]);
        },
    );
    let here = Arc::clone(log);
    gauge(
        meter,
        "tallyman.log.stopped",
        "1 when the log does not accept writes",
        move |seen| {
            seen.observe(u64::from(here.stopped().is_some()), &[]);
        },
    );
}

/// The cumulative counts of buckets, as in a Prometheus histogram.
fn within(seen: &dyn AsyncInstrument<u64>, ends: &[u64], counts: &[u64]) {
    let ends = ends.iter().map(ToString::to_string);
    let mut sum = 0;
    for (count, end) in counts.iter().zip(ends.chain(["+Inf".to_owned()])) {
        sum += count;
        seen.observe(sum, &[KeyValue::new("le", end)]);
    }
}

/// How many events come at once.
fn batch_sizes(meter: &Meter, log: &Arc<dyn EventLog>) {
    let here = Arc::clone(log);
    counter(
        meter,
        "tallyman.log.batch.within",
        "Batches of up to `le` events",
        move |seen| within(seen, &BATCH_EVENTS_BUCKETS, &here.stats().batch_buckets),
    );
}

/// The log keeps its own histogram of flushes; it is shown as Prometheus shows one.
fn sync_times(meter: &Meter, log: &Arc<dyn EventLog>) {
    let here = Arc::clone(log);
    let name = "tallyman.log.sync.within";
    counter(
        meter,
        name,
        "Flushes that took up to `le` microseconds",
        move |seen| within(seen, &SYNC_MICROSECONDS_BUCKETS, &here.stats().sync_buckets),
    );
    let here = Arc::clone(log);
    meter
        .f64_observable_counter("tallyman.log.sync.time")
        .with_unit("s")
        .with_description("Time spent in flushes")
        .with_callback(move |seen| seen.observe(here.stats().sync_microseconds as f64 / 1e6, &[]))
        .build();
    let here = Arc::clone(log);
    meter
        .f64_observable_gauge("tallyman.log.sync.longest")
        .with_unit("s")
        .with_description("The longest flush since the start")
        .with_callback(move |seen| {
            seen.observe(here.stats().sync_microseconds_max as f64 / 1e6, &[]);
        })
        .build();
}

fn commands(meter: &Meter, services: &Services) {
    let commands = services.commands.clone();
    counter(
        meter,
        "tallyman.commands",
        "Commands, by how they ended",
        move |seen| {
            let stats = commands.stats();
            for (outcome, count) in [
                ("given", stats.commands),
                ("conflict", stats.conflicts),
                ("rejected", stats.rejected),
                ("repeated", stats.repeated),
                ("unchanged", stats.unchanged),
                ("failed", stats.failed),
            ] {
                seen.observe(count, &[KeyValue::new("outcome", outcome)]);
            }
        },
    );
}

fn views(meter: &Meter, services: &Services) {
    let views = services.views.clone();
    gauge(
        meter,
        "tallyman.projection.lag.events",
        "Events a view is behind the log",
        move |seen| {
            for status in views.statuses() {
                seen.observe(
                    status.lag_events,
                    &[KeyValue::new("projection", status.name)],
                );
            }
        },
    );
    let views = services.views.clone();
    gauge(
        meter,
        "tallyman.projection.faults",
        "Events that a view could not read",
        move |seen| {
            for status in views.statuses() {
                seen.observe(status.faults, &[KeyValue::new("projection", status.name)]);
            }
        },
    );
    let views = services.views.clone();
    meter
        .f64_observable_gauge("tallyman.projection.lag")
        .with_unit("s")
        .with_description("How old the oldest event is that a view has not folded")
        .with_callback(move |seen| {
            for status in views.statuses() {
                seen.observe(
                    status.lag_seconds,
                    &[KeyValue::new("projection", status.name)],
                );
            }
        })
        .build();
    let views = services.views.clone();
    counter(
        meter,
        "tallyman.views.reopened",
        "How often the views were opened again after their tables had failed",
        move |seen| {
            seen.observe(views.reopened(), &[]);
        },
    );
    let tables = Arc::clone(&services.tables);
    gauge(
        meter,
        "tallyman.views.disk.bytes",
        "Bytes of the views on the disk",
        move |seen| {
            seen.observe(tables.size_bytes(), &[]);
        },
    );
}

/// Connections that the server closed, or that broke.
fn connections(meter: &Meter, closed: &ClosedConnections) {
    let here = closed.clone();
    counter(
        meter,
        "tallyman.http.connections.closed",
        "Connections that ended before their client closed them, by reason",
        move |seen| {
            for reason in CloseReason::ALL {
                seen.observe(
                    here.read(reason),
                    &[KeyValue::new("reason", reason.as_str())],
                );
            }
        },
    );
}

/// What waits to be read by clients.
fn responses(meter: &Meter, responses: &ResponseBudget) {
    let here = responses.clone();
    gauge(
        meter,
        "tallyman.http.response.bytes",
        "Bytes of answers that are written and not yet read by their clients",
        move |seen| seen.observe(here.used(), &[]),
    );
    let here = responses.clone();
    counter(
        meter,
        "tallyman.http.responses.refused",
        "Answers that were refused because too much waited to be read",
        move |seen| seen.observe(here.refused(), &[]),
    );
}

fn refused(meter: &Meter, refused_bodies: &Arc<KeptBodies>) {
    let here = Arc::clone(refused_bodies);
    counter(
        meter,
        "tallyman.refused_bodies.dropped",
        "Refused bodies that made way for newer ones",
        move |seen| seen.observe(here.dropped(), &[]),
    );
}
