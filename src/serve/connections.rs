//! Accepts connections and serves requests on them, no more and no longer than configured.
//!
//! axum's own loop waits for ever for a client that sends no request, sends only a part of one or
//! reads no response, and takes as many clients as come. A handful of such clients would use up all
//! that a process may open.

use std::convert::Infallible;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{Response, Version};
use commands::LogLimit;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use shares::Share;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use web::{CloseReason, ClosedConnections};

mod activity;
mod peers;
mod watched;

use activity::{Activity, Deadlines, Overdue};
use peers::Peers;
use watched::{WatchedBody, WatchedStream};

pub(super) use peers::PerAddress;

/// How long the loop rests when no connection can be accepted, as when the process has too many
/// files open.
const REST: Duration = Duration::from_millis(500);

/// In an attack all connections cause the same line.
static LOG: LogLimit = LogLimit::new();

/// What a client reads whose address has as many connections as it may. Workers of the job runner
/// come back after 503 and give up after 429.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Type: text/plain\r\nContent-Length: 40\r\n\r\ntoo many connections from this address.\n";

/// How many connections there may be, and how long each may take for what.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    /// How many there may be; the next ones wait in the kernel's queue.
    pub(super) connections_max: usize,
    /// How many of them one address may have; the next ones are refused.
    pub(super) per_address: PerAddress,
    /// How long the head of a request may take, from the accept or from its first byte.
    pub(super) head_time_max: Duration,
    /// How long a connection may be unused between two requests.
    pub(super) idle_time_max: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub(super) write_time_max: Duration,
    /// Where it is counted why connections end.
    pub(super) closed: ClosedConnections,
}

/// Ends the server, in two steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    /// No further connection and no further request; what is under way is answered.
    pub(super) orderly: CancellationToken,
    /// What is under way is cut off.
    pub(super) now: CancellationToken,
}

/// Serves until it is stopped, and then until the last connection is closed.
pub(super) async fn serve(listener: TcpListener, router: Router, allowance: Allowance, stop: Stop) {
    let acceptor = Acceptor {
        builder: builder(&allowance),
        deadlines: Deadlines {
            head: allowance.head_time_max,
            idle: allowance.idle_time_max,
            write: allowance.write_time_max,
        },
        peers: Peers::new(allowance.per_address),
        closed: allowance.closed,
        places: Arc::new(Semaphore::new(allowance.connections_max)),
        connections: TaskTracker::new(),
        router,
        stop,
    };
    acceptor.accept_until_stopped(&listener).await;
    // Nothing further is accepted while the others finish.
    drop(listener);
    acceptor.connections.close();
    acceptor.connections.wait().await;
}

fn builder(allowance: &Allowance) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // It would begin with the idle time before a request, and not at all before the first byte.
        .header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        // A peer that disappeared without closing keeps no place.
        .keep_alive_interval(allowance.head_time_max)
        .keep_alive_timeout(allowance.head_time_max);
    builder
}

struct Acceptor {
    builder: auto::Builder<TokioExecutor>,
    deadlines: Deadlines,
    peers: Peers,
    closed: ClosedConnections,
    places: Arc<Semaphore>,
    connections: TaskTracker,
    router: Router,
    stop: Stop,
}

/// What a connection takes until it is closed.
struct Place {
    _total: OwnedSemaphorePermit,
    _of_address: Share<IpAddr>,
}

