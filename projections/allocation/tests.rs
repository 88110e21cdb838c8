use std::ops::ControlFlow;
use std::sync::Arc;

use allocation::evaluation::Score;
use allocation::{Model, Spec, Training, Variants};
use domain::Verbatim;
use domain::builds::allocation::{
    AllocationEvent, ModelEvaluation, ModelPromoted, ModelRolledBack, ModelTrained,
};
use domain::builds::build::{BuildEvent, UsageRecorded};
use eventlog::{EventLog, Position};
use proptest::prelude::*;
use proptest::strategy::Strategy;

use super::*;
use crate::testing::{
    App, any_story, at, block_on, config, killed, memory_log, model, tell_all, usage,
};
use crate::{Allocation, conformance};

fn spec(package: &str) -> Spec {
    format!("{package}@1.0 +shared arch=linux-ubuntu22.04-x86_64_v3%gcc@12.3.0")
        .parse()
        .unwrap()
}

#[tokio::test]
async fn an_answer_rests_on_what_was_recorded_before_it() {
    let app = App::new();
    let before = app
        .views
        .of::<Allocation>()
        .unwrap()
        .answer(&spec("zlib"), None, None);
    assert_eq!((before.learnt, before.answer.memory.0), (0, 2000));
    let mut last = app.log_head();
    for number in 1..=5 {
        let mut used = usage(number, "zlib");
        (used.memory.mean, used.memory.max) = (3e9, 4e9);
        last = app
            .tell_of_build(number, BuildEvent::UsageRecorded(used))
            .await;
    }
    let after = app
        .views
        .of::<Allocation>()
        .unwrap()
        .answer(&spec("zlib"), None, None);
    assert_eq!(
        (after.learnt, after.answer.memory.0, after.learnt_to),
        (5, 3000, last)
    );
}

/// A kill raises what the next build of that spec is given. One in an imported history was answered by the service that
/// it comes from, whose answers stay what they were.
#[tokio::test]
async fn a_kill_raises_the_answer_of_gantry_unless_it_was_imported() {
    for (evidence, megabytes) in [("exit_code", 8000), ("import:gantry", 1000)] {
        let app = App::new();
        for number in [5, 10, 15, 20, 25, 30] {
            let mut used = usage(number, "llvm");
            used.memory.mean = 1e9;
            app.tell_of_build(number, BuildEvent::UsageRecorded(used))
                .await;
        }
        let mut killed = killed(35, 1);
        killed.evidence = evidence.to_owned();
        app.tell_of_build(35, BuildEvent::OutOfMemory(killed)).await;
        let answered = app
            .views
            .of::<Allocation>()
            .unwrap()
            .answer(&spec("llvm"), None, None);
        assert_eq!(answered.answer.memory.0, megabytes, "{evidence}");
    }
}

#[tokio::test]
async fn builds_of_other_refs_teach_nothing() {
    let app = App::new();
    for number in 1..=5 {
        let mut used = usage(number, "zlib");
        used.git_ref = "pr1".to_owned();
        app.tell_of_build(number, BuildEvent::UsageRecorded(used))
            .await;
    }
    assert_eq!(app.views.of::<Allocation>().unwrap().learnt(), 0);
}

#[tokio::test]
async fn both_strategies_learn_and_the_one_that_is_named_answers() {
    let app = App::new();
    tell_builds(&app, 1..=6).await;
    let view = app.views.of::<Allocation>().unwrap();
    let ask = |strategy| view.answer(&spec("zlib"), strategy, None);
    let [default, gantry, ladder] =
        [None, Some(StrategyName::Gantry), Some(StrategyName::Ladder)].map(ask);
    assert_eq!(default, gantry);
    assert_eq!(ladder.strategy, StrategyName::Ladder);
    assert_eq!((ladder.learnt, gantry.learnt), (6, 6));
    assert!(ladder.answer.reason.as_ladder().is_some());
}

