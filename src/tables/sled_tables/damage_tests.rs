//! Damaged files never panic out of a call, and never pass for an empty database.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use super::tests::{config, fresh, write};
use super::*;

/// One row per kind of damage: truncated to a fraction, overwritten with a pattern.
#[test]
fn a_damaged_file_is_an_error_or_a_reported_rebuild_but_never_a_panic() {
    for damage in damages() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("views");
        let tables = fresh(&path);
        for round in 0..30 {
            write(&tables, "runs", 100 + 40 * round);
            write(&tables, "jobs", 50 * round);
            tables.persist().unwrap();
        }
        drop(tables);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path.join("db"))
            .unwrap();
        damage.happen_to(&file);

        // A database that answers must answer to the end or say why; then it starts anew.
        let opened = SledTables::open(&path, &config()).unwrap();
        if opened.damaged.is_none() {
            let names = opened.tables.names().unwrap();
            assert_eq!(
                names,
                ["jobs", "runs"],
                "{damage:?}: persisted tables are there"
            );
            let read = |name| opened.tables.open(name)?.scan(Range::all());
            let is_whole = ["runs", "jobs"].into_iter().all(|name| read(name).is_ok());
            let is_writable = opened.tables.persist().is_ok();
            assert_eq!(
                is_whole, is_writable,
                "{damage:?}: a failure stops everything"
            );
            drop(opened);
            let again = SledTables::open(&path, &config()).unwrap();
            assert!(
                is_whole || again.damaged.is_some(),
                "{damage:?} is found at last"
            );
            continue;
        }
        assert!(path.with_extension("damaged-1").is_dir(), "{damage:?}");
        write(&opened.tables, "runs", 10);
        opened.tables.persist().unwrap();
        drop(opened);
        fresh(&path);
    }
}

#[test]
fn an_emptied_or_misplaced_file_is_reported() {
    for misplace in [
        |path: &Path| fs::write(path.join("db"), "").unwrap(),
        |path: &Path| fs::remove_file(path.join("db")).unwrap(),
        |path: &Path| fs::write(path.join("conf"), "not a configuration").unwrap(),
        |path: &Path| {
            fs::remove_dir_all(path).unwrap();
            fs::create_dir(path).unwrap();
        },
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("views");
        let tables = fresh(&path);
        write(&tables, "runs", 2000);
        tables.persist().unwrap();
        drop(tables);
        misplace(&path);
        let opened = SledTables::open(&path, &config()).unwrap();
        assert!(opened.damaged.is_some());
        write(&opened.tables, "runs", 1);
        opened.tables.persist().unwrap();
    }
}

#[derive(Debug)]
enum Damaged {
    /// Cut to so many hundredths.
    Cut(u64),
    /// So many bytes, from so many hundredths on, become `0xff`s or zeros.
    Over(u64, usize, u8),
}

impl Damaged {
    fn happen_to(&self, file: &fs::File) {
        let length = file.metadata().unwrap().len();
        match *self {
            Self::Cut(hundredths) => file.set_len(length * hundredths / 100).unwrap(),
            Self::Over(hundredths, bytes, byte) => {
                let at = length * hundredths / 100;
                file.write_all_at(&vec![byte; bytes], at).unwrap();
            }
        }
    }
}

fn damages() -> Vec<Damaged> {
    let mut damages: Vec<_> = [1, 25, 50, 75, 99].map(Damaged::Cut).into();
    for hundredths in [0, 2, 10, 30, 50, 70, 90] {
        damages.push(Damaged::Over(hundredths, 64, 0xff));
        damages.push(Damaged::Over(hundredths, 4096, 0));
    }
    damages
}
