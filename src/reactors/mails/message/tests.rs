use proptest::prelude::*;

use super::*;

fn failed() -> FailedRun {
    FailedRun {
        run: 7,
        job_title: "Test job 1".to_owned(),
        pool_title: "Pool 1".to_owned(),
        is_manual: true,
        is_killed: true,
        returned_at: None,
        run_link: "/project/1/runs/7/".to_owned(),
        job_link: "/project/1/jobs/1/".to_owned(),
        script: "#!/bin/sh\n".to_owned(),
        log: None,
    }
}

#[test]
fn a_subject_is_one_short_line() {
    let job_title = format!("a\r\nBcc: everybody@example.com\n{}", "x".repeat(500));
    let failed = FailedRun {
        job_title,
        ..failed()
    };
    let mail = failed.mail(&TimeZone::UTC, Vec::new());
    assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
    assert_eq!(mail.subject.chars().count(), SUBJECT_CHARS_MAX);
}

/// A bare carriage return is a line end to some servers: what follows it could pass for the end of
/// the mail.
#[test]
fn a_mail_has_line_feeds_alone_and_its_titles_are_one_line() {
    let evil = "x\r.\rMAIL FROM:<a@b>\r\nLink to the run: http://evil\n";
    let mails = [
        FailedRun {
            job_title: evil.to_owned(),
            pool_title: evil.to_owned(),
            script: evil.to_owned(),
            log: Some(evil.to_owned()),
            ..failed()
        }
        .mail(&TimeZone::UTC, Vec::new()),
        not_followed(evil, "/job", Vec::new()),
        pool_silent(
            evil,
            &[(evil.to_owned(), None)],
            "/",
            &TimeZone::UTC,
            Vec::new(),
        ),
    ];
    for mail in &mails {
        assert!(!mail.body.contains('\r'), "{:?}", mail.body);
        // The lines of a log stay below their heading.
        let above = mail.body.split("\nScript:").next().unwrap_or_default();
        let faked = |line: &str| line == "." || line == "Link to the run: http://evil";
        assert!(!above.lines().any(faked), "{above}");
    }
    assert!(
        mails[0].body.contains("\n.\nMAIL FROM:<a@b>\n"),
        "{}",
        mails[0].body
    );
}

#[test]
fn missing_facts_are_reported() {
    let mail = failed().mail(&TimeZone::UTC, Vec::new());
    for part in [
        "Manual: yes",
        "Killed: yes",
        "Returned: unknown",
        "(there is none)",
    ] {
        assert!(mail.body.contains(part), "{part} in {}", mail.body);
    }
}

#[test]
fn everybody_is_written_to_once() {
    let texts = [
        "root@example.com",
        "a@example.com\r\n\n  b@example.com \n",
        "A@example.com\n",
    ];
    let expected = ["root@example.com", "a@example.com", "b@example.com"];
    assert_eq!(recipients(texts), expected);
    let many: String = (0..2 * RECIPIENTS_MAX)
        .map(|n| format!("{n}@example.com\n"))
        .collect();
    assert_eq!(recipients([many.as_str()]).len(), RECIPIENTS_MAX);
    assert_eq!(recipients(["\n \n"]), [""; 0]);
}

#[test]
fn links_begin_with_the_configured_url() {
    for (host_name, expected) in [
        ("", "/project/1/runs/7/"),
        (
            "runner.example.com",
            "http://runner.example.com/project/1/runs/7/",
        ),
        (
            "https://example.com/",
            "https://example.com/project/1/runs/7/",
        ),
    ] {
        assert_eq!(Links::new(host_name).run(1, 7), expected);
    }
}

proptest! {
    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end(text in "[aä€😀]{0,40}", times in 0_usize..4000) {
        let text = text.repeat(times);
        let short = shortened(&text);
        if text.len() <= TEXT_BYTES_MAX {
            prop_assert_eq!(short, text);
        } else {
            prop_assert!(short.len() <= TEXT_BYTES_MAX + "\n[truncated]\n".len());
            let (head, tail) = short.split_once("\n[truncated]\n").unwrap();
            prop_assert!(text.starts_with(head) && text.ends_with(tail));
            prop_assert!(short.len() > TEXT_BYTES_MAX);
        }
    }
}
