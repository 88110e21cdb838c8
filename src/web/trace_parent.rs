//! The W3C trace context of a request.

use std::fmt;

use uuid::Uuid;

/// `version-trace-parent-flags`, of which only version 00's four fields are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    parent: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a `traceparent` header. A malformed header is ignored, and the standard demands a new
    /// trace then.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Later versions may carry more after a further hyphen; version ff is forbidden.
        let bytes = text.as_bytes();
        if !(bytes.len() == 55 || (bytes.len() > 55 && bytes[55] == b'-')) || !text.is_ascii() {
            return None;
        }
        let hexadecimal = |range: std::ops::Range<usize>| {
            let digits = &text[range];
            let lower = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
            digits.bytes().all(lower).then_some(digits)
        };
        if bytes[2] != b'-' || bytes[35] != b'-' || bytes[52] != b'-' {
            return None;
        }
        let version = hexadecimal(0..2)?;
        if version == "ff" || (version == "00" && bytes.len() != 55) {
            return None;
        }
        let trace = u128::from_str_radix(hexadecimal(3..35)?, 16).ok()?;
        let parent = u64::from_str_radix(hexadecimal(36..52)?, 16).ok()?;
        let flags = u8::from_str_radix(hexadecimal(53..55)?, 16).ok()?;
        (trace != 0 && parent != 0).then_some(Self {
            trace,
            parent,
            flags,
        })
    }

    /// Begins a trace, named after a request.
    #[must_use]
    pub fn begin(request: Uuid) -> Self {
        Self {
            trace: request.as_u128(),
            parent: span_of(request),
            flags: 0,
        }
    }

    /// The same trace, one span further down.
    #[must_use]
    pub fn child(self, request: Uuid) -> Self {
        Self {
            parent: span_of(request),
            ..self
        }
    }

    /// The trace's id, 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

fn span_of(request: Uuid) -> u64 {
    // The lower half of a version 7 id is random but for two bits that are set, so it is never 0.
    request.as_u64_pair().1
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace,
            parent,
            flags,
        } = self;
        write!(f, "00-{trace:032x}-{parent:016x}-{flags:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_goes_on_under_a_new_parent() {
        let parent = TraceParent::parse(GOOD).unwrap();
        assert_eq!(parent.to_string(), GOOD);
        let child = parent.child(Uuid::now_v7());
        assert_eq!(child.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(child.to_string(), GOOD);
        assert_eq!(TraceParent::parse(&child.to_string()), Some(child));
    }

    #[test]
    fn a_malformed_header_starts_no_trace() {
        for text in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-1",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }
}
