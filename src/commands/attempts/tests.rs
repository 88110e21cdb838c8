use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::builds::build::{Build, BuildCommand as C, CollectionAbandoned, CollectionAttempted};
use domain::{Aggregate, Event};
use eventlog::faulty::AppendFault;
use eventlog::{EventLog, FaultyLog, Revision};
use proptest::prelude::*;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::testing::{anonymous, commands, everything, noon, reported, skipped};
use crate::{Clock, CommandError, Commands, Outcome, event_id};

/// One command of one task, for one of few builds, sometimes under an id that others give as well.
#[derive(Clone, Debug)]
struct Request {
    build: u8,
    command: C,
    id: Option<u8>,
}

/// What a task did and what came of it.
type Done = (Request, Outcome);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every event in the log is what its command decides from the state right before it, however
    /// many tasks changed the same build: so no decision rested on an outdated state.
    #[test]
    fn no_update_is_lost(tasks in prop::collection::vec(prop::collection::vec(request(), 1..12), 2..10)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (commands, log) = commands();
            let done = send_all(&commands, &log, tasks).await;
            check(&log, done).await;
        });
    }
}

/// All at once on one build: the turns keep the number of wasted decisions near the number of
/// tasks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_of_one_stream_all_get_through() {
    const TASKS: u64 = 300;
    let (commands, log) = commands();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let commands = commands.clone();
        tasks.spawn(async move {
            let command = C::Report(reported("running", &format!("d{task}")));
            commands
                .execute::<Build>("default:0", command, &anonymous())
                .await
                .unwrap()
        });
    }
    let outcomes = tasks.join_all().await;
    let revisions: BTreeSet<Revision> = outcomes
        .iter()
        .map(|outcome| outcome.events[0].revision)
        .collect();
    assert_eq!(revisions.len() as u64, TASKS);
    assert_eq!(everything(&log).await.len() as u64, TASKS);
    let stats = commands.stats();
    assert_eq!((stats.events, stats.failed), (TASKS, 0));
    assert!(stats.conflicts < TASKS * 4, "{stats:?}");
}

/// A future that is dropped half-way gives its turn back.
#[tokio::test]
async fn a_caller_who_goes_away_delays_no_other() {
    let (commands, log) = commands();
    for polls in 1..12 {
        log.fail_appends(AppendFault::Conflicts(2));
        let command = C::Report(reported("running", &format!("lost {polls}")));
        let metadata = anonymous();
        let mut future = Box::pin(commands.execute::<Build>("default:0", command, &metadata));
        for _ in 0..polls {
            let _ = std::future::poll_fn(|context| {
                std::task::Poll::Ready(future.as_mut().poll(context).is_ready())
            })
            .await;
        }
        drop(future);
        log.fail_appends(AppendFault::Conflicts(2));
        let command = C::Report(reported("running", &format!("kept {polls}")));
        commands
            .execute::<Build>("default:0", command, &anonymous())
            .await
            .unwrap();
    }
}

async fn send_all(
    commands: &Commands,
    log: &Arc<FaultyLog>,
    tasks: Vec<Vec<Request>>,
) -> Vec<Done> {
    // Another app on the same log, whose turns are not ours.
    let other = Commands::new(Arc::clone(log) as Arc<dyn EventLog>, Clock::fixed(noon()));
    let mut running = JoinSet::new();
    for (number, task) in tasks.into_iter().enumerate() {
        let commands = if number % 3 == 0 {
            other.clone()
        } else {
            commands.clone()
        };
        running.spawn(async move {
            let mut done = Vec::new();
            for request in task {
                let key = format!("default:{}", request.build);
                let command = request.command.clone();
                let outcome = match request.id {
                    None => commands.execute::<Build>(&key, command, &anonymous()).await,
                    Some(id) => {
                        let id = event_id("request", &format!("{}/{id}", request.build));
                        commands
                            .execute_as::<Build>(id, &key, command, &anonymous())
                            .await
                    }
                };
                match outcome {
                    Ok(outcome) => done.push((request, outcome)),
                    Err(CommandError::Rejected(_)) => {}
                    Err(error) => panic!("{request:?}: {error}"),
                }
            }
            done
        });
    }
    running.join_all().await.into_iter().flatten().collect()
}

async fn check(log: &FaultyLog, done: Vec<Done>) {
    let mut commands_of: BTreeMap<Uuid, C> = BTreeMap::new();
    let (fresh, repeated): (Vec<Done>, Vec<Done>) =
        done.into_iter().partition(|(_, outcome)| !outcome.repeated);
    for (request, outcome) in fresh {
        for appended in outcome.events {
            let before = commands_of.insert(appended.id, request.command.clone());
            assert_eq!(before, None, "one event was answered to two commands");
        }
    }
    for (_, outcome) in repeated {
        assert!(
            outcome
                .events
                .iter()
                .all(|event| commands_of.contains_key(&event.id))
        );
    }
    let recorded = everything(log).await;
    assert_eq!(recorded.len(), commands_of.len());
    let mut builds: BTreeMap<String, (Build, u64)> = BTreeMap::new();
    for recorded in recorded {
        let (build, revision) = builds.entry(recorded.stream.to_string()).or_default();
        assert_eq!(recorded.revision, Revision(*revision));
        let event = Event::decode(
            recorded.event_type.as_str(),
            recorded.version,
            &recorded.data,
        );
        let event = event.ok().and_then(Build::event_of).unwrap();
        let decided = build.decide(commands_of[&recorded.id].clone());
        assert_eq!(decided, Ok(vec![event.clone()]), "at {}", recorded.position);
        build.evolve(&event);
        *revision += 1;
    }
}

fn request() -> impl Strategy<Value = Request> {
    let id = prop_oneof![3 => Just(None), 1 => (0..4_u8).prop_map(Some)];
    (0..3_u8, command(), id).prop_map(|(build, command, id)| Request { build, command, id })
}

fn command() -> impl Strategy<Value = C> {
    let (error, at) = (String::new(), noon());
    let attempt = move |(collection, attempt): (u32, u32)| {
        let error = error.clone();
        C::AttemptCollection(CollectionAttempted {
            collection,
            attempt,
            error,
            retry_at: at,
            at,
        })
    };
    let abandon = move |collection| {
        let error = String::new();
        C::AbandonCollection(CollectionAbandoned {
            collection,
            attempts: 1,
            error,
            at,
        })
    };
    prop_oneof![
        3 => (0..6_u8).prop_map(|number| C::Report(reported("success", &format!("d{number}")))),
        2 => (1..4_u32).prop_map(|collection| C::SkipCollection(skipped(collection))),
        2 => (1..4_u32, 1..4_u32).prop_map(attempt),
        1 => (1..4_u32).prop_map(abandon),
        2 => (0..5_i64).prop_map(move |second| C::RequeueCollection {
            at: at + jiff::SignedDuration::from_secs(second),
        }),
    ]
}
