//! Random reports of workers, users and the clock, repeated at random.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Word {
    Claim { run: u64, worker: u64 },
    Start { run: u64 },
    Return { run: u64, success: Option<bool> },
    Reopen { run: u64 },
    Reset { run: u64 },
    GiveUp { run: u64 },
    End { run: u64 },
    Follow { run: u64 },
    GiveUpFollowing { run: u64 },
    Spread { run: u64, workers: u64 },
    Write { run: u64, text: u8 },
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The first report may do anything; the same report right after it does nothing.
    #[test]
    fn the_same_report_twice_adds_nothing(words in prop::collection::vec(word(), 0..30)) {
        tell(async {
            let farm = Farm::with_runs().await;
            for (second, word) in (1..).zip(&words) {
                let first = farm.hear(second, word).await;
                let head = farm.commands.head();
                let again = farm.hear(second, word).await;
                prop_assert!(first.is_err() || again.is_ok(), "{word:?} was done, then refused");
                prop_assert_eq!(farm.commands.head(), head, "{:?}", word);
            }
            Ok(())
        })?;
    }

    /// Whatever is reported, and however often: a job with one retry has no third attempt, no run
    /// has two successors, and children run only after the last end of an occasion.
    #[test]
    fn attempts_end(words in prop::collection::vec(word(), 0..40)) {
        tell(async {
            let farm = Farm::with_runs().await;
            let retries = Some(Some(1));
            farm.ask(PARENT, Edited { retries, ..Edited::nothing(noon()) }).await;
            for (second, word) in (1..).zip(&words) {
                let first = farm.hear(second, word).await;
                let head = farm.commands.head();
                let again = farm.hear(second, word).await;
                prop_assert!(first.is_err() || again.is_ok(), "{word:?} was done, then refused");
                prop_assert_eq!(farm.commands.head(), head, "{:?}", word);
            }
            let (mut tried, mut expected, mut ends) = (Vec::new(), Vec::new(), 0);
            let mut jobs: BTreeMap<u64, u64> = BTreeMap::new();
            for event in farm.events().await {
                let Event::Jobs(JobsEvent::Run(event)) = event else { continue };
                ends += usize::from(event.outcome().is_some());
                match event {
                    RunEvent::Scheduled(data) => {
                        jobs.insert(data.number, data.job);
                        if let Origin::Retry { run, attempt } = data.origin {
                            prop_assert_eq!((attempt, data.job), (2, PARENT));
                            prop_assert!(!tried.contains(&run), "{run} was tried twice");
                            tried.push(run);
                        }
                    }
                    RunEvent::SiblingReturned(data) => {
                        prop_assert!(!tried.contains(&data.run), "{} has no say", data.run);
                        let well = data.success == Some(true) && !data.sibling_failed;
                        if data.open == 0 && well && jobs[&data.run] == PARENT {
                            expected.extend([(2, data.run), (4, data.run)]);
                        }
                    }
                    _ => {}
                }
            }
            prop_assert!(farm.counted().await.0 + tried.len() <= ends);
            prop_assert_eq!(farm.children().await, expected);
            Ok(())
        })?;
    }

    /// Every end counts once; the last end of an occasion, and no other, schedules what is due
    /// after it; and no two runs have one number.
    #[test]
    fn what_follows_from_an_end_follows_once(words in prop::collection::vec(word(), 0..40)) {
        tell(async {
            let farm = Farm::with_runs().await;
            for (second, word) in (1..).zip(&words) {
                let _ = farm.hear(second, word).await;
            }
            let events = farm.events().await;
            let (mut ends, mut expected) = (0, Vec::new());
            let mut facts: BTreeMap<u64, RunFacts> = BTreeMap::new();
            for event in &events {
                let Event::Jobs(JobsEvent::Run(event)) = event else { continue };
                match event {
                    RunEvent::Scheduled(data) => {
                        let before = facts.insert(data.number, RunFacts::planned(data));
                        prop_assert!(before.is_none(), "two runs have number {}", data.number);
                    }
                    RunEvent::SiblingReturned(data) => {
                        let job = facts[&data.run].job;
                        let well = data.success == Some(true) && !data.sibling_failed;
                        if data.open == 0 && well && job == PARENT {
                            expected.extend([(2, data.run), (4, data.run)]);
                        }
                    }
                    _ => {}
                }
                ends += usize::from(event.outcome().is_some());
            }
            prop_assert_eq!(farm.counted().await.0, ends);
            prop_assert_eq!(farm.children().await, expected);
            Ok(())
        })?;
    }
}

