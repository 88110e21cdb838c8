use super::*;

#[test]
fn no_job_comes_after_itself() {
    // 3 after 2 after 1; 5 and 6 after each other, by mistake.
    let parent_of = |job| match job {
        2 => Some(1),
        3 => Some(2),
        5 => Some(6),
        6 => Some(5),
        _ => None,
    };
    for (job, parent, expected) in [
        (1, 1, true),
        (1, 2, true),
        (1, 3, true),
        (3, 1, false),
        (2, 1, false),
        (4, 3, false),
        (4, 99, false),
        (4, 5, false),
        (5, 6, true),
    ] {
        let circle = would_come_after_itself(job, parent, parent_of);
        assert_eq!(circle, expected, "{job} after {parent}");
    }
}
