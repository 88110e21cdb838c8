//! Mail about failures.

use std::time::Duration;

use commands::runs;
use domain::LongText;
use domain::jobs::schedule::IntervalUnit;
use domain::jobs::worker_pool::{Silence, SilenceCommand};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use reactors::mails::{Mails, MailsConfig};
use tokio_util::sync::CancellationToken;

use crate::farm::{Farm, JOB, PATIENCE, minutes, noon};
use crate::halted::Halted;
use crate::post_office::PostOffice;

fn config(office: &PostOffice) -> MailsConfig {
    MailsConfig {
        administrators: vec!["root@example.com".to_owned()],
        host_name: "runner.example.com".to_owned(),
        zone: TimeZone::get("Europe/Amsterdam").unwrap(),
        attempts_max: 3,
        backoff_base: Duration::from_millis(1),
        backoff_max: Duration::from_millis(2),
        ..MailsConfig::new(office.url.clone().into(), "Job runner <runner@example.com>")
    }
}

fn start(farm: &Farm, config: MailsConfig) -> Mails {
    let (commands, views) = (farm.commands.clone(), farm.views.clone());
    Mails::start(commands, views, config, CancellationToken::new()).unwrap()
}

/// Starts, and returns once mail is sent.
async fn begin(farm: &Farm, config: MailsConfig) -> Mails {
    let mails = start(farm, config);
    farm.until_there_are(1, "mail.begun").await;
    mails
}

async fn fails(farm: &Farm, log: &str) -> u64 {
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    let text = &LongText::Inline(log.to_owned());
    farm.unit(|unit| async move { runs::write_log(&unit, run, Some(text.clone())).await })
        .await;
    farm.returns(1, run, false).await;
    run
}

#[tokio::test]
async fn a_failed_run_is_mailed_once_to_every_recipient() {
    let office = PostOffice::open(&[]).await;
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    fails(&farm, "before any mailing").await;
    let mails = begin(&farm, config(&office)).await;
    let well = farm.schedule(JOB).await;
    farm.starts(1, well).await;
    farm.returns(1, well, true).await;
    let run = fails(&farm, "no space left on device\n").await;
    farm.until_there_are(1, "mail.sent").await;

    let [letter] = &office.letters()[..] else {
        panic!("one mail comes");
    };
    assert_eq!(letter.recipients, everybody());
    assert_eq!(letter.header("Subject"), "Run error for: Job 1");
    for part in [
        "Job 1",
        "Pool 1",
        "Manual: no",
        "Killed: no",
        &format!("Run: {run}"),
        &format!("http://runner.example.com/project/1/runs/{run}/"),
        "http://runner.example.com/project/1/jobs/1/",
        "#!/bin/sh\necho hello\n",
        "13:00:00+01:00[Europe/Amsterdam]",
        "no space left on device",
    ] {
        assert!(letter.text.contains(part), "{part} in {}", letter.text);
    }
    assert_eq!(mails.stats().sent, 1);
    mails.stop().await;

    // Started again, it goes on where it was.
    let farm = farm.reopened();
    let _mails = start(&farm, config(&office));
    fails(&farm, "again").await;
    farm.until_there_are(2, "mail.sent").await;
    assert_eq!(office.letters().len(), 2);
    assert_eq!(farm.count("mail.begun").await, 1);
}

/// Mail is sent after the last attempt.
#[tokio::test]
async fn of_several_attempts_the_last_failure_is_mailed() {
    let office = PostOffice::open(&[]).await;
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| job.retries = Some(1)).await;
    let mails = begin(&farm, config(&office)).await;
    let run = fails(&farm, "the first time\n").await;
    farm.starts(2, run + 1).await;
    let text = &LongText::Inline("the second time\n".to_owned());
    farm.unit(|unit| async move { runs::write_log(&unit, run + 1, Some(text.clone())).await })
        .await;
    farm.returns(2, run + 1, false).await;
    farm.until_there_are(1, "mail.sent").await;
    let [letter] = &office.letters()[..] else {
        panic!("one mail comes");
    };
    assert!(letter.text.contains("the second time"), "{}", letter.text);
    let data = mails.stats();
    assert_eq!((data.sent, data.left_out), (1, 1));
}

#[tokio::test]
async fn a_kill_between_sending_and_recording_sends_the_same_mail_again_and_loses_none() {
    for (step, letters) in [("mail_sent", 2), ("mail_noted", 1)] {
        let office = PostOffice::open(&[]).await;
        let farm = Farm::at_noon().await;
        farm.job(JOB, |_| ()).await;
        let (halted, faults) = Halted::at(step);
        let config = config(&office);
        let mails = begin(
            &farm,
            MailsConfig {
                faults,
                ..config.clone()
            },
        )
        .await;
        fails(&farm, "once").await;
        halted.reached().await;
        drop(mails);

        let farm = farm.reopened();
        let _mails = start(&farm, config);
        farm.until_there_are(1, "mail.sent").await;
        fails(&farm, "twice").await;
        let came = office.until(letters + 1).await;
        assert_eq!(came.len(), letters + 1, "{step}");
        if letters == 2 {
            let ids = [came[0].header("Message-ID"), came[1].header("Message-ID")];
            assert_eq!(
                ids[0], ids[1],
                "a recipient of both can recognise the repeat"
            );
        }
    }
}

