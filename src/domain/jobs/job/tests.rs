use super::*;
use crate::jobs::schedule::IntervalUnit;
use crate::testing::given;
use crate::testing::stories::at;
use crate::{BlobRef, LongText};

use JobCommand as C;
use JobEvent as E;
use JobRejection as R;

#[test]
fn an_edit_holds_only_changed_fields() {
    let job = given::<Job>([E::Created(created())]);
    let data = Edited {
        title: Some(created().title),
        description: Some("Copies.".to_owned()),
        parent: Some(None),
        interval_count: Some(None),
        ..nothing()
    };
    let new = Edited {
        description: Some("Copies.".to_owned()),
        interval_count: Some(None),
        ..nothing()
    };
    job.when(C::Edit(data.clone()))
        .then([E::Edited(new.clone())]);
    let edited = given::<Job>([E::Created(created()), E::Edited(new)]);
    edited.when(C::Edit(data)).then_nothing();
}

#[test]
fn an_emptied_field_differs_from_an_unmentioned_one() {
    let edited = Edited {
        parent: Some(None),
        ..nothing()
    };
    let json = serde_json::to_string(&edited).unwrap();
    assert_eq!(json, format!(r#"{{"parent":null,"at":"{}"}}"#, edited.at));
    assert_eq!(serde_json::from_str::<Edited>(&json).unwrap(), edited);
}

#[test]
fn a_job_that_makes_no_sense_is_refused() {
    let long = LongText::Inline("x".repeat(LongText::INLINE_BYTES_MAX + 1));
    for (edit, rejection) in [
        (
            Edited {
                interval_count: Some(Some(0)),
                ..nothing()
            },
            R::NoInterval,
        ),
        (
            Edited {
                parent: Some(Some(1)),
                ..nothing()
            },
            R::OwnParent,
        ),
        (
            Edited {
                script: Some(long),
                ..nothing()
            },
            R::ScriptTooLong,
        ),
    ] {
        let mut whole = created();
        whole.edit(&edit);
        given::<Job>([])
            .when(C::Create(whole))
            .then_refuses(rejection.clone());
        given::<Job>([E::Created(created())])
            .when(C::Edit(edit))
            .then_refuses(rejection);
    }
    let (digest, size) = ("0".repeat(64), 65_537);
    let script = Some(LongText::Blob(BlobRef { digest, size }));
    let edit = Edited {
        script,
        ..nothing()
    };
    given::<Job>([E::Created(created())])
        .when(C::Edit(edit.clone()))
        .then([E::Edited(edit)]);
}

#[test]
fn settings_of_a_job_are_edited_field_by_field() {
    let job = given::<Job>([E::Created(created())]);
    let asked = asking(|asks| {
        asks.time_zone = Some(Some("Europe/Rome".to_owned()));
        asks.retries = Some(Some(3));
        asks.run_timeout_seconds = Some(None);
    });
    let new = asking(|asks| {
        asks.time_zone = Some(Some("Europe/Rome".to_owned()));
        asks.retries = Some(Some(3));
    });
    job.when(C::Edit(asked.clone()))
        .then([E::Edited(new.clone())]);
    let job = given::<Job>([E::Created(created()), E::Edited(new)]);
    job.when(C::Edit(asked)).then_nothing();
    // An edit that does not name the field leaves it alone.
    job.when(C::Edit(nothing())).then_nothing();
    let no_more = asking(|asks| asks.retries = Some(None));
    job.when(C::Edit(no_more.clone()))
        .then([E::Edited(no_more.clone())]);
    let json = serde_json::to_string(&no_more).unwrap();
    assert_eq!(json, format!(r#"{{"retries":null,"at":"{}"}}"#, no_more.at));
    assert_eq!(serde_json::from_str::<Edited>(&json).unwrap(), no_more);
}

#[test]
fn a_job_follows_an_interval_or_an_expression_and_never_both() {
    let cron = |text: &str| Some(Some(text.to_owned()));
    let hourly = asking(|asks| asks.cron = cron("@hourly"));
    let job = given::<Job>([E::Created(created())]);
    job.when(C::Edit(hourly.clone()))
        .then_refuses(R::TwoRhythms);
    let instead = Edited {
        interval_count: Some(None),
        interval_unit: Some(None),
        ..hourly.clone()
    };
    job.when(C::Edit(instead.clone()))
        .then([E::Edited(instead.clone())]);
    let hourly = given::<Job>([E::Created(created()), E::Edited(instead)]);
    for part in [
        Edited {
            interval_count: Some(Some(1)),
            ..nothing()
        },
        Edited {
            interval_unit: Some(Some(IntervalUnit::Day)),
            ..nothing()
        },
    ] {
        hourly
            .when(C::Edit(part.clone()))
            .then_refuses(R::TwoRhythms);
        let back = Edited {
            cron: Some(None),
            ..part
        };
        hourly.when(C::Edit(back.clone())).then([E::Edited(back)]);
    }
}

#[test]
fn a_job_with_settings_out_of_range_is_refused() {
    use crate::jobs::schedule::CronRejection;

    let zone = |name: &str| Some(Some(name.to_owned()));
    let refused = |rejection: R, asks: &dyn Fn(&mut Edited)| {
        let edit = Edited {
            interval_count: Some(None),
            interval_unit: Some(None),
            ..asking(asks)
        };
        let mut whole = created();
        whole.edit(&edit);
        given::<Job>([])
            .when(C::Create(whole))
            .then_refuses(rejection.clone());
        given::<Job>([E::Created(created())])
            .when(C::Edit(edit))
            .then_refuses(rejection);
    };
    let never = R::Cron(CronRejection::Never);
    refused(never, &|asks| {
        asks.cron = Some(Some("0 3 30 2 *".to_owned()));
    });
    refused(R::TimeZone, &|asks| asks.time_zone = zone(""));
    refused(R::TimeZone, &|asks| asks.time_zone = zone(&"z".repeat(65)));
    refused(R::RunTimeout, &|asks| {
        asks.run_timeout_seconds = Some(Some(0));
    });
    refused(R::RunTimeout, &|asks| {
        asks.run_timeout_seconds = Some(Some(30 * 86_400 + 1));
    });
    refused(R::Retries, &|asks| asks.retries = Some(Some(11)));
    refused(R::RetryDelay, &|asks| {
        asks.retry_delay_seconds = Some(Some(86_401));
    });
}

fn created() -> Created {
    Created {
        title: "backup".to_owned(),
        job_template: 1,
        worker_pool: 1,
        script: LongText::Inline("echo hello".to_owned()),
        interval_count: Some(1),
        interval_unit: Some(IntervalUnit::Day),
        ..Created::blank(1, at(0))
    }
}

fn nothing() -> Edited {
    Edited::nothing(at(1))
}

fn asking(asks: impl Fn(&mut Edited)) -> Edited {
    let mut edited = nothing();
    asks(&mut edited);
    edited
}
