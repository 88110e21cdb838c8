//! Reads documents that people write: all faults are found at once and named with their paths. A
//! message never repeats the value, because it may be a password.

mod schedule;

use std::collections::BTreeSet;

use crate::Reference;
use crate::error::Fault;
use secrecy::SecretString;
use serde_json::{Map, Value};

pub(crate) use schedule::Moment;

/// More faults than these are not listed.
const FAULTS_MAX: usize = 100;

/// The shortest password or secret, in bytes: shorter ones are guessed.
pub(crate) const SECRET_BYTES_MIN: usize = 8;
/// The longest title or name, in characters.
pub(crate) const TITLE_CHARS_MAX: usize = 255;
/// The longest description, in bytes.
pub(crate) const DESCRIPTION_BYTES_MAX: usize = 64 * 1024;
/// The longest list of addresses, in bytes.
pub(crate) const ADDRESSES_BYTES_MAX: usize = 8 * 1024;
/// The longest API key, in bytes.
pub(crate) const API_KEY_BYTES_MAX: usize = 128;
/// The longest script, in bytes.
pub(crate) const SCRIPT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The most entries of one list within an object.
pub(crate) const MEMBERS_MAX: usize = 10_000;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, place: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault {
                field: place.into(),
                message: message.into(),
            });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something is wrong with a place.
    pub(crate) fn name(&self, place: &str) -> bool {
        self.0.iter().any(|fault| fault.field == place)
    }

    pub(crate) fn into_list(self) -> Vec<Fault> {
        self.0
    }
}

/// An object that is being read, key by key.
pub struct Fields<'a> {
    place: String,
    object: Map<String, Value>,
    known: BTreeSet<&'static str>,
    faults: &'a mut Faults,
}

impl<'a> Fields<'a> {
    /// Begins to read the object at a path; that of the document is empty.
    pub(crate) fn open(place: &str, value: Value, faults: &'a mut Faults) -> Option<Self> {
        let Value::Object(object) = value else {
            faults.add(place, "is an object with keys and values");
            return None;
        };
        Some(Self {
            place: place.to_owned(),
            object,
            known: BTreeSet::new(),
            faults,
        })
    }

    /// Refuses every key that was not read.
    pub(crate) fn close(self) {
        let known: Vec<&str> = self.known.iter().copied().collect();
        for key in self.object.keys() {
            let place = join(&self.place, key);
            let known = known.join(", ");
            self.faults.add(
                place,
                format!("`{key:.64}` is not known here; known are {known}"),
            );
        }
    }

    /// A text; `null` is the empty one.
    pub(crate) fn text(&mut self, key: &'static str, bytes_max: usize) -> Option<String> {
        match self.take(key)? {
            Value::Null => Some(String::new()),
            Value::String(text) if text.contains('\0') => self.fault(key, "has a zero byte in it"),
            Value::String(text) if text.len() <= bytes_max => Some(text),
            Value::String(_) => self.fault(key, format!("has {bytes_max} bytes at most")),
            _ => self.fault(key, "is a text"),
        }
    }

    /// A name or title: one line that is not empty.
    pub(crate) fn title(&mut self, key: &'static str) -> Option<String> {
        let Value::String(text) = self.take(key)? else {
            return self.fault(key, "is a text");
        };
        let fits = (1..=TITLE_CHARS_MAX).contains(&text.chars().count());
        if !fits || text.chars().any(char::is_control) || text.trim() != text {
            return self.fault(
                key,
                format!(
                    "is one line of 1 to {TITLE_CHARS_MAX} characters, without blanks around it"
                ),
            );
        }
        Some(text)
    }

