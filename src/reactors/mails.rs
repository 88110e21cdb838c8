//! Sends mail about failures: a run that failed, a job for whose next occasion there is no time, a
//! pool without a responding worker.
//!
//! The cause of a mail is in the log, and so is its sending (`mail.sent`), so each is sent at least
//! once, one after the other in the order of their causes. It is sent twice only when we die
//! between the mail server's acceptance and our event; both mails then have the same `Message-ID`.
//! A mail that the server rejects for good, or defers too often, is given up (`mail.abandoned`).
//!
//! Events before a server was configured are not reported, and neither are events that are too old.
//! [`message`] writes a mail, and is pure; `post` sends it.

pub mod message;

mod config;
mod gather;
mod post;

use domain::JobsEvent;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use commands::{CommandError, Commands, LogLimit};
use domain::jobs::mail::{
    Abandoned, About, Begun, Mailing, MailingCommand, MailingRejection, Sent,
};
use domain::jobs::run::RunEvent;
use domain::jobs::worker_pool::WorkerPoolEvent;
use domain::{Actor, Event, Metadata};
use eventlog::{Filter, Position, Recorded};
use projections::engine::history::decode;
use projections::{RosterView, Runs, Views};
use tokio_util::sync::CancellationToken;

use crate::ConfigError;
use crate::frame::Backoff;
use crate::steady::{Steady, Stopped, rest};
pub use config::{MailsConfig, ReadBlob};
use message::Mail;
use post::Post;

/// Trouble is logged once per cause and minute.
static LIMIT: LogLimit = LogLimit::new();

/// The events for whose sake mails are sent.
const CAUSES: [&str; 5] = [
    "run.returned",
    "run.given_up",
    "run.not_followed",
    "worker_pool.fell_silent",
    "worker_pool.stayed_silent",
];

/// Sends mails. Dropping it ends it at once, as a crash would.
#[derive(Debug)]
pub struct Mails {
    stats: Arc<Stats>,
    steady: Steady,
}

/// What became of mails so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailsReading {
    /// Those that a server has.
    pub sent: u64,
    /// Attempts that failed and were followed by another.
    pub retried: u64,
    pub abandoned: u64,
    /// Events without recipients, or too old.
    pub left_out: u64,
}

#[derive(Debug, Default)]
struct Stats {
    sent: AtomicU64,
    retried: AtomicU64,
    abandoned: AtomicU64,
    left_out: AtomicU64,
}

struct Inner {
    commands: Commands,
    views: Views,
    config: MailsConfig,
    post: Post,
    backoff: Backoff,
    stats: Arc<Stats>,
}

/// Why nothing is sent for now.
enum Halt {
    /// Our own log or views were busy.
    Trouble(String),
    /// The process stops.
    Stopped,
}

impl Mails {
    /// Starts it. It ends when `stop` is cancelled.
    ///
    /// # Errors
    /// When the server's address or the sender's cannot be used.
    pub fn start(
        commands: Commands,
        views: Views,
        config: MailsConfig,
        stop: CancellationToken,
    ) -> Result<Self, ConfigError> {
        let stats = Arc::new(Stats::default());
        let inner = Arc::new(Inner {
            post: Post::new(&config)?,
            backoff: Backoff::new(config.backoff_base, config.backoff_max, config.seed),
            commands,
            views,
            config,
            stats: Arc::clone(&stats),
        });
        let steady = Steady::start("the mailer", stop, move |_, stop| {
            let inner = Arc::clone(&inner);
            async move { inner.until_stopped(&stop).await }
        });
        Ok(Self { stats, steady })
    }

    /// Whether mails can be sent with this configuration.
    ///
    /// # Errors
    /// As [`Mails::start`].
    pub fn check(config: &MailsConfig) -> Result<(), ConfigError> {
        Post::new(config).map(drop)
    }

    /// What became of mails so far.
    #[must_use]
    pub fn stats(&self) -> MailsReading {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MailsReading {
            sent: read(&self.stats.sent),
            retried: read(&self.stats.retried),
            abandoned: read(&self.stats.abandoned),
            left_out: read(&self.stats.left_out),
        }
    }

    /// Ends it, and returns when it has ended. What was not sent is due at the next start.
    pub async fn stop(self) {
        self.steady.stop().await;
    }
}

impl Inner {
    async fn until_stopped(&self, stop: &CancellationToken) {
        let mut failures = 0_u32;
        loop {
            match self.follow(stop, &mut failures).await {
                Ok(()) | Err(Halt::Stopped) => return,
                Err(Halt::Trouble(error)) => {
                    failures = failures.saturating_add(1);
                    if let Some(suppressed) = LIMIT.admit(&error) {
                        tracing::warn!(
                            reactor = "mails",
                            error,
                            suppressed,
                            "mails are delayed: {error}"
                        );
                    }
                }
            }
            if rest(stop, self.backoff.bound(failures)).await.is_err() {
                return;
            }
        }
    }

    async fn follow(&self, stop: &CancellationToken, failures: &mut u32) -> Result<(), Halt> {
        let after = Position(self.begin().await?);
        let event_types = CAUSES.map(str::to_owned).to_vec();
        let filter = Filter {
            event_types,
            ..Filter::all()
        };
        let mut causes = self.views.history().subscribe(after, filter);
        loop {
            let cause = tokio::select! {
                () = stop.cancelled() => return Err(Halt::Stopped),
                cause = causes.next() => cause.map_err(trouble)?,
            };
            let Some(cause) = cause else {
                return Ok(());
            };
            self.tell(&cause, stop).await?;
            *failures = 0;
        }
    }

