//! A configuration becomes an app: the log is opened, views follow it, routes are served.

mod admin;
pub(crate) mod history;
pub(crate) mod modules;
pub(crate) mod outside;
mod private_file;
mod read_only;
mod running;
mod sample;
mod seal_key;
mod shared;
pub(crate) mod storage;

use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;

use allocation::Refs;
use anyhow::Context;
use blobs::{Blobs, S3Config};
use commands::{Clock, Commands};
use domain::core::token::Role;
use eventlog::EventLog;
use people::{People, Seal};
use projections::allocation::{AllocationSettings, StrategyName};
use projections::{Views, ViewsConfig};
use secrecy::SecretString;
use tables::Tables;
use tokio_util::sync::CancellationToken;

pub use admin::admin_token;
/// Measures the log that the app opens.
pub(crate) use eventlog_file::bench as log_bench;
pub(crate) use modules::Modules;
pub(crate) use private_file::{keep_new_files_private, open_to_others};
pub(crate) use running::{Announcement, running_at};
pub(crate) use sample::fill_with_demo;
pub use sample::{fill_with, fill_with_sample};
pub(crate) use seal_key::{existing as existing_seal, keys_of_sealed};

use crate::config::{BlobBackend, BlobStore, Config, Strategy};
use crate::telemetry::{Registry, Requests};

/// What handlers and reactors work with.
pub(crate) struct Services {
    pub(crate) log: Arc<dyn EventLog>,
    /// The write side.
    pub(crate) commands: Commands,
    /// The read side.
    pub(crate) views: Views,
    /// What the views lie in.
    pub(crate) tables: Arc<dyn Tables>,
    /// Big bodies.
    pub(crate) blobs: Blobs,
    /// What locks secrets.
    pub(crate) seal: Seal,
}

pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) services: Services,
    /// The token of operators with access to the data directory.
    pub(crate) admin_token: SecretString,
    /// What handlers have at hand.
    pub(crate) app: web::App,
    /// What each context brings.
    pub(crate) modules: Modules,
    router: axum::Router,
    /// Where the views of a data directory are that cannot be written.
    scratch: Option<tempfile::TempDir>,
}

/// How metrics get out of the app and requests into metrics.
pub(crate) struct Metered {
    /// The text of `/metrics`.
    pub(crate) registry: Registry,
    pub(crate) requests: Arc<Requests>,
}

/// Opens an app without reactors. What is written through it was decided at the time of the clock.
///
/// # Errors
/// When the log is damaged or belongs to another process, or a folder cannot be used.
pub(crate) async fn open(config: Config, clock: Clock) -> anyhow::Result<Opened> {
    let modules = Modules::new(&config)?;
    let services = services(&config, clock).await?;
    let admin_token = admin::ensure(&config.data.dir, &services).await?;
    Opened::of(config, services, modules, Access::with(admin_token))
}

/// Opens an app for a server: the reactors of its modules are started.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_to_serve(
    config: Config,
    mut modules: Modules,
    metered: Metered,
    stop: &CancellationToken,
) -> anyhow::Result<Opened> {
    let services = services(&config, Clock::system()).await?;
    let admin_token = admin::ensure(&config.data.dir, &services).await?;
    modules.start(&services, stop)?;
    let access = Access {
        metered: Some(metered),
        ..Access::with(admin_token)
    };
    Opened::of(config, services, modules, access)
}

/// Opens an app for one question of the command line.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_quietly(config: Config) -> anyhow::Result<Opened> {
    let opened = match read_only::is_read_only(&config.data) {
        true => read_only::open(config).await?,
        false => open(config, Clock::system()).await?,
    };
    let head = opened.services.log.head();
    opened
        .services
        .views
        .wait_for_all(head, Duration::from_secs(600))
        .await
        .context("the views did not reach the head of the log")?;
    Ok(opened)
}

/// Who may use an app, and who counts its requests.
struct Access {
    admin_token: SecretString,
    /// The role of callers without a credential.
    anonymous_role: Option<Role>,
    metered: Option<Metered>,
}

impl Access {
    fn with(admin_token: SecretString) -> Self {
        Self {
            admin_token,
            anonymous_role: None,
            metered: None,
        }
    }
}

