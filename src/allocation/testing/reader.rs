//! Reads usage histories: CSV compressed with zstd, one row per finished build.
//!
//! The columns are those of the histories' own description.
//! The library itself reads no files.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use allocation::{Ending, Spec, Usage, UsageSample};

/// The rows of one file, by column.
pub(crate) struct Table {
    columns: HashMap<String, usize>,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a whole file.
    pub(crate) fn read(path: &Path) -> Self {
        let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let text = zstd::Decoder::new(file).expect("zstd starts");
        let mut reader = csv::Reader::from_reader(text);
        let header = reader.headers().expect("a header").clone();
        let columns = header.iter().map(str::to_owned).zip(0..).collect();
        let rows = reader.records().collect::<Result<_, _>>().expect("rows");
        Self { columns, rows }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// One cell as text; empty where nothing was measured.
    pub(crate) fn text(&self, row: usize, column: &str) -> &str {
        &self.rows[row][self.columns[column]]
    }

    /// One cell as a number, if anything was measured.
    pub(crate) fn number(&self, row: usize, column: &str) -> Option<f64> {
        let text = self.text(row, column);
        (!text.is_empty()).then(|| {
            text.parse()
                .unwrap_or_else(|_| panic!("row {row}: {column}"))
        })
    }
}

/// Reads a history. The position of a sample is its row.
pub(crate) fn samples(path: &Path) -> Vec<UsageSample> {
    let table = Table::read(path);
    (0..table.len()).map(|row| sample(&table, row)).collect()
}

fn sample(table: &Table, row: usize) -> UsageSample {
    let text = |column| table.text(row, column).to_owned();
    let number = |column| table.number(row, column);
    // Where only one of mean and peak was measured, it is used for both.
    let usage = |request, mean, max| {
        let (mean, max) = (number(mean), number(max));
        Usage {
            request: number(request),
            mean: mean.or(max).expect("a mean or a peak"),
            max: max.or(mean).expect("a mean or a peak"),
            ..Usage::default()
        }
    };
    UsageSample {
        position: row as u64,
        spec: Spec {
            name: text("pkg_name"),
            version: text("pkg_version"),
            variants: serde_json::from_str(table.text(row, "pkg_variants")).expect("variants"),
            arch: text("arch"),
            compiler: text("compiler_name"),
            compiler_version: text("compiler_version"),
        },
        git_ref: text("ref"),
        build_jobs: number("build_jobs").map(|jobs| jobs as u32),
        ended_at: number("t_end"),
        seconds: number("duration_s").expect("a duration"),
        ending: Ending::Success {
            cpu: usage("cpu_request", "cpu_mean", "cpu_max"),
            memory: usage("mem_request", "mem_mean", "mem_max"),
        },
    }
}