#[tokio::test]
async fn a_promoted_model_answers_and_goes_on_learning_until_it_is_rolled_back() {
    let app = App::new();
    tell_builds(&app, 1..=6).await;
    let view = app.views.of::<Allocation>().unwrap();
    let before = view.answer(&spec("zlib"), None, None);
    let first = trained(&app, "first", "policy", "safe").await;
    assert_eq!(view.answer(&spec("zlib"), None, None), before);
    promote(&app, &first).await;
    let answered = view.answer(&spec("zlib"), None, None);
    assert_eq!(
        (
            answered.strategy,
            answered.model.as_deref(),
            answered.learnt
        ),
        (StrategyName::Ladder, Some("first"), 6)
    );
    tell_builds(&app, 7..=9).await;
    assert_eq!(view.answer(&spec("zlib"), None, None).learnt, 9);
    // Another one, at hand or not, has learnt the same builds.
    let second = trained(&app, "second", "policy", "lean").await;
    promote(&app, &second).await;
    let answered = view.answer(&spec("zlib"), None, None);
    assert_eq!(
        (answered.model.as_deref(), answered.learnt),
        (Some("second"), 9)
    );
    for (back_to, learnt) in [(Some("first"), 9), (None, 9)] {
        roll_back(&app).await;
        let answered = view.answer(&spec("zlib"), None, None);
        assert_eq!(
            (answered.model.as_deref(), answered.learnt),
            (back_to, learnt)
        );
    }
    assert_eq!(
        view.answer(&spec("zlib"), None, None).strategy,
        before.strategy
    );
}

#[tokio::test]
async fn a_model_that_was_never_trained_cannot_answer() {
    let app = App::new();
    promote(&app, "unknown").await;
    assert_eq!(
        app.views
            .of::<Allocation>()
            .unwrap()
            .answer(&spec("zlib"), None, None)
            .model,
        None
    );
    roll_back(&app).await;
}

#[tokio::test]
async fn the_same_log_and_parameters_train_the_same_model_and_the_end_of_history_is_asked() {
    let app = App::new();
    tell_builds(&app, 1..=50).await;
    let first = train_on(&app, ladder()).await.unwrap();
    let second = train_on(&app, ladder()).await.unwrap();
    assert_eq!(first.model.digest(), second.model.digest());
    assert_eq!((first.model.learnt(), first.evaluation.jobs), (50, 10));
    assert_eq!(first.evaluation, first.incumbent);
    let mut later = ladder();
    later.after = 25;
    let later = train_on(&app, later).await.unwrap();
    assert_ne!(later.model.digest(), first.model.digest());
    assert_eq!((later.model.learnt(), later.evaluation.jobs), (25, 5));
}

