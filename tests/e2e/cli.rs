//! The command line, with a server and without one.

use serde_json::Value;

use crate::server::{Server, hook};

/// A server that writes nothing by itself.
const QUIET: [(&str, &str); 1] = [("TALLYMAN__COLLECTOR__ENABLED", "false")];

#[track_caller]
fn json(output: &std::process::Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("the command printed JSON")
}

#[tokio::test]
async fn events_are_listed_alike_through_the_server_and_from_the_directory() {
    let mut server = Server::start(&QUIET);
    for id in 1..=3 {
        server.collect(&hook(id, "success"), None).await;
    }
    let list = [
        "-o",
        "json",
        "event",
        "list",
        "--type",
        "build.reported",
        "--order",
        "asc",
    ];
    let through_the_server = json(&server.cli(&list));
    assert_eq!(through_the_server.as_array().unwrap().len(), 3);
    server.stop();
    assert_eq!(json(&server.cli(&list)), through_the_server);
}

#[tokio::test]
async fn a_token_is_issued_used_and_revoked() {
    let server = Server::start(&[]);
    let issued = json(&server.cli(&["-o", "json", "token", "create", "ci", "--role", "reader"]));
    let (id, token) = (
        issued["id"].as_str().unwrap(),
        issued["secret"].as_str().unwrap(),
    );
    let client = reqwest::Client::new();
    let get = || {
        client
            .get(server.url("/v1/builds"))
            .bearer_auth(token)
            .send()
    };
    assert_eq!(get().await.unwrap().status(), 200);
    let refused = server.cli(&[
        "--token",
        token,
        "token",
        "create",
        "more",
        "--server",
        &server.url(""),
    ]);
    assert_eq!(
        refused.status.code(),
        Some(4),
        "a reader may not issue tokens"
    );
    assert!(
        server
            .cli(&["token", "revoke", id, "--yes", "--reason", "test"])
            .status
            .success()
    );
    assert_eq!(get().await.unwrap().status(), 401);
}

#[tokio::test]
async fn every_view_is_listed_with_its_position() {
    let server = Server::start(&[]);
    let listed = json(&server.cli(&["-o", "json", "projection", "list"]));
    let names: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    for name in [
        "builds",
        "usage",
        "packages",
        "nodes",
        "collections",
        "tokens",
        "audit",
        "refused_bodies",
        "pulse",
        "roster",
        "runs",
        "allocation",
        "accuracy",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
}

#[tokio::test]
async fn exit_codes_tell_what_happened() {
    let server = Server::start(&[]);
    for (arguments, code) in [
        (vec!["event", "get", "999999"], 3),
        (vec!["event", "fetch"], 2),
        (vec!["--token", "wrong", "event", "list"], 4),
        (vec!["replay", "verify"], 0),
        (vec!["config"], 0),
        (vec!["completions", "bash"], 0),
        (vec!["doctor"], 0),
        (vec!["projection", "rebuild", "nothing"], 3),
        (vec!["projection", "rebuild", "builds"], 0),
        (vec!["projection", "list"], 0),
        (vec!["build", "list"], 0),
        (vec!["build", "get", "4711"], 3),
        (vec!["build", "get", "nonsense"], 2),
        (vec!["worker", "list", "--silent"], 0),
        (vec!["worker", "get", "7"], 3),
        (vec!["run", "list"], 0),
        (vec!["run", "list", "--state", "asleep"], 2),
        (vec!["run", "get", "7"], 3),
        (vec!["run", "log", "7"], 3),
        (vec!["run", "end", "7"], 2),
        (vec!["run", "end", "7", "--yes"], 3),
        (vec!["run", "kill", "7", "--yes"], 3),
    ] {
        let output = server.cli(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    }
}

/// A server whose views are being rebuilt knows nothing yet: an empty table would mean that there
/// is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_being_rebuilt_is_an_error_and_no_empty_table() {
    use axum::http::{StatusCode, header};

    const DETAIL: &str =
        "the view `runs` is not up to date: it is at position 7, and answers from 4711 on";
    let problem = serde_json::json!({
        "type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": DETAIL, "retry_after": 2,
    });
    let answer = move || {
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::RETRY_AFTER, "2"),
        ];
        let body = problem.to_string();
        async move { (StatusCode::SERVICE_UNAVAILABLE, headers, body) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(answer);
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });

    let here = tempfile::tempdir().unwrap();
    for noun in [
        &["run", "list"][..],
        &["run", "get", "1"],
        &["run", "log", "1"],
        &["run", "end", "1", "--yes"],
        &["build", "list"],
        &["build", "get", "1"],
        &["build", "collect", "1"],
        &["worker", "list"],
        &["worker", "get", "1"],
        &["token", "list"],
        &["model", "list"],
        &["projection", "list"],
    ] {
        for format in ["table", "json"] {
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_tallyman"))
                .env_clear()
                .args(["--server", &url, "--token", "t", "-o", format])
                .args(noun)
                .current_dir(here.path())
                .output()
                .unwrap();
            let errors = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{noun:?}: {errors}");
            assert!(output.stdout.is_empty(), "{noun:?}: {:?}", output.stdout);
            for words in [DETAIL, "503", "try again in 2 s"] {
                assert!(errors.contains(words), "{noun:?}: {errors}");
            }
        }
    }
    serving.abort();
}

