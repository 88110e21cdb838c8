//! What holds for every document.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// A few names, so that documents speak of the same things again and again.
fn some_document() -> impl Strategy<Value = Value> {
    let name = |kind: &'static str| (0..3_u8).prop_map(move |n| format!("{kind} {n}"));
    let group = name("g").prop_map(|name| json!({"name": name}));
    let worker = (name("w"), any::<bool>(), "[a-z]{0,3}").prop_map(|(title, on, description)| {
        json!({"title": title, "secret": format!("secret of {title}"), "enqueue_is_enabled": on, "description": description})
    });
    let pool = (name("p"), any::<bool>())
        .prop_map(|(title, on)| json!({"title": title, "enqueue_is_enabled": on}));
    let job = (name("j"), 0..2_u8, any::<bool>(), proptest::option::of(1..5_u32)).prop_map(|(title, template, all, count)| {
        json!({"title": title, "job_template": format!("t {template}"), "worker_pool": "the pool", "run_on_all_workers": all,
               "reschedule_interval": count, "reschedule_interval_type": "HOUR", "first_run": "now"})
    });
    let some = |one: BoxedStrategy<Value>, key: &'static str| {
        proptest::collection::vec(one, 0..4).prop_map(move |things| {
            let mut seen = std::collections::BTreeSet::new();
            let called = |thing: &Value| format!("{}{}", thing[key], thing["job_template"]);
            things
                .into_iter()
                .filter(|thing| seen.insert(called(thing)))
                .collect::<Vec<_>>()
        })
    };
    (
        some(group.boxed(), "name"),
        some(worker.boxed(), "title"),
        some(pool.boxed(), "title"),
        some(job.boxed(), "title"),
        any::<[bool; 3]>(),
    )
        .prop_map(|(groups, workers, mut pools, jobs, listed)| {
            let workers_of: Vec<_> = workers.iter().map(|worker| worker["title"].clone()).collect();
            let groups_of: Vec<_> = groups.iter().map(|group| group["name"].clone()).collect();
            pools.push(json!({"title": "the pool", "workers": workers_of}));
            let mut project = json!({"title": "the project", "worker_pools": ["the pool"]});
            for (key, listed) in ["groups", "auth_groups"].into_iter().zip(listed) {
                if listed {
                    project[key] = json!(groups_of);
                }
            }
            json!({
                "groups": groups, "workers": workers, "worker_pools": pools, "projects": [project],
                "job_templates": [{"title": "t 0", "project": "the project"}, {"title": "t 1", "project": "the project"}],
                "jobs": jobs,
            })
        })
}

#[test]
fn whatever_was_there_before_telling_the_same_twice_adds_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config::with_cases(24));
    let stories = proptest::collection::vec(some_document(), 1..4);
    runner
        .run(&stories, |documents| {
            runtime.block_on(async {
                let app = TestApp::new().await;
                for document in documents {
                    let reply = app
                        .post("/v1/apply?dry_run=true", Some(document.clone()))
                        .await;
                    prop_assert_eq!(reply.status, 200, "{:?}", reply);
                    let applied = app.apply(&document).await;
                    prop_assert_eq!(applied.status, 200, "{:?}", applied);
                    prop_assert_eq!(&reply.body["changed"], &applied.body["changed"]);
                    let head = app.head();
                    let again = app.apply(&document).await;
                    prop_assert_eq!(
                        &again.body["changed"],
                        &json!(false),
                        "{}\n{:?}",
                        document,
                        again
                    );
                    prop_assert_eq!(app.head(), head);
                }
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn no_document_breaks_anything() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let app = runtime.block_on(TestApp::new());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("Shell")),
    ];
    let key = proptest::sample::select(vec![
        "groups",
        "users",
        "workers",
        "worker_pools",
        "projects",
        "job_templates",
        "jobs",
        "name",
        "title",
        "username",
        "password",
        "secret",
        "api_key",
        "parent",
        "worker_pool",
        "job_template",
        "project",
        "id",
        "exclude_windows",
        "first_run",
        "reschedule_interval",
        "cron",
        "time_zone",
        "run_timeout_seconds",
        "retries",
        "x",
    ]);
    let value = leaf.prop_recursive(4, 40, 5, move |inner| {
        let object = proptest::collection::btree_map(
            key.clone().prop_map(str::to_owned),
            inner.clone(),
            0..6,
        );
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    let mut runner = TestRunner::new(Config::with_cases(300));
    runner
        .run(&value, |document| {
            let answered = runtime.block_on(app.post("/v1/apply?dry_run=true", Some(document)));
            prop_assert!(
                matches!(answered.status.as_u16(), 200 | 400 | 409),
                "{:?}",
                answered
            );
            Ok(())
        })
        .unwrap();
}
