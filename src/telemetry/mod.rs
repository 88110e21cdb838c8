//! Telemetry of this process: log lines, traces and metrics, to the terminal, to Prometheus and by
//! OTLP.

mod export;
mod instruments;
mod requests;
mod subscriber;

pub(crate) use export::{Exporters, Registry};
pub(crate) use instruments::{counter, gauge};
pub(crate) use requests::Requests;
pub(crate) use subscriber::{Guard, start};
