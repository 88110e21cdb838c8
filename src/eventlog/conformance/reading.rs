//! Every event is read once, whichever way and in whatever pages.

use std::sync::Arc;

use uuid::Uuid;

use super::fixture::{append_any, fill, id, page, page_back, run, stream};
use crate::{EventLog, Filter, PageLimit, Position, Recorded, Revision};

fn filters() -> Vec<Filter> {
    let filter = |categories: &[&str], event_types: &[&str]| Filter {
        categories: categories.iter().map(|&name| name.to_owned()).collect(),
        event_types: event_types.iter().map(|&name| name.to_owned()).collect(),
    };
    vec![
        Filter::all(),
        filter(&["run"], &[]),
        filter(&["run", "job"], &["run.kind_1"]),
        filter(&["job"], &["run.*"]),
        filter(&[], &["run.kind_0", "run.kind_2"]),
        filter(&["unknown"], &[]),
    ]
}

fn limits() -> Vec<PageLimit> {
    let limit = |events, examined, bytes| PageLimit {
        events,
        examined,
        bytes,
    };
    vec![
        PageLimit::default(),
        limit(1, 1000, 1 << 20),
        limit(7, 1000, 1 << 20),
        limit(1000, 1, 1 << 20),
        limit(1000, 13, 1 << 20),
        limit(1000, 1000, 1),
        limit(1000, 1000, 500),
    ]
}

/// Pages upwards, with every filter and limit.
pub async fn pages_upwards_cover_everything_once(log: Arc<dyn EventLog>) {
    let events = fill(&*log).await;
    for filter in filters() {
        let wanted: Vec<_> = events.iter().filter(|event| filter.admits(event)).collect();
        for limit in limits() {
            let mut read: Vec<Recorded> = Vec::new();
            let mut after = Position::START;
            loop {
                let page = page(&*log, after, &filter, limit).await;
                assert!(
                    page.next > after || page.end,
                    "{filter:?} {limit:?}: stands still"
                );
                after = page.next;
                read.extend(page.events);
                if page.end {
                    break;
                }
            }
            assert!(
                read.iter().eq(wanted.iter().copied()),
                "{filter:?} {limit:?}"
            );
            assert_eq!(after, log.head(), "{filter:?} {limit:?}");
        }
    }
    let beyond = page(
        &*log,
        Position(log.head().0 + 5),
        &Filter::all(),
        PageLimit::default(),
    )
    .await;
    assert!(beyond.events.is_empty() && beyond.end);
}

/// Pages downwards, with every filter and limit.
pub async fn pages_downwards_cover_everything_once(log: Arc<dyn EventLog>) {
    let events = fill(&*log).await;
    for filter in filters() {
        let wanted: Vec<_> = events
            .iter()
            .rev()
            .filter(|event| filter.admits(event))
            .collect();
        for limit in limits() {
            let mut read: Vec<Recorded> = Vec::new();
            let mut before = Position::END;
            loop {
                let page = page_back(&*log, before, &filter, limit).await;
                assert!(
                    page.next < before || page.end,
                    "{filter:?} {limit:?}: stands still"
                );
                before = page.next;
                read.extend(page.events);
                if page.end {
                    break;
                }
            }
            assert!(
                read.iter().eq(wanted.iter().copied()),
                "{filter:?} {limit:?}"
            );
        }
    }
    let half = &events[150];
    let page = page_back(&*log, half.position, &Filter::all(), PageLimit::events(1)).await;
    assert_eq!(page.events, events[149..150]);
}

/// A page has no more events, looks at no more, and carries no more bytes than it may.
pub async fn a_page_keeps_each_of_its_limits(log: Arc<dyn EventLog>) {
    let events = fill(&*log).await;
    let none = Filter {
        categories: vec!["unknown".to_owned()],
        event_types: Vec::new(),
    };
    for limit in limits() {
        for after in [0, 99, 290] {
            let start = events
                .get(after)
                .map_or(Position::START, |event| event.position);
            let page = page(&*log, start, &Filter::all(), limit).await;
            let bytes: usize = page
                .events
                .iter()
                .map(|event| event.data.len() + event.metadata.len())
                .sum();
            assert!(
                page.events.len() <= limit.events.min(limit.examined),
                "{limit:?}"
            );
            assert!(bytes <= limit.bytes || page.events.len() == 1, "{limit:?}");
            assert!(!page.events.is_empty(), "{limit:?}");
        }
        let page = page(&*log, Position::START, &none, limit).await;
        let looked_at = events
            .iter()
            .filter(|event| event.position <= page.next)
            .count();
        assert!(
            looked_at <= limit.examined && looked_at > 0,
            "{limit:?}: {looked_at}"
        );
        assert_eq!(page.end, looked_at == events.len(), "{limit:?}");
    }
}

/// A stream is read from any revision, with any limit.
pub async fn a_stream_is_read_from_any_revision(log: Arc<dyn EventLog>) {
    let events = fill(&*log).await;
    for number in 0..11 {
        for category in ["run", "job"] {
            let stream = stream(category, number);
            let wanted: Vec<_> = events
                .iter()
                .filter(|event| event.stream == stream)
                .collect();
            for from in 0..wanted.len() + 2 {
                for limit in [0, 1, 3, usize::MAX] {
                    let read = log
                        .read_stream(&stream, Revision(from as u64), limit)
                        .await
                        .expect("readable");
                    let wanted = wanted.iter().copied().skip(from).take(limit);
                    assert!(
                        read.iter().eq(wanted),
                        "{stream} from {from}, {limit} at most"
                    );
                }
            }
        }
    }
}

/// The head of a stream and the place of an id are found, and those that are not there are not.
pub async fn heads_and_ids_are_found(log: Arc<dyn EventLog>) {
    let events = fill(&*log).await;
    for number in 0..11 {
        let stream = run(number);
        let wanted = events
            .iter()
            .filter(|event| event.stream == stream)
            .map(|event| event.revision)
            .max();
        let head = log.stream_head(&stream).await.expect("readable");
        assert_eq!(head, wanted, "{stream}");
    }
    for event in &events {
        let found = log.find(event.id).await.expect("readable");
        assert_eq!(found, Some(event.position));
    }
    for unknown in [id(999), id(1000), Uuid::nil()] {
        assert_eq!(log.find(unknown).await.expect("readable"), None);
    }
    append_any(&*log, &run(0), [5000]).await;
    assert_eq!(
        log.find(id(5000)).await.expect("readable"),
        Some(log.head())
    );
}
