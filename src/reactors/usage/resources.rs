//! What a build was given: series of kube-state-metrics, one per resource.

use domain::builds::build::CollectionFault;

use super::Shortfall;
use crate::prometheus::Series;

/// What was requested for a build.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requests {
    /// Cores.
    pub cpu: f64,
    /// Bytes.
    pub memory: f64,
}

/// What a build was limited to.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Cores; builds may run without a limit.
    pub cpu: Option<f64>,
    /// Bytes; a build without this limit is not one that was allocated.
    pub memory: f64,
    /// The name of the machine.
    pub node: Option<String>,
}

impl Requests {
    /// Reads series of `kube_pod_container_resource_requests`.
    ///
    /// # Errors
    /// When one of the two is missing, or not in the expected unit.
    pub fn read(series: &[Series]) -> Result<Self, Shortfall> {
        let missing = |what| move || lacking(format!("no {what} request"));
        Ok(Self {
            cpu: amount(series, "cpu", "core")?.ok_or_else(missing("CPU"))?,
            memory: amount(series, "memory", "byte")?.ok_or_else(missing("memory"))?,
        })
    }
}

impl Requests {
    /// The request for memory alone, in bytes, when it is there and makes sense.
    #[must_use]
    pub fn memory_alone(series: &[Series]) -> Option<f64> {
        amount(series, "memory", "byte").ok().flatten()
    }
}

impl Limits {
    /// Reads series of `kube_pod_container_resource_limits`.
    ///
    /// # Errors
    /// When there is no memory limit, or a limit is not in the expected unit.
    pub fn read(series: &[Series]) -> Result<Self, Shortfall> {
        let memory = amount(series, "memory", "byte")?;
        let memory = memory.ok_or_else(|| lacking("no memory limit".to_owned()))?;
        if memory == 0.0 {
            return Err(lacking("the memory limit is 0".to_owned()));
        }
        Ok(Self {
            cpu: amount(series, "cpu", "core")?,
            memory,
            node: series
                .iter()
                .find_map(|one| one.label("node"))
                .map(str::to_owned),
        })
    }
}

/// The first series of a resource. Newer kube-state-metrics name the unit, older ones do not.
fn amount(series: &[Series], resource: &str, unit: &str) -> Result<Option<f64>, Shortfall> {
    let mut of_resource = series
        .iter()
        .filter(|one| one.label("resource") == Some(resource));
    let Some(found) = of_resource.next() else {
        return Ok(None);
    };
    if let Some(other) = found.label("unit").filter(|found| *found != unit) {
        let detail = format!("{resource} is in `{other}`, not in `{unit}`");
        return Err(lacking(detail));
    }
    match found.samples.last() {
        Some(&amount) if amount.is_finite() && amount >= 0.0 => Ok(Some(amount)),
        Some(amount) => Err(lacking(format!("{resource} is {amount}"))),
        None => Ok(None),
    }
}

fn lacking(detail: String) -> Shortfall {
    Shortfall::new(CollectionFault::ResourcesMissing, detail)
}
