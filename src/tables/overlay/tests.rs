//! The overlay is the map that it pretends to be, however far its writes have come.

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::RangeBounds;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;
use crate::{Bounds, MemoryTables, Tables};

type Model = BTreeMap<Key, Value>;

#[derive(Clone, Debug)]
enum Step {
    Put(Key, u8),
    Delete(Key),
    Stage {
        writes: Vec<(Key, Option<u8>)>,
        publish: bool,
    },
    Freeze,
    /// The frozen batch reaches the table, and readers do not know yet.
    Write,
    Committed,
    Commit,
    Get(Key),
    Scan {
        from: Bound<Key>,
        to: Bound<Key>,
        reverse: bool,
        limit: usize,
    },
}

/// So few keys that the layers hide one another.
fn key() -> impl Strategy<Value = Key> {
    prop::collection::vec(prop::sample::select(vec![0, b'a', 0xff]), 0..3)
}

fn bound() -> impl Strategy<Value = Bound<Key>> {
    prop_oneof![
        Just(Unbounded),
        key().prop_map(Included),
        key().prop_map(Excluded)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let writes = prop::collection::vec((key(), any::<Option<u8>>()), 0..6);
    let limit = prop_oneof![0..6_usize, Just(usize::MAX)];
    prop_oneof![
        6 => (key(), any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        4 => key().prop_map(Step::Delete),
        2 => (writes, any::<bool>())
            .prop_map(|(writes, publish)| Step::Stage { writes, publish }),
        2 => Just(Step::Freeze),
        2 => Just(Step::Write),
        1 => Just(Step::Committed),
        1 => Just(Step::Commit),
        2 => key().prop_map(Step::Get),
        6 => (bound(), bound(), any::<bool>(), limit)
            .prop_map(|(from, to, reverse, limit)| Step::Scan { from, to, reverse, limit }),
    ]
}

proptest! {
    #[test]
    fn an_overlay_reads_like_the_equivalent_map(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let overlay = overlay();
        let mut model = Model::new();
        let mut is_written = false;
        for step in steps {
            match step {
                Step::Put(key, value) => {
                    overlay.put(key.clone(), vec![value]);
                    model.insert(key, vec![value].into());
                }
                Step::Delete(key) => {
                    overlay.delete(key.clone());
                    model.remove(&key);
                }
                Step::Stage { writes, publish } => {
                    let mut staged = model.clone();
                    let mut rows = overlay.rows();
                    for (key, value) in writes {
                        match value {
                            Some(value) => {
                                rows.put(key.clone(), vec![value]);
                                staged.insert(key, vec![value].into());
                            }
                            None => {
                                rows.delete(key.clone());
                                staged.remove(&key);
                            }
                        }
                        prop_assert_eq!(rows.scan(Range::all()).unwrap(), all(&staged));
                        prop_assert_eq!(overlay.scan(Range::all()).unwrap(), all(&model));
                    }
                    if publish {
                        rows.publish();
                        model = staged;
                    }
                }
                Step::Freeze => {
                    let before = overlay.freeze();
                    prop_assert_eq!(overlay.freeze(), before, "a frozen batch waits");
                }
                // What is written is what the freeze took: later writes stay above it.
                Step::Write => {
                    if let Some(batch) = overlay.freeze() {
                        overlay.table.apply(&batch).unwrap();
                        is_written = true;
                    }
                }
                Step::Committed => {
                    if std::mem::take(&mut is_written) {
                        overlay.committed();
                    }
                }
                Step::Commit => {
                    overlay.commit().unwrap();
                    is_written = false;
                }
                Step::Get(key) => {
                    prop_assert_eq!(overlay.get(&key).unwrap(), model.get(&key).cloned());
                }
                Step::Scan { from, to, reverse, limit } => {
                    let (from, to) = (as_slice(&from), as_slice(&to));
                    let range = Range { reverse, limit, ..Range::between(from, to) };
                    let mut expected = match range.bounds() {
                        Some(_) => all(&model),
                        None => vec![],
                    };
                    expected.retain(|(key, _)| within(key, (from, to)));
                    if reverse {
                        expected.reverse();
                    }
                    expected.truncate(limit);
                    prop_assert_eq!(overlay.scan(range).unwrap(), expected);
                }
            }
        }
        while overlay.commit().unwrap() > 0 {}
        prop_assert_eq!(overlay.table.scan(Range::all()).unwrap(), all(&model));
    }
}

/// A row moves from key to key while batches are written. A reader always sees it in exactly one
/// place.
#[test]
fn a_reader_sees_each_publication_whole_while_batches_are_written() {
    const MOVES: u8 = 200;
    let overlay = overlay();
    overlay.put([0], "the row");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for place in 0..MOVES {
                let mut rows = overlay.rows();
                rows.delete([place]);
                rows.put([place + 1], "the row");
                rows.publish();
            }
            is_over.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                overlay.commit().unwrap();
            }
        });
        while !is_over.load(Ordering::Acquire) {
            assert_eq!(overlay.scan(Range::all()).unwrap().len(), 1);
            let view = overlay.view();
            let rows = view.scan(Range::all().reverse().limit(1)).unwrap();
            assert!(view.get(&rows[0].0).unwrap().is_some());
        }
    });
    overlay.commit().unwrap();
    assert_eq!(
        overlay.table.scan(Range::all()).unwrap(),
        [(vec![MOVES], "the row".into())]
    );
}

#[test]
fn a_batch_that_could_not_be_written_stays_visible_and_is_written_first() {
    let tables = MemoryTables::new();
    let overlay = Overlay::new(tables.open("t").unwrap());
    tables.drop_table("t").unwrap();
    overlay.put("a", "1");
    let refused = overlay.commit().unwrap_err();
    assert_eq!(refused, TableError::Dropped { name: "t".into() });
    overlay.put("a", "2");

    assert_eq!(overlay.get(b"a").unwrap(), Some("2".into()));
    let mut first = Batch::new();
    first.put("a", "1");
    assert_eq!(overlay.freeze().as_deref(), Some(&first));
    assert_eq!(overlay.dirty_len(), 1);
}

fn overlay() -> Overlay {
    Overlay::new(MemoryTables::new().open("t").unwrap())
}

fn all(model: &Model) -> Vec<(Key, Value)> {
    model
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn within(key: &[u8], bounds: Bounds<'_>) -> bool {
    RangeBounds::<[u8]>::contains(&bounds, key)
}

fn as_slice(bound: &Bound<Key>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}
