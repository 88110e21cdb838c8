//! What holds, and where it came from.
//!
//! The places come from the values that were read, the values from the typed configuration: there
//! secrets do not print themselves.

use std::collections::BTreeMap;

use ::config::{Value, ValueKind};
use serde_json::Value as Shown;

use super::secrets::{HIDDEN, without_credentials};

pub(super) struct Read {
    /// Where it was set.
    pub(super) origin: String,
    /// Its text as it was read. It may be a secret.
    pub(super) text: String,
}

/// Every key below `root`.
pub(super) fn read(root: &Value) -> BTreeMap<Vec<String>, Read> {
    let mut found = BTreeMap::new();
    walk(root, &mut Vec::new(), &mut found);
    found
}

fn walk(value: &Value, key: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Read>) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                key.push(name.clone());
                walk(value, key, found);
                key.pop();
            }
        }
        ValueKind::Nil => {}
        _ => {
            let read = Read {
                origin: value.origin().unwrap_or("default").to_owned(),
                text: value.to_string(),
            };
            found.insert(key.clone(), read);
        }
    }
}

/// Every key that was read, with its value in the configuration and its origin.
pub(super) fn origins(
    read: &BTreeMap<Vec<String>, Read>,
    config: &Shown,
) -> BTreeMap<String, (String, String)> {
    read.iter()
        .map(|(key, read)| {
            let value = key.iter().fold(config, |value, name| &value[name.as_str()]);
            (key.join("."), (text(value), read.origin.clone()))
        })
        .collect()
}

fn text(value: &Shown) -> String {
    match value {
        // Nothing is shown of what the configuration does not know.
        Shown::Null => HIDDEN.to_owned(),
        Shown::String(text) if text == HIDDEN => HIDDEN.to_owned(),
        // Whatever the key is for: an address with a user is shown without one.
        Shown::String(text) if text.contains("://") && text.contains('@') => {
            format!("{:?}", without_credentials(text))
        }
        Shown::Array(values) => {
            let values: Vec<String> = values.iter().map(text).collect();
            format!("[{}]", values.join(", "))
        }
        other => other.to_string(),
    }
}
