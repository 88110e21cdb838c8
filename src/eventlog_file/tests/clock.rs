//! A clock that jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use eventlog::{EventLog, Position};
use jiff::Timestamp;

use super::{batch, everything, small};
use crate::{FileLog, FileLogConfig, verify};

/// Seconds, as a clock that was set wrongly, put right and set wrongly again would show them.
const SHOWN: [i64; 6] = [
    1_700_000_000,
    1_700_003_600,
    1_600_000_000,
    0,
    4_000_000_000,
    1_700_000_001,
];

/// Order is a matter of positions; times are noted as the clock showed them, and nothing rests on
/// them.
#[test]
fn a_clock_that_jumps_changes_no_order_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(0));
    let clock = {
        let now = Arc::clone(&now);
        Arc::new(move || Timestamp::from_second(now.load(Ordering::Relaxed)).unwrap())
    };
    let config = FileLogConfig { clock, ..small() };
    let mut number = 0;
    for _ in 0..20 {
        let log = FileLog::open(directory.path(), config.clone()).unwrap();
        for shown in SHOWN {
            now.store(shown, Ordering::Relaxed);
            assert_eq!(
                log.append_blocking(batch(number)).unwrap().last(),
                Position(number + 1)
            );
            number += 1;
        }
    }
    let log = FileLog::open(directory.path(), config).unwrap();
    let events = everything(&log).unwrap();
    assert_eq!(log.head(), Position(number));
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event.position, Position(place as u64 + 1));
        assert_eq!(event.recorded_at.as_second(), SHOWN[place % SHOWN.len()]);
    }
    drop(log);
    assert_eq!(verify(directory.path(), |_, _| {}).unwrap().events, number);
}
