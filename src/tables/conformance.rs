//! What every backend promises, one function per promise.
//!
//! A backend's test calls [`check`] with a factory of empty tables. Every function panics with the
//! promise that was broken.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::sync::Arc;

use crate::{Batch, Key, Range, TABLE_NAME_BYTES_MAX, Table, TableError, Tables};

/// Checks every promise, each on fresh tables.
pub fn check<T: Tables + ?Sized>(fresh: impl Fn() -> Arc<T>) {
    what_was_put_is_found(&*fresh());
    the_last_write_of_a_batch_wins(&*fresh());
    deleting_what_is_not_there_is_fine(&*fresh());
    a_table_keeps_to_itself(&*fresh());
    an_opened_table_is_the_same_table(&*fresh());
    a_dropped_table_is_empty_when_it_comes_back(&*fresh());
    names_are_listed_in_order(&*fresh());
    impossible_names_are_refused(&*fresh());
    every_range_is_the_range_of_an_ordered_map(&*fresh());
    pages_join_without_gap_or_overlap(&*fresh());
    odd_keys_and_values_are_kept(&*fresh());
    a_batch_is_seen_whole(&*fresh());
    persisting_twice_is_fine(&*fresh());
}

/// A put is read by get and scan, and a delete takes it away.
pub fn what_was_put_is_found<T: Tables + ?Sized>(tables: &T) {
    let table = open(tables, "t");
    put(&*table, &[("b", "2"), ("a", "1")]);
    assert_eq!(text(&*table, "a"), Some("1".into()));
    assert_eq!(keys(&*table, Range::all()), ["a", "b"]);

    let mut batch = Batch::new();
    batch.delete("a");
    batch.put("b", "3");
    table.apply(&batch).expect("a batch is applied");
    assert_eq!(text(&*table, "a"), None);
    assert_eq!(text(&*table, "b"), Some("3".into()));
    assert_eq!(keys(&*table, Range::all()), ["b"]);
}

/// Within one batch, only the last write to a key happens.
pub fn the_last_write_of_a_batch_wins<T: Tables + ?Sized>(tables: &T) {
    let table = open(tables, "t");
    let mut batch = Batch::new();
    batch.put("a", "1");
    batch.delete("a");
    batch.delete("b");
    batch.put("b", "2");
    assert_eq!((batch.len(), batch.is_empty()), (2, false));
    table.apply(&batch).expect("a batch is applied");
    assert_eq!(keys(&*table, Range::all()), ["b"]);
}

/// Deleting a missing row, and applying an empty batch, change nothing.
pub fn deleting_what_is_not_there_is_fine<T: Tables + ?Sized>(tables: &T) {
    let table = open(tables, "t");
    table
        .apply(&Batch::new())
        .expect("an empty batch is applied");
    let mut batch = Batch::new();
    batch.delete("a");
    table.apply(&batch).expect("a batch is applied");
    assert_eq!(keys(&*table, Range::all()), [""; 0]);
}

/// Two tables share no rows.
pub fn a_table_keeps_to_itself<T: Tables + ?Sized>(tables: &T) {
    let (one, other) = (open(tables, "one"), open(tables, "other"));
    put(&*one, &[("a", "1")]);
    assert_eq!(text(&*other, "a"), None);
    tables.drop_table("other").expect("a table is dropped");
    assert_eq!(text(&*one, "a"), Some("1".into()));
}

/// Opening a table again gives the same rows, both ways.
pub fn an_opened_table_is_the_same_table<T: Tables + ?Sized>(tables: &T) {
    let one = open(tables, "t");
    put(&*one, &[("a", "1")]);
    let other = open(tables, "t");
    assert_eq!(text(&*other, "a"), Some("1".into()));
    put(&*other, &[("b", "2")]);
    assert_eq!(text(&*one, "b"), Some("2".into()));
}

