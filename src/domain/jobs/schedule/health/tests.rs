use super::*;
use crate::testing::stories::at;

#[test]
fn a_worker_is_silent_after_three_pings_and_a_margin() {
    for (answered, now, expected) in [
        (None, 0, true),
        (Some(0), 0, false),
        (Some(0), 915, false),
        (Some(0), 916, true),
        // Its clock may be ahead of ours.
        (Some(100), 0, false),
    ] {
        let silent = Patience::default().is_silent(answered.map(at), at(now));
        assert_eq!(silent, expected, "answered {answered:?}, now {now}");
    }
    let endless = Patience {
        ping_interval: SignedDuration::MAX,
        ..Patience::default()
    };
    assert!(!endless.is_silent(Some(at(0)), at(9)));
}

#[test]
fn a_silence_begins_when_patience_ends() {
    for (answered, now, expected) in [
        (None, 0, Some(-50)),
        (Some(0), 915, None),
        (Some(0), 916, Some(915)),
        (Some(0), 9000, Some(915)),
        (Some(100), 0, None),
    ] {
        let since = Patience::default().silent_since(at(-50), answered.map(at), at(now));
        assert_eq!(since, expected.map(at), "answered {answered:?}, now {now}");
    }
    let endless = Patience {
        ping_interval: SignedDuration::MAX,
        ..Patience::default()
    };
    assert_eq!(endless.silent_since(at(0), Some(at(0)), at(9)), None);
}
