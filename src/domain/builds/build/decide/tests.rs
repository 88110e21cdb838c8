use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::testing::stories::{
    abandoned, at, attempted, build_command, failed, out_of_memory, reported, skipped, story, usage,
};
use crate::testing::{given, laws};

use BuildCommand as C;
use BuildEvent as E;
use BuildRejection as R;

#[test]
fn a_build_may_be_reported_in_any_order() {
    let over = E::Reported(reported("success", "late"));
    given::<Build>([over])
        .when(C::Report(reported("running", "early")))
        .then([E::Reported(reported("running", "early"))]);
}

#[test]
fn a_delivery_that_comes_twice_adds_nothing() {
    given::<Build>([E::Reported(reported("running", "d"))])
        .when(C::Report(reported("success", "d")))
        .then_nothing();
}

#[test]
fn two_instances_do_not_share_a_build() {
    let from = |instance: Option<&str>, delivery| Reported {
        instance: instance.map(str::to_owned),
        ..reported("running", delivery)
    };
    let past = [
        E::Reported(from(None, "1")),
        E::Reported(from(Some("https://a"), "2")),
    ];
    let build = given::<Build>(past);
    let known = "https://a".to_owned();
    build
        .when(C::Report(from(Some("https://b"), "3")))
        .then_refuses(R::OtherInstance {
            known: known.clone(),
        });
    // Not even as a repeat: the other's delivery may be called the same.
    build
        .when(C::Report(from(Some("https://b"), "2")))
        .then_refuses(R::OtherInstance { known });
    build
        .when(C::Report(from(None, "4")))
        .then([E::Reported(from(None, "4"))]);
}

#[test]
fn a_collection_ends_once_whatever_is_reported_later() {
    let ends = [
        (
            C::RecordUsage(usage(1, "prometheus")),
            E::UsageRecorded(usage(1, "prometheus")),
        ),
        (
            C::SkipCollection(skipped(1)),
            E::CollectionSkipped(skipped(1)),
        ),
        (C::FailCollection(failed(1)), E::CollectionFailed(failed(1))),
        (
            C::AbandonCollection(abandoned(1)),
            E::CollectionAbandoned(abandoned(1)),
        ),
        (
            C::RecordOutOfMemory(out_of_memory(1)),
            E::OutOfMemory(out_of_memory(1)),
        ),
    ];
    let report = E::Reported(reported("success", "d"));
    for (command, event) in &ends {
        given::<Build>([report.clone()])
            .when(command.clone())
            .then([event.clone()]);
        let over = given::<Build>([report.clone(), event.clone()]);
        for (later, _) in &ends {
            over.when(later.clone()).then_nothing();
        }
        over.when(C::AttemptCollection(attempted(1, 1)))
            .then_nothing();
    }
}

#[test]
fn nothing_is_collected_for_a_build_without_a_report() {
    let unknown = given::<Build>([]);
    for command in [
        C::RecordUsage(usage(1, "prometheus")),
        C::SkipCollection(skipped(1)),
        C::AttemptCollection(attempted(1, 1)),
        C::FailCollection(failed(1)),
        C::AbandonCollection(abandoned(1)),
        C::RequeueCollection { at: at(1) },
        C::RecordOutOfMemory(out_of_memory(1)),
    ] {
        unknown.when(command).then_refuses(R::Unknown);
    }
}

#[test]
fn an_import_needs_no_report() {
    let imported = usage(1, "import:gantry");
    given::<Build>([])
        .when(C::RecordUsage(imported.clone()))
        .then([E::UsageRecorded(imported)]);
}

#[test]
fn an_attempt_is_noted_once() {
    let past = [
        E::Reported(reported("success", "d")),
        E::CollectionAttempted(attempted(1, 1)),
    ];
    let build = given::<Build>(past);
    build
        .when(C::AttemptCollection(attempted(1, 1)))
        .then_nothing();
    build
        .when(C::AttemptCollection(attempted(1, 2)))
        .then([E::CollectionAttempted(attempted(1, 2))]);
}