impl Acceptor {
    async fn accept_until_stopped(&self, listener: &TcpListener) {
        loop {
            let next = async {
                let place = self.place().await;
                (place, listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = self.stop.orderly.cancelled() => return,
                next = next => next,
            };
            match accepted {
                Ok((stream, peer)) => self.receive(stream, peer, place),
                Err(error) if is_the_clients_own(&error) => {}
                Err(error) => {
                    if let Some(suppressed) = LOG.admit("accept") {
                        tracing::error!(%error, suppressed, "no connection can be accepted: {error}");
                    }
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Waits until there may be one more connection.
    async fn place(&self) -> OwnedSemaphorePermit {
        if self.places.available_permits() == 0
            && let Some(suppressed) = LOG.admit("full")
        {
            tracing::warn!(
                suppressed,
                "as many clients are connected as may be; further ones wait until one leaves \
                 (server.connections_max)"
            );
        }
        let place = Arc::clone(&self.places).acquire_owned().await;
        place.expect("the semaphore is never closed")
    }

    fn receive(&self, stream: TcpStream, peer: SocketAddr, total: OwnedSemaphorePermit) {
        let Some(of_address) = self.peers.admit(peer.ip()) else {
            self.closed.count(CloseReason::TooMany);
            refuse(stream, peer);
            return;
        };
        let place = Place {
            _total: total,
            _of_address: of_address,
        };
        prepare(&stream, self.deadlines.write);
        let activity = Activity::new(self.deadlines);
        let (router, requests) = (self.router.clone(), activity.clone());
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let request_guard = requests.begin(request.version() == Version::HTTP_2);
            let mut request: Request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answered = router.clone().oneshot(request);
            async move {
                let response = answered.await.unwrap_or_else(|never| match never {});
                Ok::<_, Infallible>(response.map(|body| WatchedBody::new(body, request_guard)))
            }
        });
        let io = TokioIo::new(WatchedStream::new(stream, activity.clone()));
        let connection = self.builder.serve_connection(io, service).into_owned();
        let (stop, closed) = (self.stop.clone(), self.closed.clone());
        self.connections.spawn(async move {
            drive(connection, &activity, &stop, &closed, peer).await;
            drop(place);
        });
    }
}

/// Serves one connection until it ends, is overdue, or the server stops.
async fn drive<S>(
    connection: auto::Connection<'static, TokioIo<WatchedStream>, S, TokioExecutor>,
    activity: &Activity,
    stop: &Stop,
    closed: &ClosedConnections,
    peer: SocketAddr,
) where
    S: Service<hyper::Request<Incoming>, Response = Response<WatchedBody>, Error = Infallible>,
    S::Future: Send + 'static,
{
    let mut connection = std::pin::pin!(connection);
    let mut timer = std::pin::pin!(tokio::time::sleep_until(
        activity.look_again(Instant::now())
    ));
    let (mut stopping, mut unused) = (false, false);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    closed.count(CloseReason::Broken);
                    tracing::debug!(%peer, %error, "a connection ended early: {error}");
                }
                return;
            }
            () = stop.now.cancelled() => return,
            () = stop.orderly.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = timer.as_mut() => {
                let now = Instant::now();
                match activity.overdue(now) {
                    // In order, so that no request is lost over HTTP/2 that is just on its way.
                    Some(Overdue::Idle) if !unused => {
                        unused = true;
                        closed.count(CloseReason::Idle);
                        connection.as_mut().graceful_shutdown();
                        timer.as_mut().reset(now + activity.deadlines().write);
                    }
                    Some(why) => {
                        if !unused {
                            closed.count(why.reason());
                        }
                        tracing::debug!(%peer, ?why, "closed the connection of {peer}: {why}");
                        return;
                    }
                    None => timer.as_mut().reset(activity.look_again(now)),
                }
            }
        }
    }
}

/// Sets what the kernel does for this connection by itself.
fn prepare(stream: &TcpStream, write_time_max: Duration) {
    // Responses are small, and waiting to fill a packet costs a client more than the packet.
    let _ = stream.set_nodelay(true);
    // Small responses fit into the kernel's buffer, so only the kernel sees that they are not read.
    let milliseconds = u32::try_from(write_time_max.as_millis()).unwrap_or(u32::MAX);
    let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, milliseconds);
}

/// Closes a connection of an address that has as many as it may.
fn refuse(stream: TcpStream, peer: SocketAddr) {
    if let Some(suppressed) = LOG.admit("refused") {
        tracing::warn!(
            %peer,
            suppressed,
            "refused a connection of {peer}: its address has as many as it may \
             (server.connections_per_address_max, server.trusted_proxies)"
        );
    }
    // The socket's buffer is empty, so this neither blocks nor fails.
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(TOO_MANY);
    }
}

/// Errors that are about one client alone, who left before it was accepted.
fn is_the_clients_own(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionRefused | K::ConnectionAborted | K::ConnectionReset
    )
}

#[cfg(test)]
mod tests;
