use proptest::prelude::*;

use super::*;
use crate::jobs::schedule::IntervalUnit as U;

/// One row per rule: reference, interval, windows, now, and when the job runs again. All are local
/// times of Amsterdam with their distance from UTC.
#[test]
fn a_job_runs_again_when_the_rules_say() {
    for row in [
        // The next occasion is counted from the reference, not from now.
        "2026-11-21T08:00+01 | 1 DAY | never | 2026-11-21T08:00:04+01 | 2026-11-22T08:00+01",
        "2026-11-21T08:00+01 | 5 MINUTE | never | 2026-11-21T08:00:04+01 | 2026-11-21T08:05+01",
        "2026-11-21T08:00+01 | 3 HOUR | never | 2026-11-21T08:00:04+01 | 2026-11-21T11:00+01",
        "2026-11-21T08:00+01 | 1 MONTH | never | 2026-11-21T08:00:04+01 | 2026-12-21T08:00+01",
        "2026-01-31T08:00+01 | 1 MONTH | never | 2026-01-31T08:00:04+01 | 2026-03-03T08:00+01",
        // A run for later that is sent by hand: not before one interval has passed.
        "2026-11-25T08:00+01 | 1 DAY | never | 2026-11-21T08:00+01 | 2026-11-26T08:00+01",
        // What was missed is skipped; a time that is now is not.
        "2012-01-01T01:00+01 | 1 DAY | never | 2026-11-21T09:05:42+01 | 2026-11-22T01:00+01",
        "2026-11-21T08:00+01 | 5 MINUTE | never | 2026-11-21T08:17+01 | 2026-11-21T08:20+01",
        "2026-11-21T08:00+01 | 5 MINUTE | never | 2026-11-21T08:20+01 | 2026-11-21T08:20+01",
        "2026-11-21T08:00+01 | 5 MINUTE | never | 2026-11-21T08:20:00.000001+01 | 2026-11-21T08:25+01",
        "2026-01-31T08:00+01 | 1 MONTH | never | 2026-06-01T00:00+02 | 2026-06-03T08:00+02",
        // Windows are walked through, ends included.
        "2026-11-21T08:00+01 | 1 HOUR | 09:00-11:00 | 2026-11-21T08:00:04+01 | 2026-11-21T12:00+01",
        "2026-11-21T21:30+01 | 1 HOUR | 22:00-02:00 | 2026-11-21T21:30:04+01 | 2026-11-22T02:30+01",
        "2026-11-21T08:00+01 | 1 HOUR | 09:00-09:30 10:00-10:00 | 2026-11-21T08:00:04+01 | 2026-11-21T11:00+01",
        "2026-11-21T08:00+01 | 1 DAY | 07:00-07:59 | 2026-11-21T08:00:04+01 | 2026-11-22T08:00+01",
        // … for one day, and then mail is sent.
        "2026-11-21T08:00+01 | 1 HOUR | 00:00-23:59 | 2026-11-21T08:00:04+01 | given up",
        "2026-11-21T08:00+01 | 1 DAY | 08:00-08:00 | 2026-11-21T08:00:04+01 | given up",
        "2026-11-21T08:00+01 | 1 MONTH | 07:00-09:00 | 2026-11-21T08:00:04+01 | given up",
        // A step is taken from an excluded time that is one day after the first, and from none
        // later.
        "2026-03-27T01:30+01 | 24 HOUR | 01:00-02:00 | 2026-03-27T01:30:04+01 | 2026-03-30T02:30+02",
        "2026-11-20T08:00+01 | 25 HOUR | 09:00-10:30 | 2026-11-20T08:00:04+01 | given up",
        // The day begins at the first time that is not past, however long the pause was.
        "2026-10-30T08:00+01 | 1 HOUR | 09:00-11:00 | 2026-11-21T08:30+01 | 2026-11-21T12:00+01",
        // Spring: days and months keep the local hour, hours and minutes their distance.
        "2026-03-28T08:00+01 | 1 DAY | never | 2026-03-28T08:00:04+01 | 2026-03-29T08:00+02",
        "2026-03-01T08:00+01 | 1 MONTH | never | 2026-03-01T08:00:04+01 | 2026-04-01T08:00+02",
        "2026-03-01T00:30+01 | 2 MONTH | never | 2026-03-01T08:00:04+01 | 2026-05-01T00:30+02",
        "2026-03-29T01:30+01 | 1 HOUR | never | 2026-03-29T01:30:04+01 | 2026-03-29T03:30+02",
        "2026-03-29T01:59+01 | 1 MINUTE | never | 2026-03-29T01:59:04+01 | 2026-03-29T03:00+02",
        "2026-03-28T08:30+01 | 24 HOUR | never | 2026-03-28T08:30:04+01 | 2026-03-29T09:30+02",
        // An hour that the spring night does not have: one earlier, from then on.
        "2026-03-28T02:30+01 | 1 DAY | never | 2026-03-28T02:30:04+01 | 2026-03-29T01:30+01",
        "2026-03-29T01:30+01 | 1 DAY | never | 2026-03-29T01:30:04+01 | 2026-03-30T01:30+02",
        // Autumn.
        "2026-10-24T08:00+02 | 1 DAY | never | 2026-10-24T08:00:04+02 | 2026-10-25T08:00+01",
        "2026-10-01T00:30+02 | 2 MONTH | never | 2026-10-01T08:00:04+02 | 2026-12-01T00:30+01",
        "2026-10-25T02:30+02 | 1 HOUR | never | 2026-10-25T02:30:04+02 | 2026-10-25T02:30+01",
        "2026-10-25T02:30+01 | 1 HOUR | never | 2026-10-25T02:30:04+01 | 2026-10-25T03:30+01",
        "2026-10-25T02:59+02 | 1 MINUTE | never | 2026-10-25T02:59:04+02 | 2026-10-25T02:00+01",
        // An hour that the autumn night has twice: the first.
        "2026-10-24T02:30+02 | 1 DAY | never | 2026-10-24T02:30:04+02 | 2026-10-25T02:30+02",
        "2026-10-25T02:30+02 | 1 DAY | never | 2026-10-25T02:30:04+02 | 2026-10-26T02:30+01",
        // Windows are about what clocks show at the time of the run.
        "2026-03-28T08:00+01 | 1 DAY | 08:30-09:30 | 2026-03-28T08:00:04+01 | 2026-03-29T08:00+02",
        "2026-03-29T01:30+01 | 1 HOUR | 02:00-03:00 | 2026-03-29T01:30:04+01 | 2026-03-29T03:30+02",
        "2026-03-29T01:30+01 | 1 HOUR | 03:00-04:00 | 2026-03-29T01:30:04+01 | 2026-03-29T04:30+02",
        // Time ends.
        "9999-12-30T08:00+00 | 1 MONTH | never | 2026-11-21T08:00+01 | given up",
    ] {
        let [reference, interval, excluded, now, expected] = cells(row);
        let (count, unit) = interval.split_once(' ').unwrap();
        let excluded: Vec<Window> = excluded
            .split(' ')
            .filter_map(|ends| ends.split_once('-'))
            .map(window)
            .collect();
        let unit = U::from_wire(unit).unwrap();
        let rhythm = every(count.parse().unwrap(), unit);
        let job = facts(reference, &rhythm, &excluded);
        let expected = match expected {
            "given up" => FollowUp::GivenUp,
            at => FollowUp::At(time(at)),
        };
        assert_eq!(follow_up(&job, time(now), &amsterdam()), expected, "{row}");
    }
}

