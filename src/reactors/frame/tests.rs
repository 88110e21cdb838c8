use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use parking_lot::Mutex;
use proptest::prelude::*;

use super::*;

/// What an attempt is to meet, in this order; after the last, the last again.
#[derive(Clone, Copy, Debug)]
enum Meets {
    Nothing,
    Outside,
    Inside,
    Panic,
    TooEarly(i64),
    /// Waits until the world lets it go on.
    Gate,
}

#[derive(Clone)]
struct Piece(u32, u32);

impl Work for Piece {
    type Key = u32;

    fn key(&self) -> u32 {
        self.0
    }

    fn attempts(&self) -> u32 {
        self.1
    }
}

/// A world that remembers everything, standing in for the log, the view and the outside at once.
#[derive(Clone)]
struct World {
    state: Arc<Mutex<State>>,
    gate: Arc<tokio::sync::Semaphore>,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct State {
    queue: BTreeMap<u32, (u32, Timestamp)>,
    scripts: BTreeMap<u32, VecDeque<Meets>>,
    done: Vec<u32>,
    failures: Vec<(u32, Failure)>,
    at_once: usize,
    at_once_max: usize,
    view_panics: u32,
}

impl World {
    fn new(scripts: &[(u32, &[Meets])]) -> Self {
        let mut state = State::default();
        for (key, script) in scripts {
            state.queue.insert(*key, (0, Timestamp::UNIX_EPOCH));
            state.scripts.insert(*key, script.iter().copied().collect());
        }
        Self {
            state: Arc::new(Mutex::new(state)),
            gate: Arc::new(tokio::sync::Semaphore::new(0)),
            changed: Arc::new(Notify::new()),
        }
    }

    /// Waits until the state is as it should be; nothing is slept for.
    async fn until(&self, reached: impl Fn(&State) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if reached(&self.state.lock()) {
                    return;
                }
                changed.await;
            }
        };
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, waiting).await.unwrap();
    }
}

impl Reaction for World {
    const NAME: &'static str = "test";
    type Work = Piece;

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Piece>, String> {
        let mut state = self.state.lock();
        if state.view_panics > 0 {
            state.view_panics -= 1;
            drop(state);
            panic!("as the test wants");
        }
        let due = state.queue.iter().filter(|(_, (_, at))| *at <= now);
        Ok(due
            .map(|(key, (attempts, _))| Piece(*key, *attempts))
            .take(limit)
            .collect())
    }

    async fn next_due(&self) -> Option<Timestamp> {
        self.state.lock().queue.values().map(|(_, at)| *at).min()
    }

    async fn queued(&self) -> u64 {
        self.state.lock().queue.len() as u64
    }

    async fn attempt(&self, work: &Piece) -> Result<Verdict, Trouble> {
        let meets = {
            let mut state = self.state.lock();
            state.at_once += 1;
            state.at_once_max = state.at_once_max.max(state.at_once);
            let script = state.scripts.get_mut(&work.0).unwrap();
            if script.len() > 1 {
                script.pop_front().unwrap()
            } else {
                script[0]
            }
        };
        self.changed.notify_waiters();
        if matches!(meets, Meets::Gate) {
            self.gate.acquire().await.unwrap().forget();
        }
        let mut state = self.state.lock();
        state.at_once -= 1;
        let result = match meets {
            Meets::Nothing | Meets::Gate => {
                state.queue.remove(&work.0);
                state.done.push(work.0);
                Ok(Verdict::Done("done"))
            }
            Meets::Outside => Err(Trouble::Outside("down".into())),
            Meets::Inside => Err(Trouble::Inside("busy".into())),
            Meets::TooEarly(second) => Ok(Verdict::NotYet(Timestamp::from_second(second).unwrap())),
            Meets::Panic => {
                drop(state);
                panic!("as the test wants");
            }
        };
        drop(state);
        self.changed.notify_waiters();
        result
    }

    async fn failed(&self, work: &Piece, failure: Failure) -> Result<(), Trouble> {
        {
            let mut state = self.state.lock();
            match failure.retry_at {
                Some(at) => {
                    state.queue.insert(work.0, (failure.attempt, at));
                }
                None => {
                    state.queue.remove(&work.0);
                }
            }
            state.failures.push((work.0, failure));
        }
        self.changed.notify_waiters();
        Ok(())
    }
}

fn config() -> FrameConfig {
    FrameConfig {
        concurrency: 4,
        attempts_max: 3,
        backoff_base: Duration::from_millis(1),
        backoff_max: Duration::from_millis(4),
        poll: Duration::from_millis(5),
        grace: Duration::from_secs(5),
        seed: Some(7),
    }
}

fn start(world: &World, config: FrameConfig, clock: Clock) -> Running {
    let (_, changed) = watch::channel(());
    let stop = CancellationToken::new();
    Running::start(world.clone(), config, clock, changed, stop)
}

