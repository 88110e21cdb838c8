//! A request as it came: what was signed, and where it was sent to.

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Method, Uri};
use tokio::sync::OwnedSemaphorePermit;

/// A request whose body was read.
#[derive(Debug)]
pub(crate) struct RawRequest {
    /// The method that holds, which may not be the one in the request line.
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body's share of the memory budget.
    pub(crate) budget: Option<OwnedSemaphorePermit>,
}

/// The header with the method that a client means that can only POST.
const METHOD_OVERRIDE: &str = "x-http-method-override";

/// The effective method: a POST may mean PATCH.
pub(crate) fn method(sent: &Method, headers: &HeaderMap) -> Method {
    let means_patch = headers
        .get(METHOD_OVERRIDE)
        .is_some_and(|method| method == Method::PATCH.as_str());
    if *sent == Method::POST && means_patch {
        Method::PATCH
    } else {
        sent.clone()
    }
}

/// The target byte for byte as it was sent: the order of parameters, escapes and `+` untouched.
pub(crate) fn target(uri: &Uri) -> &str {
    uri.path_and_query()
        .map_or_else(|| uri.path(), http::uri::PathAndQuery::as_str)
}

/// An absolute URL of this server, with the host that the client used. Without a `Host` header it
/// is the path alone.
pub(crate) fn absolute(headers: &HeaderMap, path: &str) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    match host.filter(|host| !host.is_empty() && host.bytes().all(plain)) {
        Some(host) => {
            let secure = headers
                .get("x-forwarded-proto")
                .is_some_and(|protocol| protocol == "https");
            let scheme = if secure { "https" } else { "http" };
            format!("{scheme}://{host}{path}")
        }
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_stays_as_it_was_sent() {
        for sent in [
            "/api/v1/run/?state=in_queue&worker__api_key=worker1",
            "/api/v1/run/?b=1&a=%2f%2F+x&&=&a",
            "/api/v1/run/?",
            "/api/v1/run/1/",
            "/api/v1//run/../run/",
            "/api/v1/run/?title={a}'?[é]",
        ] {
            let uri: Uri = sent.parse().unwrap();
            assert_eq!(target(&uri), sent);
        }
        let absolute: Uri = "http://farm.example/api/v1/run/?a=%41".parse().unwrap();
        assert_eq!(target(&absolute), "/api/v1/run/?a=%41");
    }

    /// Whatever is let in is let in as it was sent. A client sends no fragment.
    #[test]
    fn no_byte_of_a_target_becomes_another() {
        for byte in (0..=u8::MAX).filter(|byte| *byte != b'#') {
            let mut sent = b"/api/v1/run/?a=".to_vec();
            sent.push(byte);
            if let Ok(uri) = Uri::try_from(sent.as_slice()) {
                assert_eq!(target(&uri).as_bytes(), sent, "{byte}");
            }
        }
    }

    #[test]
    fn an_address_names_the_requested_host() {
        let mut headers = HeaderMap::new();
        assert_eq!(absolute(&headers, "/api/v1/run/1/"), "/api/v1/run/1/");
        headers.insert(HOST, "127.0.0.1:8124".parse().unwrap());
        assert_eq!(absolute(&headers, "/a/"), "http://127.0.0.1:8124/a/");
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        assert_eq!(absolute(&headers, "/a/"), "https://127.0.0.1:8124/a/");
        headers.insert(HOST, "evil.example/\"".parse().unwrap());
        assert_eq!(absolute(&headers, "/a/"), "/a/");
    }
}
