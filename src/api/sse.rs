//! What live streams have in common: when they end, and how they treat a reader that does not read.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use tokio::sync::{mpsc, oneshot};
use web::{App, Caller, Problem};

/// By which a reader says what it saw last.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// How long a stream is silent at most. Proxies close what says nothing for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Sends events as they come, until there are no more, the server shuts down, the reader goes away, does not read
/// for too long, or `lapse` says why it may not read any longer. The last two are told in a last comment.
///
/// # Errors
/// 503 when as many streams are open as there may be, and 429 when the caller has its share of them.
pub(crate) fn live(
    app: &App,
    caller: &Caller,
    lapse: impl Future<Output = &'static str> + Send + 'static,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, Problem> {
    let permit = app.stream_permit(caller)?;
    let closed = app.closed();
    let stall = app.settings.limits.stream_stall_max;
    // One event waits at most: what a reader does not take stays in the log.
    let (sender, receiver) = mpsc::channel(1);
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        let is_over = async {
            tokio::select! {
                () = closed => None,
                () = sender.closed() => None,
                reason = lapse => Some(reason.to_owned()),
            }
        };
        let reason = tokio::select! {
            biased;
            reason = is_over => reason,
            reason = send(events, &sender, stall) => reason,
        };
        if let Some(reason) = reason {
            // Without a reader nobody is to be told.
            let _ = end.send(Event::default().comment(reason));
        }
        drop(permit);
    });
    let sent = stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    });
    let last = stream::once(ended).filter_map(|last| async { last.ok() });
    let all = sent.chain(last).map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    Ok(Sse::new(all).keep_alive(keep_alive).into_response())
}

/// Hands events over as fast as they are read. Says why it ended, where the reader is to blame.
async fn send(
    events: impl Stream<Item = Event>,
    sender: &mpsc::Sender<Event>,
    stall: Duration,
) -> Option<String> {
    let mut events = pin!(events);
    while let Some(event) = events.next().await {
        match tokio::time::timeout(stall, sender.send(event)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => {
                return Some(format!(
                    "cut off: nothing was read for {} s; resume with Last-Event-ID",
                    stall.as_secs()
                ));
            }
        }
    }
    None
}
