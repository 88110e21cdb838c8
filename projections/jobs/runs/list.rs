//! Pages of runs, in the order in which old clients and people expect them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tables::{KeyBuilder, Range};

use super::index::{self, Class, Entry};
use super::model::Model;
use super::place::{self, PLACE_BYTES, Place};
use super::stream::Merge;
use super::{RunQuery, RunRow, RunState, Runs, WorkerIs};
use crate::engine::listing::{Cursor, EXAMINED_MAX, Listing, PageBytes};
use crate::engine::{Answer, stored};

/// What beginning to read another index costs, in entries of one that is read on.
const SEEK_ENTRIES: u64 = 32;

/// Lists of so few jobs look at the open runs of each of them instead of at all.
const FEW_JOBS: usize = 16;

/// A page of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPage {
    /// The runs, in order: returned last first, then started last, then claimed last, then due first.
    pub rows: Vec<Arc<RunRow>>,
    /// How many there are on all pages together.
    pub total: u64,
}

/// The state of a list in memory at one moment.
struct Snapshot {
    /// Rows that memory answers with, in order.
    held: Vec<(Place, Arc<RunRow>)>,
    /// Runs whose rows in the table may be outdated.
    hidden: BTreeSet<u64>,
    /// How many runs there are, if memory knows.
    total: Option<u64>,
    /// The indexes of the table in which the others are.
    indexes: Vec<KeyBuilder>,
}

impl Runs {
    /// A page of runs, and how many there are in all.
    ///
    /// States are counted, so that a total costs nothing; only a list by due time reads all of the
    /// jobs' runs that are over.
    pub fn list(&self, query: &RunQuery, offset: usize, limit: usize) -> Answer<RunPage> {
        if let Some(mut rows) = self.few(query)? {
            let total = rows.len() as u64;
            rows.drain(..offset.min(rows.len()));
            rows.truncate(limit);
            return Ok(RunPage { rows, total });
        }
        let counted = self.worker_count(query)?;
        let wanted = offset.saturating_add(limit) as u64;
        let snapshot = Snapshot::take(&self.model.read(), query, wanted, counted);
        let mut walk = Walk::new(self, query, &snapshot, None)?;
        let (mut rows, mut found) = (Vec::new(), 0_usize);
        // Where memory knows the total, the walk ends with the page.
        while rows.len() < limit || snapshot.total.is_none() {
            let Some(next) = walk.next()? else {
                break;
            };
            found += 1;
            if found > offset && rows.len() < limit {
                rows.extend(self.row_of(next)?);
            }
        }
        let total = snapshot.total.unwrap_or(found as u64);
        Ok(RunPage { rows, total })
    }

    /// A page of the same list that goes on where another ended, without a total. It looks at most at
    /// [`EXAMINED_MAX`] runs, and has at most [`crate::PAGE_BYTES_MAX`].
    pub fn list_from(
        &self,
        query: &RunQuery,
        cursor: &Cursor,
        limit: usize,
    ) -> Answer<Listing<Arc<RunRow>>> {
        let after: Option<Place> = cursor.as_bytes().try_into().ok();
        let mut listing = Listing {
            rows: Vec::new(),
            next: None,
            examined: 0,
        };
        let goes_on = |place: &Place| Some(Cursor::from_bytes(place.to_vec()));
        let mut bytes = PageBytes::default();
        if let Some(rows) = self.few(query)? {
            let rows = rows.into_iter().map(|row| (place::place(&row), row));
            let rest = rows.filter(|(place, _)| after.is_none_or(|after| *place > after));
            for (place, row) in rest {
                listing.examined = listing.rows.len();
                if listing.rows.len() == limit || !bytes.fits(stored::size(&*row)) {
                    return Ok(listing);
                }
                listing.next = goes_on(&place);
                listing.rows.push(row);
            }
            listing.examined = listing.rows.len();
            listing.next = None;
            return Ok(listing);
        }
        let snapshot = Snapshot::take(&self.model.read(), query, limit as u64, Some(0));
        let mut walk = Walk::new(self, query, &snapshot, after.as_ref())?;
        walk.examined_max = EXAMINED_MAX;
        while let Some(next) = walk.next()? {
            listing.examined = walk.examined;
            if listing.rows.len() == limit {
                return Ok(listing);
            }
            let place = next.place();
            let row = self.row_of(next)?;
            if row
                .as_ref()
                .is_some_and(|row| !bytes.fits(stored::size(&**row)))
            {
                return Ok(listing);
            }
            listing.next = goes_on(&place);
            listing.rows.extend(row);
        }
        listing.examined = walk.examined;
        // The walk is over, or tired.
        listing.next = walk.tired_at.as_ref().and_then(goes_on);
        Ok(listing)
    }

    /// How many runs there are.
    pub fn count(&self, query: &RunQuery) -> Answer<u64> {
        Ok(self.list(query, 0, 0)?.total)
    }

