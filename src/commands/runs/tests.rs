use std::sync::Arc;

use domain::JobsEvent;
use domain::jobs::job::{Created, Edited, Job, JobCommand, JobEvent};
use domain::jobs::kill_request::KillRequestEvent;
use domain::jobs::run::{Caller, Occasion, Origin, Patched, Run, RunEvent, RunFacts, RunRejection};
use domain::jobs::run_log::RunLog;
use domain::{Event, LongText};
use eventlog::StreamName;

use super::*;
use crate::testing::{anonymous, commands, everything, noon};
use crate::{CommandError, Commands, Outcome, Transaction};

mod limits;
mod retries;
mod returns;
mod stories;

/// Job 1 is the parent of 2, 3 (which is disabled) and 4; it bears two failures in a row.
const PARENT: u64 = 1;
const CHILDREN: [u64; 3] = [2, 3, 4];

/// A farm whose jobs are known, and which schedules children as the views would.
pub(super) struct Farm {
    commands: Commands,
    log: Arc<eventlog::FaultyLog>,
}

#[tokio::test]
async fn a_run_of_no_job_is_refused() {
    let farm = Farm::new().await;
    let refused = farm.schedule(&plan(99)).await;
    let rejection = RunsRejection::UnknownJob { job: 99 };
    assert_eq!(refused, Err(CommandError::Rejected(rejection)));
}

#[tokio::test]
async fn runs_are_numbered_from_one_and_are_occasions_of_their_own() {
    let farm = Farm::new().await;
    for expected in 1..4 {
        assert_eq!(farm.schedule(&plan(PARENT)).await, Ok(expected));
        assert_eq!(farm.facts(expected).await.schedule_id, expected);
    }
}

#[tokio::test]
async fn a_run_that_is_followed_is_not_followed_again() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    let schedule_at = later(60);
    let next = Next { run, schedule_at };
    let (first, _) = farm.follow(&[next, next]).await;
    let (again, outcome) = farm.follow(&[next]).await;
    assert_eq!((first, again), (vec![2], vec![]));
    assert!(outcome.is_empty());
    let facts = farm.facts(2).await;
    assert_eq!((facts.job, facts.schedule_at), (PARENT, schedule_at));
    assert!(!facts.is_manual && facts.schedule_children);
}

#[tokio::test]
async fn the_missing_next_occasion_is_mailed_once() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    for expected in [1, 0] {
        let work = |unit: Transaction| async move { give_up_following(&unit, run).await };
        let (_, outcome) = farm.commands.transact(&anonymous(), work).await.unwrap();
        assert_eq!(outcome.events.len(), expected);
    }
}

#[tokio::test]
async fn a_run_is_spread_once_and_is_no_more() {
    let farm = Farm::new().await;
    let asked = Plan {
        schedule_at: later(60),
        is_manual: true,
        schedule_children: false,
        ..plan(PARENT)
    };
    let run = farm.schedule(&asked).await.unwrap();
    let shares = farm.spread(run, &[7, 8]).await.unwrap();
    assert_eq!(shares.iter().map(|s| s.worker).collect::<Vec<_>>(), [7, 8]);
    assert_eq!(farm.spread(run, &[7, 8]).await, Ok(vec![]));
    for share in shares {
        let facts = farm.facts(share.run).await;
        assert_eq!((facts.schedule_id, facts.worker), (run, Some(share.worker)));
        assert_eq!((facts.job, facts.schedule_at), (PARENT, later(60)));
        assert!(facts.is_manual && !facts.schedule_children);
    }
    let gone = farm.change(run, Patched::nothing(noon())).await;
    let rejection = RunsRejection::Run(RunRejection::Gone);
    assert_eq!(gone.unwrap_err(), CommandError::Rejected(rejection));
}

#[tokio::test]
async fn a_claimed_run_is_not_spread() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    let claim = Patched {
        worker: Some(7),
        enqueued_at: Some(Some(noon())),
        ..Patched::nothing(noon())
    };
    farm.change(run, claim).await.unwrap();
    let rejection = RunsRejection::Run(RunRejection::Claimed);
    assert_eq!(
        farm.spread(run, &[7, 8]).await,
        Err(CommandError::Rejected(rejection))
    );
}

#[tokio::test]
async fn a_log_keeps_its_number_when_it_is_written_again() {
    let farm = Farm::new().await;
    for run in 1..3 {
        farm.schedule(&plan(PARENT)).await.unwrap();
        for content in ["one", "two", "two"] {
            assert_eq!(farm.write_log(run, content).await, Ok(run), "{content}");
        }
    }
    let written = everything(&farm.log).await;
    let logs = written.iter().filter(|event| is_log(&event.stream));
    assert_eq!(
        logs.count(),
        4,
        "two logs, each written once and replaced once"
    );
}

