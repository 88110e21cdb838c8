//! Rows in sorted runs that are written once and merged later.
//!
//! Every batch becomes a run: sorted rows in blocks, of which some hide rows of older runs. A read asks the
//! runs from the newest to the oldest, and as soon as the newer ones are together three times as large as an older
//! one, they are merged with it. So a row is written again as often as the logarithm of their number says,
//! wherever it lies, and nothing is read in order to write: entries of an index that lie scattered cost no
//! more than those that lie beside each other.
//!
//! Small runs are values of the engine; larger ones are files beside it, which the engine's rows name
//! ([`manifest`]). A file that no manifest names does not exist.

mod block;
mod builder;
mod cache;
mod filter;
mod folder;
mod footer;
mod gap;
mod manifest;
mod merge;
mod merger;
mod policy;
mod run;
mod set;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

pub(super) use folder::Folder;
pub(super) use manifest::{files, load};
pub(super) use merger::Merger;
pub(super) use set::RunSet;
