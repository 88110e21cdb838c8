use std::sync::atomic::Ordering;

use domain::History;
use domain::builds::build::{Build, BuildCommand as C, BuildRejection};
use domain::core::numbers::{Numbers, NumbersCommand, NumbersEvent, NumbersRejection, Taken};
use domain::core::token::{Token, TokenCommand, TokenRejection};
use eventlog::{EventLog, LogLimits, MemoryLog, Position, Revision};

use super::*;
use crate::testing::{anonymous, commands, everything, noon, reported, skipped};
use crate::{Clock, Commands, Outcome, event_id};

fn report(delivery: &str) -> C {
    C::Report(reported("success", delivery))
}

#[tokio::test]
async fn several_things_are_one_append() {
    let (commands, log) = commands();
    let mut head = log.watch_head();
    let (data, outcome) = commands
        .transact(&anonymous(), |unit| async move {
            unit.execute::<Build>("default:1", report("d")).await?;
            unit.execute::<Build>("default:2", report("d")).await?;
            unit.execute::<Build>("default:1", C::SkipCollection(skipped(1)))
                .await?;
            Ok::<_, CommandError<BuildRejection>>("told")
        })
        .await
        .unwrap();
    assert_eq!((data, outcome.events.len()), ("told", 3));
    // One batch moves the head once.
    head.changed().await.unwrap();
    assert_eq!(*head.borrow_and_update(), Position(3));
    let in_order: Vec<(String, Revision)> = everything(&log)
        .await
        .into_iter()
        .map(|event| (event.stream.to_string(), event.revision))
        .collect();
    let expected = [
        ("build-default:1", 0),
        ("build-default:2", 0),
        ("build-default:1", 1),
    ];
    assert_eq!(
        in_order,
        expected.map(|(name, revision)| (name.to_owned(), Revision(revision)))
    );
}

#[tokio::test]
async fn a_unit_sees_what_it_has_decided_so_far() {
    let (commands, _) = commands();
    commands
        .execute::<Build>("default:1", report("d0"), &anonymous())
        .await
        .unwrap();
    let (seen, _) = commands
        .transact(&anonymous(), |unit| async move {
            let first = unit
                .execute::<Build>("default:1", C::SkipCollection(skipped(1)))
                .await?;
            let again = unit
                .execute::<Build>("default:1", C::SkipCollection(skipped(1)))
                .await?;
            let at = unit.now();
            let next = unit
                .execute::<Build>("default:1", C::RequeueCollection { at })
                .await?;
            let build = unit.load::<Build>("default:1").await?;
            Ok::<_, CommandError<BuildRejection>>((first.len(), again.len(), next.len(), build))
        })
        .await
        .unwrap();
    let loaded = commands.load::<Build>("default:1").await.unwrap();
    assert_eq!(loaded.revision, Some(Revision(2)));
    assert_eq!(seen, (1, 0, 1, loaded.state));
}

#[tokio::test]
async fn a_unit_that_fails_leaves_nothing() {
    let (commands, log) = commands();
    #[derive(Debug, PartialEq)]
    enum No {
        Build(BuildRejection),
        Token(TokenRejection),
    }
    let failed = commands
        .transact(&anonymous(), |unit| async move {
            let build = unit.execute::<Build>("default:1", report("d")).await;
            build.map_err(|error| error.map(No::Build))?;
            let revoked = unit
                .execute::<Token>("t", TokenCommand::Revoke { at: noon() })
                .await;
            revoked.map_err(|error| error.map(No::Token))
        })
        .await;
    assert_eq!(
        failed,
        Err(CommandError::Rejected(No::Token(TokenRejection::Unknown)))
    );
    assert_eq!(everything(&log).await, []);
    assert_eq!(commands.stats().rejected, 1);
}

