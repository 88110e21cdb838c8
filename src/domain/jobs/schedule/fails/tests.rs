use super::*;

#[test]
fn a_job_is_disabled_by_one_failure_more_than_its_limit() {
    let no = Some(false);
    for (before, success, limit, fails, disable) in [
        (0, no, Some(3), 1, false),
        (2, no, Some(3), 3, false),
        (3, no, Some(3), 4, true),
        (4, no, Some(3), 5, true),
        (0, no, Some(1), 1, false),
        (9, no, Some(0), 10, false),
        (9, no, None, 10, false),
        (u32::MAX, no, Some(3), u32::MAX, true),
        (3, Some(true), Some(3), 0, false),
        (3, None, Some(3), 0, false),
    ] {
        let row = format!("{before} fails, then {success:?}, limit {limit:?}");
        let counted = count_fails(before, success, limit);
        assert_eq!(counted, FailCount { fails, disable }, "{row}");
    }
}
