use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use bytes::Bytes;
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

/// What is to be over while a test waits.
const SHORT: Duration = Duration::from_millis(100);

/// Nothing that a test comes upon.
fn allowance() -> Allowance {
    Allowance {
        connections_max: 8,
        per_address: PerAddress {
            connections_max: 1,
            ..PerAddress::default()
        },
        head_time_max: LONG,
        idle_time_max: LONG,
        write_time_max: LONG,
        closed: ClosedConnections::default(),
    }
}

#[tokio::test]
async fn a_handler_knows_who_is_connected() {
    let served = Served::start(allowance()).await;
    let mut client = served.connect().await;
    let own = client.local_addr().unwrap();
    client.write_all(LAST_REQUEST).await.unwrap();
    assert!(rest_of(&mut client).await.ends_with(&own.to_string()));
}

/// What clients have sent that held a place for ever, because nothing watched them before a whole
/// head was there: nothing, one byte, the beginning of what HTTP/2 begins with, all of it and no
/// request.
#[tokio::test]
async fn a_connection_without_a_whole_request_is_closed_whatever_was_sent() {
    let served = Served::start(Allowance {
        head_time_max: SHORT,
        ..allowance()
    })
    .await;
    for sent in [
        &b""[..],
        b"G",
        b"PRI * HT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"GET /peer HTTP/1.1\r\nHost: he",
    ] {
        let mut client = served.connect().await;
        client.write_all(sent).await.unwrap();
        closes(&mut client, sent).await;
    }
    assert_eq!(served.closed.read(CloseReason::Headers), 6);
    assert_eq!(served.closed.read(CloseReason::Unread), 0);
}

#[tokio::test]
async fn the_head_of_a_second_request_has_a_deadline_too() {
    let served = Served::start(Allowance {
        head_time_max: SHORT,
        ..allowance()
    })
    .await;
    let mut client = served.connect().await;
    client.write_all(REQUEST).await.unwrap();
    // The response is there, so what comes now is the next request.
    client.read_u8().await.unwrap();
    client.write_all(b"GET /pe").await.unwrap();
    assert!(rest_of(&mut client).await.contains("200"));
}

#[tokio::test]
async fn an_unused_connection_is_closed_after_a_time_of_its_own() {
    let served = Served::start(Allowance {
        idle_time_max: SHORT,
        ..allowance()
    })
    .await;
    let mut client = served.connect().await;
    client.write_all(REQUEST).await.unwrap();
    assert!(rest_of(&mut client).await.starts_with("HTTP/1.1 200"));
    let served = Served::start(Allowance {
        head_time_max: SHORT,
        ..allowance()
    })
    .await;
    let mut client = served.connect().await;
    client.write_all(REQUEST).await.unwrap();
    let mut answer = vec![0; 64];
    client.read_exact(&mut answer).await.unwrap();
    // Longer than a head may take, and the connection is still good for a request.
    tokio::time::timeout(2 * SHORT, std::future::pending::<()>())
        .await
        .unwrap_err();
    client.write_all(LAST_REQUEST).await.unwrap();
    assert!(rest_of(&mut client).await.contains("HTTP/1.1 200"));
}

/// A client that read nothing of a large response held its place, and the response, for ever.
#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_off() {
    let served = Served::start(Allowance {
        connections_max: 1,
        write_time_max: SHORT,
        ..allowance()
    })
    .await;
    let mut silent = served.connect().await;
    silent
        .write_all(b"GET /endless HTTP/1.1\r\nHost: here\r\n\r\n")
        .await
        .unwrap();
    // There is one place, and it is given back.
    let mut next = served.connect().await;
    next.write_all(LAST_REQUEST).await.unwrap();
    assert!(rest_of(&mut next).await.starts_with("HTTP/1.1 200"));
}

/// Over HTTP/2 the socket is read and answers to pings come, but the client allows no further byte
/// of the response.
#[tokio::test]
async fn a_client_that_takes_nothing_over_http2_is_cut_off() {
    let served = Served::start(Allowance {
        write_time_max: SHORT,
        ..allowance()
    })
    .await;
    let mut client = served.connect().await;
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    // HEADERS, the end of the request: `:method GET`, `:scheme http`, `:path /endless`,
    // `:authority here`.
    let block = b"\x82\x86\x04\x08/endless\x41\x04here";
    sent.extend([0, 0, block.len() as u8, 1, 5, 0, 0, 0, 1]);
    sent.extend(block);
    client.write_all(&sent).await.unwrap();
    let read = bytes_of(&mut client).await;
    assert!(read > 60_000, "the window was filled first: {read}");
}

