//! A build: one job of a continuous integration system, from its first report to what it used.

mod decide;
mod event;
mod key;
mod status;

pub use decide::{Build, BuildCommand, BuildRejection};
pub use event::*;
pub use key::{BuildKey, KeyError};
pub use status::BuildStatus;

/// The JSON text by which history compares variants that are written as Spack writes them
/// (`+json~x k=v l=a,b`). Two variants are the same exactly when their texts are.
#[must_use]
pub fn variants_to_json(text: &str) -> String {
    spec::Variants::parse(text).to_json()
}
