//! Accuracy of recorded answers.

use ::projections::allocation::accuracy::{AccuracyRow, Of};
use axum::extract::State;
use domain::core::token::Role;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::paging::Listing;
use web::{Caller, Problem, Query, View};

use super::READ;
use crate::reads::Page;
use crate::{Api, Prices, parameters};

/// Bytes of a GB.
const GB: f64 = 1e9;

/// Accuracy of one model's answers for the builds that used them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Accuracy {
    /// The strategy: `gantry` or `ladder`.
    pub strategy: String,
    /// The trained model, if any.
    pub model: Option<String>,
    /// Whether the answers were only recorded for comparison (`allocation.shadow`).
    pub shadow: bool,
    /// The package; none for all.
    pub package: Option<String>,
    /// Builds that succeeded.
    pub builds: u64,
    /// Share of builds that needed more memory than granted.
    pub short_share: f64,
    /// Builds that were killed for memory with what they had been granted; of a shadow, those that
    /// are certain to have been killed with its answer as well.
    pub killed: u64,
    /// Peak times duration, in GB·h.
    pub used_gb_hours: f64,
    /// Memory held above that, killed attempts included, in GB·h. A build that needed more is
    /// assumed to be retried with twice as much.
    pub wasted_gb_hours: f64,
    /// Wasted by used memory.
    pub waste_per_used: f64,
    /// Mean distance of granted memory from the peak, in peaks.
    pub memory_error: f64,
    /// The share of the requested CPU that was used.
    pub cpu_utilisation: f64,
    /// The share of the used CPU that lay above the request.
    pub cpu_throttled: f64,
    /// Cost of the held resources, if prices are configured.
    pub money: Option<f64>,
    /// Cost of the unused resources.
    pub money_wasted: Option<f64>,
    /// Position of the last scored build.
    pub position: u64,
}

impl Accuracy {
    fn of(row: AccuracyRow, prices: Prices) -> Self {
        let score = &row.score.score;
        let used = score.memory_used / GB;
        let wasted = (score.memory_wasted + row.score.killed_byte_hours) / GB;
        let idle = score.cpu.requested - (score.cpu.used - score.cpu.throttled);
        let (per_gb, per_core) = (prices.gb_hour, prices.core_hour);
        let priced = |gb_hours: f64, core_hours: f64| {
            (per_gb > 0.0 || per_core > 0.0).then_some(per_gb * gb_hours + per_core * core_hours)
        };
        Self {
            strategy: row.answerer.strategy,
            model: row.answerer.model,
            shadow: row.answerer.shadow,
            package: row.package,
            builds: score.jobs,
            short_share: score.failed_share(),
            killed: row.score.killed + score.killed_too,
            used_gb_hours: used,
            wasted_gb_hours: wasted,
            waste_per_used: if used > 0.0 { wasted / used } else { 0.0 },
            memory_error: row.score.mean_memory_error(),
            cpu_utilisation: score.cpu.utilisation(),
            cpu_throttled: score.cpu.throttled_share(),
            money: priced(used + wasted, score.cpu.requested),
            money_wasted: priced(wasted, idle),
            position: row.position.0,
        }
    }
}

/// Filters of the accuracy rows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccuracyParams {
    /// `strategy` (the default): one row per model. `package`: also one per package.
    by: Option<String>,
    /// Only this package.
    package: Option<String>,
    /// Only answers of this strategy: `gantry` or `ladder`.
    strategy: Option<String>,
    /// Maximum page size, 1 to 1000; fewer if the rows are large.
    limit: Option<usize>,
    /// `next` of the previous page.
    cursor: Option<String>,
}

/// Compare recorded answers with what the builds then used.
///
/// Answers are recorded according to `allocation.record_ratio`. A build is compared with the newest
/// answer for its spec before its start.
#[utoipa::path(get, path = "/v1/allocation/accuracy", tag = "allocation", params(AccuracyParams),
    responses((status = 200, body = Listing<Accuracy>)))]
pub(crate) async fn accuracy(
    State(app): State<Api>,
    caller: Caller,
    Query(params): Query<AccuracyParams>,
) -> Result<View<Listing<Accuracy>>, Problem> {
    caller.may(Role::Reader, READ)?;
    let page = Page::asked(params.limit, params.cursor.as_deref())?;
    let strategy = parameters::word("strategy", params.strategy, &["gantry", "ladder"])?;
    let by = parameters::word("by", params.by, &["strategy", "package"])?;
    let by_package = by.as_deref() == Some("package");
    let admits = move |row: &AccuracyRow| {
        let wanted = strategy.as_ref();
        wanted.is_none_or(|wanted| *wanted == row.answerer.strategy)
    };
    let package = params.package;
    page.of(
        &app,
        move |views, cursor, limit| {
            let of = match &package {
                Some(package) => Of::Package(package),
                None if by_package => Of::EveryPackage,
                None => Of::All,
            };
            let view = views.of::<::projections::Accuracy>()?;
            view.list(of, cursor, limit, admits)
        },
        |row| Accuracy::of(row, app.settings.prices),
    )
    .await
}
