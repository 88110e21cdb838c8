use domain::builds::build::BuildEvent;

use crate::builds::build::{BuildFilter, BuildOrder};
use crate::testing::{App, PATIENCE, report, reported, tell_all, used};
use crate::{Builds, Cursor, EXAMINED_MAX};

async fn app_of(builds: i64) -> App {
    let app = App::new();
    let story = (1..=builds).map(|number| {
        (
            format!("build-default:{number}"),
            reported(number, "running").into(),
        )
    });
    let last = tell_all(&*app.log, story).await;
    app.views.wait_for_all(last, PATIENCE).await.unwrap();
    app
}

/// Builds arrive and change while a client reads pages.
#[tokio::test]
async fn pages_show_every_build_once_while_others_arrive() {
    for limit in [1, 3, 7, 50] {
        let app = app_of(40).await;
        let (mut cursor, mut envelope, mut new) = (Cursor::start(), Vec::new(), 1000);
        loop {
            let page = app
                .views
                .of::<Builds>()
                .unwrap()
                .list(&BuildFilter::default(), &cursor, limit)
                .unwrap();
            assert!(page.rows.len() <= limit);
            envelope.extend(page.rows.iter().map(|row| row.key.number()));
            let Some(next) = page.next else {
                break;
            };
            cursor = Cursor::from_bytes(next.as_bytes());
            new += 1;
            app.tell_of_build(new, reported(new, "running")).await;
            app.tell_of_build(new - 980, reported(new - 980, "success"))
                .await;
        }
        let expected: Vec<i64> = (1..=40).rev().collect();
        assert_eq!(envelope, expected, "pages of {limit}");
    }
}

#[tokio::test]
async fn a_last_page_that_is_full_has_no_next_one() {
    let app = app_of(6).await;
    let list = |limit| {
        app.views
            .of::<Builds>()
            .unwrap()
            .list(&BuildFilter::default(), &Cursor::start(), limit)
    };
    assert!(list(5).unwrap().next.is_some());
    assert!(list(6).unwrap().next.is_none());
}

/// Any bytes may come back as a cursor: they select some place, and never cause a panic.
#[tokio::test]
async fn an_invented_cursor_is_only_another_place() {
    let app = app_of(5).await;
    for bytes in [vec![0], vec![0xff; 40], b"ruff".to_vec()] {
        for order in [BuildOrder::Seen, BuildOrder::Updated, BuildOrder::Finished] {
            let filter = BuildFilter {
                order,
                ..BuildFilter::default()
            };
            let cursor = Cursor::from_bytes(bytes.clone());
            let page = app
                .views
                .of::<Builds>()
                .unwrap()
                .list(&filter, &cursor, 10)
                .unwrap();
            assert!(page.rows.len() <= 5);
        }
    }
}

/// The one build that is looked for is the oldest of many, and no index knows about the pair of conditions.
#[tokio::test]
async fn a_page_looks_at_so_many_rows_and_no_more() {
    let builds = i64::try_from(EXAMINED_MAX).unwrap() + 5;
    let app = App::new();
    let mut story = vec![("build-default:1".to_owned(), used(1, "zlib").into())];
    story.extend((1..=builds).map(|number| {
        (
            format!("build-default:{number}"),
            reported(number, "running").into(),
        )
    }));
    let last = tell_all(&*app.log, story).await;
    app.views.wait_for_all(last, PATIENCE).await.unwrap();
    let filter = BuildFilter {
        package: Some("zlib".to_owned()),
        order: BuildOrder::Updated,
        ..BuildFilter::default()
    };
    let first = app
        .views
        .of::<Builds>()
        .unwrap()
        .list(&filter, &Cursor::start(), 10)
        .unwrap();
    assert_eq!((first.rows.len(), first.examined), (0, EXAMINED_MAX));
    let rest = app
        .views
        .of::<Builds>()
        .unwrap()
        .list(&filter, &first.next.unwrap(), 10)
        .unwrap();
    assert_eq!((rest.rows.len(), rest.next), (1, None));
}

/// A page of a thousand large rows would take more memory than a server has for answers.
#[tokio::test]
async fn a_page_of_large_rows_ends_early_and_leads_on() {
    let app = App::new();
    let story = (1..=100).map(|number| {
        let mut report = report(number, "running");
        report.stage = "s".repeat(60_000);
        let event = BuildEvent::Reported(report);
        (format!("build-default:{number}"), event.into())
    });
    let last = tell_all(&*app.log, story).await;
    app.views.wait_for_all(last, PATIENCE).await.unwrap();
    let (mut cursor, mut pages, mut found) = (Cursor::start(), Vec::new(), Vec::new());
    loop {
        let builds = app.views.of::<Builds>().unwrap();
        let page = builds.list(&BuildFilter::default(), &cursor, 1000).unwrap();
        pages.push(page.rows.len());
        found.extend(page.rows.iter().map(|row| row.key.number()));
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    assert_eq!(pages, [69, 31]);
    assert_eq!(found, (1..=100).rev().collect::<Vec<i64>>());
}
