//! The API of spack-gantry: takes GitLab's job webhooks, answers with allocations.
//!
//! | old route                              | here            | becomes                                  |
//! |----------------------------------------|-----------------|------------------------------------------|
//! | `POST /v1/collect`, `POST /collect`    | [`collect`]     | `build.reported`, or a note in the audit |
//! | `GET /v1/allocation`, `GET /allocation`| [`mod@allocation`] | view `allocation`                     |
//!
//! A delivery is looked at in this order: who sends it (401), how large it is (413), whether it is
//! JSON (400), whether it is a job hook (200 and a warning), whether its fields are there (400, all
//! at once). A signature is made over the body, so a signed delivery is read, up to the limit,
//! before it is known who sent it.
//!
//! Kept on purpose:
//! - A webhook of another kind is answered with 200, so that GitLab does not disable the hook.
//! - The body of a custom template is answered with 400 and the list of its missing fields, as
//!   Gantry does, and not with the 422 that GitLab's own guide would like.
//! - `+` in a spec means plus, and a `%` that begins no escape means itself.
//! - A time that cannot be read is accepted, because its field is a text: the build is reported
//!   without it, and the answer carries a `Warning`. Unknown statuses, fields, projects and reasons
//!   are accepted too.
//! - The answer to an allocation has the one key `variables`, because generators may refuse any
//!   other.
//!
//! Not kept: a missing or wrong token is never answered with 200, and what was acknowledged is
//! durable.
//!
//! Beyond Gantry: several tokens per source and several sources; signed deliveries; gzip; every
//! refused body is stored under its digest until it is resubmitted ([`Taker`]); and builds of
//! another GitLab with the same numbers are kept apart as `source@host`.

pub mod allocation;
mod answers;
pub mod collect;
mod credentials;
mod delivery;
mod document;
mod recorder;
mod report;
mod settings;
mod signature;
mod time;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::routing::{get, post};
use http::Uri;
use utoipa::openapi::OpenApi;
use web::App;

pub use answers::AnswerCount;
pub use collect::Taker;
pub use recorder::Recorder;
pub use settings::{SIGNATURE_TOLERANCE, Settings, Source};
pub use signature::SigningKeyError;

/// What this dialect is called in events and audits.
pub const DIALECT: &str = "gantry";

/// The dialect as it is configured, and what its handlers need. Cloning copies one pointer.
#[derive(Clone)]
pub struct Gantry(Arc<Prepared>);

struct Prepared {
    app: App,
    sources: Vec<credentials::KnownSource>,
    variables: ::allocation::Variables,
    recorder: Recorder,
}

impl FromRef<Gantry> for App {
    fn from_ref(gantry: &Gantry) -> Self {
        gantry.0.app.clone()
    }
}

impl Gantry {
    /// Prepares the dialect.
    ///
    /// # Errors
    /// When a signing token is none.
    pub fn new(app: App, settings: &Settings) -> Result<Self, SigningKeyError> {
        let recording = recorder::Recording {
            ratio: settings.record_ratio,
            limits: settings.variables.limits,
        };
        Ok(Self(Arc::new(Prepared {
            sources: settings::known_sources(&settings.sources)?,
            variables: settings.variables,
            recorder: Recorder::start(recording, &app.commands, &app.views),
            app,
        })))
    }

    /// Counts and keeps answers.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// The routes.
    pub fn routes(&self) -> Router<App> {
        let collect = async |State(Self(gantry)): State<Self>, request: Request| {
            collect::collect(&gantry.sources, &gantry.app, request).await
        };
        let allocation =
            async |State(gantry): State<Self>, uri: Uri| allocation::allocation(&gantry, &uri);
        Router::new()
            .route("/v1/collect", post(collect))
            .route("/collect", post(collect))
            .route("/v1/allocation", get(allocation))
            .route("/allocation", get(allocation))
            .with_state(self.clone())
    }

    /// The routes, described.
    #[must_use]
    pub fn document() -> OpenApi {
        <document::Document as utoipa::OpenApi>::openapi()
    }
}

#[cfg(test)]
mod contract;
