//! The variants of a spec as a pod's annotation spells them, and as history compares them.

use std::fmt::Write;

enum Value<'a> {
    Flag(bool),
    Text(&'a str),
    List(Vec<&'a str>),
}

/// Turns variants as Spack writes them (`+json~x k=v l=a,b`) into the JSON text that history compares:
/// `{"json": true, "x": false, "k": "v", "l": ["a", "b"]}`.
///
/// Keys stand in the order in which they were first written, with the value that was written last; there is
/// a space after `:` and `,`, and nothing but ASCII. So wrote the service whose history we import, and two
/// variants are the same exactly when their texts are. Parts that are no variant are passed over.
#[must_use]
pub fn variants_to_json(text: &str) -> String {
    let mut variants: Vec<(&str, Value<'_>)> = Vec::new();
    for (name, value) in parts(text).filter_map(variant) {
        match variants.iter_mut().find(|(known, _)| *known == name) {
            Some((_, first)) => *first = value,
            None => variants.push((name, value)),
        }
    }
    let mut json = String::from("{");
    for (index, (name, value)) in variants.iter().enumerate() {
        if index > 0 {
            json.push_str(", ");
        }
        push_text(&mut json, name);
        json.push_str(": ");
        match value {
            Value::Flag(flag) => json.push_str(if *flag { "true" } else { "false" }),
            Value::Text(text) => push_text(&mut json, text),
            Value::List(texts) => push_list(&mut json, texts),
        }
    }
    json.push('}');
    json
}

/// Splits at spaces and before every `+` and `~`, except within a quoted value: `languages:='c,c++'`.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(is_space);
        let (part, tail) = rest.split_at(part_end(rest));
        rest = tail;
        (!part.is_empty()).then_some(part)
    })
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

/// Where the part ends that a text begins with. Only after `:=` may a quote open; one that is not closed at the end of the
/// value is a character like any other.
fn part_end(text: &str) -> usize {
    let divides = |c: char| is_space(c) || matches!(c, '+' | '~');
    let first = text.chars().next().map_or(0, char::len_utf8);
    let plain = text[first..].find(divides);
    let plain = plain.map_or(text.len(), |at| at + first);
    let at = text[..plain].find('=').map(|at| at + 1);
    let Some(at) = at.filter(|at| text[..*at].ends_with(":=")) else {
        return plain;
    };
    let Some(quote @ ('\'' | '"')) = text[at..].chars().next() else {
        return plain;
    };
    let after = text[at + 1..].find(quote).map(|length| at + length + 2);
    let after =
        after.filter(|after| text[*after..].is_empty() || text[*after..].starts_with(divides));
    after.unwrap_or(plain)
}

fn variant(part: &str) -> Option<(&str, Value<'_>)> {
    let (name, value) = match part.split_once('=') {
        Some((name, value)) => {
            let (name, value) = match name.strip_suffix(':') {
                Some(name) => (name.trim_end_matches(':'), unquoted(value)),
                None => (name, value),
            };
            match value.contains(',') {
                true => (name, Value::List(value.split(',').collect())),
                false => (name, Value::Text(value)),
            }
        }
        None => {
            let name = part.strip_prefix(['+', '~'])?;
            (name, Value::Flag(part.starts_with('+')))
        }
    };
    (!name.is_empty()).then_some((name, value))
}

/// What stands within quotes, if a value is quoted.
fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    within('\'').or_else(|| within('"')).unwrap_or(value)
}

fn push_list(json: &mut String, texts: &[&str]) {
    json.push('[');
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            json.push_str(", ");
        }
        push_text(json, text);
    }
    json.push(']');
}

fn push_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(json, "\\u{unit:04x}").expect("writing to a String cannot fail");
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests;
