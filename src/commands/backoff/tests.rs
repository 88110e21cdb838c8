use super::*;

#[test]
fn a_wait_is_bounded_and_not_the_same_for_all() {
    for attempt in [0, 1, 2, 3, 9, u32::MAX] {
        let waits: Vec<Duration> = (0..64).map(|_| wait_before(attempt)).collect();
        assert!(waits.iter().all(|wait| *wait <= WAIT_MAX), "{attempt}");
        assert!(waits.iter().any(|wait| *wait != waits[0]), "{attempt}");
    }
    assert!((0..64).all(|_| wait_before(2) <= Duration::from_millis(1)));
}
