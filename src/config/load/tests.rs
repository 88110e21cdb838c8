use secrecy::ExposeSecret;

use super::*;
use crate::config::OneOrMany;

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn written(text: &str) -> (tempfile::TempDir, Flags) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tallyman.toml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags {
        config: Some(path),
        ..Flags::default()
    };
    (dir, flags)
}

#[track_caller]
fn loaded(flags: &Flags, pairs: &[(&str, &str)]) -> Loaded {
    match load(flags, &environment(pairs)) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{error}"),
    }
}

/// The demo's own directory was hidden by that of the example.
#[test]
fn defaults_of_a_subcommand_hold_unless_a_flag_is_given() {
    let dir = |flags: &Flags, pairs: &[(&str, &str)]| loaded(flags, pairs).config.data.dir;
    let demo = Flags {
        defaults: vec![("data.dir", Value::from("./tallyman-demo"))],
        ..Flags::default()
    };
    assert_eq!(dir(&demo, &[]), Path::new("./tallyman-demo"));
    let told = [("TALLYMAN__DATA__DIR", "/srv/tallyman")];
    assert_eq!(dir(&demo, &told), Path::new("/srv/tallyman"));
}

#[test]
fn the_example_file_is_the_defaults() {
    let config = loaded(&Flags::default(), &[]).config;
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:7117");
    assert!(config.sources.is_empty());
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let (_dir, mut flags) = written("[server]\nlisten = \"127.0.0.1:1\"\nrequests_max = 5\n");
    let pairs = [("TALLYMAN__SERVER__LISTEN", "127.0.0.1:2")];
    let from_environment = loaded(&flags, &pairs);
    assert_eq!(from_environment.config.server.listen.port(), 2);
    assert_eq!(from_environment.config.server.requests_max, 5);
    flags.listen = Some("127.0.0.1:3".to_owned());
    let from_flag = loaded(&flags, &pairs);
    assert_eq!(from_flag.config.server.listen.port(), 3);
    assert_eq!(from_flag.origins["server.listen"].1, "--listen");
    assert!(
        from_flag.origins["server.requests_max"]
            .1
            .ends_with("tallyman.toml")
    );
}

#[test]
fn what_makes_no_sense_about_answers_is_an_error_that_names_the_key() {
    for (pairs, key) in [
        (
            &[("TALLYMAN__ALLOCATION__RECORD_RATIO", "1.5")][..],
            "allocation.record_ratio",
        ),
        (
            &[("TALLYMAN__ALLOCATION__RECORD_RATIO", "NaN")],
            "allocation.record_ratio",
        ),
        (
            &[("TALLYMAN__ALLOCATION__SHADOW", "ladder")],
            "allocation.shadow",
        ),
        (
            &[("TALLYMAN__ALLOCATION__PRICE_CORE_HOUR", "-1")],
            "allocation.price",
        ),
        (&[("TALLYMAN__ALLOCATION__STRATEGY", "oracle")], "oracle"),
    ] {
        let told = load(&Flags::default(), &environment(pairs))
            .err()
            .unwrap()
            .to_string();
        assert!(told.contains(key), "{pairs:?}: {told}");
    }
    let pairs = [
        ("TALLYMAN__ALLOCATION__SHADOW", "ladder"),
        ("TALLYMAN__ALLOCATION__RECORD_RATIO", "0.25"),
    ];
    let config = loaded(&Flags::default(), &pairs).config;
    assert_eq!(config.allocation.record_ratio, 0.25);
}

#[test]
fn an_unknown_key_is_an_error_that_names_key_and_file() {
    let (_dir, flags) = written("[server]\nlisten_on = \"127.0.0.1:1\"\n");
    let error = load(&flags, &environment(&[])).err().unwrap().to_string();
    assert!(error.contains("listen_on"), "{error}");
    assert!(error.contains("tallyman.toml"), "{error}");
}

#[test]
fn names_that_gantry_knew_keep_working() {
    let pairs = [
        ("PROMETHEUS_URL", "http://127.0.0.1:9090/api/v1"),
        ("GITLAB_WEBHOOK_TOKEN", "s3cret"),
        ("GITLAB_API_TOKEN", "12345"),
    ];
    let config = loaded(&Flags::default(), &pairs).config;
    assert_eq!(
        config.prometheus.url.unwrap().expose(),
        "http://127.0.0.1:9090/api/v1"
    );
    assert_eq!(
        config.sources["default"].token.all()[0].expose_secret(),
        "s3cret"
    );
    assert_eq!(config.gitlab.token.unwrap().expose_secret(), "12345");
}

#[test]
fn a_source_has_one_token_or_several() {
    let text = "[sources.a]\ntoken = \"x\"\n[sources.b]\ntoken = [\"y\", \"z\"]\nsigning_token = \"whsec_q\"\n";
    let (_dir, flags) = written(text);
    let config = loaded(&flags, &[]).config;
    assert_eq!(config.sources["a"].token.all().len(), 1);
    assert_eq!(config.sources["b"].token.all().len(), 2);
    assert_eq!(config.sources["b"].signing_token.all().len(), 1);
}

#[test]
fn a_token_of_digits_is_still_a_token_and_lists_have_commas() {
    let pairs = [
        ("TALLYMAN__SOURCES__DEFAULT__TOKEN", "007"),
        ("TALLYMAN__ALLOCATION__REFS", "develop, main"),
        ("TALLYMAN__SERVER__REQUESTS_MAX", "9"),
    ];
    let config = loaded(&Flags::default(), &pairs).config;
    assert_eq!(
        config.sources["default"].token.all()[0].expose_secret(),
        "007"
    );
    assert_eq!(config.allocation.refs, ["develop", "main"]);
    assert_eq!(config.server.requests_max, 9);
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let flags = Flags {
        config: Some("/nonexistent/tallyman.toml".into()),
        ..Flags::default()
    };
    assert!(matches!(
        load(&flags, &environment(&[])),
        Err(ConfigError::File { .. })
    ));
}

