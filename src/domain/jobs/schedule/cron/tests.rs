mod zones;

use proptest::prelude::*;

use super::*;

#[test]
fn what_people_write_is_read() {
    for text in [
        "* * * * *",
        "0 3 * * *",
        "*/5 9-17 * * MON-FRI",
        "0,30 0 1,15 jan-mar *",
        "0 3 * * 7",
        "0 3 L * *",
        "0 3 * * FRI#1",
        "0 3 15W * *",
        "  0   3 *\t* *  ",
        "@hourly",
        "@daily",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
        "@DAILY",
        "0 0 29 2 *",
        "0 0 29 2 +MON",
    ] {
        assert!(Cron::parse(text).is_ok(), "{text}: {:?}", Cron::parse(text));
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    for text in [
        "",
        " ",
        "@",
        "@reboot",
        "@fortnightly",
        "daily",
        "* * * *",
        "0 * * * * *",
        "0 0 * * * * 2026",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "-1 * * * *",
        "a * * * *",
        "99999999999999999999 * * * *",
        "* * * * MON\0",
        "٣ * * * *",
    ] {
        let refused = Cron::parse(text);
        assert!(
            matches!(refused, Err(CronRejection::Unreadable(_))),
            "{text}: {refused:?}"
        );
    }
    let long = format!("{}* * * * *", " ".repeat(CRON_BYTES_MAX));
    assert_eq!(Cron::parse(&long), Err(CronRejection::TooLong));
}

#[test]
fn a_day_that_no_year_has_is_refused() {
    for text in [
        "0 3 30 2 *",
        "0 3 31 4,6,9,11 *",
        "0 3 30,31 FEB *",
        "0 3 31 * +MON#1",
    ] {
        assert_eq!(Cron::parse(text), Err(CronRejection::Never), "{text}");
    }
    assert!(
        Cron::parse("0 3 30 2 MON").is_ok(),
        "either of the two days"
    );
}

/// What happens only every so many years is found, wherever one begins to look.
#[test]
fn the_rarest_day_is_found() {
    let rare = Cron::parse("0 0 29 2 +MON").unwrap();
    let zone = TimeZone::UTC;
    let mut time: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
    let mut found = Vec::new();
    for _ in 0..3 {
        time = rare.first_after(time, time, &zone).unwrap();
        found.push(zone.to_datetime(time).date().to_string());
    }
    assert_eq!(found, ["2044-02-29", "2072-02-29", "2112-02-29"]);
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,140}") {
        let _ = Cron::parse(&text);
    }

    /// Whatever is read has a next time from everywhere, and it is not past.
    #[test]
    fn whatever_is_read_happens_again(
        fields in prop::collection::vec("(\\*|[0-9]{1,2}|[0-9]-[0-9]{1,2}|\\*/[0-9]|[0-9]{1,2},[0-9]|L|[0-9]{1,2}W|[0-7]#[1-5]|\\+[0-7])", 5),
        second in 0..4_000_000_000_i64,
        nanosecond in 0..1_000_000_000_i32,
    ) {
        let Ok(cron) = Cron::parse(&fields.join(" ")) else { return Ok(()) };
        let now = Timestamp::new(second, nanosecond).unwrap();
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let next = cron.first_after(now, now, &zone).unwrap();
        prop_assert!(next > now, "{next}");
        let again = cron.first_after(next, now, &zone).unwrap();
        prop_assert!(again > next, "{again} after {next}");
    }
}
