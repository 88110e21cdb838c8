//! Why access is not granted.

use projections::TableError;
use thiserror::Error;

/// Why a credential is not accepted, or cannot be checked.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The user is unknown or disabled, or has another password.
    #[error("the name or the password is not right")]
    Wrong,
    /// The address or the name was used for too many attempts.
    #[error("too many attempts to log in")]
    TooManyAttempts {
        /// After how many seconds to try again.
        retry_after: u64,
    },
    /// There is no memory, randomness or processor time left for it.
    #[error("{reason}")]
    Unavailable {
        reason: &'static str,
        /// After how many seconds to try again.
        retry_after: u64,
    },
    /// Comparing a password failed; the cause is logged.
    #[error("the password could not be checked")]
    Internal,
    /// The view of the users cannot answer.
    #[error(transparent)]
    View(#[from] TableError),
}
