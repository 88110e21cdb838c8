//! Turns rows into events of machines and builds.

use std::collections::HashMap;

use allocation::Variants;
use domain::builds::build::{BuildKey, BuiltSpec, OutOfMemory, ResourceUsage, UsageRecorded};
use domain::builds::node::Described;
use eventlog::StreamName;
use jiff::Timestamp;
use rusqlite::types::ValueRef;

use super::{Refused, cell};
use crate::ToolError;

/// The number of make jobs where the database has none.
const BUILD_JOBS_DEFAULT: u32 = 16;

/// The origin that these records name.
pub(super) const ORIGIN: &str = "import:gantry";

/// A row that can be taken.
#[derive(Debug)]
pub(super) enum Row {
    Node(Described),
    Used(BuildKey, Box<UsageRecorded>),
    Killed(BuildKey, Box<OutOfMemory>),
    /// A build of which nothing is learnt, and why.
    LeftOut(Refused),
}

/// A row that cannot.
#[derive(Debug)]
pub(super) struct Flaw(pub Refused);

impl From<Flaw> for ToolError {
    fn from(Flaw(refused): Flaw) -> Self {
        let Refused {
            table,
            row,
            column,
            reason,
        } = refused;
        Self::Row {
            table,
            row,
            column,
            reason,
        }
    }
}

/// The cells of one row, by the names of their columns.
pub(super) struct Cells<'r> {
    pub table: &'static str,
    pub columns: &'r [&'static str],
    pub row: &'r rusqlite::Row<'r>,
    pub number: i64,
}

impl Cells<'_> {
    fn read<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(ValueRef<'_>) -> Result<T, String>,
    ) -> Result<T, Flaw> {
        let place = self.columns.iter().position(|name| *name == column);
        let cell = place.map_or(Ok(ValueRef::Null), |place| self.row.get_ref(place + 1));
        let value = cell.map_err(|error| error.to_string()).and_then(read);
        value.map_err(|reason| self.flaw(column, reason))
    }

    /// A cell that may be NULL, or whose column may not be there.
    fn read_or<T>(
        &self,
        column: &'static str,
        or: T,
        read: impl FnOnce(ValueRef<'_>) -> Result<T, String>,
    ) -> Result<T, Flaw> {
        self.read(column, |cell| match cell {
            ValueRef::Null => Ok(or),
            cell => read(cell),
        })
    }

    fn flaw(&self, column: &'static str, reason: String) -> Flaw {
        let (table, row) = (self.table, self.number);
        Flaw(Refused {
            table,
            row,
            column,
            reason,
        })
    }
}

/// The machine in a job's row.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub uuid: String,
    pub hostname: String,
}

/// Machines by the number of their row, and by their uuid.
#[derive(Default)]
pub(super) struct Machines {
    pub by_row: HashMap<i64, Machine>,
    pub by_uuid: HashMap<String, i64>,
}

pub(super) fn node(cells: &Cells<'_>, at: Timestamp) -> Result<Described, Flaw> {
    let uuid = cells.read("uuid", cell::name)?;
    let stream = StreamName::new("node", &uuid);
    stream.map_err(|error| cells.flaw("uuid", error.to_string()))?;
    Ok(Described {
        uuid,
        hostname: cells.read("hostname", cell::name)?,
        cores: cells.read("cores", cell::amount)?,
        memory: cells.read("mem", cell::amount)?,
        arch: cells.read("arch", cell::text)?,
        os: cells.read("os", cell::text)?,
        instance_type: cells.read("instance_type", cell::text)?,
        at,
    })
}

/// The one status of which is learnt what builds use.
const SUCCESS: &str = "success";

/// A row of `jobs`. A build that was killed for memory shows only that its limit did not suffice.
/// Any other failed build shows nothing: it ended early, or its usage was wrong.
pub(super) fn job(cells: &Cells<'_>, source: &str, machines: &Machines) -> Result<Row, Flaw> {
    let was_killed = cells.read_or("oomed", false, cell::flag)?;
    let status = cells.read("job_status", cell::name)?;
    if !was_killed && status != SUCCESS {
        let reason = format!("is `{status}`: only the usage of successful builds is imported");
        let Flaw(left_out) = cells.flaw("job_status", reason);
        return Ok(Row::LeftOut(left_out));
    }
    let build = Build::read(cells, source, machines)?;
    Ok(if was_killed {
        let (key, killed) = killed(cells, build)?;
        Row::Killed(key, Box::new(killed))
    } else {
        let (key, usage) = used(cells, build, status)?;
        Row::Used(key, Box::new(usage))
    })
}

/// The fields of every build's row.
struct Build {
    key: BuildKey,
    machine: Option<Machine>,
    spec: BuiltSpec,
    pod: String,
    stack: String,
    build_jobs: u32,
    retry_count: u32,
    git_ref: String,
    started_at: Timestamp,
    finished_at: Timestamp,
}

