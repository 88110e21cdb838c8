//! Sections 2.4, 4 and 5: lists, single things, sets, and who sees what.

use super::*;

/// D: the shapes of section 5, byte for byte.
#[tokio::test]
async fn things_are_shown_as_the_contract_shows_them() {
    let app = TestApp::new().await;
    for (target, expected) in [
        (
            "group/1/",
            r#"{"name": "Group 1", "resource_uri": "/api/v1/group/1/"}"#,
        ),
        (
            "project/1/",
            r#"{"auth_groups": ["/api/v1/group/3/"], "description": "", "enqueue_is_enabled": true, "id": 1, "resource_uri": "/api/v1/project/1/", "title": "Test project 1", "worker_pools": ["/api/v1/worker_pool/1/"]}"#,
        ),
        (
            "worker_pool/1/",
            r#"{"description": "", "enqueue_is_enabled": true, "id": 1, "resource_uri": "/api/v1/worker_pool/1/", "title": "Pool 1", "workers": ["/api/v1/worker/1/"]}"#,
        ),
        (
            "worker/1/",
            r#"{"api_key": "worker1", "concurrent_jobs": null, "description": "", "enqueue_is_enabled": true, "id": 1, "ping_response_dts": null, "resource_uri": "/api/v1/worker/1/", "title": "Test worker 1", "worker_version": null}"#,
        ),
        (
            "job_template/1/",
            r#"{"description": "", "enqueue_is_enabled": true, "id": 1, "project": "/api/v1/project/1/", "resource_uri": "/api/v1/job_template/1/", "title": "Template 1"}"#,
        ),
        (
            "job/1/",
            r##"{"children": ["/api/v1/job/3/"], "description": "", "disable_enqueue_after_fails": null, "enqueue_is_enabled": true, "id": 1, "job_template": "/api/v1/job_template/1/", "notification_addresses": "job1@example.com", "parent": null, "reschedule_interval": 1, "reschedule_interval_type": "DAY", "resource_uri": "/api/v1/job/1/", "run_on_all_workers": false, "schedule_children_on_error": false, "script_content": "#!/bin/sh\necho hello\n", "script_content_partial": "echo hello", "title": "Test job 1", "worker_pool": "/api/v1/worker_pool/1/"}"##,
        ),
    ] {
        let answered = app.get(WORKER, &format!("/api/v1/{target}")).await;
        assert_eq!(answered.status, 200, "{target}");
        assert_eq!(answered.text, expected, "{target}");
    }
    let list = app.get(WORKER, "/api/v1/worker/").await;
    let meta = r#"{"meta": {"limit": 200, "next": null, "offset": 0, "previous": null, "total_count": 1}, "objects": [{"api_key": "worker1", "#;
    assert!(list.text.starts_with(meta), "{}", list.text);
    assert_eq!(list.header("content-type"), "application/json");
    assert_eq!(list.header("vary"), "Accept, Cookie");
    assert_eq!(list.header("cache-control"), "no-cache");
}

/// W: section 4.1; and D: section 4.2.
#[tokio::test]
async fn everybody_sees_their_own_and_nothing_else() {
    let app = TestApp::new().await;
    let none: &[u64] = &[];
    for (who, resource, seen) in [
        (WORKER, "worker", &[1][..]),
        (WORKER, "worker_pool", &[1]),
        (WORKER, "project", &[1]),
        (WORKER, "job_template", &[1]),
        (WORKER, "job", &[1, 2, 3]),
        (STRANGER, "worker", &[2]),
        (STRANGER, "job", &[4]),
        (VIEWER, "worker", &[1]),
        (VIEWER, "worker_pool", &[1]),
        (VIEWER, "project", &[1]),
        (VIEWER, "job", &[1, 2, 3]),
        (As::User(3), "job", &[4]),
        (LONER, "job", none),
        (LONER, "project", none),
        // A caller that may change a project and does not see it gets nothing.
        (OUTSIDER, "project", none),
        (OUTSIDER, "job", none),
    ] {
        let list = app.get(who, &format!("/api/v1/{resource}/")).await;
        assert_eq!(list.status, 200, "{who:?} {resource}");
        assert_eq!(list.ids(), seen, "{who:?} {resource}");
        assert_eq!(
            list.json()["meta"]["total_count"],
            seen.len(),
            "{who:?} {resource}"
        );
        for number in 1..5 {
            let exists = resource == "job" || number < 3;
            let expected = match (exists, seen.contains(&number)) {
                (false, _) => 404,
                (true, false) => 401,
                (true, true) => 200,
            };
            let detail = app.get(who, &format!("/api/v1/{resource}/{number}/")).await;
            assert_eq!(detail.status, expected, "{who:?} {resource} {number}");
            assert_eq!(expected == 200, !detail.text.is_empty());
        }
    }
    let names = |list: &Answered| {
        let list = list.json();
        let names = list["objects"].as_array().unwrap().iter();
        names.map(|group| group["name"].clone()).collect::<Vec<_>>()
    };
    let groups = app.get(WORKER, "/api/v1/group/").await;
    assert_eq!(names(&groups), ["Group 1"]);
    let groups = app.get(ADMIN, "/api/v1/group/").await;
    assert_eq!(names(&groups), ["Group 1", "Group 3"]);
}

