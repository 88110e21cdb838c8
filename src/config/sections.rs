//! The sections of `tallyman.toml`, their keys and defaults. `ops/tallyman.example.toml` explains
//! them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};

use super::secrets::{HIDDEN, SecretUrl, hidden};

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The HTTP server.
    pub(crate) server: Server,
    /// Where things lie.
    pub(crate) data: Data,
    pub(crate) log: Log,
    /// The read side.
    pub(crate) views: Views,
    /// Bodies too big for an event.
    pub(crate) blobs: BlobStore,
    /// Who may send webhooks, by name.
    pub(crate) sources: BTreeMap<String, Source>,
    /// The Prometheus that knows what builds used.
    pub(crate) prometheus: Prometheus,
    /// The GitLab that has the logs of jobs.
    pub(crate) gitlab: GitLab,
    /// How usage is collected.
    pub(crate) collector: Collector,
    pub(crate) allocation: Allocation,
    /// Job-runner's API, and what runs its jobs.
    pub(crate) jobrunner: JobRunner,
    /// Logs, traces and metrics about ourselves.
    pub(crate) telemetry: Telemetry,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// Address and port; loopback by default.
    pub(crate) listen: SocketAddr,
    /// The largest body of a request, in bytes.
    pub(crate) body_bytes_max: usize,
    /// How many bytes of refused bodies are kept of each source; the oldest are dropped.
    pub(crate) refused_bytes_max: u64,
    /// How long one request may take, in seconds.
    pub(crate) request_seconds_max: u64,
    /// How many clients may be connected at once; more wait until one leaves.
    pub(crate) connections_max: usize,
    /// How many of them one address may have; more are refused.
    pub(crate) connections_per_address_max: usize,
    /// The same for this machine and for `trusted_proxies`; 0 is no limit but `connections_max`.
    pub(crate) connections_per_trusted_address_max: usize,
    /// How long a client may take for the head of a request, in seconds, whatever it sends
    /// meanwhile.
    pub(crate) head_seconds_max: u64,
    /// How long a connection may be unused between two requests, in seconds.
    pub(crate) idle_seconds_max: u64,
    /// How long a client may read nothing of what is sent to it, in seconds.
    pub(crate) write_seconds_max: u64,
    /// How many requests may be under way at once; more are answered 503.
    pub(crate) requests_max: usize,
    /// How many requests one caller may make in a second on average; 0 is no limit.
    pub(crate) requests_per_second_max: u32,
    /// How many live event streams may be open at once.
    pub(crate) streams_max: usize,
    /// How many of them one token may have, or one address without a token; a quarter of them when
    /// not given.
    pub(crate) streams_per_caller_max: Option<usize>,
    /// How long a live event stream waits for its reader to read before it is cut off, in seconds.
    pub(crate) stream_stall_seconds_max: u64,
    /// How many bytes of answers may wait to be read by their clients; more are answered 503.
    pub(crate) response_bytes_max: usize,
    /// Addresses and ranges whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<web::Network>,
    /// How long a handler waits for its own write to be visible, in milliseconds.
    pub(crate) patience_milliseconds: u64,
    /// How long requests under way may go on after the order to stop, in seconds.
    pub(crate) shutdown_seconds_max: u64,
    /// Whether `/metrics` is open to callers without a token.
    pub(crate) metrics_open: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Data {
    /// The folder of everything that is kept.
    pub(crate) dir: PathBuf,
}

