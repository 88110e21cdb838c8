//! The first run of a job that repeats.

use commands::{runs, time_zone};
use domain::jobs::job::Created;
use domain::jobs::schedule::{Rhythm, first_occasion};
use jiff::tz::TimeZone;

use crate::fields::Moment;
use crate::plan::{Plan, Step};

/// When a job with a cron expression runs for the first time, by its own clock.
pub(super) fn by_calendar(plan: &Plan<'_>, job: &Created) -> Option<Moment> {
    let rhythm = Rhythm::of(None, job.cron.as_deref())?;
    let zone = job.time_zone.as_deref().and_then(time_zone);
    let zone = zone.or_else(|| plan.provisioning.time_zone.clone());
    let zone = zone.unwrap_or(TimeZone::UTC);
    first_occasion(&rhythm, &job.excluded, plan.at, &zone).map(Moment::At)
}

/// When a job begins that has a cron expression from now on. One that waits to be sent is followed
/// by the next; one that was sent is not looked at again.
pub(super) fn begins_now(plan: &Plan<'_>, before: &Created, after: &Created) -> Option<Moment> {
    let waiting = plan.runs.scheduled_of_job(after.number);
    let is_followed = waiting.iter().any(|run| !run.is_manual && !run.is_retry());
    let begins = before.cron.is_none() && after.cron.is_some() && !is_followed;
    begins.then(|| by_calendar(plan, after)).flatten()
}

/// Schedules the first run of a job.
pub(super) async fn schedule(
    plan: &mut Plan<'_>,
    place: &str,
    job: u64,
    moment: Option<Moment>,
) -> Step<Option<u64>> {
    let Some(moment) = moment else {
        return Ok(None);
    };
    let run = runs::Plan {
        job,
        schedule_at: match moment {
            Moment::Now => plan.at,
            Moment::At(at) => at,
        },
        schedule_id: None,
        worker: None,
        is_manual: false,
        schedule_children: true,
    };
    let scheduled = runs::schedule(plan.unit, &run).await;
    let run = scheduled.map_err(|error| plan.refused(place, error))?;
    Ok(Some(run))
}

/// Notes when a new job will never do what its interval promises.
pub(super) fn note_repeats(plan: &mut Plan<'_>, job: &Created, first_run: Option<Moment>) {
    let title = &job.title;
    let parts = (job.interval_count.is_some(), job.interval_unit.is_some());
    let note = match parts {
        _ if job.cron.is_some() && first_run.is_none() => format!(
            "the job `{title}` repeats, but never begins: a whole day is excluded whenever its cron expression matches"
        ),
        (true, true) if first_run.is_none() => {
            format!("the job `{title}` repeats, but never begins by itself: it has no first_run")
        }
        (true, false) | (false, true) => format!(
            "the job `{title}` does not repeat: it needs both reschedule_interval and reschedule_interval_type"
        ),
        _ => return,
    };
    plan.applied.notes.push(note);
}