    /// Addresses, one on each line; a list of them will do.
    pub(crate) fn addresses(&mut self, key: &'static str) -> Option<String> {
        let Some(Value::Array(lines)) = self.object.get(key) else {
            return self.text(key, ADDRESSES_BYTES_MAX);
        };
        let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
        let joined = lines.map(|lines| lines.join("\n"));
        self.take(key);
        match joined {
            Some(joined) if joined.len() <= ADDRESSES_BYTES_MAX => Some(joined),
            Some(_) => self.fault(key, format!("have {ADDRESSES_BYTES_MAX} bytes at most")),
            None => self.fault(key, "is a text, or a list of texts"),
        }
    }

    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(flag) => Some(flag),
            _ => self.fault(key, "is true or false"),
        }
    }

    /// A whole number that may be emptied.
    pub(crate) fn count(&mut self, key: &'static str, from: u32) -> Option<Option<u32>> {
        let value = self.take(key)?;
        if value.is_null() {
            return Some(None);
        }
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
        match count.filter(|count| *count >= from) {
            Some(count) => Some(Some(count)),
            None => self.fault(key, format!("is a whole number from {from} on, or nothing")),
        }
    }

    /// A whole number between two others that may be emptied.
    pub(crate) fn count_within(
        &mut self,
        key: &'static str,
        from: u32,
        max: u32,
    ) -> Option<Option<u32>> {
        match self.count(key, from)? {
            Some(count) if count > max => self.fault(key, format!("is {max} at most")),
            count => Some(count),
        }
    }

    pub(crate) fn number(&mut self, key: &'static str) -> Option<u64> {
        match self.take(key)?.as_u64() {
            Some(number) if number > 0 => Some(number),
            _ => self.fault(key, "is a whole number from 1 on"),
        }
    }

    /// A secret. A number is refused: it may have been written with zeros that are lost.
    pub(crate) fn secret(&mut self, key: &'static str, bytes_max: usize) -> Option<SecretString> {
        match self.take(key)? {
            Value::String(text) if (SECRET_BYTES_MIN..=bytes_max).contains(&text.len()) => {
                Some(SecretString::from(text))
            }
            _ => self.fault(
                key,
                format!("is a text of {SECRET_BYTES_MIN} to {bytes_max} bytes (quoted, if it looks like a number)"),
            ),
        }
    }

    /// A secret in the document. A path to a file is refused: only the command line reads those, on
    /// its own machine.
    pub(crate) fn secret_or_file(
        &mut self,
        key: &'static str,
        file_key: &'static str,
        bytes_max: usize,
    ) -> Option<SecretString> {
        if self.take(file_key).is_some() {
            self.fault::<()>(file_key, "is read by the command line alone");
        }
        self.secret(key, bytes_max)
    }

    /// Another record, by its name or number.
    pub(crate) fn reference(&mut self, key: &'static str) -> Option<Option<Reference>> {
        let value = self.take(key)?;
        if value.is_null() {
            return Some(None);
        }
        match Reference::of(&value) {
            Some(reference) => Some(Some(reference)),
            None => self.fault(key, REFERENCE),
        }
    }

    /// Another record that cannot be left empty.
    pub(crate) fn required_reference(&mut self, key: &'static str) -> Option<Reference> {
        match self.reference(key)? {
            Some(reference) => Some(reference),
            None => self.fault(key, "cannot be empty"),
        }
    }

    /// Other records.
    pub(crate) fn references(&mut self, key: &'static str) -> Option<Vec<Reference>> {
        let items = self.list(key, MEMBERS_MAX)?;
        let mut references = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match Reference::of(item) {
                Some(reference) => references.push(reference),
                None => {
                    let place = format!("{}[{index}]", join(&self.place, key));
                    self.faults.add(place, REFERENCE);
                }
            }
        }
        Some(references)
    }

    /// A list; `null` is the empty one.
    pub(crate) fn list(&mut self, key: &'static str, max: usize) -> Option<Vec<Value>> {
        match self.take(key)? {
            Value::Null => Some(Vec::new()),
            Value::Array(items) if items.len() <= max => Some(items),
            Value::Array(_) => self.fault(key, format!("has {max} entries at most")),
            _ => self.fault(key, "is a list"),
        }
    }

    /// Takes the value of a key, and notes that the key is allowed.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.insert(key);
        self.object.remove(key)
    }

    pub(crate) fn fault<T>(&mut self, key: &str, message: impl Into<String>) -> Option<T> {
        self.faults.add(join(&self.place, key), message);
        None
    }
}

const REFERENCE: &str = "is what something is called, or its number";

pub(crate) fn join(place: &str, key: &str) -> String {
    if place.is_empty() {
        format!("{key:.64}")
    } else if key.is_empty() {
        place.to_owned()
    } else {
        format!("{place}.{key:.64}")
    }
}
