//! Section 17: the requests of the original worker, with its digests, and the original server's
//! answers.

use super::*;

/// A request as it was recorded.
struct Step {
    method: &'static str,
    target: &'static str,
    digest: &'static str,
    body: &'static str,
    status: u16,
    /// The answer, where it was recorded.
    answer: Option<&'static str>,
}

const fn get(target: &'static str, digest: &'static str, answer: Option<&'static str>) -> Step {
    Step {
        method: "GET",
        target,
        digest,
        body: "",
        status: 200,
        answer,
    }
}

const fn patch(target: &'static str, digest: &'static str, body: &'static str) -> Step {
    Step {
        method: "PATCH",
        target,
        digest,
        body,
        status: 202,
        answer: Some(""),
    }
}

const fn post(target: &'static str, digest: &'static str, body: &'static str) -> Step {
    Step {
        method: "POST",
        target,
        digest,
        body,
        status: 201,
        answer: Some(""),
    }
}

const WORKERS: &str = "/api/v1/worker/";
const IN_QUEUE: &str = "/api/v1/run/?state=in_queue&worker__api_key=worker1";
const STARTED: &str = "/api/v1/run/?state=started&worker__api_key=worker1";
const NONE: &str = r#"{"meta": {"limit": 200, "next": null, "offset": 0, "previous": null, "total_count": 0}, "objects": []}"#;

const BEGINNING: [Step; 2] = [
    get(
        IN_QUEUE,
        "dc0dbe2493108b015368839b5faa1ca1583fe282",
        Some(NONE),
    ),
    get(
        STARTED,
        "d273320e4b6919493b0c79c146b502044dc82a39",
        Some(NONE),
    ),
];

/// A ping, and run 1 up to its log.
const FIRST_RUN: [Step; 11] = [
    get(
        WORKERS,
        "15d65869ed6aef5f9347499af60221c0b1396b4b",
        Some(
            r#"{"meta": {"limit": 200, "next": null, "offset": 0, "previous": null, "total_count": 1}, "objects": [{"api_key": "worker1", "concurrent_jobs": null, "description": "", "enqueue_is_enabled": true, "id": 1, "ping_response_dts": null, "resource_uri": "/api/v1/worker/1/", "title": "Test worker 1", "worker_version": null}]}"#,
        ),
    ),
    patch(
        "/api/v1/worker/1/",
        "0fd2a698c5afef7f21af18e1ae6fc37742552a5a",
        r#"{"ping_response_dts": "2026-11-21 08:05:42.863340+00:00", "concurrent_jobs": 2, "worker_version": "2.1.2"}"#,
    ),
    get(WORKERS, "15d65869ed6aef5f9347499af60221c0b1396b4b", None),
    get(
        "/api/v1/run/1/",
        "43ce6ae02e7a58167f65d364064904b912e5f15d",
        Some(
            r#"{"enqueue_dts": null, "id": 1, "is_manual": false, "job": "/api/v1/job/1/", "pid": null, "resource_uri": "/api/v1/run/1/", "return_dts": null, "return_success": null, "run_log": null, "schedule_children": true, "schedule_dts": "2012-01-01T01:00:00", "schedule_id": 1, "start_dts": null, "worker": null}"#,
        ),
    ),
    patch(
        "/api/v1/run/1/",
        "7b49dd5acd40cae973183f8bfbede2e706ed113f",
        r#"{"worker": "/api/v1/worker/1/", "enqueue_dts": "2026-11-21 08:05:42.966390+00:00"}"#,
    ),
    patch(
        "/api/v1/run/1/",
        "6d5ddb7d78429a3304f1f6077da668514dacef36",
        r#"{"start_dts": "2026-11-21 08:05:43.355886+00:00"}"#,
    ),
    get(
        "/api/v1/job/1/",
        "1d834d8c7452d96d88bd7ea54975c5fd0c48b81f",
        None,
    ),
    get(
        "/api/v1/job/1/",
        "1d834d8c7452d96d88bd7ea54975c5fd0c48b81f",
        None,
    ),
    patch(
        "/api/v1/run/1/",
        "ed4c37c4ee81d51ee9d57512d75380352ed1b482",
        r#"{"pid": 6023}"#,
    ),
    get(
        "/api/v1/run/1/",
        "43ce6ae02e7a58167f65d364064904b912e5f15d",
        Some(
            r#"{"enqueue_dts": "2026-11-21T09:05:42.966390", "id": 1, "is_manual": false, "job": "/api/v1/job/1/", "pid": 6023, "resource_uri": "/api/v1/run/1/", "return_dts": null, "return_success": null, "run_log": null, "schedule_children": true, "schedule_dts": "2012-01-01T01:00:00", "schedule_id": 1, "start_dts": "2026-11-21T09:05:43.355886", "worker": "/api/v1/worker/1/"}"#,
        ),
    ),
    post(
        "/api/v1/run_log/",
        "35ab23a1c72e877e7fdc936d97323fdffca5335c",
        r#"{"content": "hello\ndone\n", "run": "/api/v1/run/1/"}"#,
    ),
];

