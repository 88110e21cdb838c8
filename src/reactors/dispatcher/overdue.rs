//! Which runs take longer than their jobs allow. Pure.

use domain::schedule::time_is_up_at;
use jiff::Timestamp;

/// A run whose time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// The run.
    pub run: u64,
    /// Since when.
    pub since: Timestamp,
    /// How long its job allows, as the job says now.
    pub limit_seconds: u32,
}

/// Those that have had their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// The runs, each with how long its job allows.
    pub runs: Vec<(u64, u32)>,
    /// When the time of the next one is up.
    pub next: Option<Timestamp>,
}

/// Looks at every run whose time runs.
#[must_use]
pub fn overdue(timed: impl IntoIterator<Item = Timed>, now: Timestamp) -> Overdue {
    let mut overdue = Overdue::default();
    for timed in timed {
        let up = time_is_up_at(timed.since, timed.limit_seconds);
        if up <= now {
            overdue.runs.push((timed.run, timed.limit_seconds));
        } else {
            overdue.next = Some(overdue.next.map_or(up, |next| next.min(up)));
        }
    }
    overdue
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_run_is_overdue_from_the_moment_on_at_which_its_time_is_up() {
        let begun: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let after = |seconds| begun + SignedDuration::from_secs(seconds);
        let timed = [(1, 60), (2, 30), (3, 90)].map(|(run, limit_seconds)| Timed {
            run,
            since: begun,
            limit_seconds,
        });
        for (now, runs, next) in [
            (29, vec![], Some(30)),
            (30, vec![(2, 30)], Some(60)),
            (60, vec![(1, 60), (2, 30)], Some(90)),
            (1000, vec![(1, 60), (2, 30), (3, 90)], None),
        ] {
            let expected = Overdue {
                runs,
                next: next.map(after),
            };
            assert_eq!(overdue(timed, after(now)), expected, "after {now} s");
        }
    }
}
