//! The collector against a real Prometheus, a GitLab of our own, and servers that misbehave.
#![expect(
    clippy::unwrap_used,
    reason = "clippy knows test functions, but not the helpers next to them"
)]

mod app;
mod canned;
mod crashes;
mod gitlab;
mod outcomes;
mod questions;
mod trouble;
