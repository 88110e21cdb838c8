//! The text and the recipients of a mail.

use std::collections::BTreeSet;
use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::outside::clipped;

/// The longest text of a log or a script in a mail, in bytes. A longer one is cut like a worker
/// cuts it: the first fifth and the last four fifths stay.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The most people one mail goes to.
pub const RECIPIENTS_MAX: usize = 100;

/// The longest subject, in characters.
const SUBJECT_CHARS_MAX: usize = 300;

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub body: String,
    /// To whom it goes.
    pub recipients: Vec<String>,
}

/// Where things are to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    base: String,
}

impl Links {
    /// Links to a host; one without a scheme is reached as hosts were when there was nothing else.
    #[must_use]
    pub fn new(host_name: &str) -> Self {
        let host = host_name.trim().trim_end_matches('/');
        let base = if host.is_empty() || host.contains("://") {
            host.to_owned()
        } else {
            format!("http://{host}")
        };
        Self { base }
    }

    /// To a run.
    #[must_use]
    pub fn run(&self, project: u64, run: u64) -> String {
        format!("{}/project/{project}/runs/{run}/", self.base)
    }

    /// To a job.
    #[must_use]
    pub fn job(&self, project: u64, job: u64) -> String {
        format!("{}/project/{project}/jobs/{job}/", self.base)
    }

    /// To everything.
    #[must_use]
    pub fn home(&self) -> String {
        format!("{}/", self.base)
    }
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRun {
    pub run: u64,
    pub job_title: String,
    pub pool_title: String,
    /// Whether it was requested by hand.
    pub is_manual: bool,
    /// Whether a kill was requested.
    pub is_killed: bool,
    pub returned_at: Option<Timestamp>,
    /// Where it is to be looked at.
    pub run_link: String,
    pub job_link: String,
    pub script: String,
    /// What it printed, if that is known.
    pub log: Option<String>,
}

impl FailedRun {
    /// The mail about it.
    #[must_use]
    pub fn mail(&self, zone: &TimeZone, recipients: Vec<String>) -> Mail {
        let yes = |is: bool| if is { "yes" } else { "no" };
        let returned = self.returned_at.map_or_else(
            || "unknown".to_owned(),
            |at| at.to_zoned(zone.clone()).to_string(),
        );
        let (job, pool) = (one_line(&self.job_title), one_line(&self.pool_title));
        let mut body = format!("A run of \"{job}\" has failed.\n\n");
        for (name, value) in [
            ("Job", job.as_str()),
            ("Run", &self.run.to_string()),
            ("Manual", yes(self.is_manual)),
            ("Killed", yes(self.is_killed)),
            ("Pool", &pool),
            ("Returned", &returned),
            ("Link to the run", &self.run_link),
            ("Link to the job", &self.job_link),
        ] {
            let _ = writeln!(body, "{name}: {value}");
        }
        let log = self.log.as_deref().unwrap_or("(there is none)");
        for (name, text) in [("Script", self.script.as_str()), ("Log", log)] {
            let _ = write!(body, "\n{name}:\n\n{}\n", shortened(text));
        }
        mail(subject("Run error for", &self.job_title), &body, recipients)
    }
}

/// The mail about a job that does not run again by itself.
#[must_use]
pub fn not_followed(job_title: &str, job_link: &str, recipients: Vec<String>) -> Mail {
    let job = one_line(job_title);
    let body = format!(
        "There is no time at which \"{job}\" may run next: a whole day is excluded.\n\
         It does not run again by itself. A manual action is needed: change when it is excluded,\n\
         and schedule its next run.\n\n\
         Link to the job: {job_link}\n"
    );
    mail(
        subject("Reschedule error for", job_title),
        &body,
        recipients,
    )
}

/// The mail about a pool without a responding worker.
#[must_use]
pub fn pool_silent(
    pool_title: &str,
    workers: &[(String, Option<Timestamp>)],
    link: &str,
    zone: &TimeZone,
    recipients: Vec<String>,
) -> Mail {
    let pool = one_line(pool_title);
    let mut body = format!("No worker of the pool \"{pool}\" responds to ping.\n\nWorkers:\n");
    for (title, answered) in workers {
        let answered = answered.map_or_else(
            || "has never answered".to_owned(),
            |at| format!("last answered {}", at.to_zoned(zone.clone())),
        );
        let _ = writeln!(body, "- {}: {answered}", one_line(title));
    }
    let _ = write!(body, "\nLink: {link}\n");
    mail(
        subject("Worker-pool unresponsive", pool_title),
        &body,
        recipients,
    )
}

/// The distinct addresses in these texts, one per line, in their order.
pub fn recipients<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts
        .into_iter()
        .flat_map(str::lines)
        .map(str::trim)
        .filter(|address| !address.is_empty() && seen.insert(address.to_lowercase()))
        .take(RECIPIENTS_MAX)
        .map(str::to_owned)
        .collect()
}

/// A mail whose lines end in line feeds alone. A bare carriage return is a line end to some servers
/// and none to others: with one, a log could end its mail and begin another.
fn mail(subject: String, body: &str, recipients: Vec<String>) -> Mail {
    Mail {
        subject,
        body: body.replace("\r\n", "\n").replace('\r', "\n"),
        recipients,
    }
}

/// A title that cannot pass for other lines of a mail.
fn one_line(title: &str) -> String {
    clipped(title, SUBJECT_CHARS_MAX)
}

fn subject(about: &str, title: &str) -> String {
    clipped(&format!("{about}: {title}"), SUBJECT_CHARS_MAX)
}

fn shortened(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(TEXT_BYTES_MAX / 5);
    let tail = text.ceil_char_boundary(text.len() - (TEXT_BYTES_MAX - head));
    format!("{}\n[truncated]\n{}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests;
