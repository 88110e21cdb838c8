use proptest::prelude::*;
use serde_json::json;

use super::*;

fn fields(body: &Value) -> Fields {
    Fields::read(body.to_string().as_bytes()).unwrap()
}

#[test]
fn a_field_is_there_or_empty_or_missing() {
    let read = fields(&json!({
        "title": "é",
        "pid": 4242,
        "is_manual": true,
        "start_dts": "2026-11-21 08:00:00+00:00",
        "worker": "/api/v1/worker/7/",
        "nothing": null,
    }));
    let utc = TimeZone::UTC;
    assert_eq!(read.text("title", 1), Ok(Some(Some("é".to_owned()))));
    assert_eq!(read.number::<i64>("pid"), Ok(Some(Some(4242))));
    assert_eq!(read.boolean("is_manual"), Ok(Some(Some(true))));
    let eight = "2026-11-21T08:00:00Z".parse().unwrap();
    assert_eq!(read.date("start_dts", &utc), Ok(Some(Some(eight))));
    assert_eq!(read.relation("worker", Resource::Worker), Ok(Some(Some(7))));
    assert_eq!(read.text("nothing", 9), Ok(Some(None)));
    assert_eq!(read.date("nothing", &utc), Ok(Some(None)));
    assert_eq!(read.text("missing", 9), Ok(None));
    assert!(required("missing", read.text("missing", 9).unwrap()).is_err());
    assert!(not_null("nothing", read.text("nothing", 9).unwrap()).is_err());
}

#[test]
fn a_value_of_another_kind_is_refused() {
    let utc = TimeZone::UTC;
    let values = [
        json!("abc"),
        json!(""),
        json!(1.5),
        json!(18_446_744_073_709_551_615_u64),
        json!([]),
        json!({}),
    ];
    for value in values {
        let read = fields(&json!({ "field": value }));
        assert!(read.boolean("field").is_err(), "{value}");
        assert!(read.number::<u32>("field").is_err(), "{value}");
        assert!(read.date("field", &utc).is_err(), "{value}");
        assert!(read.relation("field", Resource::Job).is_err(), "{value}");
    }
    for value in [json!(1), json!(true), json!([]), json!("abc")] {
        let read = fields(&json!({ "field": value }));
        assert!(read.text("field", 2).is_err(), "{value}");
    }
    let read = fields(&json!({"small": -1, "large": 4_294_967_296_u64}));
    assert!(read.number::<u32>("small").is_err());
    assert!(read.number::<u32>("large").is_err());
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    let deep = "[".repeat(100_000);
    for body in [
        "",
        " ",
        "null",
        "[]",
        "7",
        "\"a\"",
        "{",
        "{\"a\":}",
        "{'a': 1}",
        "{\"a\": NaN}",
        &deep,
    ] {
        assert!(Fields::read(body.as_bytes()).is_err(), "{body:.20}");
    }
    assert!(Fields::read(b"{\"a\": \"\xff\"}").is_err());
    assert!(Fields::read(br#"{"a": "cut \ud83d"}"#).is_ok());
}

proptest! {
    #[test]
    fn no_body_breaks_the_reader(body in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = Fields::read(&body);
    }
}
