//! Workers in documents and answers. Keys and secrets that a document leaves out are generated.

use domain::Sealed;
use domain::jobs::schedule::Patience;
use domain::jobs::worker::{Registered, Worker};
use jiff::Timestamp;
use people::secret::CREDENTIAL_BYTES_MAX;
use projections::jobs::roster::WorkerEntry;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::{API_KEY_BYTES_MAX, DESCRIPTION_BYTES_MAX};
use crate::kind::{UniqueName, fields, first_name, kind, shown};
use crate::plan::{Plan, Step};
use crate::report::Change;
use crate::{DocumentFields, Item, Kind};

/// With what generated API keys begin.
const API_KEY_PREFIX: &str = "worker-";
/// How many characters follow.
const API_KEY_CHARS: usize = 16;

fields! {
    /// A worker.
    WorkerFields of Registered: "workers", called title {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Test worker 1")]
        title: String = title() => title,
        /// What it is for.
        description: String = text(DESCRIPTION_BYTES_MAX) => description,
        /// Its identifier in signed requests (`A-Z a-z 0-9 _ . -`); generated for a new worker when
        /// it is not given.
        api_key: String = text(API_KEY_BYTES_MAX) => api_key,
        /// The key that signs its requests; generated for a new worker when it is not given, and
        /// shown only once.
        #[schema(value_type = Option<String>, format = Password, write_only, nullable = false)]
        secret: SecretString = secret_or_file("secret_file", CREDENTIAL_BYTES_MAX),
        /// Whether it gets work (default: yes).
        #[schema(nullable = false)]
        enqueue_is_enabled: bool = flag() => enqueue_is_enabled,
    }
}

shown! {
    /// A worker, without its secret.
    ShownWorker as Worker of Registered, |worker, look| {
        /// What people call it.
        title: String = worker.title.clone(),
        /// What it is for.
        description: String = worker.description.clone(),
        /// By what it is known.
        api_key: String = worker.api_key.clone(),
        /// Whether it gets work.
        enqueue_is_enabled: bool = worker.enqueue_is_enabled,
        /// Its own reports; none in answers about the past.
        reports: Option<WorkerReports> = None,
    }
}

/// A worker's own reports, and whether it is silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkerReports {
    /// When it last answered a ping, by its own clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ping_response_at: Option<Timestamp>,
    /// Since when it is silent for too long: its runs are given up at the next health check, and
    /// other workers are preferred. One that never answered is since it was created.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub unresponsive_since: Option<Timestamp>,
    /// When it last reported.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub reported_at: Option<Timestamp>,
    /// Of which version its program is.
    pub worker_version: Option<String>,
    /// How many runs it executes at once.
    pub concurrent_jobs: Option<u32>,
}

/// How a worker answers pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerAnswers {
    /// Whether it has left too many unanswered.
    pub is_silent: bool,
    /// Whether it has sent any request since this process started.
    pub is_heard: bool,
}

impl WorkerReports {
    /// The reports of a worker that was created at `created`. Whether it is silent is known from
    /// pings, where workers are pinged; clocks say only since when.
    #[must_use]
    pub fn of(
        worker: &WorkerEntry,
        created: Timestamp,
        patience: Patience,
        answers: Option<WorkerAnswers>,
        now: Timestamp,
    ) -> Self {
        let answered = worker.ping_response_at;
        let by_clock = patience.silent_since(created, answered, now);
        let unresponsive_since = match answers {
            None => by_clock,
            Some(answers) if answers.is_silent => by_clock.or(answered),
            Some(answers) => by_clock.filter(|_| !answers.is_heard && answered.is_none()),
        };
        Self {
            ping_response_at: answered,
            unresponsive_since,
            reported_at: worker.reported_at,
            worker_version: worker.worker_version.clone(),
            concurrent_jobs: worker.concurrent_jobs,
        }
    }
}

impl Kind for Worker {
    kind!(WorkerFields, ShownWorker, workers);

    fn name(facts: &Registered) -> &str {
        &facts.title
    }

    fn names(facts: &Registered) -> Vec<UniqueName> {
        let key = facts.api_key.clone();
        vec![
            first_name::<Self>(facts),
            ("api_key", "worker_key".to_owned(), key),
        ]
    }

    async fn make(plan: &mut Plan<'_>, item: &Item<WorkerFields>) -> Step<()> {
        let (place, wanted) = (item.place.as_str(), &item.wanted);
        let known = plan.known::<Self>(item);
        let (number, before) = plan.open::<Self>(place, known).await?;
        let generated = match (&before, &wanted.secret) {
            (None, None) => Some(plan.random()?),
            _ => None,
        };
        let secret = wanted.secret.as_ref().or(generated.as_ref());
        let known = before.as_ref().map(|before| &before.secret);
        let sealed = sealed(plan, place, secret, known)?;
        let is_new_secret = known != Some(&sealed);
        let mut facts = match &before {
            Some(before) => before.clone(),
            None => Registered {
                api_key: api_key(plan)?,
                ..Registered::blank(number, sealed.clone(), plan.at)
            },
        };
        facts.secret = sealed;
        wanted.set(&mut facts);
        let mut settled = plan.finish::<Self>(place, number, before, facts).await?;
        let report = &mut settled.report;
        if is_new_secret {
            report.changes.push(Change::hidden("secret"));
        }
        report.api_key = Some(settled.after.api_key.clone());
        report.api_key_is_made_up = settled.before.is_none() && wanted.api_key.is_none();
        report.secret = generated.map(|secret| secret.expose_secret().to_owned());
        plan.report(settled);
        Ok(())
    }
}

/// The sealed secret. The same secret keeps its seal, because a new seal looks different each time.
fn sealed(
    plan: &mut Plan<'_>,
    place: &str,
    secret: Option<&SecretString>,
    known: Option<&Sealed>,
) -> Step<Sealed> {
    let seal = &plan.provisioning.people.seal;
    let is_same = |known: &&Sealed| {
        secret.is_none_or(|secret| {
            let opened = seal.open(known);
            opened.is_ok_and(|known| known.expose_secret() == secret.expose_secret())
        })
    };
    if let Some(known) = known.filter(is_same) {
        return Ok(known.clone());
    }
    let sealed = seal.seal(secret.unwrap_or(&SecretString::default()));
    sealed.or_else(|error| {
        tracing::error!(%error, "a secret cannot be sealed: {error}");
        plan.wrong(place, "secret", "cannot be sealed at present")
    })
}

fn api_key(plan: &Plan<'_>) -> Step<String> {
    let random = plan.random()?;
    let random = random.expose_secret().chars().take(API_KEY_CHARS);
    Ok(API_KEY_PREFIX.chars().chain(random).collect())
}
