//! Makes things as they are wanted, one after the other, within one unit of work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use commands::{CommandError, Transaction, names, numbers};
use domain::Aggregate;
use domain::core::name::NameRejection;
use jiff::Timestamp;
use projections::jobs::roster::RosterView;
use projections::jobs::runs::Runs;
use web::FieldError;

use super::kind::Kind;
use super::prepared::Prepared;
use super::reading::{Faults, join};
use super::report::{AppliedThing, differences};
use super::{Applied, Reference, Wanted};
use crate::Api;
use crate::wire::{Look, Thing};

/// How a unit of work ends when it does not.
#[derive(Debug)]
pub(super) enum Refused {
    /// The document makes no sense here.
    Faults {
        /// Every fault that was found.
        errors: Vec<FieldError>,
        /// Whether all of them say that something contradicts what is there.
        conflict: bool,
    },
    /// Nothing was to happen.
    DryRun(Box<Outcome>),
}

/// What came of a unit of work, and where the things in it stand.
pub(super) struct Outcome {
    pub(super) applied: Applied,
}

impl fmt::Debug for Outcome {
    /// It may hold new secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outcome")
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults { errors, .. } => write!(f, "{} faults", errors.len()),
            Self::DryRun(_) => f.write_str("nothing was to happen"),
        }
    }
}

impl std::error::Error for Refused {}

/// Why one thing cannot be made as it is wanted.
pub(super) enum Stop {
    /// What is wrong was noted; whatever else is wrong is worth knowing.
    Noted,
    /// Nothing more can be done.
    Over(CommandError<Refused>),
}

pub(super) type Step<T> = Result<T, Stop>;

/// Things being made.
pub(super) struct Plan<'a> {
    pub(super) unit: &'a Transaction,
    pub(super) app: &'a Api,
    pub(super) roster: RosterView,
    pub(super) runs: Runs,
    pub(super) prepared: &'a Prepared,
    pub(super) at: Timestamp,
    pub(super) faults: Faults,
    pub(super) applied: Applied,
    /// What this unit has named, so that what follows can refer to it: kind, what it belongs to (0 for nothing),
    /// name.
    pub(super) made: BTreeMap<(Thing, u64, String), u64>,
    /// What is called how since this unit.
    pub(super) called: BTreeMap<(Thing, u64), String>,
    /// What was settled already.
    settled: BTreeSet<(Thing, u64)>,
    /// Whose parents this unit has settled.
    pub(super) parents: BTreeMap<u64, Option<u64>>,
    /// Pools that projects no longer have, and where the document says so.
    pub(super) lost_pools: BTreeMap<u64, (String, Vec<u64>)>,
    /// What is called alike within the document.
    pub(super) ambiguous: BTreeSet<(Thing, String)>,
    conflicts_only: bool,
}

/// One thing as it is from now on.
pub(super) struct Settled<K: Kind> {
    pub(super) before: Option<K::Facts>,
    pub(super) after: K::Facts,
    /// By what it is known in the report.
    pub(super) key: String,
    pub(super) report: AppliedThing,
}

