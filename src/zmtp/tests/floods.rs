//! Peers that want the memory of this machine.

use super::super::frames;
use super::strangers::{greeted, subscriber};
use super::*;

/// Six peers once sent PINGs with 16 KiB of context and read no answer: each was echoed in full and
/// queued, half a gigabyte in four seconds.
#[tokio::test]
async fn peers_that_send_pings_and_read_nothing_cost_nothing() {
    let publisher = Publisher::new(PortLimits::default());
    let served = Served::publisher(&publisher);
    let ping = frames::command("PING", &[b'x'; 16 * 1024 - 16]);
    let mut peers = JoinSet::new();
    for _ in 0..6 {
        let mut stream = subscriber(served.address, b"news").await;
        let ping = ping.repeat(64);
        peers.spawn(async move {
            // Until nothing more is taken, or all of it was.
            for _ in 0..8 {
                let written = stream.write_all(&ping);
                if tokio::time::timeout(Duration::from_secs(2), written)
                    .await
                    .is_err()
                {
                    break;
                }
            }
            stream
        });
    }
    let mut streams = Vec::new();
    while let Some(stream) = peers.join_next().await {
        streams.push(stream.unwrap());
    }
    assert_eq!(publisher.stats().waiting_bytes, 0);
    // What was answered is 16 bytes of context, never more.
    let pong = frames::command("PONG", &[b'x'; 16]);
    let mut answer = vec![0; pong.len()];
    for stream in &mut streams {
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer[..], pong[..]);
    }
}

#[tokio::test]
async fn what_waits_is_bounded_for_each_peer_and_for_all() {
    let limits = PortLimits {
        queue_bytes_max: 4 << 20,
        port_bytes_max: 6 << 20,
        ..PortLimits::default()
    };
    let publisher = Publisher::new(limits);
    let served = Served::publisher(&publisher);
    let first = subscriber(served.address, b"a").await;
    let second = subscriber(served.address, b"b").await;
    until(|| publisher.is_wanted("a") && publisher.is_wanted("b")).await;
    let large = vec![b'x'; 1 << 20];
    for (address, most) in [("a", 4 << 20), ("b", 6 << 20)] {
        let lost = publisher.stats().lost;
        while publisher.stats().lost < lost + 100 {
            publisher.publish(address, &large, Urgency::Ordinary);
            assert!(publisher.stats().waiting_bytes <= most);
            tokio::task::yield_now().await;
        }
    }
    assert!(publisher.stats().waiting_bytes > 4 << 20);
    drop((first, second));
    until(|| publisher.stats().peers == 0).await;
    assert_eq!(publisher.stats().waiting_bytes, 0);
}

#[tokio::test]
async fn a_long_subscription_is_not_heeded() {
    let publisher = Publisher::new(PortLimits::default());
    let served = Served::publisher(&publisher);
    let long = [b'x'; 301];
    let mut stream = subscriber(served.address, &long).await;
    let wish = [&[1], &long[..300]].concat();
    stream.write_all(&frames::message(&[&wish])).await.unwrap();
    until(|| publisher.is_wanted(&"x".repeat(300))).await;
    stream
        .write_all(&frames::message(&[&[&[0], &long[..300]].concat()]))
        .await
        .unwrap();
    until(|| !publisher.is_wanted(&"x".repeat(300))).await;
    assert!(!publisher.is_wanted(&"x".repeat(301)));
}

#[tokio::test]
async fn one_address_has_so_many_places_and_no_more() {
    let limits = PortLimits {
        peers_per_address_max: 2,
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
    let _fourth = greeted(served.address).await;
}

#[tokio::test]
async fn urgent_messages_go_before_ordinary_ones_that_wait() {
    let queue = queue::Queue::new(PortLimits::default(), std::sync::Arc::default());
    let message = |text: &'static str| ::bytes::Bytes::from_static(text.as_bytes());
    for (text, urgency) in [
        ("run 1", Urgency::Ordinary),
        ("kill", Urgency::Urgent),
        ("run 2", Urgency::Ordinary),
        ("ping", Urgency::Urgent),
    ] {
        assert!(queue.push(message(text), urgency));
    }
    queue.answer(message("PONG"));
    queue.answer(message("another PONG"));
    for expected in ["PONG", "kill", "ping", "run 1", "run 2"] {
        assert_eq!(queue.next().await, message(expected));
    }
}
