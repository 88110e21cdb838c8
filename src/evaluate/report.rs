//! The result as rows: for the table, JSON and CSV.

#[cfg(test)]
mod tests;

use std::io::Write;

use serde::Serialize;

use super::tally::Tally;

/// Bytes of a GB.
const GB: f64 = 1e9;

/// What several histories together are called.
pub(crate) const POOLED: &str = "pooled";

/// What an hour of a resource costs, in whatever money.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Prices {
    pub(crate) gb_hour: Option<f64>,
    pub(crate) core_hour: Option<f64>,
}

/// What came out for one history.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// What the history is called.
    pub(crate) data: String,
    /// What every allocator has cost.
    pub(crate) tallies: Vec<Tally>,
    /// How many of its rows were refused.
    pub(crate) refused: u64,
    /// How many of its builds were killed in life.
    pub(crate) killed: u64,
}

/// One allocator on one history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportRow {
    pub(crate) data: String,
    pub(crate) allocator: String,
    /// Memory held in vain, failed attempts included, per memory used.
    pub(crate) waste_per_used: f64,
    /// Builds of a hundred that were killed for memory at least once.
    pub(crate) fail_percent: f64,
    /// Attempts per build.
    pub(crate) attempts: f64,
    /// Memory used per memory held (memory allocation quality).
    pub(crate) maq: f64,
    /// The share of the requested CPU that was used.
    pub(crate) cpu_utilisation: f64,
    /// The share of the used CPU that lay above the request.
    pub(crate) cpu_throttled: f64,
    /// Idle and twice throttled, per use.
    pub(crate) cpu_cost: f64,
    /// Builds that were scored.
    pub(crate) jobs: u64,
    /// Those that were killed for memory at least once.
    pub(crate) failed_jobs: u64,
    /// Peak times duration, in GB·h.
    pub(crate) used_gb_hours: f64,
    /// What was held above that, in GB·h.
    pub(crate) waste_gb_hours: f64,
    /// Cores requested times duration, failed attempts included.
    pub(crate) core_hours: f64,
    /// Rows of the history that were refused.
    pub(crate) refused: u64,
    /// Builds of the history that were killed in life. What they needed is not known: they are no
    /// jobs here.
    pub(crate) killed: u64,
    /// Those of them that would have been killed here as well, because no more was granted. Their
    /// least waste is part of the waste.
    pub(crate) killed_too: u64,
    /// What all that was held costs, where a price was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) money: Option<f64>,
    /// What of it was not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) money_wasted: Option<f64>,
}

impl Outcome {
    /// All histories together: sums over sums.
    pub(crate) fn pooled(outcomes: &[Self]) -> Option<Self> {
        let (first, others) = outcomes.split_first()?;
        let mut pooled = first.clone();
        pooled.data = POOLED.to_owned();
        for other in others {
            pooled.refused += other.refused;
            pooled.killed += other.killed;
            for (sum, tally) in pooled.tallies.iter_mut().zip(&other.tallies) {
                sum.add(tally);
            }
        }
        Some(pooled)
    }

    /// Its rows, in the order of the allocators.
    pub(crate) fn rows(&self, prices: Prices) -> impl Iterator<Item = ReportRow> {
        self.tallies
            .iter()
            .map(move |tally| self.row(tally, prices))
    }

    fn row(&self, tally: &Tally, prices: Prices) -> ReportRow {
        let score = &tally.score;
        let (used, wasted) = (score.memory_used / GB, score.memory_wasted / GB);
        let cores_wasted = tally.core_hours - (score.cpu.used - score.cpu.throttled);
        ReportRow {
            data: self.data.clone(),
            allocator: tally.name.clone(),
            waste_per_used: score.waste_per_use(),
            fail_percent: 100.0 * score.failed_share(),
            attempts: score.attempts_per_job(),
            maq: score.memory_utilisation(),
            cpu_utilisation: score.cpu.utilisation(),
            cpu_throttled: score.cpu.throttled_share(),
            cpu_cost: score.cpu.cost(),
            jobs: score.jobs,
            failed_jobs: score.failed_jobs,
            used_gb_hours: used,
            waste_gb_hours: wasted,
            core_hours: tally.core_hours,
            refused: self.refused,
            killed: self.killed,
            killed_too: score.killed_too,
            money: prices.of(used + wasted, tally.core_hours),
            money_wasted: prices.of(wasted, cores_wasted),
        }
    }
}

impl Prices {
    fn of(self, gb_hours: f64, core_hours: f64) -> Option<f64> {
        if self == Self::default() {
            return None;
        }
        let Self { gb_hour, core_hour } = self;
        Some(gb_hour.unwrap_or(0.0) * gb_hours + core_hour.unwrap_or(0.0) * core_hours)
    }
}

/// Writes rows as CSV, with a header.
///
/// # Errors
/// When `out` fails.
pub(crate) fn write_csv(rows: &[ReportRow], out: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()?;
    Ok(())
}
