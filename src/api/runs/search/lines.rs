//! Lines of a text that contain another.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// How many lines of one log are shown.
const LINES_MAX: usize = 3;
/// How many characters of a line are shown, and how many of them before what was found.
const CHARS_MAX: usize = 240;
const CHARS_BEFORE: usize = 80;

/// A line that contains what is searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Line {
    /// Its number; the first is 1.
    line: usize,
    /// What it says; of a long one, what stands around what was found.
    text: String,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    text: String,
    ignore_case: bool,
}

impl Needle {
    pub(crate) fn new(text: &str, ignore_case: bool) -> Self {
        let text = match ignore_case {
            true => text.to_lowercase(),
            false => text.to_owned(),
        };
        Self { text, ignore_case }
    }

    /// How many lines contain it, and the first of them.
    pub(crate) fn find(&self, text: &str) -> (usize, Vec<Line>) {
        let (mut total, mut lines) = (0, Vec::new());
        for (line, number) in text.lines().zip(1..) {
            let Some(at) = self.place_in(line) else {
                continue;
            };
            total += 1;
            if lines.len() < LINES_MAX {
                let text = around(line, at);
                lines.push(Line { line: number, text });
            }
        }
        (total, lines)
    }

    /// How many characters stand before it in a line.
    fn place_in(&self, line: &str) -> Option<usize> {
        let line = match self.ignore_case {
            true => Cow::Owned(line.to_lowercase()),
            false => Cow::Borrowed(line),
        };
        let at = line.find(&self.text)?;
        Some(line[..at].chars().count())
    }
}

fn around(line: &str, at: usize) -> String {
    let skipped = at.saturating_sub(CHARS_BEFORE);
    let skipped = if line.chars().count() <= CHARS_MAX {
        0
    } else {
        skipped
    };
    line.chars().skip(skipped).take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_found_with_their_numbers_and_the_first_are_shown() {
        let text = "one Error\nfine\r\nerror two\nError three\nError four\nError five";
        let numbers = |needle: Needle| {
            let (total, lines) = needle.find(text);
            (
                total,
                lines.iter().map(|line| line.line).collect::<Vec<_>>(),
            )
        };
        assert_eq!(numbers(Needle::new("Error", false)), (4, vec![1, 4, 5]));
        assert_eq!(numbers(Needle::new("ERROR", true)), (5, vec![1, 3, 4]));
        assert_eq!(numbers(Needle::new("ERROR", false)), (0, vec![]));
    }

    #[test]
    fn of_a_long_line_the_place_is_shown() {
        let line = format!("{}needle{}", "ä".repeat(1000), "ö".repeat(1000));
        let (_, lines) = Needle::new("needle", false).find(&line);
        assert_eq!(lines[0].text.chars().count(), CHARS_MAX);
        assert!(lines[0].text.contains("needle"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in any::<String>(), needle in "[^\r\n]{1,5}", ignore_case: bool) {
            let (total, lines) = Needle::new(&needle, ignore_case).find(&text);
            if !ignore_case {
                let expected = text.lines().filter(|line| line.contains(&needle)).count();
                prop_assert_eq!(total, expected);
            }
            prop_assert!(lines.len() == total.min(LINES_MAX));
        }
    }
}
