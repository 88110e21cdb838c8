//! Requests of chance: a worker repeats whatever is answered with 5xx for ever, so none of them is.

use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_oneof, proptest,
};

use super::*;

/// A value as it should be, or not.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![
            Just(0),
            Just(1),
            Just(-1),
            Just(i64::MAX),
            Just(i64::MIN),
            any::<i64>()
        ]
        .prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        (0..9_usize, 0..5_u64)
            .prop_map(|(resource, number)| { Value::from(Resource::ALL[resource].uri(number)) }),
        "[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9](:00)?(Z|[+-][0-9]{2})?"
            .prop_map(Value::from),
        Just(json!([])),
        Just(json!({"id": 1})),
        Just(json!("MINUTE")),
    ]
}

/// Random bodies: known fields with random values.
fn written() -> impl Strategy<Value = Value> {
    const FIELDS: &[&str] = &[
        "id",
        "title",
        "description",
        "enqueue_is_enabled",
        "job_template",
        "worker_pool",
        "parent",
        "children",
        "script_content_partial",
        "reschedule_interval",
        "reschedule_interval_type",
        "run_on_all_workers",
        "schedule_children_on_error",
        "notification_addresses",
        "disable_enqueue_after_fails",
        "job",
        "schedule_id",
        "worker",
        "schedule_dts",
        "enqueue_dts",
        "start_dts",
        "return_dts",
        "execute_dts",
        "return_success",
        "pid",
        "is_manual",
        "schedule_children",
        "run_log",
        "run",
        "content",
        "api_key",
        "ping_response_dts",
        "worker_version",
        "concurrent_jobs",
    ];
    let field = prop::sample::select(FIELDS).prop_map(str::to_owned);
    prop::collection::btree_map(field, value(), 0..8)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }.enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No request, whatever its content, makes a worker send it again.
    #[test]
    fn no_request_of_chance_is_answered_with_5xx(
        method in "(GET|POST|PATCH|PUT|DELETE)",
        resource in 0..9_usize,
        place in "(|1/|99/|x/|schema/|set/1;x;99/)",
        query in "[a-z_=&%+0-9,.-]{0,30}",
        body in ".{0,20}",
        who in 0..3_usize,
    ) {
        let status = block_on(async {
            let app = TestApp::new().await;
            let target = format!("/api/v1/{}/{place}?{query}", Resource::ALL[resource].name());
            let who = [WORKER, ADMIN, As::Anonymous][who];
            app.ask(who, &method, &target, body).await.status
        });
        prop_assert!(!status.is_server_error(), "{}", status);
    }

    /// The same for what can be read, and afterwards everything can still be shown.
    #[test]
    fn nothing_that_is_written_is_answered_with_5xx(
        writes in prop::collection::vec((0..5_usize, any::<bool>(), any::<bool>(), written()), 1..12),
    ) {
        block_on(async {
            let app = TestApp::new().await;
            app.run().await;
            app.create(ADMIN, Resource::KillRequest, json!({"run": "/api/v1/run/1/"})).await;
            let log = json!({"run": "/api/v1/run/1/", "content": "x"});
            app.create(WORKER, Resource::RunLog, log).await;
            let resources = [
                Resource::Worker, Resource::Job, Resource::Run, Resource::KillRequest, Resource::RunLog,
            ];
            for (resource, is_post, is_worker, body) in writes {
                let resource = resources[resource];
                let who = if is_worker { WORKER } else { ADMIN };
                let (method, target) = match is_post {
                    true => ("POST", format!("/api/v1/{}/", resource.name())),
                    false => ("PATCH", resource.uri(1)),
                };
                let answered = app.ask(who, method, &target, body.to_string()).await;
                assert!(!answered.status.is_server_error(), "{method} {target} {body}: {answered:?}");
            }
            for resource in resources {
                let list = app.get(ADMIN, &format!("/api/v1/{}/", resource.name())).await;
                assert_eq!(list.status, 200, "{list:?}");
            }
        });
    }
}
