use proptest::prelude::*;

use super::*;

const SPEC: &str = "emacs@29.2%20%2Bjson%2Bnative%20arch%3Dx86_64_v3%25gcc%4012.3.0";

#[tokio::test]
async fn a_spec_without_history_gets_the_defaults() {
    let app = TestApp::new();
    for path in ["/v1/allocation", "/allocation"] {
        let answered = app.get(&format!("{path}?spec={SPEC}")).await;
        assert_eq!(answered.status, 200, "{:?}", answered.body);
        assert_eq!(answered.headers["content-type"], "application/json");
        let expected = json!({"variables": {"KUBERNETES_CPU_REQUEST": "1", "KUBERNETES_MEMORY_REQUEST": "2000M"}});
        assert_eq!(answered.body, expected);
        assert_eq!(answered.headers["tallyman-position"], "0");
    }
}

#[tokio::test]
async fn a_literal_plus_means_plus() {
    let app = TestApp::new();
    let target = "/v1/allocation?spec=emacs@29.2%20+json~native%20arch=x86_64%25gcc@12.3.0";
    assert_eq!(app.get(target).await.status, 200);
}

#[tokio::test]
async fn no_spec_and_no_valid_spec_are_refused_with_the_reason() {
    let app = TestApp::new();
    let long = format!("emacs@29.2%20%2B{}%20arch=x%25gcc@12", "j".repeat(7_000));
    assert_eq!(
        app.get(&format!("/v1/allocation?spec={long}")).await.status,
        200
    );
    for (query, reason) in [
        ("", "missing"),
        ("?", "missing"),
        ("?specs=x", "missing"),
        ("?spec=", "name is missing"),
        ("?spec=hi", "name is missing"),
        ("?spec=@29.2%20%2Bjson%25gcc@12.3.0", "name is missing"),
        ("?spec=emacs@29.2%20%2Bjson", "arch is missing"),
        (
            "?spec=emacs@29.2%2Bjson%20arch=x%25gcc@12",
            "variants are missing",
        ),
        (
            "?spec=emacs@29.2%20%2Bjson%20arch=x86_64%25gcc@",
            "compiler version is missing",
        ),
        (
            "?spec=emacs@%20%2Bjson%20arch=x%25gcc@12",
            "version is missing",
        ),
        (
            "?spec=emacs@29.2%20junk%20arch=x%25gcc@12",
            "variants are wrong",
        ),
        (
            "?spec=emacs@29.2%20%2Bjson%00%20arch=x%25gcc@12",
            "control character",
        ),
        ("?spec=%ff", "UTF-8"),
        ("?spec=%22'%3B%20DROP%20TABLE", "name is missing"),
    ] {
        let answered = app.get(&format!("/v1/allocation{query}")).await;
        assert_eq!(answered.status, 400, "{query}");
        assert_eq!(answered.headers["content-type"], "application/problem+json");
        let reply = answered.body["errors"][0]["message"].as_str().unwrap();
        assert!(reply.contains(reason), "{query}: {reply}");
    }
}

#[tokio::test]
async fn a_request_line_of_more_than_8190_bytes_is_too_long() {
    let app = TestApp::new();
    let target = |line: usize| {
        let head = "/v1/allocation?spec=";
        let around = "GET  HTTP/1.1".len() + head.len();
        format!("{head}{}", "x".repeat(line - around))
    };
    assert_eq!(app.get(&target(8190)).await.status, 400);
    let answered = app.get(&target(8191)).await;
    assert_eq!(answered.status, 414);
    assert_eq!(answered.body["type"], "urn:tallyman:problem:uri-too-long");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_request_is_answered_with_5xx(spec in "[!-~]{0,200}") {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let Ok(request) = Request::get(format!("/v1/allocation?spec={spec}")).body(Body::empty()) else {
                return Ok(());
            };
            let answered = TestApp::new().send(request).await;
            prop_assert!(answered.status.as_u16() < 500, "{:?}", answered);
            Ok(())
        })?;
    }
}
