//! What a unit of work has read and decided so far, and how it becomes one append.

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use domain::{Aggregate, Event, History};
use eventlog::{
    Append, AppendError, Appended, EventType, Expected, NewEvent, Recorded, Revision, StreamName,
};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::commands::Inner;
use crate::ids::Ids;
use crate::load::{self, Part, State};
use crate::{Appended1, BoxFuture, CommandError, Outcome};

/// The inside of a [`crate::Transaction`].
pub(crate) struct Unit {
    inner: Arc<Inner>,
    metadata: Bytes,
    ids: Ids,
    things: BTreeMap<StreamName, Thing>,
    pending: Vec<Pending>,
    /// What the stream that was read last already holds under this unit's ids.
    first: Vec<Appended1>,
    /// Turns that are held until the unit is over.
    turns: BTreeMap<String, OwnedMutexGuard<()>>,
}

/// A thing as it was loaded and as this unit has changed it.
struct Thing {
    state: Box<dyn State>,
    history: History,
    revision: Option<Revision>,
}

struct Pending {
    id: Uuid,
    stream: StreamName,
    event: Event,
}

impl Unit {
    pub(crate) fn new(inner: Arc<Inner>, metadata: Bytes, ids: Ids) -> Self {
        Self {
            inner,
            metadata,
            ids,
            things: BTreeMap::new(),
            pending: Vec::new(),
            first: Vec::new(),
            turns: BTreeMap::new(),
        }
    }

    pub(crate) async fn load<A: Aggregate>(
        &mut self,
        key: &str,
    ) -> Result<A, CommandError<A::Rejection>> {
        let stream = StreamName::new(A::CATEGORY, key)?;
        self.open::<A>(&stream, A::HISTORY).await.cloned()
    }

    pub(crate) async fn execute<A: Aggregate>(
        &mut self,
        key: &str,
        command: A::Command,
    ) -> Result<Vec<A::Event>, CommandError<A::Rejection>> {
        let stream = StreamName::new(A::CATEGORY, key)?;
        let state = self.open::<A>(&stream, A::history_for(&command)).await?;
        let events = state.decide(command).map_err(CommandError::Rejected)?;
        for event in &events {
            state.evolve(event);
        }
        for event in &events {
            self.add(&stream, event.clone().into());
        }
        Ok(events)
    }

    fn add(&mut self, stream: &StreamName, event: Event) {
        self.pending.push(Pending {
            id: self.ids.of(self.pending.len()),
            stream: stream.clone(),
            event,
        });
    }

    /// The events that this unit's ids already have in this aggregate's stream, if any.
    pub(crate) async fn first_result<A: Aggregate>(
        &mut self,
        key: &str,
        history: History,
    ) -> Result<Option<Outcome>, CommandError<A::Rejection>> {
        let stream = StreamName::new(A::CATEGORY, key)?;
        self.open::<A>(&stream, history).await?;
        Ok((!self.first.is_empty()).then(|| Outcome {
            events: std::mem::take(&mut self.first),
            repeated: true,
        }))
    }

    /// Waits for this name's turn, once per unit. A unit that has a turn already does not wait for
    /// another: two units that wait for each other would wait for ever.
    pub(crate) async fn take_turn(&mut self, name: &str) {
        if self.turns.contains_key(name) {
            return;
        }
        let turn = if self.turns.is_empty() {
            Some(self.inner.numbers.lock(name).await)
        } else {
            self.inner.numbers.try_lock(name)
        };
        if let Some(turn) = turn {
            self.turns.insert(name.to_owned(), turn);
        }
    }

    /// The thing's state, read from the log unless this unit has it already.
    async fn open<A: Aggregate>(
        &mut self,
        stream: &StreamName,
        history: History,
    ) -> Result<&mut A, CommandError<A::Rejection>> {
        let part = Part {
            stream,
            category: A::CATEGORY,
            history,
        };
        let known = self.know(part, || Box::new(A::default())).await;
        known.map_err(CommandError::of_machinery)?;
        let thing = self.things.get_mut(stream);
        let state = thing.and_then(|thing| {
            let state: &mut dyn Any = &mut *thing.state;
            state.downcast_mut::<A>()
        });
        state.ok_or_else(|| CommandError::Fault {
            reason: format!("two aggregates share the stream {stream}"),
        })
    }

    /// Reads a thing from the log unless this unit knows enough of it already.
    fn know<'a>(
        &'a mut self,
        part: Part<'a>,
        new: fn() -> Box<dyn State>,
    ) -> BoxFuture<'a, Result<(), CommandError<Infallible>>> {
        Box::pin(async move {
            let (stream, history) = (part.stream, part.history);
            let enough = |thing: &Thing| thing.history >= history;
            if !self.things.get(stream).is_some_and(enough) {
                let log = Arc::clone(&self.inner.log);
                let (ids, first) = (self.ids, &mut self.first);
                first.clear();
                let mut note_first = |recorded: &Recorded, event: &Event| {
                    if ids.is(recorded.id, first.len()) {
                        first.push(load::appended(recorded, event));
                    }
                };
                let mut state = new();
                let revision = load::fold(&*log, part, &mut *state, &mut note_first).await?;
                for pending in self.pending.iter().filter(|one| one.stream == *stream) {
                    // An event of another aggregate is found when the state is used: it is not the caller's then.
                    let _ = state.apply(pending.event.clone());
                }
                let thing = Thing {
                    state,
                    history,
                    revision,
                };
                self.things.insert(stream.clone(), thing);
            }
            Ok(())
        })
    }

    /// Appends what was decided, all or nothing. The unit is over then.
    pub(crate) async fn commit(&mut self) -> Result<Outcome, AppendError> {
        let appended = self.append().await;
        self.turns.clear();
        appended
    }

    async fn append(&mut self) -> Result<Outcome, AppendError> {
        if self.pending.is_empty() {
            return Ok(Outcome::default());
        }
        let mut written: BTreeMap<StreamName, u64> = BTreeMap::new();
        let mut names = Vec::with_capacity(self.pending.len());
        let mut batch: Vec<Append> = Vec::new();
        for Pending { id, stream, event } in self.pending.drain(..) {
            let encoded = event.encode();
            names.push((id, encoded.event_type));
            let event = NewEvent {
                id,
                event_type: EventType::from_static(encoded.event_type),
                version: encoded.version,
                metadata: self.metadata.clone(),
                data: encoded.data.into(),
                recorded_at: None,
            };
            let before = written.entry(stream.clone()).or_default();
            match batch.last_mut() {
                Some(part) if part.stream == stream => part.events.push(event),
                _ => batch.push(Append {
                    expected: self
                        .things
                        .get(&stream)
                        .map_or(Expected::Any, |thing| thing.expected_after(*before)),
                    stream,
                    events: vec![event],
                }),
            }
            *before += 1;
        }
        let Appended { receipts, repeated } = self.inner.log.append(batch).await?;
        let events = names.into_iter().zip(receipts);
        Ok(Outcome {
            events: events
                .map(|((id, event), receipt)| Appended1 {
                    id,
                    position: receipt.position,
                    revision: receipt.revision,
                    event,
                })
                .collect(),
            repeated,
        })
    }
}

impl Thing {
    /// The expected revision of its stream after this unit has written so many events to it.
    fn expected_after(&self, written: u64) -> Expected {
        match (self.history, self.revision, written) {
            (History::Nothing, ..) => Expected::Any,
            (_, None, 0) => Expected::Empty,
            (_, None, more) => Expected::At(Revision(more - 1)),
            (_, Some(last), more) => Expected::At(Revision(last.0 + more)),
        }
    }
}
