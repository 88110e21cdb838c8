//! A Prometheus with one build, which records its requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::gitlab::serve_app;

/// Its requests, and how often it still fails.
#[derive(Clone, Default)]
pub(crate) struct Canned {
    asked: Arc<Mutex<Vec<Asked>>>,
    failures_left: Arc<AtomicUsize>,
}

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) cookie: Option<String>,
    pub(crate) accept_encoding: Option<String>,
}

impl Canned {
    /// Answers 503 this many times, and then rightly.
    pub(crate) fn failing(times: usize) -> Self {
        let canned = Self::default();
        canned.failures_left.store(times, Ordering::SeqCst);
        canned
    }

    /// Serves, and returns what `PROMETHEUS_URL` would be.
    pub(crate) async fn serve(&self) -> String {
        let app = Router::new()
            .route("/api/v1/query", get(query))
            .route("/api/v1/query_range", get(query))
            .with_state(self.clone());
        format!("{}/api/v1", serve_app(app).await)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }
}

async fn query(
    State(canned): State<Canned>,
    OriginalUri(uri): OriginalUri,
    Query(parameters): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let result = answer(&parameters["query"]);
    let header = |name: &str| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    canned.asked.lock().push(Asked {
        target: uri.to_string(),
        parameters,
        cookie: header("cookie"),
        accept_encoding: header("accept-encoding"),
    });
    let left = &canned.failures_left;
    let fewer = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
        left.checked_sub(1)
    });
    if fewer.is_ok() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let data = json!({"resultType": "any", "result": result});
    json!({"status": "success", "data": data})
        .to_string()
        .into_response()
}

/// The longest metric name in the query selects the answer.
fn answer(query: &str) -> Value {
    let prefix = "annotation_metrics_spack_job_spec_";
    let mut pod = json!({"pod": "pod-1", "annotation_metrics_spack_ci_stack_name": "e4s"});
    for (name, value) in [
        ("pkg_name", "zlib"),
        ("pkg_version", "1.3"),
        ("variants", "+pic"),
        ("compiler_name", "gcc"),
        ("compiler_version", "12"),
        ("arch", "linux-ubuntu22.04-x86_64_v3"),
    ] {
        pod[format!("{prefix}{name}")] = json!(value);
    }
    let one = |metric: Value, value: &str| json!([{"metric": metric, "value": [1, value]}]);
    if query.starts_with("kube_pod_annotations") {
        one(pod, "1")
    } else if query.starts_with("kube_pod_container_resource") {
        json!([
            {"metric": {"resource": "cpu", "unit": "core"}, "value": [1, "1"]},
            {"metric": {"resource": "memory", "unit": "byte", "node": "n1"}, "value": [1, "4e9"]},
        ])
    } else if query.starts_with("kube_node_info") {
        one(json!({"system_uuid": "u-1"}), "1")
    } else if query.starts_with("kube_node_labels") {
        let labels = json!({
            "label_karpenter_k8s_aws_instance_cpu": "16",
            "label_karpenter_k8s_aws_instance_memory": "31544",
            "label_kubernetes_io_arch": "amd64",
            "label_kubernetes_io_os": "linux",
            "label_node_kubernetes_io_instance_type": "m5.4xlarge",
        });
        one(labels, "1")
    } else if query.starts_with("kube_pod_container_status") {
        json!([])
    } else {
        json!([{"metric": {}, "values": [[1, "1"], [2, "2"], [3, "3"]]}])
    }
}
