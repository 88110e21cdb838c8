use std::sync::Arc;

use domain::build::{Build, BuildCommand};
use eventlog::MemoryLog;
use jiff::Timestamp;

use super::*;
use crate::numbers;

fn assert_send<T: Send>(value: T) -> T {
    value
}

#[tokio::test]
async fn futures_may_move_between_threads() {
    let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
    let now = clock.clone();
    let log = Arc::new(MemoryLog::new(move || now.now()));
    let commands = Commands::new(log, clock);
    let metadata = Metadata::default();
    let key = String::from("default:7");
    let borrowed = key.as_str();
    let at = Timestamp::UNIX_EPOCH;
    let work = |unit: Transaction| async move {
        let number = numbers::take(&unit, borrowed)
            .await
            .map_err(|e| e.map(|r| r.to_string()))?;
        let _ = unit
            .execute::<Build>(borrowed, BuildCommand::RequeueCollection { at })
            .await;
        Ok::<_, CommandError<String>>(number)
    };
    let (number, outcome) = assert_send(commands.transact(&metadata, work))
        .await
        .unwrap();
    assert_eq!((number, outcome.events.len()), (1, 1));
    let handle = tokio::spawn({
        let commands = commands.clone();
        async move {
            let key = String::from("default:8");
            commands
                .transact(&Metadata::default(), |unit| {
                    let key = &key;
                    async move { numbers::take(&unit, key).await }
                })
                .await
        }
    });
    handle.await.unwrap().unwrap();
    assert_send(commands.execute::<Build>(&key, BuildCommand::RequeueCollection { at }, &metadata))
        .await
        .unwrap_err();
}
