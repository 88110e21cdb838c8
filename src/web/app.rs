//! What every handler has at hand.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use blobs::Blobs;
use bytes::Bytes;
use commands::{Auditor, Commands};
use domain::Metadata;
use domain::core::token::Role;
use eventlog::Position;
use futures::future::BoxFuture;
use projections::{Tokens, Views};
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use crate::closed_connections::ClosedConnections;
use crate::observer::{HttpObserver, NoObserver};
use crate::rate::Rate;
use crate::response_budget::ResponseBudget;
use crate::streams::{StreamPermit, Streams};
use crate::{Caller, KeptBodies, Limits, Network, Operations, Problem};

/// What an operator chose, as far as HTTP is concerned.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub version: String,
    /// How much of everything comes in.
    pub limits: Limits,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The role of a request without a credential in our own API; none by default.
    pub anonymous_role: Option<Role>,
    /// Whether `/metrics` needs no credential.
    pub metrics_open: bool,
}

/// Everything a handler has at hand. Cloning copies one pointer.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What [`App`] points to.
pub struct Parts {
    /// The write side.
    pub commands: Commands,
    /// The read side.
    pub views: Views,
    /// Bodies that are too big for an event.
    pub blobs: Blobs,
    pub refused_bodies: Arc<KeptBodies>,
    /// What the operator chose.
    pub settings: Settings,
    /// Long work.
    pub operations: Operations,
    /// Notes for auditors.
    pub auditor: Arc<Auditor>,
    /// What answers may take that wait to be read.
    pub responses: ResponseBudget,
    /// Connections that ended early, by reason.
    pub closed_connections: ClosedConnections,
    pub(crate) observer: Arc<dyn HttpObserver>,
    pub(crate) requests: Semaphore,
    pub(crate) rate: Rate,
    /// Where the log ended when the app was put together.
    opened_at: Position,
    streams: Streams,
    metrics: Box<dyn Fn() -> String + Send + Sync>,
    ready: Vec<ReadyCheck>,
    details: Vec<Detail>,
    resubmit: BTreeMap<&'static str, Arc<dyn Resubmit>>,
    closing: watch::Sender<bool>,
    ports: Vec<Ports>,
    never_429: Vec<&'static str>,
}

type Ports = Box<dyn Fn() -> BTreeMap<&'static str, Option<String>> + Send + Sync>;

/// Something that must hold for the app to be ready: its name, and what is the matter otherwise.
pub type ReadyCheck = (
    &'static str,
    Box<dyn Fn() -> Result<(), String> + Send + Sync>,
);

/// Something that an operator should look at while the service goes on: its name, and what it is,
/// if so.
type Detail = (&'static str, Box<dyn Fn() -> Option<String> + Send + Sync>);

/// A dialect that takes a body which was refused before.
pub trait Resubmit: Send + Sync + 'static {
    /// Processes it again, from the same source and with the stored headers.
    fn resubmit(&self, app: &App, body: KeptBody) -> BoxFuture<'static, Result<Taken, Problem>>;
}

/// A body that was refused and kept.
#[derive(Clone, Debug)]
pub struct KeptBody {
    /// Who sent it.
    pub source: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// What the events that follow carry.
    pub metadata: Metadata,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub event_id: Uuid,
    /// The event's position.
    pub position: Position,
    /// Whether it stood there before.
    pub duplicate: bool,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Puts an app together; [`AppBuilder::finish`] hands it over.
    #[must_use]
    pub fn build(commands: Commands, views: Views, blobs: Blobs, settings: Settings) -> AppBuilder {
        let limits = &settings.limits;
        AppBuilder(Parts {
            auditor: Arc::new(Auditor::new(commands.clone())),
            observer: Arc::new(NoObserver),
            responses: ResponseBudget::new(limits.response_bytes_max),
            closed_connections: ClosedConnections::default(),
            requests: Semaphore::new(limits.requests_max.min(Semaphore::MAX_PERMITS)),
            rate: Rate::new(limits),
            opened_at: commands.head(),
            streams: Streams::new(limits),
            metrics: Box::new(String::new),
            ready: Vec::new(),
            details: Vec::new(),
            resubmit: BTreeMap::new(),
            closing: watch::Sender::new(false),
            ports: Vec::new(),
            never_429: Vec::new(),
            refused_bodies: Arc::new(KeptBodies::new(blobs.clone(), limits.refused_bytes_max)),
            operations: Operations::default(),
            commands,
            views,
            blobs,
            settings,
        })
    }

    /// A permit for one more event stream, freed when it is dropped. One caller has only a share of
    /// all streams, so that others can follow as well.
    ///
    /// # Errors
    /// 429 when the caller has its share, 503 when all streams are in use.
    pub fn stream_permit(&self, caller: &Caller) -> Result<StreamPermit, Problem> {
        self.streams.permit(caller)
    }

