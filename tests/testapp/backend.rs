//! A log, and commands and views over it.

use std::sync::Arc;
use std::time::Duration;

use blobs::Blobs;
use commands::{Clock, Commands};
use domain::{Aggregate, Metadata};
use eventlog::{EventLog, Filter, MemoryLog, PageLimit, Position, Recorded};
use projections::{Views, ViewsConfig};
use tables::{MemoryTables, Tables};
use web::{App, AppBuilder, Settings};

/// Longer than any test may wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A log, and commands and views over it that share a clock.
#[derive(Clone)]
pub struct Backend {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The clock of all of them.
    pub clock: Clock,
    /// The write side.
    pub commands: Commands,
    /// The read side.
    pub views: Views,
}

impl Backend {
    /// Everything in memory, with a clock that stands still at this time (RFC 3339).
    #[must_use]
    pub fn at(time: &str) -> Self {
        Self::with_clock(Clock::fixed(time.parse().unwrap()))
    }

    /// Everything in memory.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        let of_log = clock.clone();
        Self::over(Arc::new(MemoryLog::new(move || of_log.now())), clock)
    }

    /// New views over a log.
    #[must_use]
    pub fn over(log: Arc<dyn EventLog>, clock: Clock) -> Self {
        Self::with_tables(log, Arc::new(MemoryTables::new()), clock)
    }

    /// New views over a log that read so many events at a time.
    #[must_use]
    pub fn with_pages(log: Arc<dyn EventLog>, clock: Clock, events: usize) -> Self {
        let config = config(&clock).pages_of(events);
        Self::start(log, Arc::new(MemoryTables::new()), clock, config)
    }

    /// Views in these tables over a log.
    #[must_use]
    pub fn with_tables(log: Arc<dyn EventLog>, tables: Arc<dyn Tables>, clock: Clock) -> Self {
        let config = config(&clock);
        Self::start(log, tables, clock, config)
    }

    fn start(
        log: Arc<dyn EventLog>,
        tables: Arc<dyn Tables>,
        clock: Clock,
        config: ViewsConfig,
    ) -> Self {
        let views = Views::start(Arc::clone(&log), tables, config).unwrap();
        let commands = Commands::new(Arc::clone(&log), clock.clone());
        Self {
            log,
            clock,
            commands,
            views,
        }
    }

    /// The same log after a crash, with new views.
    #[must_use]
    pub fn reopened(&self) -> Self {
        Self::over(Arc::clone(&self.log), self.clock.clone())
    }

    /// An app over it, with bodies in memory.
    pub fn app(&self, settings: Settings) -> AppBuilder {
        let (commands, views) = (self.commands.clone(), self.views.clone());
        App::build(commands, views, Blobs::memory(), settings)
    }

    /// Executes a command and waits until every view knows of it. The position of what was appended.
    pub async fn execute<A: Aggregate>(&self, key: &str, command: A::Command) -> Option<Position> {
        self.execute_with::<A>(key, command, &Metadata::default())
            .await
    }

    /// The same with metadata.
    pub async fn execute_with<A: Aggregate>(
        &self,
        key: &str,
        command: A::Command,
        metadata: &Metadata,
    ) -> Option<Position> {
        let done = self.commands.execute::<A>(key, command, metadata).await;
        let position = done.unwrap().position();
        if let Some(position) = position {
            self.views.wait_for_all(position, PATIENCE).await.unwrap();
        }
        position
    }

    /// Every event whose type begins so, in order.
    pub async fn events(&self, event_type: &str) -> Vec<Recorded> {
        let filter = Filter {
            event_types: vec![format!("{event_type}*")],
            ..Filter::all()
        };
        let limit = PageLimit::events(1_000_000);
        let page = self.log.read_all(Position::START, &filter, limit).await;
        page.unwrap().events
    }

    /// Panics unless the views are what the log makes of them.
    #[track_caller]
    pub fn check_views(&self) {
        projections::conformance::check(&self.log, &self.views, config(&self.clock));
    }
}

fn config(clock: &Clock) -> ViewsConfig {
    let clock = clock.clone();
    ViewsConfig::new(move || clock.now())
}
