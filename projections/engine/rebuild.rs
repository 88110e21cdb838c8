//! Rebuilds a view next to the one that answers.

use std::sync::Arc;

use eventlog::{Position, Recorded};
use tables::Overlay;

use super::checkpoint::{self, Checkpoint};
use super::folding::Folding;
use super::serving::Serving;
use super::slot::Slot;
use super::steps::{DIRTY_ROWS_MAX, Engine, StepError};

impl Engine {
    /// Rebuilds a view from the whole log, lets it answer, and drops the old rows.
    ///
    /// The old rows answer until the new ones are as far. `moved` is called with every page's position.
    ///
    /// # Errors
    /// When the log or the tables failed; what answered before goes on.
    pub(crate) async fn rebuild(
        &self,
        slot: &Slot,
        moved: impl Fn(Position),
    ) -> Result<(), StepError> {
        let view = slot.kind.name;
        let failed = |error| StepError::Table { view, error };
        let table = checkpoint::table_name(&slot.kind, slot.kind.next_generation());
        let overlay = Arc::new(Overlay::new(self.tables.open(&table).map_err(failed)?));
        let checkpoint = Checkpoint::start(&slot.kind, false);
        let folding = Folding::resume(&slot.kind, overlay, checkpoint).map_err(failed)?;
        match self.rebuild_into(slot, &table, folding, moved).await {
            Ok(old) => {
                if let Some(old) = old {
                    old.retire(&self.tables);
                }
                Ok(())
            }
            Err(error) => {
                // Half a table is of no use; a failure to drop it is found again at the next start.
                let _ = self.tables.drop_table(&table);
                Err(error)
            }
        }
    }

    async fn rebuild_into(
        &self,
        slot: &Slot,
        table: &str,
        mut folding: Folding,
        moved: impl Fn(Position),
    ) -> Result<Option<Arc<Serving>>, StepError> {
        let view = slot.kind.name;
        let failed = |error| StepError::Table { view, error };
        let wanted = |event: &Recorded| (slot.kind.wants)(event.event_type.as_str());
        let mut uncommitted = 0;
        loop {
            if self.is_stopping() {
                return Err(StepError::Stopping);
            }
            let page = self.read(folding.position(), wanted).await?;
            folding.fold_page(&page).map_err(failed)?;
            moved(folding.position());
            uncommitted += page.events.len() as u64;
            let dirty_rows = folding.overlay().dirty_len();
            if uncommitted >= self.config.commit_events || dirty_rows >= DIRTY_ROWS_MAX {
                folding.overlay().commit().map_err(failed)?;
                uncommitted = 0;
            }
            if folding.position() >= self.needed(slot) {
                break;
            }
        }
        folding.overlay().commit().map_err(failed)?;

        // Nothing moves while the last pages are folded, so nothing is lost at the exchange.
        let _live = self.live.lock().await;
        while folding.position() < self.needed(slot) {
            let page = self.read(folding.position(), wanted).await?;
            folding.fold_page(&page).map_err(failed)?;
        }
        folding.begin_to_serve().map_err(failed)?;
        folding.overlay().commit().map_err(failed)?;
        self.tables.persist().map_err(failed)?;
        let old = slot.serve(table.to_owned(), folding);
        slot.changed.send_modify(|_| {});
        self.announce();
        self.wake.notify_one();
        Ok(old)
    }

    /// How far a new view must be to take its place: as far as what answers now, or as the other views.
    fn needed(&self, slot: &Slot) -> Position {
        let own = slot.position();
        let others = || self.slots.iter().filter_map(Slot::position).max();
        own.or_else(others).unwrap_or_else(|| self.log.head())
    }
}
