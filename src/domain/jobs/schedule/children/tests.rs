use super::*;

#[test]
fn children_run_after_the_last_sibling_when_all_went_well_or_errors_do_not_matter() {
    let (yes, no) = (Some(true), Some(false));
    for (success, wished, open, sibling_failed, on_error, expected) in [
        (yes, true, 0, false, false, true),
        (yes, true, 1, false, false, false),
        (yes, true, 0, true, false, false),
        (yes, true, 0, true, true, true),
        (yes, false, 0, false, false, false),
        (yes, false, 0, false, true, false),
        (no, true, 0, false, false, false),
        (no, true, 0, false, true, true),
        (no, true, 1, false, true, false),
        // A missing outcome is no success.
        (None, true, 0, false, false, false),
        (None, true, 0, false, true, true),
    ] {
        let ended = Ended {
            success,
            schedule_children: wished,
            open,
            sibling_failed,
        };
        let due = due_children(ended, on_error, &[child(3, true)]);
        let row = format!("{ended:?}, on error {on_error}");
        assert_eq!(!due.is_empty(), expected, "{row}");
    }
}

#[test]
fn a_disabled_child_does_not_run() {
    let ended = Ended {
        success: Some(true),
        schedule_children: true,
        open: 0,
        sibling_failed: false,
    };
    let children = [child(3, true), child(4, false), child(5, true)];
    assert_eq!(due_children(ended, false, &children), [3, 5]);
}

fn child(job: u64, enqueue_is_enabled: bool) -> Child {
    Child {
        job,
        enqueue_is_enabled,
    }
}