    /// The runs of a list that can only be short, in order.
    fn few(&self, query: &RunQuery) -> Answer<Option<Vec<Arc<RunRow>>>> {
        let mut rows: Vec<Arc<RunRow>> = if query.last_completed {
            self.model.read().latest().cloned().collect()
        } else if let Some(ids) = &query.schedule_ids {
            self.of_occasions(ids)?
        } else {
            return Ok(None);
        };
        rows.retain(|row| query.admits(row));
        rows.sort_by_cached_key(|row| place::place(row));
        Ok(Some(rows))
    }

    fn of_occasions(&self, ids: &BTreeSet<u64>) -> Answer<Vec<Arc<RunRow>>> {
        let mut rows = Vec::new();
        for id in ids {
            let siblings = self.reader.scan(Range::prefix(&index::siblings(*id)))?;
            let siblings = siblings.iter().filter_map(|(key, _)| key.last_chunk());
            let numbers = siblings.map(|number| u64::from_be_bytes(*number));
            for number in std::iter::once(*id).chain(numbers) {
                rows.extend(self.get(number)?.filter(|row| row.schedule_id == *id));
            }
        }
        Ok(rows)
    }

    /// How many runs of certain workers are over, if the list filters by worker alone and the
    /// counts cover it.
    fn worker_count(&self, query: &RunQuery) -> Answer<Option<u64>> {
        let Some(worker) = &query.worker else {
            return Ok(None);
        };
        if query.is_about_due() || !query.includes_over() {
            return Ok(None);
        }
        let of = |worker: Option<u64>| -> Answer<u64> {
            let mut sum = 0;
            for (key, value) in self
                .reader
                .scan(Range::prefix(&index::worker_counts(worker)))?
            {
                let count: i64 = self.reader.decode(&value)?;
                if Class::of_key(&key).is_some_and(|class| counts(query, class)) {
                    sum += u64::try_from(count).unwrap_or_default();
                }
            }
            Ok(sum)
        };
        let over = match worker {
            WorkerIs::Unassigned => of(None)?,
            WorkerIs::Assigned => {
                let unassigned = of(None)?;
                let model = self.model.read();
                let all: u64 = matching(&model, query).map(|(_, count)| count).sum();
                all.saturating_sub(unassigned)
            }
            WorkerIs::OneOf(workers) => {
                let mut sum = 0;
                for worker in workers {
                    sum += of(Some(*worker))?;
                }
                sum
            }
        };
        Ok(Some(over))
    }

    fn row_of(&self, next: Next) -> Answer<Option<Arc<RunRow>>> {
        match next {
            Next::Held(_, row) => Ok(Some(row)),
            Next::Entry(entry) => self.get(place::number_at(&entry.place)),
        }
    }
}

impl Snapshot {
    /// `wanted` is how far the list is walked, `counted` an already known number of finished runs.
    fn take(model: &Model, query: &RunQuery, wanted: u64, counted: Option<u64>) -> Self {
        let mut held: Vec<(Place, Arc<RunRow>)> = if query.includes_open() {
            let open = open(model, query);
            open.map(|row| (place::place(row), Arc::clone(row)))
                .collect()
        } else {
            Vec::new()
        };
        if !query.includes_over() {
            held.sort_by_key(|(place, _)| *place);
            return Self {
                total: Some(held.len() as u64),
                held,
                hidden: BTreeSet::new(),
                indexes: Vec::new(),
            };
        }
        let over = || matching(model, query).map(|(_, count)| count).sum::<u64>();
        let countable = query.worker.is_none() && !query.is_about_due();
        let over = counted.or_else(|| countable.then(over));
        let total = over.map(|over| over + held.len() as u64);

        let mut hidden: BTreeSet<u64> = held.iter().map(|(_, row)| row.number).collect();
        hidden.extend(model.settled.keys());
        hidden.extend(&model.reopened);
        let settled = model.settled.values().filter(|row| query.admits(row));
        held.extend(settled.map(|row| (place::place(row), Arc::clone(row))));
        held.sort_by_key(|(place, _)| *place);

        let wanted = if total.is_some() { wanted } else { u64::MAX };
        Self {
            held,
            hidden,
            total,
            indexes: indexes(model, query, wanted),
        }
    }
}

/// The matching runs that are not over.
fn open<'m>(
    model: &'m Model,
    query: &'m RunQuery,
) -> Box<dyn Iterator<Item = &'m Arc<RunRow>> + 'm> {
    let candidates: Box<dyn Iterator<Item = &'m Arc<RunRow>> + 'm> =
        if let Some(WorkerIs::OneOf(workers)) = &query.worker {
            let workers = workers.iter();
            Box::new(workers.flat_map(|worker| model.open_of_worker(*worker)))
        } else if let Some(jobs) = query.jobs.as_ref().filter(|jobs| jobs.len() <= FEW_JOBS) {
            Box::new(jobs.iter().flat_map(|job| model.open_of_job(*job)))
        } else if let Some(state) = query.state {
            Box::new(model.open_in(state))
        } else {
            let states = RunState::ALL.into_iter();
            Box::new(states.flat_map(|state| model.open_in(state)))
        };
    Box::new(candidates.filter(|row| query.admits(row)))
}

