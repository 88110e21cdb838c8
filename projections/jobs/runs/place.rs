//! The place of a run in lists: returned last first, then started last, then claimed last, then due first.
//!
//! A time that is not there counts as the least: it comes last where the latest come first. Runs
//! that agree in everything are in the order of their numbers. Times are compared by microseconds,
//! as clients see them.

use jiff::Timestamp;
use tables::KeyBuilder;

use super::RunRow;

/// As bytes, so that the place in memory and the place in a table are compared in one way.
pub(super) type Place = [u8; PLACE_BYTES];

pub(super) const PLACE_BYTES: usize = 40;

pub(super) const FIRST: Place = [0; PLACE_BYTES];

pub(super) fn place(row: &RunRow) -> Place {
    let mut place = FIRST;
    let parts = [
        latest_first(row.returned_at),
        latest_first(row.started_at),
        latest_first(row.enqueued_at),
        soonest_first(row.schedule_at),
        row.number.to_be_bytes(),
    ];
    for (to, part) in place.chunks_exact_mut(8).zip(parts) {
        to.copy_from_slice(&part);
    }
    place
}

/// What stands in a place: the number of the run.
pub(super) fn number_at(place: &Place) -> u64 {
    u64::from_be_bytes(part(place, 4))
}

/// What stands in a place: when the run is due, in microseconds.
pub(super) fn schedule_at(place: &Place) -> i64 {
    (u64::from_be_bytes(part(place, 3)) ^ SIGN).cast_signed()
}

const SIGN: u64 = 1 << 63;

fn part(place: &Place, index: usize) -> [u8; 8] {
    let mut part = [0; 8];
    part.copy_from_slice(&place[index * 8..index * 8 + 8]);
    part
}

fn latest_first(at: Option<Timestamp>) -> [u8; 8] {
    // No time is as early as that.
    let microseconds = at.map_or(i64::MIN, Timestamp::as_microsecond);
    (!(microseconds.cast_unsigned() ^ SIGN)).to_be_bytes()
}

fn soonest_first(at: Timestamp) -> [u8; 8] {
    (at.as_microsecond().cast_unsigned() ^ SIGN).to_be_bytes()
}

/// The key of a place within an index.
pub(super) fn key(prefix: KeyBuilder, place: &Place) -> tables::Key {
    prefix.fixed(place).build()
}

pub(super) fn of_key(key: &[u8]) -> Option<Place> {
    key.last_chunk().copied()
}
