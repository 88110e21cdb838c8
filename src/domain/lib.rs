//! What may happen on a build farm, and what may not.
//!
//! Events, commands and deciders, all pure: the same arguments give the same answer, for ever.
//! There is no clock, no randomness and no I/O here, and `clippy.toml` keeps it so; time and ids
//! arrive inside the commands. That is the whole reason why a replay proves anything.
//!
//! Start reading at [`Event`] (everything that can be in a log), then [`Aggregate`] (how one thing
//! decides), then [`builds::build`], the largest aggregate.
//!
//! Each context has a folder: [`core`], [`builds`] and [`jobs`]. A context may use `core`, and no
//! other.
//!
//! | aggregate | its streams | what it decides |
//! |---|---|---|
//! | [`builds::build::Build`] | `build-<source>:<number>` | that each collection of a build's usage ends exactly once |
//! | [`builds::node::Node`] | `node-<system uuid>` | whether a machine is still as it was |
//! | [`core::token::Token`] | `token-<id>` | that a token is issued once and revoked for good |
//! | [`core::audit::Audit`] | `audit-<date>`, `audit-body:<digest>` | that a refused body is noted once |
//! | [`builds::allocation::Answers`] | `allocation-<package>` | nothing: an answer is a note |
//! | [`builds::allocation::Models`] | `allocation-model:registry` | which trained model answers, and what a rollback goes back to |
//! | [`core::numbers::Numbers`] | `numbers-<kind>` | which integer comes next |
//! | [`core::name::Name`] | `name-<kind>:<digest>` | that a name is unique |
//! | [`jobs::run::Run`], [`jobs::run::Occasion`] | `run-<number>`, `run-occasion:<schedule id>` | whose run it is, and that it is over once |
//! | [`jobs::job::Job`], [`jobs::job::Tally`] | `job-<number>`, `job-tally:<number>` | what a job is, and how often it failed in a row |
//! | [`jobs::kill_request::KillRequest`], [`jobs::run_log::RunLog`] | `kill_request-<number>`, `run_log-<run>` | what workers report of them |
//! | [`jobs::worker::Worker`], [`jobs::worker::Reports`] | `worker-<number>`, `worker-reports:<number>` | what a worker is, and how it is |
//! | [`jobs::worker_pool::Silence`] | `worker_pool-silence:<number>` | when mail is sent because no worker of a pool answers |
//! | [`jobs::mail::Mailing`] | `mail-<whose>` | that a mail is sent or abandoned once |
//! | [`jobs::worker_pool::WorkerPool`], [`jobs::project::Project`], [`jobs::job_template::JobTemplate`], [`core::group::Group`], [`core::user::User`] | `<category>-<number>` | what they are |
//!
//! [`jobs::schedule`] is no aggregate: it has plain functions that compute when runs are due.
//!
//! Those of the last row are records ([`Record`]): one declaration makes their events, commands and
//! decider, and the tests of what holds for all of them. Each of the others has a folder:
//! `event.rs` has its events, `decide.rs` its rules. `tests/archive` has every shape of an event
//! that was ever released; all of them can be read.

pub mod builds;
pub mod core;
pub mod jobs;
mod kernel;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use builds::BuildsEvent;
pub use core::CoreEvent;
pub use jobs::JobsEvent;
pub use kernel::aggregate::{Aggregate, History};
pub use kernel::blob_ref::BlobRef;
pub use kernel::event::{Audit, DecodeFault, Encoded, Event, EventKind, EventType};
pub use kernel::long_text::LongText;
pub use kernel::metadata::{Actor, ActorKind, Metadata};
pub use kernel::record::Record;
pub use kernel::sealed::{BareSecret, PasswordHash, Sealed};
pub use kernel::verbatim::Verbatim;
