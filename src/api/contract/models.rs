use std::time::Duration;

use domain::builds::build::{BuiltSpec, ResourceUsage, UsageRecorded};
use web::OperationStatus;

use super::*;

const SPEC: &str = "zlib@1%20%2Bx%20arch=x86_64%25gcc@12";

/// A house in which `builds` of one package used something, one GB more each time.
async fn farm(builds: i64) -> TestHouse {
    let house = TestHouse::new().await;
    for number in 1..=builds {
        used(&house, number).await;
    }
    house
}

pub(super) async fn used(house: &TestHouse, number: i64) {
    house.report(number, "success").await;
    let now = house.clock.now();
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
    let done = house
        .house
        .commands
        .execute::<Build>(&key, command, &Metadata::default())
        .await;
    house.seen(done.unwrap().position()).await;
}

/// Trains, and waits until that is over.
async fn retrained(house: &TestHouse, body: Value) -> web::OperationState {
    let answered = house.post("/v1/allocation/retrain", Some(body)).await;
    assert_eq!(answered.status, 202, "{answered:?}");
    let id = answered.body["id"].as_str().unwrap().parse().unwrap();
    let mut state = house.house.operations.watch(id).unwrap();
    let over = state.wait_for(|state| state.status != OperationStatus::Running);
    let over = tokio::time::timeout(Duration::from_secs(60), over).await;
    over.unwrap().unwrap().clone()
}

async fn answers(house: &TestHouse, more: &str) -> Value {
    house
        .get(&format!("/v1/allocation/explain?spec={SPEC}{more}"))
        .await
        .body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_trained_beside_then_promoted_then_rolled_back() {
    let house = farm(8).await;
    let before = answers(&house, "").await;
    let body = json!({"strategy": "ladder", "settings": {"policy": "safe", "memory_min": 5e8}});
    let over = retrained(&house, body).await;
    assert_eq!(over.status, OperationStatus::Succeeded, "{over:?}");
    let id = over.result.unwrap();
    let model = house.get(&format!("/v1/allocation/models/{id}")).await.body;
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
    assert_eq!(answers(&house, "").await, before);

    let target = format!("/v1/allocation/models/{id}/promote");
    let reason = json!({"reason": "wastes less"});
    let promoted = house.post(&target, Some(reason)).await;
    assert_eq!(
        (promoted.status.as_u16(), &promoted.body["live"]),
        (200, &json!(true))
    );
    let now = answers(&house, "").await;
    assert_eq!(
        (&now["model"], &now["strategy"]),
        (&json!(id), &json!("ladder"))
    );
    // Said twice, it is said once.
    assert_eq!(house.post(&target, None).await.status, 200);
    used(&house, 9).await;
    assert_eq!(answers(&house, "").await["learnt"], 9);

    let reason = json!({"reason": "kills more"});
    let back = house.post("/v1/allocation/rollback", Some(reason)).await;
    let events = house
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
    assert_eq!(answers(&house, "").await["strategy"], before["strategy"]);
    assert_eq!(
        house.post("/v1/allocation/rollback", None).await.status,
        409
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_training_on_the_same_history_is_the_same_model_and_registered_once() {
    let house = farm(6).await;
    let body = json!({"strategy": "ladder", "where": {"ref": ["develop"]}});
    let first = retrained(&house, body.clone()).await.result.unwrap();
    let second = retrained(&house, body.clone()).await.result.unwrap();
    assert_eq!(first, second);
    let models = house.get("/v1/allocation/models").await.body;
    assert_eq!(models.as_array().unwrap().len(), 3, "{models}");
    used(&house, 7).await;
    assert_ne!(retrained(&house, body).await.result.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_who_is_asked_for_answers_whoever_is_configured() {
    let house = farm(6).await;
    for strategy in ["gantry", "ladder"] {
        let answered = answers(&house, &format!("&strategy={strategy}")).await;
        assert_eq!(answered["strategy"], strategy);
        assert_eq!(answered["answer"]["reason"]["strategy"], strategy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_that_makes_no_sense_is_refused_with_the_part_that_is_wrong() {
    let house = farm(2).await;
    let head = house.house.views.history().head().0;
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
        let answered = house
            .post("/v1/allocation/retrain", Some(body.clone()))
            .await;
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
        let answered = house
            .post("/v1/allocation/retrain", Some(body.clone()))
            .await;
        assert_eq!(answered.status, 400, "{body}: {answered:?}");
    }
    // Nothing in the history fits: the work fails, and nothing is registered.
    let over = retrained(&house, json!({"where": {"package": ["emacs"]}})).await;
    assert_eq!((over.status, over.result), (OperationStatus::Failed, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_are_joined_with_what_builds_used_and_priced() {
    let settings = Settings {
        record_ratio: 1.0,
        price_gb_hour: 0.5,
        ..Settings::default()
    };
    let house = TestHouse::with(settings).await;
    let spec = "zlib@1 +x arch=linux-x86_64%gcc@12".parse().unwrap();
    let answered = house
        .house
        .views
        .allocation()
        .unwrap()
        .answer(&spec, None, None);
    let earlier = house.clock.now() - jiff::SignedDuration::from_secs(7200);
    house.house.recorder.keep(&spec, &answered, || earlier);
    house.house.recorder.finish().await;
    used(&house, 1).await;
    let rows = house.get("/v1/allocation/accuracy").await;
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
        let rows = house.get(&format!("/v1/allocation/accuracy{query}")).await;
        assert_eq!(items(&rows, "package").len(), count, "{query}");
    }
}