impl Data {
    /// Where the log's segments lie.
    pub(crate) fn log_dir(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Where it is recorded how far the log has come.
    pub(crate) fn head_record(&self) -> PathBuf {
        self.dir.join("head.json")
    }

    /// Where the views lie; deleting it costs a rebuild.
    pub(crate) fn views_dir(&self) -> PathBuf {
        self.dir.join("views")
    }

    /// Where big bodies lie.
    pub(crate) fn blobs_dir(&self) -> PathBuf {
        self.dir.join("blobs")
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// Which engine keeps the log.
    pub(crate) backend: LogBackend,
    /// The size of one segment file, in bytes.
    pub(crate) segment_bytes: u64,
    /// How many appends may wait for the disk.
    pub(crate) queue_max: usize,
}

/// The engines that can keep the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogBackend {
    /// Segment files on this machine.
    File,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Views {
    /// How much memory blocks of rows that were read lately may take up, in bytes.
    pub(crate) cache_bytes: u64,
    /// After how many events folded rows are written out.
    pub(crate) commit_events: u64,
    /// After how many milliseconds folded rows are written out.
    pub(crate) commit_milliseconds: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlobStore {
    pub(crate) backend: BlobBackend,
    pub(crate) bucket: Option<String>,
    /// What every name in the bucket begins with, for S3.
    pub(crate) prefix: Option<String>,
    pub(crate) region: Option<String>,
    /// The endpoint, for stores that speak S3.
    pub(crate) endpoint: Option<SecretUrl>,
    /// The access key's id, for S3.
    pub(crate) access_key_id: Option<String>,
    /// The secret access key, for S3.
    #[serde(serialize_with = "hidden")]
    pub(crate) secret_access_key: Option<SecretString>,
}

/// The stores that can keep blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BlobBackend {
    /// A folder on this machine.
    Local,
    /// Anything that speaks S3.
    S3,
}

/// `[sources.<name>]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// The secret token, or several while one replaces another.
    #[serde(default)]
    pub(crate) token: OneOrMany,
    /// The signing token (`whsec_…`), or several.
    #[serde(default)]
    pub(crate) signing_token: OneOrMany,
    /// How far a signature's time may be from ours, in seconds; 0 accepts any, for recorded
    /// traffic.
    #[serde(default)]
    pub(crate) signature_seconds_max: Option<u64>,
}

/// One secret, or a list of secrets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    /// Not set.
    #[default]
    None,
    One(SecretString),
    /// Several; any is valid.
    Many(Vec<SecretString>),
}

impl OneOrMany {
    pub(crate) fn all(&self) -> Vec<SecretString> {
        match self {
            Self::None => Vec::new(),
            Self::One(secret) => vec![secret.clone()],
            Self::Many(secrets) => secrets.clone(),
        }
    }
}

