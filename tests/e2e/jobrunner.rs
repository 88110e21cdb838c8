//! Job-runner's workers against the real binary: over HTTP and ZeroMQ, killed and started again.

mod clocks;
mod ports;
mod settings;
mod worker;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::main_job::verify_and_compare;
use crate::server::Server;
use worker::{Worker, now};

/// Rounds come quickly, ports are the system's choice, and nothing is collected.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("TALLYMAN__JOBRUNNER__BROADCASTER_PORT", "0"),
    ("TALLYMAN__JOBRUNNER__EVENT_PORT", "0"),
    ("TALLYMAN__JOBRUNNER__ROUND_SECONDS", "1"),
    ("TALLYMAN__COLLECTOR__ENABLED", "false"),
];

/// Two workers in one pool, a job, and another that runs after it.
const FARM: &str = r##"
groups: [{name: Builders}]
users: [{username: ada, password: correct horse battery, groups: [Builders]}]
workers:
  - {title: First, api_key: worker1, secret: verysecret}
  - {title: Second, api_key: worker2, secret: as secret}
worker_pools: [{title: Pool, workers: [First, Second]}]
projects:
  - {title: Farm, groups: [Builders], auth_groups: [Builders], worker_pools: [Pool]}
job_templates:
  - {title: Shell, project: Farm, body: "#!/bin/sh\n{{ content|safe }}\n"}
jobs:
  - {title: Hello, job_template: Shell, worker_pool: Pool, script_content_partial: echo hello}
  - {title: After, job_template: Shell, worker_pool: Pool, script_content_partial: sleep 300, parent: Hello}
"##;

struct Farm {
    server: Server,
    first: Worker,
    second: Worker,
    hello: String,
    after: String,
}

impl Farm {
    fn new() -> Self {
        Self::with(&[])
    }

    /// The same with more of the environment.
    fn with(environment: &[(&str, &str)]) -> Self {
        let server = Server::start(&[&ENVIRONMENT, environment].concat());
        let file = server.dir().join("farm.yaml");
        std::fs::write(&file, FARM).unwrap();
        let file = file.to_str().unwrap();
        let applied = server.cli(&["-o", "json", "apply", "-f", file]);
        assert!(applied.status.success(), "{applied:?}");
        let applied: Value = serde_json::from_slice(&applied.stdout).unwrap();
        let job = |title: &str| format!("/api/v1/job/{}/", applied["jobs"][title]["id"]);
        Self {
            server,
            first: Worker::new("worker1", "verysecret"),
            second: Worker::new("worker2", "as secret"),
            hello: job("Hello"),
            after: job("After"),
        }
    }

    /// Requests a run of a job, as a user of a dashboard would.
    async fn schedule(&self, job: &str) -> String {
        let body = json!({"job": job, "schedule_dts": now(), "is_manual": true});
        self.first.post(&self.server, "/api/v1/run/", body).await
    }

    async fn broadcaster(&self) -> String {
        let info = self.server.get("/v1/info").await;
        info["ports"]["broadcaster"].as_str().unwrap().to_owned()
    }

    /// The types of everything that happened to a run, in order.
    async fn story_of(&self, run: &str) -> Vec<String> {
        let number = run.trim_end_matches('/').rsplit('/').next().unwrap();
        let path = format!("/v1/streams/run-{number}");
        let events = self.server.get(&path).await;
        let events = events["items"].as_array().unwrap();
        let name = |event: &Value| event["type"].as_str().unwrap().to_owned();
        events.iter().map(name).collect()
    }

