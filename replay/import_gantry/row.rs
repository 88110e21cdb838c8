//! Turns rows into what the house says of machines and builds.

use std::collections::HashMap;

use allocation::Variants;
use domain::build::{BuildKey, BuiltSpec, ResourceUsage, UsageRecorded};
use domain::node::Described;
use eventlog::StreamName;
use jiff::Timestamp;
use rusqlite::types::ValueRef;

use super::{Refused, cell};
use crate::ToolError;

/// What was the number of make jobs where the database does not say.
const BUILD_JOBS_DEFAULT: u32 = 16;

/// The origin that these records name.
pub(super) const ORIGIN: &str = "import:gantry";

/// A row that can be taken.
#[derive(Debug)]
pub(super) enum Row {
    Node(Described),
    Job(BuildKey, Box<UsageRecorded>),
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

/// What a job's row says of the machine that it ran on.
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

pub(super) fn job(
    cells: &Cells<'_>,
    source: &str,
    machines: &Machines,
) -> Result<(BuildKey, UsageRecorded), Flaw> {
    let number = cells.read("gitlab_id", cell::integer)?;
    let key = BuildKey::new(source, number);
    let key = key.map_err(|error| cells.flaw("gitlab_id", error.to_string()))?;
    let started_at = cells.read("start", cell::time)?;
    let finished_at = cells.read("end", cell::time)?;
    if finished_at <= started_at {
        return Err(cells.flaw("end", format!("{finished_at} is not after {started_at}")));
    }
    let machine = cells.read_or("node", None, |cell| machines.of(cell).map(Some))?;
    let (node, hostname) = machine.map(|found| (found.uuid, found.hostname)).unzip();
    let usage = UsageRecorded {
        collection: 1,
        origin: ORIGIN.to_owned(),
        pod: cells.read("pod", cell::text)?,
        node,
        hostname,
        spec: spec(cells)?,
        stack: cells.read("stack", cell::text)?,
        build_jobs: cells.read_or("build_jobs", BUILD_JOBS_DEFAULT, cell::count)?,
        retry_count: cells.read_or("retry_count", 0, cell::count)?,
        git_ref: cells.read("ref", cell::name)?,
        status: cells.read("job_status", cell::name)?,
        started_at,
        finished_at,
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
        at: finished_at,
    };
    Ok((key, usage))
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

/// Variants in the one spelling that history compares, keys in the order in which they were written.
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
            .ok_or_else(|| format!("there is no usable node {row}"))
    }
}
