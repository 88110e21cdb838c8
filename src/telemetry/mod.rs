//! What we say about ourselves: log lines, traces and metrics, to the terminal, to Prometheus and by OTLP.

mod export;
mod meters;
mod subscriber;

pub(crate) use export::{Exporters, Registry};
pub(crate) use meters::{Requests, observe};
pub(crate) use subscriber::{Guard, start};
