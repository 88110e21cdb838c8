use domain::Event;
use domain::builds::build::{BuildEvent, SkipReason};
use domain::core::audit::{AuditEvent, WebhookRejected};

use crate::Pulse;
use crate::pulse::HourCounts;
use crate::testing::{App, PATIENCE, at, killed, reported, skipped, tell, used};

#[tokio::test]
async fn every_event_is_counted_once_by_type_and_hour() {
    let app = App::new();
    for number in 1..=5 {
        app.tell_of_build(number, reported(number, "success")).await;
    }
    app.tell_of_build(1, used(1, "zlib")).await;
    let types = app.views.of::<Pulse>().unwrap().types().unwrap();
    let types: Vec<_> = types
        .iter()
        .map(|of| (of.event_type.as_str(), of.count))
        .collect();
    assert_eq!(types, [("build.reported", 5), ("build.usage_recorded", 1)]);
    let hours = app.views.of::<Pulse>().unwrap().hours(10).unwrap();
    assert_eq!(hours.len(), 1);
    assert_eq!((hours[0].counts.events, hours[0].counts.succeeded), (6, 5));
    let began = hours[0].begins_at.as_second();
    assert_eq!((began % 3600, began / 3600), (0, 1_700_000_000 / 3600));
}

/// Each number of an hour counts what it says, over pages and restarts.
#[tokio::test]
async fn an_hour_counts_what_happened_in_it() {
    let app = App::new();
    let rejected = AuditEvent::WebhookRejected(WebhookRejected {
        dialect: "gantry".to_owned(),
        reason: "no credential".to_owned(),
        unwritten: 41,
        at: at(1),
    });
    for (stream, event, times) in [
        ("build-default:1", reported(1, "running").into(), 1),
        ("build-default:1", reported(1, "success").into(), 2),
        ("build-default:2", reported(2, "failed").into(), 3),
        ("build-default:3", reported(3, "canceled").into(), 4),
        ("build-default:1", Event::from(used(1, "zlib")), 5),
        ("build-default:2", skipped(2, SkipReason::Ghost).into(), 6),
        (
            "build-default:4",
            BuildEvent::OutOfMemory(killed(4, 1)).into(),
            7,
        ),
        ("audit-2026-11-21", rejected.into(), 2),
    ] {
        for _ in 0..times {
            tell(&*app.log, stream, event.clone()).await;
        }
    }
    let head = app.log_head();
    app.views.wait_for_all(head, PATIENCE).await.unwrap();
    let hours = app.views.of::<Pulse>().unwrap().hours(9).unwrap();
    let expected = HourCounts {
        events: 30,
        reports: 10,
        succeeded: 2,
        failed: 3,
        dropped: 4,
        recorded: 5,
        skipped: 6,
        out_of_memory: 7,
        refused: 2 * 42,
        ..HourCounts::default()
    };
    assert_eq!(
        hours.iter().map(|hour| hour.counts).collect::<Vec<_>>(),
        [expected]
    );
}
