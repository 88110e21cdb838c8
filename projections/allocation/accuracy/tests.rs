use super::*;
use crate::Accuracy;
use crate::testing::{App, at, killed, usage};

const SPEC: &str = "zlib@1.1 +shared arch=linux-ubuntu22.04-x86_64_v3%gcc@12.3.0";

/// The build numbered 1 is of this spec, starts at 13 seconds, runs for 5, and has a peak of 3 GB of memory.
fn build() -> BuildEvent {
    BuildEvent::UsageRecorded(usage(1, "zlib"))
}

fn answered(second: i64, memory: f64) -> Answered {
    Answered {
        spec: SPEC.to_owned(),
        strategy: "gantry".to_owned(),
        model: None,
        shadow: false,
        cpu_request: 2.0,
        memory_request: memory,
        memory_limit: None,
        level: "exact".to_owned(),
        learnt_to: 0,
        at: at(second),
    }
}

fn page(view: &Accuracy, of: Of<'_>, limit: usize) -> Listing<AccuracyRow> {
    view.list(of, &Cursor::start(), limit, |_| true).unwrap()
}

async fn data(answers: &[Answered], build: BuildEvent) -> Vec<AccuracyRow> {
    let app = App::new();
    for answer in answers {
        let event = AllocationEvent::Answered(answer.clone());
        app.tell("allocation-zlib", event).await;
    }
    app.tell_of_build(1, build).await;
    page(&app.views.of::<Accuracy>().unwrap(), Of::All, 9).rows
}

#[tokio::test]
async fn a_build_had_the_newest_answer_before_it_started() {
    let answers = [answered(1, 12e9), answered(12, 6e9), answered(14, 48e9)];
    let rows = data(&answers, build()).await;
    let [row] = &rows[..] else {
        panic!("{rows:?}");
    };
    let score = row.score.score;
    assert_eq!((score.jobs, score.failed_jobs), (1, 0));
    // Twice the peak was granted.
    assert_eq!(score.waste_per_use(), 1.0);
    assert_eq!(row.score.mean_memory_error(), 1.0);
}

#[tokio::test]
async fn what_was_answered_after_the_start_or_about_something_else_is_not_joined() {
    assert_eq!(data(&[answered(14, 6e9)], build()).await, []);
    let mut other = answered(1, 6e9);
    other.spec = SPEC.replace("1.1", "1.2");
    assert_eq!(data(&[other.clone()], build()).await, []);
    // The same spec, spelled differently.
    other.spec = SPEC.replace("linux-ubuntu22.04-", "");
    assert_eq!(data(&[other], build()).await.len(), 1);
}

#[tokio::test]
async fn too_little_memory_counts_as_a_failure_and_a_limit_counts_before_a_request() {
    let rows = data(&[answered(1, 2e9)], build()).await;
    assert_eq!(rows[0].score.score.failed_jobs, 1);
    let limited = Answered {
        memory_limit: Some(3e9),
        ..answered(1, 2e9)
    };
    let rows = data(&[limited], build()).await;
    assert_eq!(rows[0].score.score.failed_jobs, 0);
    assert_eq!(rows[0].score.score.memory_wasted, 0.0);
}

#[tokio::test]
async fn a_shadow_is_scored_on_the_builds_of_its_answer() {
    let shadow = |second, memory| Answered {
        strategy: "ladder".to_owned(),
        shadow: true,
        ..answered(second, memory)
    };
    let answers = [shadow(1, 9e9), answered(1, 6e9), shadow(2, 48e9)];
    let rows = data(&answers, build()).await;
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.answerer.strategy.as_str(), row.answerer.shadow))
        .collect();
    assert_eq!(found, [("gantry", false), ("ladder", true)]);
    assert_eq!(rows[1].score.score.waste_per_use(), 2.0);
    // A shadow alone was not returned.
    assert_eq!(data(&[shadow(1, 9e9)], build()).await, []);
}

#[tokio::test]
async fn a_build_that_was_killed_is_counted_where_its_answer_was_told() {
    let mut dead = killed(1, 1);
    dead.spec = usage(1, "zlib").spec;
    let shadow = Answered {
        strategy: "ladder".to_owned(),
        shadow: true,
        ..answered(1, 3e9)
    };
    let rows = data(&[answered(1, 2e9), shadow], BuildEvent::OutOfMemory(dead)).await;
    assert_eq!((rows[0].score.killed, rows[0].score.score.jobs), (1, 0));
    assert_eq!(rows[0].score.killed_byte_hours, 4e9 * 5.0 / 3600.0);
    // It was killed at 4 GB, and the shadow would have granted 3.
    assert_eq!(
        (rows[1].score.killed, rows[1].score.score.killed_too),
        (0, 1)
    );
}

#[tokio::test]
async fn every_package_has_its_own_rows_and_all_together_the_total() {
    let app = App::new();
    for (number, package) in [(1, "zlib"), (6, "hdf5")] {
        let spec = SPEC.replace("zlib", package);
        let event = AllocationEvent::Answered(Answered {
            spec,
            ..answered(1, 50e9)
        });
        app.tell(&format!("allocation-{package}"), event).await;
        let build = BuildEvent::UsageRecorded(usage(number, package));
        app.tell_of_build(number, build).await;
    }
    let view = app.views.of::<Accuracy>().unwrap();
    assert_eq!(page(&view, Of::All, 9).rows[0].score.score.jobs, 2);
    assert_eq!(
        page(&view, Of::Package("zlib"), 9).rows[0].score.score.jobs,
        1
    );
    assert_eq!(page(&view, Of::Package("zli"), 9).rows, []);
    let first = page(&view, Of::EveryPackage, 1);
    assert_eq!(first.rows[0].package.as_deref(), Some("hdf5"));
    let rest = view
        .list(Of::EveryPackage, &first.next.unwrap(), 5, |_| true)
        .unwrap();
    assert_eq!(rest.rows[0].package.as_deref(), Some("zlib"));
}

#[tokio::test]
async fn an_answer_of_no_amount_or_no_spec_is_passed_over() {
    for broken in [
        Answered {
            memory_request: 0.0,
            ..answered(1, 0.0)
        },
        Answered {
            cpu_request: -1.0,
            ..answered(1, 6e9)
        },
        Answered {
            spec: "hi".to_owned(),
            ..answered(1, 6e9)
        },
    ] {
        assert_eq!(data(&[broken], build()).await, []);
    }
}
