//! The API of job-runner: workers fetch runs and report on them, dashboards show them.
//!
//! | old route                                      | here                   | becomes                                                           |
//! |------------------------------------------------|------------------------|-------------------------------------------------------------------|
//! | `GET /api/v1/`                                 | `serve`                | nothing; it names the others                                      |
//! | `GET …/<resource>/schema/`                     | `schema`               | nothing                                                           |
//! | `GET …/<resource>/`, `…/<id>/`, `…/set/<ids>/` | `read`                 | views `roster` and `runs`                                         |
//! | `PATCH …/worker/<id>/`                         | `write::workers`       | `worker.reported`, `worker.edited`, …                             |
//! | `POST …/job/`, `PUT` and `PATCH …/job/<id>/`   | `write::jobs`          | `job.created`, `job.edited`, …                                    |
//! | `POST …/run/`                                  | `write::runs`          | `run.scheduled`                                                   |
//! | `PATCH …/run/<id>/`                            | `write::runs`          | `run.claimed`, `run.started`, `run.returned`, …, and what follows |
//! | `POST …/kill_request/`, `PATCH …/<id>/`        | `write::kill_requests` | `kill_request.requested`, `….enqueued`, `….executed`              |
//! | `POST …/run_log/`, `PATCH …/<id>/`             | `write::run_logs`      | `run_log.written`, `run_log.replaced`                             |
//! | `/accounts/login/`, `/accounts/logout/`        | `session`              | `audit.logged_in`, `audit.login_refused`                          |
//!
//! A request is checked in this order: path (404, 301), method (405, which needs no credential),
//! caller (`credentials`, 401), then whether the object exists (404) and the caller sees it (401),
//! then the body (415, 400).
//!
//! A worker repeats a request for ever on 5xx, and drops its work on any other unexpected status.
//! So a request that can never succeed is never 5xx, one that may succeed later is 503, and a
//! repeated change adds nothing. A write is visible to the next request: the answer waits for the
//! views, and is 503 when that takes too long. A request that got 503 may have taken effect: it is
//! in the log, and only the views were too slow. Every request of a worker may be repeated, and so
//! may every PATCH and PUT. Of what users POST, a log is replaced and a second job of the same
//! title is 409, but a second run or kill request is created: a client that got 503 there has to
//! look first.
//!
//! Kept on purpose:
//! - An object that the caller does not see is 401 and one that does not exist 404, so that every
//!   caller can find out which numbers exist. Clients rely on it.
//! - A 401 gives no reason and names no scheme.
//! - A signed request can be replayed by an eavesdropper: it contains no time. Workers belong
//!   behind TLS or on a network of their own.
//! - A run belongs to the worker that claimed it last; the others get 401 from then on.
//! - Dates go out without an offset, on the clock of the configured zone. One hour a year is
//!   ambiguous.
//! - An unknown field of a body is ignored, and so is an unknown parameter of a query. An unknown
//!   `state` filters nothing.
//! - `null` for a relation that old clients cannot clear is accepted and means nothing.
//! - Blanks after colons and commas, as Python writes JSON.
//!
//! Not kept:
//! - Bad values, bodies and addresses are 400 and never 5xx. A name that is taken is 409, a body in
//!   another form 415.
//! - With `Authorization`, the caller is the one that it verifies, session or not; the old server
//!   trusted the header without verifying it.
//! - A worker reports on itself and on its runs. It cannot rename or suspend itself, or change what
//!   a run is.
//! - People change workers only of projects that they administer.
//! - `id` in a body is ignored; it overwrote other rows.
//! - The consequences of a run's return happen once and not with every later report: failures are
//!   counted, children scheduled, mails sent.
//! - A second log of a run replaces the first, under the same number; it was an error that workers
//!   repeat for ever.
//! - A job that is put back without its children keeps them, and one that does not exist is not
//!   made.
//! - Circles of parents, intervals of 0, negative numbers and pools of other projects are refused.
//! - A relation is a path of the right resource; `/api/v1/worker/1/` is no job.
//! - Bodies are not unpacked: what is signed is what arrives.
//! - The token that shows that a request comes from our own pages belongs to the session, so a
//!   token that another site has put into the browser is of no use.
//! - A link cannot log a user out: that takes a form.
//!
//! Beyond the old server: half a character at the cut of a log becomes U+FFFD (`fields`) instead of
//! an error that would leave a run open for ever; a page is shorter, and says so in `meta.limit`
//! and `meta.next`, when its logs or scripts have more than 16 MiB; lists of kill requests and of
//! logs are narrowed by `run`, which was 400 and is not in their schemas.

mod answer;
mod caller;
mod credentials;
mod fields;
mod filter;
mod page;
mod parameters;
mod place;
mod raw_request;
mod read;
mod refusal;
mod resource;
mod schema;
mod serve;
mod session;
mod settings;
mod spelling;
mod time;
mod visit;
mod wire;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::routing::any;
use people::{Failures, People};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use web::App;

