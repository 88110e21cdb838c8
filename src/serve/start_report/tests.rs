use super::*;
use crate::app::Modules;
use crate::config::{Flags, load};

/// The report of a server with these ports.
fn report(config: &Config, ports: &[OpenPort]) -> Vec<Line> {
    let modules = Modules::new(config).unwrap();
    lines(config, &facts(ports), modules.report())
}

#[test]
fn the_report_lists_ports_and_directories() {
    let port = |name, address| OpenPort {
        name,
        purpose: "",
        address,
    };
    let ports = [
        port("broadcaster", Some("tcp://127.0.0.1:5556".to_owned())),
        port("events", None),
    ];
    let config = configured(&[
        ("TALLYMAN__DATA__DIR", "/srv/tallyman"),
        ("TALLYMAN__SOURCES__DEFAULT__TOKEN", "marker"),
        ("TALLYMAN__JOBRUNNER__TIME_ZONE", "America/New_York"),
        (
            "PROMETHEUS_URL",
            "https://me:marker@prom.example/api/v1?key=marker",
        ),
    ]);
    let lines = report(&config, &ports);
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        format!(
            "tallyman {version}: data directory /srv/tallyman, log head 42, 16 of 17 views up to date"
        ),
        "listening: HTTP on http://127.0.0.1:7117, worker broadcaster on tcp://127.0.0.1:5556, \
         worker events on no port yet (it is in use)"
            .to_owned(),
        "webhook sources: default (token)".to_owned(),
        "Prometheus: https://(hidden)@prom.example/api/v1?(hidden)".to_owned(),
        "job-runner: time zone America/New_York".to_owned(),
    ];
    let (infos, warnings) = lines.split_at(expected.len());
    assert_eq!(infos, expected.map(Line::Info));
    // The warning about the old server's permission is repeated as long as it is set.
    let [Line::Warn(text)] = warnings else {
        panic!("{warnings:?}");
    };
    assert!(
        text.contains("jobrunner.job_writes_by_workers is true"),
        "{text}"
    );
}

#[test]
fn what_is_missing_is_a_warning_that_names_the_key() {
    let config = configured(&[]);
    let lines = report(&config, &[]);
    let warnings: Vec<_> = lines
        .iter()
        .filter_map(|line| match line {
            Line::Warn(text) => Some(text.as_str()),
            Line::Info(_) => None,
        })
        .collect();
    let [sources, prometheus, _] = warnings.as_slice() else {
        panic!("{warnings:?}");
    };
    assert!(sources.contains("GITLAB_WEBHOOK_TOKEN"), "{sources}");
    assert!(prometheus.contains("prometheus.url"), "{prometheus}");
}

#[test]
fn a_source_without_a_credential_is_named() {
    let config = configured(&[
        (
            "TALLYMAN__SOURCES__DEFAULT__SIGNING_TOKEN",
            "whsec_bWFya2VyIG1hcmtlciBtYXJrZXI=",
        ),
        ("TALLYMAN__SOURCES__OTHER__SIGNATURE_SECONDS_MAX", "60"),
    ]);
    let lines = report(&config, &[]);
    let text = lines.iter().find_map(|line| match line {
        Line::Warn(text) if text.starts_with("webhook sources") => Some(text),
        _ => None,
    });
    let text = text.expect("there is a warning about sources");
    assert!(text.contains("default (signing token)"), "{text}");
    assert!(text.contains("refused: `other`"), "{text}");
}

fn configured(environment: &[(&str, &str)]) -> Config {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let loaded = load(&Flags::default(), &environment).unwrap();
    loaded.config
}

fn facts(ports: &[OpenPort]) -> Facts<'_> {
    Facts {
        address: "127.0.0.1:7117".parse().unwrap(),
        ports,
        head: 42,
        views: 17,
        views_live: 16,
    }
}

#[test]
fn without_job_writes_by_workers_there_is_no_warning() {
    for (variable, value) in [
        ("TALLYMAN__JOBRUNNER__JOB_WRITES_BY_WORKERS", "false"),
        ("TALLYMAN__JOBRUNNER__ENABLED", "false"),
    ] {
        let lines = report(&configured(&[(variable, value)]), &[]);
        let is_told = |line: &Line| matches!(line, Line::Warn(text) if text.contains("job_writes"));
        assert!(!lines.iter().any(is_told), "{variable}");
    }
}
