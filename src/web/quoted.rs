//! Parameters as Python's `urllib.parse.quote` writes them: `+` is plus and not space.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use crate::Problem;

/// The first parameter of this name, unquoted.
///
/// # Errors
/// 400 when it is not UTF-8.
pub fn parameter<'a>(query: &'a str, name: &str) -> Result<Option<Cow<'a, str>>, Problem> {
    let mut parameters = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let Some((_, quoted)) = parameters.find(|(known, _)| *known == name) else {
        return Ok(None);
    };
    let text = match unquote(quoted, b'+') {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    };
    let not_text = || Problem::bad_request("a parameter is not text").at(name, "is not UTF-8");
    text.map(Some).ok_or_else(not_text)
}

/// The first parameter of this name, which must be there and be valid.
///
/// # Errors
/// 400 when it is missing or not valid; the problem names the part that is wrong.
pub fn required<T: FromStr<Err: Display>>(query: &str, name: &str) -> Result<T, Problem> {
    let missing = || {
        let detail = format!("ask for a {name}: `?{name}=…`");
        Problem::bad_request(detail).at(name, "is missing")
    };
    let text = parameter(query, name)?.ok_or_else(missing)?;
    text.parse().map_err(|error: T::Err| {
        let reason = error.to_string();
        Problem::bad_request(format!("the {name} is not valid: {reason}")).at(name, reason)
    })
}

/// Undoes quoting. What `+` means depends on who quoted: itself for Python's `quote`, a blank for a
/// form. A `%` that begins no escape is itself.
#[must_use]
pub fn unquote(text: &str, plus: u8) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if !bytes
        .iter()
        .any(|&b| b == b'%' || (b == b'+' && plus != b'+'))
    {
        return Cow::Borrowed(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let digit = |index: usize| char::from(*after.get(index)?).to_digit(16);
        let escaped = digit(0).zip(digit(1)).filter(|_| first == b'%');
        match escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = &after[2..];
            }
            None => {
                plain.push(if first == b'+' { plus } else { first });
                rest = after;
            }
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_unquoted_as_python_quotes_it() {
        for (quoted, plain) in [
            ("emacs@29.2%20%2Bjson%7Enative", "emacs@29.2 +json~native"),
            ("a+b", "a+b"),
            ("%zz%", "%zz%"),
            ("%4", "%4"),
            ("%25%32", "%2"),
            ("", ""),
        ] {
            let query = format!("x=1&spec={quoted}&spec=second");
            assert_eq!(
                parameter(&query, "spec").unwrap().unwrap(),
                plain,
                "{quoted}"
            );
        }
        assert_eq!(parameter("specs=1", "spec").unwrap(), None);
        assert_eq!(parameter("spec=%ff", "spec").unwrap_err().status, 400);
    }

    proptest::proptest! {
        #[test]
        fn no_query_breaks_the_reader(query in ".{0,200}") {
            let _ = required::<u64>(&query, "spec");
            let _ = required::<u64>(&format!("spec={query}"), "spec");
        }
    }
}
