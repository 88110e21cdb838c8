//! Escapes foreign texts for a terminal.
//!
//! Titles, logs and webhooks come from outside. A control character in one of them could move the cursor, colour or
//! hide lines, or make a terminal answer; a bidirectional control could show a text in another order than it has.
//! They are printed as `\u` and four digits, as JSON writes them.

use std::borrow::Cow;
use std::fmt::Write;

pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// A text whose lines and tabs stay. The line ends of Windows become ours.
pub(super) fn lines(text: &str) -> Cow<'_, str> {
    let is_layout = |c| c == '\n' || c == '\t';
    if text.contains("\r\n") {
        let text = text.replace("\r\n", "\n");
        return Cow::Owned(escaped(&text, is_layout).into_owned());
    }
    escaped(text, is_layout)
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_unsafe(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !is_unsafe(c) || stays(c) => escaped.push(c),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c => {
                // A String takes everything.
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            }
        }
    }
    Cow::Owned(escaped)
}

/// C0, DEL and C1, the separators that some programs take for line ends, and the controls of the bidirectional
/// algorithm.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_move_a_cursor_is_printed_as_its_number() {
        for (text, on_one_line, in_lines) in [
            (
                "emacs é 日本 🦀 \\u",
                "emacs é 日本 🦀 \\u",
                "emacs é 日本 🦀 \\u",
            ),
            ("\u{1b}[2Jgone", "\\u001b[2Jgone", "\\u001b[2Jgone"),
            ("\u{9b}31m", "\\u009b31m", "\\u009b31m"),
            ("a\u{7f}\u{0}b", "a\\u007f\\u0000b", "a\\u007f\\u0000b"),
            (
                "\u{202e}fdp.exe\u{2066}",
                "\\u202efdp.exe\\u2066",
                "\\u202efdp.exe\\u2066",
            ),
            (
                "\u{61c}\u{200f}\u{2028}",
                "\\u061c\\u200f\\u2028",
                "\\u061c\\u200f\\u2028",
            ),
            ("a\tb\r\nc\n", "a\\tb\\r\\nc\\n", "a\tb\nc\n"),
            ("10%\r100%", "10%\\r100%", "10%\\r100%"),
        ] {
            assert_eq!(one_line(text), on_one_line, "{text:?}");
            assert_eq!(lines(text), in_lines, "{text:?}");
        }
    }

    /// The escapes are those of JSON, so an escaped JSON answer has the same meaning.
    #[test]
    fn escaped_json_is_the_same_json() {
        let value = serde_json::json!({"title": "\u{9b}31m\u{202e}\u{1b}\n\u{7f}é"});
        let printed = serde_json::to_string_pretty(&value).unwrap();
        let escaped = lines(&printed);
        assert!(!escaped.contains('\u{202e}') && !escaped.contains('\u{9b}'));
        let read: serde_json::Value = serde_json::from_str(&escaped).unwrap();
        assert_eq!(read, value);
    }
}
