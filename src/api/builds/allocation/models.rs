//! Models: listing, promoting, rolling back.

use ::projections::Allocation;
use ::projections::allocation::{ModelRow, ModelStatus};
use axum::extract::State;
use domain::Metadata;
use domain::builds::allocation::{ModelEvaluation, Models, ModelsCommand};
use domain::core::token::Role;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use web::{App, Caller, Path, Problem, Unread, View};

use super::{READ, WRITE};
use crate::parameters::Reason;

/// How many trained models are listed, the newest first.
const TRAINED_MAX: usize = 500;

/// A model that may answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Model {
    /// The id of a trained model; none for a strategy as it is configured.
    #[schema(example = "9f86d081884c7d65")]
    pub id: Option<String>,
    /// `gantry` or `ladder`.
    pub strategy: String,
    /// Whether it answers `GET /v1/allocation`.
    pub live: bool,
    /// Whether a rollback would put it into use.
    pub previous: bool,
    /// Number of builds that it has learnt; for one that is not learning, at its training.
    pub learnt: u64,
    /// Number of builds that it left out, because their usage is impossible.
    pub flawed: u64,
    /// Position of the last event that it has learnt.
    pub learnt_to: u64,
    /// How it was trained.
    pub trained: Option<Training>,
}

/// How a model was trained.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Training {
    /// The strategy's settings and what it learns from.
    #[schema(value_type = Object)]
    pub parameters: Value,
    /// The last position that was read.
    pub position: u64,
    /// Number of builds that it had learnt.
    pub learnt: u64,
    /// BLAKE3 digest of its state: equal for the same log and parameters.
    pub digest: String,
    /// Its evaluation on the last part of that history.
    pub evaluation: Evaluation,
    /// The evaluation of the model in use at that time, on the same builds.
    pub incumbent: Evaluation,
    /// When it was trained.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it was promoted last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub promoted_at: Option<Timestamp>,
}

/// The evaluation of a model.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Evaluation {
    /// Number of evaluated builds.
    pub builds: u64,
    /// Share of builds that would have been killed for memory at least once.
    pub killed_share: f64,
    /// Memory held in vain per memory used, killed attempts included.
    pub waste_per_used: f64,
    /// Peak times duration, in GB·h.
    pub used_gb_hours: f64,
    /// Memory that would have been held above that, in GB·h.
    pub wasted_gb_hours: f64,
    /// The share of the requested CPU that was used.
    pub cpu_utilisation: f64,
    /// The share of the used CPU that lay above the request.
    pub cpu_throttled: f64,
}

impl Model {
    pub(super) fn of(status: ModelStatus) -> Self {
        Self {
            id: status.id,
            strategy: status.strategy,
            live: status.live,
            previous: status.previous,
            learnt: status.learnt,
            flawed: status.flawed,
            learnt_to: status.learnt_to.0,
            trained: status.trained.map(Training::of),
        }
    }
}

impl Training {
    fn of(row: ModelRow) -> Self {
        Self {
            parameters: serde_json::from_str(&row.parameters).unwrap_or_default(),
            position: row.position.0,
            learnt: row.learnt,
            digest: row.digest,
            evaluation: Evaluation::of(&row.evaluation),
            incumbent: Evaluation::of(&row.incumbent),
            at: row.at,
            promoted_at: row.promoted_at,
        }
    }
}

impl Evaluation {
    fn of(reply: &ModelEvaluation) -> Self {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Self {
            builds: reply.builds,
            killed_share: share(reply.killed as f64, reply.builds as f64),
            waste_per_used: share(reply.wasted_gb_hours, reply.used_gb_hours),
            used_gb_hours: reply.used_gb_hours,
            wasted_gb_hours: reply.wasted_gb_hours,
            cpu_utilisation: share(
                reply.used_core_hours - reply.throttled_core_hours,
                reply.requested_core_hours,
            ),
            cpu_throttled: share(reply.throttled_core_hours, reply.used_core_hours),
        }
    }
}

