//! Dates as the old server reads and writes them: local times without an offset go out, and all
//! kinds come in.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

/// Writes a moment as the clock on the server's wall shows it: `2026-11-21T09:05:42.966390`,
/// without the fraction when it is zero.
pub(crate) fn write(at: Timestamp, zone: &TimeZone) -> String {
    let local = zone.to_datetime(at);
    let whole = local.strftime("%Y-%m-%dT%H:%M:%S");
    match local.subsec_nanosecond() / 1000 {
        0 => whole.to_string(),
        micros => format!("{whole}.{micros:06}"),
    }
}

/// Reads `YYYY-MM-DD`, or `YYYY-MM-DD HH:MM[:SS[.ffffff]]` with a blank or a `T` between them, and
/// then nothing, `Z`, `+HH:MM`, `+HHMM` or `+HH`. Nothing means the server's own time; of a time
/// that was twice the earlier one is meant, and one that never was is the one an hour later.
pub(crate) fn read(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let mut rest = text.as_bytes();
    let date = read_date(&mut rest)?;
    let (time, offset) = match rest.split_first() {
        None => (Time::midnight(), None),
        Some((b' ' | b'T', after)) => {
            rest = after;
            let time = read_time(&mut rest)?;
            (time, read_offset(rest)?)
        }
        Some(_) => return None,
    };
    let local = DateTime::from_parts(date, time);
    let at = match offset {
        Some(offset) => offset.to_timestamp(local).ok()?,
        None => zone.to_timestamp(local).ok()?,
    };
    // What is written must be readable again, whatever the zone makes of it.
    (1..=9999)
        .contains(&zone.to_datetime(at).year())
        .then_some(at)
}

fn read_date(rest: &mut &[u8]) -> Option<Date> {
    let year = digits(rest, 4)?;
    literal(rest, b'-')?;
    let month = digits(rest, 2)?;
    literal(rest, b'-')?;
    let day = digits(rest, 2)?;
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(i16::try_from(year).ok()?, month, day)
        .ok()
        .filter(|date| date.year() > 0)
}

fn read_time(rest: &mut &[u8]) -> Option<Time> {
    let hour = digits(rest, 2)?;
    literal(rest, b':')?;
    let minute = digits(rest, 2)?;
    let mut second = 0;
    let mut micros = 0;
    if literal(rest, b':').is_some() {
        second = digits(rest, 2)?;
        if literal(rest, b'.').is_some() {
            let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            if !(1..=6).contains(&count) {
                return None;
            }
            let missing = u32::try_from(6 - count).ok()?;
            micros = digits(rest, count)? * 10_i32.pow(missing);
        }
    }
    let part = |number: i32| i8::try_from(number).ok();
    Time::new(part(hour)?, part(minute)?, part(second)?, micros * 1000).ok()
}

