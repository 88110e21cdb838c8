//! What is answered while the view of allocations is rebuilt: 503 and when to come back, never the
//! defaults of a farm without history.

use std::time::Duration;

use eventlog::FaultyLog;

use super::*;

/// How long the test waits for the view to answer again.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn no_allocation_is_made_up_while_the_view_is_rebuilt() {
    let now = NOW.parse().unwrap();
    let log = Arc::new(FaultyLog::new(move || now));
    let sources = || vec![source("default", &[TOKEN])];
    let before = TestApp::on(log.clone(), sources());
    assert_eq!(before.collect(job().to_string()).await.status, 200);
    drop(before);

    // The same log, and views that are made from it.
    log.hold(true);
    let app = TestApp::on(log.clone(), sources());
    let targets = ["/v1/allocation", "/allocation"]
        .map(|path| format!("{path}?spec=a@1%20%2Bx%20arch=x%25gcc@1"));
    for target in &targets {
        let answered = app.get(target).await;
        assert_eq!(answered.status, 503, "{target}: {:?}", answered.body);
        assert_eq!(answered.headers["content-type"], "application/problem+json");
        let seconds: u64 = answered.headers["retry-after"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(seconds > 0, "{target}");
        let detail = answered.body["detail"].as_str().unwrap();
        assert!(
            detail.contains("`allocation` is not up to date"),
            "{detail}"
        );
    }
    // Webhooks need no view, and a repeat is known by the log.
    for (body, status) in [
        (with("build_id", json!(90211)), "accepted"),
        (job().to_string(), "duplicate"),
    ] {
        let answered = app.collect(body).await;
        assert_eq!(
            (answered.status.as_u16(), &answered.body["status"]),
            (200, &json!(status))
        );
    }

    log.hold(false);
    let head = app.log.head();
    app.app.views.wait_for_all(head, PATIENCE).await.unwrap();
    for target in &targets {
        assert_eq!(app.get(target).await.status, 200, "{target}");
    }
}
