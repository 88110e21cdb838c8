//! The consequences of several runs' returns, in the order of the app's commands.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::jobs::job::{JobEvent, Tally, TallyCommand};
use crate::jobs::schedule::{Child, Ended, due_children};
use crate::testing::laws;
use crate::testing::stories::at;

/// The runs of one occasion of job 1, and what became of them.
#[derive(Default)]
struct App {
    runs: BTreeMap<u64, Run>,
    occasion: Occasion,
    tally: Tally,
    counted: u32,
    disabled: u32,
    children: u32,
}

#[derive(Clone, Debug)]
enum Word {
    /// The worker of a run reports its end, perhaps again.
    Return {
        run: u64,
        second: i64,
        success: Option<bool>,
    },
    /// The worker of a run was silent for too long.
    GiveUp { run: u64 },
    /// A user changes another field of a run that may be over.
    Touch { run: u64, pid: i64 },
}

proptest! {
    /// However often workers repeat reports, and whatever is reported of a run that is over: every
    /// run counts once, and children run once, after the last.
    #[test]
    fn what_follows_from_returns_follows_once(words in prop::collection::vec(word(), 0..40)) {
        let mut app = App::with_runs(1..4);
        for word in words {
            app.hear(&word);
            let over = app.runs.values().filter(|run| run.facts().unwrap().returned_at.is_some());
            let over = u32::try_from(over.count()).unwrap();
            prop_assert_eq!(app.counted, over);
            prop_assert_eq!(app.children, u32::from(over == 3));
            prop_assert!(app.disabled <= 1);
        }
    }
}

/// N = 2 disables at the third failure in a row, and repeated reports change nothing.
#[test]
fn a_job_is_disabled_once() {
    let mut app = App::with_runs(1..4);
    for _ in 0..2 {
        for run in 1..4 {
            let (second, success) = (7, Some(false));
            app.hear(&Word::Return {
                run,
                second,
                success,
            });
        }
        assert_eq!((app.counted, app.disabled, app.children), (3, 1, 1));
    }
}

impl App {
    fn with_runs(runs: std::ops::Range<u64>) -> Self {
        let mut app = Self::default();
        for number in runs {
            let run = app.runs.entry(number).or_default();
            laws::tell(run, [RunCommand::Schedule(sibling(number))]);
            let add = OccasionCommand::Add {
                run: number,
                at: at(0),
            };
            laws::tell(&mut app.occasion, [add]);
        }
        app
    }

    fn hear(&mut self, word: &Word) {
        let trusted = |patch| RunCommand::Patch {
            by: Caller::Trusted,
            patch,
        };
        let (number, command) = match *word {
            Word::Return {
                run,
                second,
                success,
            } => {
                let (returned_at, success) = (Some(Some(at(second))), Some(success));
                (
                    run,
                    trusted(Patched {
                        returned_at,
                        success,
                        ..Patched::nothing(at(90))
                    }),
                )
            }
            Word::GiveUp { run } => {
                let reason = "silent".to_owned();
                (run, RunCommand::GiveUp(GivenUp { reason, at: at(91) }))
            }
            Word::Touch { run, pid } => (
                run,
                trusted(Patched {
                    pid: Some(Some(pid)),
                    ..Patched::nothing(at(92))
                }),
            ),
        };
        let run = self.runs.get_mut(&number).unwrap();
        let (events, _) = laws::tell(run, [command]);
        for success in events.iter().filter_map(RunEvent::outcome) {
            self.take_return(number, success);
        }
    }

    fn take_return(&mut self, run: u64, success: Option<bool>) {
        let count = TallyCommand::Count {
            run,
            schedule_id: 100,
            success,
            fails_max: Some(2),
            at: at(93),
        };
        for event in laws::tell(&mut self.tally, [count]).0 {
            let JobEvent::RunCounted(counted) = event else {
                panic!("a tally counts runs, and does not say {event:?}");
            };
            self.counted += 1;
            self.disabled += u32::from(counted.too_many);
        }
        let back = OccasionCommand::Return {
            run,
            success,
            at: at(93),
        };
        for event in laws::tell(&mut self.occasion, [back]).0 {
            let RunEvent::SiblingReturned(data) = event else {
                panic!("an occasion hears of a return, and does not say {event:?}");
            };
            let ended = Ended {
                success: data.success,
                schedule_children: true,
                open: data.open,
                sibling_failed: data.sibling_failed,
            };
            let child = Child {
                job: 3,
                enqueue_is_enabled: true,
            };
            let due = due_children(ended, true, &[child]);
            self.children += u32::try_from(due.len()).unwrap();
        }
    }
}

fn sibling(number: u64) -> Scheduled {
    Scheduled {
        number,
        job: 1,
        schedule_id: 100,
        schedule_at: at(0),
        worker: Some(number),
        is_manual: false,
        schedule_children: true,
        origin: Origin::Sibling { run: 100 },
        at: at(0),
    }
}

fn word() -> impl Strategy<Value = Word> {
    let run = || 1..4_u64;
    prop_oneof![
        4 => (run(), 0..3_i64, any::<Option<bool>>())
            .prop_map(|(run, second, success)| Word::Return { run, second, success }),
        1 => run().prop_map(|run| Word::GiveUp { run }),
        1 => (run(), 0..3_i64).prop_map(|(run, pid)| Word::Touch { run, pid }),
    ]
}