/// List models.
///
/// Both strategies as configured, then trained models, newest first.
#[utoipa::path(get, path = "/v1/allocation/models", tag = "allocation",
    responses((status = 200, body = Vec<Model>)))]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<View<Vec<Model>>, Problem> {
    caller.may(Role::Reader, READ)?;
    let position = app.views.position();
    let models = app.views.of::<Allocation>()?.models().into_iter();
    let body = models.take(TRAINED_MAX).map(Model::of).collect();
    Ok(View { position, body })
}

/// Get a trained model.
#[utoipa::path(get, path = "/v1/allocation/models/{id}", tag = "allocation",
    params(("id" = String, Path, description = "The model's id")),
    responses((status = 200, body = Model)))]
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<View<Model>, Problem> {
    caller.may(Role::Reader, READ)?;
    let position = app.views.position();
    let body = find(&app, &id)?;
    Ok(View { position, body })
}

/// Promote a trained model: it answers from now on.
///
/// It first learns everything up to now, without delaying answers, and continues to learn.
#[utoipa::path(post, path = "/v1/allocation/models/{id}/promote", tag = "allocation",
    params(("id" = String, Path, description = "The model's id")),
    request_body = Option<Reason>,
    responses((status = 200, description = "It answers", body = Model)))]
pub(crate) async fn promote(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    unread: Unread,
) -> Result<View<Model>, Problem> {
    caller.may(Role::Operator, WRITE)?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    find(&app, &id)?;
    prepare(&app, &id).await?;
    let at = app.commands.clock().now();
    let model = id.clone();
    decide(&app, &metadata, ModelsCommand::Promote { model, at }).await?;
    let position = app.views.position();
    let body = find(&app, &id)?;
    Ok(View { position, body })
}

/// Undo the last promotion: the previous model, or the configured strategy, answers again.
#[utoipa::path(post, path = "/v1/allocation/rollback", tag = "allocation",
    request_body = Option<Reason>,
    responses((status = 200, description = "What answers now", body = Model)))]
pub(crate) async fn roll_back(
    State(app): State<App>,
    caller: Caller,
    unread: Unread,
) -> Result<View<Model>, Problem> {
    caller.may(Role::Operator, WRITE)?;
    let reason: Reason = unread.json_or_default(&app).await?;
    let metadata = reason.metadata_of(&caller)?;
    if let Some(id) = app.views.of::<Allocation>()?.previous() {
        prepare(&app, &id).await?;
    }
    let at = app.commands.clock().now();
    decide(&app, &metadata, ModelsCommand::RollBack { at }).await?;
    let position = app.views.position();
    let models = app.views.of::<Allocation>()?.models().into_iter();
    let live = models.filter(|model| model.live).map(Model::of).next();
    let body = live
        .ok_or_else(|| Problem::unavailable("no model is available at present").retry_after(1))?;
    Ok(View { position, body })
}

async fn decide(app: &App, metadata: &Metadata, command: ModelsCommand) -> Result<(), Problem> {
    let done = app.execute::<Models, _>(metadata, Models::KEY, command, Problem::from);
    done.await.map(drop)
}

/// Prepares a model in the background, so that no view waits for it.
async fn prepare(app: &App, id: &str) -> Result<(), Problem> {
    let (view, id) = (app.views.of::<Allocation>()?, id.to_owned());
    let runtime = tokio::runtime::Handle::current();
    // Learning is work for a processor, and not for the threads that answer.
    let prepared = tokio::task::spawn_blocking(move || runtime.block_on(view.prepare(&id)));
    match prepared.await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Problem::conflict(
            "this program cannot make the model: it was trained by another version",
        )),
        Ok(Err(error)) => {
            tracing::warn!(%error, "preparing a model failed: {error}");
            Err(Problem::unavailable("the log cannot be read at present").retry_after(5))
        }
        Err(error) => {
            tracing::error!(%error, "preparing a model panicked: {error}");
            Err(Problem::internal("the model could not be prepared"))
        }
    }
}

fn find(app: &App, id: &str) -> Result<Model, Problem> {
    let found = app.views.of::<Allocation>()?.model(id).map(Model::of);
    found.ok_or_else(|| Problem::not_found("model not found"))
}
