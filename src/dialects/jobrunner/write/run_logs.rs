//! Logs: what runs printed.

use axum::response::Response;
use commands::runs;
use domain::LongText;

use crate::fields::{Fields, required};
use crate::read::{RunLogs, seen};
use crate::refusal::{Refusal, Reply};
use crate::resource::Resource;
use crate::visit::Visit;
use crate::write::kill_requests::check_run;
use crate::write::{fields, refuse};

/// Writes the log of a run. An existing log is replaced: a worker that lost the answer repeats the
/// request, and would do so for ever if it were refused.
pub(super) async fn create(visit: &Visit<'_>) -> Reply<Response> {
    let fields = fields(visit)?;
    let run = required("run", fields.relation("run", Resource::Run)?)?;
    check_run(visit, run).await?;
    let content = &content(visit, &fields).await?.flatten();
    let number = visit.transact(refuse, |unit| async move {
        runs::write_log(&unit, run, content.clone()).await
    });
    Ok(visit.created(&Resource::RunLog.uri(number.await?)))
}

pub(super) async fn change(visit: &Visit<'_>, number: Option<u64>) -> Reply<()> {
    let number = seen::<RunLogs>(visit, number).await?;
    let fields = fields(visit)?;
    let run = RunLogs::row(visit, number).await?.run;
    if let Some(Some(other)) = fields.relation("run", Resource::Run)?
        && other != run
    {
        return Err(Refusal::about("run", "a log stays with its run"));
    }
    check_run(visit, run).await?;
    let Some(content) = &content(visit, &fields).await? else {
        return Ok(());
    };
    let replaced = visit.transact(refuse, |unit| async move {
        runs::replace_log(&unit, run, content.clone()).await
    });
    replaced.await
}

async fn content(visit: &Visit<'_>, fields: &Fields) -> Reply<Option<Option<LongText>>> {
    let bytes_max = visit.dialect.settings().body_bytes_max;
    Ok(match fields.text("content", bytes_max)? {
        Some(Some(text)) => Some(Some(visit.app.keep_text(text).await?)),
        Some(None) => Some(None),
        None => None,
    })
}
