//! Room for streams of events, and how much of it one caller may have.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::{Caller, Problem};

/// One caller may have a quarter of the room, and one stream in any case.
const SHARE_OF: usize = 4;

/// After how many seconds a caller who was refused may come back.
const RETRY_AFTER_SECONDS: u64 = 5;

/// The streams that are open.
pub(crate) struct Streams {
    streams_max: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of_caller: BTreeMap<Holder, usize>,
}

/// Who holds a stream: a token, or an address without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Token(String),
    Address(Option<IpAddr>),
}

/// The room of one stream. It is free again when this is dropped.
pub struct StreamPermit {
    holder: Holder,
    open: Arc<Mutex<Open>>,
}

impl Streams {
    pub(crate) fn new(streams_max: usize) -> Self {
        Self {
            streams_max,
            open: Arc::default(),
        }
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.open.lock().all
    }

    pub(crate) fn permit(&self, caller: &Caller) -> Result<StreamPermit, Problem> {
        self.take(match caller.token_id() {
            Some(id) => Holder::Token(id.to_owned()),
            None => Holder::Address(caller.context().source_ip()),
        })
    }

    fn take(&self, holder: Holder) -> Result<StreamPermit, Problem> {
        let share = (self.streams_max / SHARE_OF).max(1);
        let mut open = self.open.lock();
        let held = open.of_caller.get(&holder).copied().unwrap_or_default();
        if open.all >= self.streams_max {
            let reason = format!(
                "too many streams of events are open (limit {})",
                self.streams_max
            );
            return Err(Problem::unavailable(reason).retry_after(RETRY_AFTER_SECONDS));
        }
        if held >= share {
            let reason = format!(
                "you have too many streams of events open (limit {share} for one token or address)"
            );
            return Err(Problem::rate_limited(reason).retry_after(RETRY_AFTER_SECONDS));
        }
        open.all += 1;
        open.of_caller.insert(holder.clone(), held + 1);
        Ok(StreamPermit {
            holder,
            open: Arc::clone(&self.open),
        })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        open.all -= 1;
        if let Some(held) = open.of_caller.get_mut(&self.holder) {
            *held -= 1;
            if *held == 0 {
                open.of_caller.remove(&self.holder);
            }
        }
    }
}

impl fmt::Debug for StreamPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamPermit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: &str) -> Holder {
        Holder::Token(id.to_owned())
    }

    /// One token opened all 128 streams, and nobody else could look on.
    #[test]
    fn one_caller_has_a_share_of_the_streams_and_the_others_have_the_rest() {
        let streams = Streams::new(8);
        let held = [0, 1].map(|_| streams.take(token("one")).unwrap());
        let refused = streams.take(token("one")).unwrap_err();
        assert_eq!((refused.status, refused.retry_after), (429, Some(5)));
        let others: Vec<_> = ["two", "three", "four"]
            .iter()
            .flat_map(|id| [0, 1].map(|_| streams.take(token(id)).unwrap()))
            .collect();
        assert_eq!(streams.open(), 8);
        assert_eq!(streams.take(token("five")).unwrap_err().status, 503);
        drop(held);
        assert_eq!(streams.open(), 6);
        assert!(streams.take(Holder::Address(None)).is_ok());
        drop(others);
        assert_eq!(streams.open(), 0);
        assert!(streams.open.lock().of_caller.is_empty());
    }

    #[test]
    fn where_there_is_room_for_few_everyone_may_have_one() {
        let streams = Streams::new(1);
        let _held = streams.take(token("one")).unwrap();
        assert_eq!(streams.take(token("one")).unwrap_err().status, 503);
        assert_eq!(Streams::new(0).take(token("one")).unwrap_err().status, 503);
    }
}