#[tokio::test]
async fn no_kill_is_requested_of_a_run_that_was_never_scheduled() {
    let farm = Farm::new().await;
    let unknown = CommandError::Rejected(RunsRejection::Run(RunRejection::Unknown));
    let changed = farm.change(5, Patched::nothing(noon())).await;
    assert_eq!(changed.unwrap_err(), unknown);
    assert_eq!(farm.write_log(5, "text").await, Err(unknown.clone()));
    let kill = |unit: Transaction| async move { request_kill(&unit, 5).await };
    let killed = farm.commands.transact(&anonymous(), kill).await;
    assert_eq!(killed.unwrap_err(), unknown);
    let next = Next {
        run: 5,
        schedule_at: noon(),
    };
    assert_eq!(farm.follow(&[next]).await.0, [0_u64; 0]);
    assert_eq!(farm.spread(5, &[7]).await, Ok(vec![]));
}

#[tokio::test]
async fn several_may_ask_for_the_same_run_to_be_killed() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    for expected in 1..3 {
        let kill = |unit: Transaction| async move { request_kill(&unit, run).await };
        let (number, _) = farm.commands.transact(&anonymous(), kill).await.unwrap();
        assert_eq!(number, expected);
    }
    let events = farm.events().await;
    let asked = events.iter().filter(
        |event| matches!(event, Event::Jobs(JobsEvent::KillRequest(KillRequestEvent::Requested(told))) if told.run == run),
    );
    assert_eq!(asked.count(), 2);
}

/// A kill request for a waiting run is a mistake.
#[tokio::test]
async fn a_person_has_killed_what_a_worker_has() {
    let farm = Farm::new().await;
    let run = farm.schedule(&plan(PARENT)).await.unwrap();
    let kill = async || {
        let work = |unit: Transaction| async move { kill(&unit, run).await };
        let done = farm.commands.transact(&anonymous(), work).await;
        done.map(|(number, _)| number)
    };
    let no = |rejection: RunRejection| Err(CommandError::Rejected(rejection.into()));
    assert_eq!(kill().await, no(RunRejection::Waiting));
    farm.change(run, claim()).await.unwrap();
    assert_eq!(kill().await, Ok(1));
    farm.change(run, over(5, Some(false))).await.unwrap();
    assert_eq!(kill().await, no(RunRejection::Over));
}

impl Farm {
    pub(super) async fn new() -> Self {
        let (commands, log) = commands();
        let farm = Self { commands, log };
        farm.create(PARENT, None).await;
        for child in CHILDREN {
            farm.create(child, Some(PARENT)).await;
        }
        let suspend = JobCommand::Suspend {
            because: domain::jobs::job::Suspension::Asked,
            at: noon(),
        };
        let suspended = farm
            .commands
            .execute::<Job>("3", suspend, &anonymous())
            .await;
        suspended.unwrap();
        farm
    }

    async fn create(&self, number: u64, parent: Option<u64>) {
        let created = Created {
            title: format!("job {number}"),
            job_template: 1,
            worker_pool: 1,
            parent,
            fails_max: Some(2),
            ..Created::blank(number, noon())
        };
        let key = number.to_string();
        let create = JobCommand::Create(created);
        let done = self
            .commands
            .execute::<Job>(&key, create, &anonymous())
            .await;
        done.unwrap();
    }

    /// Edits the settings of a job.
    pub(super) async fn ask(&self, job: u64, edited: Edited) {
        let edit = JobCommand::Edit(edited);
        let key = job.to_string();
        let done = self.commands.execute::<Job>(&key, edit, &anonymous()).await;
        done.unwrap();
    }

    pub(super) async fn schedule(&self, plan: &Plan) -> Result<u64, CommandError<RunsRejection>> {
        let work = |unit: Transaction| async move { schedule(&unit, plan).await };
        let done = self.commands.transact(&anonymous(), work).await;
        done.map(|(number, _)| number)
    }

    pub(super) async fn change(
        &self,
        run: u64,
        patch: Patched,
    ) -> Result<Outcome, CommandError<RunsRejection>> {
        let patch = &patch;
        let work = |unit: Transaction| async move {
            change(&unit, run, Caller::Trusted, patch.clone(), &children_of).await
        };
        let done = self.commands.transact(&anonymous(), work).await;
        done.map(|((), outcome)| outcome)
    }