    /// The server is killed and started again.
    fn crash(&mut self) {
        self.server.kill();
        self.server.restart();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_its_child_follows_and_is_killed() {
    let mut farm = Farm::new();
    let (server, worker) = (&farm.server, &farm.first);
    let mut ear = worker.listen(&farm.broadcaster().await).await;
    assert_eq!(worker.give_back(server).await, Vec::<String>::new());
    ear.hear(|said| (said["action"] == "ping").then_some(()))
        .await;
    worker.report(server).await;
    assert_eq!(worker.itself(server).await["concurrent_jobs"], 2);

    let asked = farm.schedule(&farm.hello).await;
    let run = ear.next_run().await;
    assert_eq!(run, asked);
    worker.claim(server, &run).await;
    assert_eq!(
        worker.start(server, &run, 6023).await,
        "#!/bin/sh\necho hello\n"
    );
    worker.finish(server, &run, "hello\ndone\n", true).await;
    assert_eq!(
        farm.story_of(&run).await,
        [
            "run.scheduled",
            "run.claimed",
            "run.started",
            "run.pid_reported",
            "run.returned"
        ]
    );

    let child = ear.next_run().await;
    let found = worker.get(server, &child).await;
    assert_eq!(
        (&found["job"], &found["is_manual"]),
        (&json!(farm.after), &json!(false))
    );
    worker.claim(server, &child).await;
    worker.start(server, &child, 6170).await;
    let body = json!({"run": child});
    let asked = worker.post(server, "/api/v1/kill_request/", body).await;
    let kill = ear.next_kill().await;
    assert_eq!(kill, asked);
    worker
        .patch(server, &kill, json!({"enqueue_dts": now()}))
        .await;
    worker
        .patch(server, &kill, json!({"execute_dts": now()}))
        .await;
    worker.finish(server, &child, "child\n", false).await;

    let completed = "/api/v1/run/?state=completed";
    let completed = worker.get(server, completed).await;
    assert_eq!(completed["meta"]["total_count"], 2, "{completed}");
    let events = server.get("/v1/events?category=run&limit=100").await;
    let actors = events["items"].as_array().unwrap().iter().filter(|event| {
        event["type"] == "run.claimed" && event["metadata"]["actor"]["kind"] != "worker"
    });
    assert_eq!(actors.count(), 0, "a claim is its worker's: {events}");
    verify_and_compare(&mut farm.server);
}

/// A worker may fail to report the end of a run, and still answer pings.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_never_returns_is_killed_then_ended_and_its_job_goes_on() {
    let mut farm = Farm::new();
    let (server, worker) = (&farm.server, &farm.first);
    worker.report(server).await;
    let mut ear = worker.listen(&farm.broadcaster().await).await;
    let run = farm.schedule(&farm.hello).await;
    assert_eq!(ear.next_run().await, run);
    worker.claim(server, &run).await;
    worker.start(server, &run, 17).await;
    let next = farm.schedule(&farm.hello).await;
    let number = run.trim_end_matches('/').rsplit('/').next().unwrap();

    let cli = |arguments: &[&str]| {
        let done = server.cli(&[&["-o", "json"], arguments].concat());
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        serde_json::from_slice::<Value>(&done.stdout).unwrap()
    };
    let silent = cli(&["worker", "list", "--silent"]);
    assert_eq!(
        (silent.as_array().unwrap().len(), &silent[0]["title"]),
        (1, &json!("Second"))
    );
    let asked = cli(&["run", "kill", number, "--reason", "hangs", "--yes"]);
    let kill = format!(
        "/api/v1/kill_request/{}/",
        asked["kill_request"]["kill_request"]
    );
    assert_eq!(ear.next_kill().await, kill);
    worker
        .patch(server, &kill, json!({"enqueue_dts": now()}))
        .await;
    assert_eq!(
        cli(&["run", "list", "--state", "started"])[0]["run"].to_string(),
        number
    );
    let ended = cli(&["run", "end", number, "--reason", "hangs", "--yes"]);
    assert_eq!(
        (&ended["ended"], &ended["run"]["given_up"]),
        (&json!(true), &json!("hangs"))
    );
    let log = server.cli(&["run", "log", number]).stdout;
    let said = format!("Run {number} was ended by hand: hangs.\n");
    assert_eq!(String::from_utf8(log).unwrap(), said);
    assert_eq!(ear.next_run().await, next, "the job goes on");
    // The worker comes to its senses.
    worker.finish(server, &run, "hello\n", true).await;
    let found = cli(&["run", "get", number]);
    assert_eq!(
        (&found["success"], &found["given_up"]),
        (&json!(true), &Value::Null)
    );
    verify_and_compare(&mut farm.server);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_want_a_run_and_one_has_it() {
    let farm = Farm::new();
    let run = farm.schedule(&farm.hello).await;
    let claims = [&farm.first, &farm.second].map(|worker| {
        let (server, run) = (&farm.server, &run);
        async move {
            let me = worker.itself(server).await;
            let body = json!({"enqueue_dts": now(), "worker": me["resource_uri"]});
            let (status, ..) = worker.ask(server, Method::PATCH, run, Some(&body)).await;
            (status, me["resource_uri"].clone())
        }
    });
    let claims = futures::future::join_all(claims).await;
    let holder = farm.first.get(&farm.server, &run).await["worker"].clone();
    for (worker, (claimed, me)) in [&farm.first, &farm.second].into_iter().zip(claims) {
        // A late worker may have taken it over: the last claim holds.
        assert_eq!(claimed, StatusCode::ACCEPTED);
        let body = json!({"pid": 1});
        let (status, ..) = worker
            .ask(&farm.server, Method::PATCH, &run, Some(&body))
            .await;
        let wanted = match me == holder {
            true => StatusCode::ACCEPTED,
            false => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(status, wanted, "{me} {holder}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_kills_of_the_server_in_each_of_its_phases() {
    let mut farm = Farm::new();
    farm.first.report(&farm.server).await;
    let run = farm.schedule(&farm.hello).await;
    farm.crash();
    let mut ear = farm.first.listen(&farm.broadcaster().await).await;
    assert_eq!(ear.next_run().await, run);
    farm.crash();
    farm.first.claim(&farm.server, &run).await;
    farm.crash();
    farm.first.start(&farm.server, &run, 17).await;
    farm.crash();
    farm.first.finish(&farm.server, &run, "hello\n", true).await;
    farm.crash();
    assert_eq!(
        farm.story_of(&run).await,
        [
            "run.scheduled",
            "run.claimed",
            "run.started",
            "run.pid_reported",
            "run.returned"
        ]
    );
    let children = format!("/api/v1/run/?job={}", farm.after.split('/').nth(4).unwrap());
    let children = farm.first.get(&farm.server, &children).await;
    assert_eq!(children["meta"]["total_count"], 1, "{children}");
    verify_and_compare(&mut farm.server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_died_gives_its_run_back_and_gets_it_again() {
    let farm = Farm::new();
    let (server, worker) = (&farm.server, &farm.first);
    worker.report(server).await;
    let mut ear = worker.listen(&farm.broadcaster().await).await;
    let run = farm.schedule(&farm.hello).await;
    assert_eq!(ear.next_run().await, run);
    worker.claim(server, &run).await;
    worker.start(server, &run, 17).await;
    drop(ear);

    let reborn = Worker::new("worker1", "verysecret");
    let mut ear = reborn.listen(&farm.broadcaster().await).await;
    assert_eq!(reborn.give_back(server).await, [run.as_str()]);
    assert_eq!(ear.next_run().await, run);
    reborn.claim(server, &run).await;
    reborn.start(server, &run, 18).await;
    reborn.finish(server, &run, "at last\n", true).await;
    let story = farm.story_of(&run).await;
    let times = |name: &str| story.iter().filter(|reply| *reply == name).count();
    assert_eq!(
        (times("run.reset"), times("run.returned")),
        (1, 1),
        "{story:?}"
    );
}
