//! How long it takes until all runs are claimed on a farm whose jobs are all due at once: over a log and views on the
//! disk, with a worker that claims what it is offered.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use commands::runs::{self, ChildrenOf, Plan, RunsRejection};
use commands::{Clock, CommandError, Commands, Transaction};
use domain::jobs::job::{Created, Job, JobCommand};
use domain::jobs::job_template::{JobTemplate, JobTemplateCommand};
use domain::jobs::project::{Project, ProjectCommand};
use domain::jobs::run::{Caller, Patched};
use domain::jobs::schedule::{IntervalUnit, Patience};
use domain::jobs::worker::{Registered, Worker, WorkerCommand};
use domain::jobs::worker_pool::{WorkerPool, WorkerPoolCommand};
use domain::{
    LongText, Metadata, Sealed,
    jobs::{job_template, project, worker_pool},
};
use eventlog::EventLog;
use eventlog_file::{FileLog, FileLogConfig};
use jiff::SignedDuration;
use projections::{Views, ViewsConfig};
use reactors::awake::Awake;
use reactors::dispatcher::{Dispatcher, DispatcherConfig};
use reactors::liveness::Liveness;
use reactors::ports::{Port, Socket, Wanted};
use tables_lsm::{LsmConfig, LsmTables};
use tokio_util::sync::CancellationToken;
use zeromq::{Socket as _, SocketRecv, SubSocket};
use zmtp::{PortLimits, Publisher};

/// How many things are set up in one append.
const AT_ONCE: u64 = 500;

pub(crate) async fn run(jobs: u64) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let clock = Clock::system();
    let log = FileLog::open(dir.path().join("log"), FileLogConfig::default())?;
    let log: Arc<dyn EventLog> = Arc::new(log);
    let tables = LsmTables::open(dir.path().join("views"), &LsmConfig::default())?.tables;
    let now = clock.clone();
    let config = ViewsConfig::new(move || now.now());
    let views = Views::start(Arc::clone(&log), Arc::new(tables), config)?;
    let commands = Commands::new(log, clock);

    let begun = Instant::now();
    farm(&commands).await?;
    for first in (1..=jobs).step_by(AT_ONCE as usize) {
        set_up(&commands, first..(first + AT_ONCE).min(jobs + 1)).await?;
    }
    views
        .wait_for_all(commands.head(), Duration::from_secs(600))
        .await?;
    println!("{jobs} jobs set up in {:.1?}", begun.elapsed());

    let publisher = Publisher::new(PortLimits {
        queue_max: 1 << 20,
        ..PortLimits::default()
    });
    let stop = CancellationToken::new();
    let port = Port::open(
        Socket::Publisher(publisher.clone()),
        Ipv4Addr::LOCALHOST.into(),
        Wanted::Exactly(0),
        stop.clone(),
    )?;
    let mut worker = SubSocket::new();
    let address = port.address().context("the port is not bound")?;
    worker.connect(&format!("tcp://{address}")).await?;
    worker.subscribe("master.broadcast.w1").await?;
    while !publisher.is_wanted("master.broadcast.w1") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let config = DispatcherConfig {
        round: Duration::from_secs(2),
        settle: Duration::ZERO,
        ..DispatcherConfig::default()
    };
    let awake = Awake::new(commands.clock().clone());
    let liveness = Liveness::new(commands.clone(), awake, Patience::default());
    let begun = Instant::now();
    let dispatcher = Dispatcher::start(commands.clone(), views, publisher, liveness, config, stop);
    let mut claimed = 0;
    while claimed < jobs {
        let message = worker.recv().await?;
        if let Some(run) = message.get(1).and_then(|body| run_of(body)) {
            claim(&commands, run).await?;
            claimed += 1;
        }
    }
    println!(
        "every run claimed by its worker after {:.1?}",
        begun.elapsed()
    );
    let seen = dispatcher.stats();
    println!(
        "{} rounds, the longest of {:.3} s: {} next occasions were scheduled and {} offers sent",
        seen.rounds,
        seen.round_microseconds_max as f64 / 1e6,
        seen.followed,
        seen.runs_sent
    );
    dispatcher.stop().await;
    port.close().await;
    Ok(())
}

