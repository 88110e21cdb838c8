//! Requests to configured outside services, and to no others.
//!
//! A client of this kind knows one base address. It follows no redirect, uses no proxy from the
//! environment, keeps its limits of time and size, and puts neither addresses nor secrets into its
//! errors.

mod pieces;

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use pieces::Pieces;

/// Longest foreign text in an error, in characters.
const FOREIGN_CHARS_MAX: usize = 300;

/// Why a service outside gave no answer that can be used. The texts hold no address and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AskError {
    /// It could not be reached, was too slow, broke off, or something else answered in its place (a
    /// login page, a proxy). Asking again later may help.
    #[error("{service}: {reason}")]
    Transport {
        service: &'static str,
        reason: String,
    },
    /// It understood and refused, or answered with more than is accepted. Asking again would not
    /// help.
    #[error("{service} refused: {reason}")]
    Answer {
        service: &'static str,
        reason: String,
    },
}

/// The reason why a service cannot be used with this configuration. The texts contain no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what}: {reason}")]
pub struct ConfigError {
    pub what: &'static str,
    pub reason: String,
}

/// A client of one service.
#[derive(Clone)]
pub(crate) struct Outside {
    service: &'static str,
    client: Client,
    base: Url,
    timeout: Duration,
}

impl fmt::Debug for Outside {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl Outside {
    pub(crate) fn new(
        service: &'static str,
        base: &str,
        secret: Option<(HeaderName, SecretString)>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let wrong = |reason: &str| ConfigError {
            what: service,
            reason: reason.to_owned(),
        };
        let base = Url::parse(base).map_err(|error| wrong(&format!("its address: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(wrong("its address must begin with http:// or https://"));
        }
        let mut headers = HeaderMap::new();
        // Without it any encoding may be sent; gzip alone is undone here.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some((name, secret)) = secret {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| wrong("its secret holds characters that a header cannot carry"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let client = Client::builder()
            .user_agent(concat!("tallyman/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .build()
            .map_err(|error| wrong(&root_cause(&error)))?;
        Ok(Self {
            service,
            client,
            base,
            timeout,
        })
    }

    /// The base address with more segments, each of them escaped.
    pub(crate) fn address(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Sends a GET request. A response always comes from the service itself: redirects (often an
    /// expired login), overload and failures are errors of transport.
    pub(crate) async fn get(&self, url: Url) -> Result<Response, AskError> {
        let response = self.client.get(url).send().await;
        let response = response.map_err(|error| self.broken(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(self.transport(format!("answered {status}; redirects are not followed")));
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.transport(format!("answered {status}")));
        }
        Ok(response)
    }

    /// The body of a response, piece by piece.
    pub(crate) fn pieces(&self, response: Response) -> Result<Pieces<'_>, AskError> {
        Pieces::of(self, response)
    }

    /// A whole body, when it is not larger than `bytes_max`.
    pub(crate) async fn body(
        &self,
        response: Response,
        bytes_max: usize,
    ) -> Result<Vec<u8>, AskError> {
        let mut body = Vec::new();
        let mut pieces = self.pieces(response)?;
        while let Some(chunk) = pieces.next().await? {
            if body.len() + chunk.len() > bytes_max {
                return Err(self.refused(format!("the answer is larger than {bytes_max} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(crate) fn transport(&self, reason: String) -> AskError {
        let service = self.service;
        AskError::Transport { service, reason }
    }

    pub(crate) fn refused(&self, reason: String) -> AskError {
        let service = self.service;
        AskError::Answer { service, reason }
    }

    fn broken(&self, error: reqwest::Error) -> AskError {
        // The address may name a pod, and an operator may have put a password into it.
        let error = error.without_url();
        self.transport(if error.is_timeout() {
            format!("no whole answer within {:?}", self.timeout)
        } else if error.is_connect() {
            format!("cannot connect: {}", root_cause(&error))
        } else {
            format!("broke off: {}", root_cause(&error))
        })
    }
}

/// A foreign text, shortened for an error to one line.
pub(crate) fn foreign(text: &str) -> String {
    clipped(text, FOREIGN_CHARS_MAX)
}

/// One line of at most so many characters.
pub(crate) fn clipped(text: &str, chars_max: usize) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(chars_max).map(plain).collect()
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    foreign(&cause.to_string())
}
