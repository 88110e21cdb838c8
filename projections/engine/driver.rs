//! Gives the engine its thread, and every rebuild one of its own.

#![expect(
    clippy::disallowed_methods,
    reason = "threads and time live here so that no fold needs either"
)]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use eventlog::Position;
use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::config::StartError;
use super::heal::Healer;
use super::progress::{RebuildError, RebuildHandle, RebuildProgress};
use super::slot::{Notes, Slot};
use super::steps::Engine;
use super::steps::{Step, StepError};

/// How long to wait after a failure before trying again.
const BACKOFF: Duration = Duration::from_secs(1);

/// How long after its start a rebuild that failed is tried again, while nothing else answers.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Over how long rates are measured.
const RATE_INTERVAL: Duration = Duration::from_secs(1);

/// The thread that keeps the views at the head of the log.
pub(crate) struct Driver {
    pub(crate) engine: Arc<Engine>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Driver {
    pub(crate) fn start(
        open: impl Future<Output = Result<Engine, StartError>> + Send,
    ) -> Result<Self, StartError> {
        let runtime = runtime()?;
        let engine = Arc::new(on_own_thread(&runtime, open)?);
        let driver = Self {
            engine: Arc::clone(&engine),
            threads: Mutex::default(),
        };
        for slot in &engine.slots {
            if slot.serving().is_none() || slot.is_of_older_version() {
                begin_rebuild(&engine, slot)?;
            }
        }
        let thread = thread::Builder::new()
            .name("views".to_owned())
            .spawn(move || runtime.block_on(keep_up(&engine)))?;
        driver.threads.lock().push(thread);
        Ok(driver)
    }

    /// Rebuilds a view in a thread of its own; a rebuild that is running is joined.
    pub(crate) fn rebuild(&self, name: &str) -> Result<RebuildHandle, RebuildError> {
        if self.engine.is_stopping() {
            return Err(RebuildError::Shutdown);
        }
        let unknown = || RebuildError::Unknown(name.to_owned());
        let slot = self.engine.slot(name).ok_or_else(unknown)?;
        begin_rebuild(&self.engine, slot).map_err(|error| RebuildError::Thread(error.to_string()))
    }

    /// Writes everything down and ends the threads. Rebuilds that are under way come to nothing.
    pub(crate) fn shutdown(&self) {
        self.stop();
        let threads = std::mem::take(&mut *self.threads.lock());
        let rebuilds = self.engine.slots.iter();
        let rebuilds = rebuilds.filter_map(|slot| slot.notes.lock().thread.take());
        for thread in threads.into_iter().chain(rebuilds.collect::<Vec<_>>()) {
            if thread.join().is_err() {
                tracing::error!("a thread of the views has panicked");
            }
        }
    }

    fn stop(&self) {
        self.engine.stopping.store(true, Ordering::Release);
        self.engine.wake.notify_one();
    }
}

impl Notes {
    /// Whether a rebuild that came to nothing is tried again.
    fn retry_is_due(&self) -> bool {
        let is_over = |handle: &RebuildHandle| !handle.is_running();
        self.rebuild.as_ref().is_some_and(is_over)
            && self
                .rebuild_began
                .is_some_and(|began| began.elapsed() >= RETRY_INTERVAL)
    }
}

impl Drop for Driver {
    /// Lets the thread end by itself: the views may be dropped last on an async thread.
    fn drop(&mut self) {
        self.stop();
    }
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Runs a future to its end also when the caller is itself within a runtime.
fn on_own_thread<T: Send>(runtime: &Runtime, future: impl Future<Output = T> + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(|| runtime.block_on(future));
        match thread.join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Folds new events and writes rows in time, until the engine stops.
async fn keep_up(engine: &Arc<Engine>) {
    let mut head = engine.log.watch_head();
    let mut commits = Commits::new(engine);
    let mut rates = Rates::new(engine);
    let mut healer = Healer::default();
    let mut complained = false;
    while !engine.is_stopping() {
        head.mark_unchanged();
        if healer.is_needed(engine) {
            // What is under way fails with the tables.
            let _ = commits.end().await;
            healer.heal(engine).await;
            continue;
        }
        rebuild_damaged(engine);
        let step = engine.step().await;
        rates.measure(engine);
        let mut failure = step.as_ref().err().map(ToString::to_string);
        let is_at_head = matches!(step, Ok(Step::AtHead));
        failure = failure.or(commits.go_on().await);
        if let Some(failure) = failure {
            if !complained {
                tracing::warn!("the views cannot follow the log: {failure}");
            }
            complained = true;
            let _ = tokio::time::timeout(BACKOFF, engine.wake.notified()).await;
            continue;
        }
        complained = false;
        if is_at_head {
            let patience = match engine.has_uncommitted() {
                true => commits.due_in(),
                false => RATE_INTERVAL,
            };
            let something = async {
                tokio::select! {
                    _ = head.changed() => {}
                    () = engine.wake.notified() => {}
                }
            };
            let _ = tokio::time::timeout(patience, something).await;
        }
    }
    engine.end_reading().await;
    let _ = commits.end().await;
    if let Err(error) = engine.commit(true) {
        tracing::warn!(
            "the views were not written at shutdown; their last events will be folded again: {error}"
        );
    }
}

/// Begins to rebuild what can no longer be trusted, and again what could not be rebuilt some time ago.
fn rebuild_damaged(engine: &Arc<Engine>) {
    for slot in &engine.slots {
        let name = slot.kind.name;
        if let Some(old) = slot.stop_damaged() {
            tracing::warn!(
                projection = name,
                "the table of view `{name}` is damaged: the view answers 503 until it is rebuilt"
            );
            old.retire(&engine.tables);
        } else if slot.serving().is_some() || !slot.notes.lock().retry_is_due() {
            continue;
        }
        if let Err(error) = begin_rebuild(engine, slot) {
            tracing::error!(
                projection = name,
                "view `{name}` cannot be rebuilt: {error}"
            );
        }
    }
}

fn begin_rebuild(engine: &Arc<Engine>, slot: &Slot) -> std::io::Result<RebuildHandle> {
    let mut notes = slot.notes.lock();
    if let Some(running) = notes.rebuild.as_ref().filter(|handle| handle.is_running()) {
        return Ok(running.clone());
    }
    let target = engine.log.head();
    let (sender, progress) = watch::channel(RebuildProgress {
        target,
        ..RebuildProgress::default()
    });
    let handle = RebuildHandle { progress };
    notes.rebuild_began = Some(Instant::now());
    let (engine, name) = (Arc::clone(engine), slot.kind.name);
    let thread = thread::Builder::new()
        .name(format!("rebuild {name}"))
        .spawn(move || rebuild(&engine, name, &sender))?;
    notes.thread = Some(thread);
    notes.rebuild = Some(handle.clone());
    Ok(handle)
}

fn rebuild(engine: &Engine, name: &'static str, progress: &watch::Sender<RebuildProgress>) {
    let began = Instant::now();
    let moved = |position: Position| {
        progress.send_modify(|progress| {
            progress.position = position;
            progress.target = engine.log.head();
            progress.rate = position.0 as f64 / began.elapsed().as_secs_f64().max(1e-3);
        });
    };
    let result = runtime()
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let slot = engine.slot(name).ok_or("there is no such view")?;
            let rebuilt = runtime.block_on(engine.rebuild(slot, moved));
            rebuilt.map_err(|error| error.to_string())
        });
    match &result {
        _ if engine.is_stopping() => {}
        Ok(()) => tracing::info!(projection = name, "rebuilt view `{name}`"),
        Err(error) => tracing::error!(projection = name, "view `{name}` was not rebuilt: {error}"),
    }
    progress.send_modify(|progress| {
        progress.done = true;
        progress.error = result.err();
    });
    engine.announce();
}

/// Persists folded rows while folding continues: one commit at a time, on another thread.
struct Commits {
    engine: Arc<Engine>,
    /// When what was written was last made durable.
    last: Instant,
    under_way: Option<tokio::task::JoinHandle<Result<(), StepError>>>,
}

impl Commits {
    fn new(engine: &Arc<Engine>) -> Self {
        Self {
            engine: Arc::clone(engine),
            last: Instant::now(),
            under_way: None,
        }
    }

