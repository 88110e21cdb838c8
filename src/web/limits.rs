//! How much of everything comes in from outside.

use std::time::Duration;

/// The longest request line (method, target and version) that is read further.
pub const REQUEST_LINE_BYTES_MAX: usize = 8190;

/// Limits on what one request may bring and on what all together may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body, after it was unpacked.
    pub body_bytes_max: usize,
    /// Bytes of bodies that were refused and are kept, of each source.
    pub refused_bytes_max: u64,
    /// Bytes of all header names and values together.
    pub header_bytes_max: usize,
    /// How long until a request must have been answered; a stream of events only begins within it.
    pub request_time_max: Duration,
    /// Bytes of all answers that are written and not yet read by their clients.
    pub response_bytes_max: usize,
    /// Requests at work at one time; more are turned away at once.
    pub requests_max: usize,
    /// Streams of events at one time.
    pub streams_max: usize,
    /// How many of them one caller may have: a token, or an address without one. A quarter when it
    /// is not given.
    pub streams_per_caller_max: Option<usize>,
    /// How long a stream of events waits for its reader to read before it is cut off.
    pub stream_stall_max: Duration,
    /// Requests a second from one address, on average; 0 is no limit.
    pub requests_per_second_max: u32,
    /// Requests that one address may send at once before the average counts.
    pub requests_burst_max: u32,
    /// Whether addresses of this machine are limited as well. A user of the machine can do worse,
    /// and a proxy on it names the real caller.
    pub limit_loopback: bool,
    /// How long a request waits for a view to reach a position.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            refused_bytes_max: 64 * 1024 * 1024,
            header_bytes_max: 32 * 1024,
            request_time_max: Duration::from_secs(30),
            response_bytes_max: 128 * 1024 * 1024,
            requests_max: 1024,
            streams_max: 128,
            streams_per_caller_max: None,
            stream_stall_max: Duration::from_secs(30),
            requests_per_second_max: 1000,
            requests_burst_max: 5000,
            limit_loopback: false,
            patience: Duration::from_secs(5),
        }
    }
}
