//! Occasions by the calendar.

use super::*;

/// One row per rule: reference, expression, windows, now, and when the job runs again. All are
/// local times of Amsterdam with their distance from UTC.
#[test]
fn a_job_with_an_expression_runs_again_when_the_calendar_says() {
    for row in [
        // Counted from the reference, not from now …
        "2026-11-21T03:00+01 | 0 3 * * * | never | 2026-11-21T03:00:04+01 | 2026-11-22T03:00+01",
        "2026-11-21T08:05+01 | */5 * * * * | never | 2026-11-21T08:05:04+01 | 2026-11-21T08:10+01",
        "2026-11-21T03:00+01 | @hourly | never | 2026-11-21T03:00:04+01 | 2026-11-21T04:00+01",
        "2026-11-21T00:00+01 | @daily | never | 2026-11-21T00:00:04+01 | 2026-11-22T00:00+01",
        "2026-11-21T00:00+01 | @weekly | never | 2026-11-21T00:00:04+01 | 2026-11-22T00:00+01",
        "2026-11-21T00:00+01 | @monthly | never | 2026-11-21T00:00:04+01 | 2026-12-01T00:00+01",
        "2026-11-21T00:00+01 | @yearly | never | 2026-11-21T00:00:04+01 | 2027-01-01T00:00+01",
        "2026-11-20T03:00+01 | 0 3 * * MON-FRI | never | 2026-11-20T03:00:04+01 | 2026-11-23T03:00+01",
        "2026-11-20T03:00+01 | 0 3 1 JAN,JUL * | never | 2026-11-20T03:00:04+01 | 2027-01-01T03:00+01",
        "2026-11-20T03:00+01 | 0 3 29 2 * | never | 2026-11-20T03:00:04+01 | 2028-02-29T03:00+01",
        // … but with a first run at any time, and a run for later that is sent by hand.
        "2026-11-21T08:00:00.5+01 | 0 * * * * | never | 2026-11-21T08:00:04+01 | 2026-11-21T09:00+01",
        "2026-11-21T07:59:59.5+01 | 0 8 * * * | never | 2026-11-21T07:59:59.6+01 | 2026-11-21T08:00+01",
        "2026-11-25T08:00+01 | 0 8 * * * | never | 2026-11-21T08:00+01 | 2026-11-26T08:00+01",
        // The first or the Monday: either will do, as every cron has it.
        "2026-11-21T03:00+01 | 0 3 1 * MON | never | 2026-11-21T03:00:04+01 | 2026-11-23T03:00+01",
        // What was missed is skipped; a time that is now is not.
        "2012-01-01T01:00+01 | 0 1 * * * | never | 2026-11-21T09:05:42+01 | 2026-11-22T01:00+01",
        "2026-11-21T08:00+01 | */5 * * * * | never | 2026-11-21T08:20+01 | 2026-11-21T08:20+01",
        "2026-11-21T08:00+01 | */5 * * * * | never | 2026-11-21T08:20:00.000001+01 | 2026-11-21T08:25+01",
        // Windows are walked through, ends included, for a day.
        "2026-11-21T08:00+01 | 0 * * * * | 09:00-11:00 | 2026-11-21T08:00:04+01 | 2026-11-21T12:00+01",
        "2026-11-21T21:30+01 | 30 * * * * | 22:00-02:00 | 2026-11-21T21:30:04+01 | 2026-11-22T02:30+01",
        "2026-11-21T08:00+01 | 0 * * * * | 00:00-23:59 | 2026-11-21T08:00:04+01 | given up",
        "2026-11-21T08:00+01 | 0 8 * * * | 08:00-08:00 | 2026-11-21T08:00:04+01 | given up",
        "2026-11-21T08:00+01 | @monthly | 23:00-01:00 | 2026-11-21T08:00:04+01 | given up",
        // The day begins at the first time that is not past, however long the pause was.
        "2026-10-30T08:00+01 | 0 * * * * | 09:00-11:00 | 2026-11-21T08:30+01 | 2026-11-21T12:00+01",
        // Spring: the local hour stays …
        "2026-03-28T08:00+01 | 0 8 * * * | never | 2026-03-28T08:00:04+01 | 2026-03-29T08:00+02",
        // … one hour that the night does not have is the end of it, once, and comes back the day
        // after …
        "2026-03-28T02:30+01 | 30 2 * * * | never | 2026-03-28T02:30:04+01 | 2026-03-29T03:00+02",
        "2026-03-29T03:00+02 | 30 2 * * * | never | 2026-03-29T03:00:04+02 | 2026-03-30T02:30+02",
        // … and what comes every hour, or at several hours, goes by what clocks show.
        "2026-03-29T01:30+01 | 30 * * * * | never | 2026-03-29T01:30:04+01 | 2026-03-29T03:30+02",
        "2026-03-28T14:00+01 | 0 2,14 * * * | never | 2026-03-28T14:00:04+01 | 2026-03-29T14:00+02",
        // Autumn: an hour that comes twice is meant once …
        "2026-10-24T02:30+02 | 30 2 * * * | never | 2026-10-24T02:30:04+02 | 2026-10-25T02:30+02",
        "2026-10-25T02:30+02 | 30 2 * * * | never | 2026-10-25T02:30:04+02 | 2026-10-26T02:30+01",
        // … unless it is one of several.
        "2026-10-25T02:30+02 | 30 * * * * | never | 2026-10-25T02:30:04+02 | 2026-10-25T02:30+01",
        "2026-10-25T02:30+01 | 30 * * * * | never | 2026-10-25T02:30:04+01 | 2026-10-25T03:30+01",
        "2026-10-25T02:50+02 | */10 * * * * | never | 2026-10-25T02:50:04+02 | 2026-10-25T02:00+01",
        // Down in the second of the two hours, and up again long after.
        "2026-10-25T02:10+02 | 30 2 * * * | never | 2026-10-25T02:15+01 | 2026-10-26T02:30+01",
        // Windows are about what clocks show at the time of the run.
        "2026-03-29T01:30+01 | 30 * * * * | 03:00-04:00 | 2026-03-29T01:30:04+01 | 2026-03-29T04:30+02",
        // The search ends.
        "5001-01-01T08:00+00 | @yearly | never | 2026-11-21T08:00+01 | given up",
    ] {
        let [reference, text, excluded, now, expected] = cells(row);
        let excluded: Vec<Window> = excluded
            .split(' ')
            .filter_map(|ends| ends.split_once('-'))
            .map(window)
            .collect();
        let rhythm = cron(text);
        let job = facts(reference, &rhythm, &excluded);
        let expected = match expected {
            "given up" => FollowUp::GivenUp,
            at => FollowUp::At(time(at)),
        };
        assert_eq!(follow_up(&job, time(now), &amsterdam()), expected, "{row}");
    }
}

