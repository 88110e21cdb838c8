//! What each context brings to the application.
//!
//! A context is a module here and a folder of the same name in each layer; `domain::contexts!` has
//! the list. The server, the meters, `doctor` and the routes go through it.

mod builds;
mod core;
mod findings;
mod jobs;

use api::{Api, OpenApi};
use axum::Router;
use futures::future::BoxFuture;
use opentelemetry::metrics::Meter;
use people::People;
use tokio_util::sync::CancellationToken;
use web::{App, AppBuilder};

use super::Services;
use crate::config::Config;

pub(crate) use findings::Findings;

/// Makes a module of a configuration, or reports why the configuration is unusable.
type Make = fn(&Config) -> anyhow::Result<Box<dyn Module>>;

macro_rules! modules {
    ($($context:ident $variant:ident $events:ident,)+) => { &[$($context::module,)+] };
}

/// The modules of all contexts, in the order in which they start.
const MODULES: &[Make] = domain::contexts!(modules);

/// What a context may bring. Every method has a default, so that a module names only what it has.
pub(crate) trait Module: Send + Sync {
    /// How many workers each of its two ports takes; 0 without ports.
    fn peers_max(&self) -> usize {
        0
    }

    /// Opens its ports, with at most `peers_max` workers at each. Nothing of the data directory is open yet.
    ///
    /// # Errors
    /// When a port that the configuration names cannot be opened.
    fn bind(&mut self, peers_max: usize, stop: &CancellationToken) -> anyhow::Result<()> {
        let _ = (peers_max, stop);
        Ok(())
    }

    /// Starts its reactors; only a server does.
    ///
    /// # Errors
    /// When one cannot work with its configuration.
    fn start(&mut self, services: &Services, stop: &CancellationToken) -> anyhow::Result<()> {
        let _ = (services, stop);
        Ok(())
    }

    /// Adds to what all surfaces share: readiness, details, ports, who takes refused bodies again.
    fn extend(&self, builder: AppBuilder, services: &Services) -> AppBuilder {
        let _ = services;
        builder
    }

    /// Adds its part to the settings of our own API.
    fn configure_api(&self, settings: &mut api::Settings) {
        let _ = settings;
    }

    /// Its own surface, such as a dialect.
    ///
    /// # Errors
    /// When its configuration cannot be used.
    fn surface(&mut self, app: &App, people: &People) -> anyhow::Result<Surface> {
        let _ = (app, people);
        Ok(Surface::default())
    }

    /// Its ports, while the server runs.
    fn ports(&self) -> Vec<OpenPort> {
        Vec::new()
    }

    /// Makes its instruments.
    fn observe(&self, meter: &Meter, services: &Services, app: &App) {
        let _ = (meter, services, app);
    }

    /// Its lines in the report of a server that was started.
    fn report(&self) -> Vec<Line> {
        Vec::new()
    }

    /// Its checks for `tallyman doctor`.
    fn check<'a>(&'a self, findings: &'a mut Findings) -> BoxFuture<'a, ()> {
        let _ = findings;
        Box::pin(async {})
    }

    /// Ends its reactors.
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Writes what waits to be written, before the log is closed.
    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// Routes, and the document that describes them together with our own.
#[derive(Default)]
pub(crate) struct Surface {
    pub(crate) routes: Router<App>,
    pub(crate) document: Option<OpenApi>,
}

/// A port of this process besides HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenPort {
    /// Its name in `/v1/info`.
    pub(crate) name: &'static str,
    /// What it is for, as the server prints it on standard output: `broadcasting on …`.
    pub(crate) purpose: &'static str,
    /// Where it is reached; none while another process has it.
    pub(crate) address: Option<String>,
}

/// One line of the report of a server that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Info(String),
    /// What an operator may want to change.
    Warn(String),
}

pub(crate) struct Modules(Vec<Box<dyn Module>>);

impl Modules {
    /// Makes all modules.
    ///
    /// # Errors
    /// When one cannot work with this configuration. Nothing was opened then.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let made = MODULES.iter().map(|make| make(config));
        made.collect::<anyhow::Result<_>>().map(Self)
    }

    /// The most workers that a port of any module takes.
    pub(crate) fn peers_max(&self) -> usize {
        let each = self.0.iter().map(|module| module.peers_max());
        each.max().unwrap_or_default()
    }

    /// Opens all ports.
    ///
    /// # Errors
    /// As [`Module::bind`].
    pub(crate) fn bind(
        &mut self,
        peers_max: usize,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let mut modules = self.0.iter_mut();
        modules.try_for_each(|module| module.bind(peers_max, stop))
    }

    /// Starts all reactors.
    ///
    /// # Errors
    /// As [`Module::start`].
    pub(super) fn start(
        &mut self,
        services: &Services,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let mut modules = self.0.iter_mut();
        modules.try_for_each(|module| module.start(services, stop))
    }

    /// Adds to what all surfaces share.
    pub(super) fn extend(&self, builder: AppBuilder, services: &Services) -> AppBuilder {
        let modules = self.0.iter();
        modules.fold(builder, |builder, module| module.extend(builder, services))
    }

    /// All routes: our own API and every other surface.
    ///
    /// # Errors
    /// As [`Module::surface`].
    pub(super) fn routes(&mut self, app: &App, people: &People) -> anyhow::Result<Router<App>> {
        let mut settings = api::Settings::default();
        for module in &self.0 {
            module.configure_api(&mut settings);
        }
        let (mut routes, mut documents) = (Router::new(), Vec::new());
        for module in &mut self.0 {
            let surface = module.surface(app, people)?;
            routes = routes.merge(surface.routes);
            documents.extend(surface.document);
        }
        let api = Api::new(app.clone(), people.clone(), settings);
        Ok(api.routes(documents).merge(routes))
    }

    /// All ports besides HTTP.
    pub(crate) fn ports(&self) -> Vec<OpenPort> {
        self.0.iter().flat_map(|module| module.ports()).collect()
    }

    /// Makes all instruments. They live as long as the provider of the meter.
    pub(crate) fn observe(&self, meter: &Meter, services: &Services, app: &App) {
        for module in &self.0 {
            module.observe(meter, services, app);
        }
    }

    /// The lines of all modules in the report of a server that was started.
    pub(crate) fn report(&self) -> Vec<Line> {
        self.0.iter().flat_map(|module| module.report()).collect()
    }

    /// The checks of all modules for `tallyman doctor`.
    pub(crate) async fn check(&self, findings: &mut Findings) {
        for module in &self.0 {
            module.check(findings).await;
        }
    }

    /// Ends all reactors.
    pub(crate) async fn stop(&self) {
        for module in &self.0 {
            module.stop().await;
        }
    }

    /// Writes what waits to be written.
    pub(super) async fn finish(&self) {
        for module in &self.0 {
            module.finish().await;
        }
    }
}

#[cfg(test)]
mod tests;
