use proptest::prelude::*;

use super::*;
use crate::Sealed;
use crate::testing::once::{follows_once, is_done_and_undone_once};
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use WorkerCommand as C;
use WorkerEvent as E;
use WorkerRejection as R;

#[test]
fn a_worker_is_registered_once() {
    follows_once::<Worker>(&[], C::Register(registered()), E::Registered(registered()));
    let other = Registered {
        title: "other".to_owned(),
        ..registered()
    };
    given::<Worker>([E::Registered(registered())])
        .when(C::Register(other))
        .then_refuses(R::AlreadyRegistered);
    given::<Worker>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_worker_says_only_what_is_new() {
    let past = [E::Registered(registered())];
    let known = given::<Worker>(past.clone());
    known.when(C::Edit(nothing())).then_nothing();
    let same = Edited {
        title: Some(registered().title),
        ..nothing()
    };
    known.when(C::Edit(same)).then_nothing();
    for edit in [
        Edited {
            title: Some("other".to_owned()),
            ..nothing()
        },
        Edited {
            description: Some("other".to_owned()),
            ..nothing()
        },
        Edited {
            api_key: Some("key-2".to_owned()),
            ..nothing()
        },
        Edited {
            secret: Some(sealed("b")),
            ..nothing()
        },
    ] {
        follows_once::<Worker>(&past, C::Edit(edit.clone()), E::Edited(edit));
    }
}

#[test]
fn a_worker_is_switched_off_and_on_once() {
    let at = at(1);
    is_done_and_undone_once::<Worker>(
        &[E::Registered(registered())],
        (
            C::Suspend { at },
            E::EnqueueSuspended(EnqueueSuspended { at }),
        ),
        (C::Resume { at }, E::EnqueueResumed(EnqueueResumed { at })),
    );
}

/// A key with a colon could never authenticate.
#[test]
fn a_key_that_does_not_survive_the_wire_is_refused() {
    for key in ["", "a:b", "a b", "é", "a/b", "a\n"] {
        let api_key = key.to_owned();
        let whole = Registered {
            api_key: api_key.clone(),
            ..registered()
        };
        given::<Worker>([])
            .when(C::Register(whole))
            .then_refuses(R::ApiKey);
        let edit = Edited {
            api_key: Some(api_key),
            ..nothing()
        };
        let known = given::<Worker>([E::Registered(registered())]);
        known.when(C::Edit(edit)).then_refuses(R::ApiKey);
    }
}

#[test]
fn a_workers_secret_is_never_shown() {
    assert!(!format!("{:?}", registered()).contains(registered().secret.as_str()));
}

proptest! {
    #[test]
    fn a_sentence_about_a_worker_said_twice_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<Worker>(story);
    }

    #[test]
    fn a_workers_history_tells_the_same_as_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<Worker>(story);
    }
}

fn registered() -> Registered {
    Registered {
        number: 1,
        title: "title".to_owned(),
        description: "description".to_owned(),
        api_key: "api_key".to_owned(),
        secret: sealed("a"),
        enqueue_is_enabled: true,
        at: at(0),
    }
}

fn nothing() -> Edited {
    Edited::nothing(at(1))
}

fn sealed(letter: &str) -> Sealed {
    Sealed::new(format!("sealed:v1:{}", letter.repeat(40))).unwrap()
}

fn command() -> impl Strategy<Value = C> {
    let text = || prop::sample::select(vec!["one", "other"]);
    prop_oneof![
        2 => text().prop_map(|text| C::Register(Registered { title: text.to_owned(), ..registered() })),
        3 => text().prop_map(|text| C::Edit(Edited { title: Some(text.to_owned()), ..nothing() })),
        1 => Just(C::Suspend { at: at(1) }),
        1 => Just(C::Resume { at: at(2) }),
    ]
}
