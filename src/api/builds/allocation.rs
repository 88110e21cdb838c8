//! Allocations: explanations, accuracy, models.

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

/// An allocation and its explanation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// The parsed spec.
    #[schema(example = "emacs@29.2 +json arch=x86_64%gcc@12.3.0")]
    pub spec: String,
    /// The strategy that answered.
    #[schema(example = "gantry")]
    pub strategy: String,
    /// The trained model that answered; none for a strategy as configured.
    pub model: Option<String>,
    /// The answer of `GET /v1/allocation`.
    pub variables: BTreeMap<&'static str, String>,
    /// The strategy's answer with its reason: matched level, sample, quantiles.
    #[schema(value_type = Object)]
    pub answer: Value,
    /// The reason as text.
    pub reason: String,
    /// Number of builds that the model has learnt.
    pub learnt: u64,
    /// Position of the last event that it has learnt.
    pub learnt_to: u64,
}

/// Explain the allocation for a spec.
///
/// The spec is quoted as for `GET /v1/allocation`: `+` means plus.
#[utoipa::path(get, path = "/v1/allocation/explain", tag = "allocation", security(()),
    params(
        ("spec" = String, Query, description = "`name@version +variant~variant name=value arch=…%compiler@version`"),
        ("strategy" = Option<String>, Query, description = "The strategy, `gantry` or `ladder`; by default the one that answers `GET /v1/allocation`"),
        ("build_jobs" = Option<u32>, Query, description = "Number of parallel jobs of the build"),
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
            Problem::bad_request("invalid `strategy`: expected `gantry` or `ladder`")
                .at("strategy", error)
        })?;
    let build_jobs = quoted::parameter(query, "build_jobs")?
        .map(|jobs| jobs.parse::<u32>())
        .transpose()
        .map_err(|_| {
            Problem::bad_request("invalid `build_jobs`: expected a whole number")
                .at("build_jobs", "is a whole number")
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
