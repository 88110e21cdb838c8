use domain::jobs::job::{self, Job, JobCommand};
use domain::jobs::job_template::{self, JobTemplate, JobTemplateCommand};
use domain::jobs::kill_request::{self, KillRequest, KillRequestCommand};
use domain::jobs::project::{self, Project, ProjectCommand};
use domain::jobs::run::{self, Caller, Origin, Patched, Run, RunCommand, Scheduled};
use domain::jobs::run_log::{RunLog, RunLogCommand, Written};
use domain::jobs::worker_pool::{self, WorkerPool, WorkerPoolCommand};
use domain::{Aggregate, LongText};
use futures::StreamExt;

use super::*;

mod ending;

impl TestApp {
    async fn command<A: Aggregate>(&self, key: impl ToString, command: A::Command) -> Position
    where
        A::Rejection: std::fmt::Debug,
    {
        let (key, metadata) = (key.to_string(), Metadata::default());
        let done = self
            .app
            .commands
            .execute::<A>(&key, command, &metadata)
            .await;
        self.seen(done.unwrap().position()).await
    }

    /// Two jobs of one project: 1 is enabled, 2 is not.
    pub(super) async fn two_jobs(&self) {
        let at = self.clock.now();
        let pool = WorkerPoolCommand::Create(worker_pool::Created {
            number: 1,
            title: "pool".to_owned(),
            description: String::new(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            workers: [4].into(),
            at,
        });
        self.command::<WorkerPool>(1, pool).await;
        let project = ProjectCommand::Create(project::Created {
            number: 1,
            title: "night".to_owned(),
            description: String::new(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            worker_pools: [1].into(),
            viewers: [].into(),
            admins: [].into(),
            at,
        });
        self.command::<Project>(1, project).await;
        let template = JobTemplateCommand::Create(job_template::Created {
            number: 1,
            title: "shell".to_owned(),
            description: String::new(),
            project: 1,
            body: LongText::default(),
            notification_addresses: String::new(),
            enqueue_is_enabled: true,
            at,
        });
        self.command::<JobTemplate>(1, template).await;
        for number in [1, 2] {
            let job = JobCommand::Create(job::Created {
                title: format!("Backup {number}"),
                job_template: 1,
                worker_pool: 1,
                enqueue_is_enabled: number == 1,
                ..job::Created::blank(number, at)
            });
            self.command::<Job>(number, job).await;
        }
    }

    async fn schedule(&self, number: u64, job: u64) -> Position {
        let at = self.clock.now();
        let command = RunCommand::Schedule(Scheduled {
            number,
            job,
            schedule_id: number,
            schedule_at: at,
            worker: None,
            is_manual: false,
            schedule_children: true,
            origin: Origin::FollowUp { run: 77 },
            at,
        });
        self.command::<Run>(number, command).await
    }

    async fn patch(&self, number: u64, patch: impl FnOnce(&mut Patched)) -> Position {
        let mut patched = Patched::nothing(self.clock.now());
        patch(&mut patched);
        let command = RunCommand::Patch {
            by: Caller::Trusted,
            patch: patched,
        };
        self.command::<Run>(number, command).await
    }

    async fn finish(&self, number: u64, success: bool) -> Position {
        let now = Some(Some(self.clock.now()));
        self.patch(number, |patch| {
            patch.worker = Some(4);
            patch.enqueued_at = now;
        })
        .await;
        self.patch(number, |patch| patch.started_at = now).await;
        self.patch(number, |patch| {
            patch.returned_at = now;
            patch.success = Some(Some(success));
        })
        .await
    }

    /// The first events of a stream after `last`.
    async fn followed(&self, target: &str, last: Option<String>, count: usize) -> Vec<Value> {
        let mut request = Request::get(target).header("authorization", format!("Bearer {READER}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let pieces = response.into_body().into_data_stream().take(count);
        let data = |piece: Result<bytes::Bytes, axum::Error>| -> Value {
            let piece = String::from_utf8(piece.unwrap().to_vec()).unwrap();
            let line = piece.lines().find_map(|line| line.strip_prefix("data: "));
            serde_json::from_str(line.unwrap()).unwrap()
        };
        pieces.map(data).collect().await
    }

    async fn print(&self, run: u64, text: &str) -> Position {
        let content = self.app.keep_text(text.to_owned()).await.unwrap();
        let command = RunLogCommand::Write(Written {
            number: run + 100,
            run,
            content: Some(content),
            at: self.clock.now(),
        });
        self.command::<RunLog>(run, command).await
    }
}

#[tokio::test]
async fn a_run_is_shown_as_it_stands_and_as_it_stood() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    let then = app.schedule(1, 1).await;
    app.finish(1, false).await;
    app.print(1, "hello\n").await;
    let now = app.get("/v1/runs/1").await;
    for (field, expected) in [
        ("state", json!("completed")),
        ("success", json!(false)),
        ("job_title", json!("Backup 1")),
        ("project_title", json!("night")),
        ("worker", json!(4)),
        ("origin", json!({"kind": "follow_up", "run": 77})),
        ("run_log", json!(101)),
        ("kill_requests", json!(0)),
    ] {
        assert_eq!(now.body[field], expected, "{field}");
    }
    assert!(now.headers.contains_key("tallyman-position"));
    let past = app.get(&format!("/v1/runs/1?as_of={then}")).await;
    assert_eq!(
        (
            &past.body["state"],
            &past.body["run_log"],
            &past.body["kill_requests"]
        ),
        (&json!("scheduled"), &Value::Null, &json!(0))
    );
    let history = app.get("/v1/runs/1/history").await;
    let types = items(&history, "type");
    assert_eq!(
        types,
        [
            "run.scheduled",
            "run.claimed",
            "run.started",
            "run.returned"
        ]
    );
    for (target, status) in [
        ("/v1/runs/1?as_of=1", 404),
        ("/v1/runs/1?as_of=then", 400),
        ("/v1/runs/2", 404),
        ("/v1/runs/two", 400),
        ("/v1/runs/2/history", 404),
        ("/v1/runs/2/log", 404),
        ("/v1/runs/2/kill-requests", 404),
    ] {
        assert_eq!(app.get(target).await.status, status, "{target}");
    }
}

#[tokio::test]
async fn runs_are_filtered_counted_and_paged() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    for (number, job) in [(1, 1), (2, 1), (3, 2), (4, 1), (5, 9)] {
        app.schedule(number, job).await;
    }
    app.finish(1, true).await;
    app.finish(2, false).await;
    for (query, expected) in [
        ("", vec![1, 2, 3, 4, 5]),
        ("state=scheduled", vec![3, 4, 5]),
        ("state=suspended", vec![3]),
        ("state=in_queue", vec![]),
        ("state=completed", vec![1, 2]),
        ("state=completed&success=false", vec![2]),
        ("state=last_completed", vec![]),
        ("job=1", vec![1, 2, 4]),
        ("job=9", vec![5]),
        ("project=1", vec![1, 2, 3, 4]),
        ("project=1&job=9", vec![]),
        ("title=BACKUP%202", vec![3]),
        ("worker=4", vec![1, 2]),
        ("schedule_id=4", vec![4]),
        ("is_manual=true", vec![]),
        ("due_since=2026-11-21T07:00:00Z", vec![1, 2, 3, 4, 5]),
        ("due_until=2026-11-21T07:00:00Z", vec![]),
    ] {
        let answered = app.get(&format!("/v1/runs?total=true&{query}")).await;
        assert_eq!(items(&answered, "run"), expected, "{query}");
        assert_eq!(answered.body["total"], expected.len(), "{query}");
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let answered = app.get(&format!("/v1/runs?limit=2{cursor}")).await;
        assert_eq!(answered.body["total"], Value::Null);
        found.extend(items(&answered, "run").into_iter().cloned());
        match answered.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, [1, 2, 3, 4, 5]);
    let counts = app.get("/v1/runs/counts?project=1").await;
    let expected = json!({"scheduled": 2, "suspended": 1, "in_queue": 0, "started": 0, "completed": 2,
        "completed_with_error": 1, "last_completed": 0, "last_completed_with_error": 0});
    assert_eq!(counts.body, expected);
    for target in [
        "/v1/runs?state=finished",
        "/v1/runs?job=one",
        "/v1/runs?limit=0",
        "/v1/runs?due_since=soon",
        "/v1/runs?order_by=x",
    ] {
        assert_eq!(app.get(target).await.status, 400, "{target}");
    }
}

#[tokio::test]
async fn what_a_run_printed_is_read_from_wherever_it_lies() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    let long = "a line\n".repeat(20_000);
    for (run, text) in [(1, "hello\n"), (2, long.as_str())] {
        app.schedule(run, 1).await;
        let position = app.print(run, text).await;
        let log = app.get(&format!("/v1/runs/{run}/log")).await;
        assert_eq!(log.body["content"], text);
        assert_eq!(log.body["size"], text.len());
        assert_eq!(
            (&log.body["run_log"], &log.body["position"]),
            (&json!(run + 100), &json!(position.0))
        );
    }
}

#[tokio::test]
async fn logs_are_searched_for_what_they_say_now() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    let long = format!("{}Error: the last\n", "fine\n".repeat(20_000));
    let texts = [
        "fine\nError: disk full\nError: again\n",
        "fine\n",
        long.as_str(),
        "error: in small letters\n",
        "Error: soon replaced\n",
    ];
    for (run, text) in (1..).zip(texts) {
        app.schedule(run, 1 + run % 2).await;
        app.print(run, text).await;
    }
    app.print(5, "all is well\n").await;
    for (query, expected) in [
        ("text=Error", vec![3, 1]),
        ("text=Error&ignore_case=true", vec![4, 3, 1]),
        ("text=Error&job=2", vec![3, 1]),
        ("text=Error&job=1", vec![]),
        ("text=error&project=1", vec![4]),
        ("text=replaced", vec![]),
        ("text=well", vec![5]),
        ("text=Error&until=2026-11-21T07:00:00Z", vec![]),
    ] {
        let answered = app.get(&format!("/v1/run-logs?{query}")).await;
        assert_eq!(items(&answered, "run"), expected, "{query}");
        assert_eq!(answered.body["next"], Value::Null, "{query}");
    }
    let first = app.get("/v1/run-logs?text=Error&limit=1").await;
    let lines = json!([{"line": 20_001, "text": "Error: the last"}]);
    assert_eq!(first.body["items"][0]["lines"], lines);
    let next = first.body["next"].as_str().unwrap();
    let rest = app
        .get(&format!("/v1/run-logs?text=Error&limit=1&cursor={next}"))
        .await;
    assert_eq!(items(&rest, "run"), [1]);
    assert_eq!(rest.body["items"][0]["lines_total"], 2);
    for target in [
        "/v1/run-logs",
        "/v1/run-logs?text=",
        "/v1/run-logs?text=a%0Ab",
        "/v1/run-logs?text=a&limit=101",
        "/v1/run-logs?text=a&cursor=x",
        &format!("/v1/run-logs?text={}", "a".repeat(600)),
    ] {
        assert_eq!(app.get(target).await.status, 400, "{target}");
    }
}

