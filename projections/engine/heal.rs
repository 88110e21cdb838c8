//! Opens tables that have failed as a whole again, without a new start of the process.

#![expect(
    clippy::disallowed_methods,
    reason = "threads and time belong to the driver so that no fold needs either"
)]

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tables::TableError;

use super::steps::Engine;
use super::steps::{Step, StepError};

/// How long to wait until a disk that is full is looked at again.
const FULL_INTERVAL: Duration = Duration::from_secs(1);

/// The longest time between two tries. What fails again at once is tried ever more rarely: each time a damaged
/// database may be moved aside and everything folded again.
const REST_MAX: Duration = Duration::from_secs(60);

/// Tables that were well for so long have not failed *again*.
const WELL_AFTER: Duration = Duration::from_secs(600);

/// Opens failed tables again, and counts the attempts.
#[derive(Default)]
pub(super) struct Healer {
    /// Also when the tables are open again, and their views do not go on yet.
    is_under_way: bool,
    tries: u32,
    last: Option<Instant>,
    data: Option<String>,
}

impl Healer {
    /// Whether the tables have failed as a whole, or views still have to go on after that.
    pub(super) fn is_needed(&mut self, engine: &Engine) -> bool {
        if let Some(failure) = engine.tables.failure() {
            self.is_under_way = true;
            engine.note_failure(&failure);
        }
        self.is_under_way
    }

    /// Waits by the number of failed attempts, and tries once.
    pub(super) async fn heal(&mut self, engine: &Engine) {
        if self.last.is_none_or(|last| last.elapsed() > WELL_AFTER) {
            self.tries = 0;
        }
        rest(engine, rest_after(self.tries)).await;
        if engine.is_stopping() {
            return;
        }
        self.last = Some(Instant::now());
        let tables = Arc::clone(&engine.tables);
        let revived = tokio::task::spawn_blocking(move || tables.revive()).await;
        let gone_on = match revived {
            // Nothing was tried, and space may be freed at any moment.
            Ok(Err(error @ TableError::Full)) => {
                self.tell(&error);
                rest(engine, FULL_INTERVAL).await;
                return;
            }
            Ok(Err(error)) => Err(error.to_string()),
            Ok(Ok(())) => engine.begin_again().await,
            Err(panic) => Err(panic.to_string()),
        };
        self.tries += 1;
        match gone_on {
            Ok(()) => {
                self.is_under_way = false;
                self.data = None;
                tracing::info!("the views were opened again, after their tables had failed");
            }
            Err(error) => self.tell(&error),
        }
    }

    fn tell(&mut self, error: &impl Display) {
        let error = error.to_string();
        if self.data.as_ref() != Some(&error) {
            tracing::warn!("the views cannot be opened again yet; a new start may help: {error}");
            self.data = Some(error);
        }
    }
}

impl Engine {
    /// Marks the tables of all views as failed, until they continue.
    fn note_failure(&self, failure: &TableError) {
        for slot in &self.slots {
            slot.notes.lock().error = Some(failure.to_string());
        }
    }

    /// Does what a restart would do with new tables, and replaces the old ones when they have
    /// reached the head: so no read misses rows that were there before.
    async fn begin_again(&self) -> Result<(), String> {
        // Neither a page nor a rebuilt view comes in between. A rebuild that is under way ends with the tables
        // that it writes to.
        let _live = self.live.lock().await;
        let (log, tables) = (Arc::clone(&self.log), Arc::clone(&self.tables));
        let kinds = self.slots.iter().map(|slot| slot.kind.clone()).collect();
        let fresh = Self::open(log, tables, kinds, self.config.clone()).await;
        let fresh = fresh.map_err(|error| error.to_string())?;
        let caught_up = self.catch_up_with(&fresh).await;
        fresh.end_reading().await;
        caught_up.map_err(|error| error.to_string())?;
        self.reopened.fetch_add(1, Ordering::Release);
        for (slot, fresh) in self.slots.iter().zip(&fresh.slots) {
            slot.take_over(fresh);
        }
        self.announce();
        Ok(())
    }

    /// Lets another engine make what it lacks, one view after the other, fold everything there is, and write it
    /// down.
    async fn catch_up_with(&self, fresh: &Self) -> Result<(), StepError> {
        let stop_as_well = || {
            let is_stopping = self.is_stopping();
            fresh.stopping.store(is_stopping, Ordering::Release);
        };
        for slot in &fresh.slots {
            if slot.serving().is_none() || slot.is_of_older_version() {
                fresh.rebuild(slot, |_| stop_as_well()).await?;
            }
        }
        loop {
            stop_as_well();
            if fresh.is_stopping() {
                return Err(StepError::Stopping);
            }
            let step = fresh.step().await?;
            if step != Step::Folded || fresh.commit_is_due() {
                fresh.commit(false)?;
            }
            if step == Step::AtHead {
                return Ok(());
            }
        }
    }
}

/// The first try comes at once, and every further one after twice the time.
fn rest_after(tries: u32) -> Duration {
    match tries.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => {
            let factor = 2_u32.saturating_pow(doublings);
            REST_MAX.min(Duration::from_secs(1).saturating_mul(factor))
        }
    }
}

/// Waits so long, or until the engine is woken.
async fn rest(engine: &Engine, time: Duration) {
    let _ = tokio::time::timeout(time, engine.wake.notified()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_and_again_is_tried_ever_more_rarely_but_always() {
        let seconds = |tries| rest_after(tries).as_secs();
        assert_eq!([0, 1, 2, 3, 4, 7].map(seconds), [0, 1, 2, 4, 8, 60]);
        assert_eq!(seconds(u32::MAX), 60);
    }
}
