//! Section 15: the requests of the old dashboard, in their original form.

use super::*;

/// D. At the start it requests everything of a project, with `project_id` for every resource, known
/// there or not.
#[tokio::test]
async fn everything_of_a_project_is_found_at_the_start() {
    let app = TestApp::new().await;
    let run = app.run().await;
    let body = json!({"run": Resource::Run.uri(run)});
    app.create(ADMIN, Resource::KillRequest, body.clone()).await;
    app.create(WORKER, Resource::RunLog, body).await;
    for resource in Resource::ALL {
        for (project, found) in [(1, true), (2, false)] {
            // These do not know the parameter, and pass it over.
            let ignores = matches!(
                resource,
                Resource::Group | Resource::Project | Resource::KillRequest | Resource::RunLog
            );
            let target = format!("/api/v1/{}/?project_id={project}", resource.name());
            let list = app.get(VIEWER, &target).await;
            assert_eq!(list.status, 200, "{target}");
            let total = list.json()["meta"]["total_count"].as_u64().unwrap();
            assert_eq!(total > 0, found || ignores, "{target}");
        }
    }
}

/// D. The tabs, a job's last runs and its next ones.
#[tokio::test]
async fn runs_are_found_for_tabs_and_jobs() {
    let app = TestApp::new().await;
    for _ in 0..3 {
        let run = app.run_of(2).await;
        app.report(run, &[claim(), start(), over(true)]).await;
    }
    app.run_of(2).await;
    app.run_of(1).await;
    for (query, ids) in [
        ("state=scheduled&project_id=1", vec![4, 5]),
        ("state=in_queue&project_id=1", vec![]),
        ("state=started&project_id=1", vec![]),
        ("state=last_completed&project_id=1", vec![3]),
        ("state=last_completed&project_id=2", vec![]),
        ("job=2&state=completed&limit=100", vec![1, 2, 3]),
        ("job=2&state=scheduled", vec![4]),
        ("job=1&state=completed&limit=100", vec![]),
    ] {
        let list = app.get(VIEWER, &format!("/api/v1/run/?{query}")).await;
        assert_eq!(list.status, 200, "{query}");
        assert_eq!(list.ids(), ids, "{query}");
    }
}

/// D. Whether actions are offered is found out by comparing one's groups with those of the project.
#[tokio::test]
async fn one_finds_out_whether_one_administers_a_project() {
    let app = TestApp::new().await;
    for (who, administers) in [(ADMIN, true), (VIEWER, false)] {
        let groups = app.get(who, "/api/v1/group/").await.json();
        let groups = groups["objects"].as_array().unwrap().clone();
        let project = app.get(who, "/api/v1/project/1/").await.json();
        let admins = project["auth_groups"].as_array().unwrap();
        let mine = |uri: &&Value| groups.iter().any(|group| group["resource_uri"] == **uri);
        assert_eq!(admins.iter().any(|uri| mine(&uri)), administers, "{who:?}");
    }
}

/// 2.3: what is not ASCII is written as it is, in lists as well.
#[tokio::test]
async fn letters_of_any_kind_are_not_escaped() {
    let app = TestApp::new().await;
    let body = json!({"title": "Größe 🦀", "description": "\u{1}\"\\"});
    assert_eq!(app.patch(WORKER, "/api/v1/job/1/", body).await, 202);
    for target in [
        "/api/v1/job/1/",
        "/api/v1/job/?title=Gr%C3%B6%C3%9Fe+%F0%9F%A6%80",
    ] {
        let answered = app.get(WORKER, target).await;
        assert!(
            answered.text.contains(r#""title": "Größe 🦀""#),
            "{}",
            answered.text
        );
        assert!(
            answered.text.contains(r#""description": "\u0001\"\\""#),
            "{}",
            answered.text
        );
    }
}
