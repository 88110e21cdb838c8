//! What the tests of this crate share.

mod stories;

use std::env;
use std::path::{Path, PathBuf};

mod reader;

pub(crate) use reader::{Table, samples};
pub(crate) use stories::{any_sample, any_story, build, killed};

/// The bundled start of a synthetic history, with what references answered to it.
pub(crate) fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(format!("{name}.csv.zst"))
}

/// A file of the folder with whole histories, if `TALLYMAN_USAGE_DATA` names one.
pub(crate) fn whole(name: &str) -> Option<PathBuf> {
    let folder = env::var_os("TALLYMAN_USAGE_DATA")?;
    Some(Path::new(&folder).join(format!("{name}.csv.zst")))
}
