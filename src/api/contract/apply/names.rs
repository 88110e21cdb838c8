//! Which thing is meant: by what it is called, by what it belongs to, or by its number.

use super::*;

#[tokio::test]
async fn things_of_one_title_are_told_apart_by_what_they_belong_to() {
    let app = TestApp::new().await;
    let document = json!({
        "worker_pools": [{"title": "p"}],
        "projects": [{"title": "one", "worker_pools": ["p"]}, {"title": "two", "worker_pools": ["p"]}],
        "job_templates": [{"title": "Shell", "project": "one"}, {"title": "Shell", "project": "two"}, {"title": "a/b", "project": "two"}],
        "jobs": [
            {"title": "build", "job_template": "one/Shell", "worker_pool": "p"},
            {"title": "build", "job_template": "two/Shell", "worker_pool": "p", "parent": "one/Shell/build"},
            {"title": "test", "job_template": "two/a/b", "worker_pool": "p", "parent": "two/Shell/build"},
        ],
    });
    let applied = ok(app.apply(&document).await);
    let jobs = &applied["objects"]["jobs"];
    let number = |key: &str| {
        jobs[key]["id"]
            .as_u64()
            .unwrap_or_else(|| panic!("{key}: {jobs:#}"))
    };
    let parent = async |key: &str| {
        let job = app.get(&format!("/v1/jobs/{}", number(key))).await;
        job.body["parent"]["id"].as_u64()
    };
    assert_eq!(
        parent("two/Shell/build").await,
        Some(number("one/Shell/build"))
    );
    assert_eq!(parent("test").await, Some(number("two/Shell/build")));
    assert_eq!(applied["objects"]["job_templates"]["one/Shell"]["id"], 1);
    let again = ok(app.apply(&document).await);
    assert_eq!(again["changed"], false, "{again:#}");

    // Numbers will do; and of several, the one in the same template is meant.
    let template = app.get("/v1/job-templates/2").await;
    assert_eq!(template.body["project"]["title"], "two");
    let ship = json!({"jobs": [
        {"title": "ship", "job_template": 2, "worker_pool": 1, "parent": "build"},
    ]});
    let applied = ok(app.apply(&ship).await);
    let ship = applied["objects"]["jobs"]["ship"]["id"].as_u64().unwrap();
    let ship = app.get(&format!("/v1/jobs/{ship}")).await;
    assert_eq!(ship.body["parent"]["id"], number("two/Shell/build"));
}

#[tokio::test]
async fn a_thing_with_a_number_may_be_renamed_and_its_name_is_free() {
    let app = TestApp::new().await;
    ok(app.apply(&farm()).await);
    let renamed = json!({
        "groups": [{"id": 1, "name": "makers"}, {"name": "builders"}],
        "jobs": [{"id": 1, "title": "daily"}],
    });
    let applied = ok(app.apply(&renamed).await);
    assert_eq!(applied["objects"]["groups"]["makers"]["action"], "changed");
    assert_eq!(applied["objects"]["groups"]["builders"]["id"], 2);
    assert_eq!(applied["objects"]["jobs"]["daily"]["id"], 1);
    // A job of the old title may be made in its template again.
    let job =
        json!({"jobs": [{"title": "nightly", "job_template": "Shell", "worker_pool": "Pool 1"}]});
    assert_eq!(
        ok(app.apply(&job).await)["objects"]["jobs"]["nightly"]["id"],
        3
    );
}