impl Build {
    fn read(cells: &Cells<'_>, source: &str, machines: &Machines) -> Result<Self, Flaw> {
        let number = cells.read("gitlab_id", cell::integer)?;
        let key = BuildKey::new(source, number);
        let key = key.map_err(|error| cells.flaw("gitlab_id", error.to_string()))?;
        let started_at = cells.read("start", cell::time)?;
        let finished_at = cells.read("end", cell::time)?;
        if finished_at <= started_at {
            return Err(cells.flaw("end", format!("{finished_at} is not after {started_at}")));
        }
        Ok(Self {
            key,
            machine: cells.read_or("node", None, |cell| machines.of(cell).map(Some))?,
            spec: spec(cells)?,
            pod: cells.read("pod", cell::text)?,
            stack: cells.read("stack", cell::text)?,
            build_jobs: cells.read_or("build_jobs", BUILD_JOBS_DEFAULT, cell::count)?,
            retry_count: cells.read_or("retry_count", 0, cell::count)?,
            git_ref: cells.read("ref", cell::name)?,
            started_at,
            finished_at,
        })
    }
}

fn killed(cells: &Cells<'_>, build: Build) -> Result<(BuildKey, OutOfMemory), Flaw> {
    let maybe = |column| cells.read_or(column, None, |cell| cell::amount(cell).map(Some));
    let memory_limit = cells.read("mem_limit", cell::amount)?;
    if memory_limit == 0.0 {
        return Err(cells.flaw(
            "mem_limit",
            "is 0, but a build was killed at this limit".to_owned(),
        ));
    }
    let killed = OutOfMemory {
        collection: 1,
        pod: build.pod,
        hostname: build.machine.map(|machine| machine.hostname),
        spec: build.spec,
        stack: build.stack,
        build_jobs: build.build_jobs,
        retry_count: build.retry_count,
        git_ref: build.git_ref,
        started_at: build.started_at,
        finished_at: build.finished_at,
        memory_request: maybe("mem_request")?,
        memory_limit,
        memory_peak: maybe("mem_max")?,
        evidence: ORIGIN.to_owned(),
        at: build.finished_at,
    };
    Ok((build.key, killed))
}

fn used(
    cells: &Cells<'_>,
    build: Build,
    status: String,
) -> Result<(BuildKey, UsageRecorded), Flaw> {
    let machine = build.machine.map(|found| (found.uuid, found.hostname));
    let (node, hostname) = machine.unzip();
    let usage = UsageRecorded {
        collection: 1,
        origin: ORIGIN.to_owned(),
        pod: build.pod,
        node,
        hostname,
        spec: build.spec,
        stack: build.stack,
        build_jobs: build.build_jobs,
        retry_count: build.retry_count,
        git_ref: build.git_ref,
        status,
        started_at: build.started_at,
        finished_at: build.finished_at,
        cpu: ResourceUsage {
            request: Some(cells.read("cpu_request", cell::amount)?),
            limit: cells.read_or("cpu_limit", None, |cell| cell::amount(cell).map(Some))?,
            mean: cells.read("cpu_mean", cell::amount)?,
            median: cells.read("cpu_median", cell::amount)?,
            max: cells.read("cpu_max", cell::amount)?,
            min: cells.read("cpu_min", cell::amount)?,
            stddev: cells.read("cpu_stddev", cell::amount)?,
        },
        memory: ResourceUsage {
            request: Some(cells.read("mem_request", cell::amount)?),
            limit: Some(cells.read("mem_limit", cell::amount)?),
            mean: cells.read("mem_mean", cell::amount)?,
            median: cells.read("mem_median", cell::amount)?,
            max: cells.read("mem_max", cell::amount)?,
            min: cells.read("mem_min", cell::amount)?,
            stddev: cells.read("mem_stddev", cell::amount)?,
        },
        memory_series: 1,
        cpu_series: 1,
        at: build.finished_at,
    };
    Ok((build.key, usage))
}

fn spec(cells: &Cells<'_>) -> Result<BuiltSpec, Flaw> {
    Ok(BuiltSpec {
        name: cells.read("pkg_name", cell::name)?,
        version: cells.read("pkg_version", cell::name)?,
        variants: cells.read("pkg_variants", variants)?,
        compiler_name: cells.read("compiler_name", cell::name)?,
        compiler_version: cells.read("compiler_version", cell::name)?,
        arch: cells.read("arch", cell::name)?,
    })
}

/// Variants in the one spelling that history compares, keys in the order in which they were
/// written.
fn variants(cell: ValueRef<'_>) -> Result<String, String> {
    let text = cell::text(cell)?;
    let variants: Variants = serde_json::from_str(&text)
        .map_err(|error| format!("is not an object of variants: {error}"))?;
    Ok(variants.to_json())
}

impl Machines {
    fn of(&self, cell: ValueRef<'_>) -> Result<Machine, String> {
        let by_uuid = match cell {
            ValueRef::Text(_) => self.by_uuid.get(&cell::text(cell)?).copied(),
            _ => None,
        };
        let row = match by_uuid {
            Some(row) => row,
            None => cell::integer(cell).map_err(|_| "names no row of nodes".to_owned())?,
        };
        let machine = self.by_row.get(&row);
        machine
            .cloned()
            .ok_or_else(|| format!("node {row} is missing or invalid"))
    }
}
