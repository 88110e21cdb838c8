//! Peers that are old, odd or hostile.

use super::super::frames;
use super::super::greeting::{self, SIGNATURE};
use super::*;

/// Connects as a subscriber of version 3, written out byte by byte.
pub(super) async fn subscriber(address: SocketAddr, prefix: &[u8]) -> TcpStream {
    let mut stream = greeted(address).await;
    stream.write_all(&frames::ready("SUB")).await.unwrap();
    let mut ready = [0; 27];
    stream.read_exact(&mut ready).await.unwrap();
    assert_eq!(ready[..], frames::ready("PUB")[..]);
    let wish = [&[1], prefix].concat();
    stream.write_all(&frames::message(&[&wish])).await.unwrap();
    stream
}

/// Connects, and gets as far as the greeting of version 3.
pub(super) async fn greeted(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&greeting::head()).await.unwrap();
    stream.write_all(&greeting::tail()).await.unwrap();
    let mut greeting = [0; 64];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting[12..17], b"NULL\0");
    stream
}

/// What libzmq 3.2 does, which workers of 2013 have.
#[tokio::test]
async fn a_subscriber_of_version_2_is_served() {
    let publisher = Publisher::new(PortLimits::default());
    let served = Served::publisher(&publisher);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(&SIGNATURE).await.unwrap();
    let mut head = [0; 11];
    stream.read_exact(&mut head).await.unwrap();
    assert!(head[10] >= 1, "it says that it speaks at least version 2");
    stream.write_all(&[1, 2, 0, 0]).await.unwrap();
    let mut rest = [0; 3];
    stream.read_exact(&mut rest).await.unwrap();
    assert_eq!(rest, [1, 0, 0], "a publisher without a name");
    stream.write_all(b"\0\x05\x01news").await.unwrap();
    until(|| publisher.is_wanted("news")).await;
    publisher.publish("news", b"none", Urgency::Ordinary);
    let mut message = [0; 12];
    stream.read_exact(&mut message).await.unwrap();
    assert_eq!(&message, b"\x01\x04news\0\x04none");
}

#[tokio::test]
async fn a_ping_of_a_peer_is_answered() {
    let publisher = Publisher::new(PortLimits::default());
    let served = Served::publisher(&publisher);
    let mut stream = subscriber(served.address, b"news").await;
    let ping = frames::command("PING", b"\0\x0aabc");
    stream.write_all(&ping).await.unwrap();
    let mut pong = [0; 10];
    stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(pong[..], frames::command("PONG", b"abc")[..]);
}

#[tokio::test]
async fn an_invalid_peer_is_cut_off_and_others_are_served() {
    let publisher = Publisher::new(PortLimits::default());
    let served = Served::publisher(&publisher);
    let pebibyte = [&[2][..], &(1_u64 << 50).to_be_bytes()].concat();
    let nonsense: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &pebibyte,
        &frames::ready("PUB"),
        &frames::message(&[b"hello"]),
    ];
    for (cut_off, bytes) in (1..).zip(nonsense) {
        let mut stream = if bytes.starts_with(b"GET") {
            TcpStream::connect(served.address).await.unwrap()
        } else {
            greeted(served.address).await
        };
        stream.write_all(bytes).await.unwrap();
        // The end, after all earlier bytes.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        until(|| publisher.stats().cut_off == cut_off).await;
    }
    let _stream = subscriber(served.address, b"news").await;
    until(|| publisher.is_wanted("news")).await;
}

#[tokio::test]
async fn a_peer_without_a_handshake_is_cut_off() {
    let limits = PortLimits {
        greeting_within: Duration::from_millis(1),
        ..PortLimits::default()
    };
    let publisher = Publisher::new(limits);
    let served = Served::publisher(&publisher);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    until(|| publisher.stats().cut_off == 1).await;
}

#[tokio::test]
async fn there_is_place_for_so_many_and_again_when_one_leaves() {
    let limits = PortLimits {
        peers_max: 2,
        ..PortLimits::default()
    };
    let publisher = Publisher::new(limits);
    let served = Served::publisher(&publisher);
    let first = subscriber(served.address, b"a").await;
    let _second = subscriber(served.address, b"b").await;
    until(|| publisher.stats().peers == 2).await;
    let mut third = TcpStream::connect(served.address).await.unwrap();
    let _ = third.read_to_end(&mut Vec::new()).await;
    assert_eq!(publisher.stats().turned_away, 1);
    drop(first);
    until(|| publisher.stats().peers == 1).await;
    let _fourth = subscriber(served.address, b"d").await;
    until(|| publisher.is_wanted("d")).await;
}

#[tokio::test]
async fn one_peer_may_ask_for_so_much_and_no_more() {
    let limits = PortLimits {
        subscriptions_max: 2,
        ..PortLimits::default()
    };
    let publisher = Publisher::new(limits);
    let served = Served::publisher(&publisher);
    let mut stream = subscriber(served.address, b"a").await;
    until(|| publisher.is_wanted("a")).await;
    for wish in [b"\x01b", b"\x01c"] {
        stream.write_all(&frames::message(&[wish])).await.unwrap();
    }
    stream
        .write_all(&frames::command("SUBSCRIBE", b"d"))
        .await
        .unwrap();
    stream
        .write_all(&frames::command("CANCEL", b"a"))
        .await
        .unwrap();
    until(|| !publisher.is_wanted("a")).await;
    let wanted: Vec<bool> = ["b", "c", "d"].map(|wish| publisher.is_wanted(wish)).into();
    assert_eq!(wanted, [true, false, false]);
}

#[tokio::test]
async fn a_message_of_endless_parts_is_not_delivered() {
    let subscriber = Subscriber::new("worker.event", PortLimits::default(), |_| ());
    let served = Served::subscriber(&subscriber);
    let mut stream = greeted(served.address).await;
    stream.write_all(&frames::ready("PUB")).await.unwrap();
    for _ in 0..9 {
        let _ = stream.write_all(b"\x01\x00").await;
    }
    until(|| subscriber.stats().cut_off == 1).await;
    assert_eq!(subscriber.stats().messages, 0);
}
