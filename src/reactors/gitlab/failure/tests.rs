use super::LastFailure;

/// One row per log, and the exit code that the runner names last.
#[test]
fn only_the_runners_own_last_line_names_an_exit_code() {
    for (log, expected) in [
        (
            "ERROR: Job failed: command terminated with exit code 137\n",
            Some(137),
        ),
        ("ERROR: Job failed: exit code 137", Some(137)),
        ("ERROR: Job failed: exit status 137\n", Some(137)),
        ("ERROR: Job failed: exit status 137.\n", Some(137)),
        (
            "section_end:1763716442:build\r\u{1b}[0K\u{1b}[31;1mERROR: Job failed: exit code 137\n\u{1b}[0;m",
            Some(137),
        ),
        (
            "2026-11-21T09:14:02.318000Z 00O ERROR: Job failed: exit code 137\n",
            Some(137),
        ),
        (
            "2026-11-21T09:14:02.318000Z 01E \u{1b}[31;1mERROR: Job failed: exit code 1\n",
            Some(1),
        ),
        // Whole numbers only.
        ("ERROR: Job failed: exit code 1370\n", Some(1370)),
        ("ERROR: Job failed: exit code 137th\n", None),
        ("ERROR: Job failed: exit code 137.5\n", None),
        ("ERROR: Job failed: exit code -137\n", None),
        ("ERROR: Job failed: exit code 99999999999\n", None),
        // Whatever is not the runner's, or not its last.
        (
            "case oom: the child ended with exit code 137 as it should\nERROR: Job failed: exit code 1\n",
            Some(1),
        ),
        (
            "ERROR: Job failed: exit code 137\nERROR: Job failed: exit code 2\n",
            Some(2),
        ),
        ("assert log == 'ERROR: Job failed: exit code 137'\n", None),
        ("make: *** [all] Error 137\nexit code 137\n", None),
        (
            "ERROR: Job failed (system failure): pod gone, exit code 137\n",
            None,
        ),
        (
            "ERROR: Job failed: exit code 137\nERROR: Job failed: canceled\n",
            None,
        ),
        (
            "ERROR: Job failed: execution took longer than 1h0m0s seconds\n",
            None,
        ),
        ("", None),
    ] {
        let whole = [log.as_bytes()];
        let bytes: Vec<&[u8]> = log.as_bytes().chunks(1).collect();
        for pieces in [&whole[..], &bytes] {
            let mut failure = LastFailure::default();
            pieces.iter().for_each(|piece| failure.feed(piece));
            assert_eq!(failure.exit_code(), expected, "{log:?}");
        }
    }
}

#[test]
fn a_line_without_an_end_is_held_to_its_bound() {
    let mut failure = LastFailure::default();
    for _ in 0..1000 {
        failure.feed(&[b'x'; 1000]);
    }
    assert!(failure.line.capacity() < 64 * 1024);
    failure.feed(b"\nERROR: Job failed: exit code 137");
    assert_eq!(failure.exit_code(), Some(137));
}
