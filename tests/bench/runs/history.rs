//! Histories of runs, several under way at once.

use domain::jobs::job::{JobEvent, RunCounted};
use domain::jobs::run::{Claimed, Origin, PidReported, Returned, RunEvent, Scheduled, Started};
use domain::jobs::run_log::{RunLogEvent, Written};
use domain::{Event, LongText};
use eventlog::StreamName;

use crate::synthetic_log::{MadeUp, SyntheticLog, at};

/// How many jobs and workers there are.
pub(crate) const JOBS: u64 = 1000;
const WORKERS: u64 = 20;

/// What happens to a run that is finished.
const STEPS: u64 = 7;

/// How many runs are under way at once.
const ABREAST: u64 = 64;

/// How many runs are not over in the end: they wait for their time, and these of them are with workers.
pub(crate) const WAITING: u64 = 5000;
pub(crate) const CLAIMED: u64 = 40;
pub(crate) const STARTED: u64 = 40;

/// The histories of so many runs that are over, and of some that are not.
pub(crate) fn of(finished: u64) -> SyntheticLog {
    let finished = finished.next_multiple_of(ABREAST);
    let open = WAITING + CLAIMED + STARTED;
    let events = finished * STEPS + open + CLAIMED + STARTED + STARTED;
    SyntheticLog::new(events, move |place| made_up(finished, place))
}

fn made_up(finished: u64, place: u64) -> MadeUp {
    let (stream, event) = happened(finished, place);
    MadeUp {
        stream: StreamName::parse(stream).expect("it is a name"),
        revision: 0,
        event,
        metadata: br#"{"actor":{"kind":"worker","id":"1"},"dialect":"jobrunner"}"#,
    }
}

fn happened(finished: u64, place: u64) -> (String, Event) {
    let of_finished = finished * STEPS;
    if place < of_finished {
        let (group, within) = (place / (ABREAST * STEPS), place % (ABREAST * STEPS));
        let number = group * ABREAST + within % ABREAST + 1;
        return step_of(number, within / ABREAST);
    }
    let place = place - of_finished;
    let open = WAITING + CLAIMED + STARTED;
    let number = |nth: u64| finished + nth + 1;
    match place {
        _ if place < open => step_of(number(place), 0),
        _ if place < open + CLAIMED + STARTED => step_of(number(place - open), 1),
        _ => step_of(number(place - open - CLAIMED - STARTED), 2),
    }
}

fn step_of(number: u64, step: u64) -> (String, Event) {
    let (job, worker) = (number % JOBS + 1, number % WORKERS + 1);
    let due = number / 4;
    let success = Some(!number.is_multiple_of(50));
    let run = |event: RunEvent| (format!("run-{number}"), Event::from(event));
    match step {
        0 => run(RunEvent::Scheduled(Scheduled {
            number,
            job,
            schedule_id: number,
            schedule_at: at(due),
            worker: None,
            is_manual: number.is_multiple_of(10),
            schedule_children: true,
            origin: Origin::FollowUp { run: number },
            at: at(due),
        })),
        1 => run(RunEvent::Claimed(Claimed {
            worker,
            enqueued_at: at(due + 1),
            taken_from: None,
            at: at(due + 1),
        })),
        2 => run(RunEvent::Started(Started {
            started_at: at(due + 2),
            at: at(due + 2),
        })),
        3 => run(RunEvent::PidReported(PidReported {
            pid: 1000 + number.cast_signed() % 30_000,
            at: at(due + 2),
        })),
        4 => {
            let written = Written {
                number,
                run: number,
                content: Some(LongText::Inline("what it printed ".repeat(20))),
                at: at(due + 60),
            };
            (
                format!("run_log-{number}"),
                RunLogEvent::Written(written).into(),
            )
        }
        5 => run(RunEvent::Returned(Returned {
            returned_at: at(due + 60),
            success,
            at: at(due + 60),
        })),
        _ => {
            let counted = RunCounted {
                run: number,
                schedule_id: number,
                success,
                fails: 0,
                too_many: false,
                at: at(due + 60),
            };
            (
                format!("job-tally:{job}"),
                JobEvent::RunCounted(counted).into(),
            )
        }
    }
}
