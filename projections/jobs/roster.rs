//! Who works on what, and for whom?

mod entries;
mod kind;
mod ledger;
mod model;
mod order;
mod sight;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::jobs::job::JobEvent;
use domain::jobs::worker::WorkerEvent;
use domain::{CoreEvent, Event, JobsEvent};
use parking_lot::RwLock;
use tables::{Key, KeyBuilder};

use crate::engine::loading::each;
use crate::engine::{Answer, Envelope, Projection, Reader, Rows, ViewReader};
use kind::{Groups, JobTemplates, Jobs, Kind, Projects, Users, WorkerPools, Workers};
use ledger::{Ledger, Stored};

pub use entries::{
    GroupEntry, JobEntry, JobTally, JobTemplateEntry, ProjectEntry, UserEntry, WorkerEntry,
    WorkerPoolEntry, WorkerReports,
};
pub use kind::UserFacts;
pub use ledger::Row;
pub use model::Roster;
pub use sight::{Scope, Sight};

/// What a worker says about itself, every few minutes.
const REPORTS: u8 = b'r';
/// How the runs of a job went. Beside the job, whose script is not to be written anew with every run.
const TALLY: u8 = b'c';

/// The fold. What is told of is held until the flush, which also tells the model in memory.
#[derive(Default)]
pub struct RosterFold {
    model: Arc<RwLock<Roster>>,
    groups: Ledger<Groups>,
    users: Ledger<Users>,
    projects: Ledger<Projects>,
    worker_pools: Ledger<WorkerPools>,
    workers: Ledger<Workers>,
    job_templates: Ledger<JobTemplates>,
    jobs: Ledger<Jobs>,
    reports: BTreeMap<u64, WorkerReports>,
    tallies: BTreeMap<u64, JobTally>,
}

impl Projection for RosterFold {
    type Event = Event;

    const NAME: &'static str = "roster";
    const VERSION: u32 = 2;
    const SHAPE: u32 = 1;

    fn wants(event_type: &str) -> bool {
        let category = event_type.split('.').next().unwrap_or_default();
        matches!(
            category,
            "group" | "user" | "project" | "worker_pool" | "worker" | "job_template" | "job"
        )
    }

    fn apply(&mut self, event: &Event, envelope: &Envelope<'_>, rows: &mut Rows<'_>) {
        let event = match event {
            Event::Core(CoreEvent::Group(event)) => {
                return self.groups.apply(event, envelope, rows);
            }
            Event::Core(CoreEvent::User(event)) => return self.users.apply(event, envelope, rows),
            Event::Jobs(event) => event,
            _ => return,
        };
        match event {
            JobsEvent::Worker(WorkerEvent::Reported(data)) => {
                if let Some(number) = number_after("reports:", envelope) {
                    let reports = self
                        .reports
                        .entry(number)
                        .or_insert_with(|| rows.get(&key(REPORTS, number)).unwrap_or_default());
                    reports.note(data);
                }
            }
            JobsEvent::Job(JobEvent::RunCounted(data)) => {
                if let Some(number) = number_after("tally:", envelope) {
                    self.tallies.insert(number, JobTally::of(data));
                }
            }
            JobsEvent::Project(event) => self.projects.apply(event, envelope, rows),
            JobsEvent::WorkerPool(event) => self.worker_pools.apply(event, envelope, rows),
            JobsEvent::Worker(event) => self.workers.apply(event, envelope, rows),
            JobsEvent::JobTemplate(event) => self.job_templates.apply(event, envelope, rows),
            JobsEvent::Job(event) => self.jobs.apply(event, envelope, rows),
            JobsEvent::KillRequest(_)
            | JobsEvent::Mail(_)
            | JobsEvent::Run(_)
            | JobsEvent::RunLog(_) => {}
        }
    }

    fn flush(&mut self, rows: &mut Rows<'_>) {
        let groups = self.groups.flush(rows);
        let users = self.users.flush(rows);
        let projects = self.projects.flush(rows);
        let worker_pools = self.worker_pools.flush(rows);
        let workers = self.workers.flush(rows);
        let job_templates = self.job_templates.flush(rows);
        let jobs = self.jobs.flush(rows);
        let mut reporting: BTreeSet<u64> = workers.keys().copied().collect();
        for (number, reports) in std::mem::take(&mut self.reports) {
            rows.put(key(REPORTS, number), &reports);
            reporting.insert(number);
        }
        let mut counting: BTreeSet<u64> = jobs.keys().copied().collect();
        for (number, tally) in std::mem::take(&mut self.tallies) {
            rows.put(key(TALLY, number), &tally);
            counting.insert(number);
        }

        // Nothing changes most of the time, and readers need not wait for that.
        if rows.written() == 0 {
            return;
        }
        let mut model = self.model.write();
        let model = &mut *model;
        groups.iter().for_each(|row| Groups::tell(model, row));
        users.iter().for_each(|row| Users::tell(model, row));
        projects.iter().for_each(|row| Projects::tell(model, row));
        worker_pools
            .iter()
            .for_each(|row| WorkerPools::tell(model, row));
        workers.iter().for_each(|row| Workers::tell(model, row));
        job_templates
            .iter()
            .for_each(|row| JobTemplates::tell(model, row));
        jobs.iter().for_each(|row| Jobs::tell(model, row));
        for number in reporting {
            if let Some(reports) = rows.get(&key(REPORTS, number)) {
                model.note_reports(number, reports);
            }
        }
        for number in counting {
            if let Some(tally) = rows.get(&key(TALLY, number)) {
                model.note_tally(number, tally);
            }
        }
    }

