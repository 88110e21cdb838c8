//! How many files and connections this process may have open, and who gets how many of them.
//!
//! A connection that takes the last descriptor stops the log, which can then open no segment. So
//! the number of connections follows from the limit of the system, not only from the configuration.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Where the kernel lists what this process has open.
const OPEN_FILES: &str = "/proc/self/fd";

/// How many descriptors a process has open before it opens its data, when the kernel does not list
/// them.
const OPEN_AT_START: u64 = 32;

/// Descriptors for the log, the views and requests to other services: a quarter of the limit, at
/// least what an empty data directory takes with its first segments, and at most what any takes.
const RESERVE_MIN: u64 = 32;
const RESERVE_MAX: u64 = 256;
const RESERVE_SHARE: u64 = 4;

/// Fewer connections than this are no service.
const CONNECTIONS_MIN: u64 = 2;

/// What may be connected at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connectable {
    /// Clients over HTTP.
    pub(crate) clients_max: usize,
    /// Workers at each of the two ports of the job runner.
    pub(crate) workers_max: usize,
}

/// The limit of this process on open descriptors does not let it serve.
#[derive(Debug, thiserror::Error)]
#[error(
    "at most {limit} files may be open and {open} are, which leaves none for clients: raise the limit to at \
     least {wanted} (`ulimit -n`, LimitNOFILE= of the unit)"
)]
pub(crate) struct TooFewDescriptors {
    limit: u64,
    open: u64,
    wanted: u64,
}

/// Raises the limit on open descriptors as far as this process may, and gives what it is then; none
/// when there is no limit.
pub(super) fn raise_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current;
    }
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit on open files stays at {current:?}: {error}");
            current
        }
    }
}

/// Divides the remaining limit between clients and workers, and logs when that is less than
/// configured.
///
/// # Errors
/// When it leaves nothing.
pub(super) fn share(
    limit: Option<u64>,
    wanted: Connectable,
) -> Result<Connectable, TooFewDescriptors> {
    let Some(limit) = limit else {
        return Ok(wanted);
    };
    let shared = divide(limit, open_now(), wanted)?;
    if shared != wanted {
        let Connectable {
            clients_max,
            workers_max,
        } = shared;
        tracing::warn!(
            limit,
            clients_max,
            workers_max,
            "at most {limit} files may be open: only {clients_max} clients are served at one time \
             (server.connections_max is {}), and {workers_max} workers at each port; raise the limit \
             (`ulimit -n`, LimitNOFILE= of the unit)",
            wanted.clients_max,
        );
    }
    Ok(shared)
}

fn open_now() -> u64 {
    std::fs::read_dir(OPEN_FILES).map_or(OPEN_AT_START, |files| files.count() as u64)
}

fn reserve(limit: u64) -> u64 {
    (limit / RESERVE_SHARE).clamp(RESERVE_MIN, RESERVE_MAX)
}

/// Clients get as many as the two ports together.
fn divide(limit: u64, open: u64, wanted: Connectable) -> Result<Connectable, TooFewDescriptors> {
    let reserve = reserve(limit);
    let free = limit.saturating_sub(open + reserve);
    let wanted_in_all = wanted.clients_max as u64 + 2 * wanted.workers_max as u64;
    if free >= wanted_in_all {
        return Ok(wanted);
    }
    let workers = (free / 4).min(wanted.workers_max as u64);
    let clients = (free - 2 * workers).min(wanted.clients_max as u64);
    if clients < CONNECTIONS_MIN {
        let wanted = (open + RESERVE_MAX + CONNECTIONS_MIN).next_power_of_two();
        return Err(TooFewDescriptors {
            limit,
            open,
            wanted,
        });
    }
    let small = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Connectable {
        clients_max: small(clients),
        workers_max: small(workers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Connectable = Connectable {
        clients_max: 4096,
        workers_max: 4096,
    };

    #[test]
    fn clients_workers_and_the_reserve_fit_into_the_limit() {
        for (limit, open, clients_max, workers_max) in [
            (1_048_576, 10, 4096, 4096),
            (65_536, 10, 4096, 4096),
            (4096, 10, 1916, 957),
            (1024, 10, 380, 189),
            (64, 10, 12, 5),
        ] {
            let shared = divide(limit, open, WANTED).unwrap();
            assert_eq!(
                (shared.clients_max, shared.workers_max),
                (clients_max, workers_max),
                "{limit}"
            );
            let all = open + (shared.clients_max + 2 * shared.workers_max) as u64;
            assert!(all + reserve(limit) <= limit, "{limit}");
        }
    }

    #[test]
    fn without_workers_clients_get_what_is_left() {
        let wanted = Connectable {
            clients_max: 4096,
            workers_max: 0,
        };
        let shared = divide(1024, 10, wanted).unwrap();
        assert_eq!((shared.clients_max, shared.workers_max), (758, 0));
    }

    #[test]
    fn a_limit_that_leaves_nothing_is_named_with_what_would_do() {
        let refused = divide(32, 10, WANTED).unwrap_err().to_string();
        assert!(
            refused.contains("32") && refused.contains("512"),
            "{refused}"
        );
    }
}
