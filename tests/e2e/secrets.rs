//! No output holds a secret: a marker is put into every key that may hold one, and everything that
//! is printed, logged or answered is searched for it.

use std::process::Output;

use serde_json::Value;

use crate::server::{PATIENCE, Server, hook};

/// Every key, with and without a default, is in here.
const EXAMPLE: &str = include_str!("../../ops/tallyman.example.toml");

/// What no output may hold. It is base64 of 18 bytes, as a signing token wants it.
const MARKER: &str = "markedSecretMarkedSecret";

/// Nothing listens on port 1.
const ADDRESS: &str = "http://user:markedSecretMarkedSecret@127.0.0.1:1/api/v1";

/// The variables of every key whose value is a text: `# key = "…"` below `# [section]` counts as
/// well.
fn variables() -> Vec<String> {
    let (mut section, mut found) = (String::new(), Vec::new());
    for line in EXAMPLE.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = name.replace('.', "__").to_uppercase();
        } else if let Some((key, value)) = line.split_once(" = ")
            && value.starts_with(['"', '\''])
            && !key.contains(' ')
        {
            found.push(format!("TALLYMAN__{section}__{}", key.to_uppercase()));
        }
    }
    found
}

fn text(output: &Output) -> String {
    let (out, errors) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(errors)
}

/// The keys whose value is hidden whatever it is, each with a value that holds the marker.
fn secrets() -> Vec<(String, String)> {
    let signed = format!("whsec_{MARKER}");
    let mut secrets = Vec::new();
    for variable in variables() {
        let key = variable["TALLYMAN__".len()..]
            .to_lowercase()
            .replace("__", ".");
        if shown(&variable, &key, &signed).as_deref() != Some("(hidden)") {
            continue;
        }
        let address = ADDRESS.replace("http:", scheme(&key));
        match shown(&variable, &key, &address) {
            Some(shown) if shown.contains("(hidden)@") => secrets.push((variable, address)),
            Some(_) => secrets.push((variable, signed.clone())),
            // An address that is refused for its password.
            None => {}
        }
    }
    secrets
}

/// How `tallyman config` shows a key with this value; none when it is refused.
fn shown(variable: &str, key: &str, value: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let output = command(dir.path(), &[(variable, value)], &["-o", "json", "config"]);
    if !output.status.success() {
        return None;
    }
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let row = rows.iter().find(|row| row["key"] == key)?;
    row["value"].as_str().map(str::to_owned)
}

fn scheme(key: &str) -> &'static str {
    if key.contains("smtp") {
        "smtp:"
    } else {
        "http:"
    }
}

fn command(dir: &std::path::Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_tallyman"))
        .env_clear()
        .env("TALLYMAN__DATA__DIR", dir.join("data"))
        .envs(environment.iter().copied())
        .current_dir(dir)
        .args(arguments)
        .output()
        .expect("the binary was built")
}

#[tokio::test]
async fn no_output_holds_a_secret() {
    let secrets = secrets();
    let names: Vec<&str> = secrets.iter().map(|(name, _)| name.as_str()).collect();
    for expected in [
        "TALLYMAN__SOURCES__DEFAULT__TOKEN",
        "TALLYMAN__SOURCES__DEFAULT__SIGNING_TOKEN",
        "TALLYMAN__PROMETHEUS__URL",
        "TALLYMAN__PROMETHEUS__COOKIE",
        "TALLYMAN__GITLAB__URL",
        "TALLYMAN__GITLAB__TOKEN",
        "TALLYMAN__BLOBS__SECRET_ACCESS_KEY",
        "TALLYMAN__JOBRUNNER__MAIL__SMTP_URL",
    ] {
        assert!(
            names.contains(&expected),
            "{expected} is not among {names:?}"
        );
    }
    let mut environment: Vec<(&str, &str)> = secrets
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    environment.extend([
        ("TALLYMAN__TELEMETRY__LOG", "debug"),
        ("TALLYMAN__BLOBS__BACKEND", "s3"),
        ("TALLYMAN__BLOBS__BUCKET", "bucket"),
        ("TALLYMAN__BLOBS__ENDPOINT", "http://127.0.0.1:1"),
        ("TALLYMAN__BLOBS__ACCESS_KEY_ID", "id"),
        ("TALLYMAN__COLLECTOR__ATTEMPTS_MAX", "2"),
        ("TALLYMAN__COLLECTOR__BACKOFF_SECONDS", "0.01"),
    ]);
    let mut server = Server::start(&environment);
    let mut outputs = Vec::new();
    for format in ["table", "json", "yaml", "ndjson"] {
        let shown = server.cli(&["-o", format, "config"]);
        assert!(shown.status.success(), "{}", text(&shown));
        outputs.push(("config", text(&shown)));
    }
    for arguments in [
        &["config", "--example"][..],
        &["doctor"],
        &["event", "list"],
        &["--help"],
        &["--server", ADDRESS, "event", "list"],
        &["context", "set", "x", "--server", ADDRESS],
        &["--listen", "127.0.0.1:0", "serve"],
    ] {
        outputs.push((arguments[0], text(&server.cli(arguments))));
    }
    for path in ["/v1/info", "/metrics", "/openapi.json", "/readyz", "/docs"] {
        let answer = reqwest::get(server.url(path)).await.unwrap();
        outputs.push((path, answer.text().await.unwrap()));
    }
    // The collector queries Prometheus, and a refused body is kept in the bucket.
    let client = reqwest::Client::new();
    for body in [hook(1, "success").to_string(), "x".repeat(100_000)] {
        let posted = client
            .post(server.url("/v1/collect"))
            .header("X-Gitlab-Event", "Job Hook")
            .header("X-Gitlab-Token", format!("whsec_{MARKER}"))
            .body(body);
        let answer = posted.send().await.unwrap();
        outputs.push(("/v1/collect", answer.text().await.unwrap()));
    }
    let begun = std::time::Instant::now();
    while !server.logged().contains("cannot connect") {
        assert!(
            begun.elapsed() < PATIENCE,
            "Prometheus was not asked: {}",
            server.logged()
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let kept = ["admin.token", "seal.key"].map(|file| {
        let kept = std::fs::read_to_string(server.dir().join(file)).unwrap();
        kept.trim().to_owned()
    });
    server.stop();
    outputs.push(("the log of the server", server.logged()));
    for (what, output) in outputs {
        for secret in [MARKER, &kept[0], &kept[1]] {
            let lines: Vec<&str> = output
                .lines()
                .filter(|line| line.contains(secret))
                .collect();
            assert!(lines.is_empty(), "{what} holds a secret: {lines:#?}");
        }
    }
}
