//! How a connection begins.

use crate::frames::WireFault;

/// With what a peer of ZMTP 2 and later begins: a length that no old frame has.
pub(super) const SIGNATURE: [u8; 10] = [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F];

/// How many bytes it takes to know the other's version.
pub(super) const HEAD_BYTES: usize = SIGNATURE.len() + 1;

/// What follows in version 3: the minor version, the mechanism, and nothing that matters.
pub(super) const TAIL_BYTES: usize = 64 - HEAD_BYTES;

/// The version that we speak: 3.0. With a peer of 3.1, subscriptions are messages then, as they
/// always were.
const MAJOR: u8 = 3;

/// What peers call themselves that have no authentication.
const NULL_MECHANISM: &[u8; 20] = b"NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// How the rest of the conversation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialogue {
    /// Version 3: a tail, then READY commands.
    Ready,
    /// Version 2: a byte for the kind of socket, then an identity.
    Identity,
}

/// The kinds of sockets that may meet here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    Publisher,
    Subscriber,
}

/// What is sent before anything is known of the other.
pub(super) fn head() -> [u8; HEAD_BYTES] {
    let mut head = [MAJOR; HEAD_BYTES];
    head[..SIGNATURE.len()].copy_from_slice(&SIGNATURE);
    head
}

/// What is sent to a peer of version 3.
pub(super) fn tail() -> [u8; TAIL_BYTES] {
    let mut tail = [0; TAIL_BYTES];
    tail[1..1 + NULL_MECHANISM.len()].copy_from_slice(NULL_MECHANISM);
    tail
}

/// How to go on with a peer that began like this.
pub(super) fn dialogue(head: &[u8; HEAD_BYTES]) -> Result<Dialogue, WireFault> {
    if head[0] != SIGNATURE[0] || head[9] & 1 == 0 {
        return Err(WireFault::Stranger);
    }
    match head[10] {
        0 => Err(WireFault::Stranger),
        1 | 2 => Ok(Dialogue::Identity),
        _ => Ok(Dialogue::Ready),
    }
}

/// Whether a peer of version 3 wants no authentication.
pub(super) fn check_tail(tail: &[u8; TAIL_BYTES]) -> Result<(), WireFault> {
    if tail[1..1 + NULL_MECHANISM.len()] == *NULL_MECHANISM {
        Ok(())
    } else {
        Err(WireFault::Mechanism)
    }
}

impl Socket {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Publisher => "PUB",
            Self::Subscriber => "SUB",
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Self::Publisher => 1,
            Self::Subscriber => 2,
        }
    }

    /// Whether it may talk to a socket of this name. XPUB and XSUB use the same protocol.
    pub(super) fn meets(self, name: &[u8]) -> bool {
        match self {
            Self::Publisher => matches!(name, b"SUB" | b"XSUB"),
            Self::Subscriber => matches!(name, b"PUB" | b"XPUB"),
        }
    }

    /// Whether it talks to a socket of this number.
    pub(super) fn meets_number(self, number: u8) -> bool {
        match self {
            Self::Publisher => matches!(number, 2 | 10),
            Self::Subscriber => matches!(number, 1 | 9),
        }
    }
}
