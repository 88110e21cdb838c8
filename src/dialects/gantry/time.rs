//! The spellings of time that GitLab has used.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The longest text that can be a time.
const TIME_BYTES_MAX: usize = 64;

/// Reads `2024-01-24 17:24:06 UTC`, `2024-01-24T17:24:06.000Z`, `2024-01-24 17:24:06 +0000` and
/// mixtures of these. A time without an offset is UTC, as in GitLab.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > TIME_BYTES_MAX {
        return None;
    }
    let plain = text
        .strip_suffix("UTC")
        .or_else(|| text.strip_suffix("GMT"))
        .map(str::trim_end);
    if let Some(utc) = plain {
        return civil(utc);
    }
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    match text.rsplit_once(' ') {
        // An offset after a space, as in `17:24:06 +0000`.
        Some((time, offset)) if offset.starts_with(['+', '-']) => {
            format!("{time}{offset}").parse().ok()
        }
        _ => civil(text),
    }
}

fn civil(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    // A bare date is a day, not a moment.
    let is_moment = text.contains(':');
    let zoned = is_moment.then(|| civil.to_zoned(TimeZone::UTC))?;
    zoned.ok().map(|zoned| zoned.timestamp())
}

/// Of two spellings of one moment, the finer.
pub(crate) fn finer(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other))
            if one.subsec_nanosecond() == 0 && other.subsec_nanosecond() != 0 =>
        {
            Some(other)
        }
        (Some(one), _) => Some(one),
        (None, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_moment_is_that_moment() {
        for text in [
            "2024-01-24 17:24:06 UTC",
            "2024-01-24T17:24:06Z",
            "2024-01-24T17:24:06.000Z",
            "2024-01-24T17:24:06.000000Z",
            "2024-01-24T17:24:06 UTC",
            "2024-01-24 17:24:06 +0000",
            "2024-01-24 17:24:06 -0000",
            "2024-01-24T17:24:06+00:00",
            "2024-01-24T19:24:06+02:00",
            "2024-01-24 19:24:06 +0200",
            "2024-01-24T17:24:06",
            "2024-01-24 17:24:06",
            " 2024-01-24 17:24:06 UTC\n",
        ] {
            let expected = "2024-01-24T17:24:06Z".parse().unwrap();
            assert_eq!(parse(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "yesterday",
            "2024-01-24",
            "2024-13-24 17:24:06 UTC",
            "UTC",
            "0",
            "17:24:06",
            "\u{0}",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_finer_of_two_spellings_counts() {
        let [coarse, fine] = ["2024-01-24T17:24:06Z", "2024-01-24T17:24:06.318Z"].map(parse);
        let [later, later_fine] = ["2024-01-24T17:24:07Z", "2024-01-24T17:24:07.5Z"].map(parse);
        for (one, other, expected) in [
            (coarse, fine, fine),
            (fine, coarse, fine),
            // Neither is finer: the first counts.
            (coarse, later, coarse),
            (fine, later_fine, fine),
            (coarse, None, coarse),
            (None, coarse, coarse),
            (None, None, None),
        ] {
            assert_eq!(finer(one, other), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in ".{0,80}") {
            let _ = parse(&text);
        }
    }
}
