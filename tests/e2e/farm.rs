//! A farm behind the server: builds that a real Prometheus knows, and their webhooks.

use serde_json::{Value, json};

use testapp::cluster::{LAST_TERMINATED, Memory, Pod, write_node};
use testapp::prometheus::{Metrics, TestPrometheus};

/// The first build that used something.
pub(crate) const FIRST: i64 = 9_001;

/// How many builds used something.
pub(crate) const BUILDS: i64 = 6;

/// A build whose pod has no samples.
pub(crate) const WITHOUT_SAMPLES: i64 = 9_101;

/// A build that was killed for memory.
pub(crate) const KILLED: i64 = 9_102;

/// A build that is unknown in the cluster.
pub(crate) const UNKNOWN: i64 = 9_103;

/// Starts a Prometheus that knows the farm.
pub(crate) async fn prometheus() -> TestPrometheus {
    let mut metrics = Metrics::default();
    for number in FIRST..FIRST + BUILDS {
        let name = format!("runner-{number}");
        Pod::of(number, &name).write(&mut metrics);
    }
    let mut without = Pod::of(WITHOUT_SAMPLES, "runner-without");
    without.memory = Memory::None;
    without.write(&mut metrics);
    let mut killed = Pod::of(KILLED, "runner-killed");
    killed.killed = Some(LAST_TERMINATED);
    killed.write(&mut metrics);
    write_node(&mut metrics, "ip-10-0-0-1");
    TestPrometheus::start(metrics).await
}

/// The webhook of a build of the farm.
pub(crate) fn hook(build_id: i64, status: &str) -> Value {
    json!({
        "object_kind": "build",
        "build_id": build_id,
        "build_name": "emacs@29.2 /abcdefg",
        "build_stage": "stage-3",
        "build_status": status,
        "build_created_at": "2024-01-24 17:23:00 UTC",
        "build_started_at": "2024-01-24 17:24:06 UTC",
        "build_finished_at": "2024-01-24 17:34:06 UTC",
        "ref": "develop",
        "runner": {"id": 412, "description": "cluster-runner-7"},
        "project_id": 2,
    })
}

/// The farm's package, as a CI generator requests it.
pub(crate) const SPEC: &str = "/v1/allocation?spec=emacs%4029.2%20+json~native%20build_system=autotools%20patches=a1,b2%20arch=linux-ubuntu22.04-x86_64_v3%25gcc%4012.3.0";
