//! Workers: their own reports, and the fields that users change.

use commands::{CommandError, names};
use domain::core::name::NameRejection;
use domain::jobs::worker::{
    Edited, ReportCommand, ReportRejection, Reported, Reports, Worker, WorkerCommand,
    WorkerRejection,
};
use projections::RosterView;
use thiserror::Error;

use crate::caller::Caller;
use crate::fields::{Fields, Written, not_null};
use crate::read::{Workers, seen};
use crate::refusal::{Refusal, Reply};
use crate::visit::Visit;
use crate::write::{NO_ADMIN, fields};

/// The longest title, in characters.
pub(super) const TITLE_CHARS_MAX: usize = 255;

/// The longest description or list of addresses, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 64 * 1024;

/// The kind of names that API keys are.
const API_KEY: &str = "worker_key";

/// The fields of a worker that users may change.
#[derive(Clone, Debug, Default)]
struct Spoken {
    title: Option<String>,
    description: Option<String>,
    api_key: Option<String>,
    enqueue_is_enabled: Option<bool>,
}

#[derive(Debug, Error)]
enum Rejection {
    #[error(transparent)]
    Worker(#[from] WorkerRejection),
    #[error(transparent)]
    Report(#[from] ReportRejection),
    #[error("the API key is taken")]
    Name(#[from] NameRejection),
}

pub(super) async fn change(visit: &Visit<'_>, number: Option<u64>) -> Reply<()> {
    let number = seen::<Workers>(visit, number).await?;
    let fields = fields(visit)?;
    let report = report(visit, &fields)?;
    // A worker changes its own reports, and nothing else.
    let spoken = match visit.caller {
        Caller::Worker { .. } => Spoken::default(),
        Caller::User { number: user, .. } => {
            let roster = visit.app.views.of::<RosterView>()?;
            if !roster.read(|roster| roster.may_write_worker(user, number)) {
                return Err(NO_ADMIN);
            }
            Spoken::read(&fields)?
        }
    };
    let (report, spoken, key) = (&report, &spoken, &number.to_string());
    let changed = visit.transact(refuse, |unit| async move {
        let at = unit.now();
        let report = ReportCommand::Report(Reported {
            at,
            ..report.clone()
        });
        let reports = Reports::key(number);
        let reply = unit.execute::<Reports>(&reports, report).await;
        reply.map_err(CommandError::into_rejection)?;
        let worker = unit.load::<Worker>(key).await;
        let worker = worker.map_err(CommandError::into_rejection)?;
        let known = worker.facts().map(|worker| worker.api_key.clone());
        if let (Some(new), Some(old)) = (&spoken.api_key, known) {
            let renamed = names::change(&unit, (API_KEY, &old), (API_KEY, new), number).await;
            renamed.map_err(CommandError::into_rejection)?;
        }
        for command in spoken.commands(at) {
            let reply = unit.execute::<Worker>(key, command).await;
            reply.map_err(CommandError::into_rejection)?;
        }
        Ok(())
    });
    changed.await
}

fn report(visit: &Visit<'_>, fields: &Fields) -> Reply<Reported> {
    let version: Written<String> = fields.text("worker_version", Reports::VERSION_CHARS_MAX)?;
    Ok(Reported {
        ping_response_at: fields.date("ping_response_dts", visit.zone())?,
        worker_version: version,
        concurrent_jobs: fields.number("concurrent_jobs")?,
        at: visit.app.commands.clock().now(),
    })
}

impl Spoken {
    fn read(fields: &Fields) -> Reply<Self> {
        let enabled = fields.boolean("enqueue_is_enabled")?;
        Ok(Self {
            title: title(fields)?,
            description: not_null("description", fields.text("description", TEXT_CHARS_MAX)?)?,
            api_key: not_null("api_key", fields.text("api_key", TITLE_CHARS_MAX)?)?,
            enqueue_is_enabled: not_null("enqueue_is_enabled", enabled)?,
        })
    }

    fn commands(&self, at: jiff::Timestamp) -> Vec<WorkerCommand> {
        let edited = Edited {
            title: self.title.clone(),
            description: self.description.clone(),
            api_key: self.api_key.clone(),
            secret: None,
            at,
        };
        let mut commands = Vec::new();
        if edited != Edited::nothing(at) {
            commands.push(WorkerCommand::Edit(edited));
        }
        commands.extend(self.enqueue_is_enabled.map(|enabled| match enabled {
            true => WorkerCommand::Resume { at },
            false => WorkerCommand::Suspend { at },
        }));
        commands
    }
}

/// A title: one line, which has something in it.
pub(super) fn title(fields: &Fields) -> Reply<Option<String>> {
    let title = not_null("title", fields.text("title", TITLE_CHARS_MAX)?)?;
    match title {
        Some(title) if title.trim().is_empty() => Err(Refusal::about("title", "is empty")),
        Some(title) if title.chars().any(char::is_control) => Err(Refusal::about(
            "title",
            "must be one line without control characters",
        )),
        title => Ok(title),
    }
}

fn refuse(error: CommandError<Rejection>) -> Refusal {
    match error {
        CommandError::Rejected(Rejection::Name(_)) => {
            Refusal::Conflict("api_key: another worker has it".to_owned())
        }
        error => error.into(),
    }
}
