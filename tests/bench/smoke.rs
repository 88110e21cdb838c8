//! The commands that take little time at a small size run to their end.

use std::process::Command;

#[test]
fn commands_run_at_a_small_size() {
    for (arguments, expected) in [
        (&["fold", "100", "fold"][..], "views ready in"),
        (&["rounds", "3"], "every run claimed"),
        (&["offline", "200"], "import of copy.ndjson.zst, again"),
        (&["replay", "--events", "200"], "all views"),
        (
            &["allocation", "--builds", "20", "--seconds", "1"],
            "GET /v1/allocation, 20 builds",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(arguments)
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && text.contains(expected),
            "{arguments:?}: {text}{errors}"
        );
    }
}
