//! The farm: what builds used, what they run on, and how much happens.

pub mod nodes;
pub mod packages;
pub mod usage;

use ::projections::Builds;
use axum::extract::State;
use domain::core::token::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{App, Caller, Problem, Query, View};

/// The scope of everything here.
const SCOPE: &str = "farm:read";

/// How many hours are told when nobody says.
const HOURS_DEFAULT: usize = 48;

/// How far back.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PulseParams {
    /// How many hours in which anything happened, the newest first; 1 to 8784.
    hours: Option<usize>,
}

/// How much happens.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pulse {
    /// How many events there are of each type.
    pub types: Vec<TypeCount>,
    /// How many builds stand how.
    pub builds: Vec<StatusCount>,
    /// The last hours in which anything happened, the newest first.
    pub hours: Vec<Hour>,
}

/// How many events there are of one type.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TypeCount {
    /// The type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// How many.
    pub count: u64,
}

/// How many builds stand so.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatusCount {
    /// How.
    pub status: String,
    /// How many.
    pub count: u64,
}

/// One hour of the log's time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Hour {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub begins_at: Timestamp,
    /// How often what happened in it: `events`, `reports`, `succeeded`, `failed`, `recorded`, …
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    pub counts: ::projections::pulse::HourCounts,
}

/// How much happens?
#[utoipa::path(get, path = "/v1/pulse", tag = "farm", params(PulseParams),
    responses((status = 200, body = Pulse)))]
pub(crate) async fn pulse(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<PulseParams>,
) -> Result<View<Pulse>, Problem> {
    caller.may(Role::Reader, SCOPE)?;
    let hours_max = ::projections::pulse::HOURS_MAX;
    let hours = params.hours.unwrap_or(HOURS_DEFAULT);
    if !(1..=hours_max).contains(&hours) {
        return Err(Problem::bad_request("so many hours cannot be told")
            .at("hours", format!("is between 1 and {hours_max}")));
    }
    let position = app.views.position();
    let body = app
        .views
        .ask(move |views| {
            let pulse = views.of::<::projections::Pulse>()?;
            let types = pulse.types()?.into_iter().map(|found| TypeCount {
                event_type: found.event_type,
                count: found.count,
            });
            let builds = views
                .of::<Builds>()?
                .counts()?
                .into_iter()
                .map(|found| StatusCount {
                    status: found.status,
                    count: found.count,
                });
            let hours = pulse.hours(hours)?.into_iter().map(|found| Hour {
                begins_at: found.begins_at,
                counts: found.counts,
            });
            Ok::<_, ::projections::TableError>(Pulse {
                types: types.collect(),
                builds: builds.collect(),
                hours: hours.collect(),
            })
        })
        .await?;
    Ok(View { position, body })
}