#[tokio::test]
async fn who_follows_runs_hears_what_happens_and_how_they_stand_by_then() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    let before = app.app.commands.head();
    app.schedule(1, 1).await;
    app.schedule(2, 2).await;
    app.finish(1, true).await;
    let kill = kill_request::Requested {
        number: 8,
        run: 1,
        reason: None,
        at: app.clock.now(),
    };
    app.command::<KillRequest>(8, KillRequestCommand::Request(kill))
        .await;
    let reply = app
        .followed(&format!("/v1/runs/events?after={before}"), None, 6)
        .await;
    let words: Vec<&Value> = reply.iter().map(|reply| &reply["event"]).collect();
    assert_eq!(
        words,
        [
            "scheduled",
            "scheduled",
            "enqueued",
            "started",
            "returned",
            "requested"
        ]
    );
    assert_eq!(reply[4]["run_id"], 1);
    assert_eq!(reply[4]["run"]["state"], "completed");
    assert_eq!(
        (
            &reply[5]["kind"],
            &reply[5]["kill_request_id"],
            &reply[5]["run_id"]
        ),
        (&json!("kill_request"), &json!(8), &json!(1))
    );
    let last = Some((before.0 + 1).to_string());
    let of_job = app.followed("/v1/runs/events?job=2", last.clone(), 1).await;
    assert_eq!(of_job[0]["run_id"], 2);
    let resumed = app.followed("/v1/runs/events?job=1", last, 1).await;
    assert_eq!(resumed[0]["event"], "enqueued");
    let wanted = app.get("/v1/runs/1/kill-requests").await;
    assert_eq!(items(&wanted, "kill_request"), [8]);
    assert_eq!(app.get("/v1/runs/1").await.body["kill_requests"], 1);
}

