//! Pages of builds.

use jiff::Timestamp;
use tables::{KeyBuilder, Range};

use super::index::{self, Field};
use super::{BuildRow, Builds};
use crate::engine::Answer;
use crate::engine::listing::{Cursor, Listing, Walk};

/// How far two indexes are looked into to find out which admits fewer builds.
const PROBE_MAX: usize = 256;

/// In which order builds are listed, the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuildOrder {
    /// By when the log first told of them. A build never moves in it, so that pages show every build exactly
    /// once while others arrive and change; every filter has an index in this order.
    #[default]
    Seen,
    /// By when the log last told of them. A build that changes moves to the front.
    Updated,
    /// By when they ended; builds that have not ended are left out.
    Finished,
}

/// Which builds a list is about; every condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildFilter {
    /// Who numbered them.
    pub source: Option<String>,
    /// How they stand, in the source's word.
    pub status: Option<String>,
    /// The git ref.
    pub git_ref: Option<String>,
    /// The package they built.
    pub package: Option<String>,
    /// The name of the machine they ran on.
    pub hostname: Option<String>,
    /// The `system_uuid` of the machine they ran on.
    pub node: Option<String>,
    /// The stage of the pipeline.
    pub stage: Option<String>,
    /// How the collection of their usage stands, one of [`crate::builds::collections::CollectionState::WORDS`].
    pub collection: Option<String>,
    /// In which order.
    pub order: BuildOrder,
    /// Only those whose time in this order is not before this.
    pub since: Option<Timestamp>,
    /// Only those whose time in this order is before this.
    pub until: Option<Timestamp>,
    /// The oldest first.
    pub oldest_first: bool,
}

impl Builds {
    /// A page of builds. A list without a match in the first [`crate::EXAMINED_MAX`] builds that it looks
    /// at returns an empty page and where to go on.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn list(
        &self,
        filter: &BuildFilter,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<BuildRow>> {
        let prefix = match filter.order {
            BuildOrder::Seen => self.narrowest(filter)?,
            BuildOrder::Updated => KeyBuilder::new(index::BY_UPDATED),
            BuildOrder::Finished => KeyBuilder::new(index::BY_FINISHED),
        };
        let walk = Walk {
            prefix: prefix.as_ref(),
            since: filter.since.map(Timestamp::as_microsecond),
            until: filter.until.map(Timestamp::as_microsecond),
            reverse: filter.oldest_first,
        };
        walk.page(&self.reader, cursor, limit, |_, row_key| {
            let row: Option<BuildRow> = self.reader.get(row_key)?;
            Ok(row.filter(|row| filter.admits(row)))
        })
    }

    /// The index with the fewest entries for this filter, as far as a short look tells. All of them have the
    /// same order, so that a cursor from one leads on in any other.
    fn narrowest(&self, filter: &BuildFilter) -> Answer<KeyBuilder> {
        let mut fields = filter
            .fields()
            .filter(|(field, value)| *field != Field::Source || index::own_index(value).is_some());
        let Some(first) = fields.next() else {
            return Ok(KeyBuilder::new(index::BY_SEEN));
        };
        let mut best = index::field_prefix(first.0, first.1);
        let mut best_count = None;
        for (field, value) in fields {
            let count = |prefix: &KeyBuilder| -> Answer<usize> {
                let found = self.reader.scan(Range::prefix(prefix).limit(PROBE_MAX))?;
                Ok(found.len())
            };
            let known = match best_count {
                Some(known) => known,
                None => count(&best)?,
            };
            let other = index::field_prefix(field, value);
            let other_count = count(&other)?;
            if other_count < known {
                best = other;
            }
            best_count = Some(known.min(other_count));
        }
        Ok(best)
    }
}

impl BuildFilter {
    /// The conditions that have an index, those that usually admit the fewest builds first.
    fn fields(&self) -> impl Iterator<Item = (Field, &str)> {
        [
            (Field::Package, &self.package),
            (Field::Node, &self.node),
            (Field::Hostname, &self.hostname),
            (Field::Collection, &self.collection),
            (Field::Status, &self.status),
            (Field::Ref, &self.git_ref),
            (Field::Stage, &self.stage),
            (Field::Source, &self.source),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value.as_deref()?)))
    }

    fn admits(&self, row: &BuildRow) -> bool {
        self.fields().all(|(field, value)| {
            let usage = row.usage.as_ref();
            let found = match field {
                Field::Source => Some(row.key.source()),
                Field::Status => Some(row.status.as_str()),
                Field::Ref => Some(row.git_ref.as_str()),
                Field::Package => usage.map(|usage| usage.package.as_str()),
                Field::Hostname => usage.and_then(|usage| usage.hostname.as_deref()),
                Field::Node => usage.and_then(|usage| usage.node.as_deref()),
                Field::Stage => row.stage.as_deref(),
                Field::Collection => row.collection.as_ref().map(|known| known.state.as_str()),
            };
            found == Some(value)
        })
    }
}
