//! The data directory: who may read it, what must be in it, and which commands may make one.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::server::{Server, hook};

const QUIET: [(&str, &str); 1] = [("TALLYMAN__COLLECTOR__ENABLED", "false")];

/// Runs the command line with a data directory that need not be there, under a umask that takes
/// nothing away.
#[track_caller]
fn run(data_dir: &Path, arguments: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", "umask 0; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_tallyman"))
        .args(arguments)
        .env_clear()
        .env("TALLYMAN__DATA__DIR", data_dir)
        .current_dir(data_dir.parent().unwrap())
        .output()
        .expect("a shell runs")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything below a folder, the folder included.
fn entries(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            found.extend(entries(&entry.unwrap().path()));
        }
    }
    found
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path)
        .unwrap()
        .permissions()
        .mode()
        & 0o777
}

#[test]
fn everything_that_is_made_is_its_owners_alone_whatever_the_umask() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let token = run(&data, &["token", "create", "ci"]);
    assert!(token.status.success(), "{}", errors(&token));
    let export = dir.path().join("export.ndjson");
    let exported = run(&data, &["replay", "export", export.to_str().unwrap()]);
    assert!(exported.status.success(), "{}", errors(&exported));
    let made = entries(&data);
    for name in ["log", "views", "blobs", "admin.token", "seal.key"] {
        assert!(
            made.contains(&data.join(name)),
            "{name} is not among {made:?}"
        );
    }
    for path in made.iter().chain([&export]) {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), expected, "{}", path.display());
    }
}

