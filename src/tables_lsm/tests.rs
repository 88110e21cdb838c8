//! The LSM tables pass the conformance suite; what opening, failing and reviving do to the files.

use std::fs;

use proptest::prelude::*;

use super::*;
use tables::{Batch, Range, conformance};

#[test]
fn the_conformance_suite_passes() {
    let directory = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    conformance::check(|| {
        count.set(count.get() + 1);
        Arc::new(fresh(&directory.path().join(count.get().to_string())))
    });
}

#[test]
fn rows_are_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    write(&tables, "runs", 3);
    tables.persist().unwrap();
    drop(tables);
    let tables = fresh(&path);
    assert_eq!(tables.names().unwrap(), ["runs"]);
    assert_eq!(
        tables
            .open("runs")
            .unwrap()
            .scan(Range::all())
            .unwrap()
            .len(),
        3
    );
}

/// Otherwise a second process would take a database in use for a damaged one, and move it.
#[test]
fn tables_in_use_are_neither_opened_nor_moved() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    let table = tables.open("runs").unwrap();
    drop(tables);
    let refused = LsmTables::open(&path, &config()).unwrap_err();
    assert!(
        matches!(refused, TableError::InUse { .. }),
        "a held table keeps the database"
    );
    assert!(path.is_dir());
    drop(table);
    fresh(&path);
}

#[test]
fn a_deleted_directory_costs_a_rebuild_and_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    write(&tables, "runs", 3);
    tables.persist().unwrap();
    drop(tables);
    fs::remove_dir_all(&path).unwrap();

    let opened = LsmTables::open(&path, &config()).unwrap();
    let damage = opened.damaged.unwrap();
    assert_eq!(opened.tables.names().unwrap(), [""; 0]);
    assert!(damage.reason.contains("`runs`"), "{damage:?}");
    write(&opened.tables, "runs", 3);
    opened.tables.persist().unwrap();
    drop(opened.tables);
    fresh(&path);
}

#[test]
fn a_table_that_was_dropped_is_not_missed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    write(&tables, "runs@1", 3);
    write(&tables, "runs@2", 3);
    tables.persist().unwrap();
    tables.drop_table("runs@1").unwrap();
    drop(tables);
    assert_eq!(fresh(&path).names().unwrap(), ["runs@2"]);
}

#[test]
fn only_the_newest_damaged_databases_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    for number in 1..=DAMAGED_KEPT_MAX + 2 {
        drop(LsmTables::open(&path, &config()).unwrap());
        fs::write(path.with_extension("suspect"), "a test").unwrap();
        let damage = LsmTables::open(&path, &config()).unwrap().damaged.unwrap();
        let aside = path.with_extension(format!("damaged-{number}"));
        assert_eq!(damage.moved_to, Some(aside.clone()));
        assert!(aside.is_dir() && !path.with_extension("suspect").exists());
    }
    let kept = fs::read_dir(directory.path()).unwrap();
    let kept = kept.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("damaged")
    });
    assert_eq!(kept.count(), DAMAGED_KEPT_MAX);
    assert!(!path.with_extension("damaged-2").exists());
}

#[test]
fn a_panic_inside_sled_is_the_error_of_every_call_from_then_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    let table = tables.open("runs").unwrap();
    let failed = fail(&tables, || panic!("a page that is not there"));
    let damaged = TableError::Damaged {
        reason: "a page that is not there".into(),
    };
    assert_eq!(failed, damaged);
    assert_eq!(table.get(b"a").unwrap_err(), damaged);
    assert_eq!(tables.persist().unwrap_err(), damaged);
    drop((table, tables));

    let damage = LsmTables::open(&path, &config()).unwrap().damaged.unwrap();
    assert!(
        damage.reason.contains("a page that is not there"),
        "{damage:?}"
    );
}

/// A full disk is no damage: the rows are still there when there is space again.
#[test]
fn a_failed_write_stops_the_tables_and_condemns_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    write(&tables, "runs", 3);
    tables.persist().unwrap();
    assert_eq!(fail(&tables, full), TableError::Full);
    assert_eq!(tables.persist().unwrap_err(), TableError::Full);
    assert_eq!(tables.failure(), Some(TableError::Full));
    drop(tables);

    let opened = LsmTables::open(&path, &config()).unwrap();
    assert_eq!(opened.damaged, None);
    assert_eq!(opened.tables.failure(), None);
    assert_eq!(
        opened
            .tables
            .open("runs")
            .unwrap()
            .scan(Range::all())
            .unwrap()
            .len(),
        3
    );
}

