//! What the handlers of this API need next to what all surfaces share.

use std::ops::Deref;
use std::sync::Arc;

use allocation::Variables;
use axum::extract::FromRef;
use domain::jobs::schedule::Patience;
use jiff::tz::TimeZone;
use people::People;
use tokio::sync::Mutex;
use web::App;

/// What an operator chose for this API.
#[derive(Clone, Default)]
pub struct Settings {
    /// How allocations are written.
    pub variables: Variables,
    /// Prices of what builds hold.
    pub prices: Prices,
    /// How long a worker may be silent.
    pub worker_patience: Patience,
    /// How workers answer pings, where they are pinged.
    pub worker_answers: Option<ReadAnswers>,
    /// The time zone of jobs that name none; UTC when left out.
    pub time_zone: Option<TimeZone>,
}

/// Prices in any currency; 0 when unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    /// Of one GB of memory for an hour.
    pub gb_hour: f64,
    /// Of one core for an hour.
    pub core_hour: f64,
}

/// How a worker answers pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerAnswers {
    /// Whether it has left too many unanswered.
    pub is_silent: bool,
    /// Whether it has sent any request since this process started.
    pub is_heard: bool,
}

/// Reads how the worker with this number answers.
pub type ReadAnswers = Arc<dyn Fn(u64) -> WorkerAnswers + Send + Sync>;

/// State of all handlers. Cloning copies one pointer.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

/// What [`Api`] points to: its own settings, and all of [`App`].
pub struct Parts {
    app: App,
    pub(crate) people: People,
    pub(crate) settings: Settings,
    /// Held while a model is trained: one at a time.
    pub(crate) training: Arc<Mutex<()>>,
}

impl Api {
    /// Puts the API together.
    #[must_use]
    pub fn new(app: App, people: People, settings: Settings) -> Self {
        Self(Arc::new(Parts {
            app,
            people,
            settings,
            training: Arc::default(),
        }))
    }

    /// What all surfaces share.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.0.app
    }
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Deref for Parts {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl FromRef<Api> for App {
    fn from_ref(api: &Api) -> Self {
        api.0.app.clone()
    }
}
