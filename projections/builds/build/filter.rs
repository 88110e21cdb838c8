//! Which builds a list is about.

use jiff::Timestamp;

use super::{
    BY_FINISHED, BY_UPDATED, COLLECTION, HOSTNAME, NODE, PACKAGE, REF, SOURCE, STAGE, STATUS,
};
use crate::engine::list::ListQuery;

/// In which order builds are listed, the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuildOrder {
    /// By their first event in the log. A build never moves in it, so that pages show every build exactly
    /// once while others arrive and change; every filter has an index in this order.
    #[default]
    Seen,
    /// By their last event in the log. A build that changes moves to the front.
    Updated,
    /// By when they ended; builds that have not ended are left out.
    Finished,
}

/// Which builds a list is about; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildFilter {
    /// Who numbered them.
    pub source: Option<String>,
    /// Their status, as the source calls it.
    pub status: Option<String>,
    pub git_ref: Option<String>,
    /// The package they built.
    pub package: Option<String>,
    /// The name of the machine they ran on.
    pub hostname: Option<String>,
    /// The `system_uuid` of the machine they ran on.
    pub node: Option<String>,
    pub stage: Option<String>,
    /// The state of the collection of their usage, one of
    /// [`crate::builds::collections::CollectionState::WORDS`].
    pub collection: Option<String>,
    pub order: BuildOrder,
    /// Only those whose time in this order is not before this.
    pub since: Option<Timestamp>,
    /// Only those whose time in this order is before this.
    pub until: Option<Timestamp>,
    pub oldest_first: bool,
}

impl BuildFilter {
    pub(super) fn query(&self) -> ListQuery<'_> {
        ListQuery {
            order: match self.order {
                BuildOrder::Seen => None,
                BuildOrder::Updated => Some(BY_UPDATED),
                BuildOrder::Finished => Some(BY_FINISHED),
            },
            since: self.since,
            until: self.until,
            oldest_first: self.oldest_first,
            ..ListQuery::by(&[
                (PACKAGE, &self.package),
                (NODE, &self.node),
                (HOSTNAME, &self.hostname),
                (COLLECTION, &self.collection),
                (STATUS, &self.status),
                (REF, &self.git_ref),
                (STAGE, &self.stage),
                (SOURCE, &self.source),
            ])
        }
    }
}
