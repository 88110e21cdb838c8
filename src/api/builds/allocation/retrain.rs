//! Trains a model on the log.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ::projections::Allocation;
use ::projections::allocation::{StrategyName, Trained, Training, TrainingError, train};
use axum::extract::State;
use domain::builds::allocation::{ModelEvaluation, ModelTrained, Models, ModelsCommand};
use domain::core::audit::{AuditCommand, OperationStarted};
use domain::core::token::Role;
use domain::{Metadata, Verbatim};
use eventlog::Position;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use utoipa::ToSchema;
use web::{Caller, OperationHandle, OperationState, Problem, Unread};

use super::WRITE;
use crate::parameters::Reason;
use crate::{Api, parameters};

/// Bytes of a GB.
const GB: f64 = 1e9;

/// How many hexadecimal digits name a model.
const ID_DIGITS: usize = 16;

/// What to train.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retrain {
    /// `gantry` or `ladder`; the configured one when left out.
    strategy: Option<String>,
    /// Learn only from events after this position or time (RFC 3339); by default from all.
    from: Option<String>,
    /// Learn only from events up to this position or time; by default up to now. Once promoted it
    /// continues from here.
    until: Option<String>,
    /// Learn only builds that have one of these values: `ref` (`*` for every ref), `package`,
    /// `compiler`, `arch`. Refs are the configured ones when left out.
    #[serde(rename = "where")]
    only: BTreeMap<String, Vec<String>>,
    /// The strategy's settings by name, such as `policy` (`std`, `lean`, `safe`, `mixed`) or
    /// `failure_price`.
    settings: BTreeMap<String, Setting>,
    /// The caller's reason; it is stored with the events.
    reason: Option<String>,
}

/// A setting's value.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Setting {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// What is trained.
struct Plan {
    training: Training,
    until: Position,
}

impl Retrain {
    async fn plan(self, app: &Api) -> Result<Plan, Problem> {
        let view = app.views.of::<Allocation>()?;
        let settings = view.settings();
        let strategy = match self.strategy {
            Some(name) => name.parse::<StrategyName>().map_err(|error| {
                Problem::bad_request("invalid `strategy`: expected `gantry` or `ladder`")
                    .at("strategy", error)
            })?,
            None => settings.strategy,
        };
        let mut training = settings.training(strategy);
        for (field, values) in self.only {
            let limited = training.limit(&field, values);
            limited.map_err(|error| refused(format!("where.{field}"), &error))?;
        }
        // `policy` replaces what the others set.
        let (policy, others): (Vec<_>, Vec<_>) = self
            .settings
            .into_iter()
            .partition(|(name, _)| name == "policy");
        for (name, value) in policy.into_iter().chain(others) {
            let value = match value {
                Setting::Number(number) => number.to_string(),
                Setting::Text(text) => text,
            };
            let set = training.set(&name, &value);
            set.map_err(|error| refused(format!("settings.{name}"), &error))?;
        }
        let head = app.views.history().head();
        let from = moment(app, "from", self.from.as_deref()).await?;
        let until = moment(app, "until", self.until.as_deref()).await?;
        training.after = from.unwrap_or(Position::START).0;
        let until = until.unwrap_or(head);
        if training.after >= until.0 && head.0 > 0 {
            return Err(Problem::bad_request("nothing happened in between")
                .at("from", "is not before `until` and the end of the log"));
        }
        Ok(Plan { training, until })
    }
}

async fn moment(app: &Api, field: &str, text: Option<&str>) -> Result<Option<Position>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let history = app.views.history();
    let moment = parameters::moment(field, text, history.head())?;
    let position = history.head_at(moment).await;
    position.map(Some).map_err(|error| {
        tracing::warn!(%error, "the log cannot be read: {error}");
        Problem::unavailable("the log cannot be read at present").retry_after(5)
    })
}

fn refused(field: String, error: &TrainingError) -> Problem {
    Problem::bad_request(error.to_string()).at(field, error.to_string())
}

/// Train a model on the log.
///
/// Starts an operation whose `result` is the model's id. The same parameters on the same history
/// give the same model, which is registered once. It is not in use until it is promoted.
#[utoipa::path(post, path = "/v1/allocation/retrain", tag = "allocation", request_body = Option<Retrain>,
    responses((status = 202, description = "The operation was started", body = OperationState)))]
pub(crate) async fn retrain(
    State(app): State<Api>,
    caller: Caller,
    unread: Unread,
) -> Result<(StatusCode, axum::Json<OperationState>), Problem> {
    caller.may(Role::Operator, WRITE)?;
    let mut request: Retrain = unread.json_or_default(&app).await?;
    let metadata = Reason::of(request.reason.take()).metadata_of(&caller)?;
    let plan = request.plan(&app).await?;
    let turn = std::sync::Arc::clone(&app.training).try_lock_owned();
    let turn = turn.map_err(|_| Problem::conflict("another model is being trained"))?;
    let at = app.commands.clock().now();
    let strategy = plan.training.settings.name();
    let operation = app.operations.start("retrain", strategy, at);
    let operation = operation.ok_or_else(|| {
        Problem::unavailable("too many operations are running; try again when one has ended")
            .retry_after(30)
    })?;
    let state = operation.state();
    let command = AuditCommand::StartOperation(OperationStarted {
        operation: state.id.to_string(),
        kind: state.kind.clone(),
        subject: state.subject.clone(),
        at,
    });
    app.auditor.write(command, &metadata).await;
    tokio::spawn(work(app, operation, plan, metadata, turn));
    Ok((StatusCode::ACCEPTED, axum::Json(state)))
}

