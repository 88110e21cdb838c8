//! Many at the same time.

use std::collections::HashMap;
use std::sync::Arc;

use super::fixture::{append, append_any, everything, page, part, run, whole};
use crate::{AppendError, EventLog, Expected, Filter, PageLimit, Position, Revision};

/// Writers that share streams leave revisions without gaps and positions that only grow.
pub async fn concurrent_writers_leave_no_gaps(log: Arc<dyn EventLog>) {
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    let number = writer * 1000 + number * 2;
                    let appended = append_any(&*log, &run(number % 3), [number, number + 1]).await;
                    let [one, two] = appended.receipts[..] else {
                        panic!("{appended:?}");
                    };
                    assert_eq!(two.revision, one.revision.next());
                    assert!(log.head() >= appended.last());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer does not panic");
    }
    let events = everything(&*log).await;
    assert_eq!(events.len(), 8 * 25 * 2);
    assert!(events.is_sorted_by(|one, two| one.position < two.position));
    let mut heads = HashMap::new();
    for event in &events {
        let next = heads.entry(event.stream.clone()).or_insert(0);
        assert_eq!(event.revision.0, *next, "{}", event.stream);
        *next += 1;
    }
}

/// Of writers that expect the same revision one wins, and the others get the actual one.
pub async fn of_writers_that_expect_the_same_one_wins(log: Arc<dyn EventLog>) {
    append_any(&*log, &run(1), [0]).await;
    for round in 0..10 {
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let log = log.clone();
                tokio::spawn(async move {
                    let expected = Expected::At(Revision(round));
                    let number = 100 + round * 10 + writer;
                    log.append(vec![part(&run(1), expected, [number])]).await
                })
            })
            .collect();
        let mut won = 0;
        for writer in writers {
            match writer.await.expect("a writer does not panic") {
                Ok(_) => won += 1,
                Err(AppendError::Conflict { actual, .. }) => {
                    assert_eq!(actual, Some(Revision(round + 1)));
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1, "in round {round}");
    }
    assert_eq!(whole(&*log, &run(1)).await.len(), 11);
}

/// The same batch from many at once is written once, and all get the same receipts.
pub async fn the_same_batch_at_the_same_time_is_written_once(log: Arc<dyn EventLog>) {
    for round in 0..10 {
        let batch = vec![part(
            &run(round),
            Expected::Empty,
            [round * 2, round * 2 + 1],
        )];
        let writers: Vec<_> = (0..6)
            .map(|_| {
                let (log, batch) = (log.clone(), batch.clone());
                tokio::spawn(async move { append(&*log, batch).await })
            })
            .collect();
        let mut answers = Vec::new();
        for writer in writers {
            answers.push(writer.await.expect("a writer does not panic"));
        }
        let fresh = answers.iter().filter(|answer| !answer.repeated).count();
        assert_eq!(fresh, 1, "in round {round}");
        assert!(
            answers
                .iter()
                .all(|answer| answer.receipts == answers[0].receipts)
        );
    }
    assert_eq!(everything(&*log).await.len(), 20);
}

/// Everything up to the head can be read, and the head never goes back.
pub async fn the_head_never_runs_ahead_of_what_can_be_read(log: Arc<dyn EventLog>) {
    let writer = {
        let log = log.clone();
        tokio::spawn(async move {
            for number in 0..100 {
                append_any(&*log, &run(number % 5), [number]).await;
            }
        })
    };
    let mut head = log.watch_head();
    let mut before = Position::START;
    let mut events = 0;
    while events < 100 {
        let now = *head.borrow_and_update();
        assert!(now >= before, "the head went from {before} back to {now}");
        let page = page(&*log, before, &Filter::all(), PageLimit::default()).await;
        if now > before {
            let last = page.events.last().map(|event| event.position);
            assert!(
                last >= Some(now),
                "the head is {now}, and {last:?} was read"
            );
        }
        events += page.events.len();
        before = page.next;
        if events < 100 {
            head.changed().await.expect("the log is there");
        }
    }
    writer.await.expect("the writer does not panic");
}
