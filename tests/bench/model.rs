//! The ladder alone, in this process: answers, learning, state.

use std::path::Path;
use std::time::{Duration, Instant};

use allocation::{Model, StrategySettings, Training, UsageSample};
use domain::Event;
use domain::builds::build::BuildEvent;
use eventlog::Position;
use projections::allocation::sample_of;
use tallyman::bench::{self, line, resident, usage_history};

/// Measures the ladder on a history in a file, or on the sample.
pub(crate) fn run(data: Option<&Path>, builds: u64) -> anyhow::Result<()> {
    let history = match data {
        Some(path) => usage_history(path)?,
        None => made_up(builds),
    };
    // First, so that nothing that was let go is used again.
    let before = resident(std::process::id());
    let model = replayed(&history).model;
    let after = resident(std::process::id());
    let measured = replayed(&history);
    line(
        &format!("ladder, {} builds asked about and learnt", history.len()),
        &format!("{:.2} s", measured.took.as_secs_f64()),
        "at most 5 s is wanted for 30 000",
    );
    let [asked_p50, asked_p99] = percentiles(measured.asked);
    line(
        "  answer, memory and CPU, p50 / p99",
        &format!("{asked_p50:.0?} / {asked_p99:.0?}"),
        "p99 of at most 200 µs is wanted",
    );
    let [learnt_p50, learnt_p99] = percentiles(measured.learnt);
    line(
        "  learning one build, p50 / p99",
        &format!("{learnt_p50:.0?} / {learnt_p99:.0?}"),
        "",
    );
    if let (Some(before), Some(after)) = (before, after) {
        let bytes = after.saturating_sub(before);
        line(
            "  state in memory",
            &format!("{:.1} MB", bytes as f64 / 1e6),
            "at most 32 MB is wanted for 30 000",
        );
    }
    let (one, other) = (model.snapshot(), measured.model.snapshot());
    let same = if one == other {
        "the same"
    } else {
        "NOT the same"
    };
    line(
        "  snapshot, replayed twice",
        &format!("{:.1} MB, {same}", one.len() as f64 / 1e6),
        "the same bytes are wanted",
    );
    Ok(())
}

struct Replayed {
    model: Model,
    asked: Vec<Duration>,
    learnt: Vec<Duration>,
    took: Duration,
}

/// Requests an answer for every build and then learns it.
fn replayed(history: &[UsageSample]) -> Replayed {
    let mut training = StrategySettings::named("ladder")
        .map(Training::on_everything)
        .expect("there is a ladder");
    training
        .limit("ref", ["*".to_owned()])
        .expect("every ref is a limit that is known");
    let mut model = Model::new(training);
    let (mut asked, mut learnt) = (Vec::new(), Vec::new());
    let began = Instant::now();
    for sample in history {
        let before = Instant::now();
        std::hint::black_box(model.answer(&sample.spec, sample.build_jobs));
        let between = Instant::now();
        model.learn(sample);
        asked.push(between - before);
        learnt.push(between.elapsed());
    }
    Replayed {
        model,
        asked,
        learnt,
        took: began.elapsed(),
    }
}

fn percentiles(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    [0.5, 0.99].map(|share| {
        let last = times.len().saturating_sub(1);
        let at = (last as f64 * share) as usize;
        times.get(at).copied().unwrap_or_default()
    })
}

fn made_up(builds: u64) -> Vec<UsageSample> {
    let usages = bench::builds(7, builds).map(|build| build.usage);
    let reply = usages.map(|usage| Event::from(BuildEvent::UsageRecorded(usage)));
    (1..)
        .zip(reply)
        .filter_map(|(position, event)| sample_of(Position(position), &event))
        .collect()
}
