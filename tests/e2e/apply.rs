//! A farm is made as a file wants it, through a server and without one.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::server::Server;

const QUIET: [(&str, &str); 1] = [("TALLYMAN__COLLECTOR__ENABLED", "false")];

#[track_caller]
fn printed(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("the command printed JSON")
}

/// The example that comes with the app, with the files of secrets that it names.
fn example(dir: &Path) -> PathBuf {
    let file = dir.join("farm.yaml");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("ops/farm.example.yaml");
    std::fs::copy(example, &file).unwrap();
    std::fs::write(dir.join("jane.password"), "jane's own\n").unwrap();
    std::fs::write(dir.join("worker1.secret"), "verysecret\n").unwrap();
    file
}

fn events(server: &Server) -> usize {
    let listed = server.cli(&["-o", "json", "event", "list", "--limit", "1000"]);
    printed(&listed).as_array().unwrap().len()
}

#[tokio::test]
async fn the_example_makes_a_farm_through_the_server_and_a_second_time_nothing() {
    let mut server = Server::start(&QUIET);
    let files = tempfile::tempdir().unwrap();
    let file = example(files.path());
    let file = file.to_str().unwrap();
    let apply = ["-o", "json", "apply", "-f", file];

    let before = events(&server);
    let reply = printed(&server.cli(&[&apply[..], &["--dry-run"]].concat()));
    assert_eq!(reply["jobs"]["build"]["id"], Value::Null);
    assert_eq!(events(&server), before);

    let made = printed(&server.cli(&[&apply[..], &["--reason", "as agreed"]].concat()));
    assert_eq!(made["groups"]["builders"]["id"], 1);
    assert_eq!(made["users"]["jane"]["id"], 1);
    assert_eq!(made["workers"]["Worker 1"]["api_key"], "worker1");
    assert_eq!(made["jobs"]["build"]["first_run"], 1);
    assert!(made["workers"]["Worker 2"]["secret"].is_string());
    let parent = server.get("/v1/jobs/2").await;
    assert_eq!(parent["parent"], json!({"id": 1, "title": "build"}));

    let after = events(&server);
    let again = printed(&server.cli(&apply));
    assert_eq!(events(&server), after);
    assert_eq!(again["workers"]["Worker 2"].get("secret"), None);

    // Without a server the command reads the directory itself, which is unchanged.
    server.stop();
    let table = server.cli(&["apply", "-f", file]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.ends_with("nothing to change\n"), "{table}");
    assert_eq!(events(&server), after);
    let log = server.dir().join("log");
    for segment in std::fs::read_dir(log).unwrap() {
        let bytes = std::fs::read(segment.unwrap().path()).unwrap();
        for secret in ["verysecret", "jane's own", "correct horse"] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} stands in the log");
        }
    }
}

#[tokio::test]
async fn exit_codes_and_messages_name_the_error() {
    let server = Server::start(&QUIET);
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let reader = server.cli(&["-o", "json", "token", "create", "ci", "--role", "reader"]);
    let reader = printed(&reader)["secret"].as_str().unwrap().to_owned();
    let good = file(
        "good.json",
        "{\n\t\"groups\": [{\"name\": \"g\"}, {\"name\": \"h\"}]\n}",
    );
    let cases: [(&str, Vec<String>, i32, &str); 12] = [
        ("good", vec![good.clone()], 0, ""),
        (
            "missing",
            vec!["nothing.yaml".to_owned()],
            3,
            "nothing.yaml",
        ),
        (
            "no YAML",
            vec![file("a.yaml", "groups:\n\t- x")],
            2,
            "line 2",
        ),
        (
            "no JSON",
            vec![file("a.json", "{\"groups\": hunter2}")],
            2,
            "line 1",
        ),
        ("unknown key", vec![file("b.yaml", "grups: []")], 2, "grups"),
        (
            "unknown field",
            vec![file("c.yaml", "groups: [{name: a, nam: b}]")],
            2,
            "groups[0].nam",
        ),
        (
            "unknown name",
            vec![file(
                "d.yaml",
                "users: [{username: u, password: correct horse, groups: [x]}]",
            )],
            2,
            "users[0].groups[0]",
        ),
        (
            "no secret",
            vec![file(
                "e.yaml",
                "users: [{username: u, password_file: gone}]",
            )],
            1,
            "users[0].password_file",
        ),
        (
            "two secrets",
            vec![file(
                "f.yaml",
                "users: [{username: u, password: p, password_file: e.yaml}]",
            )],
            2,
            "both",
        ),
        (
            "taken",
            vec![file("g.yaml", "groups: [{id: 1, name: h}]")],
            5,
            "groups[0].name",
        ),
        (
            "reader",
            vec![good.clone(), "--token".to_owned(), reader],
            4,
            "admin",
        ),
        (
            "two documents",
            vec![file("h.yaml", "groups: []\n---\ngroups: []\n")],
            2,
            "document",
        ),
    ];
    for (what, arguments, code, word) in cases {
        let mut all = vec!["apply", "-f"];
        all.extend(arguments.iter().map(String::as_str));
        let output = server.cli(&all);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{what}: {said}");
        assert!(said.contains(word), "{what}: {said}");
        assert!(!said.contains("hunter2"), "{what}: {said}");
    }
    assert_eq!(server.cli(&["apply"]).status.code(), Some(2));
}

/// However far it had come: applying the same file again completes it.
#[tokio::test]
async fn what_was_interrupted_by_a_kill_is_completed_by_the_next_apply() {
    const JOBS: u64 = 1500;
    let mut server = Server::start(&QUIET);
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("farm.json");
    let jobs: Vec<Value> = (0..JOBS)
        .map(|n| json!({"title": format!("job {n}"), "job_template": "t", "worker_pool": "p", "first_run": "now"}))
        .collect();
    let farm = json!({
        "worker_pools": [{"title": "p"}],
        "projects": [{"title": "x", "worker_pools": ["p"]}],
        "job_templates": [{"title": "t", "project": "x"}],
        "jobs": jobs,
    });
    std::fs::write(&file, farm.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let mut applying = server.cli_start(&["apply", "-f", file]);
    // Some of it is there, and not all.
    server
        .get_until("/v1/job-templates", |page| page["items"][0]["id"] == 1)
        .await;
    server.kill();
    assert!(!applying.wait().unwrap().success());
    server.restart();
    let made = printed(&server.cli(&["-o", "json", "apply", "-f", file]));
    assert_eq!(made["jobs"].as_object().unwrap().len() as u64, JOBS);
    let before = server.get("/v1/events?order=desc&limit=1").await;
    let again = printed(&server.cli(&["-o", "json", "apply", "-f", file]));
    assert_eq!(again["jobs"]["job 0"]["action"], "unchanged");
    let after = server.get("/v1/events?order=desc&limit=1").await;
    assert_eq!(before["items"], after["items"]);
    // Each job has its one run, and numbers have no gaps.
    let runs = server.get("/v1/streams/numbers-run?limit=1000").await;
    assert!(runs["items"].is_array());
    let last = server.get(&format!("/v1/jobs/{JOBS}")).await;
    assert_eq!(last["id"], JOBS);
    let one_more = server.request(reqwest::Method::GET, &format!("/v1/jobs/{}", JOBS + 1));
    assert_eq!(one_more.send().await.unwrap().status(), 404);
}
