//! Every kind of build gets its outcome, with a real Prometheus.

use domain::BuildsEvent;
use domain::Event;
use domain::builds::build::{BuildEvent, CollectionFault as F, SkipReason as S};
use jiff::Timestamp;
use projections::Collections;
use projections::builds::collections::{CollectionState, Outcome};

use crate::app::{App, FINISHED, config, failed, key, report};
use crate::gitlab;
use testapp::cluster::{LAST_TERMINATED, Memory, Pod, TERMINATED, write_node};
use testapp::prometheus::{Metrics, TestPrometheus};

/// A name that must be quoted in both kinds of quotes.
const ODD_POD: &str = "we\"ird\\pod's";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_build_comes_to_its_outcome() {
    let prometheus = TestPrometheus::start(cluster()).await;
    let gitlab = gitlab::serve(&[
        (1, "$ spack ci rebuild\nbuilt\n"),
        (
            11,
            "$ spack ci rebuild\nNo need to rebuild emacs, found hash match at mirror\n",
        ),
        (
            22,
            "ERROR: Job failed: command terminated with exit code 137\n",
        ),
        (
            23,
            "ERROR: Job failed: command terminated with exit code 1\n",
        ),
        (27, "ERROR: Job failed: exit status 137\n"),
        (
            28,
            "  case oom: child was killed, exit code 137 as expected ... ok\n1 case failed\nERROR: Job failed: exit code 1\n",
        ),
        (29, "ERROR: Job failed: exit code 137\n"),
        (30, "ERROR: Job failed: exit code 137\n"),
        (31, "ERROR: Job failed: exit code 1\n"),
        (32, "ERROR: Job failed: exit code 1\n"),
    ])
    .await;
    let app = App::new();
    let _collector = app.collect(config(Some(&prometheus.url), Some(&gitlab)));

    let mut elsewhere = report(12);
    elsewhere.stage = "test".to_owned();
    let mut runner = report(13);
    runner.runner.as_mut().unwrap().description = " uo-cluster".to_owned();
    let mut without_runner = report(14);
    without_runner.runner = None;
    let mut canceled = report(15);
    canceled.status = "canceled".to_owned();
    let mut timeless = report(16);
    timeless.started_at = None;

    for (build, wanted, why) in [
        (report(1), Outcome::Recorded, "all is there"),
        (report(2), Outcome::Recorded, "a limit of CPU may be absent"),
        (
            report(3),
            Outcome::Failed(F::ResourcesMissing),
            "a limit of memory may not",
        ),
        (
            report(4),
            Outcome::Failed(F::SeriesUnusable),
            "constant memory",
        ),
        (report(5), Outcome::Failed(F::SeriesMissing), "no samples"),
        (report(6), Outcome::Recorded, "two series"),
        (report(7), Outcome::Failed(F::PodMissing), "no pod"),
        (
            report(8),
            Outcome::Failed(F::NodeMissing),
            "an unknown node",
        ),
        (
            report(9),
            Outcome::Failed(F::AnnotationMissing),
            "no variants",
        ),
        (report(10), Outcome::Recorded, "an odd name"),
        (report(11), Outcome::Skipped(S::Ghost), "a ghost"),
        (elsewhere, Outcome::Skipped(S::Stage), "another stage"),
        (runner, Outcome::Skipped(S::RunnerPrefix), "another cluster"),
        (without_runner, Outcome::Skipped(S::NoRunner), "no runner"),
        (canceled, Outcome::Skipped(S::NotSuccessful), "canceled"),
        (timeless, Outcome::Failed(F::TimesUnusable), "no start"),
        (
            failed(20, "script_failure"),
            Outcome::OutOfMemory,
            "seen killed",
        ),
        (
            failed(21, "script_failure"),
            Outcome::OutOfMemory,
            "seen killed, older metric",
        ),
        (
            failed(22, "script_failure"),
            Outcome::OutOfMemory,
            "exit code 137",
        ),
        (
            failed(27, "script_failure"),
            Outcome::OutOfMemory,
            "exit status 137, as other executors of the runner write",
        ),
        (
            failed(23, "script_failure"),
            Outcome::Skipped(S::NotSuccessful),
            "exit code 1",
        ),
        (
            failed(28, "script_failure"),
            Outcome::Skipped(S::NotSuccessful),
            "a passing test speaks of exit code 137, and the runner of 1",
        ),
        (
            failed(29, "runner_system_failure"),
            Outcome::Skipped(S::NotSuccessful),
            "exit code 137, because its machine was taken away",
        ),
        (
            failed(30, "script_failure"),
            Outcome::Skipped(S::NotSuccessful),
            "exit code 137, with memory far below the limit",
        ),
        (
            failed(31, "script_failure"),
            Outcome::Skipped(S::SuspectedOutOfMemory),
            "exit code 1, with memory at the limit",
        ),
        (
            failed(32, "job_execution_timeout"),
            Outcome::Skipped(S::NotSuccessful),
            "a timeout, with memory at the limit",
        ),
        (
            failed(24, "oom_killed"),
            Outcome::OutOfMemory,
            "its source says so",
        ),
        (
            failed(25, "oom_killed"),
            Outcome::Failed(F::PodMissing),
            "killed without a pod",
        ),
        (
            failed(26, "script_failure"),
            Outcome::Skipped(S::NotSuccessful),
            "failed without a pod",
        ),
    ] {
        let job = build.build_id;
        app.report(build).await;
        let state = app.until_done(job).await;
        let row = app
            .views
            .of::<Collections>()
            .unwrap()
            .get(&key(job))
            .unwrap();
        assert_eq!(
            state,
            CollectionState::Done(wanted),
            "{job}, {why}: {row:?}"
        );
    }
    check_usage(&app).await;
    check_kills(&app).await;
    let described = |event: &Event| matches!(event, Event::Builds(BuildsEvent::Node(_)));
    let described = app.events().await.into_iter().filter(described);
    assert_eq!(described.count(), 1, "one machine, described once");
}

