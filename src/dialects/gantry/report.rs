//! From a job hook to `build.reported`.

use std::convert::Infallible;

use bytes::Bytes;
use commands::{CommandError, event_id};
use domain::builds::build::{Build, BuildCommand, BuildKey, BuildRejection, Reported, Runner};
use domain::{Actor, ActorKind, BlobRef, Metadata, Verbatim};
use http::HeaderMap;
use jiff::Timestamp;
use web::{App, Problem, Taken};

use crate::wire::{Hook, Text};
use crate::{DIALECT, delivery, time};

/// The largest body that is stored in the event itself.
pub(crate) const INLINE_BYTES_MAX: usize = 64 * 1024;

/// A delivery whose sender is known and whose body is a job hook.
pub(crate) struct Delivery<'a> {
    pub(crate) source: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) hook: &'a Hook<'a>,
    pub(crate) body: &'a Bytes,
    pub(crate) text: &'a str,
    pub(crate) metadata: Metadata,
}

/// Appends the report; durable when this returns. A repeat is answered with the first.
pub(crate) async fn append(app: &App, delivery: Delivery<'_>) -> Result<Taken, Problem> {
    let Delivery {
        source,
        headers,
        hook,
        body,
        text,
        metadata,
    } = delivery;
    let instance = delivery::instance(headers);
    let name = delivery::name(headers, hook, instance.as_deref());
    let metadata = metadata_of(source, headers, metadata);
    let (inline, blob) = keep(app, body, text).await?;
    let mut report = reported(hook, app.commands.clock().now());
    report.body = inline;
    report.body_blob = blob;
    report.delivery = name;
    report.instance.clone_from(&instance);

    let mut rejected = Problem::internal("no name is left for this instance's builds");
    for source in delivery::sources(source, instance.as_deref()) {
        report.source.clone_from(&source);
        match report_as(app, &report, &metadata).await {
            Err(CommandError::Rejected(rejection @ BuildRejection::OtherInstance { .. })) => {
                rejected = Problem::conflict(rejection.to_string());
            }
            Err(CommandError::IdReused { id, position }) => {
                return Ok(Taken {
                    event_id: id,
                    position,
                    duplicate: true,
                });
            }
            Err(other) => return Err(other.into()),
            Ok(taken) => return Ok(taken),
        }
    }
    Err(rejected)
}

async fn report_as(
    app: &App,
    report: &Reported,
    metadata: &Metadata,
) -> Result<Taken, CommandError<BuildRejection>> {
    let key = BuildKey::new(&report.source, report.build_id);
    let key = key.map_err(|error| CommandError::BadKey {
        reason: error.to_string(),
    })?;
    let id = event_id(&format!("{DIALECT}:{}", report.source), &report.delivery);
    let command = BuildCommand::Report(report.clone());
    let outcome = app
        .commands
        .execute_as::<Build>(id, &key.to_string(), command, metadata)
        .await?;
    if let Some(position) = outcome.position() {
        return Ok(Taken {
            event_id: id,
            position,
            duplicate: outcome.repeated,
        });
    }
    // The build knows this delivery, so the log knows its id.
    let found = app.commands.find(id).await;
    let found = found.map_err(|error| error.map(|never: Infallible| match never {}))?;
    let position = found.ok_or_else(|| CommandError::Fault {
        reason: format!(
            "{key} knows delivery {}, and the log does not know {id}",
            report.delivery
        ),
    })?;
    Ok(Taken {
        event_id: id,
        position,
        duplicate: true,
    })
}

fn metadata_of(source: &str, headers: &HeaderMap, known: Metadata) -> Metadata {
    let correlation = headers
        .get("x-gitlab-event-uuid")
        .and_then(|value| value.to_str().ok());
    let source = Actor {
        kind: ActorKind::Source,
        id: source.to_owned(),
        display: None,
    };
    Metadata {
        // The actor is the resubmitter; otherwise the source.
        actor: known.actor.or(Some(source)),
        correlation: correlation
            .filter(|text| text.len() <= 128)
            .map(str::to_owned),
        idempotency_key: delivery::idempotency_key(headers),
        ..known
    }
}

/// Keeps the body byte for byte: in the event while it is small, else under its digest.
async fn keep(
    app: &App,
    body: &Bytes,
    text: &str,
) -> Result<(Option<Verbatim>, Option<BlobRef>), Problem> {
    if body.len() <= INLINE_BYTES_MAX {
        let verbatim = Verbatim::parse(text.to_owned());
        let verbatim = verbatim.map_err(|error| Problem::bad_request(error.to_string()))?;
        return Ok((Some(verbatim), None));
    }
    keep_blob(app, body.clone())
        .await
        .map(|blob| (None, Some(blob)))
}

/// Keeps a body under its digest; durable when this returns.
async fn keep_blob(app: &App, body: Bytes) -> Result<BlobRef, Problem> {
    match app.blobs.put(body).await {
        Ok(kept) => Ok(BlobRef {
            digest: kept.digest.to_string(),
            size: kept.size,
        }),
        Err(error) => {
            tracing::error!(%error, "a body cannot be kept: {error}");
            Err(Problem::unavailable("the body cannot be kept at present").retry_after(5))
        }
    }
}

fn reported(hook: &Hook<'_>, at: Timestamp) -> Reported {
    let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.0.clone().into_owned());
    let time = |plain: &Option<Text<'_>>, iso: &Option<Text<'_>>| {
        let read = |text: &Option<Text<'_>>| time::parse(&text.as_ref()?.0);
        time::finer(read(plain), read(iso))
    };
    let path = hook
        .project
        .as_ref()
        .and_then(|project| text(&project.path_with_namespace));
    Reported {
        source: String::new(),
        build_id: hook.build_id,
        status: hook.build_status.clone().into_owned(),
        stage: hook.build_stage.clone().into_owned(),
        name: text(&hook.build_name),
        git_ref: hook.git_ref.clone().into_owned(),
        created_at: time(&hook.build_created_at, &hook.build_created_at_iso),
        started_at: time(&hook.build_started_at, &hook.build_started_at_iso),
        finished_at: time(&hook.build_finished_at, &hook.build_finished_at_iso),
        runner: hook.runner.as_ref().map(|runner| Runner {
            id: runner.id,
            description: runner.description.clone().into_owned(),
        }),
        pipeline_id: hook.pipeline_id,
        project_id: hook.project_id,
        project: path.or_else(|| text(&hook.project_name)),
        failure_reason: text(&hook.build_failure_reason),
        retries_count: hook.retries_count,
        instance: None,
        delivery: String::new(),
        body: None,
        body_blob: None,
        at,
    }
}

/// The times that are there and cannot be read.
pub(crate) fn unreadable_times(hook: &Hook<'_>) -> Vec<&'static str> {
    let times = [
        ("build_created_at", &hook.build_created_at),
        ("build_started_at", &hook.build_started_at),
        ("build_finished_at", &hook.build_finished_at),
    ];
    let unreadable = |text: &Option<Text<'_>>| {
        text.as_ref()
            .is_some_and(|text| time::parse(&text.0).is_none())
    };
    times
        .into_iter()
        .filter(|(_, text)| unreadable(text))
        .map(|(field, _)| field)
        .collect()
}
