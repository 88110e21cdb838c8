use proptest::prelude::*;

use super::*;

#[test]
fn an_interval_counts_minutes_hours_days_or_the_days_of_months() {
    use IntervalUnit as U;

    for (from, count, unit, expected) in [
        ("2026-11-21T23:59", 1, U::Minute, Some("2026-11-22T00:00")),
        ("2026-11-21T08:00", 90, U::Minute, Some("2026-11-21T09:30")),
        ("2026-11-21T08:00", 25, U::Hour, Some("2026-11-22T09:00")),
        ("2028-02-28T08:00", 2, U::Day, Some("2028-03-01T08:00")),
        ("2026-01-01T08:00", 1, U::Month, Some("2026-02-01T08:00")),
        ("2026-01-01T08:00", 2, U::Month, Some("2026-03-01T08:00")),
        ("2026-01-31T08:00", 1, U::Month, Some("2026-03-03T08:00")),
        ("2028-01-31T08:00", 1, U::Month, Some("2028-03-02T08:00")),
        ("2026-12-15T08:00", 1, U::Month, Some("2027-01-15T08:00")),
        ("9999-12-31T08:00", 1, U::Day, None),
        ("2026-01-01T08:00", u32::MAX, U::Month, None),
        ("2026-01-01T08:00", u32::MAX, U::Day, None),
    ] {
        let after = interval(count, unit).after(time(from));
        assert_eq!(after, expected.map(time), "{from} + {count} {unit:?}");
    }
}

#[test]
fn both_parts_of_an_interval_are_needed() {
    use IntervalUnit::Day;

    assert_eq!(Interval::of(None, Some(Day)), None);
    assert_eq!(Interval::of(Some(1), None), None);
    assert_eq!(Interval::of(Some(0), Some(Day)), None);
    assert_eq!(Interval::of(Some(1), Some(Day)), Some(interval(1, Day)));
}

#[test]
fn a_units_name_on_the_wire_reads_back() {
    use IntervalUnit as U;

    for unit in [U::Minute, U::Hour, U::Day, U::Month] {
        assert_eq!(U::from_wire(unit.wire()), Some(unit));
    }
    for name in ["", "day", "WEEK"] {
        assert_eq!(U::from_wire(name), None, "{name}");
    }
}

proptest! {
    /// The jump over what was missed lands where a walk through it would.
    #[test]
    fn what_was_missed_is_skipped_in_whole_intervals(
        count in 1..500_u32,
        unit in prop::sample::select(vec![
            IntervalUnit::Minute, IntervalUnit::Hour, IntervalUnit::Day, IntervalUnit::Month,
        ]),
        seconds in -100_000..20_000_000_i64,
    ) {
        let (interval, reference) = (interval(count, unit), time("2026-03-29T01:30"));
        let now = reference + SignedDuration::from_secs(seconds);
        let mut walked = interval.after(reference).unwrap();
        while walked < now {
            walked = interval.after(walked).unwrap();
        }
        prop_assert_eq!(interval.first_not_before(reference, now), Some(walked));
    }
}

fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn interval(count: u32, unit: IntervalUnit) -> Interval {
    Interval::of(Some(count), Some(unit)).unwrap()
}
