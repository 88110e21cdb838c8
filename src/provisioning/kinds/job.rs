//! Jobs in documents and answers: what belongs together has to fit. Their titles are unique within
//! a template.

mod checks;
mod first_run;
mod parents;

use domain::LongText;
use domain::jobs::job::{Created, Job};
use domain::jobs::job_template::JobTemplate;
use domain::jobs::project::Project;
use domain::jobs::schedule::{
    IntervalUnit, RETRIES_MAX, RETRY_DELAY_SECONDS_MAX, RUN_TIMEOUT_SECONDS_MAX, Window,
};
use domain::jobs::worker_pool::WorkerPool;
use jiff::civil::Time;

use super::job_template::{find as find_template, project_of};
use crate::fields::{DESCRIPTION_BYTES_MAX, Moment, SCRIPT_BYTES_MAX};
use crate::find::{Found, splits};
use crate::kind::{described, fields, kind, set, shown};
use crate::plan::{Plan, Step};
use crate::{DocumentFields, Item, Kind, Look, Named, Reference, Which};

pub(crate) use checks::check_lost_pools;
pub(crate) use parents::parents_first;

fields! {
    JobFields of Created: "jobs", called title {
        /// What people call it; no two of a template have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Test job 1")]
        title: String = title() => title,
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// The template around its script: by title, by `project/title`, or by number.
        #[schema(value_type = Option<String>, nullable = false)]
        job_template: Reference = required_reference(),
        /// The pool whose workers execute it, one of its project's; by title or number.
        #[schema(value_type = Option<String>, nullable = false)]
        worker_pool: Reference = required_reference(),
        /// The script, which is inserted into the template.
        #[schema(example = "echo hello")]
        script_content_partial: String = text(SCRIPT_BYTES_MAX),
        /// The job after which it runs: by title, by `template/title`, by `project/template/title`,
        /// or by number.
        #[schema(value_type = Option<String>)]
        parent: Option<Reference> = reference(),
        /// How many units its occasions are apart.
        reschedule_interval: Option<u32> = count(1) => interval_count,
        /// `MINUTE`, `HOUR`, `DAY` or `MONTH`; nothing for a job that does not repeat.
        #[schema(value_type = Option<String>)]
        reschedule_interval_type: Option<IntervalUnit> = interval_unit() => interval_unit,
        /// When it runs, instead of an interval: minute, hour, day of the month, month and day of
        /// the week, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. A new job with this
        /// needs no `first_run`.
        #[schema(value_type = Option<String>, max_length = 128, example = "0 3 * * MON-FRI")]
        cron: Option<String> = cron() => cron,
        /// The time zone of its schedule: intervals of days and months, `cron` and
        /// `exclude_windows`. The default is the job runner's.
        #[schema(value_type = Option<String>, example = "Europe/Amsterdam")]
        time_zone: Option<String> = time_zone() => time_zone,
        /// How long one run may take, up to thirty days; then it is killed.
        #[schema(value_type = Option<u32>, minimum = 1, maximum = 2_592_000)]
        run_timeout_seconds: Option<u32> = count_within(1, RUN_TIMEOUT_SECONDS_MAX) => run_timeout_seconds,
        /// How often a failed run is retried, up to ten times; manual runs and runs with a kill
        /// request are not.
        #[schema(value_type = Option<u32>, maximum = 10)]
        retries: Option<u32> = count_within(0, RETRIES_MAX) => retries,
        /// How long it waits before each retry, up to a day; the default is a minute.
        #[schema(value_type = Option<u32>, maximum = 86_400)]
        retry_delay_seconds: Option<u32> = count_within(0, RETRY_DELAY_SECONDS_MAX) => retry_delay_seconds,
        /// When it does not run: local times of day, `"22:00-06:00"` or
        /// `{start: "22:00", end: "06:00"}`.
        #[schema(value_type = Option<Vec<String>>)]
        exclude_windows: Vec<Window> = windows() => excluded,
        /// Whether each worker of the pool executes it.
        #[schema(nullable = false)]
        run_on_all_workers: bool = flag() => run_on_all_workers,
        /// Whether its children run after a failure as well.
        #[schema(nullable = false)]
        schedule_children_on_error: bool = flag() => schedule_children_on_error,
        /// How many failures in a row are borne; nothing or 0: any number.
        disable_enqueue_after_fails: Option<u32> = count(0) => fails_max,
        /// Mail addresses for failures, one per line (a list is accepted).
        notification_addresses: String = addresses() => notification_addresses,
        /// Whether its runs are sent (default: yes).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
        /// When a new job runs for the first time: `now`, or a time. It repeats from then on; a job
        /// without a run never begins by itself, unless it has a `cron`. Of no meaning for a job
        /// that is there already.
        #[schema(value_type = Option<String>, example = "2026-11-27T02:00:00+01:00", nullable = false)]
        first_run: Moment = moment(),
    }
}

