use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SPEC: [(&str, &str); 7] = [
    ("spec_pkg_name", "emacs"),
    ("spec_pkg_version", "29.2"),
    ("spec_variants", "+json~native build_system=autotools"),
    ("spec_compiler_name", "gcc"),
    ("spec_compiler_version", "12.3.0"),
    ("spec_arch", "linux-ubuntu22.04-x86_64_v3"),
    ("retry_count", "2"),
];

#[test]
fn an_annotated_pod_is_read() {
    let found = Annotated::read(&[annotations()]).unwrap();
    assert_eq!(found.pod, "runner-1");
    assert_eq!(
        found.spec.variants,
        r#"{"json": true, "native": false, "build_system": "autotools"}"#
    );
    assert_eq!(found.spec.arch, "linux-ubuntu22.04-x86_64_v3");
    let package = (found.spec.name.as_str(), found.spec.version.as_str());
    assert_eq!(package, ("emacs", "29.2"));
    let compiler = (&*found.spec.compiler_name, &*found.spec.compiler_version);
    assert_eq!(compiler, ("gcc", "12.3.0"));
    assert_eq!((found.stack.as_str(), found.retry_count), ("e4s", 2));
    assert_eq!(found.build_jobs, 16, "what is not said is 16");
    let mut silent = annotations();
    silent
        .labels
        .remove("annotation_metrics_spack_job_retry_count");
    let found = Annotated::read(&[silent]).unwrap();
    assert_eq!(found.retry_count, 0, "what is not said is the first try");
}

