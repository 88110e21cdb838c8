//! What our API says, word for word. Rows of views change with what they answer; these shapes do not.

mod build;
mod event;
mod farm;
mod run;

pub use build::{Build, Collection, CollectionCount, UsageSummary};
pub use event::{EventPage, StoredEvent};
pub use farm::{Node, Package, Quantiles, Resource, Usage, Version, Waste};
pub use run::{KillRequest, Origin, Run, RunLog};