/// Dropping empties a table, also for its old handles, and may be repeated.
pub fn a_dropped_table_is_empty_when_it_comes_back<T: Tables + ?Sized>(tables: &T) {
    let old = open(tables, "t");
    put(&*old, &[("a", "1")]);
    tables.drop_table("t").expect("a table is dropped");
    tables
        .drop_table("t")
        .expect("a dropped table is dropped already");
    assert_eq!(tables.names().expect("names are listed"), [""; 0]);

    let dropped = TableError::Dropped { name: "t".into() };
    let new = open(tables, "t");
    assert_eq!(keys(&*new, Range::all()), [""; 0]);
    let mut batch = Batch::new();
    batch.put("a", "stale");
    assert_eq!(old.get(b"a").expect_err("the handle is stale"), dropped);
    assert_eq!(
        old.scan(Range::all()).expect_err("the handle is stale"),
        dropped
    );
    assert_eq!(old.apply(&batch).expect_err("the handle is stale"), dropped);
    assert_eq!(keys(&*new, Range::all()), [""; 0]);
}

/// `names` lists what was opened and not dropped.
pub fn names_are_listed_in_order<T: Tables + ?Sized>(tables: &T) {
    for name in ["runs@2", "queue", "runs@1", "jobs"] {
        open(tables, name);
    }
    tables.drop_table("jobs").expect("a table is dropped");
    assert_eq!(
        tables.names().expect("names are listed"),
        ["queue", "runs@1", "runs@2"]
    );
}

/// Empty, overlong and reserved names are refused; the longest is not.
pub fn impossible_names_are_refused<T: Tables + ?Sized>(tables: &T) {
    let overlong = "n".repeat(TABLE_NAME_BYTES_MAX + 1);
    for name in ["", "__sled__default", &overlong] {
        let refused = matches!(tables.open(name), Err(TableError::Name { .. }));
        assert!(refused, "`{name}` is refused");
    }
    open(tables, &overlong[1..]);
}

/// Every pair of bounds, in both directions, with every limit, against an ordered map.
pub fn every_range_is_the_range_of_an_ordered_map<T: Tables + ?Sized>(tables: &T) {
    let table = open(tables, "t");
    let all: [&[u8]; 8] = [
        b"",
        b"\0",
        b"a",
        b"a\0",
        b"a\xff",
        b"b",
        b"\xff",
        b"\xff\xff",
    ];
    let present = [all[1], all[2], all[4], all[5], all[7]];
    let mut batch = Batch::new();
    for key in present {
        batch.put(key, key.to_vec());
    }
    table.apply(&batch).expect("a batch is applied");
    let model: BTreeMap<&[u8], ()> = present.iter().map(|key| (*key, ())).collect();

    let bounds: Vec<_> = std::iter::once(Unbounded)
        .chain(all.iter().flat_map(|key| [Included(*key), Excluded(*key)]))
        .collect();
    let mut ranges: Vec<_> = all.iter().map(Range::prefix).collect();
    for from in &bounds {
        ranges.extend(bounds.iter().map(|to| Range::between(*from, *to)));
    }
    for range in ranges {
        let mut expected: Vec<Key> = match range.bounds() {
            Some(bounds) => model
                .range::<[u8], _>(bounds)
                .map(|(key, ())| key.to_vec())
                .collect(),
            None => vec![],
        };
        for limit in [usize::MAX, 2, 1, 0] {
            let range = range.clone().limit(limit);
            let limited = expected.iter().take(limit).cloned().collect::<Vec<_>>();
            assert_eq!(found(&*table, range.clone()), limited, "{range:?}");
        }
        expected.reverse();
        let range = range.reverse().limit(3);
        expected.truncate(3);
        assert_eq!(found(&*table, range.clone()), expected, "{range:?}");
    }
    for prefix in all {
        let mut expected: Vec<Key> = present
            .iter()
            .filter(|key| key.starts_with(prefix))
            .map(|key| key.to_vec())
            .collect();
        assert_eq!(
            found(&*table, Range::prefix(prefix)),
            expected,
            "{prefix:?}"
        );
        expected.reverse();
        assert_eq!(
            found(&*table, Range::prefix(prefix).reverse()),
            expected,
            "{prefix:?}"
        );
    }
}

/// Reading on after the last key of a page shows every row once, in both directions.
pub fn pages_join_without_gap_or_overlap<T: Tables + ?Sized>(tables: &T) {
    let table = open(tables, "t");
    let mut batch = Batch::new();
    let mut expected: Vec<Key> = Vec::new();
    for number in 0..500_u16 {
        let key = [b"k", &number.to_be_bytes()[..]].concat();
        batch.put(key.clone(), vec![b'v'; usize::from(number)]);
        expected.push(key);
    }
    batch.put("j", "outside");
    batch.put("l", "outside");
    table.apply(&batch).expect("a batch is applied");

    for reverse in [false, true] {
        let mut range = Range::prefix(b"k").limit(7);
        if reverse {
            range = range.reverse();
            expected.reverse();
        }
        let mut walked: Vec<Key> = Vec::new();
        loop {
            let page = found(&*table, range.clone());
            let Some(last) = page.last() else {
                break;
            };
            range = range.after(last);
            walked.extend(page);
        }
        assert_eq!(walked, expected, "reverse: {reverse}");
    }
}