/// Changes have the names of workers' events, whatever their source: a dashboard that waits for a
/// run to return also gets that event when the run was given up.
#[tokio::test]
async fn changes_have_the_names_of_workers_events() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    app.schedule(1, 1).await;
    let now = app.clock.now();
    let requested = kill_request::Requested {
        number: 8,
        run: 1,
        reason: None,
        at: now,
    };
    app.command::<KillRequest>(8, KillRequestCommand::Request(requested))
        .await;
    let before = app.app.commands.head();
    for patch in [
        kill_request::Patched {
            enqueued_at: Some(Some(now)),
            ..kill_request::Patched::nothing(now)
        },
        kill_request::Patched {
            executed_at: Some(Some(now)),
            ..kill_request::Patched::nothing(now)
        },
    ] {
        let by = Caller::Trusted;
        let command = KillRequestCommand::Patch { by, patch };
        app.command::<KillRequest>(8, command).await;
    }
    let given_up = run::GivenUp {
        reason: "silent".to_owned(),
        at: now,
    };
    app.command::<Run>(1, RunCommand::GiveUp(given_up)).await;
    let reply = app
        .followed(&format!("/v1/runs/events?after={before}"), None, 3)
        .await;
    let words: Vec<_> = reply
        .iter()
        .map(|reply| {
            (
                reply["kind"].as_str().unwrap(),
                reply["event"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        words,
        [
            ("kill_request", "enqueued"),
            ("kill_request", "executed"),
            ("run", "returned")
        ]
    );
    assert_eq!(
        (&reply[0]["kill_request_id"], &reply[2]["run_id"]),
        (&json!(8), &json!(1))
    );
}

#[tokio::test]
async fn runs_are_for_those_who_may_read_them() {
    let app = TestApp::new().await;
    app.token("tally_other", Role::Reader, &["builds:read"])
        .await;
    app.token("tally_runs", Role::Reader, &["runs:read"]).await;
    for target in [
        "/v1/runs",
        "/v1/runs/counts",
        "/v1/runs/events",
        "/v1/runs/1",
        "/v1/runs/1/history",
        "/v1/runs/1/log",
        "/v1/runs/1/kill-requests",
        "/v1/run-logs?text=a",
    ] {
        let ask = async |token| app.ask("GET", target, token, None).await.status.as_u16();
        assert_eq!(ask(None).await, 401, "{target}");
        assert_eq!(ask(Some("tally_other")).await, 403, "{target}");
    }
    let allowed = app.ask("GET", "/v1/runs", Some("tally_runs"), None).await;
    assert_eq!(allowed.status, 200);
}
