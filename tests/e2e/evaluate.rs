//! `tallyman evaluate`, on files and on a log.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

/// Synthetic, 3500 builds; the allocator's own tests read it as well.
const HISTORY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/allocation/testdata/history.csv.zst"
);

/// A few of all allocators, because the program is not optimised.
const TWO: [&str; 4] = ["--allocator", "gantry-limit", "--allocator", "ladder-std"];

#[test]
fn a_history_is_evaluated_to_json_csv_and_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let head = part(dir.path(), 700);
    let arguments = [
        &["-o", "json", "evaluate", "--data", &head, &head][..],
        &TWO,
        &["--csv", "rows.csv", "--html", "page.html"],
        &["--price-gb-hour", "0.005"],
    ];
    let output = tallyman(dir.path(), &arguments.concat());
    let rows = rows(&output);
    let reply: Vec<_> = rows
        .iter()
        .map(|row| (text(row, "data"), text(row, "allocator")))
        .collect();
    let expected = [
        (head.as_str(), "gantry-limit"),
        (&head, "ladder-std"),
        (&head, "gantry-limit"),
        (&head, "ladder-std"),
        ("pooled", "gantry-limit"),
        ("pooled", "ladder-std"),
    ];
    assert_eq!(reply, expected);
    for row in &rows {
        for name in [
            "waste_per_used",
            "fail_percent",
            "attempts",
            "maq",
            "cpu_utilisation",
            "cpu_throttled",
            "cpu_cost",
            "money",
        ] {
            assert!(row[name].is_f64(), "{name}: {row}");
        }
    }
    assert_eq!(rows[0]["jobs"], 700);
    assert_eq!(rows[4]["jobs"], 1400);
    // Twice the same history, pooled, is that history.
    assert_eq!(rows[5]["fail_percent"], rows[1]["fail_percent"]);
    let waste = |row: usize| rows[row]["waste_per_used"].as_f64().unwrap();
    assert!(waste(1) < waste(0), "the ladder wastes less");

    let csv = std::fs::read_to_string(dir.path().join("rows.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + rows.len());
    assert!(csv.starts_with("data,allocator,waste_per_used,"), "{csv}");
    let page = std::fs::read_to_string(dir.path().join("page.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("<script") && !page.contains("//"));
}

#[test]
fn a_separate_history_is_not_pooled_and_has_its_own_columns_in_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let head = part(dir.path(), 60);
    std::fs::copy(dir.path().join(&head), dir.path().join("apart.csv")).unwrap();
    let arguments = [
        &["-o", "json", "evaluate", "--data", &head, &head][..],
        &["--apart", "apart.csv", "--markdown", "table.md"],
        &TWO,
    ];
    let rows = rows(&tallyman(dir.path(), &arguments.concat()));
    let jobs: Vec<_> = rows
        .iter()
        .step_by(2)
        .map(|row| (text(row, "data"), &row["jobs"]))
        .collect();
    let expected = [
        (head.as_str(), 60),
        (&head, 60),
        ("pooled", 120),
        ("apart", 60),
    ];
    let expected: Vec<_> = expected
        .map(|(data, jobs)| (data, Value::from(jobs)))
        .to_vec();
    assert!(
        jobs.iter()
            .zip(&expected)
            .all(|(it, wanted)| it.0 == wanted.0 && *it.1 == wanted.1),
        "{jobs:?}"
    );
    let table = std::fs::read_to_string(dir.path().join("table.md")).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].contains("pooled: waste / used") && lines[0].contains("apart: waste / used"),
        "{table}"
    );
    assert_eq!(lines.len(), 4, "{table}");
    assert!(
        lines[3].starts_with("| `ladder-std` | **ours** |"),
        "{table}"
    );
}

#[test]
fn builds_that_ran_out_of_memory_count_in_an_evaluation() {
    let dir = tempfile::tempdir().unwrap();
    let head = part(dir.path(), 50);
    let path = dir.path().join(&head);
    let written = std::fs::read_to_string(&path).unwrap();
    let mut lines = written.lines();
    let mut changed = vec![format!("{},mem_limit", lines.next().unwrap())];
    for (number, line) in (0..).zip(lines) {
        // Every tenth was killed at 1 GB.
        changed.push(match number % 10 {
            9 => format!("{},1e9", line.replace(",success,", ",out_of_memory,")),
            _ => format!("{line},"),
        });
    }
    std::fs::write(&path, changed.join("\n") + "\n").unwrap();
    let arguments = [&["-o", "json", "evaluate", "--data", &head][..], &TWO];
    let rows = rows(&tallyman(dir.path(), &arguments.concat()));
    for row in &rows {
        assert_eq!(
            (&row["jobs"], &row["killed"]),
            (&45.into(), &5.into()),
            "{row}"
        );
        assert!(row["killed_too"].as_u64().unwrap() <= 5, "{row}");
    }
}

#[test]
fn the_whole_bundled_history_is_evaluated_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    for format in ["table", "yaml", "ndjson"] {
        let arguments = ["-o", format, "evaluate", "--allocator", "gantry-limit"];
        let more = ["--delayed", "--develop-only", "--data", HISTORY];
        let output = tallyman(dir.path(), &[&arguments[..], &more].concat());
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{format}: {said}");
        for word in ["history", "gantry-limit", "3500"] {
            assert!(said.contains(word), "{format}: {said}");
        }
    }
}

