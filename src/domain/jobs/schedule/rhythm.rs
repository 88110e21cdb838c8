//! What the occasions of a job follow.

use super::{Cron, Interval};

/// What the occasions of a job follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// They are so far apart.
    Every(Interval),
    /// The calendar and the clock.
    Cron(Box<Cron>),
    /// An expression that this program does not read, though another has taken it. The job is not
    /// to fall silent for that.
    Unreadable,
}

impl Rhythm {
    /// What a job's occasions follow; none when it does not repeat by itself. A job with an
    /// expression has no interval: it sees to that itself.
    #[must_use]
    pub fn of(interval: Option<Interval>, cron: Option<&str>) -> Option<Self> {
        match cron.map(Cron::parse) {
            Some(Ok(cron)) => Some(Self::Cron(Box::new(cron))),
            Some(Err(_)) => Some(Self::Unreadable),
            None => interval.map(Self::Every),
        }
    }
}
