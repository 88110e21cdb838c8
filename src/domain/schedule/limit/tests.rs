use super::*;

#[test]
fn time_is_up_when_all_of_it_has_passed() {
    let begun: Timestamp = "2026-11-21T09:14:02.5Z".parse().unwrap();
    let up = |seconds| time_is_up_at(begun, seconds).to_string();
    assert_eq!(up(1), "2026-11-21T09:14:03.5Z");
    assert_eq!(up(RUN_TIMEOUT_SECONDS_MAX), "2026-12-21T09:14:02.5Z");
    assert_eq!(time_is_up_at(Timestamp::MAX, 1), Timestamp::MAX);
}
