//! Trains a model on the log, apart from those that answer.

use std::ops::ControlFlow;
use std::sync::Arc;

use ::allocation::evaluation::{Grant, Score};
use ::allocation::{Model, Training, UsageSample};
use eventlog::{EventLog, Position, ReadError};

use super::builds::read_builds;

/// Only builds in the last part of the history are evaluated: by then a model has learnt enough.
const ASKED_SHARE: f64 = 0.2;

/// A model that was trained, and what its answers would have been worth.
#[derive(Debug)]
pub struct Trained {
    pub model: Model,
    /// The log was read up to here.
    pub position: Position,
    /// What its answers would have cost at the end of the history.
    pub evaluation: Score,
    /// What those of the other would have cost, on the same builds.
    pub incumbent: Score,
}

/// Trains a model on the log up to `until`, and another one for comparison. `look` gets the
/// progress, and may end it; then there is no model.
///
/// # Errors
/// When the log cannot be read.
pub async fn train(
    log: &dyn EventLog,
    training: Training,
    incumbent: Training,
    until: Position,
    look: &mut (dyn FnMut(Position) -> ControlFlow<()> + Send),
) -> Result<Option<Trained>, ReadError> {
    let asked_after =
        until.0 - ((until.0.saturating_sub(training.after)) as f64 * ASKED_SHARE) as u64;
    // The other one may have begun earlier.
    let from = Position(training.after.min(incumbent.after));
    let mut candidate = Contender::new(training);
    let mut opponent = Contender::new(incumbent);
    let mut ended = false;
    let mut show = |sample: UsageSample| {
        let counts = candidate.model.training().learns_from(&sample);
        if counts && sample.position > asked_after && sample.check().is_ok() {
            candidate.ask(&sample);
            opponent.ask(&sample);
        }
        candidate.model.learn(&sample);
        opponent.model.learn(&sample);
    };
    let mut look = |position| {
        let flow = look(position);
        ended |= flow.is_break();
        flow
    };
    read_builds(log, from, until, &mut show, &mut look).await?;
    Ok((!ended).then_some(Trained {
        model: candidate.model,
        position: until,
        evaluation: candidate.score,
        incumbent: opponent.score,
    }))
}

/// Lets a model learn the events that it does not know yet, up to `until`.
///
/// # Errors
/// When the log cannot be read.
pub async fn catch_up(
    log: &dyn EventLog,
    model: &mut Model,
    until: Position,
) -> Result<(), ReadError> {
    let after = model.progress().shown_to.max(model.training().after);
    let mut show = |sample| model.learn(&sample);
    read_builds(log, Position(after), until, &mut show, &mut |_| {
        ControlFlow::Continue(())
    })
    .await
}

/// The same for synchronous callers.
pub(super) fn catch_up_now(
    log: &Arc<dyn EventLog>,
    model: &mut Model,
    until: Position,
) -> Result<(), String> {
    // Within a runtime nothing else may be waited for, so this happens on a thread outside of it.
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            let caught_up = runtime.block_on(catch_up(&**log, model, until));
            caught_up.map_err(|error| error.to_string())
        });
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

struct Contender {
    model: Model,
    score: Score,
}

impl Contender {
    fn new(training: Training) -> Self {
        Self {
            model: Model::new(training),
            score: Score::default(),
        }
    }

    fn ask(&mut self, sample: &UsageSample) {
        let answer = self.model.answer(&sample.spec, sample.build_jobs);
        let grant = Grant {
            memory: answer.memory_limit.unwrap_or(answer.memory).bytes(),
            cpu: answer.cpu.cores(),
        };
        self.score.add_build(grant, sample);
    }
}
