//! Number for number against a replay of the released service's queries.

use std::path::Path;

use crate::testing::{Table, bundled, samples, whole};
use crate::{Gantry, Refs};

#[test]
fn every_bundled_answer_is_that_of_the_service() {
    assert_eq!(
        compared(&bundled("history"), &bundled("expected_gantry")),
        3500
    );
}

/// Runs where `TALLYMAN_USAGE_DATA` names the folder with the whole history.
#[test]
fn every_answer_of_the_whole_history_is_that_of_the_service() {
    let files = (whole("sim_dev"), whole("expected_gantry_sim_dev"));
    let (Some(history), Some(expected)) = files else {
        return;
    };
    let rows = compared(&history, &expected);
    println!("{rows} answers are equal");
    assert_eq!(rows, 30_000);
}

/// Replays a history in row order, predicting each row before learning it.
#[track_caller]
fn compared(history: &Path, expected: &Path) -> usize {
    let expected = Table::read(expected);
    let mut gantry = Gantry::new(Refs::default());
    let history = samples(history);
    for (row, sample) in history.iter().enumerate() {
        let answer = gantry.answer(&sample.spec);
        let reason = answer.reason.as_gantry().expect("Gantry answers");
        let limit = answer.memory_limit.expect("Gantry has a limit");
        let given = [
            answer.memory.to_string(),
            answer.cpu.to_millicores_text(),
            limit.to_string(),
            reason.sample.len().to_string(),
        ];
        let columns = [
            "mem_request",
            "cpu_request",
            "mem_limit_branch",
            "sample_size",
        ];
        let wanted = columns.map(|column| expected.text(row, column).to_owned());
        assert_eq!(given, wanted, "row {row}: {}", sample.spec);
        gantry.learn(sample).expect("a real build");
    }
    history.len().min(expected.len())
}
