use proptest::prelude::*;

use super::*;
use crate::testing::given;
use crate::testing::laws;
use crate::testing::stories::{at, model_trained, models_command, story};
use ModelsCommand as C;
use ModelsRejection as R;

proptest! {
    #[test]
    fn the_history_of_models_equals_its_decisions(story in story(models_command())) {
        laws::history_tells_the_same_as_the_decisions::<Models>(story);
    }

    /// A rollback is said to mean "once more", so it is left out.
    #[test]
    fn training_and_promoting_twice_adds_nothing(story in story(models_command())) {
        let story = story.into_iter().filter(|it| !matches!(it, C::RollBack { .. })).collect();
        laws::saying_twice_adds_nothing::<Models>(story);
    }
}

#[test]
fn only_a_model_that_was_trained_is_promoted() {
    given::<Models>([])
        .when(promote("a"))
        .then_refuses(R::Unknown("a".to_owned()));
    given::<Models>([trained("a")])
        .when(promote("a"))
        .then([promoted("a", None)]);
    given::<Models>([trained("a"), promoted("a", None)])
        .when(promote("a"))
        .then([]);
}

#[test]
fn a_rollback_goes_back_one_promotion_at_a_time_to_the_configured_strategy() {
    let story = [
        trained("a"),
        trained("b"),
        promoted("a", None),
        promoted("b", Some("a")),
    ];
    let back = C::RollBack { at: at(3) };
    given::<Models>(story.clone())
        .when(back.clone())
        .then([rolled_back("b", Some("a"))]);
    let once = story.into_iter().chain([rolled_back("b", Some("a"))]);
    let once: Vec<_> = once.collect();
    given::<Models>(once.clone())
        .when(back.clone())
        .then([rolled_back("a", None)]);
    given::<Models>(once.into_iter().chain([rolled_back("a", None)]))
        .when(back)
        .then_refuses(R::NothingPromoted);
}

#[test]
fn an_evaluation_that_could_not_be_read_again_is_refused() {
    let mut data = model_trained("a");
    data.incumbent.wasted_gb_hours = f64::NAN;
    given::<Models>([])
        .when(C::Register(Box::new(data)))
        .then_refuses(R::NotFinite {
            field: "wasted_gb_hours",
        });
}

fn promote(model: &str) -> ModelsCommand {
    C::Promote {
        model: model.to_owned(),
        at: at(3),
    }
}

fn trained(model: &str) -> AllocationEvent {
    AllocationEvent::ModelTrained(model_trained(model))
}

fn promoted(model: &str, instead_of: Option<&str>) -> AllocationEvent {
    AllocationEvent::ModelPromoted(ModelPromoted {
        model: model.to_owned(),
        instead_of: instead_of.map(str::to_owned),
        at: at(3),
    })
}

fn rolled_back(model: &str, back_to: Option<&str>) -> AllocationEvent {
    AllocationEvent::ModelRolledBack(ModelRolledBack {
        model: model.to_owned(),
        back_to: back_to.map(str::to_owned),
        at: at(3),
    })
}
