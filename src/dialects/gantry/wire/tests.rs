use serde_json::{Value, json};

use super::*;

fn good() -> Value {
    json!({
        "object_kind": "build",
        "ref": "develop",
        "build_id": 9_892_514,
        "build_name": "gcc@12.3.0 /abc",
        "build_stage": "stage-1",
        "build_status": "success",
        "build_started_at": "2024-01-24 17:24:06 UTC",
        "build_finished_at": null,
        "build_duration": 12.5,
        "runner": {"id": 1, "description": "aws", "tags": ["a"]},
        "project": {"path_with_namespace": "spack/spack"},
    })
}

fn with(field: &str, value: Value) -> String {
    let mut body = good();
    body[field] = value;
    body.to_string()
}

fn faults(body: &str) -> Vec<String> {
    match Hook::read(body) {
        Err(Unfit::Fields(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
        Err(Unfit::Syntax(_)) => vec!["syntax".to_owned()],
        Ok(_) => Vec::new(),
    }
}

#[test]
fn both_readers_read_a_good_body_alike() {
    let body = good().to_string();
    let quick: Hook<'_> = serde_json::from_str(&body).unwrap();
    assert_eq!(quick, faults::read(&body).unwrap());
    assert!(matches!(quick.build_stage, Cow::Borrowed(_)));
    assert!(matches!(
        quick.build_started_at,
        Some(Text(Cow::Borrowed(_)))
    ));
}

#[test]
fn every_missing_field_is_named_at_once() {
    let required = [
        "build_status",
        "build_stage",
        "build_id",
        "build_started_at",
        "build_finished_at",
        "ref",
        "runner.description",
    ];
    for body in [
        "{}",
        "[]",
        "null",
        "7",
        r#""text""#,
        r#"{"template": {"mine": true}}"#,
    ] {
        assert_eq!(faults(body), required, "{body}");
    }
}

#[test]
fn each_field_has_its_own_form() {
    for (field, value, fault) in [
        ("build_status", json!(1), Some("build_status")),
        ("build_status", json!(null), Some("build_status")),
        ("build_status", json!("a status of tomorrow"), None),
        ("build_stage", json!(["stage-1"]), Some("build_stage")),
        ("build_id", json!("9892514"), Some("build_id")),
        ("build_id", json!(1.5), Some("build_id")),
        ("build_id", json!(null), Some("build_id")),
        ("build_id", json!(u64::MAX), Some("build_id")),
        ("build_id", json!(1_u64 << 60), None),
        ("build_started_at", json!(null), None),
        ("build_started_at", json!("garbage"), None),
        (
            "build_started_at",
            json!(1_706_117_046),
            Some("build_started_at"),
        ),
        ("build_finished_at", json!({}), Some("build_finished_at")),
        ("ref", json!(null), Some("ref")),
        ("ref", json!(true), Some("ref")),
        ("runner", json!(null), None),
        ("runner", json!("aws"), Some("runner")),
        ("runner", json!([]), Some("runner")),
        ("runner", json!({}), Some("runner.description")),
        (
            "runner",
            json!({"description": null}),
            Some("runner.description"),
        ),
        ("runner", json!({"description": "aws", "id": "x"}), None),
        ("pipeline_id", json!("x"), None),
        ("project", json!([]), None),
        ("build_name", json!(7), None),
        (
            "build_stage",
            json!("s".repeat(TEXT_BYTES_MAX + 1)),
            Some("build_stage"),
        ),
        ("build_name", json!("n".repeat(TEXT_BYTES_MAX + 1)), None),
    ] {
        let expected: Vec<&str> = fault.into_iter().collect();
        assert_eq!(
            faults(&with(field, value.clone())),
            expected,
            "{field} = {value}"
        );
    }
}

/// A text of the greatest length is taken by both readers, in every field; one byte more by
/// neither.
#[test]
fn a_text_may_be_as_long_as_the_bound() {
    for field in [
        "build_status",
        "build_stage",
        "ref",
        "runner",
        "build_started_at",
        "build_finished_at",
        "build_name",
        "build_failure_reason",
        "project_name",
        "project",
    ] {
        for (bytes, fits) in [(TEXT_BYTES_MAX, true), (TEXT_BYTES_MAX + 1, false)] {
            let text = "x".repeat(bytes);
            let value = match field {
                "runner" => json!({ "description": text }),
                "project" => json!({ "path_with_namespace": text }),
                _ => json!(text),
            };
            let body = with(field, value);
            let quick: Hook<'_> = serde_json::from_str(&body).unwrap();
            assert_eq!(quick.fits(), fits, "{field} {bytes}");
            let patient = faults::read(&body).ok();
            assert_eq!(patient.as_ref() == Some(&quick), fits, "{field} {bytes}");
        }
    }
}

#[test]
fn an_optional_field_of_another_form_is_as_if_it_were_not_there() {
    let body = with("pipeline_id", json!("x"));
    let hook = Hook::read(&body).unwrap();
    assert_eq!((hook.pipeline_id, &*hook.git_ref), (None, "develop"));
    let body = with("build_name", json!("n".repeat(TEXT_BYTES_MAX + 1)));
    assert_eq!(Hook::read(&body).unwrap().build_name, None);
}

/// What is read a second time is read as kindly.
#[test]
fn null_is_accepted_next_to_a_field_of_another_form() {
    let mut body = good();
    for (field, value) in [
        ("pipeline_id", json!("x")),
        ("runner", json!(null)),
        ("build_started_at", json!(null)),
    ] {
        body[field] = value;
    }
    let body = body.to_string();
    let hook = Hook::read(&body).unwrap();
    assert_eq!((hook.runner, hook.build_started_at), (None, None));
}

#[test]
fn of_a_repeated_field_the_last_value_counts() {
    let body = good().to_string().replacen('{', r#"{"build_id": "x", "#, 1);
    assert_eq!(Hook::read(&body).unwrap().build_id, 9_892_514);
}

#[test]
fn what_is_no_json_is_named_by_its_place() {
    for (body, place) in [
        ("", "line 1"),
        ("{\n  \"build_id\": }", "line 2"),
        ("{}{}", "column 3"),
    ] {
        match Hook::read(body) {
            Err(Unfit::Syntax(message)) => assert!(message.contains(place), "{message}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(body in ".{0,200}") {
        let _ = Hook::read(&body);
    }

    #[test]
    fn escapes_in_a_field_are_read_alike(name in ".{0,50}") {
        let body = with("ref", json!(name));
        let patient = faults::read(&body).unwrap();
        proptest::prop_assert_eq!(&patient.git_ref, &name);
        proptest::prop_assert_eq!(Hook::read(&body).unwrap(), patient);
    }
}
