//! The sections of `tallyman.toml`, their keys and defaults. `ops/tallyman.example.toml` explains them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// Where things lie.
    pub data: Data,
    /// The event log.
    pub log: Log,
    /// The read side.
    pub views: Views,
    /// Bodies too big for an event.
    pub blobs: BlobStore,
    /// Who may send webhooks, by name.
    pub sources: BTreeMap<String, Source>,
    /// The Prometheus that knows what builds used.
    pub prometheus: Prometheus,
    /// The GitLab that has the logs of jobs.
    pub gitlab: GitLab,
    /// How usage is collected.
    pub collector: Collector,
    /// How allocations are answered.
    pub allocation: Allocation,
    /// Logs, traces and metrics about ourselves.
    pub telemetry: Telemetry,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port; loopback unless told otherwise.
    pub listen: SocketAddr,
    /// The largest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// How long one request may take, in seconds.
    pub request_seconds_max: u64,
    /// How many requests may be under way at once; more are answered 503.
    pub requests_max: usize,
    /// How many requests one caller may make in a second on average; 0 is no limit.
    pub requests_per_second_max: u32,
    /// How many live event streams may be open at once.
    pub streams_max: usize,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// How long a handler waits for its own write to be visible, in milliseconds.
    pub patience_milliseconds: u64,
    /// How long requests under way may go on after the order to stop, in seconds.
    pub shutdown_seconds_max: u64,
    /// Whether `/metrics` is open to callers without a token.
    pub metrics_open: bool,
}

/// `[data]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The folder of everything that is kept.
    pub dir: PathBuf,
}

impl Data {
    /// Where the log's segments lie.
    pub fn log_dir(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Where the views lie; deleting it costs a rebuild.
    pub fn views_dir(&self) -> PathBuf {
        self.dir.join("views")
    }

    /// Where big bodies lie.
    pub fn blobs_dir(&self) -> PathBuf {
        self.dir.join("blobs")
    }
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Which engine keeps the log.
    pub backend: LogBackend,
    /// The size of one segment file, in bytes.
    pub segment_bytes: u64,
    /// How many appends may wait for the disk.
    pub queue_max: usize,
}

/// The engines that can keep the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogBackend {
    /// Segment files on this machine.
    File,
}

/// `[views]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// How much memory sled may use for pages, in bytes.
    pub cache_bytes: u64,
    /// After how many events folded rows are written out.
    pub commit_events: u64,
    /// After how many milliseconds folded rows are written out.
    pub commit_milliseconds: u64,
}

/// `[blobs]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobStore {
    /// Which store.
    pub backend: BlobBackend,
    /// The bucket, for S3.
    pub bucket: Option<String>,
    /// The region, for S3.
    pub region: Option<String>,
    /// The endpoint, for stores that speak S3.
    pub endpoint: Option<String>,
    /// The access key's id, for S3.
    pub access_key_id: Option<String>,
    /// The secret access key, for S3.
    pub secret_access_key: Option<SecretString>,
}

/// The stores that can keep blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobBackend {
    /// A folder on this machine.
    Local,
    /// Anything that speaks S3.
    S3,
}

/// `[sources.<name>]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The secret token, or several while one replaces another.
    #[serde(default)]
    pub token: OneOrMany,
    /// The signing token (`whsec_…`), or several.
    #[serde(default)]
    pub signing_token: OneOrMany,
    /// How far a signature's time may be from ours, in seconds; 0 accepts any, for recorded traffic.
    #[serde(default)]
    pub signature_seconds_max: Option<u64>,
}

/// One secret, or a list of secrets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// Not set.
    #[default]
    None,
    /// One.
    One(SecretString),
    /// Several; any is valid.
    Many(Vec<SecretString>),
}

impl OneOrMany {
    /// All of them.
    pub fn all(&self) -> Vec<SecretString> {
        match self {
            Self::None => Vec::new(),
            Self::One(secret) => vec![secret.clone()],
            Self::Many(secrets) => secrets.clone(),
        }
    }
}

/// `[prometheus]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prometheus {
    /// Base address, ending in `/api/v1`. Also `PROMETHEUS_URL`.
    pub url: Option<String>,
    /// Sent as the cookie `_oauth2_proxy`. Also `PROMETHEUS_COOKIE`.
    pub cookie: Option<SecretString>,
    /// How long one query may take, in seconds.
    pub seconds_max: u64,
}

/// `[gitlab]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitLab {
    /// Base address, ending in `/api/v4/projects/<id>`. Also `GITLAB_URL`.
    pub url: Option<String>,
    /// Sent as `PRIVATE-TOKEN`. Also `GITLAB_API_TOKEN`.
    pub token: Option<SecretString>,
    /// How long reading one log may take, in seconds.
    pub seconds_max: u64,
}

/// `[collector]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collector {
    /// Whether usage is collected at all.
    pub enabled: bool,
    /// Stages that build packages, as a regular expression.
    pub stage_pattern: String,
    /// Runners whose description begins so are outside of the measured cluster.
    pub runner_prefixes: Vec<String>,
    /// How many collections may be under way at once.
    pub concurrency_max: usize,
    /// How many attempts one collection gets.
    pub attempts_max: u32,
    /// The wait before the second attempt, in seconds; it doubles from there, with jitter.
    pub backoff_seconds: f64,
    /// The longest wait between attempts, in seconds.
    pub backoff_seconds_max: f64,
}

/// `[allocation]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// Which strategy answers.
    pub strategy: Strategy,
    /// How CPU is written.
    pub cpu_format: CpuFormat,
    /// Whether answers also carry `KUBERNETES_CPU_LIMIT` and `KUBERNETES_MEMORY_LIMIT`.
    pub limits: bool,
    /// Whether answers also carry `SPACK_BUILD_JOBS`.
    pub build_jobs: bool,
    /// The git refs that are learnt from; empty means all.
    pub refs: Vec<String>,
}

/// The strategies that can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// As Gantry does.
    Gantry,
    /// The least expected waste under the best-informed key.
    Ladder,
}

/// The two spellings of a Kubernetes CPU quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CpuFormat {
    /// `"11.779"`
    Cores,
    /// `"11779m"`
    Millicores,
}

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// What is logged: a level, or directives as `tracing` reads them.
    pub log: String,
    /// How it is written.
    pub log_format: LogFormat,
    /// Base address of an OTLP receiver (HTTP/protobuf), for example `http://127.0.0.1:4318`.
    pub otlp_endpoint: Option<String>,
    /// How often metrics are sent there, in seconds.
    pub otlp_metrics_seconds: u64,
    /// The share of requests that are traced, from 0 to 1.
    pub trace_ratio: f64,
    /// What we call ourselves.
    pub service_name: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}