impl Opened {
    fn of(
        config: Config,
        services: Services,
        mut modules: Modules,
        access: Access,
    ) -> anyhow::Result<Self> {
        let Access {
            admin_token,
            anonymous_role,
            metered,
        } = access;
        let app = shared::app(&config, &services, &modules, metered, anonymous_role);
        let people = People::new(
            services.commands.clone(),
            services.views.clone(),
            Arc::clone(&app.auditor),
            services.seal.clone(),
        );
        let routes = modules.routes(&app, &people)?;
        Ok(Self {
            router: web::serve_through_gate(routes, app.clone()),
            config,
            services,
            admin_token,
            app,
            modules,
            scratch: None,
        })
    }

    pub(crate) fn router(&self) -> axum::Router {
        self.router.clone()
    }

    /// Writes down what is folded and closes the log.
    pub(crate) async fn close(self) {
        let Self {
            services,
            app,
            modules,
            scratch,
            ..
        } = self;
        // What is being trained ends, and what was answered is written down, while there is a log.
        app.close();
        modules.finish().await;
        drop(modules);
        let closed = tokio::task::spawn_blocking(move || {
            services.views.shutdown();
            services.log.close();
            drop(services);
            drop(scratch);
        });
        if let Err(error) = closed.await {
            tracing::error!(%error, "shutdown failed: {error}");
        }
    }
}

async fn services(config: &Config, clock: Clock) -> anyhow::Result<Services> {
    let dir = &config.data.dir;
    // Events hold names of people and of machines: what is made here is for its owner alone.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("the data directory {} cannot be made", dir.display()))?;
    private_file::warn_if_open_to_others(dir);
    let opening = config.clone();
    let (log, tables) = tokio::task::spawn_blocking(move || storage::open(&opening)).await??;
    let commands = Commands::new(Arc::clone(&log), clock);
    // Before anything follows the log: a missing key is no reason to build views.
    let seal = seal_key::ensure(dir, &*log).await?;
    let views = Views::start(Arc::clone(&log), Arc::clone(&tables), views_config(config))?;
    Ok(Services {
        log,
        commands,
        views,
        tables,
        blobs: open_blobs(config)?,
        seal,
    })
}

pub(crate) fn views_config(config: &Config) -> ViewsConfig {
    let clock = Clock::system();
    let mut views = ViewsConfig::new(move || clock.now());
    views.engine.commit_events = config.views.commit_events;
    views.engine.commit_interval = Duration::from_millis(config.views.commit_milliseconds);
    views.allocation = allocation_settings(config);
    views
}

/// The store of big bodies for a tool that reads: a folder that is not there is empty, and is not made.
///
/// # Errors
/// When the bucket is not described.
pub(crate) fn open_blobs_to_read(config: &Config) -> anyhow::Result<Blobs> {
    match config.blobs.backend {
        BlobBackend::Local if !config.data.blobs_dir().is_dir() => Ok(Blobs::memory()),
        _ => open_blobs(config),
    }
}

/// The store of big bodies.
///
/// # Errors
/// When the folder cannot be made or the bucket is not described.
pub(crate) fn open_blobs(config: &Config) -> anyhow::Result<Blobs> {
    Ok(match config.blobs.backend {
        BlobBackend::Local => Blobs::local(config.data.blobs_dir())?,
        BlobBackend::S3 => Blobs::s3(&s3(&config.blobs)?)?,
    })
}

fn s3(store: &BlobStore) -> anyhow::Result<S3Config> {
    Ok(S3Config {
        bucket: store
            .bucket
            .clone()
            .context("blobs.bucket: S3 needs a bucket")?,
        prefix: store.prefix.clone().unwrap_or_default(),
        region: store.region.clone(),
        endpoint: store.endpoint.as_ref().map(|url| url.expose().to_owned()),
        access_key_id: store.access_key_id.clone(),
        secret_access_key: store.secret_access_key.clone(),
    })
}

fn allocation_settings(config: &Config) -> AllocationSettings {
    let refs = &config.allocation.refs;
    let name = |strategy| match strategy {
        Strategy::Gantry => StrategyName::Gantry,
        Strategy::Ladder => StrategyName::Ladder,
    };
    AllocationSettings {
        refs: if refs.is_empty() {
            Refs::All
        } else {
            Refs::Only(refs.iter().cloned().collect())
        },
        strategy: name(config.allocation.strategy),
        shadow: config.allocation.shadow.map(name),
    }
}
