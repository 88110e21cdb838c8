use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use zeromq::{PubSocket, Socket, SocketRecv, SocketSend, SubSocket, ZmqMessage};

use super::*;

mod bytes;
mod floods;
mod strangers;

/// A port that is served until this is dropped.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Served {
    fn publisher(publisher: &Publisher) -> Self {
        let publisher = publisher.clone();
        Self::with(|listener| async move { publisher.serve(listener).await })
    }

    fn subscriber(subscriber: &Subscriber) -> Self {
        let subscriber = subscriber.clone();
        Self::with(|listener| async move { subscriber.serve(listener).await })
    }

    fn with<F>(serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener));
        Self {
            address,
            _tasks: tasks,
        }
    }

    fn endpoint(&self) -> String {
        format!("tcp://{}", self.address)
    }
}

/// Looks until something is so.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, looking)
        .await
        .expect("it becomes so");
}

fn texts(message: &ZmqMessage) -> Vec<String> {
    let text = |frame: &::bytes::Bytes| String::from_utf8(frame.to_vec()).unwrap();
    message.iter().map(text).collect()
}

#[tokio::test]
async fn a_subscriber_of_another_implementation_gets_its_subscription() {
    let publisher = Publisher::new(PortLimits::default());
    let served = Served::publisher(&publisher);
    let mut sub = SubSocket::new();
    sub.connect(&served.endpoint()).await.unwrap();
    sub.subscribe("master.broadcast.w1").await.unwrap();
    until(|| publisher.is_wanted("master.broadcast.w1")).await;

    let reached = [
        publisher.publish(
            "master.broadcast.w2",
            b"{\"action\": \"ping\"}",
            Urgency::Ordinary,
        ),
        // The worker distinguishes these; a subscription is a prefix.
        publisher.publish("master.broadcast.w10", b"{}", Urgency::Ordinary),
        publisher.publish("master.broadcast.w1", &[b'x'; 300], Urgency::Ordinary),
    ];
    assert_eq!(reached, [0, 1, 1]);
    let heard = texts(&sub.recv().await.unwrap());
    assert_eq!(heard, ["master.broadcast.w10", "{}"]);
    let heard = texts(&sub.recv().await.unwrap());
    assert_eq!(heard, ["master.broadcast.w1".to_owned(), "x".repeat(300)]);

    sub.unsubscribe("master.broadcast.w1").await.unwrap();
    until(|| !publisher.is_wanted("master.broadcast.w1")).await;
    drop(sub);
    until(|| publisher.stats().peers == 0).await;
    let stats = publisher.stats();
    assert_eq!((stats.messages, stats.delivered, stats.lost), (3, 2, 0));
}

#[tokio::test]
async fn a_publisher_of_another_implementation_is_received() {
    let (data, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let hear = move |message: Heard| data.send(message).unwrap();
    let subscriber = Subscriber::new("worker.event", PortLimits::default(), hear);
    let served = Served::subscriber(&subscriber);
    let mut publisher = PubSocket::new();
    publisher.connect(&served.endpoint()).await.unwrap();
    let message = || {
        let mut message = ZmqMessage::from("worker.event");
        message.push_back("{\"kind\": \"run\"}".into());
        message
    };
    // It drops messages before our subscription has arrived.
    let first = loop {
        publisher.send(message()).await.unwrap();
        tokio::select! {
            first = heard.recv() => break first.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    };
    assert_eq!(first, ["worker.event", "{\"kind\": \"run\"}"]);
    assert!(subscriber.stats().messages >= 1);
}

#[tokio::test]
async fn a_peer_that_does_not_read_loses_messages_and_delays_no_other() {
    let limits = PortLimits {
        queue_max: 8,
        queue_bytes_max: 16 << 20,
        ..PortLimits::default()
    };
    let publisher = Publisher::new(limits);
    let served = Served::publisher(&publisher);
    let mut idle = strangers::subscriber(served.address, b"news").await;
    until(|| publisher.is_wanted("news")).await;
    let large = vec![b'x'; 1 << 20];
    while publisher.stats().lost == 0 {
        publisher.publish("news", &large, Urgency::Ordinary);
        tokio::task::yield_now().await;
    }
    let stats = publisher.stats();
    assert_eq!(stats.delivered + stats.lost, stats.messages);
    // What it does read is whole.
    let mut head = [0; 6];
    idle.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"\x01\x04news");
}

#[tokio::test]
async fn a_peer_that_never_reads_is_cut_off_in_the_end() {
    let limits = PortLimits {
        writing_within: Duration::from_millis(1),
        queue_bytes_max: 16 << 20,
        ..PortLimits::default()
    };
    let publisher = Publisher::new(limits);
    let served = Served::publisher(&publisher);
    let _idle = strangers::subscriber(served.address, b"news").await;
    until(|| publisher.is_wanted("news")).await;
    let large = vec![b'x'; 1 << 20];
    let publishing = async {
        while publisher.stats().cut_off == 0 {
            publisher.publish("news", &large, Urgency::Ordinary);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), publishing)
        .await
        .unwrap();
}
