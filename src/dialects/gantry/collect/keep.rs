//! A refused body is not lost: it is kept for an operator, who mends the hook and submits it again.

use bytes::Bytes;
use commands::CommandError;
use domain::Metadata;
use domain::core::audit::{Audit, AuditCommand, BodyRefused};
use domain::{Actor, ActorKind};
use http::HeaderMap;
use web::{App, FieldError, Problem};

use crate::DIALECT;

/// The headers that a resubmission needs. No credential is among them.
const KEPT_HEADERS: [&str; 4] = [
    "x-gitlab-event",
    "x-gitlab-instance",
    "x-gitlab-event-uuid",
    "idempotency-key",
];

/// The longest header that is kept.
const HEADER_BYTES_MAX: usize = 512;

/// Stores the body, records why it was refused, and answers with the reason. The same body with the
/// same faults is stored and recorded once. When it cannot be stored, the sender gets 503 instead.
pub(super) async fn refuse(
    app: &App,
    source: &str,
    headers: &HeaderMap,
    body: Bytes,
    errors: Vec<FieldError>,
    detail: String,
    metadata: &Metadata,
) -> Problem {
    let faults = match errors.as_slice() {
        [] => vec![detail.clone()],
        errors => errors
            .iter()
            .map(|error| format!("{} {}", error.field, error.message))
            .collect(),
    };
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    let cause = match fields.as_slice() {
        [] => format!("source `{source}`: {detail}"),
        fields => format!("source `{source}`: {detail}: {}", fields.join(", ")),
    };
    super::log_refused(&cause, metadata);
    match note(app, source, headers, body, faults, metadata).await {
        Ok(()) => Problem::bad_request(detail).with_errors(errors),
        Err(problem) => problem,
    }
}

async fn note(
    app: &App,
    source: &str,
    headers: &HeaderMap,
    body: Bytes,
    errors: Vec<String>,
    metadata: &Metadata,
) -> Result<(), Problem> {
    let body = app.refused_bodies.keep(source, body).await?;
    let key = format!("body:{}", body.digest);
    let command = AuditCommand::RefuseBody(BodyRefused {
        dialect: DIALECT.to_owned(),
        source: source.to_owned(),
        errors,
        body,
        headers: kept(headers),
        at: app.commands.clock().now(),
    });
    let metadata = Metadata {
        actor: Some(Actor {
            kind: ActorKind::Source,
            id: source.to_owned(),
            display: None,
        }),
        ..metadata.clone()
    };
    match app
        .commands
        .execute::<Audit>(&key, command, &metadata)
        .await
    {
        Ok(_) => Ok(()),
        // There are enough events about this body.
        Err(CommandError::TooLarge { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &str| {
        headers
            .get(name)?
            .to_str()
            .ok()
            .filter(|text| text.len() <= HEADER_BYTES_MAX)
    };
    KEPT_HEADERS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), text(name)?.to_owned())))
        .collect()
}
