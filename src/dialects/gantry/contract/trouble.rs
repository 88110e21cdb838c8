use eventlog::faulty::AppendFault;
use eventlog::{AppendError, FaultyLog};

use super::*;

fn on_faulty_log() -> (Arc<FaultyLog>, TestApp) {
    let now = NOW.parse().unwrap();
    let log = Arc::new(FaultyLog::new(move || now));
    let app = TestApp::on(
        Arc::clone(&log) as Arc<dyn EventLog>,
        vec![source("default", &[TOKEN])],
    );
    (log, app)
}

/// GitLab sends a webhook again after 503, and the event ids derive from its body: so 503 is the
/// answer, and the build is reported once whether the first append was durable or not.
#[tokio::test]
async fn a_webhook_whose_outcome_is_unknown_is_sent_again_and_happens_once() {
    for fault in [AppendFault::AnswerLost, AppendFault::BatchLost] {
        for key in [None, Some("4711")] {
            let (log, app) = on_faulty_log();
            log.fail_appends(fault.clone());
            let send = || {
                let mut request = Request::post("/v1/collect")
                    .header("x-gitlab-token", TOKEN)
                    .header("x-gitlab-event", "Job Hook");
                if let Some(key) = key {
                    request = request.header("idempotency-key", key);
                }
                app.send(request.body(Body::from(job().to_string())).unwrap())
            };
            let answered = send().await;
            assert_eq!(answered.status, 503, "{fault:?} {key:?}: {answered:?}");
            assert_eq!(answered.headers["retry-after"], "5");
            log.fail_appends(None);
            assert!(send().await.status.is_success(), "{fault:?} {key:?}");
            assert_eq!(log.head(), Position(1), "{fault:?} {key:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_not_acknowledged() {
    for (error, seconds) in [
        (AppendError::Busy, "1"),
        (
            AppendError::Full {
                reason: "sda3: no space left".to_owned(),
            },
            "30",
        ),
        (
            AppendError::Stopped {
                reason: "sda3: no space left".to_owned(),
            },
            "30",
        ),
    ] {
        let (log, app) = on_faulty_log();
        log.fail_appends(AppendFault::Refused(error));
        // Neither a report nor a refused body: both would be lost.
        for body in [job().to_string(), "{}".to_owned(), "no JSON".to_owned()] {
            let answered = app.collect(body.clone()).await;
            assert_eq!(answered.status, 503, "{body}");
            assert_eq!(answered.headers["retry-after"], seconds, "{body}");
            assert!(!answered.body.to_string().contains("sda3"), "{body}");
        }
        // A request that is refused or ignored anyway gets its usual answer.
        let request = Request::post("/collect").body(Body::empty()).unwrap();
        assert_eq!(app.send(request).await.status, 401);
        let request = Request::post("/collect")
            .header("x-gitlab-token", TOKEN)
            .body(Body::from("{}"));
        assert_eq!(app.send(request.unwrap()).await.status, 200);
        let answered = app
            .get("/v1/allocation?spec=a@1%20%2Bx%20arch=x%25gcc@1")
            .await;
        assert_eq!(answered.status, 200);
    }
}
