//! The annotations of a pod about the build in it.

use domain::builds::build::{BuiltSpec, CollectionFault};

use super::{Shortfall, built_spec};
use crate::prometheus::Series;

/// How many jobs `make` is allowed by default.
const BUILD_JOBS_DEFAULT: u32 = 16;

/// Longest annotation that is taken, in bytes: the longest lists of patches have a few thousand.
const ANNOTATION_BYTES_MAX: usize = 32 * 1024;

/// The annotations of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotated {
    pub pod: String,
    pub spec: BuiltSpec,
    pub stack: String,
    /// How many jobs `make` is allowed.
    pub build_jobs: u32,
    /// Which try this is, from 0.
    pub retry_count: u32,
}

/// The name of the pod that these series of `kube_pod_annotations` are about: the first, as there
/// is one pod per job.
///
/// # Errors
/// When there is none.
pub fn pod_name(series: &[Series]) -> Result<&str, Shortfall> {
    let pod = series.first().and_then(|first| first.label("pod"));
    pod.filter(|pod| pod.len() <= ANNOTATION_BYTES_MAX)
        .ok_or_else(|| {
            let detail = "no pod is annotated with this number";
            Shortfall::new(CollectionFault::PodMissing, detail)
        })
}

impl Annotated {
    /// Reads series of `kube_pod_annotations`.
    ///
    /// # Errors
    /// When there is no pod, or an annotation is missing or not what it should be; all of them are
    /// named.
    pub fn read(series: &[Series]) -> Result<Self, Shortfall> {
        let pod = pod_name(series)?;
        let mut labels = Labels {
            series: &series[0],
            wrong: Vec::new(),
        };
        let spec = [
            labels.text("annotation_metrics_spack_job_spec_pkg_name"),
            labels.text("annotation_metrics_spack_job_spec_pkg_version"),
            labels.text("annotation_metrics_spack_job_spec_variants"),
            labels.text("annotation_metrics_spack_job_spec_compiler_name"),
            labels.text("annotation_metrics_spack_job_spec_compiler_version"),
            labels.text("annotation_metrics_spack_job_spec_arch"),
        ];
        let stack = labels.text("annotation_metrics_spack_ci_stack_name");
        let build_jobs = labels.number(
            "annotation_metrics_spack_job_build_jobs",
            BUILD_JOBS_DEFAULT,
        );
        let retry_count = labels.number("annotation_metrics_spack_job_retry_count", 0);
        if !labels.wrong.is_empty() {
            let detail = format!("of pod {pod}: {}", labels.wrong.join(", "));
            return Err(Shortfall::new(CollectionFault::AnnotationMissing, detail));
        }
        Ok(Self {
            pod: pod.to_owned(),
            spec: built_spec(spec),
            stack: stack.to_owned(),
            build_jobs,
            retry_count,
        })
    }
}

/// Reads labels and remembers which are wrong, so that they are named all at once.
struct Labels<'a> {
    series: &'a Series,
    wrong: Vec<String>,
}

impl<'a> Labels<'a> {
    fn text(&mut self, name: &str) -> &'a str {
        match self.series.label(name) {
            Some(text) if text.len() <= ANNOTATION_BYTES_MAX => return text,
            Some(_) => self.wrong.push(format!("{name} is too long")),
            None => self.wrong.push(format!("{name} is missing")),
        }
        ""
    }

    fn number(&mut self, name: &str, default: u32) -> u32 {
        let text = self.series.label(name).map(str::trim);
        match text.map(whole_number) {
            None => default,
            Some(Some(number)) => number,
            Some(None) => {
                self.wrong.push(format!("{name} is not a number"));
                default
            }
        }
    }
}

/// A whole number that fits, also written as `16.0` or `1.6e1`: templates and YAML turn integers
/// into floats.
fn whole_number(text: &str) -> Option<u32> {
    let number: f64 = text.parse().ok()?;
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u32)
}