#[test]
fn refused_rows_are_listed_and_counted_and_strict_takes_none() {
    let dir = tempfile::tempdir().unwrap();
    let head = part(dir.path(), 40);
    let path = dir.path().join(&head);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("not,a,row\n");
    std::fs::write(&path, text).unwrap();
    let arguments = [
        "-o",
        "json",
        "evaluate",
        "--allocator",
        "preset",
        "--data",
        &head,
    ];
    let output = tallyman(dir.path(), &arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("head.csv, row 41 (line 42): it has 3 cells"),
        "{said}"
    );
    assert!(said.contains("1 rows were refused"), "{said}");
    let rows = rows(&output);
    assert_eq!(
        (&rows[0]["jobs"], &rows[0]["refused"]),
        (&40.into(), &1.into())
    );

    let strict = tallyman(dir.path(), &[&arguments[..], &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(6));
    assert_eq!(strict.stdout, b"");
    let said = String::from_utf8_lossy(&strict.stderr).into_owned();
    assert!(
        said.contains("head.csv, row 41 (line 42): it has 3 cells"),
        "{said}"
    );
}

#[test]
fn exit_codes_tell_what_is_wrong_with_an_evaluation() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    let whole = std::fs::read(HISTORY).unwrap();
    file("cut.csv.zst", &whole[..whole.len() / 2]);
    file("empty.csv", b"");
    file("lacking.csv", b"pkg_name,mem_max\nemacs,5\n");
    let bad = part(dir.path(), 1);
    let text = std::fs::read_to_string(dir.path().join(&bad)).unwrap();
    file("bad.csv", text.replace(",success,", ",failed,").as_bytes());
    for (arguments, code, reason) in [
        (
            vec!["--data", "cut.csv.zst"],
            1,
            "cut.csv.zst: cannot be read from row",
        ),
        (
            vec!["--data", "empty.csv"],
            1,
            "empty.csv: the file is empty",
        ),
        (
            vec!["--data", "lacking.csv"],
            1,
            "lacking.csv: the header lacks the columns pkg_version",
        ),
        (vec!["--data", "nowhere.csv"], 1, "nowhere.csv"),
        (vec!["--data", "bad.csv"], 1, "no row that could be scored"),
        (
            vec!["--data", &bad, "--html", "no/where.html"],
            1,
            "no/where.html",
        ),
        (vec![], 2, "--data"),
        (
            vec!["--data", "empty.csv", "--allocator", "oracle"],
            2,
            "oracle",
        ),
        (vec!["--log"], 3, "there is no log"),
    ] {
        let all = [&["evaluate"][..], &arguments, &["--allocator", "preset"]].concat();
        let output = tallyman(dir.path(), &all);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(reason), "{arguments:?}: {said}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
}

#[test]
fn the_log_of_a_running_server_is_a_history() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(dir.path(), 300);
    let arguments = [&["-o", "json", "evaluate", "--log"][..], &TWO].concat();
    let running = rows(&tallyman(dir.path(), &arguments));
    assert_eq!(text(&running[0], "data"), "log");
    // Some of the sample's builds failed, and one runs: only those whose usage is known count.
    let list = ["-o", "ndjson", "event", "list", "--limit", "1000"];
    let recorded = [&list[..], &["--type", "build.usage_recorded"]].concat();
    let recorded = tallyman(dir.path(), &recorded).stdout;
    let known = String::from_utf8(recorded).unwrap().lines().count();
    assert!((200..300).contains(&known), "{known}");
    assert_eq!((running.len(), &running[0]["jobs"]), (2, &known.into()));
    demo.end();
    assert_eq!(rows(&tallyman(dir.path(), &arguments)), running);
    // The farm's own prices hold for its own log, unless others are typed.
    let priced = |more: &[&str]| {
        let mut command = command(dir.path());
        command.env("TALLYMAN__ALLOCATION__PRICE_GB_HOUR", "0.5");
        let output = command.args(&arguments).args(more).output().unwrap();
        rows(&output)[0]["money"].as_f64().unwrap()
    };
    let (configured, typed) = (priced(&[]), priced(&["--price", "1.0"]));
    assert!(
        (typed / configured - 2.0).abs() < 1e-9,
        "{configured} and {typed}"
    );
}

/// The first rows of the bundled history, in the file whose name comes back.
fn part(dir: &Path, rows: usize) -> String {
    let output = Command::new("zstd").args(["-dcq", HISTORY]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let head: Vec<&str> = text.lines().take(rows + 1).collect();
    std::fs::write(dir.join("head.csv"), head.join("\n") + "\n").unwrap();
    "head.csv".to_owned()
}

fn tallyman(dir: &Path, arguments: &[&str]) -> Output {
    command(dir).args(arguments).output().unwrap()
}

fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyman"));
    command.env_clear().current_dir(dir);
    command
}

#[track_caller]
fn rows(output: &Output) -> Vec<Value> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 1, "only rows");
    value["rows"].as_array().unwrap().clone()
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap()
}

/// A server with sample history.
struct Demo {
    child: Child,
    /// Held open: a server that cannot print its lines ends.
    _out: BufReader<ChildStdout>,
}

impl Demo {
    fn start(dir: &Path, builds: u32) -> Self {
        let mut child = command(dir)
            .args(["--listen", "127.0.0.1:0", "--data-dir", "tallyman-data"])
            .args(["demo", "--builds"])
            .arg(builds.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let ready = out
            .by_ref()
            .lines()
            .any(|line| line.unwrap().contains("ready at"));
        assert!(ready, "the demo did not start");
        Self { child, _out: out }
    }

    fn end(&mut self) {
        // A server that has ended already is as good.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.end();
    }
}
