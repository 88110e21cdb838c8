//! A data directory that cannot be written, as a copy on a read-only medium: reads are answered.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::history::copy;
use crate::server::{Server, hook};

/// Ways into a namespace in which one may mount: as a user of one's own, or as root.
const WAYS: [&[&str]; 2] = [&["--map-root-user", "--mount"], &["--mount"]];

/// Runs the command line where the data directory is mounted read-only.
#[track_caller]
fn run_read_only(data: &Path, arguments: &[&str]) -> Output {
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && touch \"$1/x\" 2>/dev/null; \
                  test -e \"$1/x\" && exit 99; dir=$1; shift; exec \"$0\" --data-dir \"$dir\" \"$@\"";
    let mut ways = WAYS.iter();
    let able = ways.find(|way| {
        let tried = Command::new("unshare").args(**way).arg("true").output();
        tried
            .expect("`ops/test install` installs Debian's util-linux")
            .status
            .success()
    });
    Command::new("unshare")
        .args(*able.expect("this test mounts a directory, and may not: see `small_disk`"))
        .args(["sh", "-c", script, env!("CARGO_BIN_EXE_tallyman")])
        .arg(data)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(std::env::temp_dir())
        .output()
        .expect("unshare runs")
}

#[tokio::test]
async fn a_read_only_copy_of_a_data_directory_answers() {
    let mut server = Server::start(&[("TALLYMAN__COLLECTOR__ENABLED", "false")]);
    for id in 1..=3 {
        server.collect(&hook(id, "success"), None).await;
    }
    server.stop();
    let whole = tempfile::tempdir().unwrap();
    copy(server.dir(), whole.path());
    // A backup by the runbook: neither views nor tokens.
    let backup = tempfile::tempdir().unwrap();
    for name in ["log", "blobs"] {
        copy(&server.dir().join(name), &backup.path().join(name));
    }
    for data in [whole.path(), backup.path()] {
        for (arguments, rows) in [
            (&["event", "list", "--type", "build.reported"][..], Some(3)),
            (&["build", "list"], Some(3)),
            (&["build", "history", "2"], Some(1)),
            (&["run", "list"], Some(0)),
            (&["worker", "list"], Some(0)),
            (&["token", "list"], Some(1)),
            (&["projection", "list"], None),
            (&["build", "get", "1"], None),
            (&["replay", "verify"], None),
            (&["replay", "show", "build-default:1"], None),
            (&["replay", "export", "-"], None),
        ] {
            let output = run_read_only(data, &[&["-o", "json"], arguments].concat());
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
            if let Some(rows) = rows {
                let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
                assert_eq!(answer.as_array().unwrap().len(), rows, "{arguments:?}");
            }
        }
        let refused = run_read_only(data, &["token", "create", "ci", "--role", "reader"]);
        assert_eq!(refused.status.code(), Some(1));
        let names = std::fs::read_dir(data.join("log")).unwrap();
        assert!(names.count() > 0, "nothing was removed");
    }
}
