//! Configuration of mails: recipients, sender, server.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::BlobRef;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;

use crate::Faults;

/// Fetches a text that is too long for an event, up to so many bytes; none when it is lost.
pub type ReadBlob =
    Arc<dyn Fn(BlobRef) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>> + Send + Sync>;

/// Configuration of mails: recipients, sender, server.
#[derive(Clone)]
pub struct MailsConfig {
    /// The server: `smtp://host`, `smtps://user:password@host`, `smtp://host:587?tls=required`.
    pub url: SecretString,
    /// Whom mails come from.
    pub sender: String,
    /// Addresses that get every mail.
    pub administrators: Vec<String>,
    /// With what links begin: a host, or an address with `http://` or `https://` before it. Empty:
    /// links are paths alone.
    pub host_name: String,
    /// In which zone times are written.
    pub zone: TimeZone,
    /// How often one mail is tried.
    pub attempts_max: u32,
    /// The wait after the first attempt; twice as long after every other.
    pub backoff_base: Duration,
    /// The longest of these waits.
    pub backoff_max: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Older events are not reported any more.
    pub age_max: SignedDuration,
    /// How long the views may take to know what is in the log.
    pub views_within: Duration,
    /// Where long texts are.
    pub read_blob: ReadBlob,
    /// Makes the waits repeatable, for tests.
    pub seed: Option<u64>,
    /// Where it is to die, in tests.
    pub faults: Faults,
}

impl MailsConfig {
    /// Mails through this server, from this sender, without general recipients.
    #[must_use]
    pub fn new(url: SecretString, sender: &str) -> Self {
        Self {
            url,
            sender: sender.to_owned(),
            administrators: Vec::new(),
            host_name: String::new(),
            zone: TimeZone::UTC,
            attempts_max: 6,
            backoff_base: Duration::from_secs(10),
            backoff_max: Duration::from_secs(300),
            timeout: Duration::from_secs(30),
            age_max: SignedDuration::from_hours(24),
            views_within: Duration::from_secs(10),
            read_blob: Arc::new(|_| Box::pin(async { None })),
            seed: None,
            faults: Faults::default(),
        }
    }
}

impl fmt::Debug for MailsConfig {
    /// Without the server, whose address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailsConfig")
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}
