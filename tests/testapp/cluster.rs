//! Metrics of builds as kube-state-metrics and cAdvisor write them.

use crate::prometheus::Metrics;

/// When every build starts: 2024-01-24T17:24:06Z.
pub const STARTED: i64 = 1_706_117_046;

/// When every build ends.
pub const FINISHED: i64 = STARTED + 600;

/// Why the container ended the last time, in newer kube-state-metrics.
pub const LAST_TERMINATED: &str = "kube_pod_container_status_last_terminated_reason";

/// The same, in older ones.
pub const TERMINATED: &str = "kube_pod_container_status_terminated_reason";

const GIB: f64 = 1_073_741_824.0;

/// One build in a cluster, as its series show it.
#[derive(Clone)]
pub struct Pod<'a> {
    /// Its number at GitLab.
    pub job: i64,
    /// The name of its pod.
    pub name: &'a str,
    /// The variants of its spec, if the runner annotates them.
    pub variants: Option<&'a str>,
    /// The jobs that `make` was given, if the runner annotates them.
    pub build_jobs: Option<&'a str>,
    /// Whether it has a limit of CPU.
    pub cpu_limit: bool,
    /// Whether it has a limit of memory.
    pub memory_limit: bool,
    /// What its memory does.
    pub memory: Memory,
    /// The metric that shows a kill for memory, if any.
    pub killed: Option<&'a str>,
    /// The node it runs on.
    pub node: &'a str,
}

/// What the memory of a build does.
#[derive(Clone, Copy, PartialEq)]
pub enum Memory {
    /// One container, with a peak of 3 GiB.
    Rising,
    /// 1 GiB all the time.
    Constant,
    /// No series.
    None,
    /// Never near its limit.
    Low,
    /// A peak at the limit.
    AtTheLimit,
    /// The container was restarted: two series.
    Restarted,
}

impl Pod<'_> {
    /// A build with everything.
    #[must_use]
    pub fn of(job: i64, name: &str) -> Pod<'_> {
        Pod {
            job,
            name,
            variants: Some("+json~native build_system=autotools patches=a1,b2"),
            build_jobs: Some("8"),
            cpu_limit: true,
            memory_limit: true,
            memory: Memory::Rising,
            killed: None,
            node: "ip-10-0-0-1",
        }
    }

    /// Adds its series.
    pub fn write(&self, metrics: &mut Metrics) {
        let job = self.job.to_string();
        let mut annotations = vec![
            ("namespace", "pipeline"),
            ("pod", self.name),
            ("annotation_gitlab_ci_job_id", &job),
            ("annotation_metrics_spack_ci_stack_name", "e4s"),
            (
                "annotation_metrics_spack_job_spec_arch",
                "linux-ubuntu22.04-x86_64_v3",
            ),
            ("annotation_metrics_spack_job_spec_pkg_name", "emacs"),
            ("annotation_metrics_spack_job_spec_pkg_version", "29.2"),
            ("annotation_metrics_spack_job_spec_compiler_name", "gcc"),
            (
                "annotation_metrics_spack_job_spec_compiler_version",
                "12.3.0",
            ),
        ];
        let variants = "annotation_metrics_spack_job_spec_variants";
        annotations.extend(self.variants.map(|text| (variants, text)));
        let build_jobs = "annotation_metrics_spack_job_build_jobs";
        annotations.extend(self.build_jobs.map(|text| (build_jobs, text)));
        for at in (STARTED..=FINISHED).step_by(30) {
            metrics.sample("kube_pod_annotations", &annotations, 1.0, at);
            self.write_resources(metrics, at);
        }
        for at in (STARTED..=FINISHED).step_by(15) {
            self.write_usage(metrics, at);
        }
        // Older versions keep a 0 for every reason that it was not.
        for metric in [LAST_TERMINATED, TERMINATED] {
            let killed = self.killed == Some(metric);
            let (out_of_memory, error) = if killed { (1.0, 0.0) } else { (0.0, 1.0) };
            for (reason, value) in [("OOMKilled", out_of_memory), ("Error", error)] {
                let labels = [
                    ("container", "build"),
                    ("pod", self.name),
                    ("reason", reason),
                ];
                metrics.sample(metric, &labels, value, FINISHED + 25);
            }
        }
    }

    fn write_resources(&self, metrics: &mut Metrics, at: i64) {
        let mut given = |metric: &str, resource: &str, unit: &str, amount: f64| {
            let labels = [
                ("container", "build"),
                ("node", self.node),
                ("pod", self.name),
                ("resource", resource),
                ("unit", unit),
            ];
            metrics.sample(metric, &labels, amount, at);
            // The helper container next to the build has its own, which do not count.
            let helper = [
                ("container", "helper"),
                ("pod", self.name),
                ("resource", resource),
            ];
            metrics.sample(metric, &helper, 0.25, at);
        };
        let (requests, limits) = (
            "kube_pod_container_resource_requests",
            "kube_pod_container_resource_limits",
        );
        given(requests, "cpu", "core", 0.75);
        given(requests, "memory", "byte", 2e9);
        if self.cpu_limit {
            given(limits, "cpu", "core", 4.0);
        }
        if self.memory_limit {
            given(limits, "memory", "byte", 4e9);
        }
    }

    fn write_usage(&self, metrics: &mut Metrics, at: i64) {
        let part = (at - STARTED) as f64 / (FINISHED - STARTED) as f64;
        let first = [("container", "build"), ("id", "/a"), ("pod", self.name)];
        let second = [("container", "build"), ("id", "/b"), ("pod", self.name)];
        let (bytes, seconds) = (
            "container_memory_working_set_bytes",
            "container_cpu_usage_seconds_total",
        );
        let (labels, gibibytes) = match self.memory {
            Memory::None => return,
            Memory::Constant => (&first, 1.0),
            Memory::Rising => (&first, 1.0 + 2.0 * part),
            Memory::Low => (&first, 0.2 + 0.6 * part),
            Memory::AtTheLimit => (&first, 1.0 + 2.7 * part),
            Memory::Restarted if part < 0.5 => (&first, 1.0 + part),
            Memory::Restarted => (&second, 2.0 + part),
        };
        metrics.sample(bytes, labels, gibibytes * GIB, at);
        // Half a core at first, one and a half in the end.
        let used = (0.5 * part + 0.5 * part * part) * 600.0;
        metrics.sample(seconds, &first, used, at);
    }
}

/// The machine of all builds.
pub fn write_node(metrics: &mut Metrics, node: &str) {
    let labels = [
        ("node", node),
        ("label_karpenter_k8s_aws_instance_cpu", "16"),
        ("label_karpenter_k8s_aws_instance_memory", "31544"),
        ("label_kubernetes_io_arch", "amd64"),
        ("label_kubernetes_io_os", "linux"),
        ("label_node_kubernetes_io_instance_type", "m5.4xlarge"),
    ];
    let info = [
        ("node", node),
        ("system_uuid", "ec2f1dc7-3a49-4bd7-9e41-0f7a3b6c5d21"),
    ];
    for at in (STARTED..=FINISHED).step_by(60) {
        metrics.sample("kube_node_info", &info, 1.0, at);
        metrics.sample("kube_node_labels", &labels, 1.0, at);
    }
}
