//! Provisioning: turns documents that describe groups, users, workers, pools, projects, templates
//! and jobs into commands.
//!
//! A single record and a whole document take the same path. It is read, and all its faults are
//! reported at once (`document`, `fields`); slow work is done (`prepared`); then all records are
//! changed in one transaction (`plan`). Records that already match stay: applying the same document
//! twice adds nothing, and an interrupted one can be applied again. Nothing is ever deleted.
//!
//! `kinds` has one file for each kind of record: the fields of its documents, how it is shown, its
//! references and its secrets. The crate knows no HTTP; the caller stores long texts ([`Texts`]).

mod document;
mod error;
mod fields;
mod find;
mod kind;
mod kinds;
mod plan;
mod prepared;
mod reference;
mod report;

use std::sync::Arc;
use std::time::Duration;

use commands::{CommandError, Commands, Transaction};
use domain::{LongText, Metadata};
use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use people::People;
use projections::{RosterView, Runs, Views};

use plan::{Plan, Refused, Step, Stop};
use prepared::Prepared;

pub use document::{Item, Which, one};
pub use error::{Fault, ProvisioningError};
pub use kind::{DocumentFields, Kind, Look};
pub use kinds::*;
pub use reference::{Named, Reference};
pub use report::{Applied, AppliedRecord, Change};

/// How many records are changed in one append. A larger document is checked as a whole and then
/// applied part by part.
const PART: usize = 500;

/// How often a document is applied again when another writer was faster.
const ATTEMPTS_MAX: usize = 3;

/// Stores texts that are too long for an event.
pub trait Texts: Send + Sync {
    /// Stores a text. It is durable before anything refers to it.
    fn keep(&self, text: String) -> BoxFuture<'_, Result<LongText, ProvisioningError>>;

    /// The reference that a text would get, without storing it.
    fn name(&self, text: String) -> LongText;
}

/// What provisioning needs.
#[derive(Clone)]
pub struct Provisioning {
    /// The write side.
    pub commands: Commands,
    /// The read side.
    pub views: Views,
    /// Hashes passwords, and seals the secrets of workers.
    pub people: People,
    /// Stores long texts.
    pub texts: Arc<dyn Texts>,
    /// The time zone of jobs that name none; UTC when left out.
    pub time_zone: Option<TimeZone>,
    /// How long to wait for views.
    pub patience: Duration,
}

impl Provisioning {
    /// Applies a document, or reports what would change.
    ///
    /// # Errors
    /// When the document contradicts itself or what exists, or the log or a view cannot answer.
    /// Nothing was changed then; of a document with more than `PART` records, parts may have been.
    pub fn apply<'a>(
        &'a self,
        metadata: &'a Metadata,
        mut document: Document,
        dry_run: bool,
    ) -> BoxFuture<'a, Result<Applied, ProvisioningError>> {
        Box::pin(async move {
            document.order();
            let prepared = Prepared::of(self, &document, !dry_run).await?;
            let whole = document.len() <= PART;
            if dry_run || !whole {
                let mut applied = self.make(metadata, &document, &prepared, true).await?;
                if dry_run {
                    applied.hide_what_does_not_exist();
                    return Ok(applied);
                }
            }
            if whole {
                return self.make(metadata, &document, &prepared, false).await;
            }
            let mut applied = Applied::default();
            for part in document.parts(PART) {
                applied.add(self.make(metadata, &part, &prepared, false).await?);
            }
            Ok(applied)
        })
    }

    async fn make(
        &self,
        metadata: &Metadata,
        document: &Document,
        prepared: &Prepared,
        dry_run: bool,
    ) -> Result<Applied, ProvisioningError> {
        let mut attempt = 1;
        loop {
            // Names are looked up in the views, so those have to be up to date.
            let head = self.commands.head();
            self.wait_for(head).await?;
            let views = (self.views.of::<RosterView>()?, self.views.of::<Runs>()?);
            let work = |unit: Transaction| {
                let views = views.clone();
                async move {
                    let plan = Plan::new(&unit, self, views, prepared);
                    let applied = carry_out(plan, document).await?;
                    match dry_run {
                        true => Err(CommandError::Rejected(Refused::DryRun(Box::new(applied)))),
                        false => Ok(applied),
                    }
                }
            };
            let done = self.commands.transact(metadata, work).await;
            match done {
                Ok((applied, appended)) => {
                    if let Some(position) = appended.position() {
                        self.wait_for(position).await?;
                    }
                    return Ok(applied);
                }
                Err(CommandError::Rejected(Refused::DryRun(applied))) => return Ok(*applied),
                Err(CommandError::Rejected(Refused::Faults { conflict: true, .. }))
                    if attempt < ATTEMPTS_MAX && self.commands.head() != head =>
                {
                    attempt += 1;
                }
                Err(CommandError::Rejected(Refused::Faults { faults, conflict })) => {
                    return Err(ProvisioningError::Refused { faults, conflict });
                }
                Err(error) => {
                    return Err(ProvisioningError::Command(
                        error.map(|refused| refused.to_string()),
                    ));
                }
            }
        }
    }

    async fn wait_for(&self, position: eventlog::Position) -> Result<(), ProvisioningError> {
        if self.views.position() >= position {
            return Ok(());
        }
        let waited = self.views.wait_for_answers(position, self.patience).await;
        waited.map_err(ProvisioningError::from)
    }
}

/// Applies each record, those first that others refer to.
async fn carry_out(
    mut plan: Plan<'_>,
    document: &Document,
) -> Result<Applied, CommandError<Refused>> {
    plan.ambiguous = document.ambiguous();
    make_all(&mut plan, document).await?;
    Ok(plan.applied)
}

/// Continues after faults of one record, so that those of others are found as well.
fn go_on(step: Step<()>) -> Result<(), CommandError<Refused>> {
    match step {
        Ok(()) | Err(Stop::Noted) => Ok(()),
        Err(Stop::Over(error)) => Err(error),
    }
}
