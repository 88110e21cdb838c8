//! Halves of characters.
//!
//! A worker cuts long logs wherever it is, and its Python counts half characters: the first or last
//! half of an emoji arrives as a lone `\ud83d`. No text can hold that, and refusing it would lose
//! the log and leave its run open for ever. So it becomes U+FFFD, as in any other decoder.

use std::borrow::Cow;

/// The escape that replaces unreadable characters.
const REPLACEMENT: &str = "\\ufffd";

/// JSON text without escapes of lone surrogates.
pub(super) fn mend(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut kept = 0;
    let mut place = 0;
    while let Some(found) = text[place..].find('\\') {
        let escape = place + found;
        match surrogate(&text[escape..]) {
            Some(Half::First) if surrogate(&text[escape + 6..]) == Some(Half::Second) => {
                place = escape + 12;
            }
            Some(_) => {
                mended.push_str(&text[kept..escape]);
                mended.push_str(REPLACEMENT);
                place = escape + 6;
                kept = place;
            }
            // An escape is a backslash and one more character, which may be a backslash itself.
            None => {
                let next = text[escape + 1..].chars().next();
                place = escape + 1 + next.map_or(0, char::len_utf8);
            }
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[kept..]);
    Cow::Owned(mended)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    First,
    Second,
}

/// Which half of a character the escape is that a text begins with.
fn surrogate(text: &str) -> Option<Half> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::First),
        0xdc00..=0xdfff => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_half_character_becomes_a_whole_one_and_all_else_stays() {
        for (text, expected) in [
            (r#""plain""#, None),
            (r#""\u00e9\n\\ud83d""#, None),
            (r#""\ud83e\udd80""#, None),
            (r#""\uD83E\uDD80""#, None),
            (r#""a\ud83d""#, Some(r#""a\ufffd""#)),
            (r#""\udd80b""#, Some(r#""\ufffdb""#)),
            (r#""\ud83d\ud83e\udd80""#, Some(r#""\ufffd\ud83e\udd80""#)),
            (r#""\ud83d\n\\\udd80""#, Some(r#""\ufffd\n\\\ufffd""#)),
            (r#""\ud83"#, None),
            ("\\", None),
            ("\\é\\ud83dé", Some("\\é\\ufffdé")),
        ] {
            assert_eq!(mend(text), expected.unwrap_or(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_string_of_half_characters_can_be_read(halves in prop::collection::vec(any::<u16>(), 0..20)) {
            let escaped: String = halves.iter().map(|half| format!("\\u{half:04x}")).collect();
            let read: String = serde_json::from_str(&mend(&format!("\"{escaped}\""))).unwrap();
            prop_assert_eq!(read, String::from_utf16_lossy(&halves));
        }

        #[test]
        fn no_text_breaks_the_mender(text in "[\\\\ud8c0-9é\"]{0,40}") {
            let _ = mend(&text);
        }
    }
}
