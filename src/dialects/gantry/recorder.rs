//! Counts what was answered to "how much does this build need?", and keeps as much of it as an
//! operator wants, without delaying answers.
//!
//! Which answers are kept is decided by the spec, not by chance: of a spec either every answer is
//! kept or none, for a build would otherwise be joined with an older answer than it had.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use allocation::Spec;
use commands::{CommandError, Commands, LogLimit};
use domain::builds::allocation::{Answered as AnsweredEvent, Answers, AnswersCommand};
use domain::{Actor, Metadata};
use jiff::Timestamp;
use parking_lot::Mutex;
use projections::allocation::Answered;
use projections::{Allocation, Views};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use crate::answers::{AnswerCount, AnswerCounts};

/// How many answers may wait to be written. More are not kept: an answer matters more than the note
/// about it.
const WAITING_MAX: usize = 8192;

/// How many are written at once.
const BATCH_MAX: usize = 256;

/// How long the end of the app waits for those that wait.
const FINISH_WITHIN: Duration = Duration::from_secs(5);

/// The longest package name in the name of its stream, in bytes.
const KEY_BYTES_MAX: usize = 200;

/// The longest reason that is kept, in characters.
const LEVEL_CHARS_MAX: usize = 300;

/// What is kept of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Recording {
    /// Of which share of all specs the answers are kept, from 0 (none) to 1.
    pub ratio: f64,
    /// Whether answers carry limits, so that the limit is what a build is killed at.
    pub limits: bool,
}

/// Counts and keeps answers.
pub struct Recorder {
    recording: Recording,
    counts: AnswerCounts,
    waiting: Mutex<Option<Sender<Kept>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: AtomicU64,
}

struct Kept {
    spec: Spec,
    answered: Answered,
    at: Timestamp,
}

impl Recorder {
    /// A recorder that writes in the background, if anything is to be kept.
    pub(crate) fn start(recording: Recording, commands: &Commands, views: &Views) -> Self {
        let (mut waiting, mut writer) = (None, None);
        if recording.ratio > 0.0 {
            let (sender, receiver) = mpsc::channel(WAITING_MAX);
            waiting = Some(sender);
            let (commands, views) = (commands.clone(), views.clone());
            writer = Some(tokio::spawn(write(receiver, recording, commands, views)));
        }
        Self {
            recording,
            counts: AnswerCounts::default(),
            waiting: Mutex::new(waiting),
            writer: Mutex::new(writer),
            lost: AtomicU64::new(0),
        }
    }

    /// Counts an answer before it is returned, and queues it if answers about this spec are
    /// recorded. Never waits, and reads the clock only then.
    pub fn keep(&self, spec: &Spec, answered: &Answered, now: impl FnOnce() -> Timestamp) {
        self.counts.count(answered);
        if !self.wants(spec) {
            return;
        }
        let kept = Kept {
            spec: spec.clone(),
            answered: answered.clone(),
            at: now(),
        };
        let waiting = self.waiting.lock();
        if waiting
            .as_ref()
            .is_some_and(|it| it.try_send(kept).is_err())
        {
            let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
            if lost.is_power_of_two() {
                tracing::warn!(
                    lost,
                    "{lost} answers were not recorded: the log is too slow for them"
                );
            }
        }
    }

    /// How many answers there were, by strategy and by how much they rest on.
    #[must_use]
    pub fn counts(&self) -> Vec<AnswerCount> {
        self.counts.read()
    }

    /// How many answers should have been kept and were not.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes what waits, and keeps nothing more.
    pub async fn finish(&self) {
        *self.waiting.lock() = None;
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            && tokio::time::timeout(FINISH_WITHIN, writer).await.is_err()
        {
            tracing::warn!("some answers were not recorded before the end");
        }
    }

    fn wants(&self, spec: &Spec) -> bool {
        let ratio = self.recording.ratio;
        if ratio <= 0.0 || ratio >= 1.0 {
            return ratio >= 1.0;
        }
        let mut hasher = DefaultHasher::new();
        spec.to_string().hash(&mut hasher);
        (hasher.finish() as f64) < ratio * u64::MAX as f64
    }
}

