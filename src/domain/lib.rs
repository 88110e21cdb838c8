//! What may happen on a build farm, and what may not.
//!
//! Events, commands and deciders, all pure: the same arguments give the same answer, for ever. There is
//! no clock, no randomness and no I/O here, and `clippy.toml` keeps it so; time and ids arrive inside
//! the commands. That is the whole reason why a replay proves anything.
//!
//! Start reading at [`Event`] (everything that can be in a log), then [`Aggregate`] (how one thing decides),
//! then [`build`], the aggregate that most of the house is about.
//!
//! | aggregate | its streams | what it decides |
//! |---|---|---|
//! | [`build::Build`] | `build-<source>:<number>` | that each collection of a build's usage ends exactly once |
//! | [`node::Node`] | `node-<system uuid>` | whether a machine is still as it was |
//! | [`token::Token`] | `token-<id>` | that a token is issued once and revoked for good |
//! | [`audit::Audit`] | `audit-<date>`, `audit-body:<digest>` | that a refused body is noted once |
//! | [`allocation::Answers`] | `allocation-<package>` | nothing: an answer is a note |
//! | [`allocation::Models`] | `allocation-model:registry` | which trained model answers, and what a rollback goes back to |
//! | [`numbers::Numbers`] | `numbers-<kind>` | which integer comes next |
//! | [`name::Name`] | `name-<kind>:<digest>` | that a name stands once |
//! | [`run::Run`], [`run::Occasion`] | `run-<number>`, `run-occasion:<schedule id>` | whose run it is, and that it is over once |
//! | [`job::Job`], [`job::Tally`] | `job-<number>`, `job-tally:<number>` | what a job is, and how often it failed in a row |
//! | [`kill_request::KillRequest`], [`run_log::RunLog`] | `kill_request-<number>`, `run_log-<run>` | what workers say of them |
//! | [`worker::Worker`], [`worker::Reports`] | `worker-<number>`, `worker-reports:<number>` | what a worker is, and how it is |
//! | [`worker_pool::Silence`] | `worker_pool-silence:<number>` | when people are told that no worker of a pool answers |
//! | [`mail::Mailing`] | `mail-<whose>` | that a mail is sent or abandoned once |
//! | [`worker_pool::WorkerPool`], [`project::Project`], [`job_template::JobTemplate`], [`group::Group`], [`user::User`] | `<category>-<number>` | what they are |
//!
//! [`schedule`] is no aggregate: it says when runs are due, as plain functions.
//!
//! Each has a folder: `event.rs` says what may have happened, `decide.rs` what may happen next. Shapes of
//! events that were ever released stand in `tests/archive` and read for ever.

pub mod allocation;
pub mod audit;
pub mod build;
pub mod group;
pub mod job;
pub mod job_template;
pub mod kill_request;
pub mod mail;
pub mod name;
pub mod node;
pub mod numbers;
pub mod project;
pub mod run;
pub mod run_log;
pub mod schedule;
pub mod token;
pub mod user;
pub mod worker;
pub mod worker_pool;

mod aggregate;
mod blob_ref;
mod change;
mod event;
mod long_text;
mod metadata;
mod sealed;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod upcast;
mod verbatim;

pub use aggregate::{Aggregate, History};
pub use blob_ref::BlobRef;
pub use event::{DecodeFault, Encoded, Event, OneKind};
pub use long_text::LongText;
pub use metadata::{Actor, ActorKind, Metadata};
pub use sealed::{BareSecret, PasswordHash, Sealed};
pub use verbatim::Verbatim;
