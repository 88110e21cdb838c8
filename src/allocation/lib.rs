//! Says from history how much CPU and memory a build needs.
//!
//! Everything here is pure: the same samples in the same order give the same answers and the same
//! snapshot bytes, so that a replay proves what was answered. The crate refuses to know of logs, HTTP,
//! files and the clock; a projection feeds it and keeps its snapshots.
//!
//! Start reading at [`Spec`], what is asked for, and [`UsageSample`], what is learnt from.

pub mod quantity;
pub mod sample;
pub mod spec;

pub use quantity::{Megabytes, Millicores};
pub use sample::{Ending, SampleFlaw, Usage, UsageSample};
pub use spec::{SPEC_BYTES_MAX, Spec, SpecError, VariantValue, Variants};
