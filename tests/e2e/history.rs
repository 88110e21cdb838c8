//! History that goes missing or is damaged under a data directory: every command reports it in the
//! same way.

use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::server::{Server, hook};

/// A server that writes nothing by itself, into segments so small that there are several soon.
const SMALL: [(&str, &str); 2] = [
    ("TALLYMAN__COLLECTOR__ENABLED", "false"),
    ("TALLYMAN__LOG__SEGMENT_BYTES", "1048576"),
];

const FRAMES_START: u64 = 4096;

/// A hook with a body so large that a few of them fill a segment, and yet small enough to lie in
/// the log itself.
fn large_hook(id: i64) -> Value {
    let mut hook = hook(id, "success");
    hook["commit"] = serde_json::json!({"message": "x".repeat(50_000)});
    hook
}

/// A stopped server with several segments.
async fn stopped() -> Server {
    let mut server = Server::start(&SMALL);
    for id in 1..=60 {
        let posted = server.collect(&large_hook(id), None).await;
        assert_eq!(posted.status(), 200);
    }
    server.stop();
    assert!(segments(&server).len() > 2);
    server
}

fn segments(server: &Server) -> Vec<PathBuf> {
    let log = std::fs::read_dir(server.dir().join("log")).unwrap();
    let mut segments: Vec<_> = log
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "seg"))
        .collect();
    segments.sort();
    segments
}

/// Copies a folder as it is.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(&path, &to).unwrap();
        }
    }
}

/// Exit code and everything that was printed.
fn run(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tallyman"))
        .env_clear()
        .envs(SMALL)
        .args([
            "--data-dir",
            data.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
        ])
        .args(arguments)
        .current_dir(data)
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

/// Until the head was recorded, a server started on each of these and gave away positions that had
/// been used.
#[tokio::test(flavor = "multi_thread")]
async fn history_that_is_missing_is_refused_by_every_command() {
    let server = stopped().await;
    let newest = segments(&server).pop().unwrap();
    let newest = newest.file_name().unwrap().to_owned();
    type Loss<'l> = &'l dyn Fn(&Path);
    let cut = |data: &Path| {
        let newest = std::fs::File::options()
            .write(true)
            .open(data.join("log").join(&newest));
        newest.unwrap().set_len(FRAMES_START).unwrap();
    };
    let losses: [(&str, Loss<'_>); 7] = [
        ("the first segment", &|data| {
            std::fs::remove_file(data.join("log/00000000000000000001.seg")).unwrap();
        }),
        ("the newest segment down to its header", &cut),
        ("the newest segment", &|data| {
            std::fs::remove_file(data.join("log").join(&newest)).unwrap();
        }),
        ("the log", &|data| {
            std::fs::remove_dir_all(data.join("log")).unwrap();
        }),
        ("what is in the log", &|data| {
            std::fs::remove_dir_all(data.join("log")).unwrap();
            std::fs::create_dir(data.join("log")).unwrap();
        }),
        ("the log and its record", &|data| {
            std::fs::remove_dir_all(data.join("log")).unwrap();
            std::fs::remove_file(data.join("head.json")).unwrap();
        }),
        ("the end and its record", &|data| {
            cut(data);
            std::fs::remove_file(data.join("head.json")).unwrap();
        }),
    ];
    for (what, lose) in losses {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        copy(server.dir(), &data);
        lose(&data);
        for (arguments, code) in [
            (&["replay", "verify"][..], 6),
            (&["doctor"], 1),
            (&["event", "list"], 6),
            (&["serve"], 6),
            // Nothing was changed, so that it is as before.
            (&["serve"], 6),
        ] {
            let (exit, printed) = run(&data, arguments);
            let row = format!("{what}, {arguments:?}: {printed}");
            assert_eq!(exit, Some(code), "{row}");
            assert!(printed.contains("replay accept --first"), "{row}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_that_an_operator_accepts_is_no_loss_any_more() {
    let mut server = stopped().await;
    let newest = segments(&server).pop().unwrap();
    let file = std::fs::File::options().write(true).open(&newest).unwrap();
    file.set_len(FRAMES_START).unwrap();
    let first_lost: u64 = newest
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let head = (first_lost - 1).to_string();
    for (first, head, dry_run, code) in [
        ("1", "7", false, 5),
        ("2", &*head, false, 5),
        ("1", &*head, true, 0),
        ("1", &*head, false, 0),
    ] {
        let mut arguments = vec![
            "replay",
            "accept",
            "--first",
            first,
            "--head",
            head,
            "--yes",
            "--reason",
            "a lost disk",
        ];
        if dry_run {
            arguments.push("--dry-run");
        }
        let accepted = server.cli(&arguments);
        assert_eq!(accepted.status.code(), Some(code), "{accepted:?}");
        let verified = server.cli(&["replay", "verify"]).status.code();
        assert_eq!(verified, Some(if code == 0 && !dry_run { 0 } else { 6 }));
    }
    server.restart();
    let posted = server.collect(&hook(1000, "success"), None).await;
    let posted: Value = posted.json().await.unwrap();
    assert_eq!(posted["position"], first_lost + 1);
    let audited = server.get("/v1/audit?type=audit.operation_started").await;
    let entry = &audited["items"][0];
    assert_eq!(entry["position"], first_lost, "{audited}");
    assert_eq!(entry["reason"], "a lost disk", "{audited}");
    assert_eq!(entry["actor"]["kind"], "operator", "{audited}");
    let accepted = format!("replay accept positions 1 to {head}");
    assert!(
        entry["summary"].as_str().unwrap().starts_with(&accepted),
        "{audited}"
    );
    crate::main_job::verify_and_compare(&mut server);
    server.restart();
}

/// Damage in a sealed segment, found while a server runs: the reader gets the place, it is counted,
/// and the server continues, also after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn damage_that_is_met_is_named_and_counted_and_keeps_nothing_else_from_going_on() {
    let mut server = stopped().await;
    server.restart();
    assert_eq!(
        server.get("/readyz").await["details"],
        serde_json::json!({})
    );
    let first = segments(&server).swap_remove(0);
    let mut bytes = std::fs::read(&first).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    for restarted in [false, true] {
        let response = server
            .request(Method::GET, "/v1/events?order=asc&limit=1000")
            .send()
            .await;
        let response = response.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem: Value = response.json().await.unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("00000000000000000001.seg, where position"),
            "{detail}"
        );
        assert!(!detail.contains(server.dir().to_str().unwrap()), "{detail}");
        let ready = server.get("/readyz").await;
        let noted = ready["details"]["log.damage"].as_str().unwrap();
        assert!(noted.contains("00000000000000000001.seg"), "{ready}");
        assert!(server.metric("tallyman_log_damage_met_total").await >= 1.0);
        let posted = server
            .collect(&hook(2000 + i64::from(restarted), "success"), None)
            .await;
        assert_eq!(posted.status(), 200);
        if !restarted {
            server.stop();
            server.restart();
        }
    }
}
