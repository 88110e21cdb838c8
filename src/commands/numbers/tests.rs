use std::sync::Arc;

use domain::builds::build::{Build, BuildCommand};
use eventlog::{EventLog, Revision, StreamName};
use tokio::task::JoinSet;

use super::*;
use crate::testing::{anonymous, commands, reported};
use crate::{Clock, Commands};

#[tokio::test]
async fn numbers_of_one_kind_follow_each_other() {
    let (commands, _) = commands();
    let (taken, outcome) = commands
        .transact(&anonymous(), |unit| async move {
            let one = take(&unit, "run").await?;
            let three = take_many(&unit, "run", 3).await?;
            let none = take_many(&unit, "run", 0).await?;
            let other = take(&unit, "job").await?;
            Ok::<_, CommandError<NumbersRejection>>((one, three, none, other))
        })
        .await
        .unwrap();
    assert_eq!(taken, (1, 2, 5, 1));
    assert_eq!(outcome.events.len(), 3);
    let next = commands
        .transact(&anonymous(), |unit| async move { take(&unit, "run").await })
        .await;
    assert_eq!(next.unwrap().0, 5);
}

/// Whatever fails, and however many requests are concurrent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_have_neither_gaps_nor_repeats() {
    const TASKS: u64 = 200;
    let (commands, log) = commands();
    // A second app on the same log, as another process would be: their turns are not shared.
    let other = Commands::new(Arc::clone(&log) as Arc<dyn EventLog>, Clock::system());
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let commands = if task % 4 == 0 {
            other.clone()
        } else {
            commands.clone()
        };
        tasks.spawn(async move { take_in_a_unit(&commands, task).await });
    }
    let mut taken: Vec<u64> = tasks.join_all().await.into_iter().flatten().collect();
    taken.sort_unstable();
    assert_eq!(taken, (1..=TASKS - TASKS / 5).collect::<Vec<_>>());

    let stream = StreamName::new("numbers", "run").unwrap();
    let recorded = log.read_stream(&stream, Revision(0), 1000).await.unwrap();
    assert_eq!(recorded.len() as u64, TASKS - TASKS / 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_of_one_process_take_numbers_in_turn() {
    let (commands, _) = commands();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let commands = commands.clone();
        tasks.spawn(async move {
            let work = |unit: Transaction| async move { take(&unit, "run").await };
            commands.transact(&anonymous(), work).await.unwrap();
        });
    }
    tasks.join_all().await;
    let stats = commands.stats();
    assert_eq!((stats.events, stats.conflicts), (50, 0));
}

/// Each would wait for the other for ever, if it waited for a second turn at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_that_take_numbers_in_opposite_orders_do_not_wait_for_each_other() {
    let (commands, _) = commands();
    let mut tasks = JoinSet::new();
    for task in 0..50 {
        let commands = commands.clone();
        let kinds = if task % 2 == 0 {
            ["a", "b"]
        } else {
            ["b", "a"]
        };
        tasks.spawn(async move {
            let work = |unit: Transaction| async move {
                take(&unit, kinds[0]).await?;
                tokio::task::yield_now().await;
                take(&unit, kinds[1]).await
            };
            commands.transact(&anonymous(), work).await.unwrap();
        });
    }
    tasks.join_all().await;
    for kind in ["a", "b"] {
        let loaded = commands.load::<Numbers>(kind).await.unwrap();
        assert_eq!(loaded.state.next(), 51);
    }
}

/// One of five fails after it has its number.
async fn take_in_a_unit(commands: &Commands, task: u64) -> Option<u64> {
    let key = &format!("default:{task}");
    let work = |unit: Transaction| async move {
        let number = take(&unit, "run")
            .await
            .map_err(|error| error.map(|_| "numbers"))?;
        tokio::task::yield_now().await;
        if task.is_multiple_of(5) {
            return Err(CommandError::Rejected("no"));
        }
        let report = BuildCommand::Report(reported("created", &number.to_string()));
        let reported = unit.execute::<Build>(key, report).await;
        reported.map_err(|error| error.map(|_| "build"))?;
        Ok(number)
    };
    match commands.transact(&anonymous(), work).await {
        Ok((number, outcome)) => {
            assert_eq!(outcome.events.len(), 2);
            assert_eq!(
                outcome.events[0].position.0 + 1,
                outcome.events[1].position.0
            );
            Some(number)
        }
        Err(error) => {
            assert_eq!(error, CommandError::Rejected("no"));
            None
        }
    }
}
