//! Reads a usage history out of the log: what was learnt from in life, in the same order.

#[cfg(test)]
mod tests;

use domain::Event;
use eventlog::{EventLog, Filter, PageLimit, Position, Recorded};
use projections::allocation::{BUILD_TYPES, sample_of};

use super::history::{HistoryError, Refused, Row, Sink};

/// What the log is called in tables and messages.
pub(crate) const NAME: &str = "log";

/// Reads up to the current head. `watch` receives the progress, in positions.
///
/// # Errors
/// When the log cannot be read or holds no build's usage, and the errors of `sink`.
pub(crate) async fn read(
    log: &dyn EventLog,
    watch: impl Fn(u64),
    sink: &mut Sink<'_>,
) -> Result<(), HistoryError> {
    let filter = Filter {
        event_types: BUILD_TYPES.map(str::to_owned).to_vec(),
        ..Filter::default()
    };
    let head = log.head();
    let (mut after, mut rows) = (Position::START, 0_u64);
    while after < head {
        let page = log.read_all(after, &filter, PageLimit::default()).await?;
        for event in page.events.iter().filter(|event| event.position <= head) {
            if let Some(row) = row(event) {
                rows += 1;
                sink(row)?;
            }
        }
        watch(page.next.0);
        // A page without progress would otherwise be requested without end.
        if page.end || page.next <= after {
            break;
        }
        after = page.next;
    }
    if rows == 0 {
        return Err(HistoryError::unusable(NAME, "the log has no usage records"));
    }
    Ok(())
}

fn row(recorded: &Recorded) -> Option<Row> {
    let refused = |column: Option<String>, reason: String| Refused {
        history: NAME.to_owned(),
        place: format!("position {}", recorded.position),
        column,
        reason,
    };
    let decoded = Event::decode(
        recorded.event_type.as_str(),
        recorded.version,
        &recorded.data,
    );
    let sample = match decoded {
        Ok(event) => sample_of(recorded.position, &event)?,
        Err(fault) => return Some(Err(refused(None, fault.to_string()))),
    };
    Some(match sample.check() {
        Ok(()) => Ok(sample),
        Err(flaw) => Err(refused(None, flaw.to_string())),
    })
}
