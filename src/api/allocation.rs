//! Why an allocation is what it is.

use std::collections::BTreeMap;

use ::projections::allocation::StrategyName;
use axum::extract::State;
use domain::token::Role;
use http::Uri;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use web::{Caller, House, Problem, View, quoted};

/// An answer and what it rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// What was asked, as it was understood.
    #[schema(example = "emacs@29.2 +json arch=x86_64%gcc@12.3.0")]
    pub spec: String,
    /// Who answered.
    #[schema(example = "gantry")]
    pub strategy: String,
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
        ("strategy" = Option<String>, Query, description = "Who is to answer; the configured one when left out"),
        ("build_jobs" = Option<u32>, Query, description = "How many jobs the build will be given"),
    ),
    responses((status = 200, body = Explanation)))]
pub(crate) async fn explain(
    State(house): State<House>,
    uri: Uri,
) -> Result<View<Explanation>, Problem> {
    let query = uri.query().unwrap_or_default();
    let spec = quoted::spec(query)?;
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
    let position = house.views.position();
    let answered = house.views.allocation().answer(&spec, strategy, build_jobs);
    let body = Explanation {
        spec: spec.to_string(),
        strategy: answered.strategy.as_str().to_owned(),
        variables: house.settings.variables.of(&answered.answer).collect(),
        reason: answered.answer.reason.to_string(),
        answer: serde_json::to_value(&answered.answer).unwrap_or_default(),
        learnt: answered.learnt,
        learnt_to: answered.learnt_to.0,
    };
    Ok(View { position, body })
}

/// What answers allocations.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Model {
    /// The strategy that answers when nobody is named.
    pub strategy: String,
    /// How many builds it has learnt from.
    pub learnt: u64,
    /// How many it has not learnt from, because no build can have used that.
    pub flawed: u64,
    /// The last event that it has learnt from.
    pub learnt_to: u64,
}

/// What answers allocations, and what has it learnt from?
#[utoipa::path(get, path = "/v1/allocation/models", tag = "allocation",
    responses((status = 200, body = Vec<Model>)))]
pub(crate) async fn models(
    State(house): State<House>,
    caller: Caller,
) -> Result<View<Vec<Model>>, Problem> {
    caller.may(Role::Reader, "allocation:read")?;
    let position = house.views.position();
    let view = house.views.allocation();
    let model = Model {
        strategy: view.settings().strategy.as_str().to_owned(),
        learnt: view.learnt(),
        flawed: view.flawed(),
        learnt_to: view.learnt_to().0,
    };
    Ok(View {
        position,
        body: vec![model],
    })
}
