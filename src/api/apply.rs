//! Everything that somebody wants of the farm, in one document.

use axum::extract::State;
use domain::core::token::Role;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use web::{Caller, Problem, Query, Unread, View};

use crate::Api;
use crate::builds::Reason;
use crate::provisioning::{
    self, Applied, Document, GroupFields, JobFields, JobTemplateFields, ProjectFields, UserFields,
    WorkerFields, WorkerPoolFields,
};

/// The largest document that is read, unless all bodies may be larger.
const DOCUMENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How a document is to be applied.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApplyParams {
    /// Only say what would change.
    dry_run: bool,
    /// The reason, in the caller's words; it is kept with the events.
    reason: Option<String>,
}

/// What somebody wants of the farm. References are by title (or name), or by number; what is not spoken of
/// stays; a list that is given is the whole list; nothing is deleted. With an `id`, a thing may be renamed.
#[derive(ToSchema)]
#[schema(as = Document)]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub(crate) struct WantedDocument {
    groups: Option<Vec<GroupFields>>,
    users: Option<Vec<UserFields>>,
    workers: Option<Vec<WorkerFields>>,
    worker_pools: Option<Vec<WorkerPoolFields>>,
    projects: Option<Vec<ProjectFields>>,
    job_templates: Option<Vec<JobTemplateFields>>,
    jobs: Option<Vec<JobFields>>,
}

/// Make the farm as this document wants it. The same document a second time changes nothing.
///
/// Either everything in it happens or nothing; a document with more than 500 things is checked as a whole and
/// then made part by part, and can be applied again when that was interrupted.
#[utoipa::path(post, path = "/v1/apply", tag = "roster", params(ApplyParams),
    request_body = WantedDocument, responses((status = 200, body = Applied)))]
pub(crate) async fn apply(
    State(app): State<Api>,
    caller: Caller,
    Query(params): Query<ApplyParams>,
    unread: Unread,
) -> Result<View<Applied>, Problem> {
    // Whoever may change nothing at all hears so before anything is read.
    caller.may_somewhere(Role::Admin)?;
    let bytes_max = app
        .app()
        .settings
        .limits
        .body_bytes_max
        .max(DOCUMENT_BYTES_MAX);
    let document = Document::read(unread.json_within(bytes_max).await?)?;
    for plural in document.plurals() {
        caller.may(Role::Admin, &format!("{plural}:write"))?;
    }
    let metadata = Reason::of(params.reason).metadata_of(&caller)?;
    let body = provisioning::apply(&app, &metadata, document, params.dry_run).await?;
    let position = app.views.position();
    Ok(View { position, body })
}
