use std::collections::BTreeMap;

use super::*;

const SEED: u64 = 7;

#[test]
fn the_demo_is_of_today_and_the_same_for_the_same_time() {
    let now: Timestamp = "2027-03-04T05:06:07Z".parse().unwrap();
    let made: Vec<_> = history(SEED, 300, now).collect();
    assert_eq!(made, history(SEED, 300, now).collect::<Vec<_>>());
    let first = beginning(300, now);
    for append in &made {
        for event in &append.events {
            let at = event.recorded_at.unwrap();
            assert!((first..=now).contains(&at), "{}: {at}", append.stream);
        }
    }
}

#[test]
fn builds_fail_run_out_of_memory_and_are_tried_again() {
    let now = "2027-03-04T05:06:07Z".parse().unwrap();
    let mut types = BTreeMap::<String, usize>::new();
    for event in history(SEED, 2000, now).flat_map(|append| append.events) {
        *types.entry(event.event_type.to_string()).or_default() += 1;
    }
    for (event_type, least) in [
        ("build.reported", 1990),
        ("build.out_of_memory", 25),
        ("build.collection_skipped", 70),
        ("build.usage_recorded", 1500),
        ("run.returned", 72),
        ("run_log.written", 72),
    ] {
        let count = types.get(event_type).copied().unwrap_or_default();
        assert!(count >= least, "{event_type}: {count}");
    }
    for index in 1..2000 {
        let failed = !matches!(Ending::of(index - 1), Ending::Success | Ending::Retried);
        assert_eq!(Ending::of(index) == Ending::Retried, failed, "{index}");
    }
}
