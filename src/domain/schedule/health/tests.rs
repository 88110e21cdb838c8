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
