//! Made-up histories.

use allocation::{Ending, Usage, UsageSample};

use super::history::{HistoryError, Refused};
use super::rows;
use super::{Contest, Outcome};

/// All columns of a history.
pub(crate) const HEADER: &str = "t_start,t_end,duration_s,source,stack,ref,status,pkg_name,pkg_version,\
    pkg_variants,compiler_name,compiler_version,arch,build_jobs,cpu_request,cpu_mean,cpu_max,mem_request,\
    mem_mean,mem_max,input_bytes";

/// A row of which nothing is wrong: an hour, two cores, a peak of 3 GB.
pub(crate) const ROW: [(&str, &str); 21] = [
    ("t_start", "1700000000"),
    ("t_end", "1700003600"),
    ("duration_s", "3600"),
    ("source", "made up"),
    ("stack", "e4s"),
    ("ref", "develop"),
    ("status", "success"),
    ("pkg_name", "emacs"),
    ("pkg_version", "29.2"),
    ("pkg_variants", r#""{""json"": true, ""gui"": ""gtk""}""#),
    ("compiler_name", "gcc"),
    ("compiler_version", "12.3.0"),
    ("arch", "x86_64_v3"),
    ("build_jobs", "4"),
    ("cpu_request", "4"),
    ("cpu_mean", "2"),
    ("cpu_max", "3.5"),
    ("mem_request", "8000000000"),
    ("mem_mean", "1000000000"),
    ("mem_max", "3000000000"),
    ("input_bytes", ""),
];

/// [`ROW`] with other cells.
#[track_caller]
pub(crate) fn row(changed: &[(&str, &str)]) -> String {
    for (column, _) in changed {
        assert!(ROW.iter().any(|(name, _)| name == column), "{column}");
    }
    let cell = |(column, usual): &(&str, &'static str)| {
        let other = changed.iter().find(|(name, _)| name == column);
        other.map_or((*usual).to_owned(), |(_, value)| (*value).to_owned())
    };
    ROW.iter().map(cell).collect::<Vec<_>>().join(",")
}

/// A history of these rows.
pub(crate) fn history(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// What reading came to.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) samples: Vec<UsageSample>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) error: Option<HistoryError>,
}

impl Read {
    /// Reads all that can be.
    pub(crate) fn of(name: &str, bytes: &[u8]) -> Self {
        let mut read = Self::default();
        let result = rows::read(name, bytes, &mut |row| {
            match row {
                Ok(sample) => read.samples.push(sample),
                Err(refused) => read.refused.push(refused),
            }
            Ok(())
        });
        read.error = result.err();
        read
    }
}

/// The history that the allocator is tested with: synthetic, 3500 builds.
pub(crate) fn bundled() -> Vec<UsageSample> {
    let bytes = include_bytes!("../allocation/testdata/history.csv.zst");
    let read = Read::of("history.csv.zst", bytes);
    assert!(
        read.error.is_none() && read.refused.is_empty(),
        "{:?}",
        read.error
    );
    read.samples
}

/// A build that was killed at 1 GB.
pub(crate) fn killed() -> UsageSample {
    let mut sample = build("emacs", 1e9);
    sample.ending = Ending::OutOfMemory {
        limit: 1e9,
        imported: false,
    };
    sample
}

/// A build of an hour with this peak.
pub(crate) fn build(package: &str, peak: f64) -> UsageSample {
    let usage = |max| Usage {
        mean: max,
        max,
        ..Usage::default()
    };
    let spec = format!("{package}@1 +x arch=a%gcc@12");
    UsageSample {
        position: 0,
        spec: spec.parse().expect("a spec"),
        git_ref: "develop".to_owned(),
        build_jobs: Some(4),
        ended_at: None,
        seconds: 3600.0,
        ending: Ending::Success {
            cpu: usage(2.0),
            memory: usage(peak),
        },
    }
}

/// What comes out when these allocators compete on a history.
pub(crate) fn outcome(data: &str, names: &[&str], history: &[UsageSample]) -> Outcome {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut contest = Contest::new(&allocation::evaluation::Protocol::default(), &names);
    for sample in history {
        contest.add(sample.clone());
    }
    Outcome {
        data: data.to_owned(),
        killed: contest.killed(),
        tallies: contest.end(),
        refused: 0,
    }
}
