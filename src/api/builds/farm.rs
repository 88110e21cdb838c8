//! Usage of builds, machines, packages, and activity counts.

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

/// The default number of hours.
const HOURS_DEFAULT: usize = 48;

/// The period of the activity.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PulseParams {
    /// Number of hours with events, newest first; 1 to 8784.
    hours: Option<usize>,
}

/// Activity counts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Pulse {
    /// Number of events by type.
    pub types: Vec<TypeCount>,
    /// Number of builds by status.
    pub builds: Vec<StatusCount>,
    /// The last hours with events, newest first.
    pub hours: Vec<Hour>,
}

/// Number of events of one type.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TypeCount {
    /// The type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The number.
    pub count: u64,
}

/// Number of builds with one status.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatusCount {
    /// The status.
    pub status: String,
    /// The number.
    pub count: u64,
}

/// One hour of the log's time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Hour {
    /// The start of the hour.
    #[schema(value_type = String, format = DateTime)]
    pub begins_at: Timestamp,
    /// Counts by kind: `events`, `reports`, `succeeded`, `failed`, `recorded`, …
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    pub counts: ::projections::pulse::HourCounts,
}

/// Get activity counts.
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
        return Err(Problem::bad_request("invalid number of hours")
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