/// What follows a time: nothing, or an offset and nothing else.
#[expect(
    clippy::option_option,
    reason = "no offset is one of the forms, and another than to be none"
)]
fn read_offset(mut rest: &[u8]) -> Option<Option<Offset>> {
    let sign = match rest.split_first() {
        None => return Some(None),
        Some((b'Z', [])) => return Some(Some(Offset::UTC)),
        Some((b'+', after)) => {
            rest = after;
            1
        }
        Some((b'-', after)) => {
            rest = after;
            -1
        }
        Some(_) => return None,
    };
    let hours = digits(&mut rest, 2).filter(|hours| *hours < 24)?;
    let minutes = if rest.is_empty() {
        0
    } else {
        let _ = literal(&mut rest, b':');
        digits(&mut rest, 2).filter(|minutes| *minutes < 60)?
    };
    if !rest.is_empty() {
        return None;
    }
    let seconds = sign * (hours * 60 + minutes) * 60;
    Offset::from_seconds(seconds).ok().map(Some)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i32> {
    let (digits, after) = rest.split_at_checked(count)?;
    let number = digits.iter().try_fold(0, |number, &b| {
        b.is_ascii_digit()
            .then(|| number * 10 + i32::from(b - b'0'))
    })?;
    *rest = after;
    Some(number)
}

fn literal(rest: &mut &[u8], expected: u8) -> Option<()> {
    let (_, after) = rest.split_first().filter(|(b, _)| **b == expected)?;
    *rest = after;
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amsterdam() -> TimeZone {
        TimeZone::get("Europe/Amsterdam").unwrap()
    }

    #[test]
    fn every_form_of_a_moment_is_that_moment() {
        for (text, expected) in [
            (
                "2026-11-21 07:59:29.103408+00:00",
                "2026-11-21T07:59:29.103408Z",
            ),
            ("2026-11-21 07:59:29+00:00", "2026-11-21T07:59:29Z"),
            ("2026-11-21T07:59:29Z", "2026-11-21T07:59:29Z"),
            ("2026-11-21 09:59:29+0200", "2026-11-21T07:59:29Z"),
            ("2026-11-21 09:59:29+02", "2026-11-21T07:59:29Z"),
            ("2026-11-21 02:29:29-05:30", "2026-11-21T07:59:29Z"),
            ("2026-11-21T08:59:29.5", "2026-11-21T07:59:29.5Z"),
            ("2026-11-21 08:59", "2026-11-21T07:59:00Z"),
            ("2026-11-21", "2026-11-20T23:00:00Z"),
            ("2026-07-01 00:00", "2026-06-30T22:00:00Z"),
            // The repeated hour, and the skipped one.
            ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
            ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
        ] {
            let expected = expected.parse().unwrap();
            assert_eq!(read(text, &amsterdam()), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            " ",
            "now",
            "2026-11-21T",
            "2026-11-21 ",
            "2026-11-21 07",
            "2026-11-21 07:59:",
            "2026-11-21 07:59:29.",
            "2026-11-21 07:59:29.1034081",
            "2026-11-21 07:59:29 +00:00",
            "2026-11-21 07:59:29+0",
            "2026-11-21 07:59:29+00:0",
            "2026-11-21 07:59:29+24:00",
            "2026-11-21 07:59:29+00:60",
            "2026-11-21 07:59:29Z ",
            "2026-11-21  07:59:29",
            "2026-11-21t07:59:29",
            "2026-11-21 24:00",
            "2026-11-21 07:60",
            "2026-11-21 07:59:60",
            "2026-02-30",
            "2026-13-01",
            "0000-01-01",
            "26-11-21",
            "+2026-11-21",
            "2026-11-2١",
            "9999-12-31 23:59:59-23:59",
            "0001-01-01 00:00:00+23:59",
        ] {
            assert_eq!(read(text, &amsterdam()), None, "{text:?}");
        }
    }

    #[test]
    fn a_moment_is_written_as_the_wall_clock_shows_it() {
        for (at, expected) in [
            ("2012-01-01T00:00:00Z", "2012-01-01T01:00:00"),
            ("2026-11-21T08:05:42.966390Z", "2026-11-21T09:05:42.966390"),
            ("2026-07-01T08:00:00.000001Z", "2026-07-01T10:00:00.000001"),
        ] {
            assert_eq!(write(at.parse().unwrap(), &amsterdam()), expected);
        }
        let at = "2012-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(write(at, &TimeZone::UTC), "2012-01-01T00:00:00");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,40}") {
            let _ = read(&text, &amsterdam());
        }

        #[test]
        fn what_is_written_in_utc_is_read_again(
            micros in -62_135_596_800_000_000_i64..253_370_764_800_000_000,
        ) {
            let at = Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(read(&write(at, &TimeZone::UTC), &TimeZone::UTC), Some(at));
        }

        #[test]
        fn numbers_in_the_right_places_are_a_moment_or_none(
            parts in prop::collection::vec(0_u32..100, 8), sign in "[+-]", blank in "[ T]",
        ) {
            let [y, c, mo, d, h, mi, s, o] = parts[..] else { unreachable!() };
            let text = format!("{y:02}{c:02}-{mo:02}-{d:02}{blank}{h:02}:{mi:02}:{s:02}{sign}{o:02}:00");
            if let Some(at) = read(&text, &amsterdam()) {
                prop_assert!(!write(at, &amsterdam()).starts_with('-'));
            }
        }
    }
}
