//! A real Prometheus on loopback, filled with what a test wants.
//!
//! Needs the binaries `prometheus` and `promtool`, in the PATH or named by `TALLYMAN_PROMETHEUS`
//! and `TALLYMAN_PROMTOOL`. A test that needs them and does not find them fails and says what to
//! do.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Samples in the text format of OpenMetrics.
#[derive(Default)]
pub struct Metrics(String);

impl Metrics {
    /// One sample of one series, at a unix time in seconds.
    pub fn sample(&mut self, metric: &str, labels: &[(&str, &str)], value: f64, at: i64) {
        self.0.push_str(metric);
        for (index, (name, value)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            let value = value.replace('\n', "\\n");
            write!(self.0, "{open}{name}=\"{value}\"").unwrap();
        }
        let close = if labels.is_empty() { "" } else { "}" };
        writeln!(self.0, "{close} {value} {at}").unwrap();
    }
}

/// A Prometheus that knows these samples. It ends when this is dropped.
pub struct TestPrometheus {
    /// What `PROMETHEUS_URL` would be.
    pub url: String,
    _child: Child,
    _directory: TempDir,
}

impl TestPrometheus {
    /// Starts it on a free port.
    pub async fn start(metrics: Metrics) -> Self {
        let directory = TempDir::new().unwrap();
        fill(directory.path(), metrics).await;
        // A free port may be taken by another process before it is used.
        for _ in 0..5 {
            if let Some((url, child)) = serve(directory.path()).await {
                return Self {
                    url,
                    _child: child,
                    _directory: directory,
                };
            }
        }
        panic!("prometheus does not start on any port");
    }
}

async fn fill(directory: &Path, Metrics(mut text): Metrics) {
    text.push_str("# EOF\n");
    let input = directory.join("samples.om");
    std::fs::write(&input, text).unwrap();
    let promtool = binary("TALLYMAN_PROMTOOL", "promtool");
    let output = Command::new(&promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&input, &directory.join("data")])
        .stdin(Stdio::null())
        .output();
    let output = output
        .await
        .unwrap_or_else(|error| missing(&promtool, &error));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{promtool} failed: {said}");
}

async fn serve(directory: &Path) -> Option<(String, Child)> {
    std::fs::write(directory.join("prometheus.yml"), "global: {}\n").unwrap();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let prometheus = binary("TALLYMAN_PROMETHEUS", "prometheus");
    let mut child = Command::new(&prometheus)
        .arg(format!("--web.listen-address={address}"))
        .arg(format!(
            "--config.file={}",
            directory.join("prometheus.yml").display()
        ))
        .arg(format!(
            "--storage.tsdb.path={}",
            directory.join("data").display()
        ))
        // The samples are as old as the builds, and would be thrown away.
        .arg("--storage.tsdb.retention.time=100y")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| missing(&prometheus, &error));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("Server is ready to receive web requests") {
                return true;
            }
        }
        false
    };
    let ready = tokio::time::timeout(PATIENCE, ready).await;
    if !ready.expect("prometheus is ready within a minute") {
        return None;
    }
    // A pipe without a reader would block it when full.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some((format!("http://{address}/api/v1"), child))
}

fn binary(variable: &str, name: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| name.to_owned())
}

fn missing(binary: &str, error: &std::io::Error) -> ! {
    panic!(
        "cannot run `{binary}`: {error}. This test needs Prometheus: install the package `prometheus` \
         (`apt-get install prometheus`), or set TALLYMAN_PROMETHEUS and TALLYMAN_PROMTOOL to its binaries"
    )
}