#[tokio::test]
async fn an_export_comes_back_byte_for_byte() {
    let mut server = Server::start(&QUIET);
    for id in 1..=20 {
        server.collect(&hook(id, "success"), None).await;
    }
    let file = server.dir().join("export.ndjson.zst");
    let file = file.to_str().unwrap();
    assert!(server.cli(&["replay", "export", file]).status.success());
    server.stop();
    let other = tempfile::tempdir().unwrap();
    let there = other.path().to_str().unwrap();
    let imported = server.cli(&["--data-dir", there, "replay", "import", file]);
    assert!(
        imported.status.success(),
        "{}",
        String::from_utf8_lossy(&imported.stderr)
    );
    let again = other.path().join("again.ndjson");
    let again = again.to_str().unwrap();
    let first = server.dir().join("first.ndjson");
    let first = first.to_str().unwrap();
    assert!(
        server
            .cli(&["--data-dir", there, "replay", "export", again])
            .status
            .success()
    );
    assert!(server.cli(&["replay", "export", first]).status.success());
    assert_eq!(std::fs::read(first).unwrap(), std::fs::read(again).unwrap());
}

#[tokio::test]
async fn a_changed_byte_is_found_and_named_and_the_events_before_it_can_be_saved() {
    let mut server = Server::start(&QUIET);
    for id in 1..=20 {
        server.collect(&hook(id, "success"), None).await;
    }
    server.stop();
    let log = server.dir().join("log");
    let segment = std::fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "seg"))
        .unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    // Well inside the frames: after the header, and long before the last of them.
    bytes[9000] ^= 0x40;
    std::fs::write(&segment, bytes).unwrap();
    let verified = server.cli(&["-o", "json", "replay", "verify"]);
    assert_eq!(verified.status.code(), Some(6));
    let said =
        String::from_utf8_lossy(&verified.stderr) + String::from_utf8_lossy(&verified.stdout);
    assert!(
        said.contains(segment.file_name().unwrap().to_str().unwrap()),
        "{said}"
    );
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    let position = report["fault"]["position"].as_u64().unwrap();
    assert!(position > 1, "{said}");
    let all = server.cli(&["replay", "export", "-"]);
    assert_eq!(all.status.code(), Some(6));
    let until = (position - 1).to_string();
    let saved = server.cli(&["replay", "export", "--until", &until, "-"]);
    assert!(saved.status.success(), "{saved:?}");
    // The end line shows that the copy is whole.
    let lines = String::from_utf8_lossy(&saved.stdout).lines().count() as u64;
    assert_eq!(lines, position);
}

#[tokio::test]
async fn a_server_is_used_by_its_name_and_its_token_is_never_shown() {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("kept/contexts.yaml");
    let file = file.to_str().unwrap();
    let asked = Server::start(&QUIET);
    asked.collect(&hook(7, "success"), None).await;
    let token = asked.token();
    let token_file = asked.dir().join("admin.token");
    // Another data directory, whose command line knows the first server by name.
    let here = Server::start(&[("TALLYMAN_CONTEXTS", file), QUIET[0]]);
    let url = asked.url("");
    let run = |arguments: &[&str]| here.cli(arguments);
    let events = || json(&run(&["-o", "json", "event", "list", "--type", "build.*"]));

    assert_eq!(events(), serde_json::json!([]), "nothing is known by name");
    let set = ["context", "set", "farm", "--server", &url, "--token-file"];
    let set = run(&[&set[..], &[token_file.to_str().unwrap()]].concat());
    assert!(set.status.success(), "{set:?}");
    assert_eq!(events().as_array().unwrap().len(), 1, "the first is in use");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let listed = run(&["context", "list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("farm") && !listed.contains(&token),
        "{listed}"
    );

    assert!(run(&["context", "leave"]).status.success());
    assert_eq!(events(), serde_json::json!([]));
    let named = ["--context", "farm", "-o", "json", "build", "get", "7"];
    assert_eq!(json(&run(&named))["status"], "success");
    for (arguments, code) in [
        (&["context", "use", "other"][..], 3),
        (&["context", "remove", "other"], 3),
        (&["--context", "other", "event", "list"], 3),
        (&["context", "set", "bad"], 2),
        (&["context", "set", "bad", "--server", "ftp://here"], 2),
        (
            &["context", "set", "bad", "--server", "http://me:secret@here"],
            2,
        ),
        (
            &[
                "--context",
                "farm",
                "--server",
                "http://here",
                "event",
                "list",
            ],
            2,
        ),
    ] {
        assert_eq!(run(arguments).status.code(), Some(code), "{arguments:?}");
    }
    assert!(run(&["context", "remove", "farm"]).status.success());
    assert_eq!(run(&named).status.code(), Some(3));
    std::fs::write(file, format!("current: [{token}\n")).unwrap();
    let broken = run(&["event", "list"]);
    let reply = String::from_utf8(broken.stderr).unwrap();
    assert_eq!(broken.status.code(), Some(2));
    assert!(
        reply.contains("line 1") && !reply.contains(&token),
        "{reply}"
    );
}
