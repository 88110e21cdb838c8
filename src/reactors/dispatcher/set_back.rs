//! Runs that were scheduled while the clock was ahead: a clock that is set back leaves them in an
//! unintended future.
//!
//! A clock that shows next year for a moment sends what is due, and schedules the next occasions
//! from there. When it is corrected, they are a year away, and their jobs do not run until then. So
//! when the clock has gone back, and once after the start, runs that were scheduled at a time later
//! than now are rescheduled by the current rules of their jobs.

use std::sync::Arc;
use std::time::Duration;

use commands::runs::RunsRejection;
use commands::{CommandError, Transaction, runs};
use domain::jobs::run::{Origin, Run};
use domain::jobs::schedule::{FollowUp, JobFacts, Rhythm, follow_up};
use jiff::{SignedDuration, Timestamp};
use projections::jobs::runs::RunRow;
use projections::{RosterView, Runs, TableError, Views};

use super::farm::Farm;
use super::round::zone_of;
use super::stats::count;
use super::{Inner, metadata};

/// How long a clock must be unchanged before it is trusted: a clock that is corrected at boot is
/// often set twice.
const CLOCK_SETTLES: Duration = Duration::from_secs(10);

/// How far a decision may lie ahead: an event may be decided on in the same moment in which we
/// look.
const AHEAD_MIN: SignedDuration = SignedDuration::from_secs(1);

/// How far from its decision a run that is requested for now may be scheduled.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(5);

/// How many runs of a job are looked at to find the last regular occasion.
const REGULAR_MAX: usize = 1_000;

/// What is to be done because the clock was set back.
#[derive(Debug, Default)]
pub(super) struct SetBack {
    /// How often the clock had been set when it was looked at last; none before the first look.
    steps: Option<u64>,
    /// When, in time awake, runs are to be looked at.
    look_at: Option<Duration>,
}

/// A run that was scheduled while the clock was ahead.
struct Ahead {
    row: Arc<RunRow>,
    decided_at: Timestamp,
}

impl Inner {
    /// Schedules what was decided on in a future that is none any more. Trouble is logged, and no
    /// reason to send nothing.
    pub(super) async fn mend_future(&self, set_back: &mut SetBack) {
        let (awake, steps) = (self.liveness.awake().now(), self.liveness.awake().steps());
        // Forward as well: it is left alone again from then on.
        let steps_now = steps.back + steps.forward;
        if set_back.steps.is_none() || (set_back.steps != Some(steps_now) && steps.back > 0) {
            set_back.look_at = Some(awake.saturating_add(CLOCK_SETTLES));
        }
        set_back.steps = Some(steps_now);
        if set_back.look_at.is_some_and(|at| at <= awake) {
            set_back.look_at = None;
            if let Err(error) = self.reschedule().await {
                tracing::warn!(
                    reactor = "dispatcher",
                    error,
                    "runs that were scheduled while the clock was ahead cannot be read: {error}"
                );
                set_back.look_at = Some(awake.saturating_add(CLOCK_SETTLES));
            }
        }
    }

    async fn reschedule(&self) -> Result<(), String> {
        let now = self.commands.clock().now();
        let mut ahead = Vec::new();
        let runs = self.views.of::<Runs>().map_err(|error| error.to_string())?;
        for row in runs.recorded_later(now) {
            let run = self.commands.load::<Run>(&row.number.to_string()).await;
            let run = run.map_err(|error| error.to_string())?.state;
            if let Some(decided_at) = run.decided_at().filter(|at| *at > now + AHEAD_MIN) {
                ahead.push(Ahead { row, decided_at });
            }
        }
        if ahead.is_empty() {
            return Ok(());
        }
        let zone = self.config.zone.clone();
        let mended = move |views: &Views| {
            let mut mended = Vec::new();
            for one in &ahead {
                let at = match one.row.origin {
                    Origin::FollowUp { .. } => by_rule(views, one, &ahead, now, &zone)?,
                    origin => as_long_after(origin, one, now),
                };
                let earlier = at.filter(|at| *at < one.row.schedule_at);
                mended.extend(earlier.map(|at| (Arc::clone(&one.row), at)));
            }
            Ok::<_, String>(mended)
        };
        for (row, at) in self.views.ask(mended).await? {
            let (run, job, before) = (row.number, row.job, row.schedule_at);
            let work =
                |unit: Transaction| async move { runs::reschedule(&unit, run, before, at).await };
            let done = self.commands.transact(&metadata(), work).await;
            let (is_done, _) =
                done.map_err(|error: CommandError<RunsRejection>| error.to_string())?;
            if is_done {
                count(&self.stats.rescheduled);
                tracing::warn!(
                    reactor = "dispatcher",
                    run,
                    job,
                    "run {run} of job {job} was scheduled for {before} while the clock was ahead; it is due at {at} now"
                );
            }
        }
        Ok(())
    }
}

/// When the next occasion of a job is, counted from the last that was decided on at a time that is
/// past.
fn by_rule(
    views: &Views,
    one: &Ahead,
    ahead: &[Ahead],
    now: Timestamp,
    zone: &jiff::tz::TimeZone,
) -> Result<Option<Timestamp>, String> {
    let (run, job) = (one.row.number, one.row.job);
    let not_ready = |error: TableError| error.to_string();
    let (runs, roster) = (
        views.of::<Runs>().map_err(not_ready)?,
        views.of::<RosterView>().map_err(not_ready)?,
    );
    let is_ahead = |number: u64| ahead.iter().any(|other| other.row.number == number);
    let regular = runs.regular_before(job, run, REGULAR_MAX);
    let regular = regular.map_err(|error| error.to_string())?;
    // An occasion that is over and is in the future was also sent while the clock was ahead.
    let counts = |(number, at): &(u64, Timestamp)| {
        !is_ahead(*number) && (*at <= now || runs.is_waiting(*number))
    };
    let reference = regular.into_iter().find(counts).map_or(now, |(_, at)| at);
    let farm = roster.read(|roster| Farm::of(roster, &std::iter::once(job).collect(), |_| true));
    let Some(terms) = farm.jobs.get(&job) else {
        return Ok(None);
    };
    let rhythm = Rhythm::of(terms.interval, terms.cron.as_deref());
    let facts = JobFacts {
        rhythm: rhythm.as_ref(),
        excluded: &terms.excluded,
        open: std::iter::once(one.row.schedule_id).collect(),
        reference: Some(reference),
    };
    Ok(
        match follow_up(&facts, now, &zone_of(terms.time_zone.as_deref(), zone)) {
            FollowUp::At(at) => Some(at),
            FollowUp::AnotherIsOpen | FollowUp::DoesNotRepeat | FollowUp::GivenUp => None,
        },
    )
}

/// The new due time of a run: the same wait, from now. A time that a user set stays.
fn as_long_after(origin: Origin, one: &Ahead, now: Timestamp) -> Option<Timestamp> {
    let wait = one.row.schedule_at.duration_since(one.decided_at);
    if matches!(origin, Origin::Asked) && wait.abs() > AT_ONCE {
        return None;
    }
    now.checked_add(wait.max(SignedDuration::ZERO)).ok()
}
