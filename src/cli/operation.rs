//! Waits for operations of a server.

use std::time::Duration;

use serde_json::Value;

use super::arguments::Global;
use super::client::{Client, escaped};
use super::{Exit, Failure, progress};

/// How often progress is polled.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Waits until an operation ends, with a progress bar of events, and returns its final state.
///
/// # Errors
/// When it failed, or its state cannot be fetched.
pub(super) fn follow(
    client: &Client,
    global: &Global,
    operation: &Value,
) -> Result<Value, Failure> {
    let id = operation["id"].as_str().unwrap_or_default().to_owned();
    let total = |operation: &Value| operation["total"].as_u64().unwrap_or(0);
    let bar = progress::bar(global, "events", Some(total(operation)));
    loop {
        let operation = client.get(&format!("/v1/operations/{}", escaped(&id)))?;
        bar.set_length(total(&operation));
        bar.set_position(operation["done"].as_u64().unwrap_or(0));
        match operation["status"].as_str() {
            Some("succeeded") => {
                bar.finish_and_clear();
                return Ok(operation);
            }
            Some("failed") => {
                bar.finish_and_clear();
                let error = operation["message"].as_str().unwrap_or("it failed");
                return Err(Failure::message(Exit::Failed, error));
            }
            _ => std::thread::sleep(LOOK_EVERY),
        }
    }
}
