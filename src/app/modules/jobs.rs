//! Jobs: job-runner's API, and what keeps its jobs running.

mod meters;
mod reactors;

use std::sync::Arc;

use futures::future::BoxFuture;
use jobrunner::JobRunner;
use opentelemetry::metrics::Meter;
use people::People;
use tokio_util::sync::CancellationToken;
use web::{App, AppBuilder};

use super::{Line, Module, OpenPort, Services, Surface};
use crate::config::Config;
use reactors::{Ports, RunningJobRunner};

pub(super) fn module(config: &Config) -> anyhow::Result<Box<dyn Module>> {
    reactors::check(config)?;
    Ok(Box::new(Jobs {
        config: config.clone(),
        ports: None,
        running: None,
    }))
}

struct Jobs {
    config: Config,
    ports: Option<Ports>,
    running: Option<RunningJobRunner>,
}

impl Module for Jobs {
    fn peers_max(&self) -> usize {
        reactors::peers_max(&self.config)
    }

    fn bind(&mut self, peers_max: usize, stop: &CancellationToken) -> anyhow::Result<()> {
        self.ports = reactors::bind(&self.config, peers_max, stop)?;
        Ok(())
    }

    fn start(&mut self, services: &Services, stop: &CancellationToken) -> anyhow::Result<()> {
        self.running = reactors::start(&self.config, services, self.ports.take(), stop)?;
        Ok(())
    }

    fn extend(&self, builder: AppBuilder, _: &Services) -> AppBuilder {
        let builder = builder.never_429(jobrunner::PATHS);
        let Some(running) = &self.running else {
            return builder;
        };
        let (clock, ports) = (running.clone(), running.clone());
        builder
            .detail("clock", move || clock.clock())
            .ports(move || {
                let ports = ports.ports().into_iter();
                ports.map(|port| (port.name, port.address)).collect()
            })
    }

    fn configure_api(&self, settings: &mut api::Settings) {
        settings.worker_patience = reactors::patience(&self.config.jobrunner);
        settings.time_zone = self.config.jobrunner.time_zone();
        let running = self.running.clone();
        settings.worker_answers = running
            .map(|running| Arc::new(move |worker| running.answers(worker)) as api::ReadAnswers);
    }

    fn surface(&mut self, app: &App, people: &People) -> anyhow::Result<Surface> {
        let section = &self.config.jobrunner;
        // A zone that is not known was refused when the configuration was read.
        let Some(time_zone) = section.time_zone().filter(|_| section.enabled) else {
            return Ok(Surface::default());
        };
        let settings = jobrunner::Settings {
            time_zone,
            job_writes_by_workers: section.job_writes_by_workers,
            ..jobrunner::Settings::default()
        };
        let dialect = JobRunner::new(app.clone(), people.clone(), settings);
        Ok(Surface {
            routes: dialect.routes(),
            document: None,
        })
    }

    fn ports(&self) -> Vec<OpenPort> {
        self.running
            .as_ref()
            .map(RunningJobRunner::ports)
            .unwrap_or_default()
    }

    fn observe(&self, meter: &Meter, _: &Services, _: &App) {
        if let Some(running) = &self.running {
            meters::observe(meter, running);
        }
    }

    fn report(&self) -> Vec<Line> {
        let section = &self.config.jobrunner;
        if !section.enabled {
            let text = "job-runner: switched off (jobrunner.enabled is false)";
            return vec![Line::Info(text.to_owned())];
        }
        let mut lines = vec![Line::Info(format!(
            "job-runner: time zone {}",
            section.time_zone
        ))];
        if section.job_writes_by_workers {
            let text = "job-runner: jobrunner.job_writes_by_workers is true: the key of a worker is enough to change the scripts \
                 of jobs of its own pools, as with the old server; set it to false if no client of yours needs it";
            lines.push(Line::Warn(text.to_owned()));
        }
        lines
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(running) = &self.running {
                running.stop().await;
            }
        })
    }
}
