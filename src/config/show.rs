//! What holds, and where it came from.

use std::collections::BTreeMap;

use ::config::{Value, ValueKind};

/// Words in a key whose value nobody should see.
const SECRET_WORDS: [&str; 4] = ["token", "cookie", "secret", "password"];

/// Every key below `root` with its value and its origin.
pub(super) fn origins(root: &Value) -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    walk(root, String::new(), &mut found);
    found
}

fn walk(value: &Value, key: String, found: &mut BTreeMap<String, (String, String)>) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                let key = if key.is_empty() {
                    name.clone()
                } else {
                    format!("{key}.{name}")
                };
                walk(value, key, found);
            }
        }
        ValueKind::Nil => {}
        _ => {
            let shown = if is_secret(&key) {
                "(hidden)".to_owned()
            } else {
                text(value)
            };
            let origin = value.origin().unwrap_or("default");
            found.insert(key, (shown, origin.to_owned()));
        }
    }
}

fn is_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    SECRET_WORDS.iter().any(|word| last.contains(word))
}

fn text(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Array(values) => {
            format!(
                "[{}]",
                values.iter().map(text).collect::<Vec<_>>().join(", ")
            )
        }
        _ => value.to_string(),
    }
}
