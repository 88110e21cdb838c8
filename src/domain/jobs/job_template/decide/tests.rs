use proptest::prelude::*;

use super::*;
use crate::LongText;
use crate::testing::once::{follows_once, is_done_and_undone_once};
use crate::testing::stories::{at, story};
use crate::testing::{given, laws};

use JobTemplateCommand as C;
use JobTemplateEvent as E;
use JobTemplateRejection as R;

#[test]
fn a_job_template_is_created_once() {
    follows_once::<JobTemplate>(&[], C::Create(created()), E::Created(created()));
    let other = Created {
        title: "other".to_owned(),
        ..created()
    };
    given::<JobTemplate>([E::Created(created())])
        .when(C::Create(other))
        .then_refuses(R::AlreadyCreated);
    given::<JobTemplate>([])
        .when(C::Edit(nothing()))
        .then_refuses(R::Unknown);
}

#[test]
fn an_edit_of_a_job_template_says_only_what_is_new() {
    let past = [E::Created(created())];
    let known = given::<JobTemplate>(past.clone());
    known.when(C::Edit(nothing())).then_nothing();
    let same = Edited {
        title: Some(created().title),
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
            project: Some(2),
            ..nothing()
        },
        Edited {
            body: Some(LongText::Inline(
                "#!/bin/sh\n{{ content|safe }}\nexit\n".to_owned(),
            )),
            ..nothing()
        },
        Edited {
            notification_addresses: Some("other".to_owned()),
            ..nothing()
        },
    ] {
        follows_once::<JobTemplate>(&past, C::Edit(edit.clone()), E::Edited(edit));
    }
}

#[test]
fn a_job_template_is_switched_off_and_on_once() {
    let at = at(1);
    is_done_and_undone_once::<JobTemplate>(
        &[E::Created(created())],
        (
            C::Suspend { at },
            E::EnqueueSuspended(EnqueueSuspended { at }),
        ),
        (C::Resume { at }, E::EnqueueResumed(EnqueueResumed { at })),
    );
}

#[test]
fn a_long_body_is_kept_elsewhere() {
    let body = LongText::Inline("x".repeat(LongText::INLINE_BYTES_MAX + 1));
    let whole = Created {
        body: body.clone(),
        ..created()
    };
    given::<JobTemplate>([])
        .when(C::Create(whole))
        .then_refuses(R::BodyTooLong);
    let edit = Edited {
        body: Some(body),
        ..nothing()
    };
    let known = given::<JobTemplate>([E::Created(created())]);
    known.when(C::Edit(edit)).then_refuses(R::BodyTooLong);
}

proptest! {
    #[test]
    fn a_sentence_about_a_job_template_said_twice_adds_nothing(story in story(command())) {
        laws::saying_twice_adds_nothing::<JobTemplate>(story);
    }

    #[test]
    fn a_job_templates_history_tells_the_same_as_its_decisions(story in story(command())) {
        laws::history_tells_the_same_as_the_decisions::<JobTemplate>(story);
    }
}

fn created() -> Created {
    Created {
        number: 1,
        title: "title".to_owned(),
        description: "description".to_owned(),
        project: 1,
        body: LongText::Inline("#!/bin/sh\n{{ content|safe }}\n".to_owned()),
        notification_addresses: "notification_addresses".to_owned(),
        enqueue_is_enabled: true,
        at: at(0),
    }
}

fn nothing() -> Edited {
    Edited::nothing(at(1))
}

fn command() -> impl Strategy<Value = C> {
    let text = || prop::sample::select(vec!["one", "other"]);
    prop_oneof![
        2 => text().prop_map(|text| C::Create(Created { title: text.to_owned(), ..created() })),
        3 => text().prop_map(|text| C::Edit(Edited { title: Some(text.to_owned()), ..nothing() })),
        1 => Just(C::Suspend { at: at(1) }),
        1 => Just(C::Resume { at: at(2) }),
    ]
}
