use projections::Allocation;
use std::time::Duration;

use domain::builds::allocation::{Answered, Answers, AnswersCommand};
use domain::builds::build::{BuiltSpec, ResourceUsage, UsageRecorded};
use web::OperationStatus;

use super::*;

const SPEC: &str = "zlib@1%20%2Bx%20arch=x86_64%25gcc@12";

/// An app in which `builds` of one package used something, one GB more each time.
async fn farm(builds: i64) -> TestApp {
    let app = TestApp::new().await;
    for number in 1..=builds {
        used(&app, number).await;
    }
    app
}

pub(super) async fn used(app: &TestApp, number: i64) {
    app.report(number, "success").await;
    let now = app.clock.now();
    let resource = |mean: f64| ResourceUsage {
        request: None,
        limit: None,
        mean,
        median: mean,
        max: mean,
        min: mean,
        stddev: 0.0,
    };
    let usage = UsageRecorded {
        collection: 1,
        origin: "prometheus".to_owned(),
        pod: "pod".to_owned(),
        node: None,
        hostname: None,
        spec: BuiltSpec {
            name: "zlib".to_owned(),
            version: "1".to_owned(),
            variants: r#"{"x": true}"#.to_owned(),
            compiler_name: "gcc".to_owned(),
            compiler_version: "12".to_owned(),
            arch: "x86_64".to_owned(),
        },
        stack: "e4s".to_owned(),
        build_jobs: 4,
        retry_count: 0,
        git_ref: "develop".to_owned(),
        status: "success".to_owned(),
        started_at: now - jiff::SignedDuration::from_secs(3600),
        finished_at: now,
        cpu: resource(2.0),
        memory: resource(1e9 * number as f64),
        memory_series: 1,
        cpu_series: 1,
        at: now,
    };
    let command = BuildCommand::RecordUsage(usage);
    let key = format!("default:{number}");
    let done = app
        .app
        .commands
        .execute::<Build>(&key, command, &Metadata::default())
        .await;
    app.seen(done.unwrap().position()).await;
}

/// Trains, and waits until that is over.
async fn retrained(app: &TestApp, body: Value) -> web::OperationState {
    let answered = app.post("/v1/allocation/retrain", Some(body)).await;
    assert_eq!(answered.status, 202, "{answered:?}");
    let id = answered.body["id"].as_str().unwrap().parse().unwrap();
    let mut state = app.app.operations.watch(id).unwrap();
    let over = state.wait_for(|state| state.status != OperationStatus::Running);
    let over = tokio::time::timeout(Duration::from_secs(60), over).await;
    over.unwrap().unwrap().clone()
}

