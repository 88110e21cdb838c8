//! Rows in sorted runs that are written once and merged later.
//!
//! Every batch becomes a run: sorted rows in blocks, some of which hide rows of older runs. A read
//! goes through the runs from the newest to the oldest. When the newer runs together are three
//! times as large as an older one, they are merged with it. So a row is rewritten about as often as
//! the logarithm of the number of rows, and nothing is read in order to write: scattered index
//! entries cost no more than adjacent ones.
//!
//! Small runs are values in sled; larger ones are files in `runs/`, which a [`manifest`] in sled
//! names. A file that no manifest names does not exist. `FORMAT.md` has the bytes.

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