    /// The position up to which events were reported; the head, when none ever was.
    async fn begin(&self) -> Result<u64, Halt> {
        let key = Mailing::JOB_RUNNER;
        let (after, at) = (self.commands.head().0, self.commands.clock().now());
        let begin = MailingCommand::Begin(Begun { after, at });
        let metadata = metadata();
        let begun = self.commands.execute::<Mailing>(key, begin, &metadata);
        begun.await.map_err(trouble)?;
        let mailing = self.commands.load::<Mailing>(key).await.map_err(trouble)?;
        Ok(mailing.state.data().unwrap_or(after))
    }

    /// Sends the mails about one event, if there are any.
    async fn tell(&self, cause: &Recorded, stop: &CancellationToken) -> Result<(), Halt> {
        let Ok((event, _)) = decode(cause) else {
            tracing::error!(position = %cause.position, "the event at position {} cannot be decoded; no mail is sent for it", cause.position);
            return Ok(());
        };
        let Some(about) = about(&event, cause) else {
            return Ok(());
        };
        let age = self
            .commands
            .clock()
            .now()
            .duration_since(cause.recorded_at);
        if age > self.config.age_max {
            self.stats.left_out.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let within = self.config.views_within;
        // Events of the same append belong to the cause and come after it: that a run is retried.
        let position = self.commands.head().max(cause.position);
        let reached = self.views.wait_for::<(RosterView, Runs)>(position, within);
        reached.await.map_err(trouble)?;
        let mail = self.gather(about, &event).await.map_err(Halt::Trouble)?;
        let Some(mail) = mail.filter(|mail| !mail.recipients.is_empty()) else {
            self.stats.left_out.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        self.send(cause, about, &mail, stop).await
    }

    async fn send(
        &self,
        cause: &Recorded,
        about: About,
        mail: &Mail,
        stop: &CancellationToken,
    ) -> Result<(), Halt> {
        let mut attempt = 1;
        let note = loop {
            let sent = tokio::select! {
                // It may be sent all the same, and is then sent again: at least once.
                () = stop.cancelled() => return Err(Halt::Stopped),
                sent = self.post.send(mail, cause.id) => sent,
            };
            let at = self.commands.clock().now();
            let cause = cause.position.0;
            match sent {
                Ok(recipients) => {
                    self.config.faults.reached("mail_sent").await;
                    break MailingCommand::NoteSent(Sent {
                        cause,
                        about,
                        recipients,
                        attempt,
                        at,
                    });
                }
                Err(refused) if refused.for_good || attempt >= self.config.attempts_max => {
                    let error = refused.reason;
                    tracing::warn!(
                        reactor = "mails",
                        cause,
                        error,
                        "the mail about event {cause} is not sent: {error}"
                    );
                    break MailingCommand::Abandon(Abandoned {
                        cause,
                        about,
                        attempts: attempt,
                        error,
                        at,
                    });
                }
                Err(refused) => {
                    let error = refused.reason;
                    if let Some(suppressed) = LIMIT.admit(&error) {
                        tracing::warn!(
                            reactor = "mails",
                            cause,
                            attempt,
                            error,
                            suppressed,
                            "the mail about event {cause} is delayed: {error}"
                        );
                    }
                    self.stats.retried.fetch_add(1, Ordering::Relaxed);
                    let wait = self.backoff.bound(attempt);
                    rest(stop, wait).await.map_err(|Stopped| Halt::Stopped)?;
                    attempt += 1;
                }
            }
        };
        let counter = match note {
            MailingCommand::Abandon(_) => &self.stats.abandoned,
            _ => &self.stats.sent,
        };
        self.note(note).await.map_err(trouble)?;
        counter.fetch_add(1, Ordering::Relaxed);
        self.config.faults.reached("mail_noted").await;
        Ok(())
    }

    async fn note(&self, note: MailingCommand) -> Result<(), CommandError<MailingRejection>> {
        let (key, metadata) = (Mailing::JOB_RUNNER, metadata());
        let noted = self.commands.execute::<Mailing>(key, note, &metadata);
        noted.await.map(drop)
    }
}

/// The subject of the mail about an event, if there is one.
fn about(event: &Event, recorded: &Recorded) -> Option<About> {
    let key = recorded.stream.key();
    let run = || key.parse().ok();
    match event {
        Event::Jobs(JobsEvent::Run(RunEvent::NotFollowed(_))) => {
            Some(About::NotFollowed { run: run()? })
        }
        Event::Jobs(JobsEvent::Run(event)) if event.outcome() == Some(Some(false)) => {
            Some(About::RunFailed { run: run()? })
        }
        Event::Jobs(JobsEvent::WorkerPool(
            WorkerPoolEvent::FellSilent(_) | WorkerPoolEvent::StayedSilent(_),
        )) => {
            let worker_pool = key.strip_prefix("silence:")?.parse().ok()?;
            Some(About::PoolSilent { worker_pool })
        }
        _ => None,
    }
}

fn trouble(error: impl std::fmt::Display) -> Halt {
    Halt::Trouble(error.to_string())
}

fn metadata() -> Metadata {
    Metadata {
        actor: Some(Actor::system("mails")),
        dialect: Some("reactor".to_owned()),
        ..Metadata::default()
    }
}
