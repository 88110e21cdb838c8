//! A log in memory, with commands, views and a collector.

use std::ops::Deref;
use std::time::Duration;

use commands::Clock;
use domain::builds::build::{Build, BuildCommand, BuildEvent, BuildKey, Reported, Runner};
use domain::{BuildsEvent, Event, Metadata};
use eventlog::{Filter, PageLimit, Position};
use jiff::Timestamp;
use projections::Collections;
use projections::builds::collections::{CollectionRow, CollectionState};
use reactors::collector::{Collector, CollectorConfig};
use reactors::frame::{FrameConfig, Running};
use reactors::gitlab::GitlabConfig;
use reactors::prometheus::PrometheusConfig;
use secrecy::SecretString;
use testapp::Backend;
pub(crate) use testapp::PATIENCE;
pub(crate) use testapp::cluster::{FINISHED, STARTED};
use tokio_util::sync::CancellationToken;

/// Texts that must never appear in a log.
pub(crate) const SECRETS: [&str; 2] = ["sesame-cookie", "sesame-token"];

/// A backend with a collector.
pub(crate) struct App(Backend);

impl Deref for App {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.0
    }
}

impl App {
    pub(crate) fn new() -> Self {
        Self::at(Clock::system())
    }

    pub(crate) fn at(clock: Clock) -> Self {
        Self(Backend::with_clock(clock))
    }

    /// The app after a crash: the same log, and new views.
    pub(crate) fn reopened(&self) -> Self {
        Self(self.0.reopened())
    }

    pub(crate) async fn report(&self, report: Reported) {
        let key = BuildKey::new(&report.source, report.build_id)
            .unwrap()
            .to_string();
        let command = BuildCommand::Report(report);
        let metadata = Metadata::default();
        let done = self.commands.execute::<Build>(&key, command, &metadata);
        done.await.unwrap();
    }

    pub(crate) fn collect(&self, config: CollectorConfig) -> Running {
        let (commands, views) = (self.commands.clone(), self.views.clone());
        Collector::start(commands, views, config, CancellationToken::new()).unwrap()
    }

    /// Waits until the collection of a build has the wanted state.
    pub(crate) async fn until(
        &self,
        job: i64,
        reached: impl Fn(&CollectionRow) -> bool,
    ) -> CollectionRow {
        self.until_of(&key(job), reached).await
    }

    async fn until_of(
        &self,
        key: &BuildKey,
        reached: impl Fn(&CollectionRow) -> bool,
    ) -> CollectionRow {
        let mut changed = self.views.changed::<Collections>();
        let waiting = async {
            loop {
                let row = self.views.of::<Collections>().unwrap().get(key).unwrap();
                if let Some(row) = row.filter(&reached) {
                    return row;
                }
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("build {key} comes to its outcome"))
    }

    /// Waits for the outcome of a build.
    pub(crate) async fn until_done(&self, job: i64) -> CollectionState {
        self.until_done_of(&key(job)).await
    }

    /// The same for a build of any source.
    pub(crate) async fn until_done_of(&self, key: &BuildKey) -> CollectionState {
        let done = |row: &CollectionRow| matches!(row.progress.state, CollectionState::Done(_));
        self.until_of(key, done).await.progress.state
    }

    /// Every event there is, in order.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let (filter, limit) = (Filter::all(), PageLimit::events(10_000));
        let page = self.log.read_all(Position::START, &filter, limit);
        let page = page.await.unwrap();
        let decode = |one: &eventlog::Recorded| {
            let text = String::from_utf8_lossy(&one.data).into_owned();
            assert!(
                !SECRETS.iter().any(|secret| text.contains(secret)),
                "{text}"
            );
            Event::decode(one.event_type.as_str(), one.version, &one.data).unwrap()
        };
        page.events.iter().map(decode).collect()
    }

    /// The events of a build that are about its collection.
    pub(crate) async fn collection(&self) -> Vec<BuildEvent> {
        let events = self.events().await.into_iter();
        events
            .filter_map(|event| match event {
                Event::Builds(BuildsEvent::Build(BuildEvent::Reported(_))) => None,
                Event::Builds(BuildsEvent::Build(event)) => Some(event),
                _ => None,
            })
            .collect()
    }
}

pub(crate) fn key(job: i64) -> BuildKey {
    BuildKey::new(BuildKey::DEFAULT_SOURCE, job).unwrap()
}

/// A build that ran for ten minutes and ended well.
pub(crate) fn report(job: i64) -> Reported {
    let at = |second| Some(Timestamp::from_second(second).unwrap());
    Reported {
        source: BuildKey::DEFAULT_SOURCE.to_owned(),
        build_id: job,
        status: "success".to_owned(),
        stage: "stage-1".to_owned(),
        name: None,
        git_ref: "develop".to_owned(),
        created_at: at(STARTED - 60),
        started_at: at(STARTED),
        finished_at: at(FINISHED),
        runner: Some(Runner {
            id: Some(1),
            description: "aws-runner-x86".to_owned(),
        }),
        pipeline_id: None,
        project_id: None,
        project: None,
        failure_reason: None,
        retries_count: None,
        instance: None,
        delivery: format!("delivery-{job}"),
        body: None,
        body_blob: None,
        at: Timestamp::from_second(FINISHED).unwrap(),
    }
}

/// The same, but it failed.
pub(crate) fn failed(job: i64, reason: &str) -> Reported {
    Reported {
        status: "failed".to_owned(),
        failure_reason: Some(reason.to_owned()),
        ..report(job)
    }
}

/// Quick and with three attempts.
pub(crate) fn config(prometheus: Option<&str>, gitlab: Option<&str>) -> CollectorConfig {
    let prometheus = prometheus.map(|url| PrometheusConfig {
        cookie: Some(SecretString::from(SECRETS[0])),
        ..PrometheusConfig::new(url)
    });
    CollectorConfig {
        prometheus,
        gitlab: gitlab.map(|url| GitlabConfig::new(url, SecretString::from(SECRETS[1]))),
        frame: FrameConfig {
            attempts_max: 3,
            backoff_base: Duration::from_millis(1),
            backoff_max: Duration::from_millis(2),
            poll: Duration::from_millis(20),
            seed: Some(1),
            ..FrameConfig::default()
        },
        ..CollectorConfig::default()
    }
}
