//! A machine as Prometheus describes it.

use domain::builds::build::CollectionFault;
use domain::builds::node::Described;
use jiff::Timestamp;

use super::Shortfall;
use crate::prometheus::Series;

/// Longest identity of a machine, in bytes; a uuid has 36.
const UUID_BYTES_MAX: usize = 128;

/// Bytes in what karpenter calls one unit of memory.
const MEGABYTE: f64 = 1e6;

/// Describes a machine by series of `kube_node_info` and `kube_node_labels`.
///
/// # Errors
/// When it has no identity, or a label is missing or no number; all of them are named.
pub fn describe(
    hostname: &str,
    info: &[Series],
    labels: &[Series],
    at: Timestamp,
) -> Result<Described, Shortfall> {
    let mut wrong = Vec::new();
    let uuid = first(info, "system_uuid").filter(|uuid| is_identity(uuid));
    if uuid.is_none() {
        wrong.push("system_uuid");
    }
    let mut text = |name| {
        first(labels, name).unwrap_or_else(|| {
            wrong.push(name);
            ""
        })
    };
    let cores = text("label_karpenter_k8s_aws_instance_cpu");
    let memory = text("label_karpenter_k8s_aws_instance_memory");
    let arch = text("label_kubernetes_io_arch");
    let os = text("label_kubernetes_io_os");
    let instance_type = text("label_node_kubernetes_io_instance_type");
    let amount = |text: &str| {
        text.parse()
            .ok()
            .filter(|x: &f64| x.is_finite() && *x > 0.0)
    };
    match (uuid, amount(cores), amount(memory)) {
        (Some(uuid), Some(cores), Some(megabytes)) if wrong.is_empty() => Ok(Described {
            uuid: uuid.to_owned(),
            hostname: hostname.to_owned(),
            cores,
            memory: megabytes * MEGABYTE,
            arch: arch.to_owned(),
            os: os.to_owned(),
            instance_type: instance_type.to_owned(),
            at,
        }),
        _ => {
            let detail = if wrong.is_empty() {
                format!("node {hostname} has {cores:?} cores and {memory:?} MB")
            } else {
                format!("node {hostname} has no usable {}", wrong.join(", "))
            };
            Err(Shortfall::new(CollectionFault::NodeMissing, detail))
        }
    }
}

fn first<'a>(series: &'a [Series], label: &str) -> Option<&'a str> {
    series.first()?.label(label)
}

/// It becomes part of a stream's name.
fn is_identity(uuid: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    uuid.len() <= UUID_BYTES_MAX && uuid.chars().all(plain)
}
