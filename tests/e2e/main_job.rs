//! Webhook, event, collection, view, allocation, replay: the whole way, and the same again after
//! kills.

use serde_json::Value;

use crate::farm::{self, BUILDS, FIRST, KILLED, SPEC, UNKNOWN, WITHOUT_SAMPLES};
use crate::server::Server;

async fn farm() -> (testapp::prometheus::TestPrometheus, Server) {
    let prometheus = farm::prometheus().await;
    let server = Server::start(&[
        ("PROMETHEUS_URL", &prometheus.url),
        ("TALLYMAN__COLLECTOR__SETTLE_SECONDS", "0"),
        ("TALLYMAN__COLLECTOR__BACKOFF_SECONDS", "0.05"),
    ]);
    (prometheus, server)
}

fn over(build: &Value) -> bool {
    let state = build["collection"]["state"].as_str().unwrap_or("none");
    !matches!(state, "none" | "queued" | "retrying")
}

async fn outcome(server: &Server, number: i64) -> String {
    let build = server
        .get_until(&format!("/v1/builds/{number}"), over)
        .await;
    build["collection"]["state"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_builds_used_answers_what_the_next_one_needs() {
    let (_prometheus, mut server) = farm().await;
    let before = server.get(SPEC).await;
    assert_eq!(
        before["variables"]["KUBERNETES_MEMORY_REQUEST"], "2000M",
        "no usage is known yet"
    );
    for number in FIRST..FIRST + BUILDS {
        assert_eq!(
            server
                .collect(&farm::hook(number, "success"), None)
                .await
                .status(),
            200
        );
    }
    for (number, status) in [(WITHOUT_SAMPLES, "success"), (UNKNOWN, "success")] {
        assert_eq!(
            server
                .collect(&farm::hook(number, status), None)
                .await
                .status(),
            200
        );
    }
    for number in FIRST..FIRST + BUILDS {
        assert_eq!(outcome(&server, number).await, "recorded");
    }
    assert_eq!(outcome(&server, WITHOUT_SAMPLES).await, "failed");
    assert_eq!(outcome(&server, UNKNOWN).await, "failed");

    // From 1 to 3 GiB in a straight line, 2 GiB on average, scraped every 15 seconds, 7 seconds
    // late.
    let known = |answer: &Value| answer["variables"]["KUBERNETES_MEMORY_REQUEST"] == "2122M";
    let after = server.get_until(SPEC, known).await;
    assert_ne!(after["variables"]["KUBERNETES_CPU_REQUEST"], "1");

    // One more of them is killed at its limit of 4 GB: the next is given twice as much.
    let killed = server.collect(&farm::hook(KILLED, "failed"), None).await;
    assert_eq!(killed.status(), 200);
    assert_eq!(outcome(&server, KILLED).await, "out_of_memory");
    let raised = |answer: &Value| answer["variables"]["KUBERNETES_MEMORY_REQUEST"] == "8000M";
    server.get_until(SPEC, raised).await;

    // An operator requeues a build without usage, and gets a new outcome.
    let requeued = server.cli(&[
        "build",
        "collect",
        &WITHOUT_SAMPLES.to_string(),
        "--reason",
        "test",
    ]);
    assert!(
        requeued.status.success(),
        "{}",
        String::from_utf8_lossy(&requeued.stderr)
    );
    let second = |build: &Value| build["collection"]["collection"] == 2 && over(build);
    let build = server
        .get_until(&format!("/v1/builds/{WITHOUT_SAMPLES}"), second)
        .await;
    assert_eq!(build["collection"]["state"], "failed");

    // All that ended for one reason, at once.
    let all = |more: &[&str]| {
        let all = [
            "build",
            "collect",
            "--all",
            "--reason",
            "pod_missing",
            "-o",
            "json",
        ];
        server.cli(&[&all[..], more].concat())
    };
    for (more, found, requeued) in [
        (&["--dry-run"][..], 1, 0),
        (&["--until", "2020-01-01T00:00:00Z"], 0, 0),
        (&["--since", "2020-01-01T00:00:00Z"], 1, 1),
    ] {
        let output = all(more);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{more:?}: {error}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&report["found"], &report["requeued"]),
            (&found.into(), &requeued.into())
        );
    }
    let build = server
        .get_until(&format!("/v1/builds/{UNKNOWN}"), second)
        .await;
    assert_eq!(build["collection"]["reason"], "pod_missing");
    let nothing_named = server.cli(&["build", "collect", "--all"]);
    assert_eq!(nothing_named.status.code(), Some(2));

    // One outcome each, also after a second request.
    let history = server.get(&format!("/v1/builds/{FIRST}/history")).await;
    let outcomes = history["items"].as_array().unwrap().iter();
    let outcomes = outcomes.filter(|event| event["type"] == "build.usage_recorded");
    assert_eq!(outcomes.count(), 1);

    verify_and_compare(&mut server);
}

/// Stops the server, walks its log, and compares its views with views made from the log just now.
#[track_caller]
pub(crate) fn verify_and_compare(server: &mut Server) {
    server.stop();
    for arguments in [&["replay", "verify"][..], &["replay", "diff"]] {
        let output = server.cli(arguments);
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_is_neither_lost_nor_doubled_by_kills() {
    let (_prometheus, mut server) = farm().await;
    for number in FIRST..FIRST + BUILDS {
        let posted = server
            .try_collect(&farm::hook(number, "success"), None)
            .await;
        assert_eq!(posted.unwrap().status(), 200);
        // At once: the collection has begun or has not, and both must do.
        server.kill();
        server.restart();
    }
    for number in FIRST..FIRST + BUILDS {
        assert_eq!(outcome(&server, number).await, "recorded");
        let stream = format!("/v1/events?stream=build-default:{number}&type=build.usage_recorded");
        let page = server.get(&stream).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "build {number}");
    }
    verify_and_compare(&mut server);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_can_be_deleted_and_come_out_the_same() {
    let (_prometheus, mut server) = farm().await;
    for number in FIRST..FIRST + BUILDS {
        server.collect(&farm::hook(number, "success"), None).await;
        outcome(&server, number).await;
    }
    let paths = ["/v1/builds", "/v1/usage", "/v1/packages", "/v1/nodes", SPEC];
    let mut before = Vec::new();
    for path in paths {
        before.push(server.get(path).await);
    }
    server.stop();
    for entry in std::fs::read_dir(server.dir()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("views") {
            let path = entry.path();
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    server.restart();
    server
        .get_until("/readyz", |answer| !answer.is_null())
        .await;
    for (path, before) in paths.into_iter().zip(before) {
        let after = server.get_until(path, |after| *after == before).await;
        assert_eq!(after, before, "{path}");
    }
}
