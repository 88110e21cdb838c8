//! What live streams share: when they end, and what happens to a client that does not read.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use tokio::sync::{mpsc, oneshot};
use web::{App, Caller, Problem};

/// The header with the id of the last event that a client received.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// The longest silence of a stream. Proxies close a stream that is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Sends events as they come, until there are no more, the server shuts down, the client
/// disconnects or does not read for too long, or its right to read lapses. In the last two cases a
/// final comment gives the reason.
///
/// # Errors
/// 503 when too many streams are open, and 429 when the caller has too many of them.
pub(crate) fn live(
    app: &App,
    caller: &Caller,
    lapse: impl Future<Output = &'static str> + Send + 'static,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, Problem> {
    let permit = app.stream_permit(caller)?;
    let closed = app.closed();
    let stall = app.settings.limits.stream_stall_max;
    // At most one event is buffered: the rest stays in the log.
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
            // Fails if the client has disconnected, which is fine.
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

/// Passes events on as fast as they are read. Returns the reason if the client did not read in
/// time.
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
                    "cut off: the client read nothing for {} s; resume with Last-Event-ID",
                    stall.as_secs()
                ));
            }
        }
    }
    None
}
