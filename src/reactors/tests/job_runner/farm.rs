//! A small farm: one project with one pool of two workers, and jobs as a test wants them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::time::Duration;

use commands::runs::{self, ChildrenOf, Plan, RunsRejection};
use commands::{Clock, CommandError, Transaction};
use domain::jobs::job::{Created, Job, JobCommand};
use domain::jobs::job_template::{JobTemplate, JobTemplateCommand};
use domain::jobs::project::{Project, ProjectCommand};
use domain::jobs::run::{Caller, Patched};
use domain::jobs::schedule::Patience;
use domain::jobs::worker::{Registered, ReportCommand, Reported, Reports, Worker, WorkerCommand};
use domain::jobs::worker_pool::{WorkerPool, WorkerPoolCommand};
use domain::{
    Actor, ActorKind, Aggregate, Event, LongText, Metadata, Sealed,
    jobs::{job_template, project, worker_pool},
};
use eventlog::{Filter, PageLimit, Position, Recorded};
use jiff::{SignedDuration, Timestamp};
use projections::Runs;
use projections::jobs::runs::RunRow;
use reactors::awake::Awake;
use reactors::dispatcher::{Dispatcher, DispatcherConfig};
use reactors::liveness::Liveness;
use reactors::ports::{Port, Socket, Wanted};
use testapp::Backend;
pub(crate) use testapp::PATIENCE;
use tokio_util::sync::CancellationToken;
use zmtp::{PortLimits, Publisher};

/// The job of most tests.
pub(crate) const JOB: u64 = 1;

pub(crate) struct Farm {
    base: Backend,
    pub(crate) liveness: Liveness,
}

impl Deref for Farm {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.base
    }
}

/// A dispatcher with a port.
pub(crate) struct Dispatching {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) publisher: Publisher,
    pub(crate) port: Port,
}

impl Dispatching {
    /// Waits for rounds that begin after this was called.
    pub(crate) async fn rounds(&self) {
        let rounds = self.dispatcher.stats().rounds;
        let waiting = async {
            while self.dispatcher.stats().rounds < rounds + 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    }
}

pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn minutes(count: i64) -> Timestamp {
    noon() + SignedDuration::from_mins(count)
}

impl Farm {
    /// The farm at noon, with workers `w1` and `w2` that have just answered.
    pub(crate) async fn at_noon() -> Self {
        let farm = Self::over(Backend::with_clock(Clock::fixed(noon())));
        farm.set_up().await;
        farm
    }

    /// The farm after a crash: the same log, and new views.
    pub(crate) fn reopened(&self) -> Self {
        Self::over(self.base.reopened())
    }

    fn over(base: Backend) -> Self {
        // A test lets hours pass at once.
        let awake = Awake::with(base.clock.clone(), Duration::MAX);
        let liveness = Liveness::new(base.commands.clone(), awake, Patience::default());
        Self { base, liveness }
    }

    async fn set_up(&self) {
        let at = noon();
        for number in 1..=2 {
            self.register(number).await;
            self.answers(number).await;
        }
        let pool = worker_pool::Created {
            number: 1,
            title: "Pool 1".to_owned(),
            description: String::new(),
            notification_addresses: "pool@example.com".to_owned(),
            enqueue_is_enabled: true,
            workers: BTreeSet::from([1, 2]),
            at,
        };
        self.tell::<WorkerPool>("1", WorkerPoolCommand::Create(pool))
            .await;
        let project = project::Created {
            number: 1,
            title: "Project 1".to_owned(),
            description: String::new(),
            notification_addresses: "project@example.com".to_owned(),
            enqueue_is_enabled: true,
            worker_pools: BTreeSet::from([1]),
            viewers: BTreeSet::new(),
            admins: BTreeSet::new(),
            at,
        };
        self.tell::<Project>("1", ProjectCommand::Create(project))
            .await;
        let template = job_template::Created {
            number: 1,
            title: "Template 1".to_owned(),
            description: String::new(),
            project: 1,
            body: LongText::Inline("#!/bin/sh\n{{ content|safe }}\n".to_owned()),
            notification_addresses: "template@example.com".to_owned(),
            enqueue_is_enabled: true,
            at,
        };
        self.tell::<JobTemplate>("1", JobTemplateCommand::Create(template))
            .await;
    }

