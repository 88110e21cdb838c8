//! What the handlers of this API need next to what all surfaces share.

use std::ops::Deref;
use std::sync::Arc;

use allocation::Variables;
use axum::extract::FromRef;
use domain::jobs::schedule::Patience;
use jiff::tz::TimeZone;
use people::People;
use provisioning::Provisioning;
pub use provisioning::WorkerAnswers;
use tokio::sync::Mutex;
use web::App;

use crate::provisioning::StoredTexts;

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
    pub gb_hour: f64,
    pub core_hour: f64,
}

/// Reads how the worker with this number answers.
pub type ReadAnswers = Arc<dyn Fn(u64) -> WorkerAnswers + Send + Sync>;

/// State of all handlers. Cloning copies one pointer.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

/// What [`Api`] points to: its own settings, and all of [`App`].
pub struct Parts {
    app: App,
    pub(crate) provisioning: Provisioning,
    pub(crate) settings: Settings,
    /// Held while a model is trained: one at a time.
    pub(crate) training: Arc<Mutex<()>>,
}

impl Api {
    /// Puts the API together.
    #[must_use]
    pub fn new(app: App, people: People, settings: Settings) -> Self {
        let provisioning = Provisioning {
            commands: app.commands.clone(),
            views: app.views.clone(),
            people,
            texts: Arc::new(StoredTexts(app.clone())),
            time_zone: settings.time_zone.clone(),
            patience: app.settings.limits.patience,
        };
        Self(Arc::new(Parts {
            app,
            provisioning,
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
