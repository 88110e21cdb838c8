//! The tables of a Gantry database.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::row::{Cells, Flaw, Machine, Machines, Row, job, node};
use crate::ToolError;

const NODE_COLUMNS: &[&str] = &[
    "uuid",
    "hostname",
    "cores",
    "mem",
    "arch",
    "os",
    "instance_type",
];

const JOB_COLUMNS: &[&str] = &[
    "pod",
    "node",
    "start",
    "end",
    "gitlab_id",
    "job_status",
    "ref",
    "pkg_name",
    "pkg_version",
    "pkg_variants",
    "compiler_name",
    "compiler_version",
    "arch",
    "stack",
    "build_jobs",
    "cpu_request",
    "cpu_limit",
    "cpu_mean",
    "cpu_median",
    "cpu_max",
    "cpu_min",
    "cpu_stddev",
    "mem_request",
    "mem_limit",
    "mem_mean",
    "mem_median",
    "mem_max",
    "mem_min",
    "mem_stddev",
];

/// Columns that some databases have and others do not.
const JOB_COLUMNS_OPTIONAL: &[&str] = &["retry_count", "oomed"];

/// An open database.
pub(super) struct Contents {
    connection: Connection,
    path: String,
}

pub(super) struct Rows<'s> {
    /// When machines are described that no build ran on.
    pub at: Timestamp,
    /// Who numbered the builds.
    pub source: &'s str,
}

impl Contents {
    pub(super) fn open(path: &Path) -> Result<Self, ToolError> {
        if !path.is_file() {
            return Err(ToolError::NotFound(format!(
                "file {} not found",
                path.display()
            )));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let name = path.display().to_string();
        let connection = Connection::open_with_flags(path, flags);
        let connection = connection.map_err(|error| failed(&name, &error))?;
        let contents = Self {
            connection,
            path: name,
        };
        contents.check("nodes", NODE_COLUMNS)?;
        contents.check("jobs", JOB_COLUMNS)?;
        Ok(contents)
    }

    pub(super) fn rows(&self) -> Result<u64, ToolError> {
        let count = "SELECT (SELECT count(*) FROM nodes) + (SELECT count(*) FROM jobs)";
        let count = self
            .connection
            .query_row(count, (), |row| row.get::<_, i64>(0));
        count
            .map(i64::unsigned_abs)
            .map_err(|error| self.failed(&error))
    }

    /// Hands over every row, machines before builds and builds in the order in which they ended,
    /// until the receiver is dropped.
    pub(super) fn each(
        &self,
        rows: &Rows<'_>,
        mut take: impl FnMut(Result<Row, Flaw>) -> bool,
    ) -> Result<(), ToolError> {
        let mut machines = Machines::default();
        let at = rows.at;
        let mut go_on = true;
        self.read("nodes", NODE_COLUMNS, "rowid", |cells| {
            let found = node(cells, at).map(|described| {
                let (uuid, hostname) = (described.uuid.clone(), described.hostname.clone());
                machines.by_uuid.insert(uuid.clone(), cells.number);
                machines
                    .by_row
                    .insert(cells.number, Machine { uuid, hostname });
                Row::Node(described)
            });
            go_on = take(found);
            go_on
        })?;
        if !go_on {
            return Ok(());
        }
        let mut columns = JOB_COLUMNS.to_vec();
        let present = self.columns("jobs")?;
        let optional = JOB_COLUMNS_OPTIONAL.iter().copied();
        columns.extend(optional.filter(|column| present.iter().any(|name| name == column)));
        self.read("jobs", &columns, "\"end\", rowid", |cells| {
            take(job(cells, rows.source, &machines))
        })
    }

    fn read(
        &self,
        table: &'static str,
        columns: &[&'static str],
        order: &str,
        mut take: impl FnMut(&Cells<'_>) -> bool,
    ) -> Result<(), ToolError> {
        let quoted: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
        let quoted = quoted.join(", ");
        let select = format!("SELECT rowid, {quoted} FROM {table} ORDER BY {order}");
        let mut statement = self
            .connection
            .prepare(&select)
            .map_err(|error| self.failed(&error))?;
        let mut rows = statement.query(()).map_err(|error| self.failed(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            let number = row.get(0).map_err(|error| self.failed(&error))?;
            if !take(&Cells {
                table,
                columns,
                row,
                number,
            }) {
                break;
            }
        }
        Ok(())
    }

    fn check(&self, table: &'static str, columns: &[&str]) -> Result<(), ToolError> {
        let present = self.columns(table)?;
        let missing = |column: &&&str| !present.iter().any(|name| name == **column);
        let missing: Vec<&str> = columns.iter().filter(missing).copied().collect();
        let reason = match (present.is_empty(), missing.is_empty()) {
            (true, _) => format!("table `{table}` not found: not a Gantry database"),
            (_, false) => format!("column {} of table `{table}` not found", missing.join(", ")),
            (false, true) => return Ok(()),
        };
        let path = self.path.clone();
        Err(ToolError::Source { path, reason })
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, ToolError> {
        let names = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self
                .connection
                .prepare("SELECT name FROM pragma_table_info(?)")?;
            let names = statement.query_map([table], |row| row.get(0))?;
            names.collect()
        };
        names().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> ToolError {
        failed(&self.path, error)
    }
}

fn failed(path: &str, error: &rusqlite::Error) -> ToolError {
    ToolError::Source {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
