//! Changes records as a document describes them, one after the other, within one unit of work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use commands::{CommandError, Transaction, names, numbers};
use domain::Record;
use domain::core::name::NameRejection;
use jiff::Timestamp;
use projections::jobs::roster::{Kept, RosterView};
use projections::jobs::runs::Runs;
use secrecy::SecretString;

use crate::error::Fault;
use crate::fields::{Faults, join};
use crate::kind::Kind;
use crate::prepared::Prepared;
use crate::report::{Applied, AppliedRecord, differences};
use crate::{DocumentFields, Item, Look, Provisioning, Reference, Which};

/// Why a unit of work does not commit.
pub enum Refused {
    /// The document contradicts itself, or what exists.
    Faults {
        faults: Vec<Fault>,
        /// Whether all of them contradict what exists.
        conflict: bool,
    },
    DryRun(Box<Applied>),
}

impl fmt::Debug for Refused {
    /// A dry run may hold new secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused({self})")
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults { faults, .. } => write!(f, "{} faults", faults.len()),
            Self::DryRun(_) => f.write_str("it was a dry run"),
        }
    }
}

impl std::error::Error for Refused {}

/// Why one record cannot be changed as described.
pub enum Stop {
    /// The fault was noted; other records are still looked at.
    Noted,
    /// Nothing more can be done.
    Over(CommandError<Refused>),
}

/// A step of changing one record.
pub(crate) type Step<T> = Result<T, Stop>;