#[test]
fn an_invalid_expression_is_reported() {
    let rhythm = Rhythm::of(None, Some("every now and then")).unwrap();
    let job = facts("2026-11-21T08:00+01", &rhythm, &[]);
    let answer = follow_up(&job, time("2026-11-21T08:00+01"), &amsterdam());
    assert_eq!(answer, FollowUp::GivenUp);
}

#[test]
fn only_the_calendar_knows_when_a_job_begins() {
    let now = time("2026-11-21T08:00+01");
    let begins =
        |rhythm: &Rhythm, excluded: &[Window]| first_occasion(rhythm, excluded, now, &amsterdam());
    let hourly = cron("0 * * * *");
    assert_eq!(begins(&hourly, &[]), Some(time("2026-11-21T09:00+01")));
    let excluded = [window(("09:00", "10:30"))];
    let later = Some(time("2026-11-21T11:00+01"));
    assert_eq!(begins(&hourly, &excluded), later);
    assert_eq!(begins(&every(1, U::Hour), &[]), None);
    assert_eq!(begins(&Rhythm::Unreadable, &[]), None);
}

#[test]
fn a_zone_decides_when_it_is_three_in_the_morning() {
    let rhythm = cron("0 3 * * *");
    let job = facts("2026-11-21T08:00+00", &rhythm, &[]);
    for (zone, expected) in [
        (TimeZone::UTC, "2026-11-22T03:00+00"),
        (amsterdam(), "2026-11-22T03:00+01"),
        // Three o'clock in New York is the reference itself, and so not after it.
        (
            TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap(),
            "2026-11-22T03:00-05",
        ),
        (
            TimeZone::posix("IST-5:30").unwrap(),
            "2026-11-22T03:00+05:30",
        ),
    ] {
        let next = follow_up(&job, time("2026-11-21T08:00+00"), &zone);
        assert_eq!(next, FollowUp::At(time(expected)), "{zone:?}");
    }
}