#[tokio::test]
async fn an_address_with_too_many_connections_is_refused_and_others_are_not() {
    let served = Served::start(Allowance {
        per_address: PerAddress {
            connections_max: 1,
            trusted_connections_max: 2,
            proxies: Vec::new(),
        },
        ..allowance()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = served.connect().await;
        client.write_all(REQUEST).await.unwrap();
        client.read_u8().await.unwrap();
        held.push(client);
    }
    let refused = rest_of(&mut served.connect().await).await;
    let (head, body) = refused.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503") && head.contains("Retry-After: 5"));
    assert!(
        head.contains(&format!("Content-Length: {}", body.len())),
        "{head}"
    );
    drop(held);
    let mut next = served.connect().await;
    loop {
        next.write_all(LAST_REQUEST).await.unwrap();
        if rest_of(&mut next).await.starts_with("HTTP/1.1 200") {
            break;
        }
        next = served.connect().await;
    }
}

/// Each reason is provoked alone, and counted once and alone.
#[tokio::test]
async fn every_reason_for_which_a_connection_ends_is_counted() {
    let garbage = &b"\0 is no method\r\n\r\n"[..];
    let endless = &b"GET /endless HTTP/1.1\r\nHost: here\r\n\r\n"[..];
    let mut wrong = Vec::new();
    for reason in CloseReason::ALL {
        let (mut allowance, clients) =
            (allowance(), 1 + usize::from(reason == CloseReason::TooMany));
        let sent = match reason {
            CloseReason::Headers => {
                allowance.head_time_max = SHORT;
                b"GET /pe"
            }
            CloseReason::Idle => {
                allowance.idle_time_max = SHORT;
                REQUEST
            }
            CloseReason::Unread => {
                allowance.write_time_max = SHORT;
                endless
            }
            CloseReason::TooMany => {
                allowance.per_address.trusted_connections_max = 1;
                REQUEST
            }
            CloseReason::Broken => garbage,
        };
        let served = Served::start(allowance).await;
        let mut held = Vec::new();
        for _ in 0..clients {
            let mut client = served.connect().await;
            client.write_all(sent).await.unwrap();
            held.push(client);
        }
        let counted = async {
            while served.closed.read(reason) == 0 {
                tokio::task::yield_now().await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, counted).await;
        let counts = CloseReason::ALL.map(|one| served.closed.read(one));
        if counts != CloseReason::ALL.map(|one| u64::from(one == reason)) {
            wrong.push((reason, counts));
        }
    }
    assert_eq!(wrong, []);
}

#[tokio::test]
async fn a_client_too_many_waits_until_one_leaves() {
    let served = Served::start(Allowance {
        connections_max: 1,
        ..allowance()
    })
    .await;
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
async fn a_hastened_stop_waits_for_no_request() {
    let served = Served::start(allowance()).await;
    let mut client = served.connect().await;
    client
        .write_all(b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
        .await
        .unwrap();
    served.begun.notified().await;
    served.stop.orderly.cancel();
    served.stop.now.cancel();
    served.task.await.unwrap();
    closes(&mut client, b"a slow request").await;
}

#[tokio::test]
async fn what_is_under_way_is_answered_after_the_order_to_stop() {
    let served = Served::start(allowance()).await;
    let mut client = served.connect().await;
    client
        .write_all(b"GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
        .await
        .unwrap();
    served.begun.notified().await;
    served.stop.orderly.cancel();
    served.go_on.notify_one();
    assert!(rest_of(&mut client).await.ends_with("slow"));
    served.task.await.unwrap();
}

struct Served {
    address: SocketAddr,
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    stop: Stop,
    closed: ClosedConnections,
    task: JoinHandle<()>,
}

impl Served {
    async fn start(allowance: Allowance) -> Self {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let signals = (Arc::clone(&begun), Arc::clone(&go_on));
        let router = Router::new()
            .route(
                "/peer",
                get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()),
            )
            .route(
                "/endless",
                get(async || {
                    let piece = Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 16 * 1024]));
                    Body::from_stream(futures::stream::repeat(piece))
                }),
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
        let stop = Stop::default();
        let closed = allowance.closed.clone();
        let task = tokio::spawn(serve(listener, router, allowance, stop.clone()));
        Self {
            address,
            closed,
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

/// How many bytes come until the other side closes.
async fn bytes_of(client: &mut TcpStream) -> usize {
    let mut bytes = Vec::new();
    let reading = client.read_to_end(&mut bytes);
    let read = tokio::time::timeout(PATIENCE, reading).await;
    // A connection that is reset is closed as well.
    let _ = read.expect("the other side closes");
    bytes.len()
}

/// Waits until the other side closes.
async fn closes(client: &mut TcpStream, sent: &[u8]) {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, client.read_to_end(&mut bytes)).await;
    assert!(
        read.is_ok(),
        "the connection is held after {:?}",
        String::from_utf8_lossy(sent)
    );
}
