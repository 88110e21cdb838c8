//! Runs of a made-up farm: of jobs that are numbered from 1, executed by workers that are numbered
//! from 1.

use domain::core::numbers::{NumbersEvent, Taken};
use domain::jobs::run::{Claimed, Origin, PidReported, Returned, RunEvent, Scheduled, Started};
use eventlog::Append;
use jiff::{SignedDuration, Timestamp};

use super::{BEGINNING, append, time};

/// How many jobs and workers there are.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub jobs: u64,
    pub workers: u64,
}

impl Size {
    /// The history of a run that is over, from its plan to its return.
    #[must_use]
    pub fn finished(self, number: u64) -> Append {
        let due = time(BEGINNING + number.cast_signed() / 4);
        self.over(number, due, 60, !number.is_multiple_of(50))
    }

    /// The same, with the time at which it was due, how many seconds it took, and whether it went
    /// well.
    #[must_use]
    pub fn over(self, number: u64, due: Timestamp, seconds: i64, success: bool) -> Append {
        let after = |seconds| due + SignedDuration::from_secs(seconds);
        let worker = number % self.workers + 1;
        let events = vec![
            self.scheduled(number, due, false),
            RunEvent::Claimed(Claimed {
                worker,
                enqueued_at: after(1),
                taken_from: None,
                at: after(1),
            }),
            RunEvent::Started(Started {
                started_at: after(2),
                at: after(2),
            }),
            RunEvent::PidReported(PidReported {
                pid: 1000 + number.cast_signed() % 30_000,
                at: after(2),
            }),
            RunEvent::Returned(Returned {
                returned_at: after(seconds),
                success: Some(success),
                at: after(seconds),
            }),
        ];
        append("run", &number.to_string(), events, due)
    }

    /// The plan of an unclaimed run that is due at some time.
    #[must_use]
    pub fn waiting(self, number: u64, due: Timestamp) -> Append {
        let planned = vec![self.scheduled(number, due, true)];
        append("run", &number.to_string(), planned, time(BEGINNING))
    }

    fn scheduled(self, number: u64, due: Timestamp, is_manual: bool) -> RunEvent {
        RunEvent::Scheduled(Scheduled {
            number,
            job: number % self.jobs + 1,
            schedule_id: number,
            schedule_at: due,
            worker: None,
            is_manual,
            schedule_children: true,
            origin: Origin::Asked,
            at: due,
        })
    }
}

/// Runs have got the numbers up to this one.
#[must_use]
pub fn numbered(last: u64) -> Append {
    numbers("run", last, time(BEGINNING))
}

/// Things of a kind have got the numbers up to this one.
pub(super) fn numbers(kind: &str, last: u64, at: Timestamp) -> Append {
    let taken = Taken {
        first: 1,
        count: last,
        at,
    };
    append("numbers", kind, vec![NumbersEvent::Taken(taken)], at)
}
