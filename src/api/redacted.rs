//! Hides passwords, secrets and hashes of tokens from every answer, whatever the caller's role.
//!
//! They are in the log, sealed or hashed, because the application has to verify them. A reader of
//! events needs to know that one was changed, never to what.

use serde_json::Value;

/// Categories whose events hold such fields.
const CATEGORIES: [&str; 3] = ["token", "user", "worker"];

/// The fields, at any depth of an event.
const FIELDS: [&str; 3] = ["password", "secret", "hash"];

/// What replaces a value.
const HIDDEN: &str = "(hidden)";

/// The event with these fields hidden; none when it can be shown byte for byte.
pub(crate) fn redacted(category: &str, data: &[u8]) -> Option<Value> {
    if !CATEGORIES.contains(&category) {
        return None;
    }
    match serde_json::from_slice(data) {
        Ok(mut value) => hide(&mut value).then_some(value),
        // Data that is not JSON cannot be searched for fields.
        Err(_) => Some(Value::from(HIDDEN)),
    }
}

/// Replaces the values of these fields. Returns whether there was any.
fn hide(value: &mut Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter_mut().fold(false, |any, (name, value)| {
            let is_hidden = FIELDS.contains(&name.as_str());
            if is_hidden {
                *value = Value::from(HIDDEN);
            }
            (is_hidden || hide(value)) || any
        }),
        // All of them, not only until the first: hence no `any`.
        Value::Array(values) => values.iter_mut().map(hide).fold(false, |any, is| any | is),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_users_workers_and_tokens_are_hidden_and_the_rest_is_shown_as_it_is() {
        for (category, data, expected) in [
            ("build", json!({"hash": "abc"}), None),
            ("user", json!({"name": "ann"}), None),
            (
                "user",
                json!({"name": "ann", "password": "$argon2id$"}),
                Some(json!({"name": "ann", "password": HIDDEN})),
            ),
            (
                "worker",
                json!({"changes": [{"secret": {"to": "sealed:v1:Zm9v"}}], "n": 1}),
                Some(json!({"changes": [{"secret": HIDDEN}], "n": 1})),
            ),
            (
                "token",
                json!({"hash": "0123", "role": "admin"}),
                Some(json!({"hash": HIDDEN, "role": "admin"})),
            ),
        ] {
            let shown = redacted(category, data.to_string().as_bytes());
            assert_eq!(shown, expected, "{category} {data}");
        }
        assert_eq!(redacted("token", b"{"), Some(json!(HIDDEN)));
        assert_eq!(redacted("build", b"{"), None);
    }
}
