use allocation::Spec;
use domain::build::BuildEvent;

use crate::testing::{House, usage};

fn spec(package: &str) -> Spec {
    format!("{package}@1.0 +shared arch=linux-ubuntu22.04-x86_64_v3%gcc@12.3.0")
        .parse()
        .unwrap()
}

#[tokio::test]
async fn an_answer_rests_on_what_was_recorded_before_it() {
    let house = House::new();
    let before = house.views.allocation().answer(&spec("zlib"), None, None);
    assert_eq!((before.learnt, before.answer.memory.0), (0, 2000));
    let mut last = house.log_head();
    for number in 1..=5 {
        let mut used = usage(number, "zlib");
        (used.memory.mean, used.memory.max) = (3e9, 4e9);
        last = house
            .tell_of_build(number, BuildEvent::UsageRecorded(used))
            .await;
    }
    let after = house.views.allocation().answer(&spec("zlib"), None, None);
    assert_eq!(
        (after.learnt, after.answer.memory.0, after.learnt_to),
        (5, 3000, last)
    );
}

#[tokio::test]
async fn builds_of_other_refs_teach_nothing() {
    let house = House::new();
    for number in 1..=5 {
        let mut used = usage(number, "zlib");
        used.git_ref = "pr1".to_owned();
        house
            .tell_of_build(number, BuildEvent::UsageRecorded(used))
            .await;
    }
    assert_eq!(house.views.allocation().learnt(), 0);
}