    /// A worker that has never answered.
    pub(crate) async fn register(&self, number: u64) {
        let registered = Registered {
            number,
            title: format!("Worker {number}"),
            description: String::new(),
            api_key: format!("w{number}"),
            secret: Sealed::new(format!("sealed:{}", "A".repeat(40))).unwrap(),
            enqueue_is_enabled: true,
            at: noon(),
        };
        self.tell::<Worker>(&number.to_string(), WorkerCommand::Register(registered))
            .await;
    }

    /// A manual job, changed as a test wants.
    pub(crate) async fn job(&self, number: u64, change: impl FnOnce(&mut Created)) {
        let mut created = Created {
            title: format!("Job {number}"),
            job_template: 1,
            worker_pool: 1,
            script: LongText::Inline("echo hello".to_owned()),
            notification_addresses: "job@example.com\n\n".to_owned(),
            ..Created::blank(number, noon())
        };
        change(&mut created);
        self.tell::<Job>(&number.to_string(), JobCommand::Create(created))
            .await;
    }

    /// Takes the addresses of template, project and pool away.
    pub(crate) async fn no_mail_is_sent(&self) {
        let (at, none) = (noon(), || Some(String::new()));
        let edited = job_template::Edited {
            notification_addresses: none(),
            ..job_template::Edited::nothing(at)
        };
        self.tell::<JobTemplate>("1", JobTemplateCommand::Edit(edited))
            .await;
        let edited = project::Edited {
            notification_addresses: none(),
            ..project::Edited::nothing(at)
        };
        self.tell::<Project>("1", ProjectCommand::Edit(edited))
            .await;
        let edited = worker_pool::Edited {
            notification_addresses: none(),
            ..worker_pool::Edited::nothing(at)
        };
        self.tell::<WorkerPool>("1", WorkerPoolCommand::Edit(edited))
            .await;
    }

    pub(crate) async fn tell<A: Aggregate>(&self, key: &str, command: A::Command) {
        let metadata = Metadata::default();
        let done = self.commands.execute::<A>(key, command, &metadata);
        done.await.unwrap();
    }

    /// So many pings go to every worker and are not answered; then it is so late.
    pub(crate) fn pings_go_unanswered(&self, count: usize, until: Timestamp) {
        for _ in 0..count {
            self.liveness.pinged(&BTreeSet::from([1, 2, 3]));
        }
        self.clock.set(until);
    }

    /// A worker answers a ping.
    pub(crate) async fn answers(&self, worker: u64) {
        let at = self.clock.now();
        let reported = Reported {
            ping_response_at: Some(Some(at)),
            ..Reported::nothing(at)
        };
        let (key, command) = (Reports::key(worker), ReportCommand::Report(reported));
        let metadata = of_worker(worker);
        let done = self.commands.execute::<Reports>(&key, command, &metadata);
        done.await.unwrap();
    }

    /// A run that is due at once, without a user.
    pub(crate) async fn schedule(&self, job: u64) -> u64 {
        self.schedule_at(job, self.clock.now()).await
    }

    pub(crate) async fn schedule_at(&self, job: u64, schedule_at: Timestamp) -> u64 {
        let plan = &Plan {
            job,
            schedule_at,
            schedule_id: None,
            worker: None,
            is_manual: false,
            schedule_children: true,
        };
        self.unit(|unit| async move { runs::schedule(&unit, plan).await })
            .await
    }

    /// A worker claims a run, starts it and reports its process id.
    pub(crate) async fn starts(&self, worker: u64, run: u64) {
        let now = self.clock.now();
        let patch = Patched {
            worker: Some(worker),
            enqueued_at: Some(Some(now)),
            started_at: Some(Some(now)),
            pid: Some(Some(4242)),
            ..Patched::nothing(now)
        };
        self.says(worker, run, patch).await;
    }

