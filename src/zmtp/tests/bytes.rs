//! Frames and greetings as bytes.

use ::bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::super::frames::{self, Frame, WireFault};
use super::super::greeting::{self, Dialogue, Socket};

const MAX: usize = 1024;

proptest! {
    /// However the bytes arrive.
    #[test]
    fn messages_are_read_as_they_were_written(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 1..4),
        step in 1_usize..400,
    ) {
        let borrowed: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let written = frames::message(&borrowed);
        let (mut buffer, mut read) = (BytesMut::new(), Vec::new());
        for piece in written.chunks(step) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = frames::decode(&mut buffer, MAX).unwrap() {
                let Frame::Part { body, more } = frame else { panic!("no part: {frame:?}") };
                read.push(body);
                prop_assert_eq!(more, read.len() < parts.len());
            }
        }
        prop_assert_eq!(read, parts);
    }

    #[test]
    fn nothing_that_a_stranger_sends_costs_more_than_it_is_long(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut buffer = BytesMut::from(&bytes[..]);
        while let Ok(Some(_)) = frames::decode(&mut buffer, MAX) {}
        prop_assert!(buffer.capacity() <= 2 * MAX);
        let _ = frames::socket_type(Bytes::from(bytes));
    }
}

/// Nine bytes that announce a pebibyte.
#[test]
fn a_frame_that_is_too_long_is_refused_before_anything_is_reserved_for_it() {
    let bytes = 1_u64 << 50;
    let mut buffer = BytesMut::new();
    buffer.extend_from_slice(&[0b010]);
    buffer.extend_from_slice(&bytes.to_be_bytes());
    let too_long = WireFault::TooLong { bytes, max: MAX };
    assert_eq!(frames::decode(&mut buffer, MAX), Err(too_long));
    assert!(buffer.capacity() < MAX);
}

#[test]
fn commands_are_distinguished_from_messages() {
    let mut buffer = BytesMut::from(&frames::command("PING", b"\0\x05ctx")[..]);
    let expected = Frame::Command {
        name: Bytes::from_static(b"PING"),
        body: Bytes::from_static(b"\0\x05ctx"),
    };
    assert_eq!(frames::decode(&mut buffer, MAX), Ok(Some(expected)));
    for malformed in [
        &b"\x04\x02\x05P"[..],
        b"\x04\x00",
        b"\x05\x05\x04PING",
        b"\x80\x00",
    ] {
        let mut buffer = BytesMut::from(malformed);
        let read = frames::decode(&mut buffer, MAX);
        assert_eq!(read, Err(WireFault::Malformed), "{malformed:?}");
    }
}

#[test]
fn ready_says_which_kind_of_socket_it_is() {
    let mut buffer = BytesMut::from(&frames::ready("SUB")[..]);
    let Ok(Some(Frame::Command { name, body })) = frames::decode(&mut buffer, MAX) else {
        panic!("READY is a command");
    };
    assert_eq!(name, "READY");
    assert_eq!(frames::socket_type(body), Ok(Bytes::from_static(b"SUB")));
    let other = Bytes::from_static(b"\x08Identity\0\0\0\x02me\x0bSOCKET-TYPE\0\0\0\x03SUB");
    assert_eq!(frames::socket_type(other), Ok(Bytes::from_static(b"SUB")));
}

#[test]
fn the_version_selects_the_handshake() {
    for (revision, expected) in [
        (0, Err(WireFault::Stranger)),
        (1, Ok(Dialogue::Identity)),
        (2, Ok(Dialogue::Identity)),
        (3, Ok(Dialogue::Ready)),
        (4, Ok(Dialogue::Ready)),
    ] {
        let mut head = greeting::head();
        head[10] = revision;
        assert_eq!(greeting::dialogue(&head), expected, "revision {revision}");
    }
    let http = *b"GET / HTTP/";
    assert_eq!(greeting::dialogue(&http), Err(WireFault::Stranger));
}

#[test]
fn only_sockets_meet_that_have_something_to_say_to_each_other() {
    for (name, number, publishes, subscribes) in [
        ("PUB", 1, true, false),
        ("SUB", 2, false, true),
        ("XPUB", 9, true, false),
        ("XSUB", 10, false, true),
        ("REQ", 3, false, false),
        ("", 255, false, false),
    ] {
        let name = name.as_bytes();
        assert_eq!(Socket::Subscriber.meets(name), publishes, "{name:?}");
        assert_eq!(Socket::Publisher.meets(name), subscribes, "{name:?}");
        assert_eq!(Socket::Subscriber.meets_number(number), publishes);
        assert_eq!(Socket::Publisher.meets_number(number), subscribes);
    }
}