    /// Ends every event stream, so that a server that stops does not wait for its readers.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until the app is closed.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut closing = self.closing.subscribe();
        async move {
            // It also ends when the app is dropped.
            let _ = closing.wait_for(|closing| *closing).await;
        }
    }

    /// The other ports of this process, and where each is reached; none while another process has
    /// it.
    #[must_use]
    pub fn ports(&self) -> BTreeMap<&'static str, Option<String>> {
        self.ports.iter().flat_map(|ports| ports()).collect()
    }

    /// Whether clients below this path get 429 above the rate limit; the others get 503.
    pub(crate) fn takes_429(&self, path: &str) -> bool {
        !self.never_429.iter().any(|below| path.starts_with(below))
    }

    /// Whether the app is closed, or about to be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        *self.closing.borrow()
    }

    /// How many streams of events are open.
    #[must_use]
    pub fn streams_open(&self) -> usize {
        self.streams.open()
    }

    /// The meters as Prometheus reads them.
    #[must_use]
    pub fn metrics(&self) -> String {
        (self.metrics)()
    }

    /// The dialect that resubmits a refused body.
    #[must_use]
    pub fn resubmit(&self, dialect: &str) -> Option<Arc<dyn Resubmit>> {
        self.resubmit.get(dialect).cloned()
    }

    /// Everything that keeps the app from being ready, by name.
    #[must_use]
    pub fn unready(&self) -> BTreeMap<&'static str, String> {
        let found = self
            .ready
            .iter()
            .filter_map(|(name, check)| Some((*name, check().err()?)));
        found.collect()
    }

    /// Everything that an operator should look at although the service is ready, by name.
    #[must_use]
    pub fn details(&self) -> BTreeMap<&'static str, String> {
        let found = self
            .details
            .iter()
            .filter_map(|(name, detail)| Some((*name, detail()?)));
        found.collect()
    }

    /// Waits until the tokens are those that were valid when the app was opened. A later change of
    /// a token waits for the view by itself.
    ///
    /// # Errors
    /// 503 when that takes longer than the configured patience.
    pub(crate) async fn wait_for_tokens(&self) -> Result<(), Problem> {
        let patience = self.settings.limits.patience;
        let known = self
            .views
            .wait_for::<Tokens>(self.opened_at, patience)
            .await;
        known.map_err(|_| {
            Problem::unavailable("the tokens are still being read from the log").retry_after(1)
        })
    }

    /// Waits until every view knows what was in the log when the app was opened: an answer must not
    /// be older than one before the restart.
    ///
    /// # Errors
    /// 503 when that takes longer than the configured patience.
    pub async fn wait_for_opening(&self) -> Result<(), Problem> {
        self.wait_for(self.opened_at).await
    }

    /// Waits until every view that answers knows the log up to a position: read your own writes.
    ///
    /// # Errors
    /// 503 when that takes longer than the configured patience.
    pub fn wait_for(&self, position: Position) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move {
            if self.views.position() >= position {
                return Ok(());
            }
            let patience = self.settings.limits.patience;
            let waited = self.views.wait_for_answers(position, patience).await;
            waited.map_err(|behind| {
                let reached = behind.position;
                Problem::unavailable(format!(
                    "the views have not reached position {position} yet: they are at {reached}"
                ))
                .retry_after(1)
            })
        })
    }
}

/// An app that is being put together.
pub struct AppBuilder(Parts);

impl AppBuilder {
    /// What observes requests and responses.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn HttpObserver>) -> Self {
        self.0.observer = observer;
        self
    }

    /// Answers 503 instead of 429 below this path: its clients take 429 for the end of what they
    /// do, and come back after 503.
    #[must_use]
    pub fn never_429(mut self, below: &'static str) -> Self {
        self.0.never_429.push(below);
        self
    }

    /// The text of `/metrics`.
    #[must_use]
    pub fn metrics(mut self, text: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.0.metrics = Box::new(text);
        self
    }

    /// Something that an operator should look at, and that does not keep the service from being
    /// ready.
    #[must_use]
    pub fn detail(
        mut self,
        name: &'static str,
        detail: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.0.details.push((name, Box::new(detail)));
        self
    }

    /// Other ports of this process, and where each is reached.
    #[must_use]
    pub fn ports(
        mut self,
        ports: impl Fn() -> BTreeMap<&'static str, Option<String>> + Send + Sync + 'static,
    ) -> Self {
        self.0.ports.push(Box::new(ports));
        self
    }

    /// Something more that must hold for the app to be ready.
    #[must_use]
    pub fn ready_when(
        mut self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.0.ready.push((name, Box::new(check)));
        self
    }

    /// Resubmits the refused bodies of a dialect.
    #[must_use]
    pub fn resubmit(mut self, dialect: &'static str, taker: Arc<dyn Resubmit>) -> Self {
        self.0.resubmit.insert(dialect, taker);
        self
    }

    /// Hands the app over.
    #[must_use]
    pub fn finish(self) -> App {
        App(Arc::new(self.0))
    }
}
