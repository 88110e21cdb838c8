//! Whose session a request belongs to.

use http::{HeaderMap, Method};

use crate::refusal::Told;

/// Knows who is logged in.
pub(crate) trait Sessions: Send + Sync {
    /// The number of the user whose session this is, if it is one. Whoever changes something also shows that
    /// the request comes from our own pages.
    ///
    /// # Errors
    /// 401 when it does not.
    fn user(&self, method: &Method, headers: &HeaderMap) -> Told<Option<u64>>;
}

/// There is no place yet where people log in, so nobody has a session.
pub(crate) struct NoSessions;

impl Sessions for NoSessions {
    fn user(&self, _: &Method, _: &HeaderMap) -> Told<Option<u64>> {
        Ok(None)
    }
}