/// Whether the runs of a class may match, by the class alone.
fn counts(query: &RunQuery, class: Class) -> bool {
    query
        .jobs
        .as_ref()
        .is_none_or(|jobs| jobs.contains(&class.job))
        && query
            .is_manual
            .is_none_or(|is_manual| class.is_manual == is_manual)
        && query.outcomes().any(|outcome| class.outcome == outcome)
}

/// The matching classes of runs that are over, and how many runs there are of each.
fn matching<'m>(
    model: &'m Model,
    query: &'m RunQuery,
) -> Box<dyn Iterator<Item = (Class, u64)> + 'm> {
    let all: Box<dyn Iterator<Item = (&Class, &u64)> + 'm> = match &query.jobs {
        Some(jobs) if jobs.len() <= FEW_JOBS => {
            Box::new(jobs.iter().flat_map(|job| model.counts_of(*job)))
        }
        Some(_) | None => Box::new(model.counts.iter()),
    };
    let wanted = all.filter(|(class, _)| counts(query, **class));
    Box::new(wanted.map(|(class, count)| (*class, *count)))
}

/// The indexes in which the matching runs that are over are found with the least reading: those of
/// each of their jobs, or those of all jobs, most of which may belong to others.
fn indexes(model: &Model, query: &RunQuery, wanted: u64) -> Vec<KeyBuilder> {
    let mut sought = BTreeSet::new();
    let mut asked_for = 0;
    for (class, count) in matching(model, query) {
        sought.insert((class.job, class.outcome));
        asked_for += count;
    }
    if asked_for == 0 {
        return Vec::new();
    }
    let of_all = || query.outcomes().map(index::by_outcome).collect();
    if query.jobs.is_none() {
        return of_all();
    }
    let outcomes: Vec<_> = query.outcomes().collect();
    let all = model.counts.iter();
    let all: u64 = all
        .filter(|(class, _)| outcomes.contains(&class.outcome))
        .map(|(_, count)| count)
        .sum();
    let wanted = wanted.min(asked_for);
    let read_of_all = u128::from(wanted) * u128::from(all) / u128::from(asked_for);
    let read_of_jobs = wanted + SEEK_ENTRIES * sought.len() as u64;
    if u128::from(read_of_jobs) < read_of_all {
        let sought = sought.into_iter();
        return sought
            .map(|(job, outcome)| index::by_job(job, outcome))
            .collect();
    }
    of_all()
}

/// What comes next in a list.
enum Next {
    Held(Place, Arc<RunRow>),
    Entry(Entry),
}

impl Next {
    fn place(&self) -> Place {
        match self {
            Self::Held(place, _) => *place,
            Self::Entry(entry) => entry.place,
        }
    }
}

/// Goes through what memory and the table have, in order.
struct Walk<'w> {
    query: &'w RunQuery,
    hidden: &'w BTreeSet<u64>,
    held: std::iter::Peekable<std::slice::Iter<'w, (Place, Arc<RunRow>)>>,
    over: Merge<'w>,
    examined: usize,
    examined_max: usize,
    /// Where it ended because it had looked at so many.
    tired_at: Option<Place>,
}

impl<'w> Walk<'w> {
    fn new(
        runs: &'w Runs,
        query: &'w RunQuery,
        snapshot: &'w Snapshot,
        after: Option<&[u8; PLACE_BYTES]>,
    ) -> Answer<Self> {
        let first = after.map_or(0, |after| {
            snapshot.held.partition_point(|(place, _)| place <= after)
        });
        let indexes = snapshot.indexes.iter().cloned();
        Ok(Self {
            query,
            hidden: &snapshot.hidden,
            held: snapshot.held[first..].iter().peekable(),
            over: Merge::new(&runs.reader, indexes, after)?,
            examined: 0,
            examined_max: usize::MAX,
            tired_at: None,
        })
    }

    fn next(&mut self) -> Answer<Option<Next>> {
        let mut last = None;
        loop {
            if self.examined >= self.examined_max {
                self.tired_at = last.or(self.tired_at);
                return Ok(None);
            }
            self.examined += 1;
            let held = self.held.peek().map(|(place, _)| place);
            let is_held = match (held, self.over.peek()) {
                (Some(held), Some(over)) => held < over,
                (held, None) => held.is_some(),
                (None, Some(_)) => false,
            };
            if is_held {
                let next = self.held.next();
                self.tired_at = next.map(|(place, _)| *place);
                return Ok(next.map(|(place, row)| Next::Held(*place, Arc::clone(row))));
            }
            let Some(entry) = self.over.next()? else {
                self.tired_at = None;
                return Ok(None);
            };
            last = Some(entry.place);
            let is_hidden = self.hidden.contains(&place::number_at(&entry.place));
            let due_at = place::schedule_at(&entry.place);
            if !is_hidden && self.query.admits_brief(&entry.brief, due_at) {
                self.tired_at = last;
                return Ok(Some(Next::Entry(entry)));
            }
        }
    }
}
