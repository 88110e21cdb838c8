//! `tallyman demo`: a server with a sample history, and commands to try.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use ::config::Value;
use anyhow::{Context, ensure};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use clap::Args;
use commands::Clock;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use tower::ServiceExt;

use super::{Exit, Failure};
use crate::config::{Config, Flags, load};
use crate::serve::Ready;
use crate::{app, sample, serve};

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Number of builds in the sample history
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(0..=200_000))]
    builds: u32,
}

/// The secret token that the demo expects in webhooks, unless another is configured.
const WEBHOOK_TOKEN: &str = "demo";

/// The default data directory: that of `serve` may hold real history.
const DIRECTORY: &str = "./tallyman-demo";

/// The file that marks a data directory as a demo's.
const MARKER: &str = "demo.json";

/// The longest answer of `/v1/apply` that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

pub(super) fn run(mut flags: Flags, options: &Demo) -> Result<(), Failure> {
    flags.defaults = vec![
        ("sources.default.token", Value::from(WEBHOOK_TOKEN)),
        ("data.dir", Value::from(DIRECTORY)),
    ];
    let loaded = load(&flags, &std::env::vars().collect())?;
    let dir = loaded.config.data.dir;
    let is_new = is_new(&dir)?;
    let shown = dir.display().to_string();
    let builds = u64::from(options.builds);
    let prepare = async |config: &Config| match is_new {
        true => fill(config, builds).await,
        false => {
            eprintln!("{shown} holds the history of an earlier demo; delete it for one of today");
            Ok(())
        }
    };
    serve::run_with(&flags, prepare, |ready| print!("{}", guide(&ready, &shown)))?;
    Ok(())
}

/// Whether the directory is to be filled; one of an earlier demo is used as it is.
///
/// # Errors
/// When it contains anything else: sample builds among real ones could never be removed again.
fn is_new(dir: &Path) -> Result<bool, Failure> {
    if dir.join(MARKER).exists() {
        return Ok(false);
    }
    let mut entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => {
            let reply = format!("cannot read the data directory {}", dir.display());
            return Err(anyhow::Error::new(error).context(reply).into());
        }
    };
    if entries.next().is_none() {
        return Ok(true);
    }
    let text = format!(
        "{} contains other data: `demo` only writes into a new directory. \
         Give one with --data-dir (without it and without data.dir: {DIRECTORY}), or run `tallyman serve`",
        dir.display()
    );
    Err(Failure::message(Exit::Conflict, text))
}

/// Writes the workers and jobs of a demo, and before anything else the marker of a demo's directory.
async fn fill(config: &Config, builds: u64) -> anyhow::Result<()> {
    let dir = config.data.dir.clone();
    eprintln!("filling {} with {builds} sample builds", dir.display());
    let now = Timestamp::now();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&dir)
        .with_context(|| format!("cannot create the data directory {}", dir.display()))?;
    let marker = dir.join(MARKER);
    let text = json!({"made_at": now, "builds": builds}).to_string();
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&marker)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", marker.display()))?;
    let begin = sample::demo::beginning(builds, now);
    found_farm(config.clone(), Clock::fixed(begin)).await?;
    tokio::task::spawn_blocking(move || app::fill_with_demo(&dir, builds, now)).await?
}

/// Creates workers, jobs and what they need, at the time of a clock.
async fn found_farm(config: Config, clock: Clock) -> anyhow::Result<()> {
    let opened = app::open(config, clock).await?;
    let token = format!("Bearer {}", opened.admin_token.expose_secret());
    let request = Request::post("/v1/apply?reason=demo")
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, token)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(sample::demo::roster().to_string()))?;
    let response = opened.router().oneshot(request).await?;
    let status = response.status();
    let answer = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
    opened.close().await;
    ensure!(
        status == StatusCode::OK,
        "the workers and jobs of the demo were refused ({status}): {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}

fn guide(ready: &Ready, dir: &str) -> String {
    let address = ready.address;
    let token = ready.admin_token.expose_secret();
    let spec = sample::builds(7, 1)
        .next()
        .map_or_else(String::new, |build| build.spec);
    let escaped = super::client::escaped(&spec);
    format!(
        r#"
Tallyman is ready at http://{address}  (API documentation: http://{address}/docs)

  token: {token}

Post a webhook, as GitLab would:

  curl -s http://{address}/v1/collect -H 'X-Gitlab-Event: Job Hook' -H 'X-Gitlab-Token: {WEBHOOK_TOKEN}' -H 'Content-Type: application/json' -d '{{"object_kind":"build","build_id":4711,"build_name":"emacs","build_stage":"stage-1","build_status":"running","ref":"develop","build_started_at":"2026-11-20 22:43:58 UTC","build_finished_at":null,"runner":{{"description":"demo-runner"}}}}'

See it as an event, and as a build:

  curl -s -H 'Authorization: Bearer {token}' 'http://{address}/v1/events?limit=1&order=desc'
  curl -s -H 'Authorization: Bearer {token}' http://{address}/v1/builds/4711

Which builds of today ran out of memory, and which runs of jobs failed?

  curl -s -H 'Authorization: Bearer {token}' 'http://{address}/v1/builds?collection=out_of_memory'
  curl -s -H 'Authorization: Bearer {token}' 'http://{address}/v1/runs?success=false'

Ask what a build needs ({spec}):

  curl -s 'http://{address}/v1/allocation?spec={escaped}'

Stop with Ctrl-C. All data is in {dir}; delete it to start over.
"#
    )
}