shown! {
    ShownJob as Job of Created, |job, look| {
        /// What people call it.
        title: String = job.title.clone(),
        description: String = job.description.clone(),
        /// The template around its script.
        job_template: Named = look.named::<JobTemplate>(job.job_template),
        /// The pool whose workers execute it.
        worker_pool: Named = look.named::<WorkerPool>(job.worker_pool),
        /// The job after which it runs.
        parent: Option<Named> = job.parent.map(|parent| look.named::<Job>(parent)),
        script_content_partial: String = described(&job.script),
        /// How many units its occasions are apart.
        reschedule_interval: Option<u32> = job.interval_count,
        /// Of what; empty when it does not repeat.
        reschedule_interval_type: String = job.interval_unit.map_or("", |unit| unit.wire()).to_owned(),
        /// When it runs, by the calendar, instead of an interval.
        cron: Option<String> = job.cron.clone(),
        /// By whose clock it goes, if not by the job runner's.
        time_zone: Option<String> = job.time_zone.clone(),
        /// How long one run may take.
        run_timeout_seconds: Option<u32> = job.run_timeout_seconds,
        /// How often a run that failed is tried again.
        retries: Option<u32> = job.retries,
        /// How long it waits before each retry; the default is a minute.
        retry_delay_seconds: Option<u32> = job.retry_delay_seconds,
        /// When it does not run, local times of day.
        exclude_windows: Vec<String> = job.excluded.iter().map(window).collect(),
        /// Whether each worker of the pool executes it.
        run_on_all_workers: bool = job.run_on_all_workers,
        /// Whether its children run after a failure as well.
        schedule_children_on_error: bool = job.schedule_children_on_error,
        /// How many failures in a row are borne; nothing and 0: any number.
        disable_enqueue_after_fails: Option<u32> = job.fails_max,
        /// Mail addresses for failures, one per line.
        notification_addresses: String = job.notification_addresses.clone(),
        /// Whether its runs are sent.
        enqueue_is_enabled: bool = job.enqueue_is_enabled,
    }
}

impl Kind for Job {
    kind!(JobFields, ShownJob, jobs);

    fn name(facts: &Created) -> &str {
        &facts.title
    }

    fn within(facts: &Created) -> Option<u64> {
        Some(facts.job_template)
    }

    fn wanted_text(fields: &JobFields) -> Option<&String> {
        fields.script_content_partial.as_ref()
    }

    fn long_text(facts: &Created) -> Option<&LongText> {
        Some(&facts.script)
    }

    fn show_text(shown: &mut ShownJob, text: String) {
        shown.script_content_partial = text;
    }

    async fn make(plan: &mut Plan<'_>, item: &Item<JobFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let template = wanted.job_template.as_ref();
        let template = plan.number(place, "job_template", template, find_template);
        let pool = wanted.worker_pool.as_ref();
        let pool = plan.number(place, "worker_pool", pool, Plan::find::<WorkerPool>);
        let (template, pool) = (template?, pool?);
        let known = match (item.which, template, wanted.name()) {
            (Which::Number(number), ..) => Some(number),
            (Which::Called, Some(template), Some(title)) => {
                plan.called_within::<Self>(template, title)
            }
            (Which::Called, None, Some(title)) => plan.only::<Self>(title),
            _ => None,
        };
        let (number, before) = plan.open::<Self>(place, known).await?;
        let Some(template) = template.or(before.as_ref().map(|before| before.job_template)) else {
            return plan.wrong(place, "job_template", "is missing");
        };
        let Some(pool) = pool.or(before.as_ref().map(|before| before.worker_pool)) else {
            return plan.wrong(place, "worker_pool", "is missing");
        };
        let parent = match &wanted.parent {
            Some(Some(parent)) => {
                let parent = plan.number(place, "parent", Some(parent), |plan, parent| {
                    find(plan, template, parent)
                })?;
                Some(parent)
            }
            Some(None) => Some(None),
            None => None,
        };
        let blank = || Created::blank(number, plan.at);
        let mut facts = before.clone().unwrap_or_else(blank);
        wanted.set(&mut facts);
        facts.job_template = template;
        facts.worker_pool = pool;
        set(&mut facts.parent, parent.as_ref());
        set(&mut facts.script, plan.prepared.text(place).as_ref());
        checks::check_pool(plan, place, before.as_ref(), &facts).await?;
        checks::check_parent(plan, place, &facts)?;
        checks::check_rhythm(plan, place, &facts)?;
        plan.parents.insert(number, facts.parent);

        let mut settled = plan.finish::<Self>(place, number, before, facts).await?;
        let moment = match &settled.before {
            None => wanted
                .first_run
                .or_else(|| first_run::by_calendar(plan, &settled.after)),
            Some(before) => first_run::begins_now(plan, before, &settled.after),
        };
        settled.report.first_run = first_run::schedule(plan, place, number, moment).await?;
        if settled.before.is_none() {
            first_run::note_repeats(plan, &settled.after, moment);
        }
        settled.key = key(plan, settled.key, template).await?;
        plan.report(settled);
        Ok(())
    }
}

/// The job that a reference means: by number, by title in the same template or else anywhere, by
/// `template/title`, or by `project/template/title`.
fn find(plan: &Plan<'_>, template: u64, reference: &Reference) -> Found {
    let Reference::Called(name) = reference else {
        return plan.find::<Job>(reference);
    };
    if let Some(number) = plan.called_within::<Job>(template, name) {
        return Ok(number);
    }
    let within = splits(name).find_map(|(template, title)| {
        let template = Reference::Called(template.to_owned());
        plan.called_within::<Job>(find_template(plan, &template).ok()?, title)
    });
    plan.only_or::<Job>(reference, name, within, "template/title")
}

/// The key of a job in the report.
async fn key(plan: &mut Plan<'_>, title: String, template: u64) -> Step<String> {
    if !plan.is_ambiguous::<Job>(&title) {
        return Ok(title);
    }
    let project = project_of(plan, "", template).await?;
    let project = plan.named::<Project>(project).title;
    let template = plan.named::<JobTemplate>(template).title;
    Ok(format!("{project}/{template}/{title}"))
}

fn window(window: &Window) -> String {
    let time = |time: Time| {
        let format = match time.second() {
            0 => "%H:%M",
            _ => "%H:%M:%S",
        };
        time.strftime(format).to_string()
    };
    format!("{}-{}", time(window.from), time(window.until))
}
