//! Whether a request that takes too long waits for its client.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Knows whether more of a body is being waited for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrival(Arc<AtomicBool>);

impl Arrival {
    pub(crate) fn watch(&self, body: Body) -> Body {
        // Most requests have none, and need no further box.
        if body.is_end_stream() {
            return body;
        }
        Body::new(Watched {
            body,
            arrival: self.clone(),
        })
    }

    /// Whether the last that was done with the body was to wait for the client.
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Watched {
    body: Body,
    arrival: Arrival,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.arrival.0.store(polled.is_pending(), Ordering::Relaxed);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
