use tokio::task::JoinSet;

use super::*;
use crate::Outcome;
use crate::testing::{anonymous, commands};

type Done = Result<Outcome, CommandError<NameRejection>>;

async fn taken(commands: &crate::Commands, name: &str, by: u64) -> Done {
    let work = |unit: Transaction| async move { take(&unit, ("group", name), by).await };
    Ok(commands.transact(&anonymous(), work).await?.1)
}

async fn changed(commands: &crate::Commands, before: &str, after: &str, by: u64) -> Done {
    let work = |unit: Transaction| async move {
        change(&unit, ("group", before), ("group", after), by).await
    };
    Ok(commands.transact(&anonymous(), work).await?.1)
}

#[tokio::test]
async fn a_name_is_unique_and_free_again_when_it_was_changed() {
    let (commands, _) = commands();
    taken(&commands, "builders", 1).await.unwrap();
    assert_eq!(taken(&commands, "builders", 1).await.unwrap().events, []);
    let refused = taken(&commands, "builders", 2).await.unwrap_err();
    assert_eq!(
        refused,
        CommandError::Rejected(NameRejection::Taken { by: 1 })
    );
    changed(&commands, "builders", "makers", 1).await.unwrap();
    taken(&commands, "builders", 2).await.unwrap();
    assert!(taken(&commands, "makers", 2).await.is_err());
}

#[tokio::test]
async fn a_name_that_stays_is_not_given_back() {
    let (commands, _) = commands();
    taken(&commands, "builders", 1).await.unwrap();
    let outcome = changed(&commands, "builders", "builders", 1).await.unwrap();
    assert_eq!(outcome.events, []);
    assert!(taken(&commands, "builders", 2).await.is_err());
}

#[tokio::test]
async fn whose_new_name_is_taken_keeps_the_old_one() {
    let (commands, _) = commands();
    taken(&commands, "builders", 1).await.unwrap();
    taken(&commands, "makers", 2).await.unwrap();
    assert!(changed(&commands, "builders", "makers", 1).await.is_err());
    assert!(taken(&commands, "builders", 2).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_want_a_name_at_once_one_gets_it() {
    let (commands, _) = commands();
    let mut tasks = JoinSet::new();
    for by in 1..=20 {
        let commands = commands.clone();
        tasks.spawn(async move { taken(&commands, "builders", by).await });
    }
    let done = tasks.join_all().await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
}
