//! Applies a document of groups, users, workers, pools, projects, templates and jobs.

use axum::extract::State;
use domain::core::token::Role;
use provisioning::{Applied, Document, DocumentSchema};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{Caller, Problem, Query, Unread, View};

use crate::Api;
use crate::parameters::Reason;
use crate::provisioning::problem;

/// The largest document that is read, unless all bodies may be larger.
const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How a document is to be applied.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApplyParams {
    /// Only return what would change.
    dry_run: bool,
    /// The caller's reason; it is stored with the events.
    reason: Option<String>,
}

/// Apply a document. Applying the same document again changes nothing.
///
/// All or nothing; a document with more than 500 objects is checked as a whole and then applied in
/// parts, and can be applied again after an interruption.
#[utoipa::path(post, path = "/v1/apply", tag = "roster", params(ApplyParams),
    request_body = DocumentSchema, responses((status = 200, body = Applied)))]
pub(crate) async fn apply(
    State(app): State<Api>,
    caller: Caller,
    Query(params): Query<ApplyParams>,
    unread: Unread,
) -> Result<View<Applied>, Problem> {
    // A caller without any right to change is refused before the body is read.
    caller.may_somewhere(Role::Admin)?;
    let bytes_max = app
        .app()
        .settings
        .limits
        .body_bytes_max
        .max(DOCUMENT_BYTES_MAX);
    let document = Document::read(unread.json_within(bytes_max).await?).map_err(problem)?;
    for plural in document.plurals() {
        caller.may(Role::Admin, &format!("{plural}:write"))?;
    }
    let metadata = Reason::of(params.reason).metadata_of(&caller)?;
    let body = app.provisioning.apply(&metadata, document, params.dry_run);
    let body = body.await.map_err(problem)?;
    let position = app.views.position();
    Ok(View { position, body })
}
