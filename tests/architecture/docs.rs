//! Doc comments: every public item has one; one that only repeats a name is left out.
//!
//! Fields and variants are named for what they hold, on the wire as in code, and need a comment
//! only for a unit, a bound or a special value. `missing_docs` cannot make that difference.

use std::collections::BTreeSet;

use crate::source::{all_rust_files, is_test, product, read, root};

const ITEMS: [&str; 8] = [
    "fn ",
    "async fn ",
    "const ",
    "enum ",
    "static ",
    "struct ",
    "trait ",
    "type ",
];

/// Words that add nothing to a name.
const FILLING: &str = "a all an and are at for has have how in is it its many of on one that the \
                       their there this to was what when where which who why with";

#[test]
fn public_items_have_doc_comments() {
    let missing = found(|lines, at| {
        let item = lines[at].trim_start().strip_prefix("pub ");
        let item = item.is_some_and(|item| ITEMS.iter().any(|kind| item.starts_with(kind)));
        let above = lines[..at].iter().rev().map(|line| line.trim());
        let mut above = above.take_while(|line| {
            !line.is_empty() && !line.ends_with(['{', ';']) && !line.starts_with('}')
        });
        let documented = |line: &str| {
            line.starts_with("///")
                || line.starts_with("#[doc")
                || line.starts_with("$(#[")
                || line == "$($meta)*"
        };
        item && !above.any(documented)
    });
    assert!(missing.is_empty(), "without a doc comment:\n{missing:#?}");
}

#[test]
fn no_doc_comment_repeats_the_name_of_a_field_or_variant() {
    let repeated = found(|lines, at| {
        let (Some(text), Some(named)) = (
            lines[at].trim_start().strip_prefix("/// "),
            lines.get(at + 1).map(|line| line.trim_start()),
        ) else {
            return false;
        };
        let alone = at == 0 || !lines[at - 1].trim_start().starts_with("///");
        let name = named.strip_prefix("pub ").unwrap_or(named);
        let is_item = ITEMS.iter().any(|kind| name.starts_with(kind));
        let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
        let known: BTreeSet<String> = words(named).collect();
        let mut said = words(text);
        let adds =
            said.any(|word| !known.contains(&word) && !FILLING.split(' ').any(|w| w == word));
        alone && is_name && !is_item && !adds
    });
    assert!(repeated.is_empty(), "repeats a name:\n{repeated:#?}");
}

/// The words of a text or an identifier, in lower case and without a plural's `s`.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut upper_before = false;
    for letter in text.chars() {
        let starts = letter.is_uppercase() && !upper_before;
        if starts || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut().unwrap().extend(letter.to_lowercase());
        }
        upper_before = letter.is_uppercase();
    }
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.map(|word| word.trim_end_matches('s').to_owned())
}

/// The lines of product code for which a test holds. Surfaces and the command line are left out:
/// their comments are descriptions of the API and help texts.
fn found(wrong: impl Fn(&[&str], usize) -> bool) -> Vec<String> {
    let files = all_rust_files().into_iter();
    let files = files.filter(|file| !is_test(file) && !file.starts_with("tests"));
    files
        .flat_map(|file| {
            let text = read(&root().join(&file));
            let described = ["ToSchema", "IntoParams", "clap", "utoipa"];
            let lines: Vec<&str> = match described.iter().any(|word| text.contains(word)) {
                true => vec![],
                false => product(&text).lines().collect(),
            };
            let places = (0..lines.len()).filter(|at| wrong(&lines, *at));
            let places = places.map(|at| format!("{}:{}: {}", file.display(), at + 1, lines[at]));
            places.collect::<Vec<_>>()
        })
        .collect()
}
