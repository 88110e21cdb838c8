use super::*;
use crate::test_log::{self, second, stream_of};

#[tokio::test]
async fn a_past_shows_nothing_that_came_after_it_and_takes_nothing() {
    let log = Arc::new(test_log::filled(30).await);
    let past = Past::of(log.clone(), Some(AsOf::Position(Position(15))))
        .await
        .unwrap();
    assert_eq!(past.head(), Position(15));
    let page = past
        .read_all(Position(10), &Filter::all(), PageLimit::events(100))
        .await
        .unwrap();
    let positions: Vec<u64> = page.events.iter().map(|event| event.position.0).collect();
    assert_eq!(
        (positions, page.next, page.end),
        ((11..=15).collect(), Position(15), true)
    );
    let page = past
        .read_all_back(Position::END, &Filter::all(), PageLimit::events(2))
        .await
        .unwrap();
    assert_eq!(page.events[0].position, Position(15));

    // Build 0 has its first event at position 1 and its second at 12, build 9 its second at 21.
    for (build, seen, now) in [
        (0, Some(1), Some(2)),
        (9, Some(0), Some(1)),
        (99, None, None),
    ] {
        let stream = stream_of(build);
        assert_eq!(
            past.stream_head(&stream).await.unwrap(),
            seen.map(Revision),
            "{build}"
        );
        assert_eq!(
            log.stream_head(&stream).await.unwrap(),
            now.map(Revision),
            "{build}"
        );
        let events = past.read_stream(&stream, Revision::FIRST, 9).await.unwrap();
        assert_eq!(
            events.len() as u64,
            seen.map_or(0, |last| last + 1),
            "{build}"
        );
    }
    let later = test_log::all_of(&*log).await[20].id;
    assert_eq!(past.find(later).await.unwrap(), None);
    assert!(past.append(vec![]).await.is_err());
}

#[tokio::test]
async fn a_past_ends_at_a_time_or_at_the_head_when_it_began() {
    let log = Arc::new(test_log::filled(30).await);
    let then = Past::of(log.clone(), Some(AsOf::Time(second(4))))
        .await
        .unwrap();
    let now = Past::of(log.clone(), None).await.unwrap();
    test_log::fill(&*log, 3).await;
    assert_eq!((then.head(), now.head()), (Position(5), Position(30)));
}