async fn answers(app: &TestApp, more: &str) -> Value {
    app.get(&format!("/v1/allocation/explain?spec={SPEC}{more}"))
        .await
        .body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_trained_then_promoted_then_rolled_back() {
    let app = farm(8).await;
    let before = answers(&app, "").await;
    let body = json!({"strategy": "ladder", "settings": {"policy": "safe", "memory_min": 5e8}});
    let over = retrained(&app, body).await;
    assert_eq!(over.status, OperationStatus::Succeeded, "{over:?}");
    let id = over.result.unwrap();
    let model = app.get(&format!("/v1/allocation/models/{id}")).await.body;
    assert_eq!(
        (&model["learnt"], &model["live"]),
        (&json!(8), &json!(false))
    );
    let policy = &model["trained"]["parameters"]["settings"]["policy"];
    assert_eq!(
        (&policy["memory_min"], &policy["failure_price"]),
        (&json!(5e8), &json!(10.0))
    );
    assert!(model["trained"]["evaluation"]["builds"].as_u64().unwrap() > 0);
    assert_eq!(answers(&app, "").await, before);

    let target = format!("/v1/allocation/models/{id}/promote");
    let reason = json!({"reason": "wastes less"});
    let promoted = app.post(&target, Some(reason)).await;
    assert_eq!(
        (promoted.status.as_u16(), &promoted.body["live"]),
        (200, &json!(true))
    );
    let now = answers(&app, "").await;
    assert_eq!(
        (&now["model"], &now["strategy"]),
        (&json!(id), &json!("ladder"))
    );
    // A repeat adds nothing.
    assert_eq!(app.post(&target, None).await.status, 200);
    used(&app, 9).await;
    assert_eq!(answers(&app, "").await["learnt"], 9);

    let reason = json!({"reason": "kills more"});
    let back = app.post("/v1/allocation/rollback", Some(reason)).await;
    let events = app
        .get("/v1/events?category=allocation&order=desc&limit=2")
        .await;
    let reasons: Vec<&Value> = items(&events, "metadata")
        .iter()
        .map(|it| &it["reason"])
        .collect();
    assert_eq!(reasons, ["kills more", "wastes less"]);
    assert_eq!(
        (back.status.as_u16(), &back.body["id"]),
        (200, &Value::Null)
    );
    assert_eq!(answers(&app, "").await["strategy"], before["strategy"]);
    assert_eq!(app.post("/v1/allocation/rollback", None).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_training_on_the_same_history_is_the_same_model_and_registered_once() {
    let app = farm(6).await;
    let body = json!({"strategy": "ladder", "where": {"ref": ["develop"]}});
    let first = retrained(&app, body.clone()).await.result.unwrap();
    let second = retrained(&app, body.clone()).await.result.unwrap();
    assert_eq!(first, second);
    let models = app.get("/v1/allocation/models").await.body;
    assert_eq!(models.as_array().unwrap().len(), 3, "{models}");
    used(&app, 7).await;
    assert_ne!(retrained(&app, body).await.result.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requested_strategy_answers_whichever_is_configured() {
    let app = farm(6).await;
    for strategy in ["gantry", "ladder"] {
        let answered = answers(&app, &format!("&strategy={strategy}")).await;
        assert_eq!(answered["strategy"], strategy);
        assert_eq!(answered["answer"]["reason"]["strategy"], strategy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_that_makes_no_sense_is_refused_with_the_part_that_is_wrong() {
    let app = farm(2).await;
    let head = app.app.views.history().head().0;
    for (body, field) in [
        (json!({"strategy": "oracle"}), "strategy"),
        (json!({"from": "yesterday"}), "from"),
        (json!({"until": "-1"}), "until"),
        (json!({"from": head.to_string()}), "from"),
        (json!({"from": "5", "until": "5"}), "from"),
        (json!({"where": {"stack": ["e4s"]}}), "where.stack"),
        (json!({"where": {"ref": []}}), "where.ref"),
        (
            json!({"strategy": "ladder", "settings": {"depth": 3}}),
            "settings.depth",
        ),
        (
            json!({"strategy": "ladder", "settings": {"mixed": 0}}),
            "settings.mixed",
        ),
        (
            json!({"strategy": "ladder", "settings": {"policy": 3}}),
            "settings.policy",
        ),
        (
            json!({"strategy": "gantry", "settings": {"policy": "std"}}),
            "settings.policy",
        ),
    ] {
        let answered = app.post("/v1/allocation/retrain", Some(body.clone())).await;
        assert_eq!(answered.status, 400, "{body}: {answered:?}");
        assert_eq!(
            answered.body["errors"][0]["field"], field,
            "{body}: {answered:?}"
        );
    }
    for body in [
        json!("all"),
        json!({"where": 3}),
        json!({"settings": {"mixed": [1]}}),
        json!({"x": 1}),
    ] {
        let answered = app.post("/v1/allocation/retrain", Some(body.clone())).await;
        assert_eq!(answered.status, 400, "{body}: {answered:?}");
    }
    // Nothing in the history fits: the work fails, and nothing is registered.
    let over = retrained(&app, json!({"where": {"package": ["emacs"]}})).await;
    assert_eq!((over.status, over.result), (OperationStatus::Failed, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_are_joined_with_what_builds_used_and_priced() {
    let prices = crate::Prices {
        gb_hour: 0.5,
        core_hour: 0.0,
    };
    let own = crate::Settings {
        prices,
        ..crate::Settings::default()
    };
    let app = TestApp::with_all(Settings::default(), own).await;
    answered(&app, "gantry").await;
    used(&app, 1).await;
    let rows = app.get("/v1/allocation/accuracy").await;
    let row = items(&rows, "waste_per_used");
    // 2 GB by default, of which 1 GB was used for an hour.
    assert_eq!(row, [&json!(1.0)]);
    let row = &rows.body["items"][0];
    assert_eq!(
        (&row["money"], &row["money_wasted"]),
        (&json!(1.0), &json!(0.5))
    );
    assert_eq!(
        (&row["builds"], &row["short_share"]),
        (&json!(1), &json!(0.0))
    );
    for (query, count) in [
        ("?by=package", 1),
        ("?package=zlib", 1),
        ("?package=x", 0),
        ("?strategy=ladder", 0),
    ] {
        let rows = app.get(&format!("/v1/allocation/accuracy{query}")).await;
        assert_eq!(items(&rows, "package").len(), count, "{query}");
    }
}

/// Every form of the list has pages, whatever it is restricted to.
#[tokio::test(flavor = "multi_thread")]
async fn the_accuracy_of_two_strategies_is_on_two_pages_of_one() {
    let app = TestApp::new().await;
    for strategy in ["gantry", "ladder"] {
        answered(&app, strategy).await;
    }
    used(&app, 1).await;
    for query in ["by=strategy", "by=package", "package=zlib"] {
        let target = format!("/v1/allocation/accuracy?limit=1&{query}");
        let first = app.get(&target).await;
        assert_eq!(items(&first, "strategy"), ["gantry"], "{query}");
        let next = first.body["next"].as_str().expect(query);
        let last = app.get(&format!("{target}&cursor={next}")).await;
        assert_eq!(items(&last, "strategy"), ["ladder"], "{query}");
        assert_eq!(last.body["next"], Value::Null, "{query}");
    }
}

/// Records what the allocator says of a spec, two hours ago, as the answer of this strategy; that of the
/// ladder is only compared.
async fn answered(app: &TestApp, strategy: &str) {
    let spec = "zlib@1 +x arch=linux-x86_64%gcc@12".parse().unwrap();
    let answered = app
        .app
        .views
        .of::<Allocation>()
        .unwrap()
        .answer(&spec, None, None);
    let earlier = app.clock.now() - jiff::SignedDuration::from_secs(7200);
    let recorded = AnswersCommand::Record(Answered {
        spec: spec.to_string(),
        strategy: strategy.to_owned(),
        model: None,
        shadow: strategy == "ladder",
        cpu_request: answered.answer.cpu.cores(),
        memory_request: answered.answer.memory.bytes(),
        memory_limit: None,
        level: String::new(),
        learnt_to: answered.learnt_to.0,
        at: earlier,
    });
    let commands = &app.app.commands;
    let done = commands
        .execute::<Answers>("zlib", recorded, &Metadata::default())
        .await;
    done.unwrap();
}
