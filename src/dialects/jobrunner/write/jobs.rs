//! Jobs: what is to be run, and what after what.

use axum::response::Response;
use commands::{CommandError, Transaction, names, numbers};
use domain::LongText;
use domain::core::name::NameRejection;
use domain::core::numbers::NumbersRejection;
use domain::jobs::job::{
    Created, Edited, Job, JobCommand, JobRejection, Suspension, would_come_after_itself,
};
use domain::jobs::schedule::IntervalUnit;
use projections::RosterView;
use thiserror::Error;

use crate::caller::Caller;
use crate::fields::{Fields, not_null};
use crate::read::{JobTemplates, Jobs, WorkerPools, seen};
use crate::refusal::{Refusal, Reply};
use crate::resource::Resource;
use crate::visit::Visit;
use crate::write::workers::{TEXT_CHARS_MAX, title};
use crate::write::{NO_ADMIN, check_project_of, fields, related};

/// What is written about a job. `children` follow from parents, and `script_content` from the
/// script.
#[derive(Clone, Debug)]
struct Spoken {
    edited: Edited,
    enqueue_is_enabled: Option<bool>,
}

#[derive(Debug, Error)]
enum Rejection {
    #[error(transparent)]
    Job(#[from] JobRejection),
    #[error(transparent)]
    Numbers(#[from] NumbersRejection),
    #[error("the title is taken")]
    Name(#[from] NameRejection),
    #[error("a worker may not say who gets mail")]
    Recipients,
}

pub(super) async fn create(visit: &Visit<'_>) -> Reply<Response> {
    check_caller(visit)?;
    let fields = fields(visit)?;
    let Spoken {
        edited,
        enqueue_is_enabled,
    } = Spoken::read(visit, &fields).await?;
    let missing = |name: &str| Refusal::about(name, "is missing");
    let job_template = edited.job_template.ok_or_else(|| missing("job_template"))?;
    let worker_pool = edited.worker_pool.ok_or_else(|| missing("worker_pool"))?;
    if edited.title.is_none() {
        return Err(missing("title"));
    }
    let parent = edited.parent.flatten();
    check_related(visit, Some(job_template), Some(worker_pool), parent)?;
    let recipients = edited.notification_addresses.as_deref().unwrap_or_default();
    if is_worker(visit) && !recipients.is_empty() {
        return Err(refuse(CommandError::Rejected(Rejection::Recipients)));
    }
    check_pool(visit, job_template, worker_pool)?;
    let mut created = Created::blank(0, edited.at);
    created.edit(&edited);
    created.enqueue_is_enabled = enqueue_is_enabled.unwrap_or(true);
    let created = &created;
    let number = visit.transact(refuse, |unit| async move {
        let number = numbers::take(&unit, "job").await;
        let number = number.map_err(CommandError::into_rejection)?;
        let created = Created {
            number,
            at: unit.now(),
            ..created.clone()
        };
        let kind = kind_of_name(&created);
        let named = names::take(&unit, (&kind, &created.title), number).await;
        named.map_err(CommandError::into_rejection)?;
        let key = number.to_string();
        let reply = unit.execute::<Job>(&key, JobCommand::Create(created));
        reply.await.map_err(CommandError::into_rejection)?;
        Ok(number)
    });
    Ok(visit.created(&Resource::Job.uri(number.await?)))
}

pub(super) async fn change(visit: &Visit<'_>, number: Option<u64>) -> Reply<()> {
    let number = seen::<Jobs>(visit, number).await?;
    check_caller(visit)?;
    check_project_of(visit, number)?;
    let spoken = Spoken::read(visit, &fields(visit)?).await?;
    // What stays as it is needs no check: a pool that the project has lost since is no reason to
    // refuse something else.
    let known = visit.app.views.of::<RosterView>()?.read(|roster| {
        let job = roster.job(number)?;
        Some((job.job_template, job.worker_pool, job.parent))
    });
    let (known_template, known_pool, known_parent) = known.ok_or(Refusal::NotFound)?;
    let reply = &spoken.edited;
    let job_template = reply.job_template.filter(|reply| *reply != known_template);
    let worker_pool = reply.worker_pool.filter(|reply| *reply != known_pool);
    let parent = reply
        .parent
        .flatten()
        .filter(|reply| Some(*reply) != known_parent);
    check_own(visit, known_pool)?;
    check_related(visit, job_template, worker_pool, parent)?;
    if job_template.is_some() || worker_pool.is_some() {
        let template = job_template.unwrap_or(known_template);
        check_pool(visit, template, worker_pool.unwrap_or(known_pool))?;
    }
    // Two that become each other's parents at the same time would both find no circle.
    let _turn = match parent {
        Some(_) => Some(visit.dialect.families().lock().await),
        None => None,
    };
    if let Some(parent) = parent {
        let is_circle =
            visit.app.views.of::<RosterView>()?.read(|roster| {
                would_come_after_itself(number, parent, |job| roster.job(job)?.parent)
            });
        if is_circle {
            return Err(Refusal::about("parent", "the job would come after itself"));
        }
    }
    let (spoken, by_worker) = (&spoken, is_worker(visit));
    let work = |unit| async move { edit(&unit, number, spoken, by_worker).await };
    visit.transact(refuse, work).await
}

async fn edit(
    unit: &Transaction,
    number: u64,
    spoken: &Spoken,
    by_worker: bool,
) -> Result<(), CommandError<Rejection>> {
    let (key, at) = (number.to_string(), unit.now());
    let before = unit.load::<Job>(&key).await;
    let before = before.map_err(CommandError::into_rejection)?;
    // A client that puts a whole job back repeats its recipients, which changes nothing.
    let known = before.facts().map(|job| &job.notification_addresses);
    if by_worker
        && let Some(reply) = &spoken.edited.notification_addresses
        && known.is_some_and(|known| known != reply)
    {
        return Err(CommandError::Rejected(Rejection::Recipients));
    }
    let edited = Edited {
        at,
        ..spoken.edited.clone()
    };
    let reply = unit.execute::<Job>(&key, JobCommand::Edit(edited)).await;
    reply.map_err(CommandError::into_rejection)?;
    let enabled = spoken.enqueue_is_enabled.map(|enabled| match enabled {
        true => JobCommand::Resume { at },
        false => JobCommand::Suspend {
            because: Suspension::Asked,
            at,
        },
    });
    if let Some(command) = enabled {
        let reply = unit.execute::<Job>(&key, command).await;
        reply.map_err(CommandError::into_rejection)?;
    }
    let after = unit.load::<Job>(&key).await;
    let after = after.map_err(CommandError::into_rejection)?;
    if let (Some(before), Some(after)) = (before.facts(), after.facts()) {
        let (from, to) = (kind_of_name(before), kind_of_name(after));
        let (before, after) = ((&*from, &*before.title), (&*to, &*after.title));
        let renamed = names::change(unit, before, after, number).await;
        renamed.map_err(CommandError::into_rejection)?;
    }
    Ok(())
}

/// A title is unique within a template.
fn kind_of_name(job: &Created) -> String {
    format!("job:{}", job.job_template)
}

impl Spoken {
    async fn read(visit: &Visit<'_>, fields: &Fields) -> Reply<Self> {
        let text = |name| not_null(name, fields.text(name, TEXT_CHARS_MAX)?);
        let boolean = |name| not_null(name, fields.boolean(name)?);
        let script_max = visit.dialect.settings().body_bytes_max;
        let script = fields.text("script_content_partial", script_max)?;
        let script: Option<LongText> = match not_null("script_content_partial", script)? {
            Some(script) => Some(visit.app.keep_text(script).await?),
            None => None,
        };
        let template = fields.relation("job_template", Resource::JobTemplate)?;
        let pool = fields.relation("worker_pool", Resource::WorkerPool)?;
        let edited = Edited {
            title: title(fields)?,
            description: text("description")?,
            job_template: not_null("job_template", template)?,
            worker_pool: not_null("worker_pool", pool)?,
            parent: fields.relation("parent", Resource::Job)?,
            script,
            interval_count: interval_count(fields)?,
            interval_unit: interval_unit(fields)?,
            run_on_all_workers: boolean("run_on_all_workers")?,
            schedule_children_on_error: boolean("schedule_children_on_error")?,
            notification_addresses: text("notification_addresses")?,
            fails_max: fields.number("disable_enqueue_after_fails")?,
            // What old clients know nothing of they leave as it is.
            ..Edited::nothing(visit.app.commands.clock().now())
        };
        Ok(Self {
            edited,
            enqueue_is_enabled: boolean("enqueue_is_enabled")?,
        })
    }
}

fn interval_count(fields: &Fields) -> Reply<Option<Option<u32>>> {
    match fields.number("reschedule_interval")? {
        Some(Some(0)) => Err(Refusal::about("reschedule_interval", "must be over 0")),
        count => Ok(count),
    }
}

/// The empty text means no unit.
fn interval_unit(fields: &Fields) -> Reply<Option<Option<IntervalUnit>>> {
    let name = "reschedule_interval_type";
    let unit = not_null(name, fields.text(name, TEXT_CHARS_MAX)?)?;
    match unit.as_deref() {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(unit) => match IntervalUnit::from_wire(unit) {
            Some(unit) => Ok(Some(Some(unit))),
            None => Err(Refusal::about(
                name,
                "must be MINUTE, HOUR, DAY, MONTH or empty",
            )),
        },
    }
}

/// Checks that a worker may write jobs at all.
fn check_caller(visit: &Visit<'_>) -> Reply<()> {
    match visit.caller {
        Caller::Worker { .. } if !visit.dialect.settings().job_writes_by_workers => Err(
            Refusal::Unauthorized("workers may not change jobs (jobrunner.job_writes_by_workers)"),
        ),
        _ => Ok(()),
    }
}

/// Whether the caller is a worker, whose key is trusted less than a user's session: the key is in a
/// file on a machine that executes scripts of all users.
fn is_worker(visit: &Visit<'_>) -> bool {
    matches!(visit.caller, Caller::Worker { .. })
}

/// Checks that a worker is one of the pool of a job: it writes what it executes, and not what
/// others do.
fn check_own(visit: &Visit<'_>, pool: u64) -> Reply<()> {
    let Caller::Worker { number, .. } = visit.caller else {
        return Ok(());
    };
    let is_own = visit.app.views.of::<RosterView>()?.read(|roster| {
        let pool = roster.worker_pool(pool);
        pool.is_some_and(|pool| pool.workers.contains(&number))
    });
    match is_own {
        true => Ok(()),
        false => Err(Refusal::Unauthorized(
            "a worker may change jobs of its own pools only",
        )),
    }
}

/// Checks that the relations of a job exist, the caller sees them, and it may change the project.
fn check_related(
    visit: &Visit<'_>,
    job_template: Option<u64>,
    worker_pool: Option<u64>,
    parent: Option<u64>,
) -> Reply<()> {
    if let Some(template) = job_template {
        related::<JobTemplates>(visit, "job_template", template)?;
        check_project_of_template(visit, template)?;
    }
    if let Some(pool) = worker_pool {
        related::<WorkerPools>(visit, "worker_pool", pool)?;
    }
    if let Some(parent) = parent {
        related::<Jobs>(visit, "parent", parent)?;
        let pool = visit.app.views.of::<RosterView>()?.read(|roster| {
            let parent = roster.job(parent);
            parent.map(|parent| parent.worker_pool)
        });
        check_own(visit, pool.unwrap_or_default())?;
    }
    Ok(())
}

fn check_project_of_template(visit: &Visit<'_>, template: u64) -> Reply<()> {
    let Caller::User { number: user, .. } = visit.caller else {
        return Ok(());
    };
    let may = visit.app.views.of::<RosterView>()?.read(|roster| {
        let template = roster.job_template(template);
        template.is_some_and(|template| roster.may_write_project(user, template.project))
    });
    if may { Ok(()) } else { Err(NO_ADMIN) }
}

/// Checks that a pool is one of those that a template's project may use.
fn check_pool(visit: &Visit<'_>, job_template: u64, worker_pool: u64) -> Reply<()> {
    let belongs = visit.app.views.of::<RosterView>()?.read(|roster| {
        let template = roster.job_template(job_template)?;
        let project = roster.project(template.project)?;
        Some(project.worker_pools.contains(&worker_pool))
    });
    if belongs == Some(true) {
        Ok(())
    } else {
        Err(Refusal::about("worker_pool", "is not one of the project's"))
    }
}

fn refuse(error: CommandError<Rejection>) -> Refusal {
    match error {
        CommandError::Rejected(Rejection::Name(_)) => {
            Refusal::Conflict("title: another job of the template has it".to_owned())
        }
        CommandError::Rejected(Rejection::Job(JobRejection::Unknown)) => Refusal::NotFound,
        CommandError::Rejected(Rejection::Recipients) => {
            Refusal::Unauthorized("a worker may not say who gets mail")
        }
        error => error.into(),
    }
}
