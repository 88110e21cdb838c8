//! Whose session a request belongs to, and where people log in and out.
//!
//! The old server's addresses and names are kept: the cookies `sessionid` and `csrftoken`, the
//! header `X-CSRFToken`, the field `csrfmiddlewaretoken`. Unlike there, the second cookie belongs
//! to the session: one that another site has put into the browser is refused.

use http::{HeaderMap, Method};
use people::People;

use crate::refusal::{Refusal, Reply};

mod form;
mod page;
mod routes;

pub(crate) use routes::routes;

/// Knows who is logged in.
pub(crate) trait Sessions: Send + Sync {
    /// The number of the session's user, if there is a session. A change also has to prove that the
    /// request comes from our own pages.
    ///
    /// # Errors
    /// 401 when it does not.
    fn user(&self, people: &People, method: &Method, headers: &HeaderMap) -> Reply<Option<u64>>;
}

/// The sessions of `people`.
pub(crate) struct AppSessions;

impl Sessions for AppSessions {
    fn user(&self, people: &People, method: &Method, headers: &HeaderMap) -> Reply<Option<u64>> {
        match people
            .visitor(method, headers)
            .map_err(web::Problem::from)?
        {
            None => Ok(None),
            Some(visitor) if visitor.may_write => Ok(Some(visitor.user)),
            Some(_) => Err(Refusal::Unauthorized(
                "the request does not show that it comes from our own pages",
            )),
        }
    }
}
