use serde_json::{Value, json};

use super::*;
use crate::evaluate::testing::{build, outcome};

fn two_builds() -> Outcome {
    // The default preset is 16 GB.
    outcome(
        "made",
        &["preset"],
        &[build("emacs", 8e9), build("llvm", 20e9)],
    )
}

#[test]
fn a_row_has_the_numbers_of_its_score() {
    let rows: Vec<ReportRow> = two_builds().rows(Prices::default()).collect();
    let row = serde_json::to_value(&rows[0]).unwrap();
    // 8 of 16 GB; then 16 GB in vain and 20 of 32 GB.
    let wasted = 8.0 + 16.0 + 12.0;
    for (name, expected) in [
        ("data", json!("made")),
        ("allocator", json!("preset")),
        ("waste_per_used", json!(wasted / 28.0)),
        ("fail_percent", json!(50.0)),
        ("attempts", json!(1.5)),
        ("maq", json!(28.0 / (28.0 + wasted))),
        ("cpu_utilisation", json!(1.0)),
        ("cpu_throttled", json!(0.5)),
        ("cpu_cost", json!(1.0)),
        ("jobs", json!(2)),
        ("failed_jobs", json!(1)),
        ("used_gb_hours", json!(28.0)),
        ("waste_gb_hours", json!(wasted)),
        ("core_hours", json!(3.0)),
        ("refused", json!(0)),
        ("killed", json!(0)),
        ("killed_too", json!(0)),
    ] {
        assert_eq!(row[name], expected, "{name}");
    }
    assert_eq!(row.get("money"), None);
    assert_eq!(row.as_object().unwrap().len(), 17);
}

#[test]
fn money_is_what_all_attempts_held() {
    for (gb_hour, core_hour, money, wasted) in [
        (Some(0.5), None, 32.0, 18.0),
        (None, Some(10.0), 30.0, 10.0),
        (Some(0.5), Some(10.0), 62.0, 28.0),
        (Some(0.0), None, 0.0, 0.0),
    ] {
        let prices = Prices { gb_hour, core_hour };
        let row = two_builds().rows(prices).next().unwrap();
        assert_eq!(
            (row.money, row.money_wasted),
            (Some(money), Some(wasted)),
            "{prices:?}"
        );
    }
}

#[test]
fn pooled_are_sums_over_sums() {
    let all = two_builds();
    let (first, mut second) = (
        outcome("a", &["preset"], &[build("emacs", 8e9)]),
        outcome("b", &["preset"], &[build("llvm", 20e9)]),
    );
    second.refused = 3;
    let pooled = Outcome::pooled(&[first, second]).unwrap();
    assert_eq!((pooled.data.as_str(), pooled.refused), ("pooled", 3));
    assert_eq!(pooled.tallies[0].score, all.tallies[0].score);
    assert!(Outcome::pooled(&[]).is_none());
}

#[test]
fn csv_has_the_same_names_and_numbers() {
    for prices in [
        Prices::default(),
        Prices {
            gb_hour: Some(1.0),
            core_hour: None,
        },
    ] {
        let rows: Vec<ReportRow> = outcome(
            "a, \"b\"",
            &["preset", "tovar"],
            &[build("emacs", 8e9), build("emacs", 9e9)],
        )
        .rows(prices)
        .collect();
        let mut text = Vec::new();
        write_csv(&rows, &mut text).unwrap();
        let mut reader = csv::Reader::from_reader(&text[..]);
        let header = reader.headers().unwrap().clone();
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), rows.len());
        for (record, row) in records.iter().zip(&rows) {
            let expected = serde_json::to_value(row).unwrap();
            assert_eq!(record.len(), expected.as_object().unwrap().len());
            for (name, cell) in header.iter().zip(record) {
                match &expected[name] {
                    Value::String(text) => assert_eq!(cell, text),
                    number => assert_eq!(cell.parse::<f64>().ok(), number.as_f64(), "{name}"),
                }
            }
        }
    }
}