#[test]
fn a_directory_that_is_open_to_others_is_warned_of_and_the_doctor_says_how_to_close_it() {
    let mut server = Server::start(&QUIET);
    let checks = |server: &Server| -> Vec<Value> {
        let output = server.cli(&["-o", "json", "doctor"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", errors(&output)))
    };
    let result = |rows: &[Value], check: &str| -> String {
        let row = rows.iter().find(|row| row["check"] == check);
        row.unwrap_or_else(|| panic!("no `{check}` in {rows:#?}"))["result"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(result(&checks(&server), "modes"), "ok");
    server.stop();
    assert!(!server.logged().contains("is open to other users"));
    for (name, mode) in [("", 0o755), ("seal.key", 0o644), ("log", 0o750)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(server.dir().join(name), permissions).unwrap();
    }
    server.restart();
    let dir = server.dir().to_str().unwrap().to_owned();
    let advice = format!("`chmod -R go= {dir}`");
    assert!(server.logged().contains(&advice), "{}", server.logged());
    let rows = checks(&server);
    assert_eq!(result(&rows, "modes"), "warning");
    assert_eq!(result(&rows, "seal.key"), "ERROR");
    assert!(format!("{rows:?}").contains(&advice), "{rows:#?}");
    let closed = Command::new("chmod").args(["-R", "go=", &dir]).status();
    assert!(closed.unwrap().success());
    assert_eq!(result(&checks(&server), "modes"), "ok");
}

#[test]
fn reading_commands_never_make_a_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("nothing-here");
    let farm = dir.path().join("farm.yaml");
    std::fs::write(&farm, "groups: [{name: g}]\n").unwrap();
    for arguments in [
        &["event", "list"][..],
        &["event", "get", "1"],
        &["event", "tail"],
        &["build", "list"],
        &["build", "history", "7"],
        &["build", "collect", "7"],
        &["run", "list"],
        &["run", "log", "7"],
        &["run", "kill", "7", "--yes"],
        &["worker", "list"],
        &["token", "list"],
        &["token", "revoke", "7", "--yes"],
        &["projection", "list"],
        &["projection", "rebuild", "builds"],
        &["model", "list"],
        &["model", "rollback"],
        &["retrain"],
        &["replay", "verify"],
        &["replay", "rebuild"],
        &["replay", "diff"],
        &["replay", "show", "build-default:7"],
        &["replay", "export", "-"],
        &["evaluate", "--log"],
        &["apply", "--dry-run", "-f", farm.to_str().unwrap()],
    ] {
        let output = run(&data, arguments);
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        assert!(
            said.contains(data.to_str().unwrap()),
            "{arguments:?}: {said}"
        );
        assert!(said.contains("--data-dir"), "{arguments:?}: {said}");
        assert!(!data.exists(), "{arguments:?} made a data directory");
    }
    assert!(run(&data, &["config"]).status.success());
    run(&data, &["doctor"]);
    assert!(!data.exists());
}

#[tokio::test]
async fn a_dry_run_of_an_import_makes_nothing() {
    let server = Server::start(&QUIET);
    server.collect(&hook(1, "success"), None).await;
    let dir = tempfile::tempdir().unwrap();
    let (data, export) = (dir.path().join("data"), dir.path().join("export.ndjson"));
    let exported = server.cli(&["replay", "export", export.to_str().unwrap()]);
    assert!(exported.status.success(), "{}", errors(&exported));
    let import = ["-o", "json", "replay", "import", export.to_str().unwrap()];
    let tried = run(&data, &[&import[..], &["--dry-run"]].concat());
    assert!(tried.status.success(), "{}", errors(&tried));
    let tried: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert!(tried["appended"].as_u64().unwrap() > 0, "{tried}");
    assert!(!data.exists());
    // Next to a server that has the log for itself, too, and on what is there.
    let again = server.cli(&[&import[..], &["--dry-run"]].concat());
    assert!(again.status.success(), "{}", errors(&again));
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again["appended"], 0, "{again}");
}

#[test]
fn a_server_that_is_named_to_a_command_of_the_directory_is_an_error_of_usage() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for arguments in [
        &["replay", "verify"][..],
        &["replay", "export", "-"],
        &["import", "gantry", "--db", "gantry.db"],
        &["evaluate", "--log"],
        &["config"],
        &["serve"],
        &["demo"],
        &["bench", "append"],
    ] {
        for named in [["--server", "http://127.0.0.1:1"], ["--context", "farm"]] {
            let output = run(&data, &[&named[..], arguments].concat());
            let said = errors(&output);
            assert_eq!(
                output.status.code(),
                Some(2),
                "{named:?} {arguments:?}: {said}"
            );
            assert!(said.contains(named[0]), "{said}");
        }
    }
    assert!(!data.exists());
}

/// What a server left behind may name a process number and a port that belong to others by now.
#[tokio::test]
async fn the_token_is_not_sent_to_another_process_on_the_port_of_a_server_that_is_gone() {
    let mut server = Server::start(&QUIET);
    server.collect(&hook(7, "success"), None).await;
    server.kill();
    let imposter = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let left = json!({"address": imposter.local_addr().unwrap(), "pid": std::process::id()});
    std::fs::write(server.dir().join("server.json"), left.to_string()).unwrap();
    let listed = server.cli(&["-o", "json", "event", "list", "--type", "build.*"]);
    assert!(listed.status.success(), "{}", errors(&listed));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(
        listed.as_array().unwrap().len(),
        1,
        "the directory was asked"
    );
    imposter.set_nonblocking(true).unwrap();
    assert!(
        imposter.accept().is_err(),
        "the other process was connected to"
    );
}

#[tokio::test]
async fn a_missing_seal_key_next_to_sealed_secrets_ends_the_start_by_name() {
    let mut server = Server::start(&QUIET);
    let farm = server.dir().join("farm.yaml");
    std::fs::write(
        &farm,
        "workers: [{title: w, api_key: k, secret: hunter2hunter2hunter2}]\n",
    )
    .unwrap();
    let applied = server.cli(&["apply", "-f", farm.to_str().unwrap()]);
    assert!(applied.status.success(), "{}", errors(&applied));
    server.stop();
    let (key, away) = (server.dir().join("seal.key"), server.dir().join("away"));
    std::fs::rename(&key, &away).unwrap();
    // Not `serve` first: where it is not refused it does not end.
    for arguments in [
        &["event", "list"][..],
        &["--listen", "127.0.0.1:0", "serve"],
    ] {
        let refused = server.cli(arguments);
        let said = errors(&refused);
        assert_eq!(refused.status.code(), Some(1), "{said}");
        for word in ["seal.key is missing", "backup", "runbook"] {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!key.exists(), "a new key was made");
    }
    let doctor = |server: &Server| {
        let output = server.cli(&["doctor"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = doctor(&server);
    assert!(said.contains("seal.key is missing"), "{said}");
    // Another key is noticed as well.
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let said = doctor(&server);
    assert!(said.contains("another key"), "{said}");
    std::fs::rename(&away, &key).unwrap();
    server.restart();
    let said = doctor(&server);
    assert!(said.contains("1, sealed with the key"), "{said}");
}

#[tokio::test]
async fn a_missing_body_is_named_by_the_doctor_and_comes_back_with_the_same_webhook() {
    let server = Server::start(&QUIET);
    let mut body = hook(7, "success");
    body["padding"] = Value::from("x".repeat(200_000));
    let send = async || {
        let sent = server.collect(&body, None).await;
        assert_eq!(sent.status(), 200);
        sent.json::<Value>().await.unwrap()
    };
    let first = send().await;
    assert_eq!(first["status"], "accepted", "{first}");
    let blobs = server.dir().join("blobs");
    let files = || -> Vec<PathBuf> {
        entries(&blobs)
            .into_iter()
            .filter(|path| path.is_file())
            .collect()
    };
    let kept = files();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let bytes = std::fs::read(&kept[0]).unwrap();
    std::fs::remove_file(&kept[0]).unwrap();
    let missing = server.cli(&["doctor"]);
    let printed = String::from_utf8_lossy(&missing.stdout).into_owned();
    let name = kept[0].file_name().unwrap().to_str().unwrap();
    let event = format!("(event at position {})", first["position"]);
    assert_eq!(missing.status.code(), Some(1), "{printed}");
    let printed: String = printed.split_whitespace().collect();
    assert!(
        printed.contains("1of1bodiesaremissing") && printed.contains(name),
        "{printed}"
    );
    assert!(printed.contains(&event.replace(' ', "")), "{printed}");
    let again = send().await;
    assert_eq!(again["status"], "duplicate", "{again}");
    assert_eq!(std::fs::read(&kept[0]).unwrap(), bytes);
}