#[tokio::test]
async fn a_deferred_mail_is_sent_again_and_a_rejected_one_is_not() {
    let not_yet = "451 not yet\r\n";
    let office = PostOffice::open(&[
        not_yet,
        "250 taken\r\n",
        "550 no\r\n",
        not_yet,
        not_yet,
        not_yet,
    ])
    .await;
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let mails = begin(&farm, config(&office)).await;
    for _ in 0..4 {
        fails(&farm, "nothing").await;
    }
    farm.until_there_are(2, "mail.sent").await;
    assert_eq!(office.letters().len(), 2);
    let abandoned = farm.events(&["mail.abandoned"]).await;
    let said: Vec<(u32, String)> = abandoned
        .into_iter()
        .map(|event| match event {
            domain::Event::Jobs(domain::JobsEvent::Mail(
                domain::jobs::mail::MailEvent::Abandoned(data),
            )) => (data.attempts, data.error),
            other => panic!("no mail: {other:?}"),
        })
        .collect();
    let expected = [
        (1, "the server answered 550".to_owned()),
        (3, "the server answered 451".to_owned()),
    ];
    assert_eq!(said, expected);
    let reading = mails.stats();
    assert_eq!((reading.retried, reading.abandoned), (3, 2));
}

#[tokio::test]
async fn no_mail_is_sent_without_recipients_or_about_the_past() {
    let office = PostOffice::open(&[]).await;
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let mails = begin(&farm, config(&office)).await;
    mails.stop().await;
    fails(&farm, "yesterday").await;
    let later = noon() + SignedDuration::from_hours(25);
    farm.clock.set(later);
    let mails = start(&farm, config(&office));
    let run = fails(&farm, "today").await;
    farm.until_there_are(1, "mail.sent").await;
    let [letter] = &office.letters()[..] else {
        panic!("one mail comes");
    };
    assert!(letter.text.contains(&format!("Run: {run}")));
    assert_eq!(mails.stats().left_out, 1);
}

#[tokio::test]
async fn jobs_that_stop_and_pools_that_fall_silent_are_mailed() {
    let office = PostOffice::open(&[]).await;
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| {
        (job.interval_count, job.interval_unit) = (Some(1), Some(IntervalUnit::Day));
    })
    .await;
    let _mails = begin(&farm, config(&office)).await;
    let run = farm.schedule(JOB).await;
    farm.unit(|unit| async move { runs::give_up_following(&unit, run).await })
        .await;
    let silent = SilenceCommand::NoteSilence {
        remind_after: SignedDuration::from_hours(1),
        at: minutes(1),
    };
    farm.tell::<Silence>(&Silence::key(1), silent).await;
    let letters = office.until(2).await;
    assert_eq!(letters[0].header("Subject"), "Reschedule error for: Job 1");
    assert_eq!(letters[0].recipients, everybody());
    let link = "http://runner.example.com/project/1/jobs/1/";
    for part in ["Job 1", link, "manual action"] {
        assert!(
            letters[0].text.contains(part),
            "{part} in {}",
            letters[0].text
        );
    }
    let subject = letters[1].header("Subject");
    assert_eq!(subject, "Worker-pool unresponsive: Pool 1");
    assert_eq!(
        letters[1].recipients,
        ["root@example.com", "pool@example.com"]
    );
    for part in [
        "Pool 1",
        "Worker 1",
        "Worker 2",
        "http://runner.example.com/",
    ] {
        assert!(
            letters[1].text.contains(part),
            "{part} in {}",
            letters[1].text
        );
    }
}

/// Section 14 of the contract: nothing is sent without recipients.
#[tokio::test]
async fn what_has_no_recipients_is_not_sent() {
    let office = PostOffice::open(&[]).await;
    let farm = Farm::at_noon().await;
    farm.job(JOB, |job| job.notification_addresses = "\n \n".to_owned())
        .await;
    farm.no_mail_is_sent().await;
    let config = MailsConfig {
        administrators: Vec::new(),
        ..config(&office)
    };
    let mails = begin(&farm, config).await;
    fails(&farm, "alone").await;
    let left_out = async {
        while mails.stats().left_out < 1 {
            tokio::task::yield_now().await;
        }
    };
    let left_out = tokio::time::timeout(PATIENCE, left_out).await;
    left_out.expect("it is passed over");
    assert_eq!(farm.count("mail.sent").await, 0);
    assert!(office.letters().is_empty());
}

/// 14.1: the mail about the failure says that the kill was requested.
#[tokio::test]
async fn the_mail_about_a_killed_run_says_so() {
    let office = PostOffice::open(&[]).await;
    let farm = Farm::at_noon().await;
    farm.job(JOB, |_| ()).await;
    let _mails = begin(&farm, config(&office)).await;
    let run = farm.schedule(JOB).await;
    farm.starts(1, run).await;
    farm.unit(|unit| async move { runs::request_kill(&unit, run).await })
        .await;
    farm.returns(1, run, false).await;
    let letters = office.until(1).await;
    assert!(
        letters[0].text.contains("Killed: yes"),
        "{}",
        letters[0].text
    );
}

/// Whom everything about job 1 concerns.
fn everybody() -> [String; 5] {
    ["root", "job", "template", "project", "pool"].map(|name| format!("{name}@example.com"))
}

#[tokio::test]
async fn a_server_or_a_sender_that_is_none_is_found_at_the_start() {
    let office = PostOffice::open(&[]).await;
    let farm = Farm::at_noon().await;
    for (url, sender) in [
        ("example.com", "a@example.com"),
        ("smtp://example.com", "me"),
    ] {
        let config = MailsConfig {
            url: url.into(),
            sender: sender.to_owned(),
            ..config(&office)
        };
        let (commands, views) = (farm.commands.clone(), farm.views.clone());
        let started = Mails::start(commands, views, config, CancellationToken::new());
        assert!(started.is_err(), "{url} {sender}");
    }
}