async fn write(
    mut waiting: Receiver<Kept>,
    recording: Recording,
    commands: Commands,
    views: Views,
) {
    let metadata = Metadata {
        actor: Some(Actor::system("recorder")),
        ..Metadata::default()
    };
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let notes: Vec<(String, AnsweredEvent)> = batch
            .drain(..)
            .flat_map(|kept| notes(&kept, recording, &views))
            .collect();
        let notes = &notes;
        let written = commands.transact(&metadata, |unit| async move {
            for (key, reply) in notes {
                let command = AnswersCommand::Record(reply.clone());
                unit.execute::<Answers>(key, command).await?;
            }
            Ok::<_, CommandError<_>>(())
        });
        if let Err(error) = written.await {
            static LOG: LogLimit = LogLimit::new();
            let lost = notes.len();
            if let Some(suppressed) = LOG.admit(&error.to_string()) {
                tracing::warn!(%error, lost, suppressed, "{lost} answers were not recorded: {error}");
            }
        }
    }
}

/// The answer, and that of the shadow strategy.
fn notes(kept: &Kept, recording: Recording, views: &Views) -> Vec<(String, AnsweredEvent)> {
    let Kept { spec, answered, at } = kept;
    let reply = |answered: &Answered, shadow| AnsweredEvent {
        spec: spec.to_string(),
        strategy: answered.strategy.as_str().to_owned(),
        model: answered.model.clone(),
        shadow,
        cpu_request: answered.answer.cpu.cores(),
        memory_request: answered.answer.memory.bytes(),
        memory_limit: answered
            .answer
            .memory_limit
            .filter(|_| recording.limits)
            .map(allocation::Megabytes::bytes),
        level: answered
            .answer
            .reason
            .to_string()
            .chars()
            .take(LEVEL_CHARS_MAX)
            .collect(),
        learnt_to: answered.learnt_to.0,
        at: *at,
    };
    // A view that was not up to date gave no answer, and is not compared with.
    let shadow = views.of::<Allocation>().ok();
    let shadow = shadow.and_then(|view| view.shadow(spec, None));
    let mut notes = vec![(key(&spec.name), reply(answered, false))];
    notes.extend(shadow.map(|shadow| (key(&spec.name), reply(&shadow, true))));
    notes
}

/// The key of a package's stream. What no package is called is kept apart from it: `:` belongs to
/// the app.
fn key(package: &str) -> String {
    if package.len() > KEY_BYTES_MAX {
        return format!("long:{}", people::secret::token_hash(package));
    }
    package.replace(':', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(number: usize) -> Spec {
        format!("p{number}@1 +x arch=x86_64%gcc@12")
            .parse()
            .unwrap()
    }

    fn recorder(ratio: f64) -> Recorder {
        Recorder {
            recording: Recording {
                ratio,
                limits: false,
            },
            counts: AnswerCounts::default(),
            waiting: Mutex::new(None),
            writer: Mutex::new(None),
            lost: AtomicU64::new(0),
        }
    }

    #[test]
    fn of_a_spec_all_answers_are_kept_or_none_and_of_all_specs_the_wanted_share() {
        let tenth = recorder(0.1);
        let wanted: Vec<bool> = (0..2000).map(|it| tenth.wants(&spec(it))).collect();
        let again: Vec<bool> = (0..2000).map(|it| tenth.wants(&spec(it))).collect();
        assert_eq!(wanted, again);
        let share = wanted.iter().filter(|it| **it).count();
        assert!((140..260).contains(&share), "{share} of 2000");
        assert!((0..50).all(|it| recorder(1.0).wants(&spec(it))));
        assert!(!(0..50).any(|it| recorder(0.0).wants(&spec(it))));
    }

    #[test]
    fn no_package_writes_into_the_registry_of_models_or_is_too_long_for_a_stream() {
        for package in ["model:registry", "a:b", &"x".repeat(8000), "emacs", "包"] {
            let key = key(package);
            assert_ne!(key, domain::builds::allocation::Models::KEY);
            assert!(
                eventlog::StreamName::new("allocation", &key).is_ok(),
                "{key}"
            );
        }
        assert_eq!(key("emacs"), "emacs");
    }
}
