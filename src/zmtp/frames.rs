//! Frames as bytes, and back.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

const MORE: u8 = 0b001;
const LONG: u8 = 0b010;
const COMMAND: u8 = 0b100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Part {
        body: Bytes,
        /// Whether another follows.
        more: bool,
    },
    /// Something between the sockets themselves.
    Command { name: Bytes, body: Bytes },
}

/// Why a peer is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum WireFault {
    /// It speaks something else, or a version from before 2012.
    #[error("it does not speak ZMTP 2 or 3")]
    Stranger,
    /// It wants a password.
    #[error("it wants an authentication that we do not have")]
    Mechanism,
    /// The peer's kind of socket does not match ours.
    #[error("it is no socket for this port")]
    Socket,
    /// It sends more than is accepted.
    #[error("it sends a frame of {bytes} bytes, and {max} are accepted")]
    TooLong {
        /// How long the frame would be.
        bytes: u64,
        /// How long it may be.
        max: usize,
    },
    /// It sends what makes no sense.
    #[error("it sends what is no frame")]
    Malformed,
}

/// Takes the next frame off the buffer; none when it is not whole yet. A length is checked before
/// anything is reserved for it: nine bytes must not cost a gigabyte.
pub(super) fn decode(buffer: &mut BytesMut, bytes_max: usize) -> Result<Option<Frame>, WireFault> {
    let Some(flags) = buffer.first().copied() else {
        return Ok(None);
    };
    if flags & !(MORE | LONG | COMMAND) != 0 {
        return Err(WireFault::Malformed);
    }
    let (head, bytes) = if flags & LONG == 0 {
        let Some(short) = buffer.get(1) else {
            return Ok(None);
        };
        (2, u64::from(*short))
    } else {
        let Some(long) = buffer.get(1..9).and_then(|long| long.try_into().ok()) else {
            return Ok(None);
        };
        (9, u64::from_be_bytes(long))
    };
    let length = usize::try_from(bytes).ok().filter(|l| *l <= bytes_max);
    let length = length.ok_or(WireFault::TooLong {
        bytes,
        max: bytes_max,
    })?;
    if buffer.len() < head + length {
        buffer.reserve(head + length - buffer.len());
        return Ok(None);
    }
    buffer.advance(head);
    let mut body = buffer.split_to(length).freeze();
    if flags & COMMAND == 0 {
        let more = flags & MORE != 0;
        return Ok(Some(Frame::Part { body, more }));
    }
    let name = body.first().map(|length| 1 + usize::from(*length));
    match name {
        Some(end) if end <= body.len() && flags & MORE == 0 => {
            let name = body.split_to(end).slice(1..);
            Ok(Some(Frame::Command { name, body }))
        }
        _ => Err(WireFault::Malformed),
    }
}

pub(super) fn message(parts: &[&[u8]]) -> Bytes {
    let mut out = BytesMut::new();
    for (index, part) in parts.iter().enumerate() {
        let more = if index + 1 < parts.len() { MORE } else { 0 };
        put(&mut out, more, &[part]);
    }
    out.freeze()
}

pub(super) fn command(name: &str, body: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    let length = [u8::try_from(name.len()).unwrap_or(u8::MAX)];
    put(&mut out, COMMAND, &[&length, name.as_bytes(), body]);
    out.freeze()
}

pub(super) fn ready(socket: &str) -> Bytes {
    let mut body = Vec::new();
    property(&mut body, "Socket-Type", socket.as_bytes());
    command("READY", &body)
}

fn property(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
    out.put_slice(name.as_bytes());
    out.put_u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
    out.put_slice(value);
}

/// The kind of the socket in READY. Names of properties ignore case.
pub(super) fn socket_type(mut body: Bytes) -> Result<Bytes, WireFault> {
    let fault = WireFault::Malformed;
    while body.has_remaining() {
        let length = usize::from(body.try_get_u8().map_err(|_| fault)?);
        if body.remaining() < length {
            return Err(fault);
        }
        let name = body.split_to(length);
        let length = body.try_get_u32().map_err(|_| fault)?;
        let length = usize::try_from(length).map_err(|_| fault)?;
        if body.remaining() < length {
            return Err(fault);
        }
        let value = body.split_to(length);
        if name.eq_ignore_ascii_case(b"Socket-Type") {
            return Ok(value);
        }
    }
    Err(WireFault::Socket)
}

fn put(out: &mut BytesMut, flags: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    match u8::try_from(length) {
        Ok(short) => {
            out.put_u8(flags);
            out.put_u8(short);
        }
        Err(_) => {
            out.put_u8(flags | LONG);
            out.put_u64(length as u64);
        }
    }
    for part in parts {
        out.put_slice(part);
    }
}
