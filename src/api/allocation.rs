//! Why an allocation is what it is, how good it was, and which model gives it.

pub mod accuracy;
pub mod models;
pub mod retrain;

use std::collections::BTreeMap;

use ::projections::Allocation;
use ::projections::allocation::StrategyName;
use axum::extract::State;
use http::Uri;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use web::{Problem, View, quoted};

use crate::Api;

/// The scope of reading here.
const READ: &str = "allocation:read";
/// The scope of changing something here.
const WRITE: &str = "allocation:write";

/// An answer and what it rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// What was asked, as it was understood.
    #[schema(example = "emacs@29.2 +json arch=x86_64%gcc@12.3.0")]
    pub spec: String,
    /// Who answered.
    #[schema(example = "gantry")]
    pub strategy: String,
    /// The trained model that answered; none when it was the strategy as it is configured.
    pub model: Option<String>,
    /// The answer as generators get it.
    pub variables: BTreeMap<&'static str, String>,
    /// The answer and its reason, as the strategy gives them: matched level, sample, quantiles.
    #[schema(value_type = Object)]
    pub answer: Value,
    /// The reason in words.
    pub reason: String,
    /// How many builds the model has learnt from.
    pub learnt: u64,
    /// The last event that it has learnt from.
    pub learnt_to: u64,
}

/// Why is the allocation for this spec what it is?
///
/// The spec is quoted as for `GET /v1/allocation`: `+` means plus.
#[utoipa::path(get, path = "/v1/allocation/explain", tag = "allocation", security(()),
    params(
        ("spec" = String, Query, description = "`name@version +variant~variant name=value arch=…%compiler@version`"),
        ("strategy" = Option<String>, Query, description = "Who is to answer, `gantry` or `ladder`; whoever answers `GET /v1/allocation` when left out"),
        ("build_jobs" = Option<u32>, Query, description = "How many jobs the build will be given"),
    ),
    responses((status = 200, body = Explanation)))]
pub(crate) async fn explain(
    State(app): State<Api>,
    uri: Uri,
) -> Result<View<Explanation>, Problem> {
    let query = uri.query().unwrap_or_default();
    let spec = quoted::required(query, "spec")?;
    let strategy = quoted::parameter(query, "strategy")?
        .map(|name| name.parse::<StrategyName>())
        .transpose()
        .map_err(|error| {
            Problem::bad_request("this strategy is not known").at("strategy", error)
        })?;
    let build_jobs = quoted::parameter(query, "build_jobs")?
        .map(|jobs| jobs.parse::<u32>())
        .transpose()
        .map_err(|_| {
            Problem::bad_request("this is no number of jobs").at("build_jobs", "is a whole number")
        })?;
    let position = app.views.position();
    let answered = app
        .views
        .of::<Allocation>()?
        .answer(&spec, strategy, build_jobs);
    let body = Explanation {
        spec: spec.to_string(),
        strategy: answered.strategy.as_str().to_owned(),
        model: answered.model,
        variables: app.settings.variables.of(&answered.answer).collect(),
        reason: answered.answer.reason.to_string(),
        answer: serde_json::to_value(&answered.answer).unwrap_or_default(),
        learnt: answered.learnt,
        learnt_to: answered.learnt_to.0,
    };
    Ok(View { position, body })
}
