//! A summary of an audited event in one line.

use std::collections::BTreeMap;

use domain::builds::build::BuildEvent;
use domain::core::audit::AuditEvent;
use domain::core::token::TokenEvent;
use domain::{BuildsEvent, CoreEvent, Event};
use serde_json::Value;

/// A summary of an audited event.
pub(super) struct Summary {
    pub(super) text: String,
    /// How many more of this kind were counted instead of written.
    pub(super) unwritten: u64,
}

/// Fields that name a thing; none of them can hold a secret.
const NAMES: [&str; 6] = ["name", "title", "username", "model", "reason", "outcome"];

/// Fields that refer to a thing by its number.
const NUMBERS: [&str; 6] = ["run", "job", "worker", "worker_pool", "group", "user"];

/// Fields that every event has, or that are meaningless to a reader.
const PLAIN: [&str; 2] = ["at", "number"];

pub(super) fn of(event: &Event) -> Summary {
    let (text, unwritten) = match event {
        Event::Core(CoreEvent::Audit(event)) => of_audit(event),
        Event::Core(CoreEvent::Token(event)) => (of_token(event), 0),
        Event::Builds(BuildsEvent::Build(BuildEvent::CollectionRequeued(requeued))) => {
            let text = format!("collection {} of its usage", requeued.collection);
            (text, 0)
        }
        other => (of_fields(other), 0),
    };
    Summary { text, unwritten }
}

/// Names what the event is about and, of an edit, which fields it changed; never their values, which may be scripts,
/// passwords or secrets.
fn of_fields(event: &Event) -> String {
    let data = event.encode().data;
    let fields: BTreeMap<String, Value> = serde_json::from_slice(&data).unwrap_or_default();
    if event.event_type().ends_with(".edited") || event.event_type().ends_with(".patched") {
        let changed = fields.keys().filter(|name| !PLAIN.contains(&name.as_str()));
        return changed.cloned().collect::<Vec<_>>().join(", ");
    }
    let name = NAMES.iter().filter_map(|name| match fields.get(*name)? {
        Value::String(text) => Some(text.clone()),
        _ => None,
    });
    let number = NUMBERS.iter().filter_map(|name| match fields.get(*name)? {
        Value::Number(number) => Some(format!("{name} {number}")),
        _ => None,
    });
    name.chain(number).collect::<Vec<_>>().join(", ")
}

fn of_audit(event: &AuditEvent) -> (String, u64) {
    match event {
        AuditEvent::WebhookRejected(rejected) => (
            format!("{}: {}", rejected.dialect, rejected.reason),
            rejected.unwritten,
        ),
        AuditEvent::WebhookIgnored(ignored) => {
            let text = format!(
                "{}: `{}` from {}",
                ignored.dialect, ignored.kind, ignored.source
            );
            (text, ignored.unwritten)
        }
        AuditEvent::BodyRefused(refused) => (refused.errors.join("; "), 0),
        AuditEvent::BodyResubmitted(again) => match again.accepted {
            true => ("accepted".to_owned(), 0),
            false => (again.errors.join("; "), 0),
        },
        AuditEvent::WriteRefused(refused) => {
            let (method, path) = (&refused.method, &refused.path);
            let text = format!("{method} {path}: {} {}", refused.status, refused.reason);
            (text, refused.unwritten)
        }
        AuditEvent::OperationStarted(started) => {
            let (kind, subject) = (&started.kind, &started.subject);
            (format!("{kind} {subject} as {}", started.operation), 0)
        }
        AuditEvent::LoggedIn(logged_in) => (format!("user {}", logged_in.user), 0),
        AuditEvent::LoginRefused(refused) => {
            let user = refused.user.map(|user| format!("user {user}"));
            (user.unwrap_or("unknown user".to_owned()), refused.unwritten)
        }
    }
}

fn of_token(event: &TokenEvent) -> String {
    match event {
        TokenEvent::Issued(issued) => {
            let scopes = issued.scopes.join(" ");
            format!("{} ({:?}) {scopes}", issued.name, issued.role)
                .trim_end()
                .to_owned()
        }
        TokenEvent::Revoked(_) => "revoked".to_owned(),
    }
}