async fn work(
    app: Api,
    operation: OperationHandle,
    plan: Plan,
    metadata: Metadata,
    turn: OwnedMutexGuard<()>,
) {
    let result = make(&app, &operation, plan, &metadata).await;
    let at = app.commands.clock().now();
    // A client that sees the end may start the next training.
    drop(turn);
    match result {
        Ok(reply) => operation.succeed(reply, at),
        Err(reason) => operation.fail(reason, at),
    }
}

/// Trains, registers, and returns the result.
async fn make(
    app: &Api,
    operation: &OperationHandle,
    plan: Plan,
    metadata: &Metadata,
) -> Result<String, String> {
    let Some(trained) = trained(app, operation, plan).await? else {
        return Err("the server is stopping; the training was cancelled".to_owned());
    };
    let learnt = trained.model.learnt();
    if learnt == 0 {
        return Err("the history has no builds to learn from".to_owned());
    }
    let reply = describe(&trained, app.commands.clock().now())?;
    let id = reply.model.clone();
    // At hand before it can be promoted.
    let view = app.views.of::<Allocation>();
    let view = view.map_err(|error| error.to_string())?;
    view.shelve(&id, trained.model);
    let command = ModelsCommand::Register(Box::new(reply));
    let outcome = app
        .commands
        .execute::<Models>(Models::KEY, command, metadata)
        .await;
    let outcome = outcome.map_err(|error| {
        tracing::error!(%error, "a trained model was not registered: {error}");
        "the model could not be registered".to_owned()
    })?;
    if let Some(position) = outcome.position() {
        // A view that is still behind reports that; the event is in the log.
        let _ = app.wait_for(position).await;
    }
    operation.result(&id);
    Ok(match outcome.is_empty() {
        false => format!("model {id} was trained on {learnt} builds"),
        true => format!("model {id} already existed, trained on the same {learnt} builds"),
    })
}

async fn trained(
    app: &Api,
    operation: &OperationHandle,
    plan: Plan,
) -> Result<Option<Trained>, String> {
    let Plan { training, until } = plan;
    let view = app.views.of::<Allocation>();
    let view = view.map_err(|error| error.to_string())?;
    let (incumbent, log) = (view.incumbent(), view.log().clone());
    let closing = app.clone();
    let runtime = tokio::runtime::Handle::current();
    let from = training.after;
    let reporter = operation.reporter();
    let work = tokio::task::spawn_blocking(move || {
        let mut look = |position: Position| {
            reporter.progress(position.0.saturating_sub(from), Some(until.0 - from));
            match closing.is_closed() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        runtime.block_on(train(&*log, training, incumbent, until, &mut look))
    });
    match work.await {
        Ok(Ok(trained)) => Ok(trained),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a model was not trained: {error}");
            Err("the log could not be read".to_owned())
        }
        Err(error) => {
            tracing::error!(%error, "training a model panicked: {error}");
            Err("the training failed; nothing has changed".to_owned())
        }
    }
}

fn describe(trained: &Trained, at: Timestamp) -> Result<ModelTrained, String> {
    let Trained {
        model,
        position,
        evaluation,
        incumbent,
    } = trained;
    let training = model.training();
    let unwritten = |error: serde_json::Error| {
        tracing::error!(%error, "parameters cannot be written: {error}");
        "the parameters cannot be encoded".to_owned()
    };
    let parameters = serde_json::to_string(training).map_err(unwritten)?;
    let digest = model.digest();
    let measured = |score: &::projections::allocation::Score| ModelEvaluation {
        builds: score.jobs,
        killed: score.failed_jobs,
        used_gb_hours: score.memory_used / GB,
        wasted_gb_hours: score.memory_wasted / GB,
        requested_core_hours: score.cpu.requested,
        used_core_hours: score.cpu.used,
        throttled_core_hours: score.cpu.throttled,
    };
    // Parameters, data and result, and not the time: the same training gives the same model.
    let named = format!("{parameters} {} {digest}", model.progress().learnt_to);
    let id = people::secret::token_hash(&named)[..ID_DIGITS].to_owned();
    Ok(ModelTrained {
        model: id,
        strategy: training.settings.name().to_owned(),
        parameters: Verbatim::parse(parameters).map_err(unwritten)?,
        position: position.0,
        learnt: model.learnt(),
        flawed: model.progress().flawed,
        digest,
        evaluation: measured(evaluation),
        incumbent: measured(incumbent),
        at,
    })
}