/// 2.1.
#[tokio::test]
async fn what_is_no_number_does_not_exist() {
    let app = TestApp::new().await;
    for place in [
        "0",
        "-1",
        "x",
        "99",
        "1.0",
        "99999999999999999999",
        "1/2",
        "%31",
    ] {
        let answered = app.get(WORKER, &format!("/api/v1/job/{place}/")).await;
        assert_eq!(answered.status, 404, "{place}");
        assert_eq!(answered.text, "", "{place}");
    }
}

/// O: 2.1.
#[tokio::test]
async fn a_set_names_what_it_did_not_find_and_hides_nothing() {
    let app = TestApp::new().await;
    let set = app.get(WORKER, "/api/v1/job/set/3;99;x;1;3/").await;
    assert_eq!(set.status, 200);
    assert_eq!(set.ids(), [3, 1]);
    assert_eq!(set.json()["not_found"], json!(["99", "x"]));
    let set = app.get(WORKER, "/api/v1/job/set/1/").await;
    assert_eq!(set.json().get("not_found"), None);
    assert_eq!(app.get(WORKER, "/api/v1/job/set/1;4/").await.status, 401);
}

/// W: 2.4 and 2.5.
#[tokio::test]
async fn pages_lead_to_each_other() {
    let app = TestApp::new().await;
    let mut target = "/api/v1/job/?x=%2f+&limit=2&project_id=1".to_owned();
    let first = app.get(WORKER, &target).await;
    assert_eq!(first.ids(), [1, 2]);
    let meta = first.json()["meta"].clone();
    let next = "/api/v1/job/?x=%2f+&project_id=1&limit=2&offset=2";
    assert_eq!(
        meta,
        json!({"limit": 2, "next": next, "offset": 0, "previous": null, "total_count": 3})
    );
    // The worker follows it as it is, and signs it.
    target = next.to_owned();
    let second = app.get(WORKER, &target).await;
    assert_eq!(second.ids(), [3]);
    let meta = second.json()["meta"].clone();
    assert_eq!(meta["next"], Value::Null);
    let previous = "/api/v1/job/?x=%2f+&project_id=1&limit=2&offset=0";
    assert_eq!(meta["previous"], previous);
    for (query, limit, ids) in [
        ("limit=0", 1000, vec![1, 2, 3]),
        ("limit=5000", 1000, vec![1, 2, 3]),
        ("offset=50", 200, vec![]),
    ] {
        let page = app.get(WORKER, &format!("/api/v1/job/?{query}")).await;
        assert_eq!(page.json()["meta"]["limit"], limit, "{query}");
        assert_eq!(page.ids(), ids, "{query}");
    }
    for query in [
        "limit=x",
        "limit=-1",
        "offset=-1",
        "offset=x",
        "order_by=id",
    ] {
        let page = app.get(WORKER, &format!("/api/v1/job/?{query}")).await;
        assert_eq!(page.status, 400, "{query}");
        assert!(page.json()["error"].is_string(), "{query}");
    }
}

/// D: section 6.
#[tokio::test]
async fn lists_are_narrowed() {
    let app = TestApp::new().await;
    let admin = ADMIN;
    for (target, ids) in [
        ("project/?title=Test+project+1", vec![1]),
        ("project/?id=1", vec![1]),
        ("project/?id=2", vec![]),
        ("project/?project_id=7", vec![1]),
        ("worker_pool/?title=Pool+1", vec![1]),
        ("worker_pool/?project_id=1", vec![1]),
        ("worker_pool/?project_id=2", vec![]),
        ("worker_pool/?project_id=-1", vec![]),
        ("worker/?api_key=worker1", vec![1]),
        ("worker/?api_key__startswith=work", vec![1]),
        ("worker/?api_key__in=worker2,worker3", vec![]),
        ("worker/?project_id=1", vec![1]),
        ("worker/?project_id=9", vec![]),
        ("job_template/?project=1", vec![1]),
        ("job_template/?project__title=Test+project+1", vec![1]),
        ("job_template/?project__id=2", vec![]),
        ("job_template/?project_id=1&title=Template+1", vec![1]),
        ("job/?title=Test+job+2", vec![2]),
        ("job/?job_template=1", vec![1, 2, 3]),
        ("job/?job_template__title=Template+2", vec![]),
        ("job/?job_template__project=1&title=Test+job+3", vec![3]),
        ("job/?project_id=0", vec![]),
        ("job/?nothing=x", vec![1, 2, 3]),
    ] {
        let list = app.get(admin, &format!("/api/v1/{target}")).await;
        assert_eq!(list.status, 200, "{target}");
        assert_eq!(list.ids(), ids, "{target}");
    }
    for target in [
        "group/?name=x",
        "worker/?title=x",
        "job/?parent=1",
        "job/?project_id=x",
    ] {
        let list = app.get(admin, &format!("/api/v1/{target}")).await;
        assert_eq!(list.status, 400, "{target}");
    }
}

/// O: 5.10.
#[tokio::test]
async fn schemas_are_shown_to_those_who_are_known() {
    let app = TestApp::new().await;
    for resource in Resource::ALL {
        let target = format!("/api/v1/{}/schema/", resource.name());
        let schema = app.get(WORKER, &target).await;
        assert_eq!(schema.status, 200, "{target}");
        assert_eq!(schema.json()["default_limit"], 200, "{target}");
        assert_eq!(
            app.get(As::Anonymous, &target).await.status,
            401,
            "{target}"
        );
    }
}