/// One row per text of an annotation and the number that it is, if it is one.
#[test]
fn a_whole_number_is_read_however_it_is_written() {
    let name = "annotation_metrics_spack_job_build_jobs";
    for (text, expected) in [
        ("16", Some(16)),
        ("16.0", Some(16)),
        (" 8 ", Some(8)),
        ("1.6e1", Some(16)),
        ("0", Some(0)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("16.5", None),
        ("-1", None),
        ("inf", None),
        ("NaN", None),
        ("many", None),
    ] {
        let mut pod = annotations();
        pod.labels.insert(name.into(), text.into());
        let found = Annotated::read(&[pod]).ok().map(|found| found.build_jobs);
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn every_annotation_that_is_missing_is_named_at_once() {
    let mut pod = annotations();
    pod.labels
        .remove("annotation_metrics_spack_job_spec_pkg_version");
    pod.labels
        .insert("annotation_metrics_spack_ci_stack_name".into(), "".into());
    pod.labels.insert(
        "annotation_metrics_spack_job_build_jobs".into(),
        "many".into(),
    );
    let shortfall = Annotated::read(&[pod]).unwrap_err();
    assert_eq!(shortfall.fault, CollectionFault::AnnotationMissing);
    for name in ["pkg_version", "stack_name", "build_jobs is not"] {
        assert!(shortfall.detail.contains(name), "{}", shortfall.detail);
    }
}

#[test]
fn a_build_without_a_pod_has_no_usage() {
    for series in [vec![], vec![series(&[("namespace", "pipeline")], &[1.0])]] {
        let shortfall = Annotated::read(&series).unwrap_err();
        assert_eq!(shortfall.fault, CollectionFault::PodMissing);
    }
}

#[test]
fn a_limit_of_cpu_may_be_absent_and_one_of_memory_may_not() {
    let memory = series(
        &[("resource", "memory"), ("unit", "byte"), ("node", "n1")],
        &[4e9],
    );
    let cpu = series(&[("resource", "cpu"), ("unit", "core")], &[2.0]);
    let limits = Limits::read(std::slice::from_ref(&memory)).unwrap();
    assert_eq!((limits.cpu, limits.memory), (None, 4e9));
    assert_eq!(limits.node.as_deref(), Some("n1"));

    let limits = Limits::read(&[cpu.clone(), memory.clone()]).unwrap();
    assert_eq!(limits.cpu, Some(2.0));

    let shortfall = Limits::read(std::slice::from_ref(&cpu)).unwrap_err();
    assert_eq!(shortfall.fault, CollectionFault::ResourcesMissing);
    assert!(Requests::read(&[cpu]).is_err());
    assert!(Requests::read(&[memory]).is_err());
}

#[test]
fn amounts_in_another_unit_are_not_guessed_at() {
    for (unit, amount) in [
        ("integer", 4e9),
        ("byte", f64::NAN),
        ("byte", -1.0),
        ("byte", 0.0),
    ] {
        let odd = series(&[("resource", "memory"), ("unit", unit)], &[amount]);
        let shortfall = Limits::read(&[odd]).unwrap_err();
        assert_eq!(
            shortfall.fault,
            CollectionFault::ResourcesMissing,
            "{unit} {amount}"
        );
    }
}

#[test]
fn a_machine_is_described_in_cores_and_bytes() {
    let [info, labels] = machine();
    let found = describe("n1", &[info], &[labels], Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((found.cores, found.memory), (16.0, 31_544e6));
    assert_eq!((found.arch.as_str(), found.os.as_str()), ("amd64", "linux"));
    assert_eq!(found.uuid, "ec2f1dc7-3a49");
    assert_eq!(
        (&*found.hostname, &*found.instance_type),
        ("n1", "m5.4xlarge")
    );
}

#[test]
fn a_machine_that_is_not_described_whole_is_missing() {
    let [info, labels] = machine();
    let mut no_number = labels.clone();
    let memory = "label_karpenter_k8s_aws_instance_memory".to_owned();
    no_number.labels.insert(memory, "NaN".into());
    let mut odd = info.clone();
    odd.labels.insert("system_uuid".into(), "a b\n".into());
    for (info, labels) in [
        (vec![], vec![labels.clone()]),
        (vec![info.clone()], vec![]),
        (vec![info], vec![no_number]),
        (vec![odd], vec![labels]),
    ] {
        let shortfall = describe("n1", &info, &labels, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(shortfall.fault, CollectionFault::NodeMissing);
    }
}

#[test]
fn times_span_some_time() {
    let at = |seconds| Some(Timestamp::from_second(seconds).unwrap());
    for (started, finished) in [(None, at(9)), (at(9), None), (at(9), at(9)), (at(9), at(8))] {
        let shortfall = Times::new(started, finished).unwrap_err();
        assert_eq!(shortfall.fault, CollectionFault::TimesUnusable);
    }
    assert_eq!(Times::new(at(10), at(15)).unwrap().middle(), 12.5);
}

#[test]
fn of_several_series_the_first_counts_and_all_are_counted() {
    let first = series(&[("id", "a")], &[1e9, 3e9]);
    let second = series(&[("id", "b")], &[7e9, 9e9]);
    let usage = recorded(
        &data(),
        measured(vec![first, second]),
        Timestamp::UNIX_EPOCH,
    )
    .unwrap();
    assert_eq!((usage.memory.mean, usage.cpu.mean), (2e9, 1.0));
    let requests = (usage.memory.request, usage.cpu.request);
    assert_eq!(requests, (Some(2e9), Some(1.0)));
    let data = data();
    assert_eq!((usage.git_ref, usage.status), (data.git_ref, data.status));
    let times = (usage.started_at, usage.finished_at);
    assert_eq!(times, (data.times.started_at, data.times.finished_at));
    assert_eq!(usage.memory.limit, Some(4e9));
    assert_eq!((usage.memory_series, usage.cpu_series), (2, 1));
    assert_eq!(usage.cpu.limit, None);
    assert_eq!(usage.node.as_deref(), Some("ec2f1dc7-3a49"));
    assert_eq!(usage.origin, "prometheus");
}

#[test]
fn a_series_without_samples_is_missing_and_a_constant_one_unusable() {
    for (memory, fault) in [
        (vec![], CollectionFault::SeriesMissing),
        (vec![series(&[], &[])], CollectionFault::SeriesMissing),
        (
            vec![series(&[], &[1e9, 1e9])],
            CollectionFault::SeriesUnusable,
        ),
    ] {
        let shortfall = recorded(&data(), measured(memory), Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(shortfall.fault, fault, "{}", shortfall.detail);
    }
}

#[test]
fn the_peak_of_a_killed_build_is_its_largest_sample() {
    let killed = |memory| Killed {
        annotated: Annotated::read(&[annotations()]).unwrap(),
        memory_request: None,
        limits: limits(),
        memory,
        evidence: Evidence::ContainerStatus,
    };
    let two = vec![series(&[], &[1e9, f64::NAN]), series(&[], &[3e9, 2e9])];
    let event = out_of_memory(&data(), killed(two), Timestamp::UNIX_EPOCH);
    assert_eq!((event.memory_peak, event.memory_limit), (Some(3e9), 4e9));
    assert_eq!(event.evidence, "container_status");
    let event = out_of_memory(&data(), killed(vec![]), Timestamp::UNIX_EPOCH);
    assert_eq!(event.memory_peak, None);
}

#[test]
fn only_reasons_about_memory_mean_out_of_memory() {
    for (reason, says) in [
        ("OOMKilled", true),
        ("oom_killed", true),
        ("out_of_memory", true),
        ("script_failure", false),
        ("unknown_failure", false),
        ("no room", false),
        ("bloom_filter_failure", false),
    ] {
        assert_eq!(says_out_of_memory(reason), says, "{reason}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_soup_of_labels_and_samples_is_read_or_named(
        pods in soup(), requests in soup(), limits in soup(), info in soup(), labels in soup(),
        memory in soup(), cpu in soup(),
    ) {
        let at = Timestamp::UNIX_EPOCH;
        let annotated = Annotated::read(&pods);
        let requests = Requests::read(&requests);
        let limits = Limits::read(&limits);
        if let Ok(described) = describe("n", &info, &labels, at) {
            prop_assert!(described.cores.is_finite() && described.memory.is_finite());
        }
        if let (Ok(annotated), Ok(requests), Ok(limits)) = (annotated, requests, limits) {
            let machine = Machine { uuid: "u".into(), hostname: "n".into() };
            let measured = Measured { annotated, requests, limits, machine, memory, cpu };
            if let Ok(usage) = recorded(&data(), measured, at) {
                // What is written can be read: JSON has no infinities.
                let text = serde_json::to_string(&usage).unwrap();
                prop_assert_eq!(serde_json::from_str::<UsageRecorded>(&text).unwrap(), usage);
            }
        }
    }
}

fn soup() -> impl Strategy<Value = Vec<Series>> {
    let names = annotations()
        .labels
        .into_keys()
        .chain(machine().into_iter().flat_map(|one| one.labels.into_keys()))
        .chain(["resource", "unit", "node"].map(str::to_owned))
        .collect::<Vec<_>>();
    let value = prop_oneof![
        Just("cpu".to_owned()),
        Just("memory".to_owned()),
        Just("core".to_owned()),
        Just("byte".to_owned()),
        "[0-9.e+-]{0,6}",
        "\\PC{0,8}",
    ];
    // Most labels are there, so that later checks are reached as well.
    let labels = proptest::collection::vec(proptest::option::weighted(0.98, value), names.len());
    let series = (labels, proptest::collection::vec(any::<f64>(), 0..5)).prop_map(
        move |(values, samples)| Series {
            labels: names
                .iter()
                .cloned()
                .zip(values)
                .filter_map(|(name, value)| Some((name, value?)))
                .collect::<BTreeMap<_, _>>(),
            samples,
        },
    );
    proptest::collection::vec(series, 0..5)
}

fn data() -> ReportedFacts {
    ReportedFacts {
        collection: 1,
        git_ref: "develop".into(),
        status: "success".into(),
        times: Times {
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: Timestamp::from_second(600).unwrap(),
        },
    }
}

fn measured(memory: Vec<Series>) -> Measured {
    Measured {
        annotated: Annotated::read(&[annotations()]).unwrap(),
        requests: Requests {
            cpu: 1.0,
            memory: 2e9,
        },
        limits: limits(),
        machine: Machine {
            uuid: "ec2f1dc7-3a49".into(),
            hostname: "n1".into(),
        },
        memory,
        cpu: vec![series(&[], &[0.5, 1.5])],
    }
}

fn limits() -> Limits {
    Limits {
        cpu: None,
        memory: 4e9,
        node: Some("n1".into()),
    }
}

fn annotations() -> Series {
    let spec = SPEC.map(|(name, value)| (format!("annotation_metrics_spack_job_{name}"), value));
    let mut found = series(
        &[
            ("pod", "runner-1"),
            ("annotation_metrics_spack_ci_stack_name", "e4s"),
        ],
        &[1.0],
    );
    found
        .labels
        .extend(spec.map(|(name, value)| (name, value.to_owned())));
    found
}

fn machine() -> [Series; 2] {
    let info = series(&[("node", "n1"), ("system_uuid", "ec2f1dc7-3a49")], &[1.0]);
    let labels = series(
        &[
            ("label_karpenter_k8s_aws_instance_cpu", "16"),
            ("label_karpenter_k8s_aws_instance_memory", "31544"),
            ("label_kubernetes_io_arch", "amd64"),
            ("label_kubernetes_io_os", "linux"),
            ("label_node_kubernetes_io_instance_type", "m5.4xlarge"),
        ],
        &[1.0],
    );
    [info, labels]
}

fn series(labels: &[(&str, &str)], samples: &[f64]) -> Series {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Series {
        labels: labels.iter().map(pair).collect(),
        samples: samples.to_vec(),
    }
}
