use super::*;

#[test]
fn a_fixed_clock_moves_only_when_set_and_its_clones_with_it() {
    let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let clock = Clock::fixed(start);
    let other = clock.clone();
    assert_eq!(clock.now(), start);
    clock.advance(Duration::from_millis(1500));
    assert_eq!(other.now().to_string(), "2026-11-21T12:00:01.5Z");
    other.set(start);
    assert_eq!(clock.now(), start);
}

#[test]
fn a_time_is_of_whole_microseconds() {
    let fine: Timestamp = "2026-11-21T12:00:00.123456789Z".parse().unwrap();
    assert_eq!(
        Clock::fixed(fine).now().to_string(),
        "2026-11-21T12:00:00.123456Z"
    );
    assert_eq!(Clock::system().now().subsec_nanosecond() % 1000, 0);
}

#[test]
fn a_clock_stops_at_the_end_of_time() {
    let clock = Clock::fixed(Timestamp::MAX);
    clock.advance(Duration::from_secs(1));
    assert!(clock.now() > "9999-01-01T00:00:00Z".parse().unwrap());
    clock.set(Timestamp::MIN);
    assert!(clock.now() < "-009998-01-01T00:00:00Z".parse().unwrap());
}

/// An operator or NTP sets what a clock shows; how long something took does not follow from that.
#[test]
fn a_step_of_the_clock_is_no_time_that_passes() {
    let start: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let clock = Clock::fixed(start);
    clock.step("2027-11-21T12:00:00Z".parse().unwrap());
    assert_eq!(clock.monotonic(), Duration::ZERO);
    clock.step(start);
    clock.advance(Duration::from_secs(2));
    clock.set("2026-11-21T12:00:05Z".parse().unwrap());
    clock.set(start);
    assert_eq!(
        (clock.monotonic(), clock.now()),
        (Duration::from_secs(5), start)
    );
}
