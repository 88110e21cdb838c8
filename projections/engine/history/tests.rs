use std::sync::Arc;

use eventlog::{Filter, MemoryLog, Position, Revision, StreamName};
use parking_lot::Mutex;
use proptest::prelude::*;

use crate::engine::history::{AsOf, EventQuery, History};
use crate::testing::{App, any_story, at, block_on, key, reported, tell, tell_all, used};
use crate::{Builds, Collections};

async fn data() -> App {
    let app = App::new();
    app.tell_of_build(1, reported(1, "created")).await;
    app.tell_of_build(1, reported(1, "running")).await;
    app.tell_of_build(1, reported(1, "success")).await;
    app.tell_of_build(1, used(1, "zlib")).await;
    app
}

#[tokio::test]
async fn the_log_ended_at_any_moment_with_what_had_been_recorded_by_then() {
    let app = data().await;
    let history = app.views.history();
    for (moment, head) in [
        (AsOf::Position(Position(0)), 0),
        (AsOf::Position(Position(3)), 3),
        (AsOf::Position(Position(99)), 4),
        (AsOf::Timestamp(at(-1)), 0),
        (AsOf::Timestamp(at(1)), 2),
        (AsOf::Timestamp(at(1000)), 4),
    ] {
        assert_eq!(
            history.head_at(moment).await.unwrap(),
            Position(head),
            "{moment:?}"
        );
    }
}

#[tokio::test]
async fn a_build_is_told_as_it_stood() {
    let app = data().await;
    let history = app.views.history();
    for (as_of, expected) in [
        (AsOf::Position(Position(0)), None),
        (AsOf::Position(Position(1)), Some("created")),
        (AsOf::Position(Position(2)), Some("running")),
        (AsOf::Timestamp(at(1)), Some("running")),
        (AsOf::Timestamp(at(1000)), Some("success")),
    ] {
        let found = history.row_as_of::<Builds>(&key(1), as_of).await.unwrap();
        let status = found.as_ref().map(|found| found.status.as_str());
        assert_eq!(status, expected, "{as_of:?}");
    }
    let now = AsOf::Position(Position::END);
    assert_eq!(
        history.row_as_of::<Builds>(&key(1), now).await.unwrap(),
        app.views.of::<Builds>().unwrap().get(&key(1)).unwrap()
    );
    assert_eq!(
        history
            .row_as_of::<Collections>(&key(1), now)
            .await
            .unwrap(),
        app.views.of::<Collections>().unwrap().get(&key(1)).unwrap()
    );
}

/// A clock that ran ahead and was set back used to let an event be shown without the one before it.
#[tokio::test]
async fn a_build_is_told_as_it_stood_before_the_clock_jumped() {
    let times = Mutex::new(vec![at(3), at(9), at(1)]);
    let log = MemoryLog::new(move || times.lock().pop().unwrap());
    for status in ["created", "running", "success"] {
        tell(&log, "build-default:1", reported(1, status)).await;
    }
    let history = History::new(Arc::new(log));
    for (second, expected) in [
        (0, None),
        (1, Some("created")),
        (5, Some("created")),
        (9, Some("success")),
    ] {
        let as_of = AsOf::Timestamp(at(second));
        let found = history.row_as_of::<Builds>(&key(1), as_of).await.unwrap();
        let status = found.as_ref().map(|found| found.status.as_str());
        assert_eq!(status, expected, "{second}");
    }
}

#[tokio::test]
async fn single_events_and_streams_are_read_as_they_stand() {
    let app = data().await;
    let history = app.views.history();
    assert_eq!(
        history.get(Position(2)).await.unwrap().unwrap().revision,
        Revision(1)
    );
    assert!(history.get(Position(0)).await.unwrap().is_none());
    assert!(history.get(Position(99)).await.unwrap().is_none());
    let stream = StreamName::parse("build-default:1").unwrap();
    assert_eq!(
        history.stream(&stream, Revision(1), 2).await.unwrap().len(),
        2
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any query, in pages of any size, gives the same events as a full scan.
    #[test]
    fn pages_of_events_are_those_that_fit(
        story in any_story(),
        limit in 1_usize..9,
        descending: bool,
        (after, before) in (0_u64..130, 0_u64..130),
        (since, until) in (0_i64..130, 0_i64..130),
        of_stream: bool,
        only_usage: bool,
        actor in prop::option::of(prop_oneof![Just("t1"), Just("t2")]),
    ) {
        block_on(async {
            let app = App::new();
            tell_all(&*app.log, story).await;
            let query = EventQuery {
                filter: Filter {
                    event_types: if only_usage { vec!["build.*".to_owned()] } else { vec![] },
                    ..Filter::all()
                },
                stream: of_stream.then(|| StreamName::parse("build-default:1").unwrap()),
                actor: actor.map(str::to_owned),
                dialect: None,
                since: (since > 40).then(|| at(since - 40)),
                until: (until > 40).then(|| at(until)),
                after: (after > 40).then(|| Position(after - 40)),
                before: (before > 40).then_some(Position(before)),
                bytes_max: None,
                limit,
                descending,
            };
            let history = app.views.history();
            let (mut found, mut next) = (Vec::new(), query.clone());
            loop {
                let page = history.page(&next).await.unwrap();
                prop_assert!(page.events.len() <= limit);
                found.extend(page.events.into_iter().map(|event| event.position.0));
                match (page.next, descending) {
                    (None, _) => break,
                    (place, true) => next.before = place,
                    (place, false) => next.after = place,
                }
            }
            let mut expected = Vec::new();
            for position in 1..=history.head().0 {
                let event = history.get(Position(position)).await.unwrap().unwrap();
                if query.admits(&event) {
                    expected.push(position);
                }
            }
            if descending {
                expected.reverse();
            }
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }
}
