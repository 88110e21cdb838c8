//! From what is there to what comes.

use std::sync::Arc;

use super::fixture::{append_any, everything, part, run, stream};
use crate::{EventLog, Expected, Filter, Position, Recorded, subscribe};

async fn take(
    log: &Arc<dyn EventLog>,
    after: Position,
    filter: Filter,
    count: usize,
) -> Vec<Recorded> {
    let mut subscription = subscribe(log.clone(), after, filter);
    let mut events = Vec::new();
    while events.len() < count {
        let event = subscription.next().await.expect("readable");
        events.push(event.expect("the log is there"));
    }
    events
}

/// A subscriber that starts while others write sees everything once, in order.
pub async fn a_subscription_has_no_gap_and_no_repeat(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(0), 0..50).await;
    let writers: Vec<_> = (1..5)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in 0..50 {
                    append_any(&*log, &run(writer), [writer * 1000 + number]).await;
                }
            })
        })
        .collect();
    let subscribers: Vec<_> = (0..3)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { take(&log, Position::START, Filter::all(), 250).await })
        })
        .collect();
    for task in writers {
        task.await.expect("a writer does not panic");
    }
    let events = everything(&*log).await;
    for subscriber in subscribers {
        let seen = subscriber.await.expect("a subscriber does not panic");
        assert_eq!(seen, events);
    }
}

/// A subscription from a position on gets exactly the events after it.
pub async fn a_subscription_goes_on_where_another_stopped(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(0), 0..20).await;
    let events = everything(&*log).await;
    let mut first = subscribe(log.clone(), Position::START, Filter::all());
    for event in &events[..7] {
        let seen = first.next().await.expect("readable");
        assert_eq!(seen.as_ref(), Some(event));
    }
    let rest = take(&log, first.position(), Filter::all(), 13).await;
    assert_eq!(rest, events[7..]);
}

/// Events outside the filter are skipped, and later ones are delivered.
pub async fn a_filtered_subscription_sees_what_comes_late(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(0), 0..20).await;
    let filter = Filter {
        categories: vec!["job".to_owned()],
        event_types: Vec::new(),
    };
    let subscriber = {
        let log = log.clone();
        tokio::spawn(async move { take(&log, Position::START, filter, 2).await })
    };
    for number in 100..102 {
        append_any(&*log, &run(1), [number + 100]).await;
        let batch = vec![part(&stream("job", number), Expected::Empty, [number])];
        log.append(batch)
            .await
            .expect("this batch is as it should be");
    }
    let seen = subscriber.await.expect("the subscriber does not panic");
    let streams: Vec<_> = seen.iter().map(|event| event.stream.clone()).collect();
    assert_eq!(streams, [stream("job", 100), stream("job", 101)]);
}
