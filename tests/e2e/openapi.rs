//! `/openapi.json` is valid, fit to generate a client from, and true of the server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::server::{Server, hook};

#[tokio::test]
async fn the_document_is_valid_openapi() {
    let server = Server::start(&[]);
    let document = fetched(&server).await;
    let validated = tool("openapi-spec-validator").arg(&document).output();
    succeeded(&validated.unwrap());
}

/// A client in another language needs nothing but the document.
#[tokio::test]
async fn a_generated_client_reads_writes_and_is_refused() {
    let server = Server::start(&[]);
    server.collect(&hook(4711, "running"), None).await;
    let wanted = |build: &serde_json::Value| build["status"] == "running";
    server.get_until("/v1/builds/4711", wanted).await;
    let document = fetched(&server).await;
    let folder = server.dir().join("generated");
    std::fs::create_dir(&folder).unwrap();
    let config = folder.join("config.yaml");
    std::fs::write(
        &config,
        "package_name_override: tallyman_client\nproject_name_override: tallyman-client\npost_hooks: []\n",
    )
    .unwrap();
    let generated = tool("openapi-python-client")
        .args(["generate", "--meta", "none", "--fail-on-warning", "--path"])
        .arg(&document)
        .arg("--config")
        .arg(&config)
        .arg("--output-path")
        .arg(folder.join("tallyman_client"))
        .output();
    succeeded(&generated.unwrap());
    let script = here().join("client.py");
    let talked = tool("python")
        .arg(script)
        .arg(&folder)
        .args([server.url(""), server.token()])
        .output();
    let talked = talked.unwrap();
    succeeded(&talked);
    assert_eq!(String::from_utf8_lossy(&talked.stdout).trim(), "done");
}

/// Generated requests, valid and invalid, get the documented answers.
#[tokio::test]
async fn a_fuzzer_that_believes_the_document_finds_nothing() {
    let server = Server::start(&[("TALLYMAN__COLLECTOR__ENABLED", "false")]);
    server.collect(&hook(4711, "success"), None).await;
    let fuzzed = tool("schemathesis")
        .current_dir(server.dir())
        .arg("--config-file")
        .arg(here().join("schemathesis.toml"))
        .args(["run", "--no-color", "--phases", "examples,coverage,fuzzing"])
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", server.token()))
        .arg(server.url("/openapi.json"))
        .output();
    succeeded(&fuzzed.unwrap());
    assert_eq!(server.panics().await, Vec::<String>::new());
}

/// The document as a file.
async fn fetched(server: &Server) -> PathBuf {
    let document = server.get("/openapi.json").await;
    let path = server.dir().join("openapi.json");
    std::fs::write(&path, document.to_string()).unwrap();
    path
}

/// A program of the virtual environment that `ops/test install` makes.
fn tool(name: &str) -> Command {
    let tools = std::env::var_os("TALLYMAN_TEST_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin"),
        PathBuf::from,
    );
    let path = tools.join(name);
    assert!(
        path.exists(),
        "there is no {}: run `ops/test install`, or set TALLYMAN_TEST_TOOLS to the folder of Python's tools",
        path.display()
    );
    Command::new(path)
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/openapi")
}

#[track_caller]
fn succeeded(output: &Output) {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
