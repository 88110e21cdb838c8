//! What is metered: how the log, the views, the reactors and the HTTP routes are doing.
//!
//! The services count with plain atomics and know nothing of meters; here their counts become instruments,
//! read when somebody collects. Requests are the exception: their durations are a histogram, told as
//! they end.

mod app;
mod http;
mod job_runner;

pub(crate) use app::observe;
pub(crate) use http::Requests;

#[cfg(test)]
mod tests;
