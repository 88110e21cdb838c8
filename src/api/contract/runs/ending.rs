use super::*;

impl TestApp {
    /// A run of job 1 that worker 4 executes.
    pub(in crate::contract) async fn hanging(&self, number: u64) {
        self.schedule(number, 1).await;
        let now = Some(Some(self.clock.now()));
        self.patch(number, |patch| {
            (patch.worker, patch.enqueued_at) = (Some(4), now);
        })
        .await;
        self.patch(number, |patch| {
            (patch.started_at, patch.pid) = (now, Some(Some(17)));
        })
        .await;
    }

    async fn event(&self, position: u64) -> Value {
        self.get(&format!("/v1/events/{position}")).await.body
    }
}

#[tokio::test]
async fn a_run_that_hangs_is_ended_once_with_a_reason() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    app.hanging(1).await;
    let reason = json!({"reason": "its output is no text"});
    for ended in [true, false] {
        let head = app.app.commands.head();
        let answered = app
            .ask(
                "POST",
                "/v1/runs/1/end",
                Some(OPERATOR),
                Some(reason.clone()),
            )
            .await;
        assert_eq!(answered.status, 200, "{answered:?}");
        assert_eq!(answered.body["ended"], ended);
        assert_eq!(app.app.commands.head() > head, ended);
        let run = &answered.body["run"];
        assert_eq!(
            (&run["state"], &run["success"], &run["given_up"]),
            (&json!("completed"), &json!(false), &reason["reason"])
        );
        assert_eq!(app.get("/v1/runs/1").await.body, *run);
    }
    let history = app.get("/v1/runs/1/history").await;
    let last = history.body["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], "run.given_up");
    assert_eq!(last["metadata"]["reason"], reason["reason"]);
    assert_eq!(last["metadata"]["actor"]["id"], OPERATOR);
    assert_eq!(
        app.get("/v1/runs/1/log").await.body["content"],
        "Run 1 was ended by hand: its output is no text.\n"
    );
    // Its worker reports its end after all.
    app.patch(1, |patch| {
        patch.returned_at = Some(Some(app.clock.now()));
        patch.success = Some(Some(true));
    })
    .await;
    let run = app.get("/v1/runs/1").await.body;
    assert_eq!(
        (&run["success"], &run["given_up"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn a_run_is_killed_by_one_request_at_a_time() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    app.hanging(1).await;
    let reason = json!({"reason": "too hot"});
    let kill = async || {
        let answered = app
            .ask(
                "POST",
                "/v1/runs/1/kill",
                Some(OPERATOR),
                Some(reason.clone()),
            )
            .await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let number = answered.body["kill_request"]["kill_request"].clone();
        (number, answered.body["requested"].clone())
    };
    assert_eq!(kill().await, (json!(1), json!(true)));
    assert_eq!(kill().await, (json!(1), json!(false)));
    let wanted = app.get("/v1/runs/1/kill-requests").await;
    assert_eq!(items(&wanted, "kill_request"), [1]);
    let asked = app
        .event(wanted.body["items"][0]["position"].as_u64().unwrap())
        .await;
    assert_eq!(
        (
            &asked["type"],
            &asked["metadata"]["reason"],
            &asked["metadata"]["actor"]["id"]
        ),
        (
            &json!("kill_request.requested"),
            &reason["reason"],
            &json!(OPERATOR)
        )
    );
    // Its worker acknowledged it, and the run continues: a user may request another kill.
    let noted = KillRequestCommand::Patch {
        by: Caller::Trusted,
        patch: kill_request::Patched {
            enqueued_at: Some(Some(app.clock.now())),
            ..kill_request::Patched::nothing(app.clock.now())
        },
    };
    app.command::<KillRequest>(1, noted).await;
    assert_eq!(kill().await, (json!(2), json!(true)));
}

#[tokio::test]
async fn what_no_worker_has_is_neither_ended_nor_killed() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    app.schedule(1, 1).await;
    app.schedule(2, 1).await;
    app.finish(2, true).await;
    let long = json!({"reason": "x".repeat(5000)});
    for (target, body, status) in [
        ("/v1/runs/1/end", None, 409),
        ("/v1/runs/1/kill", None, 409),
        ("/v1/runs/2/end", None, 200),
        ("/v1/runs/2/kill", None, 409),
        ("/v1/runs/3/end", None, 404),
        ("/v1/runs/3/kill", None, 404),
        ("/v1/runs/three/end", None, 400),
        ("/v1/runs/0/kill", None, 404),
        ("/v1/runs/1/end", Some(json!(7)), 400),
        ("/v1/runs/1/end", Some(json!({"why": "x"})), 400),
        ("/v1/runs/1/end", Some(long.clone()), 400),
        ("/v1/runs/1/kill", Some(long), 400),
    ] {
        let answered = app.post(target, body.clone()).await;
        assert_eq!(answered.status, status, "{target} {body:?}: {answered:?}");
        if status >= 400 {
            assert_eq!(answered.headers["content-type"], "application/problem+json");
        }
    }
    assert_eq!(app.get("/v1/runs/2").await.body["success"], true);
    app.token("tally_other", Role::Operator, &["runs:read"])
        .await;
    for target in ["/v1/runs/2/end", "/v1/runs/2/kill"] {
        let asked = app.ask("POST", target, Some("tally_other"), None).await;
        assert_eq!(asked.status, 403, "{target}");
    }
}

/// The requester was shown as "1", the reason was missing, and the past was not available.
#[tokio::test]
async fn a_kill_request_says_who_asked_and_why_and_how_it_stood_then() {
    let app = TestApp::new().await;
    app.two_jobs().await;
    app.hanging(1).await;
    let before = app.app.commands.head();
    let reason = json!({"reason": "too hot"});
    let killed = app
        .ask("POST", "/v1/runs/1/kill", Some(OPERATOR), Some(reason))
        .await;
    let asked = app.app.commands.head();
    let by = json!({"kind": "token", "id": OPERATOR, "display": OPERATOR});
    let listed = app.get("/v1/runs/1/kill-requests").await;
    for request in [&killed.body["kill_request"], &listed.body["items"][0]] {
        assert_eq!(request["requested_by"], by, "{request}");
        assert_eq!(request["given_reason"], "too hot", "{request}");
    }
    let noted = KillRequestCommand::Patch {
        by: Caller::Trusted,
        patch: kill_request::Patched {
            enqueued_at: Some(Some(app.clock.now())),
            ..kill_request::Patched::nothing(app.clock.now())
        },
    };
    app.command::<KillRequest>(1, noted).await;
    for (moment, requests, is_noted) in [(before, 0, false), (asked, 1, false)] {
        let run = app.get(&format!("/v1/runs/1?as_of={moment}")).await;
        assert_eq!(run.body["kill_requests"], requests, "{moment}");
        let target = format!("/v1/runs/1/kill-requests?as_of={moment}");
        let then = app.get(&target).await;
        let noted = items(&then, "enqueued_at");
        assert_eq!(noted.len() as u64, requests, "{moment}");
        assert!(
            noted.iter().all(|noted| noted.is_null() != is_noted),
            "{moment}"
        );
    }
    let now = app.get("/v1/runs/1/kill-requests").await;
    assert!(now.body["items"][0]["enqueued_at"].is_string());
    let unknown = app.get("/v1/runs/1/kill-requests?as_of=1").await;
    assert_eq!(unknown.status, 404);
    let events = app
        .get("/v1/events?category=kill_request&actor=token:tally_operator")
        .await;
    assert_eq!(items(&events, "type"), ["kill_request.requested"]);
    let others = app
        .get("/v1/events?category=kill_request&actor=user:tally_operator")
        .await;
    assert_eq!(items(&others, "type"), [""; 0]);
}
