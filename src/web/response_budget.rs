//! Limits the memory of answers that are written and not yet read: requests without reading cost
//! the client nothing.
//!
//! Bytes are counted until the connection has let go of them, which is when the client's kernel has
//! them. An answer of known length that does not fit is refused; a stream waits until its own bytes
//! have been read.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::task::AtomicWaker;
use futures::{Stream, StreamExt, stream};
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;

use crate::Problem;

/// Answers of no more bytes are neither counted nor refused: there are as many as connections, and
/// health is among them.
const SMALL_BYTES: u64 = 16 * 1024;

/// How much of an answer is handed to a connection at once.
const SLICE_BYTES: usize = 64 * 1024;

/// How much of a stream is handed to a connection before its client has read any of it.
const STREAM_BYTES_MAX: u64 = 64 * 1024;

/// The bytes of all answers under way.
#[derive(Clone, Debug)]
pub struct ResponseBudget(Arc<Bytesmeter>);

#[derive(Debug)]
struct Bytesmeter {
    max: u64,
    used: AtomicU64,
    refused: AtomicU64,
}

/// Counts as used until it is dropped.
#[derive(Debug)]
pub struct Charge {
    budget: ResponseBudget,
    bytes: u64,
}

impl ResponseBudget {
    pub(crate) fn new(max: usize) -> Self {
        Self(Arc::new(Bytesmeter {
            max: max as u64,
            used: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }))
    }

    /// How many bytes are written and not yet read, or promised.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// How many answers were refused because the budget was full.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Reserves memory for a new answer.
    ///
    /// # Errors
    /// 503 when too much waits to be read already. One answer is always allowed, however large.
    pub fn reserve(&self, bytes: usize) -> Result<Charge, Problem> {
        let mut charge = self.charge(0);
        charge.grow(bytes)?;
        Ok(charge)
    }

    fn charge(&self, bytes: u64) -> Charge {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
        let budget = self.clone();
        Charge { budget, bytes }
    }

    /// Counts an answer from now until its client has it.
    pub(crate) async fn count(&self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        match body.size_hint().exact() {
            Some(bytes) if bytes <= SMALL_BYTES => Response::from_parts(parts, body),
            Some(bytes) => {
                let charge = match self.reserve(usize::try_from(bytes).unwrap_or(usize::MAX)) {
                    Ok(charge) => charge,
                    Err(problem) => return problem.into_response(),
                };
                // It is in memory as a whole, so nothing waits here.
                let Ok(body) = body.collect().await else {
                    return Problem::internal("the answer cannot be written").into_response();
                };
                let body = Bytes::from_owner(Counted {
                    bytes: body.to_bytes(),
                    _charge: charge,
                    reader: None,
                });
                parts.headers.insert(CONTENT_LENGTH, bytes.into());
                Response::from_parts(parts, in_slices(body))
            }
            None => {
                let stream = CountedStream {
                    inner: body.into_data_stream(),
                    budget: self.clone(),
                    reader: Arc::default(),
                };
                Response::from_parts(parts, Body::from_stream(stream))
            }
        }
    }
}