#[tokio::test]
async fn a_unit_starts_again_as_a_whole() {
    let (commands, log) = commands();
    log.fail_appends(eventlog::faulty::AppendFault::Conflicts(3));
    let times = std::sync::atomic::AtomicU32::new(0);
    let times = &times;
    commands
        .transact(&anonymous(), |unit| async move {
            times.fetch_add(1, Ordering::SeqCst);
            unit.execute::<Build>("default:1", report("d")).await?;
            unit.execute::<Build>("default:2", report("d")).await
        })
        .await
        .unwrap();
    assert_eq!(times.load(Ordering::SeqCst), 4);
    assert_eq!(everything(&log).await.len(), 2);
}

#[tokio::test]
async fn a_repeated_unit_is_done_once() {
    let (commands, log) = commands();
    let (number, first) = tell_as_unit(&commands, "1").await.unwrap();
    assert_eq!((number, first.events.len()), (Some(1), 3));
    assert_eq!(first.events[0].id, event_id("unit", "1"));
    commands
        .execute::<Build>("default:1", report("later"), &anonymous())
        .await
        .unwrap();

    let (number, again) = tell_as_unit(&commands, "1").await.unwrap();
    assert_eq!((number, again.repeated), (None, true));
    let work = |_| async { panic!("the work is not done again") };
    let id = event_id("unit", "1");
    let data = commands
        .transact_as::<(), BuildRejection, _>(id, &anonymous(), work)
        .await;
    assert_eq!(data.unwrap().1.events, first.events);
    assert_eq!(again.events, first.events);
    assert_eq!(everything(&log).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unit_sent_by_many_at_once_is_done_once() {
    let (commands, log) = commands();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let commands = commands.clone();
        tasks.spawn(async move { tell_as_unit(&commands, "1").await.unwrap() });
    }
    let data = tasks.join_all().await;
    assert_eq!(
        data.iter().filter(|(number, _)| number.is_some()).count(),
        1
    );
    assert!(
        data.iter()
            .all(|(_, outcome)| outcome.events == data[0].1.events)
    );
    assert_eq!(everything(&log).await.len(), 3);
}

#[tokio::test]
async fn a_unit_that_decides_nothing_appends_nothing() {
    let (commands, log) = commands();
    let take_none = |unit: Transaction| async move {
        unit.execute::<Numbers>(
            "run",
            NumbersCommand::Take {
                count: 0,
                at: noon(),
            },
        )
        .await
    };
    let (_, outcome) = commands.transact(&anonymous(), take_none).await.unwrap();
    assert!(outcome.is_empty());
    let id = event_id("unit", "nothing");
    let (value, outcome) = commands
        .transact_as(id, &anonymous(), take_none)
        .await
        .unwrap();
    assert!(value.is_some() && outcome.is_empty() && !outcome.repeated);
    assert_eq!(log.head(), Position::START);
}

#[tokio::test]
async fn a_unit_larger_than_a_batch_is_refused() {
    let (commands, log) = commands();
    let refused = commands
        .transact(&anonymous(), |unit| async move {
            for number in 0..=eventlog::BATCH_EVENTS_MAX {
                unit.execute::<Build>(&format!("default:{number}"), report("d"))
                    .await?;
            }
            Ok::<_, CommandError<BuildRejection>>(())
        })
        .await;
    assert!(
        matches!(refused, Err(CommandError::TooLarge { .. })),
        "{refused:?}"
    );
    assert_eq!(log.head(), Position::START);
}

/// What a log takes at once is its own affair: whichever of its limits a command comes upon, the refusal names it, and
/// nothing is written.
#[tokio::test]
async fn a_log_that_takes_less_refuses_with_its_own_limits() {
    let roomy = LogLimits::LEAST;
    for (limits, wanted) in [
        (
            LogLimits {
                batch_events: 1,
                ..roomy
            },
            "2 events at once, the log takes 1",
        ),
        (
            LogLimits {
                event_bytes: 64,
                ..roomy
            },
            "bytes, the log takes 64",
        ),
        (
            LogLimits {
                batch_bytes: 150,
                ..roomy
            },
            "bytes at once, the log takes 150",
        ),
    ] {
        let log = Arc::new(MemoryLog::new(noon).with_limits(limits));
        let commands = Commands::new(Arc::clone(&log) as _, Clock::fixed(noon()));
        let refused = commands
            .transact(&anonymous(), |unit| async move {
                for key in ["default:1", "default:2"] {
                    unit.execute::<Build>(key, report("d")).await?;
                }
                Ok::<_, CommandError<BuildRejection>>(())
            })
            .await;
        let Err(CommandError::TooLarge { reason }) = refused else {
            panic!("{limits:?}: {refused:?}");
        };
        assert!(reason.ends_with(wanted), "{reason}");
        assert_eq!(log.head(), Position::START);
    }
}

/// A thing that first takes a note without looking, and then looks.
#[derive(Clone, Default)]
struct Notes(u64);

impl Aggregate for Notes {
    const CATEGORY: &'static str = "numbers";
    type Command = (History, u64);
    type Event = NumbersEvent;
    type Rejection = NumbersRejection;

    fn decide(&self, (_, first): (History, u64)) -> Result<Vec<NumbersEvent>, NumbersRejection> {
        let (count, at) = (self.0 + 1, noon());
        Ok(vec![NumbersEvent::Taken(Taken { first, count, at })])
    }

    fn evolve(&mut self, _event: &NumbersEvent) {
        self.0 += 1;
    }

    fn history_for((history, _): &(History, u64)) -> History {
        *history
    }
}

#[tokio::test]
async fn a_unit_that_looks_late_still_counts_what_it_noted_before() {
    let (commands, log) = commands();
    for first in [1, 2] {
        commands
            .execute::<Notes>("n", (History::Whole, first), &anonymous())
            .await
            .unwrap();
    }
    let work = |unit: Transaction| async move {
        unit.execute::<Notes>("n", (History::Nothing, 3)).await?;
        unit.execute::<Notes>("n", (History::Whole, 4)).await
    };
    let (events, _) = commands.transact(&anonymous(), work).await.unwrap();
    let at = noon();
    assert_eq!(
        events,
        [NumbersEvent::Taken(Taken {
            first: 4,
            count: 4,
            at
        })]
    );
    assert_eq!(everything(&log).await.len(), 4);
}

/// A note rests on nothing, but what was decided before it in the same unit does.
#[tokio::test]
async fn a_note_does_not_make_a_unit_forget_what_it_rests_on() {
    let (commands, log) = commands();
    let times = std::sync::atomic::AtomicU64::new(0);
    let (times, other) = (&times, &commands);
    let work = |unit: Transaction| async move {
        unit.execute::<Notes>("n", (History::Last, 1)).await?;
        if times.fetch_add(1, Ordering::SeqCst) == 0 {
            let faster = (History::Nothing, 2);
            other
                .execute::<Notes>("n", faster, &anonymous())
                .await
                .unwrap();
        }
        unit.execute::<Notes>("n", (History::Nothing, 3)).await
    };
    commands.transact(&anonymous(), work).await.unwrap();
    assert_eq!((times.load(Ordering::SeqCst), log.head()), (2, Position(3)));
}

async fn tell_as_unit(
    commands: &Commands,
    name: &str,
) -> Result<(Option<u64>, Outcome), CommandError<BuildRejection>> {
    let work = |unit: Transaction| async move {
        unit.execute::<Build>("default:1", report("d")).await?;
        let number = crate::numbers::take(&unit, "run").await;
        let number = number.map_err(|error| error.map(|_| BuildRejection::Unknown))?;
        unit.execute::<Build>("default:1", C::SkipCollection(skipped(1)))
            .await?;
        Ok(number)
    };
    commands
        .transact_as(event_id("unit", name), &anonymous(), work)
        .await
}