#[tokio::test]
async fn training_on_nothing_comes_to_nothing_and_can_be_given_up() {
    let app = App::new();
    let nothing = train_on(&app, ladder()).await.unwrap();
    assert_eq!(
        (nothing.model.learnt(), nothing.evaluation),
        (0, Score::default())
    );
    tell_builds(&app, 1..=3).await;
    let log = &*app.log;
    let give_up = &mut |_| ControlFlow::Break(());
    let given_up = train(log, ladder(), ladder(), log.head(), give_up);
    assert!(given_up.await.unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Where a model comes from does not matter: from the log at once, or up to any place and then build by build.
    #[test]
    fn a_model_made_up_to_somewhere_and_its_tail_are_the_model_of_the_whole_log(
        story in any_story(),
        cut in any::<prop::sample::Index>(),
        number in 0..3_i64,
    ) {
        block_on(async {
            let log = memory_log();
            tell_all(&log, story).await;
            let parameters = model(number).parameters;
            let training: Training = serde_json::from_str(parameters.as_str()).unwrap();
            let mut whole = Model::new(training.clone());
            catch_up(&log, &mut whole, log.head()).await.unwrap();
            let mut resumed = Model::new(training.clone());
            let cut = Position(cut.index(log.head().0 as usize + 1) as u64);
            catch_up(&log, &mut resumed, cut).await.unwrap();
            let progress = resumed.progress();
            let mut resumed = Model::restore(training, progress, &resumed.snapshot()).unwrap();
            catch_up(&log, &mut resumed, log.head()).await.unwrap();
            prop_assert_eq!(resumed.digest(), whole.digest());
            prop_assert_eq!(resumed.progress().learnt_to, whole.progress().learnt_to);
            Ok(())
        })?;
    }
}

/// One row per way in which a record can be absurd. None of them moves an answer, and all are counted.
#[tokio::test]
async fn what_no_build_can_have_used_is_counted_and_teaches_nothing() {
    type Change = fn(&mut UsageRecorded);
    let absurd: [(&str, Change); 9] = [
        ("a peak of nothing", |it| it.memory.max = 0.0),
        ("less than nothing", |it| it.memory.mean = -1.0),
        ("more than any machine has", |it| it.memory.max = 1e18),
        ("no cores", |it| it.cpu.mean = 0.0),
        ("a million cores", |it| it.cpu.max = 1e6),
        ("no time", |it| it.finished_at = it.started_at),
        ("a clock that went back", |it| {
            it.finished_at = at(-1_000_000);
        }),
        ("no name", |it| it.spec.name.clear()),
        ("a text without end", |it| it.spec.arch = "x".repeat(70_000)),
    ];
    let app = App::new();
    tell_builds(&app, 1..=6).await;
    let view = app.views.of::<Allocation>().unwrap();
    let strategies = StrategyName::ALL.map(Some);
    let before = strategies.map(|it| view.answer(&spec("zlib"), it, None).answer);
    for ((_, change), number) in absurd.iter().zip(100..) {
        let mut used = usage(number, "zlib");
        change(&mut used);
        let event = BuildEvent::UsageRecorded(used);
        app.tell_of_build(number, event).await;
    }
    let after = strategies.map(|it| view.answer(&spec("zlib"), it, None).answer);
    assert_eq!(after, before);
    let flawed: Vec<u64> = view.models().iter().map(|model| model.flawed).collect();
    assert_eq!(
        flawed,
        [absurd.len() as u64; 2],
        "{:?}",
        absurd.map(|(why, _)| why)
    );
}

#[tokio::test]
async fn a_package_of_any_script_with_five_hundred_variants_is_learnt_and_found_again() {
    let app = App::new();
    let variants: String = (0..500)
        .map(|it| format!("+вариант{it} к{it}=值,{it} "))
        .collect();
    for number in 1..=6 {
        let mut used = usage(number, "пакет-包");
        used.spec.variants = domain::builds::build::variants_to_json(&variants);
        used.spec.version = "1".to_owned();
        let event = BuildEvent::UsageRecorded(used);
        app.tell_of_build(number, event).await;
    }
    let asked = Spec {
        name: "пакет-包".to_owned(),
        version: "1".to_owned(),
        variants: Variants::parse(&variants),
        ..spec("zlib")
    };
    let answered =
        app.views
            .of::<Allocation>()
            .unwrap()
            .answer(&asked, Some(StrategyName::Gantry), None);
    let reason = answered.answer.reason.as_gantry().unwrap().clone();
    assert_eq!(reason.matched.unwrap().level, 1, "{reason}");
}

/// Texts as pods are annotated, with everything that makes variants hard to read.
fn variants_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "+", "~", "=", ",", " ", "\t", "\n", "\u{b}", "\u{c}", "\"", "\\", "'", "{", "}", ":", "+mpi", "~cuda",
            "a=b", "k=v,w", "é", "包", "\u{1f600}", "\u{7f}", "\u{85}", "\u{a0}", "\u{0}",
        ]).prop_map(str::to_owned),
        1 => "[a-z0-9_]{1,4}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// One is written into events, the other used in requests: if they differed, no build would be
    /// found again.
    #[test]
    fn variants_are_read_alike_where_they_are_recorded_and_where_they_are_asked(text in variants_text()) {
        let asked = Variants::parse(&text);
        let recorded = domain::builds::build::variants_to_json(&text);
        prop_assert_eq!(&recorded, &asked.to_json());
        let read: Variants = serde_json::from_str(&recorded).unwrap();
        prop_assert_eq!(read, asked);
    }
}

