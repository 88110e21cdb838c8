//! Runs that take longer than their jobs allow.

use domain::JobsEvent;
use domain::jobs::kill_request::KillReason;

use super::*;

/// The clock of these tests is at noon, and so are the reports.
#[tokio::test]
async fn an_overdue_run_gets_one_kill_request_for_each_start() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    assert_eq!(
        farm.time_out(run, 0, 60).await.0,
        None,
        "it is not executed"
    );
    farm.change(run, start(-60)).await.unwrap();
    let (asked, outcome) = farm.time_out(run, -61, 60).await;
    assert_eq!(
        (asked, outcome.is_empty()),
        (None, true),
        "it was not started then"
    );
    for (expected, events) in [(Some(1), 3), (None, 0)] {
        let (asked, outcome) = farm.time_out(run, -60, 60).await;
        assert_eq!((asked, outcome.events.len()), (expected, events));
    }
    // Its worker died and starts again.
    let reset = Patched {
        enqueued_at: Some(None),
        started_at: Some(None),
        ..Patched::nothing(noon())
    };
    farm.change(run, reset).await.unwrap();
    farm.change(run, start(-30)).await.unwrap();
    assert_eq!(farm.time_out(run, -60, 60).await.0, None);
    assert_eq!(farm.time_out(run, -30, 30).await.0, Some(2));
    farm.change(run, over(0, Some(false))).await.unwrap();
    assert_eq!(farm.time_out(run, -30, 1).await.0, None);

    let asked = |event| match event {
        Event::Jobs(JobsEvent::KillRequest(KillRequestEvent::Requested(data))) => data.reason,
        _ => None,
    };
    let reasons: Vec<KillReason> = farm.events().await.into_iter().filter_map(asked).collect();
    let expected = [60, 30].map(|limit_seconds| KillReason::TimedOut { limit_seconds });
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn an_unknown_run_takes_no_time() {
    let farm = Farm::new().await;
    assert_eq!(farm.time_out(77, 0, 1).await.0, None);
}

/// Worker 7 claims and starts a run, so many seconds from noon.
fn start(second: i64) -> Patched {
    Patched {
        worker: Some(7),
        enqueued_at: Some(Some(later(second))),
        started_at: Some(Some(later(second))),
        ..Patched::nothing(later(second))
    }
}
