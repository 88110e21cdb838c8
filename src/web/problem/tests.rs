use super::*;

#[test]
fn a_problem_carries_its_status_its_name_and_every_error() {
    let problem = Problem::bad_request("two fields are wrong")
        .at("build_id", "is missing")
        .at("ref", "is a number, not a text");
    let json = serde_json::to_value(&*problem).unwrap();
    assert_eq!(json["type"], "urn:tallyman:problem:bad-request");
    assert_eq!(json["status"], 400);
    assert_eq!(json["errors"][1]["field"], "ref");
    assert!(json.get("trace_id").is_none());
}

#[test]
fn a_temporary_problem_has_retry_after() {
    let response = Problem::unavailable("full").retry_after(2).into_response();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[RETRY_AFTER], "2");
    assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
}

#[test]
fn a_status_from_outside_keeps_its_own_kind() {
    let known = Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE, String::new());
    assert_eq!(known.kind, "urn:tallyman:problem:too-large");
    let unknown = Problem::of_status(StatusCode::IM_A_TEAPOT, String::new());
    assert_eq!((unknown.status, &*unknown.kind), (418, "about:blank"));
}
