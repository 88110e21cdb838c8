//! The routes of the server: our own API and the dialects, behind one gate.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use allocation::{CpuFormat, Variables};
use api::{Api, ReadAnswers};
use axum::Router;
use domain::core::token::Role;
use gantry::Gantry;
use jobrunner::JobRunner;
use people::People;
use web::{App, Limits, Settings};

use crate::app::{Metered, Services};
use crate::config::{self, Config};
use crate::dispatcher;

/// What handlers have at hand. `anonymous_role` is that of callers without a credential.
pub(crate) fn state(
    config: &Config,
    services: &Services,
    metered: Option<Metered>,
    anonymous_role: Option<Role>,
) -> App {
    let views = services.views.clone();
    let log = services.log.clone();
    let mut builder = App::build(
        services.commands.clone(),
        services.views.clone(),
        services.blobs.clone(),
        Settings {
            anonymous_role,
            ..settings(config)
        },
    )
    .ready_when("views", move || match views.are_live() {
        true => Ok(()),
        false => Err("not every view can be read, and is at the head of the log".to_owned()),
    })
    .detail("log.damage", move || log.describe().damage)
    .resubmit(gantry::DIALECT, Arc::new(gantry::Taker))
    .never_429(jobrunner::PATHS);
    if let Some(Metered { registry, requests }) = metered {
        builder = builder.metrics(move || registry.text()).observer(requests);
    }
    builder.finish()
}

/// The HTTP surfaces.
pub(crate) struct Surfaces {
    api: Api,
    pub(crate) gantry: Gantry,
    job_runner: Option<JobRunner>,
    /// How workers answer pings, once they are pinged.
    pub(crate) worker_answers: Arc<OnceLock<ReadAnswers>>,
}

impl Surfaces {
    /// Puts them together.
    ///
    /// # Errors
    /// When a source's signing token is none.
    pub(crate) fn new(config: &Config, services: &Services, app: &App) -> anyhow::Result<Self> {
        let people = People::new(
            services.commands.clone(),
            services.views.clone(),
            Arc::clone(&app.auditor),
            services.seal.clone(),
        );
        let worker_answers: Arc<OnceLock<ReadAnswers>> = Arc::default();
        let answers = Arc::clone(&worker_answers);
        let api = api::Settings {
            variables: variables(config),
            prices: api::Prices {
                gb_hour: config.allocation.price_gb_hour,
                core_hour: config.allocation.price_core_hour,
            },
            worker_patience: dispatcher::patience(&config.jobrunner),
            worker_answers: Some(Arc::new(move |worker| {
                answers.get().and_then(|read| read(worker))
            })),
            time_zone: config.jobrunner.time_zone(),
        };
        Ok(Self {
            gantry: Gantry::new(app.clone(), &gantry_settings(config))?,
            job_runner: job_runner(config, app, &people),
            api: Api::new(app.clone(), people, api),
            worker_answers,
        })
    }

    /// Every route there is.
    pub(crate) fn routes(&self) -> Router<App> {
        let routes = self.api.routes([Gantry::document()]);
        let routes = routes.merge(self.gantry.routes());
        match &self.job_runner {
            Some(job_runner) => routes.merge(job_runner.routes()),
            None => routes,
        }
    }
}

/// Whether routes can be made of this configuration.
///
/// # Errors
/// When a source's signing token is none.
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    Ok(gantry_settings(config).check()?)
}

fn gantry_settings(config: &Config) -> gantry::Settings {
    let sources = config.sources.iter().map(|(name, source)| gantry::Source {
        name: name.clone(),
        tokens: source.token.all(),
        signing_tokens: source.signing_token.all(),
        signature_tolerance: source.signature_seconds_max.map(Duration::from_secs),
    });
    gantry::Settings {
        sources: sources.collect(),
        variables: variables(config),
        record_ratio: config.allocation.record_ratio,
    }
}

fn variables(config: &Config) -> Variables {
    Variables {
        cpu_format: match config.allocation.cpu_format {
            config::CpuFormat::Cores => CpuFormat::Cores,
            config::CpuFormat::Millicores => CpuFormat::Millicores,
        },
        limits: config.allocation.limits,
        build_jobs: config.allocation.build_jobs,
    }
}

fn job_runner(config: &Config, app: &App, people: &People) -> Option<JobRunner> {
    let section = &config.jobrunner;
    // A zone that is not known was refused when the configuration was read.
    let time_zone = section.time_zone().filter(|_| section.enabled)?;
    let settings = jobrunner::Settings {
        time_zone,
        job_writes_by_workers: section.job_writes_by_workers,
        ..jobrunner::Settings::default()
    };
    Some(JobRunner::new(app.clone(), people.clone(), settings))
}

fn settings(config: &Config) -> Settings {
    let server = &config.server;
    Settings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: Limits {
            body_bytes_max: server.body_bytes_max,
            refused_bytes_max: server.refused_bytes_max,
            request_time_max: Duration::from_secs(server.request_seconds_max),
            requests_max: server.requests_max,
            streams_max: server.streams_max,
            stream_stall_max: Duration::from_secs(server.stream_stall_seconds_max),
            response_bytes_max: server.response_bytes_max,
            requests_per_second_max: server.requests_per_second_max,
            patience: Duration::from_millis(server.patience_milliseconds),
            ..Limits::default()
        },
        trusted_proxies: server.trusted_proxies.clone(),
        anonymous_role: None,
        metrics_open: server.metrics_open,
    }
}