    /// Begins a commit if one is due, and waits for one that folding has run too far ahead of. Returns why
    /// the last one failed.
    ///
    /// Rows are written in small batches, because an engine holds on to whatever a batch replaces until its
    /// end; what costs a flush of the disk happens once per interval.
    async fn go_on(&mut self) -> Option<String> {
        let under_way = self.under_way.as_ref();
        let is_over = under_way.is_some_and(tokio::task::JoinHandle::is_finished);
        let failure = match is_over || self.engine.is_far_ahead() {
            true => self.end().await,
            false => None,
        };
        let is_late = self.engine.has_uncommitted() && self.due_in().is_zero();
        if self.under_way.is_none() && (self.engine.commit_is_due() || is_late) {
            let engine = Arc::clone(&self.engine);
            self.under_way = Some(tokio::task::spawn_blocking(move || {
                engine.write_rows(false)?;
                if is_late { engine.persist() } else { Ok(()) }
            }));
            if is_late {
                self.last = Instant::now();
            }
        }
        failure
    }

    /// Waits for the commit that is under way.
    async fn end(&mut self) -> Option<String> {
        match self.under_way.take()?.await {
            Ok(committed) => committed.err().map(|error| error.to_string()),
            Err(panic) => Some(panic.to_string()),
        }
    }

    /// At least a millisecond while one is under way, so that waiting for it is no busy loop.
    fn due_in(&self) -> Duration {
        let interval = self.engine.config.commit_interval;
        let rest = interval.saturating_sub(self.last.elapsed());
        match self.under_way {
            Some(_) => rest.max(Duration::from_millis(1)),
            None => rest,
        }
    }
}

/// How fast each view moves.
struct Rates {
    since: Instant,
    positions: Vec<Position>,
}

impl Rates {
    fn new(engine: &Engine) -> Self {
        Self {
            since: Instant::now(),
            positions: positions(engine),
        }
    }

    fn measure(&mut self, engine: &Engine) {
        let elapsed = self.since.elapsed();
        if elapsed < RATE_INTERVAL {
            return;
        }
        let now = positions(engine);
        for ((slot, before), after) in engine.slots.iter().zip(&self.positions).zip(&now) {
            let moved = after.0.saturating_sub(before.0);
            slot.notes.lock().rate = moved as f64 / elapsed.as_secs_f64();
        }
        self.positions = now;
        self.since = Instant::now();
    }
}

fn positions(engine: &Engine) -> Vec<Position> {
    let slots = engine.slots.iter();
    slots.map(|slot| slot.notes.lock().position).collect()
}