#[tokio::test]
async fn work_is_tried_again_and_in_the_end_abandoned() {
    let world = World::new(&[
        (1, &[Meets::Nothing]),
        (2, &[Meets::Outside, Meets::Nothing]),
        (3, &[Meets::Outside]),
        (4, &[Meets::Panic]),
    ]);
    let running = start(&world, config(), Clock::system());
    world.until(|state| state.queue.is_empty()).await;
    running.wake();
    running.stop().await;

    let state = world.state.lock();
    let mut done = state.done.clone();
    done.sort_unstable();
    assert_eq!(done, [1, 2]);
    for (key, attempts) in [(1, 0), (2, 1), (3, 3), (4, 3)] {
        let mut failures = state.failures.iter().filter(|(of, _)| *of == key);
        let seen: Vec<u32> = failures
            .clone()
            .map(|(_, failure)| failure.attempt)
            .collect();
        assert_eq!(seen, (1..=attempts).collect::<Vec<_>>(), "work {key}");
        let last = failures
            .next_back()
            .map(|(_, failure)| failure.retry_at.is_none());
        assert_eq!(last.unwrap_or(false), attempts == 3, "work {key}");
    }
}

#[tokio::test]
async fn stats_count_what_came_out() {
    let world = World::new(&[
        (1, &[Meets::Nothing]),
        (2, &[Meets::Outside, Meets::Nothing]),
        (3, &[Meets::Outside]),
    ]);
    let mut running = start(&world, config(), Clock::system());
    world.until(|state| state.queue.is_empty()).await;
    running.stop.cancel();
    (&mut running.task).await.unwrap();
    let stats = running.stats();
    assert_eq!(stats.attempts, 6);
    assert_eq!((stats.retried, stats.abandoned), (3, 1));
    assert_eq!((stats.in_flight, stats.outcomes["done"]), (0, 2));
}

#[tokio::test]
async fn trouble_inside_counts_for_nothing() {
    let world = World::new(&[(1, &[Meets::Inside, Meets::Inside, Meets::Nothing])]);
    let running = start(&world, config(), Clock::system());
    world.until(|state| state.done == [1]).await;
    assert!(world.state.lock().failures.is_empty());
    assert!(running.stats().postponed >= 2);
}

#[tokio::test]
async fn what_comes_too_early_waits_and_hides_nothing() {
    let clock = Clock::fixed(Timestamp::from_second(100).unwrap());
    let early: &[Meets] = &[Meets::TooEarly(200), Meets::Nothing];
    let world = World::new(&[(1, early), (2, early), (3, early), (4, &[Meets::Nothing])]);
    let two = FrameConfig {
        concurrency: 2,
        ..config()
    };
    let running = start(&world, two, clock.clone());
    world.until(|state| state.done == [4]).await;
    clock.set(Timestamp::from_second(200).unwrap());
    running.wake();
    world.until(|state| state.done.len() == 4).await;
}

#[tokio::test]
async fn a_loop_that_panics_is_restarted() {
    let world = World::new(&[(1, &[Meets::Nothing])]);
    world.state.lock().view_panics = 2;
    let _running = start(&world, config(), Clock::system());
    world.until(|state| state.done == [1]).await;
}

#[tokio::test]
async fn no_more_is_under_way_at_once_than_allowed() {
    let scripts: Vec<(u32, &[Meets])> = (0..20).map(|key| (key, &[Meets::Gate][..])).collect();
    let world = World::new(&scripts);
    let _running = start(&world, config(), Clock::system());
    world.until(|state| state.at_once == 4).await;
    world.gate.add_permits(20);
    world.until(|state| state.done.len() == 20).await;
    assert_eq!(world.state.lock().at_once_max, 4);
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_end() {
    let world = World::new(&[(1, &[Meets::Gate])]);
    let running = start(&world, config(), Clock::system());
    world.until(|state| state.at_once == 1).await;
    let stopped = tokio::spawn(running.stop());
    world.gate.add_permits(1);
    stopped.await.unwrap();
    assert_eq!(world.state.lock().done, [1]);
}

#[tokio::test]
async fn a_stop_leaves_what_takes_too_long_to_the_next_start() {
    let world = World::new(&[(1, &[Meets::Gate])]);
    let hasty = FrameConfig {
        grace: Duration::from_millis(1),
        ..config()
    };
    let running = start(&world, hasty, Clock::system());
    world.until(|state| state.at_once == 1).await;
    running.stop().await;
    assert!(world.state.lock().queue.contains_key(&1));

    world.gate.add_permits(1);
    let _again = start(&world, config(), Clock::system());
    world.until(|state| state.done == [1]).await;
}

proptest! {
    #[test]
    fn waits_stay_within_their_bound_and_are_repeatable(
        seed in any::<u64>(), failures in any::<u32>(), base in 0_u64..5_000, max in 0_u64..100_000,
    ) {
        let new = || {
            Backoff::new(Duration::from_millis(base), Duration::from_millis(max), Some(seed))
        };
        let (one, other) = (new(), new());
        for failures in [1, 2, 3, failures] {
            let wait = one.wait(failures);
            prop_assert_eq!(wait, other.wait(failures));
            prop_assert!(wait <= one.bound(failures));
            prop_assert!(one.bound(failures) <= Duration::from_millis(max));
        }
    }
}

#[test]
fn who_failed_together_does_not_come_back_together() {
    let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(600), Some(1));
    let waits: BTreeSet<Duration> = (0..20).map(|_| backoff.wait(3)).collect();
    assert_eq!(waits.len(), 20);
}

#[test]
fn bounds_double_up_to_the_longest() {
    let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(600), None);
    let bounds: Vec<u64> = (1..=10).map(|n| backoff.bound(n).as_secs()).collect();
    assert_eq!(bounds, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600]);
}
