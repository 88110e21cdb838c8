//! The shape of the workspace: which crate may use which, contexts apart, sizes, names.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod advisories;
mod arrows;
mod circles;
mod contexts;
mod docs;
mod engine;
mod functions;
mod layout;
mod names;
mod sizes;
mod source;
