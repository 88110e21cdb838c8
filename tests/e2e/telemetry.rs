//! Telemetry, sent to an OTLP receiver (our own: Debian has none).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::server::{Server, WEBHOOK_TOKEN, hook};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

type Received = Arc<Mutex<Vec<(String, Bytes)>>>;

async fn receiver() -> (String, Received) {
    let received = Received::default();
    let router = Router::new()
        .route("/v1/{signal}", post(take))
        .with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), received)
}

async fn take(State(received): State<Received>, Path(signal): Path<String>, body: Bytes) {
    received.lock().unwrap().push((signal, body));
}

fn of<M: Message + Default>(received: &Received, signal: &str) -> Vec<M> {
    let received = received.lock().unwrap();
    let bodies = received.iter().filter(|(kind, _)| kind == signal);
    bodies
        .map(|(_, body)| M::decode(body.clone()).expect("it is protobuf"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_metrics_and_logs_reach_an_otlp_receiver() {
    let (endpoint, received) = receiver().await;
    let mut server = Server::start(&[
        ("TALLYMAN__TELEMETRY__OTLP_ENDPOINT", &endpoint),
        ("TALLYMAN__TELEMETRY__LOG", "debug"),
    ]);
    let posted = reqwest::Client::new()
        .post(server.url("/v1/collect"))
        .header("X-Gitlab-Event", "Job Hook")
        .header("X-Gitlab-Token", WEBHOOK_TOKEN)
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .json(&hook(1, "success"))
        .send()
        .await
        .unwrap();
    assert_eq!(posted.status(), 200);
    let event = server.get("/v1/events/2").await;
    let traceparent = event["metadata"]["traceparent"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        traceparent.contains(TRACE),
        "the event knows its trace: {event}"
    );
    // Stopping in order sends what is left.
    tokio::task::spawn_blocking(move || server.stop())
        .await
        .unwrap();

    let spans: Vec<_> = of::<ExportTraceServiceRequest>(&received, "traces")
        .into_iter()
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    let ours = spans.iter().find(|span| {
        span.name == "request"
            && span
                .trace_id
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<String>()
                == TRACE
    });
    assert!(
        ours.is_some(),
        "no request span in the caller's trace: {names:?}"
    );
    for name in ["append", "page"] {
        assert!(names.contains(&name), "no span `{name}`: {names:?}");
    }

    let metrics: Vec<String> = of::<ExportMetricsServiceRequest>(&received, "metrics")
        .into_iter()
        .flat_map(|request| request.resource_metrics)
        .flat_map(|resource| resource.scope_metrics)
        .flat_map(|scope| scope.metrics)
        .map(|metric| metric.name)
        .collect();
    for name in [
        "tallyman.log.events",
        "tallyman.log.head",
        "tallyman.commands",
        "tallyman.http.request.duration",
        "tallyman.projection.lag.events",
    ] {
        assert!(
            metrics.iter().any(|known| known == name),
            "{name} is not metered: {metrics:?}"
        );
    }
    let logs = of::<ExportLogsServiceRequest>(&received, "logs");
    let text = format!("{logs:?}");
    assert!(!logs.is_empty(), "no log line arrived");
    assert!(!text.contains(WEBHOOK_TOKEN), "a secret is in a log line");
}

#[tokio::test]
async fn prometheus_reads_the_same_meters() {
    let server = Server::start(&[]);
    server.collect(&hook(1, "success"), None).await;
    let text = reqwest::get(server.url("/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for name in [
        "tallyman_log_events_total",
        "tallyman_log_head",
        "tallyman_log_sync_time_seconds_total",
        "tallyman_http_request_duration_seconds_bucket",
        "tallyman_projection_lag_seconds",
        "tallyman_commands_total",
        "tallyman_log_queue_depth",
        "tallyman_views_disk_bytes",
    ] {
        assert!(text.contains(name), "{name} is not in:\n{text}");
    }
}

/// An alert on a meter that does not exist is silent for ever, which looks like health.
#[tokio::test]
async fn alerts_and_the_dashboard_ask_for_meters_that_there_are() {
    let server = Server::start(&[]);
    server.collect(&hook(1, "success"), None).await;
    // Without a pod's name nothing is to be found out, so this one has an outcome at once.
    server.collect(&hook(2, "failed"), None).await;
    server
        .get_until("/v1/builds/2", |build| !build["collection"].is_null())
        .await;
    // Answers are counted by level, so there must be one.
    let spec = "emacs%4029.2%20%2Bgui%20arch%3Dlinux-x86_64%25gcc%4012";
    let asked = reqwest::get(server.url(&format!("/v1/allocation?spec={spec}")));
    assert_eq!(asked.await.unwrap().status(), 200);
    let ops = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ops");
    let rules = ops.join("prometheus/alerts.yml");
    let checked = std::process::Command::new("promtool")
        .args(["check", "rules"])
        .arg(&rules)
        .output()
        .expect("promtool is installed by ops/test");
    assert!(checked.status.success(), "{checked:?}");

    let metrics = reqwest::get(server.url("/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let known: BTreeSet<&str> = metrics.split(['\n', '{', ' ']).collect();
    let part_of_a_name = |c: char| c.is_ascii_lowercase() || c == '_';
    for file in [rules, ops.join("grafana/tallyman.json")] {
        let text = std::fs::read_to_string(&file).unwrap();
        for (start, _) in text.match_indices("tallyman_") {
            let rest = &text[start..];
            let end = rest.find(|c| !part_of_a_name(c)).unwrap_or(rest.len());
            let name = &rest[..end];
            assert!(known.contains(name), "{} asks for {name}", file.display());
        }
    }
}
