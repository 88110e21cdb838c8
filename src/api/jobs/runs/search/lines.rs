//! The lines of a log that contain the searched text.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

/// The most lines that are shown of one log.
const LINES_MAX: usize = 3;
/// The most characters that are shown of a line, and how many of them before the match.
const CHARS_MAX: usize = 240;
const CHARS_BEFORE: usize = 80;

/// A line that contains the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Line {
    /// Its number, starting at 1.
    line: usize,
    /// Its text; of a long line, the part around the match.
    text: String,
}

/// The text to search for.
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

    /// The number of lines that contain it, and the first of them.
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

    /// The number of characters before the match in a line.
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
    fn a_long_line_is_shortened_around_the_match() {
        let line = format!("{}needle{}", "ä".repeat(1000), "ö".repeat(1000));
        let (_, lines) = Needle::new("needle", false).find(&line);
        assert_eq!(lines[0].text.chars().count(), CHARS_MAX);
        assert!(lines[0].text.contains("needle"));
    }

    proptest! {
        #[test]
        fn any_text_can_be_searched(text in any::<String>(), needle in "[^\r\n]{1,5}", ignore_case: bool) {
            let (total, lines) = Needle::new(&needle, ignore_case).find(&text);
            if !ignore_case {
                let expected = text.lines().filter(|line| line.contains(&needle)).count();
                prop_assert_eq!(total, expected);
            }
            prop_assert!(lines.len() == total.min(LINES_MAX));
        }
    }
}