#[test]
fn five_hundred_variants_are_read_alike_as_well() {
    let text: String = (0..500).map(|it| format!("+v{it} k{it}=é,{it} ")).collect();
    let recorded = domain::builds::build::variants_to_json(&text);
    assert_eq!(recorded, Variants::parse(&text).to_json());
}

/// A model that leaves out earlier builds is the same, whatever page its promotion is in.
#[tokio::test]
async fn a_model_of_later_builds_is_the_same_wherever_a_page_ends() {
    let app = App::new();
    let used = BuildEvent::UsageRecorded(usage(1, "zlib"));
    app.tell_of_build(1, used).await;
    let data = model(1);
    let promoted = ModelPromoted {
        model: data.model.clone(),
        instead_of: None,
        at: at(1),
    };
    for event in [
        AllocationEvent::ModelTrained(data),
        AllocationEvent::ModelPromoted(promoted),
    ] {
        app.tell("allocation-model:registry", event).await;
    }
    let log: Arc<dyn EventLog> = app.log.clone();
    conformance::check(&log, &app.views, config());
}

fn ladder() -> Training {
    AllocationSettings::default().training(StrategyName::Ladder)
}

async fn tell_builds(app: &App, numbers: std::ops::RangeInclusive<i64>) {
    for number in numbers {
        let event = BuildEvent::UsageRecorded(usage(number, "zlib"));
        app.tell_of_build(number, event).await;
    }
}

async fn train_on(app: &App, training: Training) -> Option<Trained> {
    let log = &*app.log;
    let go_on = &mut |_| ControlFlow::Continue(());
    let trained = train(log, training.clone(), training, log.head(), go_on);
    trained.await.unwrap()
}

/// Trains a model with one setting, and registers it under a name of the test's own.
async fn trained(app: &App, id: &str, name: &str, value: &str) -> String {
    let mut training = ladder();
    training.set(name, value).unwrap();
    let parameters = serde_json::to_string(&training).unwrap();
    let trained = train_on(app, training).await.unwrap();
    let event = AllocationEvent::ModelTrained(ModelTrained {
        model: id.to_owned(),
        strategy: "ladder".to_owned(),
        parameters: Verbatim::parse(parameters).unwrap(),
        position: trained.position.0,
        learnt: trained.model.learnt(),
        flawed: 0,
        digest: trained.model.digest(),
        evaluation: ModelEvaluation::default(),
        incumbent: ModelEvaluation::default(),
        at: at(1),
    });
    app.tell("allocation-model:registry", event).await;
    id.to_owned()
}

async fn promote(app: &App, id: &str) {
    let event = AllocationEvent::ModelPromoted(ModelPromoted {
        model: id.to_owned(),
        instead_of: None,
        at: at(1),
    });
    app.tell("allocation-model:registry", event).await;
}

async fn roll_back(app: &App) {
    let event = AllocationEvent::ModelRolledBack(ModelRolledBack {
        model: String::new(),
        back_to: None,
        at: at(1),
    });
    app.tell("allocation-model:registry", event).await;
}

/// A pod's annotation and a generator's request have the same syntax, and must mean the same.
#[test]
fn an_annotation_and_a_question_read_variants_alike() {
    for text in [
        "+json~x k=v l=a,b",
        "languages:='c,c++,fortran' +x",
        "build_system:=cmake n:=\"c d\"~y",
        "k=\"quoted\" k='c++' z::=1",
        "k:='open +x",
        "k:='closed'too +x",
        "=v :='v' + ~ junk",
    ] {
        let asked = ::allocation::Variants::parse(text).to_json();
        assert_eq!(
            domain::builds::build::variants_to_json(text),
            asked,
            "{text}"
        );
    }
}
