//! From cells to a sample.

use allocation::{Ending, SampleFlaw, Spec, Usage, UsageSample, Variants};
use csv::StringRecord;

use super::Flaw;

/// Columns without which nothing can be learnt or scored.
const NEEDED: [&str; 10] = [
    "pkg_name",
    "pkg_version",
    "pkg_variants",
    "compiler_name",
    "compiler_version",
    "arch",
    "ref",
    "duration_s",
    "cpu_mean",
    "mem_max",
];

/// No process uses less, in bytes; a lower value shows a history in megabytes.
const PEAK_BYTES_MIN: f64 = 65_536.0;

/// No build keeps more cores busy per job; a higher value shows a history in millicores.
const CORES_PER_JOB_MAX: f64 = 50.0;

pub(super) struct Columns(Vec<String>);

impl Columns {
    /// Reads a header.
    ///
    /// # Errors
    /// When a required column is missing or a known one is repeated.
    pub(super) fn of(header: &StringRecord) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let missing: Vec<&str> = NEEDED
            .into_iter()
            .filter(|needed| !names.iter().any(|name| name == needed))
            .collect();
        if !missing.is_empty() {
            return Err(format!(
                "the header lacks the columns {}",
                missing.join(", ")
            ));
        }
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                return Err(format!("the header has the column {name} twice"));
            }
        }
        Ok(Self(names))
    }

    /// What the column at this place is called.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.0.get(at).map(String::as_str)
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.0.iter().position(|name| name == column)
    }
}

pub(super) struct Cells<'r> {
    columns: &'r Columns,
    record: &'r StringRecord,
}

impl<'r> Cells<'r> {
    pub(super) fn new(columns: &'r Columns, record: &'r StringRecord) -> Self {
        Self { columns, record }
    }

    /// The build of this row, at `position` of its history.
    pub(super) fn sample(&self, position: u64) -> Result<UsageSample, Flaw> {
        let ending = match self.text("status") {
            "" | "success" => Ending::Success {
                cpu: self.usage("cpu_request", "cpu_mean", "cpu_max", "cpu_mean")?,
                memory: self.usage("mem_request", "mem_mean", "mem_max", "mem_max")?,
            },
            "out_of_memory" => Ending::OutOfMemory {
                limit: self.needed("mem_limit")?,
                imported: false,
            },
            other => {
                let reason =
                    format!("is `{other}`; expected a build that succeeded or ran out of memory");
                return Err(flaw("status", reason));
            }
        };
        let sample = UsageSample {
            position,
            spec: self.spec()?,
            git_ref: self.text("ref").to_owned(),
            build_jobs: self.whole_number("build_jobs")?,
            ended_at: self.ended_at()?,
            seconds: self.needed("duration_s")?,
            ending,
        };
        sample.check().map_err(|found| of_sample(&found))?;
        plausible(&sample)?;
        Ok(sample)
    }

    fn spec(&self) -> Result<Spec, Flaw> {
        let text = |column| self.text(column).to_owned();
        let variants = match self.text("pkg_variants") {
            "" => Variants::default(),
            json => serde_json::from_str(json).map_err(|error| {
                let reason = format!("it is not a JSON object of variants: {error}");
                flaw("pkg_variants", reason)
            })?,
        };
        Ok(Spec {
            name: text("pkg_name"),
            version: text("pkg_version"),
            variants,
            arch: text("arch"),
            compiler: text("compiler_name"),
            compiler_version: text("compiler_version"),
        })
    }

    fn ended_at(&self) -> Result<Option<f64>, Flaw> {
        let (start, end) = (self.number("t_start")?, self.number("t_end")?);
        match (start, end) {
            (Some(start), Some(end)) if start > end => {
                let reason = format!("it ended at {end}, before it started at {start}");
                Err(flaw("t_end", reason))
            }
            (Some(start), _) if !start.is_finite() => {
                Err(flaw("t_start", format!("it is {start}")))
            }
            _ => Ok(end),
        }
    }

