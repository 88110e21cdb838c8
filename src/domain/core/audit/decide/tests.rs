use proptest::prelude::*;

use super::*;
use crate::testing::stories::{body_command, body_refused, body_resubmitted, note, story};
use crate::testing::{given, laws};

use AuditCommand as C;
use AuditEvent as E;

#[test]
fn a_body_is_not_refused_twice_for_the_same_errors() {
    let body = given::<Audit>([E::BodyRefused(body_refused("no ref", 1))]);
    body.when(C::RefuseBody(body_refused("no ref", 2)))
        .then_nothing();
    body.when(C::RefuseBody(body_refused("no stage", 2)))
        .then([E::BodyRefused(body_refused("no stage", 2))]);
}

/// Otherwise the second refusal would not be recorded.
#[test]
fn a_body_that_was_accepted_meanwhile_may_be_refused_again() {
    let refused = E::BodyRefused(body_refused("no ref", 1));
    let resubmitted = |accepted| E::BodyResubmitted(body_resubmitted(accepted, 2));
    given::<Audit>([refused.clone(), resubmitted(true)])
        .when(C::RefuseBody(body_refused("no ref", 3)))
        .then([E::BodyRefused(body_refused("no ref", 3))]);
    given::<Audit>([refused, resubmitted(false)])
        .when(C::RefuseBody(body_refused("no ref", 3)))
        .then_nothing();
}

#[test]
fn a_refused_body_may_be_resubmitted() {
    let body = given::<Audit>([E::BodyRefused(body_refused("no ref", 1))]);
    let again = body_resubmitted(true, 2);
    body.when(C::ResubmitBody(again.clone()))
        .then([E::BodyResubmitted(again)]);
}

#[test]
fn a_body_that_was_never_refused_is_not_resubmitted() {
    given::<Audit>([])
        .when(C::ResubmitBody(body_resubmitted(true, 1)))
        .then_refuses(AuditRejection::UnknownBody);
}

proptest! {
    #[test]
    fn a_bodys_history_repeated_adds_nothing(story in story(body_command())) {
        laws::telling_twice_adds_nothing::<Audit>(story);
    }

    #[test]
    fn an_audits_history_equals_its_decisions(
        story in story(prop_oneof![body_command(), note()]),
    ) {
        laws::history_tells_the_same_as_the_decisions::<Audit>(story);
    }

    /// A command that needs no history is decided without one.
    #[test]
    fn a_note_rests_on_nothing(past in story(body_command()), note in note()) {
        let mut audit = Audit::default();
        laws::tell(&mut audit, past);
        prop_assert_eq!(Audit::history_for(&note), History::Nothing);
        prop_assert_eq!(audit.decide(note.clone()), Audit::default().decide(note));
    }
}
