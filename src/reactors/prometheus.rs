//! Asking Prometheus: instant and range queries of its HTTP API, bounded in time, bytes and series.

mod answer;
mod query;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::COOKIE;
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::outside::{AskError, ConfigError, Outside, foreign};
pub use answer::Series;
use answer::{Reply, Status};
pub use query::{double_quoted, selector, single_quoted};

/// How many steps a range query is divided into, at most.
const RANGE_STEPS_MAX: f64 = 10_000.0;

/// Statuses of a login page or an overloaded proxy before Prometheus, whatever the body.
const NOT_ITS_OWN: [StatusCode; 3] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::REQUEST_TIMEOUT,
];

/// Where Prometheus is, and how much of an answer is accepted.
#[derive(Clone)]
pub struct PrometheusConfig {
    /// The base address; it ends in `/api/v1`.
    pub url: String,
    /// Sent as cookie `_oauth2_proxy`.
    pub cookie: Option<SecretString>,
    /// How long one question may take, answer included.
    pub timeout: Duration,
    /// Largest answer, in bytes.
    pub answer_bytes_max: usize,
    /// Most series of one answer.
    pub series_max: usize,
    /// Most samples of one answer, all series together.
    pub samples_max: usize,
}

impl PrometheusConfig {
    /// An address with the usual bounds: 30 s, 16 MiB, 1,000 series, 500,000 samples.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            cookie: None,
            timeout: Duration::from_secs(30),
            answer_bytes_max: 16 * 1024 * 1024,
            series_max: 1_000,
            samples_max: 500_000,
        }
    }
}

impl fmt::Debug for PrometheusConfig {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusConfig")
            .field("timeout", &self.timeout)
            .field("answer_bytes_max", &self.answer_bytes_max)
            .finish_non_exhaustive()
    }
}

/// A client of one Prometheus.
#[derive(Clone, Debug)]
pub struct Prometheus {
    outside: Outside,
    answer_bytes_max: usize,
    series_max: usize,
    samples_max: usize,
}

impl Prometheus {
    /// Creates a client. Sends no request.
    ///
    /// # Errors
    /// When the address is none, or the cookie does not fit into a header.
    pub fn new(config: &PrometheusConfig) -> Result<Self, ConfigError> {
        let cookie = config.cookie.as_ref().map(|cookie| {
            let cookie = format!("_oauth2_proxy={}", cookie.expose_secret());
            (COOKIE, SecretString::from(cookie))
        });
        Ok(Self {
            outside: Outside::new("Prometheus", &config.url, cookie, config.timeout)?,
            answer_bytes_max: config.answer_bytes_max,
            series_max: config.series_max,
            samples_max: config.samples_max,
        })
    }

    /// What a query gives at one moment, given as unix seconds.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn instant(&self, query: &str, time: f64) -> Result<Vec<Series>, AskError> {
        let mut url = self.outside.address(&["query"]);
        url.query_pairs_mut()
            .append_pair("query", query)
            .append_pair("time", &time.to_string());
        self.ask(url).await
    }

    /// What a query gives between two moments, in steps of whole seconds, 10,000 of them at most.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn range(
        &self,
        query: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<Series>, AskError> {
        let mut url = self.outside.address(&["query_range"]);
        url.query_pairs_mut()
            .append_pair("query", query)
            .append_pair("start", &unix_seconds(start).to_string())
            .append_pair("end", &unix_seconds(end).to_string())
            .append_pair("step", &format!("{}s", step_seconds(start, end)));
        self.ask(url).await
    }

    async fn ask(&self, url: Url) -> Result<Vec<Series>, AskError> {
        let response = self.outside.get(url).await?;
        let status = response.status();
        let body = self.outside.body(response, self.answer_bytes_max).await?;
        let reply: Option<Reply> = serde_json::from_slice(&body).ok();
        match reply {
            // A proxy in front of it may refuse in JSON as well; a cookie is renewed by an
            // operator.
            _ if NOT_ITS_OWN.contains(&status) => {
                Err(self.outside.transport(format!("answered {status}")))
            }
            Some(reply) if reply.status == Status::Error => {
                let reason = format!("{}: {}", foreign(&reply.kind), foreign(&reply.error));
                Err(if is_final(status, &reply) {
                    self.outside.refused(reason)
                } else {
                    self.outside
                        .transport(format!("answered {status}, {reason}"))
                })
            }
            // A part of its storage did not answer: this does not mean that there is no data.
            Some(Reply {
                data: Some(data),
                warnings: Some(warnings),
                ..
            }) if status.is_success() && data.result.is_empty() && !warnings.is_empty() => {
                let warning = foreign(&warnings[0]);
                let reason = format!("found nothing, and warned: {warning}");
                Err(self.outside.transport(reason))
            }
            Some(Reply {
                data: Some(data), ..
            }) if status.is_success() => self.bounded(data.result),
            // An expired cookie gives a login page, with any status.
            _ => {
                let reason = format!("answered {status} with something else than its JSON");
                Err(self.outside.transport(reason))
            }
        }
    }

    fn bounded(&self, series: Vec<Series>) -> Result<Vec<Series>, AskError> {
        let samples: usize = series.iter().map(|one| one.samples.len()).sum();
        for (found, max, what) in [
            (series.len(), self.series_max, "series"),
            (samples, self.samples_max, "samples"),
        ] {
            if found > max {
                let reason = format!("the answer has {found} {what}, more than {max}");
                return Err(self.outside.refused(reason));
            }
        }
        Ok(series)
    }
}

/// Whether the same query would be refused again: it is invalid or too large. Every other failure
/// (the storage is starting, a part of it is away) is temporary.
fn is_final(status: StatusCode, reply: &Reply) -> bool {
    let is_unreadable = status == StatusCode::BAD_REQUEST && reply.kind == "bad_data";
    is_unreadable || reply.error.contains("too many samples")
}

/// A time as Prometheus takes it: unix seconds with a fraction.
#[must_use]
pub fn unix_seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}

fn step_seconds(start: Timestamp, end: Timestamp) -> u64 {
    let seconds = unix_seconds(end) - unix_seconds(start);
    // A float that is negative or too large becomes the nearest integer there is.
    ((seconds / RANGE_STEPS_MAX).ceil() as u64).max(1)
}

#[cfg(test)]
mod tests;
