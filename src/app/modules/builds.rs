//! Builds: Gantry's API, what collects the usage of builds, and the allocations that follow from it.

mod collector;
mod doctor;
mod meters;
mod report;

use std::sync::Arc;
use std::time::Duration;

use allocation::{CpuFormat, Variables};
use futures::future::BoxFuture;
use gantry::Gantry;
use opentelemetry::metrics::Meter;
use people::People;
use tokio_util::sync::CancellationToken;
use web::{App, AppBuilder};

use super::{Findings, Line, Module, Services, Surface};
use crate::config::{self, Config};
use collector::RunningCollector;

pub(super) fn module(config: &Config) -> anyhow::Result<Box<dyn Module>> {
    gantry_settings(config).check()?;
    collector::check(config)?;
    Ok(Box::new(Builds {
        config: config.clone(),
        gantry: None,
        collector: None,
    }))
}

struct Builds {
    config: Config,
    gantry: Option<Gantry>,
    collector: Option<RunningCollector>,
}

impl Module for Builds {
    fn start(&mut self, services: &Services, stop: &CancellationToken) -> anyhow::Result<()> {
        self.collector = collector::start(&self.config, services, stop.clone())?;
        Ok(())
    }

    fn extend(&self, builder: AppBuilder, _: &Services) -> AppBuilder {
        builder.resubmit(gantry::DIALECT, Arc::new(gantry::Taker))
    }

    fn configure_api(&self, settings: &mut api::Settings) {
        settings.variables = variables(&self.config);
        settings.prices = api::Prices {
            gb_hour: self.config.allocation.price_gb_hour,
            core_hour: self.config.allocation.price_core_hour,
        };
    }

    fn surface(&mut self, app: &App, _: &People) -> anyhow::Result<Surface> {
        let gantry = Gantry::new(app.clone(), &gantry_settings(&self.config))?;
        let routes = gantry.routes();
        self.gantry = Some(gantry);
        Ok(Surface {
            routes,
            document: Some(Gantry::document()),
        })
    }

    fn observe(&self, meter: &Meter, _: &Services, _: &App) {
        if let Some(gantry) = &self.gantry {
            meters::answers(meter, gantry);
        }
        if let Some(collector) = &self.collector {
            meters::collector(meter, collector);
        }
    }

    fn report(&self) -> Vec<Line> {
        report::lines(&self.config)
    }

    fn check<'a>(&'a self, findings: &'a mut Findings) -> BoxFuture<'a, ()> {
        Box::pin(doctor::check(&self.config, findings))
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(collector) = &self.collector {
                collector.stop().await;
            }
        })
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(gantry) = &self.gantry {
                gantry.recorder().finish().await;
            }
        })
    }
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
