//! Asking GitLab for the log of a job, which GitLab calls its trace.

mod failure;
mod search;

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use secrecy::SecretString;

use crate::outside::{AskError, ConfigError, Outside};
pub use failure::LastFailure;
pub use search::Search;

/// Where GitLab is, and how much of a log is read.
#[derive(Clone)]
pub struct GitlabConfig {
    /// The base address of the project; it ends in `/api/v4/projects/<id>`.
    pub url: String,
    /// Sent as header `PRIVATE-TOKEN`.
    pub token: SecretString,
    /// How long one question may take, answer included.
    pub timeout: Duration,
    /// How much of a log is searched, in bytes; what comes after is not looked at.
    pub log_bytes_max: usize,
}

impl GitlabConfig {
    /// An address and a token with the usual bounds: 60 s, 64 MiB.
    #[must_use]
    pub fn new(url: &str, token: SecretString) -> Self {
        Self {
            url: url.to_owned(),
            token,
            timeout: Duration::from_secs(60),
            log_bytes_max: 64 * 1024 * 1024,
        }
    }
}

impl fmt::Debug for GitlabConfig {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitlabConfig")
            .field("timeout", &self.timeout)
            .field("log_bytes_max", &self.log_bytes_max)
            .finish_non_exhaustive()
    }
}

/// The result of a search in the log of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobLog {
    /// There is none: it was erased, or never written.
    Missing,
    /// There is one, and this is what was found in it.
    Read {
        /// Whether it contains the searched text.
        found: bool,
    },
}

impl JobLog {
    /// Whether the text was found. In a missing log it was not.
    #[must_use]
    pub fn says_so(self) -> bool {
        matches!(self, Self::Read { found: true })
    }
}

/// A client of one GitLab project.
#[derive(Clone, Debug)]
pub struct Gitlab {
    outside: Outside,
    log_bytes_max: usize,
}

impl Gitlab {
    /// Creates a client. Sends no request.
    ///
    /// # Errors
    /// When the address is none, or the token does not fit into a header.
    pub fn new(config: &GitlabConfig) -> Result<Self, ConfigError> {
        let token = (
            HeaderName::from_static("private-token"),
            config.token.clone(),
        );
        Ok(Self {
            outside: Outside::new("GitLab", &config.url, Some(token), config.timeout)?,
            log_bytes_max: config.log_bytes_max,
        })
    }

    /// Looks for a text in the log of a job and stops reading at the match. Never holds more of the
    /// log than one piece of it.
    ///
    /// A job without a log (404) is [`JobLog::Missing`] and not an error: only a log with the text
    /// makes a build a ghost. Any other refusal is an error of transport, because a wrong or
    /// expired token is replaced by an operator, and is no property of the build.
    ///
    /// # Errors
    /// [`AskError::Transport`], always worth another try.
    pub async fn search(&self, job: i64, mut search: Search) -> Result<JobLog, AskError> {
        let read = self.read(job, |piece| {
            if search.feed(piece) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        Ok(match read.await? {
            Extent::Missing => JobLog::Missing,
            Extent::Stopped => JobLog::Read { found: true },
            Extent::Whole | Extent::Cut => JobLog::Read { found: false },
        })
    }

    /// The exit code that the runner's last line about a failed job names. Nothing when there is no
    /// log, no such line, or more of a log than is read.
    ///
    /// # Errors
    /// As [`Gitlab::search`].
    pub async fn exit_code(&self, job: i64) -> Result<Option<u32>, AskError> {
        let mut failure = LastFailure::default();
        let read = self.read(job, |piece| {
            failure.feed(piece);
            ControlFlow::Continue(())
        });
        Ok(match read.await? {
            Extent::Whole => failure.exit_code(),
            Extent::Missing | Extent::Stopped | Extent::Cut => None,
        })
    }

    async fn read(
        &self,
        job: i64,
        mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<Extent, AskError> {
        let job = job.to_string();
        let url = self.outside.address(&["jobs", &job, "trace"]);
        let response = self.outside.get(url).await?;
        match response.status() {
            StatusCode::NOT_FOUND => return Ok(Extent::Missing),
            status if !status.is_success() => {
                return Err(self.outside.transport(format!("answered {status}")));
            }
            _ => {}
        }
        // A trace is plain text; an HTML page is the login of a proxy in front of GitLab.
        let kind = response.headers().get(CONTENT_TYPE);
        if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
            let reason = "answered with a page instead of a log".to_owned();
            return Err(self.outside.transport(reason));
        }
        let mut rest = self.log_bytes_max;
        let mut pieces = self.outside.pieces(response)?;
        while let Some(piece) = pieces.next().await? {
            if take(&piece[..piece.len().min(rest)]).is_break() {
                return Ok(Extent::Stopped);
            }
            rest = rest.saturating_sub(piece.len());
            if rest == 0 {
                tracing::warn!(job, "the log of job {job} exceeds the searched size");
                return Ok(Extent::Cut);
            }
        }
        Ok(Extent::Whole)
    }
}

/// How much of a log was read.
enum Extent {
    Missing,
    Stopped,
    Cut,
    Whole,
}

#[cfg(test)]
mod tests;
