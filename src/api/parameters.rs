//! Parameters that many operations have: times, positions, media types, reasons.

use domain::Metadata;
use eventlog::Position;
use http::HeaderMap;
use http::header::ACCEPT;
use jiff::Timestamp;
use projections::engine::history::{AsOf, AsOfError};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use web::{App, Caller, Problem};

use crate::DIALECT;

/// The form in which the client wants events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One page of JSON.
    Page,
    /// One event a line, to the end.
    Lines,
    /// A stream that goes on.
    Live,
}

/// The moment of a past state.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOfParams {
    /// A position or an RFC 3339 time: the state as of then.
    pub(crate) as_of: Option<String>,
}

impl AsOfParams {
    /// The moment, if `as_of` is given.
    pub(crate) fn moment(&self, app: &App) -> Result<Option<AsOf>, Problem> {
        let (text, head) = (self.as_of.as_deref(), app.commands.head());
        text.map(|text| as_of(text, head)).transpose()
    }
}

/// The longest reason, in bytes.
const REASON_BYTES_MAX: usize = 4096;

/// Why a caller changes something.
#[derive(Clone, Debug, Default, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Reason {
    /// The caller's reason; it is stored with the event.
    reason: Option<String>,
}

impl Reason {
    /// A reason that is a field or a parameter among others.
    pub(crate) fn of(reason: Option<String>) -> Self {
        Self { reason }
    }

    /// The metadata of what the caller changes for this reason.
    ///
    /// # Errors
    /// 400 when the reason is too long.
    pub(crate) fn metadata_of(self, caller: &Caller) -> Result<Metadata, Problem> {
        Ok(Metadata {
            reason: self.checked()?,
            ..caller.metadata(DIALECT)
        })
    }

    /// The reason, if one was given.
    ///
    /// # Errors
    /// 400 when it is too long.
    fn checked(self) -> Result<Option<String>, Problem> {
        match self.reason {
            Some(reason) if reason.len() > REASON_BYTES_MAX => {
                Err(Problem::bad_request("`reason` is too long").at(
                    "reason",
                    format!(
                        "has {} bytes; at most {REASON_BYTES_MAX} are allowed",
                        reason.len()
                    ),
                ))
            }
            reason => Ok(reason),
        }
    }
}

/// Reads `Accept`. The first known form counts; anything else is answered with a page.
pub(crate) fn form(headers: &HeaderMap) -> Form {
    let accepted = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let media_types = accepted.flat_map(|value| value.split(','));
    for media_type in media_types {
        match media_type.split(';').next().unwrap_or_default().trim() {
            "text/event-stream" => return Form::Live,
            "application/x-ndjson" | "application/jsonl" => return Form::Lines,
            "application/json" => return Form::Page,
            _ => {}
        }
    }
    Form::Page
}

/// Reads `as_of`: a position, or a time as RFC 3339 writes it.
///
/// # Errors
/// 400, also for a position that the log has not reached.
pub(crate) fn as_of(text: &str, head: Position) -> Result<AsOf, Problem> {
    moment("as_of", text, head)
}

/// Reads a position or a time from another field.
///
/// # Errors
/// As [`as_of`].
pub(crate) fn moment(field: &str, text: &str, head: Position) -> Result<AsOf, Problem> {
    if let Ok(position) = text.parse() {
        return within(field, Position(position), head).map(AsOf::Position);
    }
    text.parse().map(AsOf::Timestamp).map_err(|_| {
        let detail = format!("invalid `{field}`: expected a position or an RFC 3339 time");
        Problem::bad_request(detail).at(
            field,
            format!("`{text:.64}` is neither a position nor a time such as 2026-11-21T12:00:00Z"),
        )
    })
}

/// Checks that a position is not beyond the log's head, where nothing would ever match.
///
/// # Errors
/// 400 that names the head.
pub(crate) fn within(field: &str, position: Position, head: Position) -> Result<Position, Problem> {
    if position <= head {
        return Ok(position);
    }
    Err(
        Problem::bad_request(format!("the log ends at position {head}")).at(
            field,
            format!("{position} is beyond the end of the log, {head}"),
        ),
    )
}

/// The problem for a past state that cannot be read.
pub(crate) fn past(error: AsOfError) -> Problem {
    match error {
        AsOfError::Log(error) => error.into(),
        AsOfError::Rows(error) => error.into(),
    }
}

/// Reads a time.
pub(crate) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        Problem::bad_request(format!("invalid `{field}`: expected an RFC 3339 time")).at(
            field,
            format!("`{text:.64}` is not a time such as 2026-11-21T12:00:00Z"),
        )
    })
}

/// Reads a comma-separated list; empty entries are left out.
pub(crate) fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Checks that a parameter is one of the known values.
pub(crate) fn word(
    field: &str,
    text: Option<String>,
    known: &[&str],
) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if !known.contains(&text.as_str()) => {
            let known = known.join(", ");
            Err(
                Problem::bad_request(format!("invalid `{field}`: expected one of {known}"))
                    .at(field, format!("`{text:.64}` is not one of {known}")),
            )
        }
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_form_counts() {
        for (accept, expected) in [
            ("", Form::Page),
            ("*/*", Form::Page),
            ("text/html, application/json", Form::Page),
            ("text/event-stream", Form::Live),
            ("application/x-ndjson;q=1, text/event-stream", Form::Lines),
        ] {
            let headers = [(ACCEPT, accept.parse().unwrap())].into_iter().collect();
            assert_eq!(form(&headers), expected, "{accept}");
        }
    }

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        let as_of = |text| as_of(text, Position(17));
        assert_eq!(as_of("17").unwrap(), AsOf::Position(Position(17)));
        assert!(matches!(
            as_of("2026-11-21T12:00:00Z").unwrap(),
            AsOf::Timestamp(_)
        ));
        for text in ["", "-1", "18", "yesterday", "99999999999999999999999"] {
            assert_eq!(as_of(text).unwrap_err().status, 400, "{text}");
        }
    }
}
