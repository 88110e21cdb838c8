use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn start(run: u64) -> Start {
    (run, "2026-11-21T12:00:00Z".parse().unwrap())
}

fn boot(id: &str, seconds: f64) -> Boot {
    Boot {
        id: id.to_owned(),
        seconds,
    }
}

#[test]
fn a_run_has_been_executed_since_it_was_seen() {
    let mut times = RunTimes::default();
    times.see(&[start(1)], 10 * SECOND);
    times.see(&[start(1), start(2)], 15 * SECOND);
    assert_eq!(times.of(start(1), 20 * SECOND), 10 * SECOND);
    assert_eq!(times.of(start(2), 20 * SECOND), 5 * SECOND);
    // It was started again: that is another story.
    let again = (1, "2026-11-21T12:00:30Z".parse().unwrap());
    times.see(&[again], 30 * SECOND);
    assert_eq!(times.of(again, 31 * SECOND), SECOND);
    assert_eq!(times.of(start(1), 31 * SECOND), Duration::ZERO);
}

#[test]
fn a_restart_adds_what_the_clock_of_the_boot_shows_and_nothing_without_it() {
    let mut times = RunTimes::default();
    times.see(&[start(1)], Duration::ZERO);
    let kept = times.keep(Some(boot("a", 100.0)), 30 * SECOND);
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), kept);
    for (now, expected) in [
        (Some(boot("a", 160.0)), 95),
        // Another boot, a clock that went back, and none: what was measured stays.
        (Some(boot("b", 160.0)), 35),
        (Some(boot("a", 99.0)), 35),
        (None, 35),
    ] {
        let mut times = RunTimes::resume(&kept, now.as_ref(), 5 * SECOND);
        times.see(&[start(1)], 6 * SECOND);
        assert_eq!(
            times.of(start(1), 10 * SECOND),
            expected * SECOND,
            "{now:?}"
        );
    }
}
