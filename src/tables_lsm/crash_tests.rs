//! What was persisted is there after a kill, and every batch is there whole or not at all.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::tests::{config, fresh};
use super::*;
use tables::{Batch, Range};

const DIRECTORY: &str = "TABLES_CRASH_DIRECTORY";
const KILLS: u64 = 12;

/// More bytes than the engine buffers: half of a batch may be in the file when the kill comes.
const ROWS: u64 = 4000;

#[test]
fn a_kill_in_the_middle_of_batches_loses_nothing_persisted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("views");
    let mut newest = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash_tests::writes_until_killed", "--nocapture"])
            .env(DIRECTORY, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let persisted = lines.filter_map(|line| line.unwrap().parse::<u64>().ok());
        let last = persisted
            .take(usize::try_from(kill * 7 % 5 + 1).unwrap())
            .last()
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();

        let table = fresh(&path).open("t").unwrap();
        let rows = table.scan(Range::all()).unwrap();
        let round = u64::from_be_bytes(rows[0].1[..8].try_into().unwrap());
        assert!(round >= last && last > newest, "{round} {last} {newest}");
        assert_eq!(rows.len() as u64, ROWS);
        assert!(
            rows.iter().all(|(_, value)| *value == rows[0].1),
            "batch {round} is torn"
        );
        newest = round;
    }
}

/// The other half of the test above; by itself it does nothing.
#[test]
fn writes_until_killed() {
    let Some(path) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let tables = LsmTables::open(path, &config()).unwrap().tables;
    let table = tables.open("t").unwrap();
    let first = table.get(&0_u64.to_be_bytes()).unwrap();
    let mut round = first.map_or(0, |value| {
        u64::from_be_bytes(value[..8].try_into().unwrap())
    });
    loop {
        round += 1;
        let mut batch = Batch::new();
        for row in 0..ROWS {
            batch.put(row.to_be_bytes(), round.to_be_bytes().repeat(25));
        }
        table.apply(&batch).unwrap();
        tables.persist().unwrap();
        println!("\n{round}");
    }
}
