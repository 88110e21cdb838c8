//! Settings of a job that the old server did not have. All of them are off by default.

use jiff::SignedDuration;

use super::{Created, JobRejection};
use crate::jobs::schedule::{
    Cron, RETRIES_MAX, RETRY_DELAY_SECONDS, RETRY_DELAY_SECONDS_MAX, RUN_TIMEOUT_SECONDS_MAX,
    Retries,
};

/// The longest name of a time zone, in bytes.
const TIME_ZONE_BYTES_MAX: usize = 64;

impl Created {
    /// How often it is retried; 0 by default.
    #[must_use]
    pub fn retries(&self) -> Retries {
        let delay = self.retry_delay_seconds.unwrap_or(RETRY_DELAY_SECONDS);
        Retries {
            count: self.retries.unwrap_or(0),
            delay: SignedDuration::from_secs(i64::from(delay)),
        }
    }

    /// Whether its settings are valid. Time zones are checked by the caller, because they differ
    /// between machines.
    pub(super) fn check_settings(&self) -> Result<(), JobRejection> {
        let has_interval = self.interval_count.is_some() || self.interval_unit.is_some();
        if has_interval && self.cron.is_some() {
            return Err(JobRejection::TwoRhythms);
        }
        if let Some(text) = &self.cron {
            Cron::parse(text).map_err(JobRejection::Cron)?;
        }
        let is_name = |name: &str| (1..=TIME_ZONE_BYTES_MAX).contains(&name.len());
        if !self.time_zone.as_deref().is_none_or(is_name) {
            return Err(JobRejection::TimeZone);
        }
        if !within(self.run_timeout_seconds, 1, RUN_TIMEOUT_SECONDS_MAX) {
            return Err(JobRejection::RunTimeout);
        }
        if !within(self.retries, 0, RETRIES_MAX) {
            return Err(JobRejection::Retries);
        }
        if !within(self.retry_delay_seconds, 0, RETRY_DELAY_SECONDS_MAX) {
            return Err(JobRejection::RetryDelay);
        }
        Ok(())
    }
}

fn within(count: Option<u32>, min: u32, max: u32) -> bool {
    count.is_none_or(|count| (min..=max).contains(&count))
}
