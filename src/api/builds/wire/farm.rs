//! Usage records, machines and packages, as the API shows them.

use ::projections::builds::nodes::NodeRow;
use ::projections::builds::packages::{PackageRow, Quantiles as Found};
use ::projections::builds::usage::UsageRow;
use domain::builds::build::ResourceUsage;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The usage record of a build.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Usage {
    /// The build.
    #[schema(example = "default:9892514")]
    pub build: String,
    /// Origin of the record: `prometheus` or `import:gantry`.
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
    /// The number of parallel jobs that `make` was allowed.
    pub build_jobs: u32,
    /// Number of earlier tries.
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
    /// Position of its event.
    pub position: u64,
}

/// One resource of one build.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Resource {
    /// The request.
    pub request: Option<f64>,
    /// The limit.
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

/// A machine that builds run on, as last described.
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
    /// The instance type, as the cloud names it.
    pub instance_type: String,
    /// When it was first described.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// The resource needs of a package's builds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Number of builds with a usage record.
    pub builds: u64,
    /// Number of builds that were killed for memory.
    pub out_of_memory: u64,
    /// The highest memory of any build, in bytes; of a killed one its limit.
    pub memory_peak: f64,
    /// The most cores used by any build.
    pub cpu_peak: f64,
    /// Quantiles of the memory peaks, in bytes.
    pub memory: Option<Quantiles>,
    /// Quantiles of the mean cores.
    pub cpu: Option<Quantiles>,
    /// Quantiles of the durations, in seconds.
    pub duration: Option<Quantiles>,
    /// Requested and used resources.
    pub waste: Waste,
    /// Growth of the memory peaks of the newest builds against earlier ones, as a share.
    pub trend: Option<f64>,
    /// The versions that were built last, newest first.
    pub versions: Vec<Version>,
    /// When the first known build of it ended.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When the latest build of it ended.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
}

/// Quantiles of a quantity.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// 90 % of the values are below.
    pub p90: f64,
    /// 95 % of the values are below.
    pub p95: f64,
    /// 99 % of the values are below.
    pub p99: f64,
}

/// Requested and unused resources. Memory in gigabyte hours, CPU in core hours.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Waste {
    /// Requested above the peak.
    pub memory_unused: f64,
    /// Used above the request.
    pub memory_over: f64,
    /// Used on average.
    pub memory_used: f64,
    /// Requested by builds that were killed; all of it is wasted.
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

impl From<ResourceUsage> for Resource {
    fn from(usage: ResourceUsage) -> Self {
        let ResourceUsage {
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