    /// Mean and peak; where only one of them was measured, which is the one called `known`, it is
    /// used for both.
    fn usage(
        &self,
        request: &'static str,
        mean: &'static str,
        max: &'static str,
        known: &'static str,
    ) -> Result<Usage, Flaw> {
        let known = self.needed(known)?;
        Ok(Usage {
            request: self.number(request)?,
            mean: self.number(mean)?.unwrap_or(known),
            max: self.number(max)?.unwrap_or(known),
            ..Usage::default()
        })
    }

    fn needed(&self, column: &'static str) -> Result<f64, Flaw> {
        self.number(column)?
            .ok_or_else(|| flaw(column, "it is empty".to_owned()))
    }

    fn whole_number(&self, column: &'static str) -> Result<Option<u32>, Flaw> {
        let Some(number) = self.number(column)? else {
            return Ok(None);
        };
        if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
            return Ok(Some(number as u32));
        }
        Err(flaw(column, format!("it is {number}, not a whole number")))
    }

    fn number(&self, column: &'static str) -> Result<Option<f64>, Flaw> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            let unit = unit(column);
            let start: String = text.chars().take(40).collect();
            flaw(column, format!("`{start}` is not a number{unit}"))
        })
    }

    /// A cell; a column that is not there was not measured.
    fn text(&self, column: &str) -> &'r str {
        let place = self.columns.place(column);
        place
            .and_then(|place| self.record.get(place))
            .map_or("", str::trim)
    }
}

/// What each of the numbers could be, but not all of them together.
fn plausible(sample: &UsageSample) -> Result<(), Flaw> {
    let (cpu, memory) = match &sample.ending {
        Ending::Success { cpu, memory } => (cpu, memory),
        Ending::OutOfMemory { limit, .. } if *limit < PEAK_BYTES_MIN => {
            let reason = format!("a limit of {limit} bytes; is it in another unit?");
            return Err(flaw("mem_limit", reason));
        }
        Ending::OutOfMemory { .. } => return Ok(()),
    };
    if memory.max < PEAK_BYTES_MIN {
        let reason = format!("a peak of {} bytes; is it in another unit?", memory.max);
        return Err(flaw("mem_max", reason));
    }
    if memory.mean > memory.max {
        let reason = format!("a mean of {} above the peak of {}", memory.mean, memory.max);
        return Err(flaw("mem_mean", reason));
    }
    let jobs = sample.build_jobs.map(f64::from).or(cpu.request);
    if let Some(jobs) = jobs
        && cpu.mean > CORES_PER_JOB_MAX * jobs.max(1.0)
    {
        let reason = format!(
            "{} cores with {jobs} jobs; is it in another unit?",
            cpu.mean
        );
        return Err(flaw("cpu_mean", reason));
    }
    Ok(())
}

fn of_sample(found: &SampleFlaw) -> Flaw {
    match found {
        SampleFlaw::Value {
            field,
            value,
            at_least,
            at_most,
        } => {
            let column = column(field);
            let unit = unit(column);
            let reason =
                format!("it is {value}; it must be {at_least} and at most {at_most}{unit}");
            flaw(column, reason)
        }
        SampleFlaw::NoName => flaw("pkg_name", "it is empty".to_owned()),
        SampleFlaw::SpecTooLong { .. } => flaw("pkg_variants", found.to_string()),
    }
}

/// The column that a field of a sample comes from.
fn column(field: &'static str) -> &'static str {
    match field {
        "ended_at" => "t_end",
        "seconds" => "duration_s",
        "cpu.mean" => "cpu_mean",
        "cpu.max" => "cpu_max",
        "cpu.request" => "cpu_request",
        "memory.mean" => "mem_mean",
        "memory.max" => "mem_max",
        "memory.request" => "mem_request",
        "killed at limit" => "mem_limit",
        other => other,
    }
}

fn unit(column: &str) -> &'static str {
    match column.split_once('_') {
        Some(("mem", _)) => " of bytes",
        Some(("cpu", _)) => " of cores",
        Some(("t" | "duration", _)) => " of seconds",
        _ => "",
    }
}

fn flaw(column: &str, reason: String) -> Flaw {
    Flaw {
        column: Some(column.to_owned()),
        reason,
    }
}
