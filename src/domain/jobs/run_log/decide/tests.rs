use proptest::prelude::*;

use super::*;
use crate::BlobRef;
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use RunLogCommand as C;
use RunLogEvent as E;
use RunLogRejection as R;

#[test]
fn a_log_is_written_once_and_then_replaced() {
    given::<RunLog>([])
        .when(C::Write(written(1, "a")))
        .then([E::Written(written(1, "a"))]);
    let log = given::<RunLog>([E::Written(written(1, "a"))]);
    log.when(C::Write(written(1, "a"))).then_nothing();
    log.when(C::Write(written(2, "a"))).then_nothing();
    log.when(C::Write(written(2, "b"))).then([replaced("b")]);
    log.when(replace("b")).then([replaced("b")]);
    log.when(replace("a")).then_nothing();
    given::<RunLog>([])
        .when(replace("a"))
        .then_refuses(R::Unknown);
}

#[test]
fn a_log_may_be_empty_or_unknown() {
    let unknown = Written {
        content: None,
        ..written(1, "")
    };
    let log = given::<RunLog>([E::Written(unknown.clone())]);
    log.when(C::Write(unknown)).then_nothing();
    log.when(replace("")).then([replaced("")]);
}

#[test]
fn a_long_log_is_kept_elsewhere() {
    let long = "x".repeat(LongText::INLINE_BYTES_MAX + 1);
    given::<RunLog>([])
        .when(C::Write(written(1, &long)))
        .then_refuses(R::TooLong);
    let (digest, size) = ("0".repeat(64), 819_200);
    let content = Some(LongText::Blob(BlobRef { digest, size }));
    let written = Written {
        content,
        ..written(1, "")
    };
    given::<RunLog>([])
        .when(C::Write(written.clone()))
        .then([E::Written(written)]);
}

proptest! {
    #[test]
    fn a_repeated_command_about_a_log_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<RunLog>(story);
    }

    #[test]
    fn a_logs_history_equals_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<RunLog>(story);
    }

    /// However many write at once, each with a number of its own: the first is the log's.
    #[test]
    fn a_run_has_one_log(story in story(command())) {
        let (events, _) = laws::tell(&mut RunLog::default(), story);
        let written = events.iter().filter(|event| matches!(event, E::Written(_)));
        prop_assert!(written.count() <= 1);
    }
}

fn text(text: &str) -> Option<LongText> {
    Some(LongText::Inline(text.to_owned()))
}

fn written(number: u64, content: &str) -> Written {
    Written {
        number,
        run: 7,
        content: text(content),
        at: at(0),
    }
}

fn replace(content: &str) -> C {
    C::Replace {
        content: text(content),
        at: at(0),
    }
}

fn replaced(content: &str) -> E {
    E::Replaced(Replaced {
        content: text(content),
        at: at(0),
    })
}

fn command() -> impl Strategy<Value = C> {
    let content = || prop::sample::select(vec!["a", "b"]);
    prop_oneof![
        (1..4_u64, content()).prop_map(|(number, content)| C::Write(written(number, content))),
        content().prop_map(replace),
    ]
}