/// A unit of work that changes records.
pub struct Plan<'a> {
    pub(crate) unit: &'a Transaction,
    pub(crate) provisioning: &'a Provisioning,
    pub(crate) roster: RosterView,
    pub(crate) runs: Runs,
    pub(crate) prepared: &'a Prepared,
    pub(crate) at: Timestamp,
    pub(crate) faults: Faults,
    pub(crate) applied: Applied,
    /// Records that this unit has named: category, number of the record in which the name is unique
    /// (0 for none), name.
    pub(crate) made: BTreeMap<(&'static str, u64, String), u64>,
    /// Names that this unit has given.
    pub(crate) called: BTreeMap<(&'static str, u64), String>,
    /// Records that this unit has opened.
    settled: BTreeSet<(&'static str, u64)>,
    /// Jobs whose parents this unit has set.
    pub(crate) parents: BTreeMap<u64, Option<u64>>,
    /// Pools that this transaction removes from projects, and the place in the document.
    pub(crate) lost_pools: BTreeMap<u64, (String, Vec<u64>)>,
    /// Names that several records of a kind have within the document.
    pub(crate) ambiguous: BTreeSet<(&'static str, String)>,
    conflicts_only: bool,
}

/// One record after the change.
pub(crate) struct Settled<K: Record> {
    pub(crate) before: Option<K::Facts>,
    pub(crate) after: K::Facts,
    pub(crate) key: String,
    pub(crate) report: AppliedRecord,
}

impl Look for Plan<'_> {
    fn called<K: Kept>(&self, number: u64) -> Option<String> {
        let here = self.called.get(&(K::CATEGORY, number)).cloned();
        here.or_else(|| self.roster.read(|roster| roster.called::<K>(number)))
    }
}

impl<'a> Plan<'a> {
    pub(crate) fn new(
        unit: &'a Transaction,
        provisioning: &'a Provisioning,
        (roster, runs): (RosterView, Runs),
        prepared: &'a Prepared,
    ) -> Self {
        Self {
            unit,
            provisioning,
            roster,
            runs,
            prepared,
            at: unit.now(),
            faults: Faults::default(),
            applied: Applied::default(),
            made: BTreeMap::new(),
            called: BTreeMap::new(),
            settled: BTreeSet::new(),
            parents: BTreeMap::new(),
            lost_pools: BTreeMap::new(),
            ambiguous: BTreeSet::new(),
            conflicts_only: true,
        }
    }

    /// Ends the unit after faults: records that refer to faulty ones would be faulty as well, which
    /// is no news.
    pub(crate) fn check(&mut self) -> Result<(), CommandError<Refused>> {
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(CommandError::Rejected(Refused::Faults {
            faults: std::mem::take(&mut self.faults).into_list(),
            conflict: self.conflicts_only,
        }))
    }

    /// Notes a fault of a field.
    pub(crate) fn wrong<T>(
        &mut self,
        place: &str,
        key: &str,
        message: impl Into<String>,
    ) -> Step<T> {
        self.conflicts_only = false;
        self.faults.add(join(place, key), message);
        Err(Stop::Noted)
    }

    /// The number that a field refers to, if the document has it.
    pub(crate) fn number(
        &mut self,
        place: &str,
        key: &str,
        reference: Option<&Reference>,
        find: impl Fn(&Self, &Reference) -> Result<u64, String>,
    ) -> Step<Option<u64>> {
        match reference.map(|reference| find(self, reference)) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(message)) => self.wrong(place, key, message),
        }
    }

    /// The numbers that a field refers to, if the document has it.
    pub(crate) fn numbers<K: Kept>(
        &mut self,
        place: &str,
        key: &str,
        references: Option<&[Reference]>,
    ) -> Step<Option<BTreeSet<u64>>> {
        let Some(references) = references else {
            return Ok(None);
        };
        let mut numbers = BTreeSet::new();
        let mut complete = true;
        for (index, reference) in references.iter().enumerate() {
            match self.find::<K>(reference) {
                Ok(number) => {
                    numbers.insert(number);
                }
                Err(message) => {
                    complete = false;
                    let key = format!("{key}[{index}]");
                    let _: Step<()> = self.wrong(place, &key, message);
                }
            }
        }
        if complete {
            Ok(Some(numbers))
        } else {
            Err(Stop::Noted)
        }
    }

    /// The record that an item describes, if it exists and names of its kind are unique everywhere.
    pub(crate) fn known<K: Kind>(&self, item: &Item<K::Fields>) -> Option<u64> {
        match item.which {
            Which::Number(number) => Some(number),
            Which::New => None,
            Which::Called => self.called_so::<K>(item.wanted.name()?),
        }
    }

    /// Changes the record that an item describes, of a kind whose names are unique everywhere;
    /// `update` sets what refers to other records.
    pub(crate) async fn change<K: Kind>(
        &mut self,
        item: &Item<K::Fields>,
        blank: fn(u64, Timestamp) -> K::Facts,
        update: impl FnOnce(&mut K::Facts) + Send,
    ) -> Step<Settled<K>> {
        let known = self.known::<K>(item);
        let (number, before) = self.open::<K>(&item.place, known).await?;
        let mut facts = before.clone().unwrap_or_else(|| blank(number, self.at));
        item.wanted.set(&mut facts);
        update(&mut facts);
        self.finish::<K>(&item.place, number, before, facts).await
    }

    /// The facts of the record with this number, or a number for a new one.
    pub(crate) async fn open<K: Kind>(
        &mut self,
        place: &str,
        known: Option<u64>,
    ) -> Step<(u64, Option<K::Facts>)> {
        let (number, facts) = match known {
            Some(number) => {
                let loaded = self.unit.load::<K>(&number.to_string()).await;
                let loaded = loaded.map_err(|error| self.refused(place, error))?;
                let Some(facts) = Record::facts(&loaded).cloned() else {
                    let message = format!("no {} has the number {number}", K::WORD);
                    return self.wrong(place, "id", message);
                };
                (number, Some(facts))
            }
            None => {
                let taken = numbers::take(self.unit, K::CATEGORY).await;
                (taken.map_err(|error| self.refused(place, error))?, None)
            }
        };
        if !self.settled.insert((K::CATEGORY, number)) {
            let message = format!("is about the same {} as another", K::WORD);
            return self.wrong(place, "", message);
        }
        Ok((number, facts))
    }

    /// Changes a record that was opened.
    pub(crate) async fn finish<K: Kind>(
        &mut self,
        place: &str,
        number: u64,
        before: Option<K::Facts>,
        after: K::Facts,
    ) -> Step<Settled<K>> {
        self.name::<K>(place, number, before.as_ref(), &after)
            .await?;
        let commands = match &before {
            None => vec![K::create(after.clone())],
            Some(before) => K::towards(before, &after, self.at),
        };
        let mut events = 0;
        for command in commands {
            let decided = self.unit.execute::<K>(&number.to_string(), command).await;
            events += decided.map_err(|error| self.refused(place, error))?.len();
        }
        let shown = K::show(&after, self);
        let shown_before = before.as_ref().map(|before| K::show(before, self));
        let report = AppliedRecord {
            id: Some(number),
            action: match (&before, events) {
                (None, _) => "created",
                (Some(_), 0) => "unchanged",
                (Some(_), _) => "changed",
            },
            changes: differences(shown_before.as_ref(), &shown),
            ..AppliedRecord::default()
        };
        self.applied.changed |= report.action != "unchanged";
        let within = K::within(&after).unwrap_or_default();
        let key = K::name(&after).to_owned();
        self.made.insert((K::CATEGORY, within, key.clone()), number);
        Ok(Settled {
            before,
            after,
            key,
            report,
        })
    }

    /// Takes its unique names.
    async fn name<K: Kind>(
        &mut self,
        place: &str,
        number: u64,
        before: Option<&K::Facts>,
        after: &K::Facts,
    ) -> Step<()> {
        let mut old = before.map(K::names).unwrap_or_default().into_iter();
        for (index, (field, kind, name)) in K::names(after).into_iter().enumerate() {
            let new = (kind.as_str(), name.as_str());
            let done = match old.next() {
                Some((_, kind, name)) => {
                    names::change(self.unit, (&kind, &name), new, number).await
                }
                None => names::take(self.unit, new, number).await,
            };
            match done {
                Ok(()) if index == 0 => {
                    self.called.insert((K::CATEGORY, number), name);
                }
                Ok(()) => {}
                Err(CommandError::Rejected(NameRejection::Taken { by })) => {
                    let other = self.called::<K>(by).unwrap_or_default();
                    let word = K::WORD;
                    self.faults.add(
                        join(place, field),
                        format!(
                            "`{name:.255}` belongs to another {word} (`{other:.255}`, number {by})"
                        ),
                    );
                    return Err(Stop::Noted);
                }
                Err(error) => return Err(self.refused(place, error)),
            }
        }
        Ok(())
    }

    /// A rejection is a fault of the record; every other error ends the unit.
    pub(crate) fn refused<R: fmt::Display>(&mut self, place: &str, error: CommandError<R>) -> Stop {
        match error {
            CommandError::Rejected(rejection) => {
                self.conflicts_only = false;
                self.faults.add(place, rejection.to_string());
                Stop::Noted
            }
            other => Stop::Over(other.map(|_| Refused::Faults {
                faults: Vec::new(),
                conflict: false,
            })),
        }
    }

    /// Whether several records of the kind have this name in the document.
    pub(crate) fn is_ambiguous<K: Record>(&self, name: &str) -> bool {
        self.ambiguous.contains(&(K::CATEGORY, name.to_owned()))
    }

    /// Adds a record to the report.
    pub(crate) fn report<K: Kind>(&mut self, settled: Settled<K>) {
        let records = self.applied.objects.entry(K::Fields::PLURAL).or_default();
        records.insert(settled.key, settled.report);
    }

    /// A new secret.
    pub(crate) fn random(&self) -> Step<SecretString> {
        people::secret::new_secret()
            .map(SecretString::from)
            .map_err(|error| {
                tracing::error!(%error, "no randomness: {error}");
                Stop::Over(CommandError::Busy)
            })
    }
}
