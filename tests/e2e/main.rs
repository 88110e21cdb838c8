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
mod server;
mod small_disk;
mod telemetry;
mod upgrade;
