//! Gathers the data of a mail.

use domain::JobsEvent;
use domain::jobs::job_template::script_of;
use domain::jobs::mail::About;
use domain::jobs::run::RunEvent;
use domain::jobs::run_log::RunLogEvent;
use domain::{Event, LongText};
use projections::engine::history::decode;
use projections::jobs::roster::{JobRow, JobTemplateRow, ProjectRow, WorkerPoolRow};
use projections::jobs::runs::{RunLogRow, RunRow};
use projections::{RosterView, Runs, Views};

use super::Inner;
use super::message::{FailedRun, Links, Mail, not_followed, pool_silent, recipients};

/// What is known of the surroundings of a run.
struct Around {
    run: RunRow,
    job: JobRow,
    template: Option<JobTemplateRow>,
    project: Option<ProjectRow>,
    pool: Option<WorkerPoolRow>,
    log: Option<RunLogRow>,
}

impl Inner {
    /// The mail about an event; none when its subject was deleted, or there are no recipients.
    pub(super) async fn gather(&self, about: About, event: &Event) -> Result<Option<Mail>, String> {
        let links = Links::new(&self.config.host_name);
        match about {
            About::RunFailed { run } => {
                let around = self.around(run).await?;
                // Of several attempts, only the last is reported.
                let is_last = |around: &Around| around.run.retried_by.is_none();
                let Some(around) = around.filter(is_last) else {
                    return Ok(None);
                };
                let failed = self.failed(&links, &around, event).await?;
                Ok(Some(
                    failed.mail(&self.config.zone, self.recipients(&around)),
                ))
            }
            About::NotFollowed { run } => {
                let around = self.around(run).await?;
                Ok(around.map(|around| {
                    let (job, title) = (around.run.job, &around.job.facts.title);
                    let link = links.job(around.project(), job);
                    not_followed(title, &link, self.recipients(&around))
                }))
            }
            About::PoolSilent { worker_pool } => self.silent(&links, worker_pool).await,
        }
    }

    async fn around(&self, run: u64) -> Result<Option<Around>, String> {
        self.views
            .ask(move |views| around(views, run).map_err(|error| error.to_string()))
            .await
    }

    async fn failed(
        &self,
        links: &Links,
        around: &Around,
        event: &Event,
    ) -> Result<FailedRun, String> {
        let (run, project) = (&around.run, around.project());
        let script = self.text(&around.job.facts.script).await;
        let script = match &around.template {
            Some(template) => script_of(&self.text(&template.facts.body).await, &script),
            None => script,
        };
        let returned_at = match event {
            Event::Jobs(JobsEvent::Run(RunEvent::Returned(data))) => Some(data.returned_at),
            Event::Jobs(JobsEvent::Run(RunEvent::GivenUp(data))) => Some(data.at),
            _ => run.returned_at,
        };
        let pool = around.pool.as_ref();
        Ok(FailedRun {
            run: run.number,
            job_title: around.job.facts.title.clone(),
            pool_title: pool.map_or_else(String::new, |pool| pool.facts.title.clone()),
            is_manual: run.is_manual,
            is_killed: run.kill_requests > 0,
            returned_at,
            run_link: links.run(project, run.number),
            job_link: links.job(project, run.job),
            script,
            log: match &around.log {
                Some(log) => self.log(log).await?,
                None => None,
            },
        })
    }

    async fn log(&self, log: &RunLogRow) -> Result<Option<String>, String> {
        let recorded = self.views.history().get(log.content_position).await;
        let recorded = recorded.map_err(|error| error.to_string())?;
        let content = match recorded.as_ref().and_then(|recorded| decode(recorded).ok()) {
            Some((Event::Jobs(JobsEvent::RunLog(RunLogEvent::Written(data))), _)) => data.content,
            Some((Event::Jobs(JobsEvent::RunLog(RunLogEvent::Replaced(data))), _)) => data.content,
            _ => None,
        };
        Ok(match content {
            Some(content) => Some(self.text(&content).await),
            None => None,
        })
    }

    async fn text(&self, text: &LongText) -> String {
        match text {
            LongText::Inline(text) => text.clone(),
            LongText::Blob(blob) => match (self.config.read_blob)(blob.clone()).await {
                Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                None => "(it cannot be read at present)".to_owned(),
            },
        }
    }

    fn recipients(&self, around: &Around) -> Vec<String> {
        let administrators = self.config.administrators.iter().map(String::as_str);
        let job = Some(around.job.facts.notification_addresses.as_str());
        let template = around.template.as_ref();
        let template = template.map(|one| one.facts.notification_addresses.as_str());
        let project = around.project.as_ref();
        let project = project.map(|one| one.facts.notification_addresses.as_str());
        let pool = around.pool.as_ref();
        let pool = pool.map(|one| one.facts.notification_addresses.as_str());
        let objects = [job, template, project, pool].into_iter().flatten();
        recipients(administrators.chain(objects))
    }

    async fn silent(&self, links: &Links, pool: u64) -> Result<Option<Mail>, String> {
        let found = self
            .views
            .ask(move |views| views.of::<RosterView>()?.worker_pool(pool));
        let Some(row) = found.await.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let roster = self
            .views
            .of::<RosterView>()
            .map_err(|error| error.to_string())?;
        let workers: Vec<_> = roster.read(|roster| {
            let members = roster.worker_pool(pool).into_iter();
            members
                .flat_map(|pool| pool.workers.iter())
                .filter_map(|number| roster.worker(*number))
                .map(|worker| (worker.title.clone(), worker.ping_response_at))
                .collect()
        });
        let administrators = self.config.administrators.iter().map(String::as_str);
        let addresses = [row.facts.notification_addresses.as_str()];
        let recipients = recipients(administrators.chain(addresses));
        let (title, zone) = (&row.facts.title, &self.config.zone);
        Ok(Some(pool_silent(
            title,
            &workers,
            &links.home(),
            zone,
            recipients,
        )))
    }
}

impl Around {
    fn project(&self) -> u64 {
        let template = self.template.as_ref();
        template.map_or(0, |template| template.facts.project)
    }
}

fn around(views: &Views, run: u64) -> projections::Answer<Option<Around>> {
    let (runs, roster) = (views.of::<Runs>()?, views.of::<RosterView>()?);
    let Some(run) = runs.get(run)? else {
        return Ok(None);
    };
    let Some(job) = roster.job(run.job)? else {
        return Ok(None);
    };
    let template = roster.job_template(job.facts.job_template)?;
    let project = match &template {
        Some(template) => roster.project(template.facts.project)?,
        None => None,
    };
    Ok(Some(Around {
        log: runs.log_of_run(run.number)?,
        pool: roster.worker_pool(job.facts.worker_pool)?,
        run: RunRow::clone(&run),
        job,
        template,
        project,
    }))
}