    pub(crate) async fn returns(&self, worker: u64, run: u64, success: bool) {
        let now = self.clock.now();
        let patch = Patched {
            returned_at: Some(Some(now)),
            success: Some(Some(success)),
            ..Patched::nothing(now)
        };
        self.says(worker, run, patch).await;
    }

    async fn says(&self, worker: u64, run: u64, patch: Patched) {
        let (caller, patch) = (Caller::Worker(worker), &patch);
        let none = |_| Vec::new();
        let children_of: ChildrenOf<'_> = &none;
        let work = |unit: Transaction| async move {
            runs::change(&unit, run, caller, patch.clone(), children_of).await
        };
        let done = self.commands.transact(&of_worker(worker), work).await;
        done.unwrap();
    }

    pub(crate) async fn unit<T, F>(&self, work: impl Fn(Transaction) -> F) -> T
    where
        F: Future<Output = Result<T, CommandError<RunsRejection>>> + Send,
    {
        let done = self.commands.transact(&Metadata::default(), work).await;
        done.unwrap().0
    }

    /// Starts a dispatcher on a port of its own.
    pub(crate) fn dispatch(&self, config: DispatcherConfig) -> Dispatching {
        let publisher = Publisher::new(PortLimits::default());
        let stop = CancellationToken::new();
        let port = Port::open(
            Socket::Publisher(publisher.clone()),
            Ipv4Addr::LOCALHOST.into(),
            Wanted::Exactly(0),
            stop.clone(),
        );
        let (commands, views) = (self.commands.clone(), self.views.clone());
        let dispatcher = {
            let (publisher, liveness) = (publisher.clone(), self.liveness.clone());
            Dispatcher::start(commands, views, publisher, liveness, config, stop)
        };
        Dispatching {
            dispatcher,
            publisher,
            port: port.unwrap(),
        }
    }

    /// Everything in the log.
    pub(crate) async fn recorded(&self) -> Vec<Recorded> {
        let all = PageLimit::events(1_000_000);
        let page = self
            .log
            .read_all(Position::START, &Filter::all(), all)
            .await;
        page.unwrap().events
    }

    /// The events of these types.
    pub(crate) async fn events(&self, types: &[&str]) -> Vec<Event> {
        let recorded = self.recorded().await.into_iter();
        recorded
            .filter(|event| types.contains(&event.event_type.as_str()))
            .map(|event| projections::engine::history::decode(&event).unwrap().0)
            .collect()
    }

    pub(crate) async fn count(&self, event_type: &str) -> usize {
        self.events(&[event_type]).await.len()
    }

    /// Waits until the log holds so many events of a type.
    pub(crate) async fn until_there_are(&self, count: usize, event_type: &str) {
        let mut head = self.log.watch_head();
        let waiting = async {
            while self.count(event_type).await < count {
                head.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("{count} {event_type} come"));
    }

    /// The run once the view is up to date.
    pub(crate) async fn run(&self, run: u64) -> RunRow {
        let head = self.commands.head();
        self.views.wait_for_all(head, PATIENCE).await.unwrap();
        RunRow::clone(&self.views.of::<Runs>().unwrap().get(run).unwrap().unwrap())
    }
}

/// What a worker's own requests carry.
fn of_worker(worker: u64) -> Metadata {
    Metadata {
        actor: Some(Actor {
            kind: ActorKind::Worker,
            id: worker.to_string(),
            display: None,
        }),
        ..Metadata::default()
    }
}

/// Rounds that come quickly, and begin at once.
pub(crate) fn hasty() -> DispatcherConfig {
    DispatcherConfig {
        round: Duration::from_millis(20),
        settle: Duration::ZERO,
        ..DispatcherConfig::default()
    }
}

/// Rounds that come when something has happened, and otherwise not within a test.
pub(crate) fn patient() -> DispatcherConfig {
    DispatcherConfig {
        round: Duration::from_secs(3600),
        settle: Duration::ZERO,
        ..DispatcherConfig::default()
    }
}
