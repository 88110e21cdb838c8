//! The variants of a spec: flags, values and lists, in the order in which they were written.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::parse::is_space;

/// Up to so many names are compared one by one; above that an ordered map finds each, so that a
/// long list does not cost its square.
const LOOKED_THROUGH_MAX: usize = 16;

/// What a variant is set to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum VariantValue {
    /// `+x` is true, `~x` is false.
    Flag(bool),
    /// `key=value`.
    Text(String),
    /// `key=a,b`.
    List(Vec<String>),
}

/// The variants of a spec. A variant that is written twice has its first place and its last value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variants(Vec<(String, VariantValue)>);

impl Variants {
    /// Reads whatever is a variant and passes over whatever is not.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        parts(text).filter_map(variant).collect()
    }

    /// Whether there is no variant at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What `name` is set to, if it is.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&VariantValue> {
        self.0
            .iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The variants in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &VariantValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The JSON text that Gantry stores and compares: keys in the order in which they were written,
    /// a space after `:` and `,`, and nothing but ASCII.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index > 0 {
                json.push_str(", ");
            }
            push_json_text(&mut json, name);
            json.push_str(": ");
            value.push_json(&mut json);
        }
        json.push('}');
        json
    }
}

impl VariantValue {
    /// How many bytes of text it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Flag(_) => 1,
            Self::Text(text) => text.len(),
            Self::List(texts) => texts.iter().map(|text| text.len() + 1).sum(),
        }
    }

    /// Adds its JSON to a text, as [`Variants::to_json`] writes it.
    pub fn push_json(&self, json: &mut String) {
        match self {
            Self::Flag(true) => json.push_str("true"),
            Self::Flag(false) => json.push_str("false"),
            Self::Text(text) => push_json_text(json, text),
            Self::List(texts) => {
                json.push('[');
                for (index, text) in texts.iter().enumerate() {
                    if index > 0 {
                        json.push_str(", ");
                    }
                    push_json_text(json, text);
                }
                json.push(']');
            }
        }
    }
}

impl FromIterator<(String, VariantValue)> for Variants {
    fn from_iter<I: IntoIterator<Item = (String, VariantValue)>>(variants: I) -> Self {
        let mut places = BTreeMap::new();
        let mut unique: Vec<(String, VariantValue)> = Vec::new();
        for (name, value) in variants {
            let place = if unique.len() < LOOKED_THROUGH_MAX {
                unique.iter().position(|(known, _)| *known == name)
            } else {
                if places.is_empty() {
                    let known = unique.iter().enumerate();
                    places.extend(known.map(|(place, (name, _))| (name.clone(), place)));
                }
                places.get(&name).copied()
            };
            match place {
                Some(place) => unique[place].1 = value,
                None => {
                    if !places.is_empty() {
                        places.insert(name.clone(), unique.len());
                    }
                    unique.push((name, value));
                }
            }
        }
        Self(unique)
    }
}

impl fmt::Display for Variants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut after_value = false;
        for (index, (name, value)) in self.0.iter().enumerate() {
            // Flags may be run together; whatever follows or precedes a value needs a space.
            let is_value = !matches!(value, VariantValue::Flag(_));
            if index > 0 && (is_value || after_value) {
                f.write_char(' ')?;
            }
            after_value = is_value;
            match value {
                VariantValue::Flag(true) => write!(f, "+{name}")?,
                VariantValue::Flag(false) => write!(f, "~{name}")?,
                VariantValue::Text(text) => write_value(f, name, text)?,
                VariantValue::List(texts) => write_value(f, name, &texts.join(","))?,
            }
        }
        Ok(())
    }
}

/// Quotes a value that would be read as more than one part without.
fn write_value(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    let is_one_part = !value.contains(|c: char| is_space(c) || matches!(c, '+' | '~'));
    match value.contains('\'') {
        _ if is_one_part => write!(f, "{name}={value}"),
        false => write!(f, "{name}:='{value}'"),
        true => write!(f, "{name}:=\"{value}\""),
    }
}

impl Serialize for Variants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Variants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads an object without sorting its keys, which a map type would do.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Variants;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of variants, each true, false, a text or a list of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Variants, A::Error> {
        let mut variants = Vec::new();
        while let Some(variant) = map.next_entry()? {
            variants.push(variant);
        }
        Ok(variants.into_iter().collect())
    }
}

/// Splits at spaces and before every `+` and `~`, except within a quoted value.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(is_space);
        let (part, tail) =
            rest.split_at(part_end(rest).unwrap_or_else(|wrong| wrong.taken_plainly));
        rest = tail;
        (!part.is_empty()).then_some(part)
    })
}

/// A quote that opens a value and does not close it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenQuote {
    /// Where it is, in bytes.
    at: usize,
    /// Where the part ends when the quote is a character like any other.
    taken_plainly: usize,
}

/// The offset of the first quote that is not closed, or is closed within a value; in bytes.
pub(super) fn open_quote(text: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = text[at..].trim_start_matches(is_space);
        at = text.len() - rest.len();
        match part_end(rest) {
            Ok(end) => at += end,
            Err(wrong) => return Some(at + wrong.at),
        }
    }
    None
}

/// The end of a text's first word: the first space that is not quoted.
pub(super) fn word_end(text: &str) -> usize {
    let mut at = 0;
    while !text[at..].is_empty() && !text[at..].starts_with(is_space) {
        at += part_end(&text[at..]).unwrap_or_else(|wrong| wrong.taken_plainly);
    }
    at
}

/// Where the part ends that a text begins with. Only after `:=` may a quote open,
/// `languages:='c,c++'`: after `=` it has always been a character like any other.
fn part_end(text: &str) -> Result<usize, OpenQuote> {
    let divides = |c: char| is_space(c) || matches!(c, '+' | '~');
    let first = text.chars().next().map_or(0, char::len_utf8);
    let plain = text[first..].find(divides);
    let plain = plain.map_or(text.len(), |at| at + first);
    let opens = text[..plain].find('=').map(|at| at + 1);
    let opens = opens.filter(|at| text[..*at].ends_with(":="));
    let quote = opens.and_then(|at| text[at..].chars().next());
    let (Some(at), Some(quote @ ('\'' | '"'))) = (opens, quote) else {
        return Ok(plain);
    };
    let after = text[at + 1..].find(quote).map(|length| at + length + 2);
    match after {
        Some(after) if text[after..].is_empty() || text[after..].starts_with(divides) => Ok(after),
        _ => Err(OpenQuote {
            at,
            taken_plainly: plain,
        }),
    }
}

/// The text within quotes, if a value is quoted.
fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    within('\'').or_else(|| within('"')).unwrap_or(value)
}

fn variant(part: &str) -> Option<(String, VariantValue)> {
    if let Some((name, value)) = part.split_once('=') {
        // `name:=a,b` has these values and no others, which history does not distinguish.
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => (name.trim_end_matches(':'), unquoted(value)),
            None => (name, value),
        };
        let value = if value.contains(',') {
            VariantValue::List(value.split(',').map(String::from).collect())
        } else {
            VariantValue::Text(value.into())
        };
        return (!name.is_empty()).then(|| (name.into(), value));
    }
    let flag = part.starts_with('+');
    let name = part.strip_prefix(['+', '~'])?;
    (!name.is_empty()).then(|| (name.into(), VariantValue::Flag(flag)))
}

fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
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
