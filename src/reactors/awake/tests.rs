use super::*;

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

#[test]
fn a_clock_that_is_set_lets_no_time_pass_and_is_noticed() {
    let clock = Clock::fixed(noon());
    let awake = Awake::new(clock.clone());
    let (hours, year) = (
        SignedDuration::from_hours(2),
        SignedDuration::from_hours(24 * 365),
    );
    for (to, by) in [
        (noon() + hours, hours),
        (noon() - hours, -hours * 2),
        (noon() + year, year + hours),
        (noon(), -year),
    ] {
        clock.step(to);
        assert_eq!(awake.now(), Duration::ZERO);
        assert_eq!(awake.steps().last, Some(ClockStep { by, at: to }));
    }
    let steps = awake.steps();
    assert_eq!((steps.forward, steps.back, awake.stops()), (2, 2, 0));
}

#[test]
fn what_passes_while_this_process_does_not_run_does_not_count() {
    let clock = Clock::fixed(noon());
    let awake = Awake::new(clock.clone());
    for _ in 0..10 {
        clock.advance(Duration::from_secs(1));
        let _ = awake.now();
    }
    assert_eq!((awake.now(), awake.stops()), (Duration::from_secs(10), 0));
    clock.advance(Duration::from_secs(12));
    assert_eq!((awake.now(), awake.stops()), (Duration::from_secs(13), 1));
    assert_eq!(awake.steps(), ClockSteps::default());
}
