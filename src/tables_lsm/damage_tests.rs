//! Damaged files never panic out of a call, and never pass for an empty database.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use super::tests::{config, fresh, write};
use super::*;
use tables::Range;

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

        // A database that opens must answer every read or fail; after a failure it is replaced.
        let opened = LsmTables::open(&path, &config()).unwrap();
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
            let again = LsmTables::open(&path, &config()).unwrap();
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
        let opened = LsmTables::open(&path, &config()).unwrap();
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

/// Runs in files are checked like everything else: their ends when they are opened, their blocks
/// when they are read.
#[test]
fn a_damaged_run_is_found_at_the_start_or_when_it_is_read() {
    for is_found_at_start in [true, false] {
        for damage in run_damages(is_found_at_start) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("views");
            let tables = fresh(&path);
            write(&tables, "runs", 300);
            write(&tables, "small", 1);
            tables.persist().unwrap();
            drop(tables);
            let files = fs::read_dir(path.join("runs")).unwrap();
            let files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
            assert_eq!(files.len(), 1, "one table is large enough for a file");
            damage(&files[0]);

            let opened = LsmTables::open(&path, &config()).unwrap();
            if is_found_at_start {
                let reason = opened.damaged.unwrap().reason;
                assert!(reason.contains("`runs`: run "), "{reason}");
                assert!(path.with_extension("damaged-1").join("runs").is_dir());
                continue;
            }
            assert_eq!(opened.damaged, None);
            let table = opened.tables.open("runs").unwrap();
            let read = table.scan(Range::all());
            assert!(matches!(read, Err(TableError::Damaged { .. })), "{read:?}");
            // The others are none the worse for it, and a new one takes its place.
            let small = opened.tables.open("small").unwrap();
            assert_eq!(small.scan(Range::all()).unwrap().len(), 1);
            opened.tables.drop_table("runs").unwrap();
            write(&opened.tables, "runs", 300);
            opened.tables.persist().unwrap();
            drop((small, table, opened));
            fresh(&path);
        }
    }
}

fn run_damages(is_found_at_start: bool) -> Vec<fn(&Path)> {
    fn overwrite(path: &Path, at: u64) {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        let length = file.metadata().unwrap().len();
        let at = (length * at / 100).min(length - 8);
        file.write_all_at(&[0xff; 8], at).unwrap();
    }
    match is_found_at_start {
        true => vec![
            |path| fs::remove_file(path).unwrap(),
            |path| fs::write(path, "").unwrap(),
            |path| {
                let whole = fs::read(path).unwrap();
                fs::write(path, &whole[..whole.len() / 2]).unwrap();
            },
            |path| overwrite(path, 100),
        ],
        false => vec![|path| overwrite(path, 0), |path| overwrite(path, 30)],
    }
}

/// Nothing is converted and nothing is guessed: what another version or another engine wrote is
/// moved aside, and the tables are empty, which costs a rebuild.
#[test]
fn what_another_version_wrote_is_reported_and_not_read() {
    for (layout, write_layout, expected) in layouts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("views");
        write_layout(&path);
        let opened = LsmTables::open(&path, &config()).unwrap();
        let (tables, damaged) = (opened.tables, opened.damaged);
        let reason = damaged.expect(layout).reason;
        assert!(reason.contains(expected), "{layout}: {reason}");
        assert_eq!(tables.names().unwrap(), [""; 0], "{layout}");
        let aside = path.with_extension("damaged-1");
        assert!(aside.is_dir(), "{layout}: it is kept for inspection");
        write(&tables, "builds", 3);
        tables.persist().unwrap();
        drop(tables);
        fresh(&path);
    }
}

/// A name, a directory of that layout, and the text of the warning.
type Layout = (&'static str, fn(&Path), &'static str);

fn layouts() -> [Layout; 4] {
    [
        (
            "rows as values of sled, as before there were runs",
            |path| {
                let database = sled::open(path).unwrap();
                let tree = database.open_tree("builds").unwrap();
                tree.insert(b"row", b"\x01").unwrap();
                fs::write(path.with_extension("register"), "builds\n").unwrap();
            },
            "`builds`: it was written by another version",
        ),
        (
            "a manifest of a later version",
            |path| {
                let tables = fresh(path);
                write(&tables, "builds", 300);
                tables.persist().unwrap();
                drop(tables);
                let database = sled::open(path).unwrap();
                let tree = database.open_tree("builds").unwrap();
                let mut manifest = tree.get("manifest").unwrap().unwrap().to_vec();
                manifest[0] += 1;
                tree.insert("manifest", manifest).unwrap();
            },
            "`builds`: its manifest cannot be read, or has another version",
        ),
        (
            "a run of a later version",
            |path| {
                let tables = fresh(path);
                write(&tables, "builds", 300);
                tables.persist().unwrap();
                drop(tables);
                let run = fs::read_dir(path.join("runs")).unwrap().next().unwrap();
                let run = run.unwrap().path();
                let mut bytes = fs::read(&run).unwrap();
                let footer = bytes.len() - 60;
                assert_eq!(bytes[footer..footer + 8], *b"tallyrn\x01");
                bytes[footer + 7] = 2;
                let checksum = crc32c::crc32c(&bytes[footer..footer + 56]);
                bytes[footer + 56..].copy_from_slice(&checksum.to_le_bytes());
                fs::write(&run, bytes).unwrap();
            },
            "`builds`: run ",
        ),
        (
            "files of another engine",
            |path| {
                fs::create_dir(path).unwrap();
                fs::write(path.join("0.jnl"), "a journal").unwrap();
                fs::write(path.with_extension("register"), "engine: other\nbuilds\n").unwrap();
            },
            "was persisted and is missing",
        ),
    ]
}
