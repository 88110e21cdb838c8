//! Against the answers of an independent reference, to find where the description is read
//! differently.

use std::path::Path;

use crate::ladder::{Learning, Policy};
use crate::testing::{Table, bundled, samples, whole};
use crate::{Ladder, Refs};

#[test]
fn every_bundled_answer_is_that_of_the_reference() {
    assert_eq!(
        compared(&bundled("history"), &bundled("expected_ladder")),
        3500
    );
}

/// Runs where `TALLYMAN_USAGE_DATA` names the folder with the whole history.
#[test]
fn every_answer_of_the_whole_history_is_that_of_the_reference() {
    let files = (whole("sim_dev"), whole("expected_ladder_std_sim_dev"));
    let (Some(history), Some(expected)) = files else {
        return;
    };
    let rows = compared(&history, &expected);
    println!("{rows} answers are equal");
    assert_eq!(rows, 30_000);
}

/// Replays a history in row order, predicting each row before learning it from any ref.
#[track_caller]
fn compared(history: &Path, expected: &Path) -> usize {
    let expected = Table::read(expected);
    let learning = Learning {
        refs: Refs::All,
        ..Learning::default()
    };
    let mut ladder = Ladder::new(learning, Policy::STD);
    let history = samples(history);
    for (row, sample) in history.iter().enumerate() {
        let (given, reason) = ladder.estimate(&Policy::STD, &sample.spec, sample.build_jobs);
        for (resource, given, column, digits) in [
            ("memory", given.memory, "mem_request", 1e-6),
            // The reference prints three decimals.
            ("cpu", given.cpu, "cpu_request", 5e-3),
        ] {
            let wanted = expected.number(row, column).expect("an answer");
            let near = (given / wanted).log2().abs() < digits;
            assert!(
                near,
                "row {row}: {resource} {given}, not {wanted}; {reason}"
            );
        }
        ladder.learn(sample).expect("a real build");
    }
    history.len().min(expected.len())
}
