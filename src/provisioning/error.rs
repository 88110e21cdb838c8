//! Why a document is not applied.

use commands::CommandError;
use people::AccessError;
use projections::{Behind, TableError};
use thiserror::Error;

/// One fault of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path of the field; empty for the whole document.
    pub field: String,
    /// What is wrong with it. It never repeats the value, which may be a password.
    pub message: String,
}

/// Why a document is not applied.
#[derive(Debug, Error)]
pub enum ProvisioningError {
    /// The document cannot be read.
    #[error("the document has {} faults", .0.len())]
    Unreadable(Vec<Fault>),
    /// The document contradicts itself, or what exists.
    #[error("{} faults", faults.len())]
    Refused {
        faults: Vec<Fault>,
        /// Whether all of them contradict what exists.
        conflict: bool,
    },
    /// Each password takes a core for a while.
    #[error("a document has {max} passwords at most")]
    TooManyPasswords { max: usize },
    /// A text cannot be stored now.
    #[error("long texts are out of reach at present")]
    TextsUnavailable {
        /// Seconds after which to try again.
        retry_after: u64,
    },
    /// A password cannot be hashed now.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The log cannot take it.
    #[error(transparent)]
    Command(CommandError<String>),
    /// The views are not up to date.
    #[error(transparent)]
    Behind(#[from] Behind),
    /// A view cannot answer.
    #[error(transparent)]
    View(#[from] TableError),
}
