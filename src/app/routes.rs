//! The routes of the server: our own API and the dialects, behind one gate.

use std::time::Duration;

use domain::core::token::Role;
use gantry::Gantry;
use jobrunner::JobRunner;
use web::{App, CpuFormat, Limits, Settings, Variables};

use crate::app::{Metered, Services};
use crate::config::{self, Config};
use crate::dispatcher;

/// What handlers have at hand. `anonymous_role` is that of callers without a credential.
///
/// # Errors
/// When a source's signing token is none.
pub(crate) fn state(
    config: &Config,
    services: &Services,
    metered: Option<Metered>,
    anonymous_role: Option<Role>,
) -> anyhow::Result<App> {
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
    .seal(services.seal.clone())
    .ready_when("views", move || match views.are_live() {
        true => Ok(()),
        false => Err("not every view can be read, and is at the head of the log".to_owned()),
    })
    .detail("log.damage", move || log.describe().damage)
    .resubmit(gantry::DIALECT, dialect(config)?.taker());
    if let Some(Metered { registry, requests }) = metered {
        builder = builder.metrics(move || registry.text()).observer(requests);
    }
    Ok(builder.finish())
}

/// Every route there is.
///
/// # Errors
/// When a source's signing token is none.
pub(crate) fn router(config: &Config, app: &App) -> anyhow::Result<axum::Router> {
    let mut routes = api::routes_beside([Gantry::document()]).merge(dialect(config)?.routes());
    if let Some(job_runner) = job_runner(config) {
        routes = routes.merge(job_runner.routes());
    }
    Ok(web::serve_through_gate(routes, app.clone()))
}

/// Whether routes can be made of this configuration.
///
/// # Errors
/// When a source's signing token is none.
pub(crate) fn check(config: &Config) -> anyhow::Result<()> {
    dialect(config).map(drop)
}

fn dialect(config: &Config) -> anyhow::Result<Gantry> {
    let sources = config.sources.iter().map(|(name, source)| gantry::Source {
        name: name.clone(),
        tokens: source.token.all(),
        signing_tokens: source.signing_token.all(),
        signature_tolerance: source.signature_seconds_max.map(Duration::from_secs),
    });
    Ok(Gantry::new(&gantry::Settings {
        sources: sources.collect(),
    })?)
}

fn job_runner(config: &Config) -> Option<JobRunner> {
    let section = &config.jobrunner;
    // A zone that nobody knows was refused when the configuration was read.
    let time_zone = section.time_zone().filter(|_| section.enabled)?;
    Some(JobRunner::new(jobrunner::Settings {
        time_zone,
        job_writes_by_workers: section.job_writes_by_workers,
        ..jobrunner::Settings::default()
    }))
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
        insistent: vec![jobrunner::PATHS],
        worker_patience: dispatcher::patience(&config.jobrunner),
        variables: Variables {
            cpu_format: match config.allocation.cpu_format {
                config::CpuFormat::Cores => CpuFormat::Cores,
                config::CpuFormat::Millicores => CpuFormat::Millicores,
            },
            limits: config.allocation.limits,
            build_jobs: config.allocation.build_jobs,
        },
        record_ratio: config.allocation.record_ratio,
        price_gb_hour: config.allocation.price_gb_hour,
        price_core_hour: config.allocation.price_core_hour,
        time_zone: config.jobrunner.time_zone(),
    }
}
