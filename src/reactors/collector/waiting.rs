//! The queue while no Prometheus is configured: what the rules leave out is skipped, and the rest
//! stays where it is until a Prometheus is configured. Nothing is written about it, so that a start
//! without an address settles nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use projections::builds::collections::{CollectionRow, QueuePlace};
use projections::{Answer, Builds, Collections, TableError, Views};

use super::{Collector, Facts, Judged, Queued, Rules};
use crate::frame::Reaction;

/// How many more are read at once than may be begun.
const PAGE_MAX: usize = 256;

/// How many pages are read before the frame gets to do something else.
const PAGES_MAX: usize = 64;

/// How often the queue is looked through from its start: what was queued out of order is not passed
/// over for good.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// How far the queue was looked through.
#[derive(Default)]
pub(super) struct Waiting {
    announced: AtomicBool,
    passed: Mutex<Passed>,
}

/// The last place up to which every build waits for a Prometheus.
#[derive(Clone, Copy, Default)]
struct Passed {
    to: Option<QueuePlace>,
    since: Option<Instant>,
}

impl Waiting {
    fn start(&self) -> Option<QueuePlace> {
        let mut passed = self.passed.lock();
        if passed
            .since
            .is_none_or(|since| since.elapsed() >= AGAIN_AFTER)
        {
            *passed = Passed {
                to: None,
                since: Some(Instant::now()),
            };
        }
        passed.to
    }
}

impl Collector {
    pub(super) async fn due_without_prometheus(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Queued>, String> {
        let mut after = self.waiting.start();
        for _ in 0..PAGES_MAX {
            let rules = self.rules.clone();
            let page = self
                .views
                .ask(move |views| page(views, &rules, after, now, limit.saturating_add(PAGE_MAX)));
            let page = match page.await {
                Ok(page) => page,
                // The view reports that itself, and wakes us when it is up to date.
                Err(TableError::NotReady { .. }) => return Ok(Vec::new()),
                Err(error) => return Err(error.to_string()),
            };
            self.announce().await;
            after = page.passed;
            self.waiting.passed.lock().to = after;
            if page.is_last || !page.left_out.is_empty() {
                let mut left_out = page.left_out;
                left_out.truncate(limit);
                return Ok(left_out);
            }
        }
        Ok(Vec::new())
    }

    /// Logs once how many wait.
    async fn announce(&self) {
        if self.waiting.announced.swap(true, Ordering::Relaxed) {
            return;
        }
        let waiting = self.queued().await;
        // The report of the server's start warns that the key is not set.
        tracing::info!(
            reactor = Self::NAME,
            waiting,
            "{waiting} collections of usage are queued until prometheus.url is set, without those that rules leave out"
        );
    }
}

struct Page {
    left_out: Vec<Queued>,
    /// Up to where every build waits.
    passed: Option<QueuePlace>,
    is_last: bool,
}

fn page(
    views: &Views,
    rules: &Rules,
    after: Option<QueuePlace>,
    now: Timestamp,
    limit: usize,
) -> Answer<Page> {
    let rows = views.of::<Collections>()?.due_after(after, now, limit)?;
    let mut page = Page {
        left_out: Vec::new(),
        passed: after,
        is_last: rows.len() < limit,
    };
    for row in rows {
        let place = row.queue_place();
        if !waits(views, rules, &row)? {
            page.left_out.push(Queued(row));
        } else if page.left_out.is_empty() {
            page.passed = Some(place);
        }
    }
    Ok(page)
}

/// Whether a build waits for a Prometheus, as far as the view of builds knows.
fn waits(views: &Views, rules: &Rules, row: &CollectionRow) -> Answer<bool> {
    let queued = Queued(row.clone());
    let Some(build) = views.of::<Builds>()?.get(&row.key)? else {
        return Ok(false);
    };
    let facts = Facts::new(&queued, build);
    Ok(!matches!(rules.judge(&facts), Judged::LeftOut { .. }))
}
