//! An application of memory for the tests of surfaces and reactors: a log, commands and views over it ([`Backend`]),
//! and a router that the test gives ([`TestApp`]).
//!
//! It knows no surface and no reactor, so that the tests of each can use it: a crate whose own tests depended on
//! something that depends on the crate would be compiled twice, with types that do not match.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod app;
mod backend;
pub mod cluster;
pub mod prometheus;
mod response;

pub use app::{TestApp, people};
pub use backend::{Backend, PATIENCE};
pub use response::TestResponse;
