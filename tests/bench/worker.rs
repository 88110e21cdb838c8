//! Workers of job-runner over HTTP: claims that are durable before they are answered, pings, and
//! the lists that workers request, after a long history of runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eventlog::Append;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use tallyman::bench::runs::{Size, numbered};
use tallyman::bench::{
    Folder, Load, Served, admin_token, fill_with, line, load, one_thread, resident,
};

use crate::AS_TALLYMAN;

/// More claims in a second than any server here takes: so many runs wait for them.
const CLAIMS_PER_SECOND_MAX: u64 = 20_000;

/// The secret of every worker.
const SECRET: &str = "bench";

/// What is measured, and on what.
pub(crate) struct Measurement {
    pub(crate) farm: Size,
    pub(crate) finished: u64,
    pub(crate) connections: usize,
    pub(crate) seconds: u64,
}

pub(crate) fn run(measurement: &Measurement) -> anyhow::Result<()> {
    let Measurement {
        farm,
        finished,
        connections,
        seconds,
    } = *measurement;
    let folder = Folder::create()?;
    let data = folder.path().join("data");
    fill_with(
        &data,
        history(farm, finished, seconds * CLAIMS_PER_SECOND_MAX),
    )?;
    let served = Served::start(&[AS_TALLYMAN], &data)?;
    let runtime = one_thread()?;
    let workers: Arc<[u64]> = runtime
        .block_on(provision(served.address, &data, farm))?
        .into();
    line(
        &format!("{finished} runs that are over"),
        &format!("{:.2} s", served.ready_after.as_secs_f64()),
        "to ready, all views built from the log",
    );
    // The key and the number of the worker whose turn it is.
    let turn = move |n: u64| (n % farm.workers + 1, workers[(n % farm.workers) as usize]);
    let measure = |request: Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>| {
        let duration = Duration::from_secs(seconds);
        runtime.block_on(load(served.address, connections, duration, request))
    };

    let worker = turn.clone();
    let lists = measure(Box::new(move |n| {
        let (key, _) = worker(n);
        let target = format!("/api/v1/run/?state=in_queue&worker__api_key=worker{key}");
        request(key, "GET", &target, "")
    }))?;
    print("GET run/?state=in_queue, of one worker", &lists);
    line("  wanted", "", "p99 at most 5 ms, whatever is over");

    let worker = turn.clone();
    let claims = measure(Box::new(move |n| {
        let (key, number) = worker(n);
        let body = json!({"enqueue_dts": now(), "worker": format!("/api/v1/worker/{number}/")});
        let target = format!("/api/v1/run/{}/", finished + 1 + n);
        request(key, "PATCH", &target, &body.to_string())
    }))?;
    print("PATCH run: a claim, durable", &claims);

    let worker = turn.clone();
    let pings = measure(Box::new(move |n| {
        let (key, number) = worker(n);
        let body =
            json!({"ping_response_dts": now(), "concurrent_jobs": 4, "worker_version": "2.1.2"});
        let target = format!("/api/v1/worker/{number}/");
        request(key, "PATCH", &target, &body.to_string())
    }))?;
    print("PATCH worker: a ping is answered, durable", &pings);

    if let Some(bytes) = resident(served.pid()) {
        line("resident", &format!("{:.0} MB", bytes as f64 / 1e6), "");
    }
    served.kill()
}

/// Runs that are over, then some that are due in a year and that no worker has claimed.
fn history(farm: Size, finished: u64, waiting: u64) -> impl Iterator<Item = Append> {
    let due = Timestamp::now() + SignedDuration::from_hours(365 * 24);
    let last = finished + waiting;
    let over = (1..=finished).map(move |number| farm.finished(number));
    let waiting = (finished + 1..=last).map(move |number| farm.waiting(number, due));
    std::iter::once(numbered(last)).chain(over).chain(waiting)
}

/// Creates the farm as its document would, and returns the numbers of the workers.
async fn provision(address: SocketAddr, data: &Path, farm: Size) -> anyhow::Result<Vec<u64>> {
    let title = |number: u64| format!("Worker {number}");
    let workers = || 1..=farm.workers;
    let document = json!({
        "workers": workers().map(|number| json!({
            "title": title(number), "api_key": format!("worker{number}"), "secret": SECRET,
        })).collect::<Vec<_>>(),
        "worker_pools": [{"title": "Pool", "workers": workers().map(title).collect::<Vec<_>>()}],
        "projects": [{"title": "Farm", "worker_pools": ["Pool"]}],
        "job_templates": [{"title": "Shell", "project": "Farm", "body": "#!/bin/sh\n{{ content|safe }}\n"}],
        "jobs": (1..=farm.jobs).map(|number| json!({
            "title": format!("Job {number}"), "job_template": "Shell", "worker_pool": "Pool",
            "script_content_partial": "true",
        })).collect::<Vec<_>>(),
    });
    let token = admin_token(data).unwrap_or_default();
    let answer = reqwest::Client::new()
        .post(format!("http://{address}/v1/apply"))
        .bearer_auth(secrecy::ExposeSecret::expose_secret(&token))
        .json(&document)
        .send()
        .await?;
    let status = answer.status();
    let applied: Value = answer.json().await?;
    if !status.is_success() {
        anyhow::bail!("the farm was not created ({status}): {applied}");
    }
    let number = |worker| applied["objects"]["workers"][title(worker)]["id"].as_u64();
    let numbers: Option<Vec<u64>> = workers().map(number).collect();
    numbers.ok_or_else(|| anyhow::anyhow!("the answer has no numbers of workers: {applied}"))
}

fn request(key: u64, method: &str, target: &str, body: &str) -> Vec<u8> {
    let digest = jobrunner::digest(&SecretString::from(SECRET), method, target, body.as_bytes());
    format!(
        "{method} {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: ApiKey worker{key}:{digest}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Now, as workers write it.
fn now() -> String {
    Timestamp::now()
        .strftime("%Y-%m-%d %H:%M:%S%.6f+00:00")
        .to_string()
}

fn print(what: &str, measured: &Load) {
    line(what, &format!("{:.0}/s", measured.rate), "");
    line(
        "  p50 / p99",
        &format!(
            "{:.2} / {:.2} ms",
            measured.milliseconds(0.5),
            measured.milliseconds(0.99)
        ),
        "",
    );
    line("  answered otherwise", &measured.refused.to_string(), "");
}
