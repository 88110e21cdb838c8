//! The tools that look at a whole log: check it, copy it, fold it again, compare, and feed old
//! databases in.
//!
//! Everything works from the log alone, without network and without reactors, so that running a
//! tool changes nothing in the outside world. Each tool is one file with `Options`, a `run` and a
//! report that serialises; none of them prints, and none draws a bar: the caller passes a
//! [`Watch`].
//!
//! Start reading at [`export`] (its format is in `FORMAT.md`), then [`import`], its inverse.

pub mod diff;
pub mod export;
pub mod import;
pub mod import_gantry;
pub mod rebuild;
pub mod show;
pub mod verify;

mod as_of;
mod blob_refs;
mod blob_store;
mod error;
mod excerpt;
mod line;
mod past;
mod progress;
mod rows;
mod story;
mod window;

pub use as_of::{AsOf, AsOfError};
pub use blob_refs::named_blobs;
pub use diff::copy::tables as copy_tables;
pub use error::ToolError;
pub use past::Past;
pub use progress::{Progress, Unit, Watch, unwatched};
pub use window::Window;

use std::pin::Pin;

/// A tool that runs. The body of an `async fn` is compiled in the crate that awaits it; behind a pointer it is compiled
/// here, next to the crates that the program waits for.
pub type ToolRun<'a, T> = Pin<Box<dyn Future<Output = Result<T, ToolError>> + Send + 'a>>;

#[cfg(test)]
mod test_log;