/// Run 1 returns, and run 3 of its child begins.
const SECOND_RUN: [Step; 8] = [
    patch(
        "/api/v1/run/1/",
        "57d9269b3cbe0269f3ac946a0f55e546719e0f22",
        r#"{"return_dts": "2026-11-21 08:05:44.591439+00:00", "return_success": true}"#,
    ),
    get(WORKERS, "15d65869ed6aef5f9347499af60221c0b1396b4b", None),
    get(
        "/api/v1/run/3/",
        "c77364a4f976bebd4be46384013d61eb3af4b555",
        Some(
            r#"{"enqueue_dts": null, "id": 3, "is_manual": false, "job": "/api/v1/job/3/", "pid": null, "resource_uri": "/api/v1/run/3/", "return_dts": null, "return_success": null, "run_log": null, "schedule_children": true, "schedule_dts": "2026-11-21T09:05:44.663301", "schedule_id": 3, "start_dts": null, "worker": null}"#,
        ),
    ),
    patch(
        "/api/v1/run/3/",
        "2ef0469af62d6c650acacc0a7953bac076c03195",
        r#"{"worker": "/api/v1/worker/1/", "enqueue_dts": "2026-11-21 08:05:48.090498+00:00"}"#,
    ),
    patch(
        "/api/v1/run/3/",
        "394c97bc5fc8c8cbe521019deb84ca90218270b3",
        r#"{"start_dts": "2026-11-21 08:05:48.378304+00:00"}"#,
    ),
    get(
        "/api/v1/job/3/",
        "86e0cbe9733c78fcd9fd4281c2365292608d83f9",
        None,
    ),
    get(
        "/api/v1/job/3/",
        "86e0cbe9733c78fcd9fd4281c2365292608d83f9",
        None,
    ),
    patch(
        "/api/v1/run/3/",
        "ad8b21c3a5a7b9d6c8f8b48223e51d3269dc1d7b",
        r#"{"pid": 6170}"#,
    ),
];

