//! Takes connections and serves requests on them, no more and no longer than agreed.
//!
//! axum's own loop waits for ever for a client that never ends its headers, and takes as many clients as
//! come. A handful of such clients would use up all that a process may open.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long the loop rests when no connection can be taken, as when the process has too many files open.
const REST: Duration = Duration::from_millis(500);

/// What one connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// How many there may be; the next ones wait in the kernel's queue.
    pub(super) connections_max: usize,
    /// How long the head of a request may take, the wait for it included.
    pub(super) head_time_max: Duration,
}

/// Serves until `stop`, and then until the last request is answered.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    allowance: Allowance,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(allowance.connections_max));
    let builder = Arc::new(builder(allowance));
    let shutdown = GracefulShutdown::new();
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            let place = place.expect("nobody closes the semaphore");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let visitor = Visitor {
                    stream,
                    peer,
                    _place: place,
                };
                visitor.receive(&builder, router.clone(), &shutdown);
            }
            Err(error) if is_the_clients_own(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken: {error}");
                tokio::time::sleep(REST).await;
            }
        }
    }
    // Nobody new is let in while the others finish.
    drop(listener);
    shutdown.shutdown().await;
}

fn builder(allowance: Allowance) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(allowance.head_time_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        // A peer that is gone without a word keeps no place.
        .keep_alive_interval(allowance.head_time_max)
        .keep_alive_timeout(allowance.head_time_max);
    builder
}

/// A client that came in, and the place it takes until it leaves.
struct Visitor {
    stream: TcpStream,
    peer: SocketAddr,
    _place: OwnedSemaphorePermit,
}

impl Visitor {
    fn receive(
        self,
        builder: &Arc<auto::Builder<TokioExecutor>>,
        router: Router,
        shutdown: &GracefulShutdown,
    ) {
        // Answers are small, and waiting to fill a packet costs a client more than the packet.
        let _ = self.stream.set_nodelay(true);
        let peer = self.peer;
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answered = router.clone().oneshot(request);
            async move { Ok::<_, Infallible>(answered.await.unwrap_or_else(|never| match never {})) }
        });
        let io = TokioIo::new(self.stream);
        let connection = builder.serve_connection_with_upgrades(io, service);
        let connection = shutdown.watch(connection.into_owned());
        let place = self._place;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "a connection ended early: {error}");
            }
            drop(place);
        });
    }
}

/// Errors that are about one client alone, who left before it was let in.
fn is_the_clients_own(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionRefused | K::ConnectionAborted | K::ConnectionReset
    )
}

#[cfg(test)]
mod tests;
