//! Refused writes are written down.

use axum::response::Response;
use commands::Noted;
use domain::core::audit::{AuditCommand, WriteRefused};
use http::{Method, StatusCode};

use super::answer;
use crate::{App, RequestContext};

/// Marks a refusal that has already been written down, in more detail than the gate could.
#[derive(Clone, Copy, Debug)]
pub struct Audited;

/// Records a refused change, within the auditor's allowance.
pub(super) fn note(
    app: &App,
    context: &RequestContext,
    method: &Method,
    route: &str,
    response: &Response,
) {
    let status = response.status();
    let refused = status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN;
    let audited = response.extensions().get::<Audited>().is_some();
    if !refused || audited || method.is_safe() {
        return;
    }
    let Some(unwritten) = app.auditor.admit(Noted::Write) else {
        return;
    };
    let command = AuditCommand::RefuseWrite(WriteRefused {
        method: method.to_string(),
        path: route.to_owned(),
        status: status.as_u16(),
        reason: answer::reason(response),
        unwritten,
        at: app.commands.clock().now(),
    });
    // The refusal does not wait for the note: a log that hangs must not make refusals hang.
    let (app, metadata) = (app.clone(), context.metadata("web"));
    tokio::spawn(async move { app.auditor.write(command, &metadata).await });
}
