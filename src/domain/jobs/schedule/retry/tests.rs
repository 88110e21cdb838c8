use super::*;

const TWICE: Retries = Retries {
    count: 2,
    delay: SignedDuration::from_secs(60),
};

const FAILED: Attempt = Attempt {
    number: 1,
    success: Some(false),
    is_manual: false,
    was_to_be_killed: false,
};

#[test]
fn a_failed_run_is_retried_as_often_as_its_job_allows() {
    for (number, expected) in [(1, true), (2, true), (3, false)] {
        let attempt = Attempt { number, ..FAILED };
        assert_eq!(TWICE.follow(attempt), expected, "attempt {number}");
    }
    let never = Retries { count: 0, ..TWICE };
    assert!(!never.follow(FAILED));
}

#[test]
fn only_an_unrequested_failure_is_retried() {
    for attempt in [
        Attempt {
            success: Some(true),
            ..FAILED
        },
        Attempt {
            success: None,
            ..FAILED
        },
        Attempt {
            is_manual: true,
            ..FAILED
        },
        Attempt {
            was_to_be_killed: true,
            ..FAILED
        },
    ] {
        assert!(!TWICE.follow(attempt), "{attempt:?}");
    }
}
