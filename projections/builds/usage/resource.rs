//! How a row stores what a build used of a resource. In events a field that is unknown is left out, which a row cannot
//! do: in a row every field has its place.

use domain::builds::build::ResourceUsage;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Request and limit, then mean, median, largest, smallest and standard deviation.
type Fields = (Option<f64>, Option<f64>, [f64; 5]);

pub(crate) fn serialize<S: Serializer>(used: &ResourceUsage, to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() {
        return used.serialize(to);
    }
    let samples = [used.mean, used.median, used.max, used.min, used.stddev];
    let fields: Fields = (used.request, used.limit, samples);
    fields.serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ResourceUsage, D::Error> {
    if from.is_human_readable() {
        return ResourceUsage::deserialize(from);
    }
    let (request, limit, samples) = Fields::deserialize(from)?;
    let [mean, median, max, min, stddev] = samples;
    Ok(ResourceUsage {
        request,
        limit,
        mean,
        median,
        max,
        min,
        stddev,
    })
}
