//! What the views of every app promise, whatever happened in it.
//!
//! A suite of a dialect calls [`check`] at the end of each of its tests. It names no view: a view that is added to the
//! app is checked with the others.

#![expect(
    clippy::disallowed_methods,
    reason = "it waits for views on a thread of its own, so that it can be called from anywhere"
)]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use eventlog::{EventLog, Position};
use tables::MemoryTables;

use crate::{Views, ViewsConfig};

/// Longer than any view of a test takes to read its log.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pages of another size than any app has, so that nothing may depend on where they end.
const PAGE_EVENTS: usize = 3;

/// Checks that every view equals, byte for byte, one rebuilt from the log. The live views are shut
/// down for that, and continue to answer. `config` is what the views were started with.
///
/// # Panics
/// When a view differs, by its name.
pub fn check(log: &Arc<dyn EventLog>, views: &Views, config: ViewsConfig) {
    let (log, live) = (Arc::clone(log), views.clone());
    let checked = thread::spawn(move || {
        let head = log.head();
        let rebuilt = config.pages_of(PAGE_EVENTS);
        let rebuilt = Views::start(log, Arc::new(MemoryTables::new()), rebuilt);
        let rebuilt = rebuilt.expect("views in memory can be started");
        assert_eq!(
            digests(&live, head),
            digests(&rebuilt, head),
            "live and rebuilt"
        );
    });
    if let Err(panic) = checked.join() {
        std::panic::resume_unwind(panic);
    }
}

/// One number for each view, once all that it knows is written down.
fn digests(views: &Views, head: Position) -> Vec<(&'static str, Option<String>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime can be had");
    let reached = runtime.block_on(views.wait_for_all(head, PATIENCE));
    reached.expect("the views reach the head of the log");
    views.shutdown();
    let statuses = views.statuses().into_iter();
    let digest = |name| views.digest(name).expect("a view can be read");
    statuses
        .map(|status| (status.name, digest(status.name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tables::{Batch, Range, Tables};

    use super::*;
    use crate::testing::{block_on, config, every_kind_of_event, memory_log, tell_all};

    /// In every view.
    #[test]
    fn a_row_that_the_log_does_not_tell_of_is_found_in_every_view() {
        let log: Arc<dyn EventLog> = Arc::new(memory_log());
        block_on(tell_all(&*log, every_kind_of_event()));
        let names = || {
            let tables = Arc::new(MemoryTables::new());
            let views = Views::start(Arc::clone(&log), tables.clone(), config()).unwrap();
            block_on(views.wait_for_all(log.head(), PATIENCE)).unwrap();
            (views, tables)
        };
        let (views, _) = names();
        check(&log, &views, config());
        for (status, is_new) in views
            .statuses()
            .into_iter()
            .flat_map(|status| [(status.clone(), true), (status, false)])
        {
            let (views, tables) = names();
            let prefix = format!("{}.", status.name);
            let table = tables.names().unwrap();
            let table = table.into_iter().find(|name| name.starts_with(&prefix));
            let table = tables
                .open(&table.expect("every view has a table"))
                .unwrap();
            let mut foreign = Batch::new();
            // What is written down already, so that nothing is put over it.
            views.shutdown();
            let rows = table.scan(Range::all()).unwrap();
            let (last, _) = rows.last().expect("every view says something");
            let key = if is_new { "zzz".into() } else { last.clone() };
            foreign.put(key, "no view wrote this");
            table.apply(&foreign).unwrap();
            let checked = catch_unwind(AssertUnwindSafe(|| check(&log, &views, config())));
            assert!(checked.is_err(), "{}", status.name);
        }
    }
}
