use proptest::prelude::*;

use super::*;
use crate::jobs::mail::About;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

fn begun(after: u64) -> Begun {
    Begun { after, at: at(0) }
}

fn sent(cause: u64) -> Sent {
    Sent {
        cause,
        about: About::RunFailed { run: 7 },
        recipients: 2,
        attempt: 1,
        at: at(1),
    }
}

fn abandoned(cause: u64) -> Abandoned {
    Abandoned {
        cause,
        about: About::PoolSilent { worker_pool: 1 },
        attempts: 5,
        error: "no answer".to_owned(),
        at: at(2),
    }
}

#[test]
fn mail_begins_at_a_position_that_is_set_once() {
    given::<Mailing>([])
        .when(MailingCommand::Begin(begun(5)))
        .then([MailEvent::Begun(begun(5))]);
    given::<Mailing>([MailEvent::Begun(begun(5))])
        .when(MailingCommand::Begin(begun(9)))
        .then_nothing();
    given::<Mailing>([])
        .when(MailingCommand::NoteSent(sent(6)))
        .then_refuses(MailingRejection::NotBegun);
}

#[test]
fn a_mail_is_sent_or_abandoned_once() {
    let past = given::<Mailing>([MailEvent::Begun(begun(5)), MailEvent::Sent(sent(8))]);
    for cause in [6, 8] {
        past.when(MailingCommand::NoteSent(sent(cause)))
            .then_nothing();
        past.when(MailingCommand::Abandon(abandoned(cause)))
            .then_nothing();
    }
    past.when(MailingCommand::NoteSent(sent(9)))
        .then([MailEvent::Sent(sent(9))]);
    past.when(MailingCommand::Abandon(abandoned(9)))
        .then([MailEvent::Abandoned(abandoned(9))]);
}

proptest! {
    #[test]
    fn a_repeated_history_of_mails_adds_nothing(story in story(command())) {
        laws::telling_twice_adds_nothing::<Mailing>(story);
    }

    #[test]
    fn the_history_of_mails_equals_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<Mailing>(story);
    }
}

fn command() -> impl Strategy<Value = MailingCommand> {
    prop_oneof![
        (0..9_u64).prop_map(|after| MailingCommand::Begin(begun(after))),
        (0..9_u64).prop_map(|cause| MailingCommand::NoteSent(sent(cause))),
        (0..9_u64).prop_map(|cause| MailingCommand::Abandon(abandoned(cause))),
    ]
}