fn run_of(body: &[u8]) -> Option<u64> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    body["run_id"].as_u64()
}

/// The worker claims a run.
async fn claim(commands: &Commands, run: u64) -> anyhow::Result<()> {
    let at = commands.clock().now();
    let patch = &Patched {
        worker: Some(1),
        enqueued_at: Some(Some(at)),
        ..Patched::nothing(at)
    };
    let none = |_| Vec::new();
    let children_of: ChildrenOf<'_> = &none;
    let work = |unit: Transaction| async move {
        runs::change(&unit, run, Caller::Worker(1), patch.clone(), children_of).await
    };
    commands.transact(&Metadata::default(), work).await?;
    Ok(())
}

async fn farm(commands: &Commands) -> anyhow::Result<()> {
    let (metadata, at) = (Metadata::default(), commands.clock().now());
    let worker = WorkerCommand::Register(Registered {
        number: 1,
        title: "Worker 1".to_owned(),
        description: String::new(),
        api_key: "w1".to_owned(),
        secret: Sealed::new(format!("sealed:{}", "A".repeat(40)))?,
        enqueue_is_enabled: true,
        at,
    });
    commands.execute::<Worker>("1", worker, &metadata).await?;
    let pool = WorkerPoolCommand::Create(worker_pool::Created {
        number: 1,
        title: "Pool 1".to_owned(),
        description: String::new(),
        notification_addresses: String::new(),
        enqueue_is_enabled: true,
        workers: BTreeSet::from([1]),
        at,
    });
    commands.execute::<WorkerPool>("1", pool, &metadata).await?;
    let project = ProjectCommand::Create(project::Created {
        number: 1,
        title: "Project 1".to_owned(),
        description: String::new(),
        notification_addresses: String::new(),
        enqueue_is_enabled: true,
        worker_pools: BTreeSet::from([1]),
        viewers: BTreeSet::new(),
        admins: BTreeSet::new(),
        at,
    });
    commands.execute::<Project>("1", project, &metadata).await?;
    let template = JobTemplateCommand::Create(job_template::Created {
        number: 1,
        title: "Template 1".to_owned(),
        description: String::new(),
        project: 1,
        body: LongText::Inline("#!/bin/sh\n{{ content|safe }}\n".to_owned()),
        notification_addresses: String::new(),
        enqueue_is_enabled: true,
        at,
    });
    commands
        .execute::<JobTemplate>("1", template, &metadata)
        .await?;
    Ok(())
}

/// Jobs that repeat every day, each with a run that is due.
async fn set_up(commands: &Commands, numbers: std::ops::Range<u64>) -> anyhow::Result<()> {
    let at = commands.clock().now();
    let (numbers, due) = (&numbers, at - SignedDuration::from_mins(1));
    let work = |unit: Transaction| async move {
        for number in numbers.clone() {
            let created = JobCommand::Create(Created {
                title: format!("Job {number}"),
                job_template: 1,
                worker_pool: 1,
                script: LongText::Inline("echo hello".to_owned()),
                interval_count: Some(1),
                interval_unit: Some(IntervalUnit::Day),
                ..Created::blank(number, at)
            });
            let created = unit.execute::<Job>(&number.to_string(), created).await;
            created.map_err(CommandError::into_rejection)?;
            let plan = Plan {
                job: number,
                schedule_at: due,
                schedule_id: None,
                worker: None,
                is_manual: false,
                schedule_children: true,
            };
            runs::schedule(&unit, &plan).await?;
        }
        Ok::<(), CommandError<RunsRejection>>(())
    };
    commands.transact(&Metadata::default(), work).await?;
    Ok(())
}