impl Serialize for OneOrMany {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::One(_) => serializer.serialize_str(HIDDEN),
            Self::Many(secrets) => serializer.collect_seq(secrets.iter().map(|_| HIDDEN)),
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prometheus {
    /// Base address, ending in `/api/v1`. Also `PROMETHEUS_URL`.
    pub(crate) url: Option<SecretUrl>,
    /// Sent as the cookie `_oauth2_proxy`. Also `PROMETHEUS_COOKIE`.
    #[serde(serialize_with = "hidden")]
    pub(crate) cookie: Option<SecretString>,
    /// How long one query may take, in seconds.
    pub(crate) seconds_max: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitLab {
    /// Base address, ending in `/api/v4/projects/<id>`. Also `GITLAB_URL`.
    pub(crate) url: Option<SecretUrl>,
    /// Sent as `PRIVATE-TOKEN`. Also `GITLAB_API_TOKEN`.
    #[serde(serialize_with = "hidden")]
    pub(crate) token: Option<SecretString>,
    /// How long reading one log may take, in seconds.
    pub(crate) seconds_max: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collector {
    /// Whether usage is collected at all.
    pub(crate) enabled: bool,
    /// Stages that build packages, as a regular expression.
    pub(crate) stage_pattern: String,
    /// Runners whose description begins so are outside of the measured cluster.
    pub(crate) runner_prefixes: Vec<String>,
    /// How many collections may be under way at once.
    pub(crate) concurrency_max: usize,
    /// How many attempts one collection gets.
    pub(crate) attempts_max: u32,
    /// The wait before the second attempt, in seconds; it doubles from there, with jitter.
    pub(crate) backoff_seconds: f64,
    /// The longest wait between attempts, in seconds.
    pub(crate) backoff_seconds_max: f64,
    /// How long after its end a failed build may still turn out to have been killed for memory, in
    /// seconds.
    pub(crate) settle_seconds: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allocation {
    /// Which strategy answers when no trained model was promoted.
    pub(crate) strategy: Strategy,
    /// Which strategy also computes answers, which are recorded but not returned.
    pub(crate) shadow: Option<Strategy>,
    /// Of which share of specs the answers are recorded, from 0 to 1.
    pub(crate) record_ratio: f64,
    /// What an hour of one GB of memory costs; 0 when it is not known.
    pub(crate) price_gb_hour: f64,
    /// What an hour of one core costs.
    pub(crate) price_core_hour: f64,
    pub(crate) cpu_format: CpuFormat,
    /// Whether answers also carry `KUBERNETES_CPU_LIMIT` and `KUBERNETES_MEMORY_LIMIT`.
    pub(crate) limits: bool,
    /// Whether answers also carry `SPACK_BUILD_JOBS`.
    pub(crate) build_jobs: bool,
    /// The git refs that are learnt from; empty means all.
    pub(crate) refs: Vec<String>,
}

/// The strategies that can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Strategy {
    Gantry,
    /// The least expected waste under the best-informed key.
    Ladder,
}

/// The two spellings of a Kubernetes CPU quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CpuFormat {
    /// `"11.779"`
    Cores,
    /// `"11779m"`
    Millicores,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRunner {
    /// Whether its API is there at all.
    pub(crate) enabled: bool,
    /// The zone whose clock dates without an offset mean, and by which jobs repeat.
    pub(crate) time_zone: String,
    /// Whether a worker's key is enough to create and change jobs.
    pub(crate) job_writes_by_workers: bool,
    /// The port to which workers listen. The default is 5556 if that is free; 0 is any free port.
    pub(crate) broadcaster_port: Option<u16>,
    /// The port to which workers send their events. The default is 5555 if that is free.
    pub(crate) event_port: Option<u16>,
    /// How many connections one address may have to each of these ports.
    pub(crate) peers_per_address_max: usize,
    /// How often workers are pinged, in seconds.
    pub(crate) ping_seconds: u64,
    /// How much longer than its pings a worker may be silent, in seconds.
    pub(crate) ping_margin_seconds: u64,
    /// How many pings a worker may leave unanswered.
    pub(crate) unresponsive_intervals: u32,
    /// How often it is looked whether workers are silent, in seconds.
    pub(crate) health_seconds: u64,
    /// How often a message without a reaction is sent again, in seconds.
    pub(crate) round_seconds: u64,
    /// The recipients of all failure mails.
    pub(crate) administrators: Vec<String>,
    /// With what links in mails begin.
    pub(crate) host_name: String,
    pub(crate) mail: JobRunnerMail,
}

/// The port on which workers listen, when none is configured.
pub(crate) const BROADCASTER_PORT: u16 = 5556;

/// The port on which workers report what they do, when none is configured.
pub(crate) const EVENT_PORT: u16 = 5555;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRunnerMail {
    /// The server that takes mails; without one, none are sent.
    pub(crate) smtp_url: Option<SecretUrl>,
    /// Whom they come from.
    pub(crate) sender: String,
}

impl JobRunner {
    /// The zone, from the machine's database of zones or from the built-in one; none when neither
    /// has it.
    pub(crate) fn time_zone(&self) -> Option<TimeZone> {
        commands::time_zone(&self.time_zone)
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// What is logged: a level, or directives as `tracing` reads them.
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    /// Base address of an OTLP receiver (HTTP/protobuf), for example `http://127.0.0.1:4318`.
    pub(crate) otlp_endpoint: Option<SecretUrl>,
    /// How often metrics are sent there, in seconds.
    pub(crate) otlp_metrics_seconds: u64,
    /// The share of requests that are traced, from 0 to 1.
    pub(crate) trace_ratio: f64,
    /// What we call ourselves.
    pub(crate) service_name: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}