/// Run 3 is killed.
const KILL: [Step; 7] = [
    get(
        "/api/v1/kill_request/1/",
        "ad23758af2fee62fdc1e56eaa54aab860aaee8bc",
        Some(
            r#"{"enqueue_dts": null, "execute_dts": null, "id": 1, "resource_uri": "/api/v1/kill_request/1/", "run": "/api/v1/run/3/", "schedule_dts": "2026-11-21T09:05:50.836391"}"#,
        ),
    ),
    patch(
        "/api/v1/kill_request/1/",
        "cc973c56508637e2f00fa11d1c146d8ca903c50a",
        r#"{"enqueue_dts": "2026-11-21 08:05:52.732500+00:00"}"#,
    ),
    get(
        "/api/v1/run/3/",
        "c77364a4f976bebd4be46384013d61eb3af4b555",
        Some(
            r#"{"enqueue_dts": "2026-11-21T09:05:48.090498", "id": 3, "is_manual": false, "job": "/api/v1/job/3/", "pid": 6170, "resource_uri": "/api/v1/run/3/", "return_dts": null, "return_success": null, "run_log": null, "schedule_children": true, "schedule_dts": "2026-11-21T09:05:44.663301", "schedule_id": 3, "start_dts": "2026-11-21T09:05:48.378304", "worker": "/api/v1/worker/1/"}"#,
        ),
    ),
    get(
        "/api/v1/run/3/",
        "c77364a4f976bebd4be46384013d61eb3af4b555",
        None,
    ),
    patch(
        "/api/v1/kill_request/1/",
        "9a17337bdd11d396899433b83c26bb308fb1e56a",
        r#"{"execute_dts": "2026-11-21 08:05:52.946707+00:00"}"#,
    ),
    post(
        "/api/v1/run_log/",
        "fd2db1e7fc4534e0bffa7e18061ed517fd566b25",
        r#"{"content": "child\n", "run": "/api/v1/run/3/"}"#,
    ),
    patch(
        "/api/v1/run/3/",
        "dad0967b8393715608fddc0239196cbdd31688e8",
        r#"{"return_dts": "2026-11-21 08:05:53.043985+00:00", "return_success": false}"#,
    ),
];

impl TestApp {
    #[track_caller]
    fn check(step: &Step, answered: &Answered) {
        let asked = (step.method, step.target, step.body);
        assert_eq!(answered.status, step.status, "{asked:?}");
        if let Some(answer) = step.answer {
            assert_eq!(answered.text, answer, "{asked:?}");
        }
    }

    async fn replay(&self, steps: &[Step]) {
        for step in steps {
            let body = Bytes::from_static(step.body.as_bytes());
            let digest = sign("verysecret", step.method, step.target, &body);
            assert_eq!(digest, step.digest, "{} {}", step.method, step.target);
            let answered = self.ask(WORKER, step.method, step.target, body).await;
            Self::check(step, &answered);
        }
    }
}

/// W: everything.
#[tokio::test]
async fn the_original_worker_gets_the_answers_of_the_original_server() {
    let app = TestApp::new().await;
    let at = |time: &str| {
        let time = format!("2026-11-21T{time}Z");
        app.clock.set(time.parse().unwrap());
    };
    app.replay(&BEGINNING).await;
    assert_eq!(app.run().await, 1);
    // The next occasion of job 1, which the original server scheduled when it sent run 1.
    assert_eq!(app.run().await, 2);
    app.replay(&FIRST_RUN).await;
    at("08:05:44.663301");
    app.replay(&SECOND_RUN).await;
    at("08:05:50.836391");
    let kill = json!({"run": "/api/v1/run/3/"});
    app.create(ADMIN, Resource::KillRequest, kill).await;
    app.replay(&KILL).await;
    assert_eq!(app.see(1).await["run_log"], "/api/v1/run_log/1/");
    assert_eq!(app.see(3).await["return_success"], false);
    let log = app.get(WORKER, "/api/v1/run_log/1/").await.json();
    assert_eq!(log["content"], "hello\ndone\n");
}

/// W: the second recording. The worker was killed in the middle of run 1.
#[tokio::test]
async fn a_worker_that_comes_back_gets_its_run_again() {
    let app = TestApp::new().await;
    app.run().await;
    app.replay(&FIRST_RUN[..9]).await;
    assert!(app.get(WORKER, IN_QUEUE).await.ids().is_empty());
    assert_eq!(app.get(WORKER, STARTED).await.ids(), [1]);
    let body = r#"{"start_dts": null, "enqueue_dts": null}"#;
    let answered = app.ask(WORKER, "PATCH", "/api/v1/run/1/", body).await;
    assert_eq!(answered.status, 202);
    assert!(app.get(WORKER, STARTED).await.ids().is_empty());
    let run = app.see(1).await;
    assert_eq!(run["worker"], "/api/v1/worker/1/");
    assert_eq!(run["pid"], 6023);
    app.replay(&FIRST_RUN[4..6]).await;
    assert_eq!(app.get(WORKER, STARTED).await.ids(), [1]);
}
