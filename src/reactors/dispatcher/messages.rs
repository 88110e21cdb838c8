//! The messages to workers, byte for byte as workers of 2013 expect them.

/// Where a worker listens. It subscribes to this as a prefix, and passes over what is for others.
pub(super) fn address(api_key: &str) -> String {
    format!("master.broadcast.{api_key}")
}

pub(super) fn ping() -> Vec<u8> {
    br#"{"action": "ping"}"#.to_vec()
}

/// Claim this run, if you can.
pub(super) fn enqueue(run: u64) -> Vec<u8> {
    format!(r#"{{"action": "enqueue", "run_id": {run}}}"#).into_bytes()
}

/// Carry out this kill request.
pub(super) fn kill(kill_request: u64) -> Vec<u8> {
    format!(r#"{{"action": "kill", "kill_request_id": {kill_request}}}"#).into_bytes()
}