#[test]
fn an_unknown_time_zone_is_refused() {
    let config = loaded(&Flags::default(), &[]).config;
    assert!(config.jobrunner.time_zone().is_some());
    let (_dir, flags) = written("[jobrunner]\ntime_zone = \"Europe/Entenhausen\"\n");
    let error = load(&flags, &environment(&[])).err().unwrap().to_string();
    assert!(error.contains("jobrunner.time_zone"), "{error}");
}

/// Section 16 of the job runner's contract: workers and people count on these.
#[test]
fn the_job_runner_is_configured_as_the_old_one_was() {
    let section = loaded(&Flags::default(), &[]).config.jobrunner;
    assert!(section.enabled && section.job_writes_by_workers);
    assert_eq!(section.time_zone, "Europe/Amsterdam");
    assert_eq!((section.broadcaster_port, section.event_port), (None, None));
    let usual = (crate::config::BROADCASTER_PORT, crate::config::EVENT_PORT);
    assert_eq!(usual, (5556, 5555), "workers are configured for these");
    assert_eq!((section.round_seconds, section.ping_seconds), (5, 300));
    assert_eq!(
        (section.health_seconds, section.unresponsive_intervals),
        (300, 3)
    );
    assert_eq!(section.ping_margin_seconds, 15);
    assert!(section.administrators.is_empty() && section.host_name.is_empty());
    assert!(section.mail.smtp_url.is_none());
}

/// A worker that receives nothing for ten minutes considers its connection broken.
#[test]
fn workers_hear_something_at_least_every_ten_minutes() {
    for (seconds, fits) in [("0", false), ("1", true), ("599", true), ("600", false)] {
        let pairs = environment(&[("TALLYMAN__JOBRUNNER__PING_SECONDS", seconds)]);
        let loaded = load(&Flags::default(), &pairs);
        assert_eq!(loaded.is_ok(), fits, "{seconds}");
    }
}

#[test]
fn a_broken_file_is_reported_by_line_and_column_without_the_text_of_the_line() {
    for (text, place) in [
        ("[gitlab]\ntoken = hunter2\n", "line 2, column 9"),
        ("[gitlab]\ntoken = \"hunter2\n", "line 2"),
        ("hunter2", "line 1, column 8"),
        (
            "[gitlab]\ntoken = \"a\"\ntoken = \"hunter2\"\n",
            "line 3, column 1",
        ),
    ] {
        let (_dir, flags) = written(text);
        let error = load(&flags, &environment(&[])).err().unwrap().to_string();
        assert!(error.contains("tallyman.toml"), "{text}: {error}");
        assert!(error.contains(place), "{text}: {error}");
        assert!(!error.contains("hunter2"), "{text}: {error}");
    }
}

/// A token out of a file ends with a line end, and no webhook was ever let in.
#[test]
fn secrets_are_taken_without_what_surrounds_them() {
    let pairs = [
        ("GITLAB_WEBHOOK_TOKEN", "let-me-in\n"),
        ("GITLAB_API_TOKEN", " glpat-1 \r\n"),
        ("PROMETHEUS_COOKIE", "\tcookie=1\n"),
        ("TALLYMAN__BLOBS__SECRET_ACCESS_KEY", "\n"),
    ];
    let text =
        "[sources.lab]\ntoken = [\"one\\n\", \"zwei Wörter\"]\nsigning_token = \"whsec_AAAA\\n\"\n";
    let (_dir, flags) = written(text);
    let config = loaded(&flags, &pairs).config;
    let shown = |secrets: &OneOrMany| -> Vec<String> {
        let all = secrets.all();
        all.iter()
            .map(|secret| secret.expose_secret().to_owned())
            .collect()
    };
    assert_eq!(shown(&config.sources["default"].token), ["let-me-in"]);
    assert_eq!(shown(&config.sources["lab"].token), ["one", "zwei Wörter"]);
    assert_eq!(shown(&config.sources["lab"].signing_token), ["whsec_AAAA"]);
    assert_eq!(config.gitlab.token.unwrap().expose_secret(), "glpat-1");
    assert_eq!(
        config.prometheus.cookie.unwrap().expose_secret(),
        "cookie=1"
    );
    assert!(config.blobs.secret_access_key.is_none());
}

#[test]
fn a_secret_that_no_header_can_carry_is_an_error_that_names_its_key_and_not_its_value() {
    for (variable, key, value) in [
        (
            "GITLAB_WEBHOOK_TOKEN",
            "sources.default.token",
            "hunter2\nx",
        ),
        (
            "TALLYMAN__SOURCES__LAB__TOKEN",
            "sources.lab.token",
            "hunter2\u{0}",
        ),
        (
            "TALLYMAN__SOURCES__LAB__SIGNING_TOKEN",
            "sources.lab.signing_token",
            "hunter2\u{7f}x",
        ),
        ("GITLAB_API_TOKEN", "gitlab.token", "hunter2\tx"),
        ("PROMETHEUS_COOKIE", "prometheus.cookie", "hunter2ü"),
        (
            "TALLYMAN__BLOBS__SECRET_ACCESS_KEY",
            "blobs.secret_access_key",
            "hunter2\rx",
        ),
    ] {
        let error = match load(&Flags::default(), &environment(&[(variable, value)])) {
            Ok(_) => panic!("{variable} was taken"),
            Err(error) => error.to_string(),
        };
        let expected = format!("{key}: character 8 cannot be carried by an HTTP header");
        assert!(error.starts_with(&expected), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
