use serde_json::value::to_raw_value;

use super::*;

/// A history of shapes as it might grow: `ok` became `outcome`, and `outcome` was joined by
/// `attempts`.
fn made_up_step(event_type: &str, version: u16, mut fields: Fields) -> Fields {
    match (event_type, version) {
        // v1 kept only a flag: `{"ok": bool, "at": …}`.
        ("run.finished", 1) => {
            let ok = fields.remove("ok").is_some_and(|ok| ok.get() == "true");
            let outcome = if ok { "succeeded" } else { "failed" };
            fields.insert("outcome".to_owned(), to_raw_value(outcome).unwrap());
        }
        // v2 did not count.
        ("run.finished", 2) => {
            fields.insert("attempts".to_owned(), to_raw_value(&1).unwrap());
        }
        _ => {}
    }
    fields
}

fn carry(version: u16, data: &str) -> String {
    let place = ("run.finished", version, 3);
    to_newest(place, data, made_up_step).unwrap()
}

#[test]
fn old_data_climbs_every_step_from_where_it_was_written() {
    for (version, data) in [
        (1, r#"{"ok":true,"at":"noon"}"#),
        (2, r#"{"outcome":"succeeded","at":"noon"}"#),
        (3, r#"{"attempts":1,"outcome":"succeeded","at":"noon"}"#),
    ] {
        let newest = r#"{"at":"noon","attempts":1,"outcome":"succeeded"}"#;
        assert_eq!(carry(version, data), newest, "v{version}");
    }
}

#[test]
fn what_no_step_touches_keeps_its_bytes() {
    let body = r#"{"z": 1.0e2, "a": 12345678901234567890123 , "z": null}"#;
    let carried = carry(1, &format!(r#"{{"ok":false,"body":{body}}}"#));
    assert!(carried.contains(body), "{carried}");
}

#[test]
fn another_type_takes_no_step() {
    let place = ("run.started", 1, 3);
    let carried = to_newest(place, r#"{"ok":true}"#, made_up_step).unwrap();
    assert_eq!(carried, r#"{"ok":true}"#);
}

#[test]
fn what_has_no_fields_is_an_error() {
    for data in ["", "[]", "7", "{", "\"x\"", "null"] {
        let place = ("run.finished", 1, 3);
        assert!(to_newest(place, data, made_up_step).is_err(), "{data:?}");
    }
}