impl Look for Plan<'_> {
    fn called(&self, thing: Thing, number: u64) -> Option<String> {
        let here = self.called.get(&(thing, number)).cloned();
        here.or_else(|| self.roster.read(|roster| roster.called(thing, number)))
    }
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        unit: &'a Transaction,
        app: &'a Api,
        (roster, runs): (RosterView, Runs),
        prepared: &'a Prepared,
    ) -> Self {
        Self {
            unit,
            app,
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

    /// Ends the unit when anything was wrong so far: what refers to it would be wrong as well, and nobody
    /// needs to hear that.
    pub(super) fn check(&mut self) -> Result<(), CommandError<Refused>> {
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(CommandError::Rejected(Refused::Faults {
            errors: std::mem::take(&mut self.faults).into_errors(),
            conflict: self.conflicts_only,
        }))
    }

    /// Notes what is wrong with a field.
    pub(super) fn wrong<T>(
        &mut self,
        place: &str,
        key: &str,
        message: impl Into<String>,
    ) -> Step<T> {
        self.conflicts_only = false;
        self.faults.add(join(place, key), message);
        Err(Stop::Noted)
    }

    /// The number that a field refers to, if it was spoken of.
    pub(super) fn number(
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

    /// The numbers that a field refers to, if it was spoken of.
    pub(super) fn numbers(
        &mut self,
        place: &str,
        key: &str,
        references: Option<&[Reference]>,
        thing: Thing,
    ) -> Step<Option<BTreeSet<u64>>> {
        let Some(references) = references else {
            return Ok(None);
        };
        let mut numbers = BTreeSet::new();
        let mut complete = true;
        for (index, reference) in references.iter().enumerate() {
            match self.find(thing, reference) {
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

    /// The thing with this number as it stands, or a number for a new one.
    pub(super) async fn open<K: Kind>(
        &mut self,
        place: &str,
        known: Option<u64>,
    ) -> Step<(u64, Option<K::Facts>)> {
        let thing = K::THING;
        let (number, facts) = match known {
            Some(number) => {
                let loaded = self.unit.load::<K::Aggregate>(&number.to_string()).await;
                let loaded = loaded.map_err(|error| self.refused(place, error))?;
                let Some(facts) = K::facts(&loaded).cloned() else {
                    let message = format!("no {} has the number {number}", thing.word());
                    return self.wrong(place, "id", message);
                };
                (number, Some(facts))
            }
            None => {
                let taken = numbers::take(self.unit, K::Aggregate::CATEGORY).await;
                (taken.map_err(|error| self.refused(place, error))?, None)
            }
        };
        if !self.settled.insert((thing, number)) {
            let message = format!("is about the same {} as another", thing.word());
            return self.wrong(place, "", message);
        }
        Ok((number, facts))
    }

    /// Makes a thing that was opened as it is to be.
    pub(super) async fn finish<K: Kind>(
        &mut self,
        place: &str,
        number: u64,
        before: Option<K::Facts>,
        after: K::Facts,
    ) -> Step<Settled<K>> {
        self.name::<K>(place, number, before.as_ref(), &after)
            .await?;
        let commands = match &before {
            None => vec![K::begin(after.clone())],
            Some(before) => K::change(before, &after, self.at),
        };
        let mut events = 0;
        for command in commands {
            let decided = self
                .unit
                .execute::<K::Aggregate>(&number.to_string(), command)
                .await;
            events += decided.map_err(|error| self.refused(place, error))?.len();
        }
        let shown = K::show(&after, self);
        let shown_before = before.as_ref().map(|before| K::show(before, self));
        let report = AppliedThing {
            id: Some(number),
            action: match (&before, events) {
                (None, _) => "created",
                (Some(_), 0) => "unchanged",
                (Some(_), _) => "changed",
            },
            changes: differences(shown_before.as_ref(), &shown),
            ..AppliedThing::default()
        };
        self.applied.changed |= report.action != "unchanged";
        let within = K::within(&after).unwrap_or_default();
        let key = K::name(&after).to_owned();
        self.made.insert((K::THING, within, key.clone()), number);
        Ok(Settled {
            before,
            after,
            key,
            report,
        })
    }

    /// Calls it so that nobody else is called so.
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
                    self.called.insert((K::THING, number), name);
                }
                Ok(()) => {}
                Err(CommandError::Rejected(NameRejection::Taken { by })) => {
                    let other = self.called(K::THING, by).unwrap_or_default();
                    let word = K::THING.word();
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

    /// What the domain says no to is wrong with the thing; everything else ends the unit.
    pub(super) fn refused<R: fmt::Display>(&mut self, place: &str, error: CommandError<R>) -> Stop {
        match error {
            CommandError::Rejected(rejection) => {
                self.conflicts_only = false;
                self.faults.add(place, rejection.to_string());
                Stop::Noted
            }
            other => Stop::Over(other.map(|_| Refused::Faults {
                errors: Vec::new(),
                conflict: false,
            })),
        }
    }

    /// Puts what came of a thing into the report.
    pub(super) fn report<K: Kind>(&mut self, settled: Settled<K>) {
        let things = self.applied.objects.entry(K::Fields::PLURAL).or_default();
        things.insert(settled.key, settled.report);
    }
}
