//! Which runs take longer than their jobs allow. Pure.

use std::time::Duration;

use super::run_times::Start;

/// A run whose time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// The run, and when its start was received.
    pub start: Start,
    /// For how long it has been executed.
    pub executed: Duration,
    /// The timeout of its job, as it is set now.
    pub limit_seconds: u32,
}

/// Those that have had their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// The runs, each with how long its job allows.
    pub runs: Vec<(Start, u32)>,
    /// How long until the time of the next one is up.
    pub next: Option<Duration>,
}

/// Looks at every run whose time runs.
#[must_use]
pub fn overdue(timed: impl IntoIterator<Item = Timed>) -> Overdue {
    let mut overdue = Overdue::default();
    for timed in timed {
        let limit = Duration::from_secs(u64::from(timed.limit_seconds));
        match limit.checked_sub(timed.executed) {
            None | Some(Duration::ZERO) => overdue.runs.push((timed.start, timed.limit_seconds)),
            Some(rest) => {
                overdue.next = Some(overdue.next.map_or(rest, |next| next.min(rest)));
            }
        }
    }
    overdue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_overdue_from_the_moment_on_at_which_its_time_is_up() {
        let start = |run| (run, "2026-11-21T12:00:00Z".parse().unwrap());
        for (executed, runs, next) in [
            (29, vec![], Some(1)),
            (30, vec![(2, 30)], Some(30)),
            (60, vec![(1, 60), (2, 30)], Some(30)),
            (1000, vec![(1, 60), (2, 30), (3, 90)], None),
        ] {
            let timed = [(1, 60), (2, 30), (3, 90)].map(|(run, limit_seconds)| Timed {
                start: start(run),
                executed: Duration::from_secs(executed),
                limit_seconds,
            });
            let runs = runs.into_iter().map(|(run, limit)| (start(run), limit));
            let expected = Overdue {
                runs: runs.collect(),
                next: next.map(Duration::from_secs),
            };
            assert_eq!(overdue(timed), expected, "after {executed} s");
        }
    }
}