async fn check_usage(app: &App) {
    let mut seen = 0;
    for event in app.collection().await {
        let BuildEvent::UsageRecorded(usage) = event else {
            continue;
        };
        seen += 1;
        assert_eq!(usage.origin, "prometheus");
        assert_eq!(usage.hostname.as_deref(), Some("ip-10-0-0-1"));
        assert_eq!(
            usage.node.as_deref(),
            Some("ec2f1dc7-3a49-4bd7-9e41-0f7a3b6c5d21")
        );
        assert_eq!(
            usage.spec.variants,
            r#"{"json": true, "native": false, "build_system": "autotools", "patches": ["a1", "b2"]}"#
        );
        assert_eq!(
            (usage.spec.name.as_str(), usage.stack.as_str()),
            ("emacs", "e4s")
        );
        assert_eq!(usage.finished_at, Timestamp::from_second(FINISHED).unwrap());
        assert_eq!(
            (usage.cpu.request, usage.memory.request),
            (Some(0.75), Some(2e9))
        );
        assert_eq!(usage.memory.limit, Some(4e9));
        let gib = usage.memory.mean / 1_073_741_824.0;
        match usage.pod.as_str() {
            "pod-2" => assert_eq!(usage.cpu.limit, None),
            "pod-6" => {
                assert_eq!((usage.memory_series, usage.cpu_series), (2, 1));
                assert!(
                    usage.memory.max < 1.6 * 1_073_741_824.0,
                    "the first series counts"
                );
                assert_eq!(usage.build_jobs, 16, "not said");
                continue;
            }
            pod => {
                assert!(pod == "pod-1" || pod == ODD_POD, "{pod}");
                assert_eq!(usage.cpu.limit, Some(4.0));
            }
        }
        assert_eq!(usage.build_jobs, 8);
        // Every second shows the last of samples that are 15 s apart: 7 s late in the mean, on a
        // ramp of 2 GiB.
        let late = 2.0 - 7.0 * 2.0 / 600.0;
        assert!((gib - late).abs() < 0.001, "{gib} GiB");
        assert!((usage.memory.max - 3.0 * 1_073_741_824.0).abs() < 1.0);
        // Half a core at first, one and a half in the end; a rate looks 90 s back.
        assert!(
            (usage.cpu.mean - 1.0).abs() < 0.1,
            "{} cores",
            usage.cpu.mean
        );
        assert!(usage.cpu.min < usage.cpu.median && usage.cpu.median < usage.cpu.max);
    }
    assert_eq!(seen, 4);
}

async fn check_kills(app: &App) {
    let mut evidence = Vec::new();
    for event in app.collection().await {
        if let BuildEvent::OutOfMemory(killed) = event {
            assert_eq!(
                (killed.memory_request, killed.memory_limit),
                (Some(2e9), 4e9)
            );
            assert_eq!(killed.memory_peak, Some(3.0 * 1_073_741_824.0));
            assert_eq!(killed.hostname.as_deref(), Some("ip-10-0-0-1"));
            evidence.push((killed.pod, killed.evidence));
        }
    }
    let evidence: Vec<(&str, &str)> = evidence
        .iter()
        .map(|(pod, evidence)| (pod.as_str(), evidence.as_str()))
        .collect();
    assert_eq!(
        evidence,
        [
            ("pod-20", "container_status"),
            ("pod-21", "container_status"),
            ("pod-22", "exit_code"),
            ("pod-27", "exit_code"),
            ("pod-24", "failure_reason"),
        ]
    );
}

fn cluster() -> Metrics {
    let of = Pod::of;
    let killed = |job, name, metric| Pod {
        killed: Some(metric),
        ..of(job, name)
    };
    let pods = [
        of(1, "pod-1"),
        Pod {
            cpu_limit: false,
            ..of(2, "pod-2")
        },
        Pod {
            memory_limit: false,
            ..of(3, "pod-3")
        },
        Pod {
            memory: Memory::Constant,
            ..of(4, "pod-4")
        },
        Pod {
            memory: Memory::None,
            ..of(5, "pod-5")
        },
        Pod {
            memory: Memory::Restarted,
            build_jobs: None,
            ..of(6, "pod-6")
        },
        Pod {
            node: "ip-10-0-0-9",
            ..of(8, "pod-8")
        },
        Pod {
            variants: None,
            ..of(9, "pod-9")
        },
        of(10, ODD_POD),
        of(11, "pod-11"),
        killed(20, "pod-20", LAST_TERMINATED),
        killed(21, "pod-21", TERMINATED),
        of(22, "pod-22"),
        of(23, "pod-23"),
        of(24, "pod-24"),
        of(27, "pod-27"),
        of(28, "pod-28"),
        of(29, "pod-29"),
        Pod {
            memory: Memory::Low,
            ..of(30, "pod-30")
        },
        Pod {
            memory: Memory::AtTheLimit,
            ..of(31, "pod-31")
        },
        Pod {
            memory: Memory::AtTheLimit,
            ..of(32, "pod-32")
        },
    ];
    let mut metrics = Metrics::default();
    for pod in &pods {
        pod.write(&mut metrics);
    }
    write_node(&mut metrics, "ip-10-0-0-1");
    metrics
}
