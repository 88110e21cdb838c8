//! What is known of a request before it is parsed.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{ConnectInfo, FromRequestParts};
use domain::{Actor, Metadata};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName};
use uuid::Uuid;

use crate::network::{Network, client};
use crate::trace_parent::TraceParent;

/// The header that names a request, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header that names a trace, in and out.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The longest name for a request that is taken from a caller.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Which request this is, of which trace, and from where. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct RequestContext(Arc<Known>);

#[derive(Debug)]
struct Known {
    request_id: String,
    trace: TraceParent,
    source_ip: Option<IpAddr>,
    actor: OnceLock<Actor>,
}

impl RequestContext {
    /// Takes the names that the caller gives, where they are well-formed, and makes them up
    /// otherwise.
    #[must_use]
    pub fn of(headers: &HeaderMap, extensions: &Extensions, proxies: &[Network]) -> Self {
        let id = Uuid::now_v7();
        let given = headers
            .get(REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(|text| is_request_id(text));
        let request_id = given.map_or_else(|| id.to_string(), str::to_owned);
        let trace = headers
            .get(TRACEPARENT)
            .and_then(|value| TraceParent::parse(value.to_str().ok()?))
            .map_or_else(|| TraceParent::begin(id), |parent| parent.child(id));
        let source_ip = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(peer)| client(peer.ip(), headers, proxies));
        Self(Arc::new(Known {
            request_id,
            trace,
            source_ip,
            actor: OnceLock::new(),
        }))
    }

    /// The request's name.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The trace, with this request as the parent of whatever follows.
    #[must_use]
    pub fn trace(&self) -> TraceParent {
        self.0.trace
    }

    /// The caller's address, as far as our own proxies report it.
    #[must_use]
    pub fn source_ip(&self) -> Option<IpAddr> {
        self.0.source_ip
    }

    /// Notes whose credential was verified, so that a refusal that follows can be put down to them.
    /// Only the first counts: a request has one credential.
    pub fn authenticate(&self, actor: Actor) {
        let _ = self.0.actor.set(actor);
    }

    /// Whose credential was verified, if any was.
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        self.0.actor.get()
    }

    /// What every event that follows from this request carries.
    #[must_use]
    pub fn metadata(&self, dialect: &str) -> Metadata {
        Metadata {
            actor: self.actor().cloned(),
            dialect: Some(dialect.to_owned()),
            request_id: Some(self.request_id().to_owned()),
            traceparent: Some(self.trace().to_string()),
            source_ip: self.source_ip().map(|address| address.to_string()),
            ..Metadata::default()
        }
    }
}

/// A name ends up in logs, events and headers, so it is short and has nothing in it that could end
/// a line.
fn is_request_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(&b);
    (1..=REQUEST_ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Without the gate, as in a test of one handler, the request is known by what it brings
        // itself.
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::of(&parts.headers, &parts.extensions, &[])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_name_for_a_request_is_kept_when_it_is_harmless() {
        for (given, kept) in [
            ("ci-4711", true),
            ("a b", false),
            ("", false),
            ("<script>", false),
        ] {
            let headers = [(REQUEST_ID, given.parse().unwrap())].into_iter().collect();
            let context = RequestContext::of(&headers, &Extensions::new(), &[]);
            assert_eq!(context.request_id() == given, kept, "{given:?}");
            assert!(!context.request_id().is_empty());
        }
    }
}