    fn memory(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::clone(&self.model) as Arc<dyn Any + Send + Sync>)
    }

    fn load(&mut self, rows: &mut Rows<'_>) {
        let mut model = Roster::default();
        load::<Groups>(&mut model, rows);
        load::<Users>(&mut model, rows);
        load::<Projects>(&mut model, rows);
        load::<WorkerPools>(&mut model, rows);
        load::<Workers>(&mut model, rows);
        load::<JobTemplates>(&mut model, rows);
        load::<Jobs>(&mut model, rows);
        each(REPORTS, rows, |key, reports, _| {
            if let Some(number) = number_of(key) {
                model.note_reports(number, reports);
            }
        });
        each(TALLY, rows, |key, tally, _| {
            if let Some(number) = number_of(key) {
                model.note_tally(number, tally);
            }
        });
        *self.model.write() = model;
    }
}

fn load<K: Kind>(model: &mut Roster, rows: &mut Rows<'_>) {
    each(K::PREFIX, rows, |key, row: Stored<K::Facts>, _| {
        if let Some(number) = number_of(key) {
            K::tell(model, (&number, &row.into()));
        }
    });
}

fn number_of(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|number| u64::from_be_bytes(*number))
}

fn key(prefix: u8, number: u64) -> Key {
    KeyBuilder::new(prefix).u64(number).build()
}

/// The number in the key of a stream, which follows `prefix`.
fn number_after(prefix: &str, envelope: &Envelope<'_>) -> Option<u64> {
    envelope.stream.key().strip_prefix(prefix)?.parse().ok()
}

/// A job with everything that is known of it.
pub type JobRow = Row<domain::jobs::job::Created>;
/// A group.
pub type GroupRow = Row<domain::core::group::Created>;
/// A user, with the hash of the password.
pub type UserRow = Row<UserFacts>;
/// A project.
pub type ProjectRow = Row<domain::jobs::project::Created>;
/// A pool of workers.
pub type WorkerPoolRow = Row<domain::jobs::worker_pool::Created>;
/// A worker, with its sealed secret. What it says about itself is in its [`WorkerEntry`].
pub type WorkerRow = Row<domain::jobs::worker::Registered>;
/// A template of jobs.
pub type JobTemplateRow = Row<domain::jobs::job_template::Created>;

/// Who works on what. What lists and rights need is in memory ([`RosterView::read`]); descriptions,
/// addresses, scripts and passwords are in rows.
#[derive(Clone)]
pub struct RosterView {
    reader: Reader,
    model: Arc<RwLock<Roster>>,
}

impl ViewReader for RosterView {
    type Fold = RosterFold;

    fn over(reader: Reader) -> Self {
        let model = reader.memory();
        Self {
            model: model.expect("the roster holds its model in memory"),
            reader,
        }
    }
}

impl RosterView {
    /// Looks at everything at once. Short, and without a wait: nothing is told to the model meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&Roster) -> T) -> T {
        look(&self.model.read())
    }

    /// One group.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn group(&self, number: u64) -> Answer<Option<GroupRow>> {
        self.row::<Groups>(number)
    }

    /// One user.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn user(&self, number: u64) -> Answer<Option<UserRow>> {
        self.row::<Users>(number)
    }

    /// One project.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn project(&self, number: u64) -> Answer<Option<ProjectRow>> {
        self.row::<Projects>(number)
    }

    /// One pool of workers.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn worker_pool(&self, number: u64) -> Answer<Option<WorkerPoolRow>> {
        self.row::<WorkerPools>(number)
    }

    /// One worker.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn worker(&self, number: u64) -> Answer<Option<WorkerRow>> {
        self.row::<Workers>(number)
    }

    /// One template of jobs.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn job_template(&self, number: u64) -> Answer<Option<JobTemplateRow>> {
        self.row::<JobTemplates>(number)
    }

    /// One job.
    ///
    /// # Errors
    /// When the table cannot say.
    pub fn job(&self, number: u64) -> Answer<Option<JobRow>> {
        self.row::<Jobs>(number)
    }

    fn row<K: Kind>(&self, number: u64) -> Answer<Option<Row<K::Facts>>> {
        let stored: Option<Stored<K::Facts>> = self.reader.get(&key(K::PREFIX, number))?;
        Ok(stored.map(Into::into))
    }
}
