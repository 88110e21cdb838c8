//! What people change through the old API is in the audit: who, when, from where. It knows no
//! reasons.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use domain::ActorKind;
use projections::core::audit::AuditFilter;
use projections::{Audits, Cursor};

use super::*;

#[tokio::test]
async fn what_a_person_changes_is_audited_and_what_a_worker_reports_is_not() {
    let app = TestApp::new().await;
    let (live, job) = (app.run_of(1).await, Resource::Job.uri(1));
    app.report(live, &[claim(), start()]).await;
    let run = Resource::Run.uri(live);
    for (method, target, body, event) in [
        (
            "PATCH",
            job.clone(),
            json!({"description": "new"}),
            "job.edited",
        ),
        (
            "PATCH",
            job.clone(),
            json!({"enqueue_is_enabled": false}),
            "job.enqueue_suspended",
        ),
        (
            "POST",
            "/api/v1/run/".to_owned(),
            json!({"job": job, "schedule_dts": "2012-01-01T00:00:00Z"}),
            "run.scheduled",
        ),
        (
            "POST",
            "/api/v1/kill_request/".to_owned(),
            json!({"run": run}),
            "kill_request.requested",
        ),
        (
            "PATCH",
            Resource::Worker.uri(1),
            json!({"enqueue_is_enabled": false}),
            "worker.enqueue_suspended",
        ),
    ] {
        let before = app.app.commands.head();
        let mut request = request(ADMIN, method, &target, body.to_string().into());
        let peer: SocketAddr = "198.51.100.7:40000".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answered = app.send(request).await;
        assert!(answered.status.is_success(), "{target}: {answered:?}");
        let audit = app.app.views.of::<Audits>().unwrap();
        let filter = AuditFilter {
            oldest_first: true,
            ..AuditFilter::default()
        };
        let entries = audit.list(&filter, &Cursor::start(), 100).unwrap().rows;
        let new: Vec<_> = entries.iter().filter(|row| row.position > before).collect();
        let entry = new.first().unwrap_or_else(|| panic!("{target}"));
        assert_eq!(entry.event_type, event, "{target}");
        assert_eq!(entry.actor_kind, Some(ActorKind::User), "{target}");
        let actor = (entry.actor.as_deref(), entry.actor_display.as_deref());
        assert_eq!(actor, (Some("2"), Some("admin")), "{target}");
        assert_eq!(entry.dialect.as_deref(), Some(DIALECT), "{target}");
        assert_eq!(entry.source_ip.as_deref(), Some("198.51.100.7"), "{target}");
        assert_eq!(entry.recorded_at, app.clock.now(), "{target}");
    }
    // What the worker claimed and started is history, and no administrative action.
    let audit = app.app.views.of::<Audits>().unwrap();
    let by_worker = AuditFilter {
        actor: Some("worker".to_owned()),
        ..AuditFilter::default()
    };
    assert_eq!(
        audit.list(&by_worker, &Cursor::start(), 100).unwrap().rows,
        []
    );
}
