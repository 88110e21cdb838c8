//! Webhooks over HTTP, each durable before it is answered.

use std::time::Duration;

use crate::bench::{Folder, Load, Served, TOKEN, line, load, one_thread, resident};
use crate::cli::Failure;

/// What the acknowledgement of a Gantry is worth, which keeps the hook in memory only: 8.4 thousand a second
/// on two cores, measured with the same kind of load.
const GANTRY_PER_SECOND: f64 = 8_400.0;

pub(super) fn run(connections: usize, seconds: u64) -> Result<(), Failure> {
    let folder = Folder::create()?;
    let served = Served::start(&[], &folder.path().join("data"))?;
    let address = served.address;
    let duration = Duration::from_secs(seconds);
    let runtime = one_thread()?;
    let (nothing, hooks) = runtime.block_on(async {
        let health = b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n".to_vec();
        let nothing = load(address, connections, duration, move |_| health.clone()).await?;
        let hooks = load(address, connections, duration, hook).await?;
        Ok::<(Load, Load), Failure>((nothing, hooks))
    })?;
    line(
        "GET /healthz (what HTTP itself allows)",
        &format!("{:.0}/s", nothing.rate),
        "",
    );
    line(
        &format!("POST /v1/collect, durable, {connections} connections"),
        &format!("{:.0}/s", hooks.rate),
        &format!(
            "{:.2} of the limit above, {:.2} of Gantry's 8.4 k/s without durability",
            hooks.rate / nothing.rate,
            hooks.rate / GANTRY_PER_SECOND
        ),
    );
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("longest", 1.0)] {
        line(name, &format!("{:.2} ms", hooks.milliseconds(quantile)), "");
    }
    line("answered otherwise", &hooks.refused.to_string(), "");
    if let Some(bytes) = resident(served.pid()) {
        line("resident", &format!("{:.0} MB", bytes as f64 / 1e6), "");
    }
    Ok(served.kill()?)
}

/// The n-th delivery: a body as GitLab sends it, with a key of its own.
fn hook(n: u64) -> Vec<u8> {
    let number = 1_000_000 + n;
    let body = format!(
        concat!(
            r#"{{"object_kind":"build","ref":"develop","tag":false,"#,
            r#""before_sha":"0000000000000000000000000000000000000000","#,
            r#""sha":"9d1c7a54b0e2f6c83a7715d2e4906bb8c1f0a3de","retries_count":0,"#,
            r#""build_id":{number},"build_name":"emacs@29.2 /abcdefg %gcc@12.3.0 x86_64_v3","#,
            r#""build_stage":"stage-3","build_status":"running","#,
            r#""build_created_at":"2026-11-20 22:40:11 UTC","build_started_at":"2026-11-20 22:43:58 UTC","#,
            r#""build_finished_at":null,"build_duration":2.117903,"build_queued_duration":226.804,"#,
            r#""build_allow_failure":false,"build_failure_reason":"unknown_failure","pipeline_id":33107,"#,
            r#""runner":{{"id":412,"description":"cluster-build-07","runner_type":"group_type","active":true,"#,
            r#""is_shared":false,"tags":["linux","x64","bigmem"]}},"project_id":57,"#,
            r#""project_name":"Farm / packages","user":{{"id":18,"name":"Bench","username":"bench","#,
            r#""avatar_url":null,"email":"[REDACTED]"}},"environment":null}}"#
        ),
        number = number
    );
    format!(
        concat!(
            "POST /v1/collect HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n",
            "X-Gitlab-Event: Job Hook\r\nX-Gitlab-Token: {token}\r\n",
            "Idempotency-Key: 4f3c2a10-8f7e-4d6b-9c55-{n:012x}\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
        token = TOKEN,
        n = n,
        length = body.len(),
        body = body
    )
    .into_bytes()
}