impl Charge {
    /// Reserves more memory for the same answer.
    ///
    /// # Errors
    /// 503 when too much waits to be read already, unless that is this answer alone.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let all = self.bytes.saturating_add(bytes as u64);
        let meter = &self.budget.0;
        let fits = |used: u64| {
            let after = used.saturating_add(bytes as u64);
            (used == self.bytes || all <= SMALL_BYTES || after <= meter.max).then_some(after)
        };
        let grown = meter
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        match grown {
            Ok(_) => {
                self.bytes = all;
                Ok(())
            }
            Err(used) => {
                meter.refused.fetch_add(1, Ordering::Relaxed);
                Err(Problem::unavailable(format!(
                    "{used} bytes of answers wait to be read by their clients (limit {})",
                    meter.max
                ))
                .retry_after(1))
            }
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A connection that cannot write from many places at once copies what it gets: never much at a
/// time.
fn in_slices(body: Bytes) -> Body {
    if body.len() <= SLICE_BYTES {
        return Body::from(body);
    }
    let slices = stream::unfold(body, |mut rest| async {
        let next = rest.split_to(rest.len().min(SLICE_BYTES));
        (!next.is_empty()).then_some((Ok::<_, std::convert::Infallible>(next), rest))
    });
    Body::from_stream(slices)
}

/// Bytes that are counted as long as anything holds on to them.
struct Counted {
    bytes: Bytes,
    _charge: Charge,
    reader: Option<Arc<StreamReader>>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(reader) = &self.reader {
            reader
                .unread
                .fetch_sub(self.bytes.len() as u64, Ordering::AcqRel);
            reader.waker.wake();
        }
    }
}

/// Who reads a stream, and how much of it that has still to read.
#[derive(Default)]
struct StreamReader {
    unread: AtomicU64,
    waker: AtomicWaker,
}

/// A stream that goes no further ahead of its reader than it may.
struct CountedStream {
    inner: BodyDataStream,
    budget: ResponseBudget,
    reader: Arc<StreamReader>,
}

impl CountedStream {
    /// Something always goes out to a reader that has read everything.
    fn is_ahead(&self) -> bool {
        let unread = self.reader.unread.load(Ordering::Acquire);
        unread >= STREAM_BYTES_MAX || (unread > 0 && self.budget.used() >= self.budget.0.max)
    }
}

impl Stream for CountedStream {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_ahead() {
            self.reader.waker.register(context.waker());
            // It may have been read in between.
            if self.is_ahead() {
                return Poll::Pending;
            }
        }
        self.inner.poll_next_unpin(context).map_ok(|bytes| {
            let length = bytes.len() as u64;
            self.reader.unread.fetch_add(length, Ordering::AcqRel);
            Bytes::from_owner(Counted {
                bytes,
                _charge: self.budget.charge(length),
                reader: Some(Arc::clone(&self.reader)),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Response {
        Body::from(vec![b'x'; bytes]).into_response()
    }

    #[tokio::test]
    async fn an_answer_counts_until_its_last_byte_is_let_go() {
        let budget = ResponseBudget::new(300_000);
        let mut body = budget.count(answer(200_000)).await.into_body();
        assert_eq!(budget.used(), 200_000);
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.len(), SLICE_BYTES);
        drop(body);
        assert_eq!(
            budget.used(),
            200_000,
            "the connection still holds a part of it"
        );
        drop(first);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_and_what_is_small_never() {
        let budget = ResponseBudget::new(300_000);
        let first = budget.count(answer(400_000)).await;
        assert_eq!(first.status(), 200, "one answer is always allowed");
        let second = budget.count(answer(100_000)).await;
        assert_eq!(second.status(), 503);
        assert_eq!(second.headers()["retry-after"], "1");
        assert_eq!(budget.count(answer(1000)).await.status(), 200);
        assert_eq!(budget.refused(), 1);
        let length = first.headers()[CONTENT_LENGTH].clone();
        assert_eq!(length, "400000");
        assert_eq!(
            first.into_body().collect().await.unwrap().to_bytes().len(),
            400_000
        );
        assert_eq!(budget.count(answer(100_000)).await.status(), 200);
    }

    #[test]
    fn an_answer_grows_within_the_budget_or_when_it_is_the_only_one() {
        let budget = ResponseBudget::new(100_000);
        let mut alone = budget.reserve(90_000).unwrap();
        alone.grow(90_000).unwrap();
        let mut other = budget.reserve(0).unwrap();
        other.grow(10_000).unwrap();
        assert_eq!(other.grow(10_000).unwrap_err().retry_after, Some(1));
        assert_eq!(budget.used(), 190_000);
        drop(alone);
        other.grow(90_000).unwrap();
        assert_eq!((budget.used(), budget.refused()), (100_000, 1));
        drop(other);
        assert_eq!(budget.used(), 0);
    }

    /// A client that reads is not slowed down, and one that does not stops the source.
    #[tokio::test]
    async fn a_stream_goes_no_further_ahead_of_its_reader_than_it_may() {
        let budget = ResponseBudget::new(1_000_000);
        let endless = stream::repeat(Ok::<_, std::convert::Infallible>(Bytes::from(vec![
            b'x';
            10_000
        ])));
        let response = Body::from_stream(endless).into_response();
        let mut body = budget.count(response).await.into_body().into_data_stream();
        let mut unread = Vec::new();
        while let Poll::Ready(next) = futures::poll!(body.next()) {
            unread.push(next.unwrap().unwrap());
        }
        assert_eq!(unread.len(), 7, "64 KiB, and what goes over");
        assert_eq!(budget.used(), 70_000);
        unread.clear();
        assert!(futures::poll!(body.next()).is_ready());
        drop(body);
        assert_eq!(budget.used(), 0);
    }
}