use resource::Resource;
use session::{AppSessions, Sessions};

pub use credentials::digest;
pub use settings::{BODY_BYTES_MAX, Settings};

/// What this dialect is called in events and audits.
pub const DIALECT: &str = "jobrunner";

/// Below this is everything that the dialect answers. Its workers take 429 for the end of what they
/// do.
pub const PATHS: &str = "/api/v1/";

/// How many bytes all bodies together may have that are at work at one time.
const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many large answers are written at one time. The others wait, each with a small part of its
/// own.
const LARGE_ANSWERS_MAX: usize = 4;

/// The unit of the memory budget for bodies.
const BUDGET_UNIT_BYTES: usize = 1024;

/// The dialect as it is configured. Cloning copies one pointer.
#[derive(Clone)]
pub struct JobRunner(Arc<Prepared>);

struct Prepared {
    app: App,
    people: People,
    settings: Settings,
    sessions: Box<dyn Sessions>,
    /// Wrong signatures of workers.
    signature_failures: Failures,
    /// The memory budget for bodies: many large ones wait for each other instead of filling the
    /// memory.
    budget: Arc<Semaphore>,
    /// Held while a large answer is written.
    large_answers: Arc<Semaphore>,
    /// Whose turn it is to change which job comes after which.
    families: Mutex<()>,
}

impl FromRef<JobRunner> for App {
    fn from_ref(dialect: &JobRunner) -> Self {
        dialect.0.app.clone()
    }
}

impl FromRef<JobRunner> for People {
    fn from_ref(dialect: &JobRunner) -> Self {
        dialect.0.people.clone()
    }
}

impl JobRunner {
    /// Prepares the dialect.
    #[must_use]
    pub fn new(app: App, people: People, settings: Settings) -> Self {
        Self::with_sessions(app, people, settings, Box::new(AppSessions))
    }

    fn with_sessions(
        app: App,
        people: People,
        settings: Settings,
        sessions: Box<dyn Sessions>,
    ) -> Self {
        // The largest body always fits.
        let budget = settings.body_bytes_max.max(BODIES_BYTES_MAX) / BUDGET_UNIT_BYTES;
        Self(Arc::new(Prepared {
            app,
            people,
            settings,
            sessions,
            signature_failures: Failures::default(),
            budget: Arc::new(Semaphore::new(budget.min(Semaphore::MAX_PERMITS))),
            large_answers: Arc::new(Semaphore::new(LARGE_ANSWERS_MAX)),
            families: Mutex::new(()),
        }))
    }

    /// The routes.
    pub fn routes(&self) -> Router<App> {
        let serve = async |State(dialect): State<Self>, request: Request| {
            serve::serve(&dialect, &dialect.0.app, request).await
        };
        let everywhere = any(serve);
        let mut routes = Router::new()
            .route("/api/v1", everywhere.clone())
            .route("/api/v1/", everywhere.clone())
            .route("/api/v1/{*elsewhere}", everywhere.clone());
        // The dialect reads paths by itself. That they are listed is for meters, which count by
        // route.
        for resource in Resource::ALL {
            let name = resource.name();
            for place in ["", "/schema", "/set/{numbers}", "/{number}"] {
                for slash in ["", "/"] {
                    let path = format!("/api/v1/{name}{place}{slash}");
                    routes = routes.route(&path, everywhere.clone());
                }
            }
        }
        routes.merge(session::routes()).with_state(self.clone())
    }

    pub(crate) fn people(&self) -> &People {
        &self.0.people
    }

    pub(crate) fn signature_failures(&self) -> &Failures {
        &self.0.signature_failures
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn sessions(&self) -> &dyn Sessions {
        &*self.0.sessions
    }

    /// Held while it is changed which job comes after which.
    pub(crate) fn families(&self) -> &Mutex<()> {
        &self.0.families
    }

    /// Waits until one more large answer may be written.
    pub(crate) async fn large_answer(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.large_answers).acquire_owned().await.ok()
    }

    /// Waits until a body of this declared length fits into the memory budget. Dropping the permit
    /// frees it.
    pub(crate) async fn body_budget(&self, bytes: Option<u64>) -> Option<OwnedSemaphorePermit> {
        let bytes_max = self.0.settings.body_bytes_max;
        // A body without a length counts as the largest; a larger one is refused without a permit.
        let bytes = usize::try_from(bytes.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let bytes = bytes.min(bytes_max);
        let units = u32::try_from(bytes / BUDGET_UNIT_BYTES).unwrap_or(u32::MAX);
        if units == 0 {
            return None;
        }
        let budget = Arc::clone(&self.0.budget);
        budget.acquire_many_owned(units).await.ok()
    }
}

#[cfg(test)]
mod contract;