/// Whether a local time matches, field by field, computed without the tested crate.
fn matches(minutes: &[u32], hours: &[u32], weekdays: Option<&[u32]>, local: DateTime) -> bool {
    let number = |part: i8| u32::from(part.unsigned_abs());
    minutes.contains(&number(local.minute()))
        && hours.contains(&number(local.hour()))
        && local.second() == 0
        && local.subsec_nanosecond() == 0
        && weekdays
            .is_none_or(|days| days.contains(&number(local.weekday().to_sunday_zero_offset())))
}

fn list(numbers: &[u32]) -> String {
    let texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
    texts.join(",")
}

proptest! {
    /// Every occasion is after the one before and not before now, matches the expression, field by
    /// field, and is the first that does.
    #[test]
    fn occasions_match_their_expression_and_none_is_left_out(
        minutes in prop::collection::btree_set(0..60_u32, 2..6),
        hours in prop::collection::btree_set(0..24_u32, 2..6),
        weekdays in prop::option::of(prop::collection::btree_set(0..7_u32, 1..4)),
        start in 1_700_000_000..1_900_000_000_i64,
        (late, nanosecond) in (0..200_000_i64, 0..1_000_000_000_i64),
    ) {
        let (minutes, hours): (Vec<u32>, Vec<u32>) =
            (minutes.into_iter().collect(), hours.into_iter().collect());
        let weekdays: Option<Vec<u32>> = weekdays.map(|days| days.into_iter().collect());
        let days = weekdays.as_deref().map_or("*".to_owned(), list);
        let rhythm = cron(&format!("{} {} * * {days}", list(&minutes), list(&hours)));
        let zone = amsterdam();
        let matches = |time: Timestamp| {
            matches(&minutes, &hours, weekdays.as_deref(), zone.to_datetime(time))
        };
        let mut reference = Timestamp::from_second(start).unwrap()
            + SignedDuration::from_nanos(nanosecond);
        let mut now = reference + SignedDuration::from_secs(late);
        for _ in 0..8 {
            let job = JobFacts {
                rhythm: Some(&rhythm),
                excluded: &[],
                open: [1].into(),
                reference: Some(reference),
            };
            let next = follow_up(&job, now, &zone);
            prop_assert_eq!(next, follow_up(&job, now, &zone));
            let FollowUp::At(next) = next else { panic!("{next:?}") };
            prop_assert!(next > reference && next >= now);
            prop_assert!(matches(next), "{next}");
            // Minute by minute from there to here, as a clock on the wall would have it.
            let mut minute = Timestamp::from_second(next.as_second() - 60).unwrap();
            while minute > reference && minute >= now && next.duration_since(minute).as_hours() < 48 {
                prop_assert!(!matches(minute), "{minute} was left out before {next}");
                minute -= SignedDuration::from_secs(60);
            }
            reference = next;
            now = next;
        }
    }

    /// A time of day that an expression names alone happens once a day, every day, also when the
    /// clocks change.
    #[test]
    fn one_time_of_day_happens_once_a_day(
        (hour, minute) in (0..24_u32, 0..60_u32),
        start in 1_700_000_000..1_900_000_000_i64,
    ) {
        let (zone, rhythm) = (amsterdam(), cron(&format!("{minute} {hour} * * *")));
        let mut reference = Timestamp::from_second(start).unwrap();
        let mut before = None;
        for _ in 0..400 {
            let job = JobFacts {
                rhythm: Some(&rhythm),
                excluded: &[],
                open: [1].into(),
                reference: Some(reference),
            };
            let FollowUp::At(next) = follow_up(&job, reference, &zone) else { panic!("none") };
            let day = zone.to_datetime(next).date();
            if let Some(before) = before {
                prop_assert_eq!(day.duration_since(before).as_hours(), 24, "{}", next);
            }
            before = Some(day);
            reference = next;
        }
    }
}

fn cron(text: &str) -> Rhythm {
    Rhythm::of(None, Some(text)).unwrap()
}
