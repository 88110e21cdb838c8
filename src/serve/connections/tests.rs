use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;

const REQUEST: &[u8] = b"GET /peer HTTP/1.1\r\nHost: here\r\n\r\n";
const LAST_REQUEST: &[u8] = b"GET /peer HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";

/// How long a test waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than a test waits.
const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_handler_knows_who_is_connected() {
    let served = Served::with(2, LONG).await;
    let mut client = served.connect().await;
    let own = client.local_addr().unwrap();
    client.write_all(LAST_REQUEST).await.unwrap();
    assert!(rest_of(&mut client).await.ends_with(&own.to_string()));
}

/// A client that sends a byte now and then used to keep its connection for ever.
#[tokio::test]
async fn a_head_that_does_not_end_ends_the_connection() {
    let served = Served::with(2, Duration::from_millis(50)).await;
    let mut client = served.connect().await;
    client
        .write_all(b"GET /peer HTTP/1.1\r\nHost: he")
        .await
        .unwrap();
    assert_eq!(rest_of(&mut client).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let served = Served::with(2, Duration::from_millis(50)).await;
    let mut client = served.connect().await;
    client.write_all(REQUEST).await.unwrap();
    assert!(rest_of(&mut client).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_client_too_many_waits_until_one_leaves() {
    let served = Served::with(1, LONG).await;
    let mut first = served.connect().await;
    first.write_all(REQUEST).await.unwrap();
    first.read_u8().await.unwrap();
    let mut second = served.connect().await;
    second.write_all(LAST_REQUEST).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
    assert!(early.is_err(), "both were served at once");
    drop(first);
    assert!(rest_of(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn what_is_under_way_is_answered_after_the_order_to_stop() {
    let served = Served::with(2, LONG).await;
    let mut client = served.connect().await;
    client
        .write_all(b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
        .await
        .unwrap();
    served.begun.notified().await;
    served.stop.cancel();
    served.go_on.notify_one();
    assert!(rest_of(&mut client).await.ends_with("slow"));
    served.task.await.unwrap();
}

struct Served {
    address: SocketAddr,
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Served {
    async fn with(connections_max: usize, head_time_max: Duration) -> Self {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let signals = (Arc::clone(&begun), Arc::clone(&go_on));
        let router = Router::new()
            .route(
                "/peer",
                get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()),
            )
            .route(
                "/slow",
                get(move || async move {
                    signals.0.notify_one();
                    signals.1.notified().await;
                    "slow"
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let allowance = Allowance {
            connections_max,
            head_time_max,
        };
        let task = tokio::spawn(serve(listener, router, allowance, stop.clone()));
        Self {
            address,
            begun,
            go_on,
            stop,
            task,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// All that comes until the other side closes.
async fn rest_of(client: &mut TcpStream) -> String {
    let mut text = String::new();
    let reading = client.read_to_string(&mut text);
    let read = tokio::time::timeout(PATIENCE, reading).await;
    read.expect("the other side closes").unwrap();
    text
}
