//! A server that is stopped for a while, and one whose clock is set: no run is killed and no worker
//! given up for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::jobrunner::worker::Ear;

/// Pings come every second, and a worker is taken for dead when two went unanswered for a second
/// more.
const HASTY: [(&str, &str); 4] = [
    ("TALLYMAN__JOBRUNNER__PING_SECONDS", "1"),
    ("TALLYMAN__JOBRUNNER__UNRESPONSIVE_INTERVALS", "2"),
    ("TALLYMAN__JOBRUNNER__PING_MARGIN_SECONDS", "1"),
    ("TALLYMAN__JOBRUNNER__HEALTH_SECONDS", "1"),
];

/// Longer than a worker may be silent, and than what the server takes for a hiccup.
const STOPPED: Duration = Duration::from_secs(6);

/// The server did not run for twelve seconds, and gave up a worker that had answered every ping: it
/// had not read the answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_stopped_gives_up_no_worker_that_answered() {
    let farm = Farm::with(&HASTY);
    let (server, worker) = (&farm.server, &farm.first);
    let mut ear = worker.listen(&farm.broadcaster().await).await;
    let run = farm.schedule(&farm.hello).await;
    worker.report(server).await;
    assert_eq!(ear.next_run().await, run);
    worker.claim(server, &run).await;
    worker.start(server, &run, 17).await;
    let mut own = worker.listen(&farm.broadcaster().await).await;
    let story = async {
        checks(server, 2).await;
        for _ in 0..2 {
            server.signal("STOP");
            // Time has to pass, and there is no condition to wait for.
            tokio::time::sleep(STOPPED).await;
            server.signal("CONT");
            checks(server, 3).await;
        }
    };
    tokio::select! {
        () = answer_pings(&mut own, worker, server) => {}
        () = story => {}
    }
    assert_eq!(given_up(server).await, 0.0);
    assert_eq!(
        farm.story_of(&run).await.last().unwrap(),
        "run.pid_reported"
    );
    // A worker that does not answer is given up all the same.
    let number = run.split('/').nth(4).unwrap();
    let path = format!("/v1/runs/{number}");
    let ended = |run: &Value| run["given_up"].is_string();
    server.get_until(&path, ended).await;
}

/// The clock was a year ahead for a moment: a live run was killed, its worker was given up, and the
/// job's next occasion lay a year ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_kills_nothing_and_silences_no_job() {
    let clock = FakeClock::new();
    let environment = [&HASTY[..], &clock.environment()].concat();
    let farm = Farm::with(&environment);
    let (server, worker) = (&farm.server, &farm.first);
    let job = apply_hourly(server);
    worker.report(server).await;
    let mut ear = worker.listen(&farm.broadcaster().await).await;
    let run = ear.next_run().await;
    worker.claim(server, &run).await;
    worker.start(server, &run, 17).await;
    worker.finish(server, &run, "", true).await;
    let mut own = worker.listen(&farm.broadcaster().await).await;
    let story = async {
        clock.set("+365d");
        let next = ear.next_run().await;
        worker.claim(server, &next).await;
        worker.start(server, &next, 18).await;
        checks(server, 4).await;
        let named = |ready: &Value| ready["details"]["clock"].is_string();
        let ready = server.get_until("/readyz", named).await;
        let said = ready["details"]["clock"].as_str().unwrap();
        assert!(said.starts_with("it was set forward by 8760h"), "{said}");
        let waiting = waiting(server, job).await;
        assert!(in_hours(&waiting) > 8_000.0, "{waiting}");

        clock.set("+0");
        let mended = |ready: &Value| {
            let said = ready["details"]["clock"].as_str().unwrap_or_default();
            said.starts_with("it was set back") && said.contains("; 1 runs")
        };
        server.get_until("/readyz", mended).await;
        checks(server, 4).await;
        next
    };
    let next = tokio::select! {
        () = answer_pings(&mut own, worker, server) => String::new(),
        next = story => next,
    };
    assert_eq!(
        farm.story_of(&next).await.last().unwrap(),
        "run.pid_reported"
    );
    assert_eq!(given_up(server).await, 0.0);
    let waiting = waiting(server, job).await;
    assert!(in_hours(&waiting) <= 2.0, "{waiting}");
    let doctor = server.cli(&["doctor"]);
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("it was set back by 8760h"), "{doctor}");
}

/// Worker 1 answers every ping, for as long as this is polled.
async fn answer_pings(ear: &mut Ear, worker: &Worker, server: &Server) {
    loop {
        ear.hear(|said| (said["action"] == "ping").then_some(()))
            .await;
        worker.report(server).await;
    }
}

/// Waits until the health of workers was looked at so many more times.
async fn checks(server: &Server, count: u32) {
    let looks = || server.metric(r#"tallyman_jobrunner_checks_total{outcome="done""#);
    let before = looks().await;
    let waiting = async {
        while looks().await < before + f64::from(count) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(crate::server::PATIENCE, waiting)
        .await
        .expect("workers are looked at");
}

async fn given_up(server: &Server) -> f64 {
    server
        .metric("tallyman_jobrunner_runs_given_up_total")
        .await
}

/// A job that runs every hour, from now on, and may take an hour.
fn apply_hourly(server: &Server) -> u64 {
    let hourly = "jobs: [{title: Hourly, job_template: Shell, worker_pool: Pool, \
        script_content_partial: sleep 300, first_run: now, run_timeout_seconds: 3600, \
        reschedule_interval: 1, reschedule_interval_type: HOUR}]";
    let file = server.dir().join("hourly.yaml");
    std::fs::write(&file, hourly).unwrap();
    let applied = server.cli(&["-o", "json", "apply", "-f", file.to_str().unwrap()]);
    assert!(applied.status.success(), "{applied:?}");
    let applied: Value = serde_json::from_slice(&applied.stdout).unwrap();
    applied["jobs"]["Hourly"]["id"].as_u64().unwrap()
}

/// When the run of a job is due that waits.
async fn waiting(server: &Server, job: u64) -> Value {
    let runs = server
        .get(&format!("/v1/runs?job={job}&state=scheduled"))
        .await;
    let runs = runs["items"].as_array().unwrap();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0]["schedule_at"].clone()
}

fn in_hours(time: &Value) -> f64 {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    time.duration_since(jiff::Timestamp::now()).as_secs_f64() / 3600.0
}

/// A clock of the server's own, by Debian's `faketime`. What counts from the boot stays as it is,
/// as it does when an operator sets the clock.
struct FakeClock {
    dir: tempfile::TempDir,
    library: PathBuf,
}

impl FakeClock {
    fn new() -> Self {
        let architecture = std::env::consts::ARCH;
        let library = format!("/usr/lib/{architecture}-linux-gnu/faketime/libfaketimeMT.so.1");
        let library = PathBuf::from(library);
        assert!(
            library.exists(),
            "{} is missing: install the package `faketime` (`apt-get install faketime`)",
            library.display()
        );
        let dir = tempfile::tempdir().unwrap();
        let clock = Self { dir, library };
        clock.set("+0");
        clock
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("clock")
    }

    fn set(&self, offset: &str) {
        std::fs::write(self.file(), offset).unwrap();
    }

    fn environment(&self) -> [(&str, &str); 4] {
        let text = |path: &Path| -> &'static str {
            // The environment of a test is as long as the test.
            Box::leak(path.to_str().unwrap().to_owned().into_boxed_str())
        };
        [
            ("LD_PRELOAD", text(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", text(&self.file())),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
    }
}