/// A run that only one of the stories reaches, so that the other properties are about something.
#[tokio::test]
async fn stories_reach_children_and_siblings() {
    let farm = Farm::with_runs().await;
    let spread = Word::Spread { run: 1, workers: 2 };
    farm.hear(1, &spread).await.unwrap();
    for run in [4, 5] {
        let success = Some(true);
        let word = Word::Return { run, success };
        farm.hear(2, &word).await.unwrap();
    }
    assert_eq!(farm.children().await, [(2, 5), (4, 5)]);
    let occasion = farm.commands.load::<Occasion>(&Occasion::key(1)).await;
    assert_ne!(occasion.unwrap().state, Occasion::default());
    farm.hear(3, &Word::Write { run: 4, text: 1 })
        .await
        .unwrap();
    let log = farm.commands.load::<RunLog>("4").await.unwrap();
    assert_eq!(log.state.number(), Some(1));
}

impl Farm {
    async fn with_runs() -> Self {
        let farm = Self::new().await;
        for _ in 0..3 {
            farm.schedule(&plan(PARENT)).await.unwrap();
        }
        farm
    }

    async fn hear(&self, second: i64, word: &Word) -> Result<(), CommandError<RunsRejection>> {
        let at = later(second);
        // Two ends of one run at the same moment would be one.
        self.commands.clock().set(at);
        let nothing = || Patched::nothing(at);
        let patch = match *word {
            Word::GiveUp { run } => return self.give_up(run).await.map(drop),
            Word::End { run } => return self.end(run, None).await.map(drop),
            Word::Follow { run } => {
                let schedule_at = at;
                self.follow(&[Next { run, schedule_at }]).await;
                return Ok(());
            }
            Word::GiveUpFollowing { run } => {
                let work = |unit: Transaction| async move { give_up_following(&unit, run).await };
                return self.commands.transact(&anonymous(), work).await.map(drop);
            }
            Word::Spread { run, workers } => {
                let workers: Vec<u64> = (1..=workers).collect();
                return self.spread(run, &workers).await.map(drop);
            }
            Word::Write { run, text } => {
                return self.write_log(run, &text.to_string()).await.map(drop);
            }
            Word::Claim { run, worker } => (
                run,
                Patched {
                    worker: Some(worker),
                    enqueued_at: Some(Some(at)),
                    ..nothing()
                },
            ),
            Word::Start { run } => (
                run,
                Patched {
                    started_at: Some(Some(at)),
                    ..nothing()
                },
            ),
            Word::Return { run, success } => (run, over(second, success)),
            Word::Reopen { run } => (
                run,
                Patched {
                    returned_at: Some(None),
                    ..nothing()
                },
            ),
            Word::Reset { run } => (
                run,
                Patched {
                    enqueued_at: Some(None),
                    started_at: Some(None),
                    ..nothing()
                },
            ),
        };
        self.change(patch.0, patch.1).await.map(drop)
    }
}

fn word() -> impl Strategy<Value = Word> {
    // Three runs from the beginning, and those that come of them.
    let run = || 1..8_u64;
    prop_oneof![
        2 => (run(), 1..4_u64).prop_map(|(run, worker)| Word::Claim { run, worker }),
        1 => run().prop_map(|run| Word::Start { run }),
        4 => (run(), any::<Option<bool>>()).prop_map(|(run, success)| Word::Return { run, success }),
        1 => run().prop_map(|run| Word::Reopen { run }),
        1 => run().prop_map(|run| Word::Reset { run }),
        1 => run().prop_map(|run| Word::GiveUp { run }),
        1 => run().prop_map(|run| Word::End { run }),
        2 => run().prop_map(|run| Word::Follow { run }),
        1 => run().prop_map(|run| Word::GiveUpFollowing { run }),
        2 => (run(), 1..4_u64).prop_map(|(run, workers)| Word::Spread { run, workers }),
        1 => (run(), 0..3_u8).prop_map(|(run, text)| Word::Write { run, text }),
    ]
}

fn tell(story: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(story)
}
