//! What a patch means.

use super::{Caller, RunFacts, RunRejection};
use crate::jobs::run::{
    Claimed, Patched, PidReported, Reopened, Reset, Returned, RunEvent, Started,
};
use crate::kernel::change::unlike;

/// What follows from a patch: what it means, in the order in which a run's life has it, and field
/// by field what means nothing in particular. Nothing follows from what is known already.
pub(super) fn of(
    facts: &RunFacts,
    by: Caller,
    patch: Patched,
) -> Result<Vec<RunEvent>, RunRejection> {
    let patch = heard(facts, by, patch)?;
    let at = patch.at;
    let mut left = differing(facts, &patch);
    let mut events = Vec::new();

    if let (Some(worker), Some(Some(enqueued_at))) =
        (patch.worker.or(facts.worker), patch.enqueued_at)
        && (left.worker.is_some() || facts.enqueued_at.is_none())
    {
        (left.worker, left.enqueued_at) = (None, None);
        let taken_from = facts.worker.filter(|holder| *holder != worker);
        events.push(RunEvent::Claimed(Claimed {
            worker,
            enqueued_at,
            taken_from,
            at,
        }));
    }
    if left.enqueued_at == Some(None) && left.started_at.unwrap_or(facts.started_at).is_none() {
        (left.enqueued_at, left.started_at) = (None, None);
        events.push(RunEvent::Reset(Reset { at }));
    }
    if let Some(Some(started_at)) = left.started_at
        && facts.started_at.is_none()
    {
        left.started_at = None;
        events.push(RunEvent::Started(Started { started_at, at }));
    }
    // A patch with a start and a process number names the process that was started.
    let begins = |event: &RunEvent| matches!(event, RunEvent::Reset(_) | RunEvent::Started(_));
    let is_told = left.pid.is_some() || events.iter().any(begins);
    if let Some(Some(pid)) = patch.pid.filter(|_| is_told) {
        left.pid = None;
        events.push(RunEvent::PidReported(PidReported { pid, at }));
    }
    match left.returned_at {
        // A second report of the end corrects the first, without further consequences.
        Some(Some(returned_at)) if facts.returned_at.is_none() => {
            (left.returned_at, left.success) = (None, None);
            let success = patch.success.unwrap_or(facts.success);
            events.push(RunEvent::Returned(Returned {
                returned_at,
                success,
                at,
            }));
        }
        Some(None) => {
            left.returned_at = None;
            events.push(RunEvent::Reopened(Reopened { at }));
        }
        _ => {}
    }
    if !left.is_nothing() {
        events.push(RunEvent::Patched(left));
    }
    Ok(events)
}

/// What of a patch is listened to: of a worker's, what workers know, and nothing when the run that
/// results is another's.
fn heard(facts: &RunFacts, by: Caller, patch: Patched) -> Result<Patched, RunRejection> {
    let Caller::Worker(me) = by else {
        return Ok(patch);
    };
    match patch.worker.or(facts.worker) {
        Some(worker) if worker != me => Err(RunRejection::OtherWorker { worker }),
        _ => Ok(Patched {
            job: None,
            schedule_id: None,
            schedule_at: None,
            is_manual: None,
            schedule_children: None,
            ..patch
        }),
    }
}

fn differing(facts: &RunFacts, patch: &Patched) -> Patched {
    Patched {
        job: unlike(patch.job, &facts.job),
        schedule_id: unlike(patch.schedule_id, &facts.schedule_id),
        schedule_at: unlike(patch.schedule_at, &facts.schedule_at),
        worker: patch.worker.filter(|worker| facts.worker != Some(*worker)),
        enqueued_at: unlike(patch.enqueued_at, &facts.enqueued_at),
        started_at: unlike(patch.started_at, &facts.started_at),
        returned_at: unlike(patch.returned_at, &facts.returned_at),
        success: unlike(patch.success, &facts.success),
        // A process that has the number of the one before it is another.
        pid: patch
            .pid
            .filter(|pid| *pid != facts.pid || (pid.is_some() && !facts.pid_is_current)),
        is_manual: unlike(patch.is_manual, &facts.is_manual),
        schedule_children: unlike(patch.schedule_children, &facts.schedule_children),
        at: patch.at,
    }
}
