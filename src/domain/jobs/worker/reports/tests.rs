use proptest::prelude::*;

use super::*;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use ReportCommand as C;
use WorkerEvent as E;

#[test]
fn what_a_worker_repeats_is_noted_once() {
    given::<Reports>([])
        .when(C::Report(ping(1, 1)))
        .then([E::Reported(ping(1, 1))]);
    let worker = given::<Reports>([E::Reported(ping(1, 1))]);
    worker.when(C::Report(ping(1, 2))).then_nothing();
    worker
        .when(C::Report(ping(2, 2)))
        .then([E::Reported(ping(2, 2))]);
    worker
        .when(C::Report(Reported::nothing(at(3))))
        .then_nothing();
    let emptied = Reported {
        concurrent_jobs: Some(None),
        ..Reported::nothing(at(3))
    };
    worker
        .when(C::Report(emptied.clone()))
        .then([E::Reported(emptied)]);
}

#[test]
fn a_long_version_is_refused() {
    let max = Reports::VERSION_CHARS_MAX;
    let version = |length| Reported {
        worker_version: Some(Some("é".repeat(length))),
        ..ping(1, 1)
    };
    given::<Reports>([])
        .when(C::Report(version(max)))
        .then([E::Reported(version(max))]);
    given::<Reports>([])
        .when(C::Report(version(max + 1)))
        .then_refuses(ReportRejection::VersionTooLong { max });
}

proptest! {
    #[test]
    fn the_history_of_reports_equals_its_decisions(times in story((0..4_i64, 0..4_i64))) {
        let story: Vec<_> = times.into_iter().map(|(then, now)| C::Report(ping(then, now))).collect();
        laws::saying_twice_adds_nothing::<Reports>(story.clone());
        laws::history_tells_the_same_as_the_decisions::<Reports>(story);
    }
}

fn ping(then: i64, now: i64) -> Reported {
    Reported {
        ping_response_at: Some(Some(at(then))),
        worker_version: Some(Some("2.1.2".to_owned())),
        concurrent_jobs: Some(Some(4)),
        at: at(now),
    }
}
