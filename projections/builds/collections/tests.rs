use domain::builds::build::{BuildEvent, CollectionAbandoned, CollectionAttempted, SkipReason};

use crate::builds::collections::{CollectionFilter, CollectionState, Outcome};
use crate::testing::{App, PATIENCE, at, key, reported, requeued, skipped, used};
use crate::{Collections, Cursor};

fn attempted(number: i64, attempt: u32) -> BuildEvent {
    BuildEvent::CollectionAttempted(CollectionAttempted {
        collection: 1,
        attempt,
        error: "no route".to_owned(),
        retry_at: at(5000),
        at: at(number * 10 + 11),
    })
}

#[tokio::test]
async fn a_build_is_queued_once_when_it_is_over() {
    let app = App::new();
    let collections = || app.views.of::<Collections>().unwrap();
    app.tell_of_build(1, reported(1, "running")).await;
    assert_eq!(collections().get(&key(1)).unwrap(), None);
    for _ in 0..2 {
        app.tell_of_build(1, reported(1, "success")).await;
        let due = collections().due(at(1000), 10).unwrap();
        assert_eq!(due.len(), 1);
        assert_eq!(collections().next_due().unwrap(), Some(at(19)));
    }
    assert_eq!(collections().due(at(18), 10).unwrap(), [], "not yet");
}

#[tokio::test]
async fn a_report_after_the_outcome_queues_nothing() {
    let app = App::new();
    app.tell_of_build(1, used(1, "zlib")).await;
    app.tell_of_build(1, reported(1, "success")).await;
    let row = app
        .views
        .of::<Collections>()
        .unwrap()
        .get(&key(1))
        .unwrap()
        .unwrap();
    assert_eq!(row.progress.state, CollectionState::Done(Outcome::Recorded));
    assert_eq!(
        app.views.of::<Collections>().unwrap().next_due().unwrap(),
        None
    );
}

#[tokio::test]
async fn a_failed_attempt_is_due_again_when_it_says() {
    let app = App::new();
    app.tell_of_build(1, reported(1, "success")).await;
    app.tell_of_build(1, attempted(1, 1)).await;
    let collections = app.views.of::<Collections>().unwrap();
    assert_eq!(collections.next_due().unwrap(), Some(at(5000)));
    assert_eq!(collections.due(at(4999), 10).unwrap(), []);
    let due = collections.due(at(5000), 10).unwrap();
    assert_eq!(
        (due[0].progress.attempt, due[0].progress.state),
        (1, CollectionState::Retrying)
    );
}

/// The first outcome counts; a requeue begins another collection, and late events of the first
/// change nothing.
#[tokio::test]
async fn only_a_requeue_opens_what_is_over() {
    let app = App::new();
    let state = || {
        app.views
            .of::<Collections>()
            .unwrap()
            .get(&key(1))
            .unwrap()
            .unwrap()
            .progress
    };
    app.tell_of_build(1, reported(1, "success")).await;
    let gave_up = CollectionAbandoned {
        collection: 1,
        attempts: 5,
        error: "no route".to_owned(),
        at: at(50),
    };
    app.tell_of_build(1, BuildEvent::CollectionAbandoned(gave_up))
        .await;
    app.tell_of_build(1, attempted(1, 6)).await;
    app.tell_of_build(1, skipped(1, SkipReason::Ghost)).await;
    assert_eq!(state().state, CollectionState::Done(Outcome::Abandoned));
    app.tell_of_build(1, requeued(1, 2)).await;
    app.tell_of_build(1, skipped(1, SkipReason::Ghost)).await;
    assert_eq!(
        (state().collection, state().state),
        (2, CollectionState::Queued)
    );
}

#[tokio::test]
async fn counts_and_lists_agree_on_how_collections_ended() {
    let app = App::new();
    for number in 1..=6 {
        app.tell_of_build(number, reported(number, "success")).await;
        match number % 3 {
            0 => app.tell_of_build(number, used(number, "zlib")).await,
            1 => {
                app.tell_of_build(number, skipped(number, SkipReason::Stage))
                    .await
            }
            _ => {
                app.tell_of_build(number, skipped(number, SkipReason::Ghost))
                    .await
            }
        };
    }
    let counts = app.views.of::<Collections>().unwrap().counts().unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|count| (count.state.as_str(), count.reason.as_deref(), count.count))
        .collect();
    assert_eq!(
        counts,
        [
            ("recorded", None, 2),
            ("skipped", Some("ghost"), 2),
            ("skipped", Some("stage"), 2)
        ]
    );
    let filter = CollectionFilter {
        state: Some("skipped".to_owned()),
        reason: Some("stage".to_owned()),
        ..CollectionFilter::default()
    };
    let page = app
        .views
        .of::<Collections>()
        .unwrap()
        .list(&filter, &Cursor::start(), 10)
        .unwrap();
    let numbers: Vec<_> = page.rows.iter().map(|row| row.key.number()).collect();
    assert_eq!(numbers, [4, 1]);
}

#[tokio::test]
async fn who_waits_for_work_is_woken_by_it_and_by_nothing_else() {
    let app = App::new();
    app.tell_of_build(1, reported(1, "running")).await;
    let mut changed = app.views.changed::<Collections>();
    assert!(!changed.has_changed().unwrap(), "nothing was queued");
    app.tell_of_build(1, reported(1, "success")).await;
    tokio::time::timeout(PATIENCE, changed.changed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        app.views
            .of::<Collections>()
            .unwrap()
            .due(at(1000), 10)
            .unwrap()
            .len(),
        1
    );
}
