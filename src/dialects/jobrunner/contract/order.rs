//! Section 5: lists have the order that dashboards show.

use domain::core::user::{User, UserCommand};
use domain::jobs::job_template::{self, JobTemplate, JobTemplateCommand};
use domain::jobs::project::{self, Project, ProjectCommand};
use domain::jobs::worker::{self, Worker, WorkerCommand};
use domain::jobs::worker_pool::{self, WorkerPool, WorkerPoolCommand};

use super::*;

/// D: by title; templates and jobs by those of what they belong to first. What has a higher number
/// comes first here.
#[tokio::test]
async fn lists_are_sorted_by_titles() {
    let app = TestApp::new().await;
    let at: Timestamp = NOW.parse().unwrap();
    // User 2 sees both projects.
    app.tell::<User>(2, UserCommand::JoinGroup { group: 2, at })
        .await;
    let title = || Some("Zulu".to_owned());
    let edited = worker::Edited {
        title: title(),
        ..worker::Edited::nothing(at)
    };
    app.tell::<Worker>(1, WorkerCommand::Edit(edited)).await;
    let edited = worker_pool::Edited {
        title: title(),
        ..worker_pool::Edited::nothing(at)
    };
    app.tell::<WorkerPool>(1, WorkerPoolCommand::Edit(edited))
        .await;
    let edited = project::Edited {
        title: title(),
        ..project::Edited::nothing(at)
    };
    app.tell::<Project>(1, ProjectCommand::Edit(edited)).await;
    // The project's title counts before the template's.
    let edited = job_template::Edited {
        title: Some("Alpha".to_owned()),
        ..job_template::Edited::nothing(at)
    };
    app.tell::<JobTemplate>(1, JobTemplateCommand::Edit(edited))
        .await;
    for (job, title) in [(1, "Whiskey"), (2, "Alpha"), (3, "Mike")] {
        let target = Resource::Job.uri(job);
        assert_eq!(
            app.patch(WORKER, &target, json!({"title": title})).await,
            202
        );
    }
    for (resource, ids) in [
        ("worker", vec![2, 1]),
        ("worker_pool", vec![2, 1]),
        ("project", vec![2, 1]),
        ("job_template", vec![2, 1]),
        ("job", vec![4, 2, 3, 1]),
    ] {
        let list = app.get(ADMIN, &format!("/api/v1/{resource}/")).await;
        assert_eq!(list.ids(), ids, "{resource}");
        let page = app
            .get(ADMIN, &format!("/api/v1/{resource}/?limit=1&offset=1"))
            .await;
        assert_eq!(page.ids(), ids[1..2], "{resource}");
    }
}
