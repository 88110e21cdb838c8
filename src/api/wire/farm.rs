//! What builds used, what they run on, and what that says about packages.

use ::projections::builds::nodes::NodeRow;
use ::projections::builds::packages::{PackageRow, Quantiles as Found};
use ::projections::builds::usage::{UsageOf, UsageRow};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// What one build used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Usage {
    /// The build.
    #[schema(example = "default:9892514")]
    pub build: String,
    /// Where the record comes from: `prometheus` or `import:gantry`.
    pub origin: String,
    /// The pod it ran in.
    pub pod: String,
    /// The machine's `system_uuid`, when it is known.
    pub node: Option<String>,
    /// The machine's name, when it is known.
    pub hostname: Option<String>,
    /// The package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its variants as canonical JSON text.
    pub variants: String,
    /// The compiler.
    pub compiler: String,
    /// The compiler's version.
    pub compiler_version: String,
    /// The target architecture.
    pub arch: String,
    /// The stack it belongs to.
    pub stack: String,
    /// How many jobs `make` was allowed.
    pub build_jobs: u32,
    /// Which try this was, from 0.
    pub retry_count: u32,
    /// The git ref.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    pub finished_at: Timestamp,
    /// Cores.
    pub cpu: Resource,
    /// Bytes.
    pub memory: Resource,
    /// Where it stands in the log.
    pub position: u64,
}

/// One resource of one build.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Resource {
    /// What was requested.
    pub request: Option<f64>,
    /// What it was limited to.
    pub limit: Option<f64>,
    /// Mean of the samples.
    pub mean: f64,
    /// Median of the samples.
    pub median: f64,
    /// Largest sample.
    pub max: f64,
    /// Smallest sample.
    pub min: f64,
    /// Population standard deviation of the samples.
    pub stddev: f64,
}

/// A machine that builds run on, as it was last described.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Node {
    /// Its `system_uuid`.
    pub uuid: String,
    /// Its name.
    pub hostname: String,
    /// Cores.
    pub cores: f64,
    /// Bytes.
    pub memory: f64,
    /// The architecture, as Kubernetes names it.
    pub arch: String,
    /// The operating system.
    pub os: String,
    /// What the cloud calls this kind of machine.
    pub instance_type: String,
    /// When it was first described.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When it was last described; it has not changed since.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// What the builds of one package need.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// How many builds of it have a usage record.
    pub builds: u64,
    /// How many were killed because they needed more memory than they were allowed.
    pub out_of_memory: u64,
    /// The most bytes that any build used, or was killed at.
    pub memory_peak: f64,
    /// The most cores that any build used.
    pub cpu_peak: f64,
    /// How the largest memory samples are spread, in bytes.
    pub memory: Option<Quantiles>,
    /// How the mean cores are spread.
    pub cpu: Option<Quantiles>,
    /// How the durations are spread, in seconds.
    pub duration: Option<Quantiles>,
    /// What was requested and used.
    pub waste: Waste,
    /// How much more the newest builds needed at their peaks than those before, as a share.
    pub trend: Option<f64>,
    /// The versions that were built last, the newest first.
    pub versions: Vec<Version>,
    /// When the first known build of it ended.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When the latest build of it ended.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
}

/// How a quantity is spread.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Quantiles {
    /// Half lie below.
    pub p50: f64,
    /// Nine of ten lie below.
    pub p90: f64,
    /// Nineteen of twenty lie below.
    pub p95: f64,
    /// Ninety-nine of a hundred lie below.
    pub p99: f64,
}

/// What was requested and not used. Memory in gigabyte hours, CPU in core hours.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Waste {
    /// Requested above the peak.
    pub memory_unused: f64,
    /// Used above the request.
    pub memory_over: f64,
    /// Used on average.
    pub memory_used: f64,
    /// Requested by builds that were killed: all of it was for nothing.
    pub memory_killed: f64,
    /// Requested above the mean.
    pub cpu_unused: f64,
    /// Used above the request.
    pub cpu_over: f64,
    /// Used on average.
    pub cpu_used: f64,
}

/// A version that was built.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PackageVersion)]
pub struct Version {
    /// The version.
    pub version: String,
    /// When the latest build of it ended.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
}

impl Usage {
    /// Shows a record.
    #[must_use]
    pub fn of(row: UsageRow) -> Self {
        Self {
            build: row.key.to_string(),
            origin: row.origin,
            pod: row.pod,
            node: row.node,
            hostname: row.hostname,
            package: row.package,
            version: row.version,
            variants: row.variants,
            compiler: row.compiler,
            compiler_version: row.compiler_version,
            arch: row.arch,
            stack: row.stack,
            build_jobs: row.build_jobs,
            retry_count: row.retry_count,
            git_ref: row.git_ref,
            started_at: row.started_at,
            finished_at: row.finished_at,
            cpu: row.cpu.into(),
            memory: row.memory.into(),
            position: row.position.0,
        }
    }
}

impl From<UsageOf> for Resource {
    fn from(usage: UsageOf) -> Self {
        let UsageOf {
            request,
            limit,
            mean,
            median,
            max,
            min,
            stddev,
        } = usage;
        Self {
            request,
            limit,
            mean,
            median,
            max,
            min,
            stddev,
        }
    }
}

impl Node {
    /// Shows a machine.
    #[must_use]
    pub fn of(row: NodeRow) -> Self {
        Self {
            uuid: row.uuid,
            hostname: row.hostname,
            cores: row.cores,
            memory: row.memory,
            arch: row.arch,
            os: row.os,
            instance_type: row.instance_type,
            first_at: row.first_at,
            at: row.at,
        }
    }
}

impl Package {
    /// Shows a package.
    #[must_use]
    pub fn of(row: PackageRow) -> Self {
        let trend = row.trend();
        let waste = row.waste;
        Self {
            memory: row.memory_max.quantiles().map(Quantiles::from),
            cpu: row.cpu_mean.quantiles().map(Quantiles::from),
            duration: row.duration.quantiles().map(Quantiles::from),
            name: row.name,
            builds: row.builds,
            out_of_memory: row.out_of_memory,
            memory_peak: row.memory_peak,
            cpu_peak: row.cpu_peak,
            waste: Waste {
                memory_unused: waste.memory_unused,
                memory_over: waste.memory_over,
                memory_used: waste.memory_used,
                memory_killed: waste.memory_killed,
                cpu_unused: waste.cpu_unused,
                cpu_over: waste.cpu_over,
                cpu_used: waste.cpu_used,
            },
            trend,
            versions: row
                .versions
                .into_iter()
                .map(|seen| Version {
                    version: seen.version,
                    last_at: seen.last_at,
                })
                .collect(),
            first_at: row.first_at,
            last_at: row.last_at,
        }
    }
}

impl From<Found> for Quantiles {
    fn from(found: Found) -> Self {
        let Found { p50, p90, p95, p99 } = found;
        Self { p50, p90, p95, p99 }
    }
}