#[test]
fn a_requeue_begins_the_next_collection_unless_one_is_open_or_usage_is_known() {
    let report = E::Reported(reported("success", "d"));
    let requeue = |second| C::RequeueCollection { at: at(second) };
    let requeued = |collection, second| {
        E::CollectionRequeued(CollectionRequeued {
            collection,
            at: at(second),
        })
    };
    given::<Build>([report.clone()])
        .when(requeue(1))
        .then_nothing();

    let past = [report.clone(), E::CollectionSkipped(skipped(1))];
    given::<Build>(past.clone())
        .when(requeue(1))
        .then([requeued(2, 1)]);

    let again = given::<Build>(
        past.into_iter()
            .chain([requeued(2, 1), E::CollectionFailed(failed(2))]),
    );
    again.when(requeue(1)).then_nothing();
    again.when(requeue(2)).then([requeued(3, 2)]);
    again.when(C::SkipCollection(skipped(1))).then_nothing();

    given::<Build>([report, E::UsageRecorded(usage(1, "prometheus"))])
        .when(requeue(1))
        .then_refuses(R::UsageRecorded);
}

#[test]
fn a_collection_that_was_not_begun_has_no_outcome() {
    let build = given::<Build>([E::Reported(reported("success", "d"))]);
    for collection in [0, 2, u32::MAX] {
        build
            .when(C::SkipCollection(skipped(collection)))
            .then_refuses(R::NoSuchCollection {
                collection,
                last: 1,
            });
    }
}

/// JSON writes such a number as `null`, which cannot be read back as a number.
#[test]
fn a_number_that_cannot_be_written_is_refused() {
    let build = given::<Build>([E::Reported(reported("success", "d"))]);
    let mut data = usage(1, "prometheus");
    data.memory.stddev = f64::NAN;
    build
        .when(C::RecordUsage(data))
        .then_refuses(R::NotFinite { field: "stddev" });
    let mut data = usage(1, "prometheus");
    data.cpu.limit = Some(f64::INFINITY);
    build
        .when(C::RecordUsage(data))
        .then_refuses(R::NotFinite { field: "limit" });
    let mut data = out_of_memory(1);
    data.memory_peak = Some(f64::NEG_INFINITY);
    build
        .when(C::RecordOutOfMemory(data))
        .then_refuses(R::NotFinite {
            field: "memory_peak",
        });
}

proptest! {
    #[test]
    fn a_builds_history_repeated_adds_nothing(story in story(build_command())) {
        laws::telling_twice_adds_nothing::<Build>(story);
    }

    #[test]
    fn a_builds_history_equals_its_decisions(story in story(build_command())) {
        laws::history_tells_the_same_as_the_decisions::<Build>(story);
    }

    /// However outcomes, attempts and requeues interleave.
    #[test]
    fn every_collection_ends_at_most_once_and_usage_ends_them_all(story in story(build_command())) {
        let (events, _) = laws::tell(&mut Build::default(), story);
        let (mut last, mut ends, mut usages) = (1, BTreeMap::<u32, u32>::new(), 0);
        for event in events {
            let ended = match event {
                E::Reported(_) => continue,
                E::CollectionAttempted(data) => {
                    prop_assert_eq!((data.collection, ends.get(&last)), (last, None));
                    continue;
                }
                E::CollectionRequeued(data) => {
                    prop_assert_eq!(ends.get(&last), Some(&1), "requeued while open");
                    prop_assert_eq!(usages, 0, "requeued after usage");
                    last += 1;
                    prop_assert_eq!(data.collection, last);
                    continue;
                }
                E::UsageRecorded(data) => {
                    usages += 1;
                    data.collection
                }
                E::CollectionSkipped(data) => data.collection,
                E::CollectionFailed(data) => data.collection,
                E::CollectionAbandoned(data) => data.collection,
                E::OutOfMemory(data) => data.collection,
            };
            prop_assert_eq!(ended, last, "an outcome of another collection");
            *ends.entry(ended).or_default() += 1;
            prop_assert_eq!(ends[&ended], 1, "a second outcome");
        }
        prop_assert!(usages <= 1);
    }

    /// Not even a log that no decider of ours has written.
    #[test]
    fn no_history_makes_a_build_panic(
        parts in prop::collection::vec((story(build_command()), any::<u32>()), 0..4),
        command in build_command(),
    ) {
        let mut build = Build::default();
        for (story, collection) in parts {
            let (events, _) = laws::tell(&mut Build::default(), story);
            for event in &events {
                build.evolve(event);
            }
            build.evolve(&E::CollectionRequeued(CollectionRequeued { collection, at: at(9) }));
        }
        let _ = build.decide(command);
    }
}
