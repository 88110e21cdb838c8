use clap::Parser;

use super::*;
use crate::cli::arguments::{Arguments, Command};
use crate::cli::builds;

#[track_caller]
fn typed(arguments: &[&str]) -> Result<Evaluate, String> {
    let all = ["tallyman", "evaluate"].iter().chain(arguments);
    match Arguments::try_parse_from(all) {
        Ok(Arguments {
            command: Command::Builds(builds::Command::Evaluate(options)),
            ..
        }) => Ok(options),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    for (arguments, reason) in [
        (vec![], "--data <FILE>...|--log"),
        (vec!["--data", "a.csv", "--log"], "cannot be used with"),
        (vec!["--log", "--allocator", "oracle"], "ladder-std"),
        (vec!["--log", "--price-gb-hour=-1"], "at least 0"),
        (vec!["--log", "--price-core-hour=NaN"], "at least 0"),
        (vec!["--log", "--memory-min", "1e999"], "at least 0"),
    ] {
        let reply = typed(&arguments).expect_err(reason);
        assert!(reply.contains(reason), "{arguments:?}: {reply}");
    }
}

#[test]
fn all_take_part_unless_some_are_named_and_each_once() {
    let all = typed(&["--log"]).unwrap();
    assert_eq!(all.contestants(), CONTESTANTS);
    let two = [
        "--allocator",
        "tovar",
        "--allocator",
        "preset",
        "--allocator",
        "tovar",
    ];
    let named = typed(&[&["--log"][..], &two].concat()).unwrap();
    assert_eq!(named.contestants(), ["tovar", "preset"]);
}

#[test]
fn the_protocol_is_as_typed() {
    let usual = typed(&["--data", "a.csv", "b.csv"]).unwrap();
    assert_eq!(usual.data.len(), 2);
    assert_eq!(usual.protocol(), Protocol::default());
    let other = ["--log", "--delayed", "--develop-only", "--memory-min", "32"];
    let expected = Protocol {
        memory_min: 32e6,
        feedback: Feedback::AtEnd,
        refs: Refs::default(),
        ..Protocol::default()
    };
    assert_eq!(typed(&other).unwrap().protocol(), expected);
}

#[test]
fn histories_have_names_that_differ() {
    let paths = ["x/a.csv.zst", "b.csv", "y/a.csv", "pooled.csv", "c"].map(PathBuf::from);
    assert_eq!(
        names(&paths),
        ["x/a.csv.zst", "b", "y/a.csv", "pooled.csv", "c"]
    );
}

#[test]
fn people_read_three_digits_and_programs_all() {
    let row = json!({"data": "1.5", "maq": 0.123_456, "fail_percent": 1.0 / 3.0, "jobs": 7});
    assert_eq!(
        for_people(row),
        json!({"data": "1.5", "maq": "0.123", "fail_percent": "0.33", "jobs": 7})
    );
}