/// No restart is needed: what was persisted is there, and what is written next stays.
#[test]
fn tables_that_failed_are_revived_as_they_were_persisted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    write(&tables, "runs", 300);
    tables.persist().unwrap();
    let before = tables.open("runs").unwrap();
    tables.revive().unwrap();
    before.scan(Range::all()).expect("nothing was wrong");

    fail(&tables, full);
    tables.revive().unwrap();
    assert_eq!(tables.failure(), None);
    assert_eq!(
        before.get(b"a"),
        Err(TableError::Full),
        "the old handle keeps failing"
    );
    let table = tables.open("runs").unwrap();
    assert_eq!(table.scan(Range::all()).unwrap().len(), 300);
    write(&tables, "jobs", 5);
    tables.persist().unwrap();
    drop((before, table, tables));
    assert_eq!(fresh(&path).names().unwrap(), ["jobs", "runs"]);
}

/// Damaged tables are not read again in the same process either.
#[test]
fn damaged_tables_are_revived_empty_and_kept_aside() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let tables = fresh(&path);
    write(&tables, "runs", 300);
    tables.persist().unwrap();
    fail(&tables, || panic!("no such page"));
    // The mark may be missing: there may have been no space for it.
    fs::remove_file(path.with_extension("suspect")).unwrap();
    tables.revive().unwrap();
    assert!(path.with_extension("damaged-1").is_dir());
    assert_eq!(tables.names().unwrap(), [""; 0]);
    write(&tables, "runs", 3);
    tables.persist().unwrap();
    drop(tables);
    fresh(&path);
}

/// A call that is under way knows files by their names and would read new ones as old ones.
#[test]
fn tables_are_not_revived_under_a_call() {
    let directory = tempfile::tempdir().unwrap();
    let tables = fresh(&directory.path().join("views"));
    write(&tables, "runs", 3);
    tables.persist().unwrap();
    let call = tables.opened().unwrap();
    let failure = fail(&tables, || panic!("no such page"));
    for _ in 0..2 {
        let refused = tables.revive().unwrap_err();
        assert!(matches!(refused, TableError::InUse { .. }), "{refused}");
        assert_eq!(tables.failure(), Some(failure.clone()));
    }
    drop(call);
    tables.revive().unwrap();
    assert_eq!(tables.failure(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Also across splits and merges of sled's pages, and after reopening.
    #[test]
    fn tables_hold_what_an_ordered_map_holds(
        batches in prop::collection::vec(
            prop::collection::vec((0..400_u16, prop::option::of(0..300_usize)), 1..200),
            1..6,
        ),
        bounds in (0..400_u16, 0..400_u16),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut tables = fresh(&directory.path().join("views"));
        let model = tables::MemoryTables::new();
        let expected = model.open("t").unwrap();
        for writes in batches {
            let mut batch = Batch::new();
            for (key, length) in writes {
                let key = key.to_be_bytes();
                match length {
                    Some(length) => batch.put(key, vec![key[1]; length]),
                    None => batch.delete(key),
                }
            }
            tables.open("t").unwrap().apply(&batch).unwrap();
            expected.apply(&batch).unwrap();
            tables.persist().unwrap();
            drop(tables);
            tables = fresh(&directory.path().join("views"));
            let found = tables.open("t").unwrap();
            let (from, to) = (bounds.0.to_be_bytes(), bounds.1.to_be_bytes());
            let between = Range::between(
                std::ops::Bound::Excluded(&from),
                std::ops::Bound::Included(&to),
            );
            for range in [Range::all(), Range::all().reverse().limit(9), between.reverse()] {
                prop_assert_eq!(found.scan(range.clone()).unwrap(), expected.scan(range).unwrap());
            }
        }
    }
}

pub(super) fn config() -> LsmConfig {
    LsmConfig {
        cache_bytes: 4 << 20,
        open_within: Duration::from_secs(20),
    }
}

#[track_caller]
pub(super) fn fresh(path: &Path) -> LsmTables {
    let opened = LsmTables::open(path, &config()).unwrap();
    assert_eq!(opened.damaged, None);
    opened.tables
}

fn full() -> sled::Result<()> {
    Err(sled::Error::Io(std::io::ErrorKind::StorageFull.into()))
}

/// Lets the engine fail like this, and returns what that means.
#[track_caller]
fn fail(tables: &LsmTables, answer: impl FnOnce() -> sled::Result<()>) -> TableError {
    let open = tables.opened().unwrap();
    open.engine().call(|_| answer()).unwrap_err()
}

#[track_caller]
pub(super) fn write(tables: &LsmTables, name: &str, rows: u16) {
    let mut batch = Batch::new();
    for row in 0..rows {
        batch.put(row.to_be_bytes(), vec![b'v'; 200]);
    }
    tables.open(name).unwrap().apply(&batch).unwrap();
}
