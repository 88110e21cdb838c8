//! Files stay short, and a crate grows only on purpose.

use std::collections::BTreeMap;
use std::path::Path;

use crate::source::{all_rust_files, is_test, product, read, root};

/// Lines of one file.
const FILE_LINES_MAX: usize = 500;

/// How many lines a crate may shrink below its row of the table, before the row must follow.
const SLACK_LINES: usize = 200;

#[test]
fn no_file_is_too_long() {
    for file in all_rust_files() {
        let lines = read(&root().join(&file)).lines().count();
        let file = file.display();
        assert!(
            lines <= FILE_LINES_MAX,
            "{file} has {lines} lines (limit {FILE_LINES_MAX}): split it"
        );
    }
}

/// `sizes.tsv` has a row for each crate: its folder and its lines of product code, tests left out.
#[test]
fn a_crate_grows_only_on_purpose() {
    let table = read(&root().join("tests/architecture/sizes.tsv"));
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let limits: BTreeMap<&str, usize> = rows
        .map(|row| row.split_once('\t').expect("a folder, a tab and a number"))
        .map(|(folder, lines)| (folder, lines.parse().expect("a number of lines")))
        .collect();
    let mut sizes: BTreeMap<&str, usize> = limits.keys().map(|folder| (*folder, 0)).collect();
    for file in all_rust_files().into_iter().filter(|file| !is_test(file)) {
        let folder = limits
            .keys()
            .filter(|folder| file.starts_with(Path::new(folder)));
        let nearest = folder.max_by_key(|folder| folder.len());
        let nearest =
            nearest.unwrap_or_else(|| panic!("sizes.tsv has no row for {}", file.display()));
        let text = read(&root().join(&file));
        *sizes.entry(nearest).or_default() += product(&text).lines().count();
    }
    let right: String = sizes
        .iter()
        .map(|(folder, lines)| format!("{folder}\t{lines}\n"))
        .collect();
    for (folder, lines) in &sizes {
        let limit = limits[folder];
        assert!(
            *lines <= limit && lines + SLACK_LINES >= limit,
            "{folder} has {lines} lines, sizes.tsv says {limit}. When this is meant, the table is:\n{right}"
        );
    }
}
