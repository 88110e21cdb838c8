//! The real binary over real sockets, with a real Prometheus behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod apply;
mod cli;
mod connections;
mod crash;
mod directory;
mod evaluate;
mod farm;
mod first_contact;
mod full_disk;
mod history;
mod import;
mod jobrunner;
mod main_job;
mod models;
mod openapi;
mod overload;
mod read_only;
mod secrets;
mod telemetry;
mod upgrade;

#[path = "../support/server.rs"]
mod server;
#[path = "../support/small_disk.rs"]
mod small_disk;

// What the collector's own tests put into a Prometheus serves here as well.
#[path = "../../src/reactors/tests/collector/cluster.rs"]
#[expect(dead_code, reason = "the end-to-end tests need a part of it")]
mod cluster;
#[path = "../../src/reactors/tests/support/prometheus.rs"]
mod prometheus;

/// When the builds of the cluster ran, by its series.
mod app {
    /// Unix seconds of their start: 2024-01-24T17:24:06Z.
    pub(crate) const STARTED: i64 = 1_706_117_046;
    /// Unix seconds of their end.
    pub(crate) const FINISHED: i64 = STARTED + 600;
}
