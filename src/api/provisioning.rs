//! Makes the farm as somebody wants it: groups, users, workers, pools, projects, templates and jobs.
//!
//! One thing or a whole document goes the same way. It is read with all its faults at once ([`document`],
//! [`reading`], [`wanted`]), what takes its time is done ([`prepared`]), and then each thing is made as it is
//! wanted within one unit of work ([`plan`], [`things`], [`jobs`]). What is so already stays: telling the same
//! twice adds nothing, and whoever was interrupted tells it once more. Nothing is ever deleted.

mod document;
mod find;
mod jobs;
mod kind;
mod plan;
mod prepared;
mod reading;
mod report;
mod things;
mod wanted;

use projections::{RosterView, Runs};
use std::collections::BTreeSet;

use commands::{CommandError, Transaction};
use domain::Metadata;
use web::Problem;

use crate::Api;
use crate::wire::Thing;
use plan::{Outcome, Plan, Refused, Step, Stop};
use prepared::Prepared;

pub(crate) use document::{Document, Item, Which, one};
pub(crate) use kind::{Groups, JobTemplates, Jobs, Kind, Projects, Users, WorkerPools, Workers};
pub(crate) use report::Applied;
pub(crate) use wanted::{
    GroupFields, JobFields, JobTemplateFields, ProjectFields, Reference, UserFields, Wanted,
    WorkerFields, WorkerPoolFields,
};

/// How many things are made in one append. A larger document is checked as a whole and then made part by part.
const PART: usize = 500;

/// How often a document is looked at anew when somebody else was faster.
const ATTEMPTS_MAX: usize = 3;

/// Makes everything as a document wants it, or says what would change.
///
/// # Errors
/// 400 with every fault, 409 when something contradicts what is there, 503 when the log is busy. Nothing was
/// changed then; of a document with more than [`PART`] things, parts may have been.
pub(crate) async fn apply(
    app: &Api,
    metadata: &Metadata,
    mut document: Document,
    dry_run: bool,
) -> Result<Applied, Problem> {
    jobs::parents_first(&mut document.jobs);
    let prepared = Prepared::of(app, &document, !dry_run).await?;
    let whole = document.len() <= PART;
    if dry_run || !whole {
        let mut applied = make(app, metadata, &document, &prepared, true).await?;
        if dry_run {
            applied.dry_run = true;
            hide_what_is_not_yet(&mut applied);
            return Ok(applied);
        }
    }
    if whole {
        return make(app, metadata, &document, &prepared, false).await;
    }
    let mut applied = Applied::default();
    for part in document.parts(PART) {
        let made = make(app, metadata, &part, &prepared, false).await?;
        applied.changed |= made.changed;
        applied.notes.extend(made.notes);
        for (plural, things) in made.objects {
            applied.objects.entry(plural).or_default().extend(things);
        }
    }
    Ok(applied)
}

/// What is new has no number before it is there, and secrets that were made up for nothing are nobody's.
fn hide_what_is_not_yet(applied: &mut Applied) {
    for thing in applied
        .objects
        .values_mut()
        .flat_map(|things| things.values_mut())
    {
        if thing.action == "created" {
            thing.id = None;
        }
        thing.secret = None;
        if thing.api_key_is_made_up {
            thing.api_key = None;
            thing.changes.retain(|change| change.field != "api_key");
        }
        thing.first_run = None;
    }
}

async fn make(
    app: &Api,
    metadata: &Metadata,
    document: &Document,
    prepared: &Prepared,
    dry_run: bool,
) -> Result<Applied, Problem> {
    let mut attempt = 1;
    loop {
        // Names are looked up in the views, so those know everything first.
        let head = app.commands.head();
        app.wait_for(head).await?;
        let views = (app.views.of::<RosterView>()?, app.views.of::<Runs>()?);
        let work = |unit: Transaction| {
            let views = views.clone();
            async move {
                let plan = Plan::new(&unit, app, views, prepared);
                let outcome = carry_out(plan, document).await?;
                match dry_run {
                    true => Err(CommandError::Rejected(Refused::DryRun(Box::new(outcome)))),
                    false => Ok(outcome),
                }
            }
        };
        let done = app.commands.transact(metadata, work).await;
        match done {
            Ok((outcome, appended)) => {
                if let Some(position) = appended.position() {
                    app.wait_for(position).await?;
                }
                return Ok(outcome.applied);
            }
            Err(CommandError::Rejected(Refused::DryRun(outcome))) => return Ok(outcome.applied),
            Err(CommandError::Rejected(Refused::Faults { conflict: true, .. }))
                if attempt < ATTEMPTS_MAX && app.commands.head() != head =>
            {
                attempt += 1;
            }
            Err(CommandError::Rejected(Refused::Faults { errors, conflict })) => {
                return Err(match conflict {
                    true => Problem::conflict("something contradicts what is there"),
                    false => Problem::bad_request("this cannot be done"),
                }
                .with_errors(errors));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes each thing, those first that others refer to.
async fn carry_out(
    mut plan: Plan<'_>,
    document: &Document,
) -> Result<Outcome, CommandError<Refused>> {
    /// Makes all things of one kind, and ends when anything was wrong with any.
    macro_rules! make {
        ($items:ident, $make:ident) => {
            for item in &document.$items {
                go_on(plan.$make(item).await)?;
            }
            plan.check()?;
        };
    }

    plan.ambiguous = ambiguous(document);
    make!(groups, group);
    make!(users, user);
    make!(workers, worker);
    make!(worker_pools, worker_pool);
    make!(projects, project);
    make!(job_templates, job_template);
    make!(jobs, job);
    go_on(plan.check_lost_pools().await)?;
    plan.check()?;
    Ok(Outcome {
        applied: plan.applied,
    })
}

fn go_on(step: Step<()>) -> Result<(), CommandError<Refused>> {
    match step {
        Ok(()) | Err(Stop::Noted) => Ok(()),
        Err(Stop::Over(error)) => Err(error),
    }
}

/// What is called alike within a document.
fn ambiguous(document: &Document) -> BTreeSet<(Thing, String)> {
    let templates = document.job_templates.iter();
    let templates = templates.map(|it| (Thing::JobTemplate, &it.wanted.title));
    let jobs = document.jobs.iter();
    let jobs = jobs.map(|it| (Thing::Job, &it.wanted.title));
    let mut seen = BTreeSet::new();
    templates
        .chain(jobs)
        .filter_map(|(thing, title)| Some((thing, title.clone()?)))
        .filter(|key| !seen.insert(key.clone()))
        .collect()
}
