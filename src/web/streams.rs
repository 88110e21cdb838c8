//! The limit of event streams, and the share of one caller.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use shares::{Share, Shares};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Caller, Limits, Problem};

/// After how many seconds a caller who was refused may come back.
const RETRY_AFTER_SECONDS: u64 = 5;

pub(crate) struct Streams {
    max: usize,
    per_caller_max: usize,
    places: Arc<Semaphore>,
    shares: Shares<Holder>,
}

/// Who holds a stream: a token, or an address without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Token(String),
    Address(Option<IpAddr>),
}

/// The permit of one stream, freed when dropped.
pub struct StreamPermit {
    _place: OwnedSemaphorePermit,
    _share: Share<Holder>,
}

impl Streams {
    pub(crate) fn new(limits: &Limits) -> Self {
        let max = limits.streams_max.min(Semaphore::MAX_PERMITS);
        Self {
            max,
            per_caller_max: limits.streams_per_caller_max.unwrap_or(max / 4).max(1),
            places: Arc::new(Semaphore::new(max)),
            shares: Shares::default(),
        }
    }

    pub(crate) fn open(&self) -> usize {
        self.max - self.places.available_permits()
    }

    pub(crate) fn permit(&self, caller: &Caller) -> Result<StreamPermit, Problem> {
        self.take(match caller.token_id() {
            Some(id) => Holder::Token(id.to_owned()),
            None => Holder::Address(caller.context().source_ip()),
        })
    }

    fn take(&self, holder: Holder) -> Result<StreamPermit, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let max = self.max;
            Problem::unavailable(format!("too many streams of events are open (limit {max})"))
                .retry_after(RETRY_AFTER_SECONDS)
        })?;
        let max = self.per_caller_max;
        let share = self.shares.take(holder, max).ok_or_else(|| {
            Problem::rate_limited(format!(
                "you have too many streams of events open (limit {max} for one token or address)"
            ))
            .retry_after(RETRY_AFTER_SECONDS)
        })?;
        Ok(StreamPermit {
            _place: place,
            _share: share,
        })
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

    fn streams(streams_max: usize, streams_per_caller_max: Option<usize>) -> Streams {
        Streams::new(&Limits {
            streams_max,
            streams_per_caller_max,
            ..Limits::default()
        })
    }

    fn token(id: &str) -> Holder {
        Holder::Token(id.to_owned())
    }

    /// One token opened all 128 streams, and no other caller could follow.
    #[test]
    fn one_caller_has_a_share_of_the_streams_and_the_others_have_the_rest() {
        let streams = streams(8, None);
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
        assert!(streams.shares.is_empty());
    }

    #[test]
    fn with_a_small_limit_every_caller_may_have_one() {
        let one = streams(1, None);
        let _held = one.take(token("one")).unwrap();
        assert_eq!(one.take(token("one")).unwrap_err().status, 503);
        assert_eq!(streams(0, None).take(token("one")).unwrap_err().status, 503);
    }

    #[test]
    fn the_share_of_one_caller_is_configurable() {
        let streams = streams(8, Some(3));
        let _held = [0, 1, 2].map(|_| streams.take(token("one")).unwrap());
        assert_eq!(streams.take(token("one")).unwrap_err().status, 429);
        assert_eq!(streams.open(), 3, "a refused stream takes no place");
    }
}
