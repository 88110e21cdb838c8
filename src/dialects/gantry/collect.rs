//! `POST /v1/collect`: a webhook arrives.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use commands::{LogLimit, Noted};
use domain::Metadata;
use domain::core::audit::{AuditCommand, WebhookIgnored, WebhookRejected};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, WARNING};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use web::{
    App, Audited, FieldError, KeptBody, POSITION, Problem, RequestContext, Resubmit, Taken, body,
};

use crate::credentials::{KnownSource, any_signs, by_signature, by_token};
use crate::report::{Delivery, append, unreadable_times};
use crate::signature::Signed;
use crate::wire::{Hook, Unfit, check_syntax};
use crate::{DIALECT, allocation, delivery};

mod keep;

/// The one kind of webhook that is acted on.
const JOB_HOOK: &str = "Job Hook";

/// Refused webhooks are logged once per cause and minute: a sender with a wrong token repeats it
/// for every job.
static LIMIT: LogLimit = LogLimit::new();

/// The longest kind that is written down.
const KIND_BYTES_MAX: usize = 128;

/// The response to a sender; GitLab shows it to the owner of the hook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Acknowledgement)]
pub(crate) struct Answer {
    /// `accepted`, `duplicate` or `ignored`.
    #[schema(example = "accepted")]
    status: &'static str,
    /// The id of the delivery's event.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// What the hook's owner should look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

pub(crate) async fn collect(sources: &[KnownSource], app: &App, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let context = parts.extensions.remove::<RequestContext>();
    let context =
        context.unwrap_or_else(|| RequestContext::of(&parts.headers, &parts.extensions, &[]));
    let metadata = context.metadata(DIALECT);
    match take(sources, app, &parts.headers, body, metadata).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn take(
    sources: &[KnownSource],
    app: &App,
    headers: &HeaderMap,
    body: Body,
    metadata: Metadata,
) -> Result<Response, Problem> {
    let bytes_max = app.settings.limits.body_bytes_max;
    // Who.
    let by_token = by_token(sources, headers);
    let signed = Signed::read(headers).filter(|_| by_token.is_none() && any_signs(sources));
    if by_token.is_none() && signed.is_none() {
        let mut body = body;
        body::drain(headers, &mut body, bytes_max).await;
        return Ok(rejected(sources, app, headers, metadata).await);
    }
    let raw = body::collect(headers, body, bytes_max).await?;
    let now = app.commands.clock().now();
    let by_signature = || by_signature(sources, signed?, &raw, now);
    let Some(source) = by_token.or_else(by_signature) else {
        return Ok(rejected(sources, app, headers, metadata).await);
    };
    // A delivery that was let in for its signature is known by the name that is signed.
    let signed_headers = signed.map(|signed| delivery::named_by_signature(headers, signed.id));
    let headers = signed_headers.as_ref().unwrap_or(headers);
    // What.
    let body = body::decode(headers, raw, bytes_max)?;
    let refuse = |errors: Vec<FieldError>, detail: String| {
        keep::refuse(
            app,
            source,
            headers,
            body.clone(),
            errors,
            detail,
            &metadata,
        )
    };
    let text = match text_of(&body) {
        Ok(text) => text,
        Err(reason) => return Err(refuse(Vec::new(), reason).await),
    };
    let kind = headers.get("x-gitlab-event").map(HeaderValue::as_bytes);
    if kind != Some(JOB_HOOK.as_bytes()) {
        if let Err(Unfit::Syntax(reason)) = check_syntax(text) {
            return Err(refuse(Vec::new(), not_json(&reason)).await);
        }
        return Ok(ignored(app, source, kind.unwrap_or_default(), metadata).await);
    }
    let hook = match Hook::read(text) {
        Ok(hook) => hook,
        Err(unfit) => {
            let (errors, detail) = reply(unfit);
            return Err(refuse(errors, detail).await);
        }
    };
    let warning = warning_of(&hook);
    let delivery = Delivery {
        source,
        headers,
        hook: &hook,
        body: &body,
        text,
        metadata,
    };
    let taken = append(app, delivery).await?;
    Ok(accepted(taken, warning.as_deref()))
}

/// The body as text that may be looked into.
fn text_of(body: &Bytes) -> Result<&str, String> {
    if let Err(offset) = body::check_depth(body) {
        return Err(format!(
            "the body nests deeper than {} levels at byte {offset}",
            body::JSON_DEPTH_MAX
        ));
    }
    std::str::from_utf8(body)
        .map_err(|error| format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
}

fn not_json(reason: &str) -> String {
    format!("the body is not JSON: {reason}")
}

fn reply(unfit: Unfit) -> (Vec<FieldError>, String) {
    match unfit {
        Unfit::Syntax(reason) => (Vec::new(), not_json(&reason)),
        Unfit::Fields(errors) => {
            let detail = "the body is not a job hook: fields are missing or have another form";
            (errors, detail.to_owned())
        }
    }
}

fn warning_of(hook: &Hook<'_>) -> Option<String> {
    let times = unreadable_times(hook);
    (!times.is_empty()).then(|| format!("no time can be read from {}", times.join(", ")))
}

fn accepted(taken: Taken, warning: Option<&str>) -> Response {
    let status = if taken.duplicate {
        "duplicate"
    } else {
        "accepted"
    };
    let mut response = json(&Answer {
        status,
        event_id: Some(taken.event_id),
        position: Some(taken.position.0),
        warning: warning.map(str::to_owned),
    });
    response
        .headers_mut()
        .insert(POSITION, taken.position.0.into());
    warn(&mut response, warning);
    response
}

async fn ignored(app: &App, source: &str, kind: &[u8], metadata: Metadata) -> Response {
    let kind = &kind[..kind.len().min(KIND_BYTES_MAX)];
    let kind = String::from_utf8_lossy(kind).into_owned();
    let warning = "only the kind `Job Hook` is acted on; this one was ignored";
    if let Some(unwritten) = app.auditor.admit(Noted::Ignored) {
        let command = AuditCommand::IgnoreWebhook(WebhookIgnored {
            dialect: DIALECT.to_owned(),
            source: source.to_owned(),
            kind,
            unwritten,
            at: app.commands.clock().now(),
        });
        app.auditor.write(command, &metadata).await;
    }
    let mut response = json(&Answer {
        status: "ignored",
        event_id: None,
        position: None,
        warning: Some(warning.to_owned()),
    });
    warn(&mut response, Some(warning));
    response
}

async fn rejected(
    sources: &[KnownSource],
    app: &App,
    headers: &HeaderMap,
    metadata: Metadata,
) -> Response {
    let presented = headers.contains_key(crate::credentials::TOKEN_HEADER)
        || headers.contains_key("webhook-signature");
    let reason = if presented {
        "the webhook's credential is not valid"
    } else {
        "the webhook carries no credential: send X-Gitlab-Token, or sign it"
    };
    if sources.iter().any(KnownSource::has_credentials) {
        log_refused(reason, &metadata);
    } else {
        log_refused(
            "no webhook source is configured: set sources.NAME.token, or GITLAB_WEBHOOK_TOKEN",
            &metadata,
        );
    }
    if let Some(unwritten) = app.auditor.admit(Noted::Rejected) {
        let command = AuditCommand::RejectWebhook(WebhookRejected {
            dialect: DIALECT.to_owned(),
            reason: reason.to_owned(),
            unwritten,
            at: app.commands.clock().now(),
        });
        app.auditor.write(command, &metadata).await;
    }
    let mut response = Problem::unauthenticated(reason).into_response();
    response.extensions_mut().insert(Audited);
    response
}

/// Logs that a webhook was refused. The cause holds no text of the sender.
pub(crate) fn log_refused(cause: &str, metadata: &Metadata) {
    if let Some(suppressed) = LIMIT.admit(cause) {
        tracing::warn!(
            dialect = DIALECT,
            source_ip = metadata.source_ip,
            suppressed,
            "refused a webhook: {cause}"
        );
    }
}

fn json(answer: &Answer) -> Response {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    ([(CONTENT_TYPE, allocation::JSON)], body).into_response()
}

fn warn(response: &mut Response, warning: Option<&str>) {
    // 299 is a warning that proxies must not remove.
    let text = warning.map(|warning| format!("299 tallyman \"{warning}\""));
    if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(WARNING, value);
    }
}

/// Accepts a refused body again, after the hook or the program was corrected.
#[derive(Clone, Copy, Debug)]
pub struct Taker;

impl Resubmit for Taker {
    fn resubmit(&self, app: &App, kept: KeptBody) -> BoxFuture<'static, Result<Taken, Problem>> {
        let app = app.clone();
        async move {
            let header = |(name, value): &(String, String)| {
                Some((
                    name.parse::<HeaderName>().ok()?,
                    HeaderValue::from_str(value).ok()?,
                ))
            };
            let headers: HeaderMap = kept.headers.iter().filter_map(header).collect();
            let text = text_of(&kept.body).map_err(Problem::bad_request)?;
            let hook = Hook::read(text).map_err(|unfit| {
                let (errors, detail) = reply(unfit);
                Problem::bad_request(detail).with_errors(errors)
            })?;
            let delivery = Delivery {
                source: &kept.source,
                headers: &headers,
                hook: &hook,
                body: &kept.body,
                text,
                metadata: kept.metadata,
            };
            append(&app, delivery).await
        }
        .boxed()
    }
}
