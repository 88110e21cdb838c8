use super::*;
use crate::test_log;
use crate::unwatched;

fn options(until: Option<AsOf>) -> Options {
    Options {
        to: To::Memory,
        until,
        views: Vec::new(),
        config: ViewsConfig::new(test_log::noon),
    }
}

#[tokio::test]
async fn two_rebuilds_of_one_log_agree_wherever_they_lie() {
    let log: Arc<dyn EventLog> = Arc::new(test_log::filled(3000).await);
    let folder = tempfile::tempdir().unwrap();
    let first = run(Arc::clone(&log), options(None), &unwatched)
        .await
        .unwrap();
    let to = To::Directory(folder.path().join("views"));
    // Another page size cuts the folds elsewhere.
    let mut config = ViewsConfig::new(test_log::noon);
    config.engine.page_events = 77;
    let second = Options {
        to,
        config,
        ..options(None)
    };
    let second = run(Arc::clone(&log), second, &unwatched).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first.position, Position(3000));
    let builds = first
        .views
        .iter()
        .find(|view| view.name == "builds")
        .unwrap();
    assert!(builds.rows >= 1001, "{builds:?}");
    assert!(first.views.len() >= 9);
}

#[tokio::test]
async fn a_rebuild_until_a_moment_is_one_of_the_log_as_it_was() {
    let short = Arc::new(test_log::filled(100).await);
    let then = run(short.clone(), options(None), &unwatched).await.unwrap();
    // The same builds go on to other states.
    test_log::fill(&*short, 50).await;
    let at = Some(AsOf::Position(Position(100)));
    let long: Arc<dyn EventLog> = short;
    let now = run(Arc::clone(&long), options(None), &unwatched)
        .await
        .unwrap();
    let cut = run(Arc::clone(&long), options(at), &unwatched)
        .await
        .unwrap();
    assert_eq!(then, cut);
    assert_ne!(then.views, now.views);
    let at = Some(AsOf::Time(test_log::second(99)));
    let timed = run(long, options(at), &unwatched).await.unwrap();
    assert_eq!(then, timed);
}

#[tokio::test]
async fn named_views_are_reported_alone_and_unknown_ones_refused() {
    let log: Arc<dyn EventLog> = Arc::new(test_log::filled(30).await);
    let named = |name: &str| Options {
        views: vec![name.to_owned()],
        ..options(None)
    };
    let report = run(Arc::clone(&log), named("builds"), &unwatched)
        .await
        .unwrap();
    assert_eq!(report.views.len(), 1);
    let unknown = run(log, named("nonsense"), &unwatched).await.unwrap_err();
    assert!(
        unknown
            .to_string()
            .starts_with("view `nonsense` not found; expected one of ")
    );
    assert_eq!(unknown.exit_code(), 3);
}

#[tokio::test]
async fn a_directory_that_is_not_empty_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "").unwrap();
    let to = To::Directory(folder.path().to_owned());
    let log = Arc::new(test_log::empty());
    let refused = run(
        log,
        Options {
            to,
            ..options(None)
        },
        &unwatched,
    )
    .await;
    assert!(matches!(refused, Err(ToolError::Usage(_))));
}