    /// A run that was started so many seconds from noon has had its time.
    pub(super) async fn time_out(
        &self,
        run: u64,
        second: i64,
        limit: u32,
    ) -> (Option<u64>, Outcome) {
        let started = later(second);
        let work = |unit: Transaction| async move { time_out(&unit, run, started, limit).await };
        self.commands.transact(&anonymous(), work).await.unwrap()
    }

    pub(super) async fn give_up(&self, run: u64) -> Result<Outcome, CommandError<RunsRejection>> {
        let work = |unit: Transaction| async move {
            give_up(&unit, run, "silent".to_owned(), &children_of).await
        };
        let done = self.commands.transact(&anonymous(), work).await;
        done.map(|((), outcome)| outcome)
    }

    pub(super) async fn end(
        &self,
        run: u64,
        reason: Option<&str>,
    ) -> Result<(bool, Outcome), CommandError<RunsRejection>> {
        let work = |unit: Transaction| async move {
            end(&unit, run, reason.map(str::to_owned), &children_of).await
        };
        self.commands.transact(&anonymous(), work).await
    }

    async fn follow(&self, nexts: &[Next]) -> (Vec<u64>, Outcome) {
        let work = |unit: Transaction| async move { follow(&unit, nexts).await };
        self.commands.transact(&anonymous(), work).await.unwrap()
    }

    pub(super) async fn spread(
        &self,
        run: u64,
        workers: &[u64],
    ) -> Result<Vec<domain::jobs::run::Share>, CommandError<RunsRejection>> {
        let work = |unit: Transaction| async move { spread(&unit, run, workers).await };
        let done = self.commands.transact(&anonymous(), work).await;
        done.map(|(shares, _)| shares)
    }

    pub(super) async fn write_log(
        &self,
        run: u64,
        content: &str,
    ) -> Result<u64, CommandError<RunsRejection>> {
        let work = |unit: Transaction| async move {
            let content = Some(LongText::Inline(content.to_owned()));
            write_log(&unit, run, content).await
        };
        let done = self.commands.transact(&anonymous(), work).await;
        done.map(|(number, _)| number)
    }

    pub(super) async fn facts(&self, run: u64) -> RunFacts {
        let loaded = self.commands.load::<Run>(&run.to_string()).await.unwrap();
        *loaded.state.facts().unwrap()
    }

    pub(super) async fn events(&self) -> Vec<Event> {
        let decode = |event: eventlog::Recorded| {
            Event::decode(event.event_type.as_str(), event.version, &event.data).unwrap()
        };
        everything(&self.log)
            .await
            .into_iter()
            .map(decode)
            .collect()
    }

    /// The jobs that got a run because another is over, and after which run.
    pub(super) async fn children(&self) -> Vec<(u64, u64)> {
        let child = |event| match event {
            Event::Jobs(JobsEvent::Run(RunEvent::Scheduled(told))) => match told.origin {
                Origin::Child { run } => Some((told.job, run)),
                _ => None,
            },
            _ => None,
        };
        self.events().await.into_iter().filter_map(child).collect()
    }

    /// How often runs were counted, and how often sending was ended because of that.
    pub(super) async fn counted(&self) -> (usize, usize) {
        let events = self.events().await;
        let counted =
            |event: &&Event| matches!(event, Event::Jobs(JobsEvent::Job(JobEvent::RunCounted(_))));
        let ended = |event: &&Event| {
            matches!(
                event,
                Event::Jobs(JobsEvent::Job(JobEvent::EnqueueSuspended(_)))
            )
        };
        let before = 1; // Job 3 was disabled from the beginning.
        (
            events.iter().filter(counted).count(),
            events.iter().filter(ended).count() - before,
        )
    }
}

pub(super) fn plan(job: u64) -> Plan {
    Plan {
        job,
        schedule_at: noon(),
        schedule_id: None,
        worker: None,
        is_manual: false,
        schedule_children: true,
    }
}

/// A worker's report when a run is over.
pub(super) fn over(second: i64, success: Option<bool>) -> Patched {
    Patched {
        returned_at: Some(Some(later(second))),
        success: Some(success),
        ..Patched::nothing(later(second))
    }
}

/// A worker's report when it claims a run.
pub(super) fn claim() -> Patched {
    Patched {
        worker: Some(7),
        enqueued_at: Some(Some(noon())),
        ..Patched::nothing(noon())
    }
}

pub(super) fn later(second: i64) -> jiff::Timestamp {
    noon() + jiff::SignedDuration::from_secs(second)
}

fn children_of(job: u64) -> Vec<u64> {
    if job == PARENT {
        CHILDREN.to_vec()
    } else {
        Vec::new()
    }
}

fn is_log(stream: &StreamName) -> bool {
    stream.as_str().starts_with("run_log-")
}