/// The empty key, the empty value, and a large value are rows like others.
pub fn odd_keys_and_values_are_kept<T: Tables + ?Sized>(tables: &T) {
    let table = open(tables, "t");
    let large = vec![7_u8; 300_000];
    let mut batch = Batch::new();
    batch.put("", "empty key");
    batch.put("empty value", "");
    batch.put("large", large.clone());
    batch.put(vec![0xff; 300], "long key");
    table.apply(&batch).expect("a batch is applied");
    assert_eq!(text(&*table, ""), Some("empty key".into()));
    assert_eq!(text(&*table, "empty value"), Some(String::new()));
    assert!(
        table
            .get(b"large")
            .expect("a row is read")
            .is_some_and(|value| value == large)
    );
    assert_eq!(
        found(&*table, Range::all().reverse().limit(1)),
        [vec![0xff; 300]]
    );
}

/// A reader never sees one row of a batch with another row from before it.
pub fn a_batch_is_seen_whole<T: Tables + ?Sized>(tables: &T) {
    const ROUNDS: u64 = 100;
    let table = open(tables, "t");
    let write = |round: u64| {
        let mut batch = Batch::new();
        batch.put("first", round.to_be_bytes().to_vec());
        // Enough rows that a partial batch would be visible.
        for row in 0..200_u8 {
            batch.put([b'g', row], round.to_be_bytes().to_vec());
        }
        batch.put("last", round.to_be_bytes().to_vec());
        table.apply(&batch).expect("a batch is applied");
    };
    write(0);
    std::thread::scope(|scope| {
        scope.spawn(|| (1..=ROUNDS).for_each(write));
        let mut newest = 0;
        while newest < ROUNDS {
            // The first row is read first: the last may be newer, never older.
            let first = number(&*table, "first");
            let last = number(&*table, "last");
            assert!(newest <= first && first <= last, "{newest} {first} {last}");
            newest = last;
        }
    });
}

/// Persisting needs no writes before it.
pub fn persisting_twice_is_fine<T: Tables + ?Sized>(tables: &T) {
    tables.persist().expect("nothing is persisted");
    let table = open(tables, "t");
    put(&*table, &[("a", "1")]);
    tables.persist().expect("one row is persisted");
    tables.persist().expect("one row is persisted again");
    assert_eq!(text(&*table, "a"), Some("1".into()));
    assert!(tables.size_bytes() > 0);
}

#[track_caller]
fn open<T: Tables + ?Sized>(tables: &T, name: &str) -> Arc<dyn Table> {
    tables.open(name).expect("a table is opened")
}

#[track_caller]
fn put(table: &dyn Table, rows: &[(&str, &str)]) {
    let mut batch = Batch::new();
    for (key, value) in rows {
        batch.put(*key, value.as_bytes().to_vec());
    }
    table.apply(&batch).expect("a batch is applied");
}

#[track_caller]
fn text(table: &dyn Table, key: &str) -> Option<String> {
    let value = table.get(key.as_bytes()).expect("a row is read");
    value.map(|value| String::from_utf8_lossy(&value).into_owned())
}

#[track_caller]
fn number(table: &dyn Table, key: &str) -> u64 {
    let value = table
        .get(key.as_bytes())
        .expect("a row is read")
        .expect("the row is there");
    u64::from_be_bytes(value[..].try_into().expect("the row is a number"))
}

#[track_caller]
fn found(table: &dyn Table, range: Range<'_>) -> Vec<Key> {
    let rows = table.scan(range).expect("a range is scanned");
    rows.into_iter().map(|(key, _)| key).collect()
}

#[track_caller]
fn keys(table: &dyn Table, range: Range<'_>) -> Vec<String> {
    let keys = found(table, range).into_iter();
    keys.map(|key| String::from_utf8_lossy(&key).into_owned())
        .collect()
}