#[test]
fn only_the_last_open_occasion_is_followed() {
    let rhythm = every(1, U::Day);
    let mut job = facts("2026-11-21T08:00+01", &rhythm, &[]);
    let ask = |job: &JobFacts<'_>| follow_up(job, time("2026-11-21T08:00+01"), &amsterdam());
    job.open = [1, 2].into();
    assert_eq!(ask(&job), FollowUp::AnotherIsOpen);
    job.open = [2].into();
    assert!(matches!(ask(&job), FollowUp::At(_)));
    job.open.clear();
    assert!(matches!(ask(&job), FollowUp::At(_)));
}

#[test]
fn a_job_without_rhythm_or_reference_does_not_repeat() {
    let rhythm = every(1, U::Day);
    let whole = facts("2026-11-21T08:00+01", &rhythm, &[]);
    for job in [
        JobFacts {
            rhythm: None,
            ..whole.clone()
        },
        JobFacts {
            reference: None,
            ..whole
        },
    ] {
        let answer = follow_up(&job, time("2026-11-21T08:00+01"), &amsterdam());
        assert_eq!(answer, FollowUp::DoesNotRepeat);
    }
}

mod cron;

proptest! {
    /// Every occasion is later than the one before, so that a job never runs on the spot for ever;
    /// and never in a window.
    #[test]
    fn occasions_follow_each_other(
        count in 1..100_u32,
        unit in prop::sample::select(vec![U::Minute, U::Hour, U::Day, U::Month]),
        start in 1_700_000_000..1_900_000_000_i64,
        (from, until) in ("([01][0-9]|2[0-3]):[0-5][0-9]", "([01][0-9]|2[0-3]):[0-5][0-9]"),
    ) {
        let (zone, excluded) = (amsterdam(), [window((&from, &until))]);
        let rhythm = every(count, unit);
        let mut reference = Timestamp::from_second(start).unwrap();
        for _ in 0..20 {
            let job = JobFacts {
                rhythm: Some(&rhythm),
                excluded: &excluded,
                open: [1].into(),
                reference: Some(reference),
            };
            let FollowUp::At(next) = follow_up(&job, reference, &zone) else { break };
            prop_assert!(next > reference, "{next} after {reference}");
            if !unit.keeps_local_time() {
                prop_assert!(!excluded[0].contains(zone.to_datetime(next).time()));
            }
            reference = next;
        }
    }
}

/// The rules of Amsterdam's clocks, written out, so that no file of the machine is read.
fn amsterdam() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn window((from, until): (&str, &str)) -> Window {
    Window {
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
    }
}

fn every(count: u32, unit: U) -> Rhythm {
    Rhythm::Every(Interval::of(Some(count), Some(unit)).unwrap())
}

fn facts<'a>(reference: &str, rhythm: &'a Rhythm, excluded: &'a [Window]) -> JobFacts<'a> {
    JobFacts {
        rhythm: Some(rhythm),
        excluded,
        open: [1].into(),
        reference: Some(time(reference)),
    }
}

fn cells(row: &str) -> [&str; 5] {
    let cells: Vec<&str> = row.split(" | ").collect();
    cells.try_into().unwrap()
}
