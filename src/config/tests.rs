//! What is secret stays so. The keys come from the sections themselves, so that a new one is tested
//! as well.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;

/// What no output may hold.
const MARKER: &str = "hunter2marker";

/// What a secret may look like: a text, and an address with a password.
const FORMS: [&str; 2] = [MARKER, "http://user:hunter2marker@127.0.0.1:1/api"];

fn load_with(key: &str, value: &str) -> Result<load::Loaded, String> {
    let variable = format!("TALLYMAN__{}", key.replace('.', "__").to_uppercase());
    let environment = BTreeMap::from([(variable, value.to_owned())]);
    load(&Flags::default(), &environment).map_err(|error| error.to_string())
}

/// Every key of every section, whether it has a default or not.
fn keys() -> Vec<String> {
    let config = load(&Flags::default(), &BTreeMap::new()).map(|loaded| loaded.config);
    let mut config =
        serde_json::to_value(config.unwrap_or_else(|error| panic!("{error}"))).unwrap();
    config["sources"]["default"] = serde_json::to_value(Source::default()).unwrap();
    let mut keys = Vec::new();
    collect(&config, "", &mut keys);
    keys
}

fn collect(value: &Value, path: &str, keys: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                collect(value, &format!("{path}{dot}{name}"), keys);
            }
        }
        _ => keys.push(path.to_owned()),
    }
}

/// Whether the type of a key keeps its value to itself.
fn is_secret(key: &str) -> bool {
    FORMS.iter().any(|form| {
        load_with(key, form).is_ok_and(|loaded| !format!("{:?}", loaded.config).contains(MARKER))
    })
}

#[test]
fn every_key_that_is_called_a_secret_or_an_address_has_a_type_that_hides_it() {
    let words = ["token", "cookie", "secret", "password", "url", "endpoint"];
    // Addresses in which credentials are an error.
    let refused = ["blobs.endpoint", "telemetry.otlp_endpoint"];
    let named: Vec<String> = keys()
        .into_iter()
        // The id of a key is no secret, its key is.
        .filter(|key| key.ends_with("_key") || words.iter().any(|word| key.contains(word)))
        .collect();
    assert!(named.len() >= 10, "{named:?}");
    for key in named {
        if refused.contains(&key.as_str()) {
            let error = load_with(&key, FORMS[1]).err().unwrap();
            assert!(error.contains(&key) && !error.contains(MARKER), "{error}");
        } else {
            assert!(is_secret(&key), "`{key}` has a type that prints it");
        }
    }
}

#[test]
fn no_secret_is_shown_whatever_its_key() {
    let mut secrets = 0;
    for key in keys().into_iter().filter(|key| is_secret(key)) {
        secrets += 1;
        for form in FORMS {
            // An address may be refused for its password.
            let Ok(loaded) = load_with(&key, form) else {
                continue;
            };
            let (shown, origin) = &loaded.origins[&key];
            assert!(!shown.contains(MARKER), "{key}: {shown}");
            assert!(origin.contains("environment"), "{key}: {origin}");
        }
    }
    assert!(secrets >= 8, "only {secrets} secrets were found");
}

/// A secret that was put under the wrong key, or one level too high, is not quoted.
#[test]
fn no_error_quotes_what_may_be_a_secret() {
    let mut paths: Vec<String> = keys();
    for key in keys() {
        let above = key.rsplit_once('.').map(|(above, _)| above.to_owned());
        paths.extend(above);
        paths.push(format!("{key}x"));
        paths.push(format!("{key}.x"));
    }
    let plain: Vec<String> = {
        let loaded = load(&Flags::default(), &BTreeMap::new());
        let origins = loaded.unwrap_or_else(|error| panic!("{error}")).origins;
        origins.into_keys().collect()
    };
    let mut refused = 0;
    for path in paths.iter().filter(|path| !plain.contains(path)) {
        if let Err(error) = load_with(path, FORMS[1]) {
            refused += 1;
            assert!(!error.contains(MARKER), "{path}: {error}");
        }
    }
    assert!(refused > 50, "only {refused} were refused");
    // What is no secret is quoted, so that it can be found.
    let error = load_with("server.requests_max", "many").err().unwrap();
    assert!(error.contains("many"), "{error}");
}

/// An address with a user is shown without one under every key.
#[test]
fn an_address_in_a_plain_key_is_shown_without_its_user() {
    let loaded = load_with("jobrunner.host_name", FORMS[1]).unwrap();
    let shown = &loaded.origins["jobrunner.host_name"].0;
    assert_eq!(shown, "\"http://(hidden)@127.0.0.1:1/api\"");
}
