//! The status of a build, as GitLab reports it.

use std::fmt;

/// A build's status. Any text is one: a source may know more than we do, and refusing its report
/// would switch its hook off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildStatus {
    Created,
    /// It waits for something that only one build may hold.
    WaitingForResource,
    /// Its environment is made ready.
    Preparing,
    /// It waits to be called back.
    WaitingForCallback,
    /// It waits for a runner.
    Pending,
    Running,
    Canceling,
    /// It ended well.
    Success,
    /// It ended badly.
    Failed,
    /// It was cancelled by hand.
    Canceled,
    /// It was not needed.
    Skipped,
    /// It waits for a person.
    Manual,
    /// It waits for a time.
    Scheduled,
    /// An unknown status.
    Other(String),
}

impl BuildStatus {
    /// Every known status with its wire name.
    pub const KNOWN: [(&'static str, Self); 13] = [
        ("created", Self::Created),
        ("waiting_for_resource", Self::WaitingForResource),
        ("preparing", Self::Preparing),
        ("waiting_for_callback", Self::WaitingForCallback),
        ("pending", Self::Pending),
        ("running", Self::Running),
        ("canceling", Self::Canceling),
        ("success", Self::Success),
        ("failed", Self::Failed),
        ("canceled", Self::Canceled),
        ("skipped", Self::Skipped),
        ("manual", Self::Manual),
        ("scheduled", Self::Scheduled),
    ];

    /// Reads a status; every text is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "created" => Self::Created,
            "waiting_for_resource" => Self::WaitingForResource,
            "preparing" => Self::Preparing,
            "waiting_for_callback" => Self::WaitingForCallback,
            "pending" => Self::Pending,
            "running" => Self::Running,
            "canceling" => Self::Canceling,
            "success" => Self::Success,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            "skipped" => Self::Skipped,
            "manual" => Self::Manual,
            "scheduled" => Self::Scheduled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => Self::KNOWN
                .iter()
                .find(|(_, status)| status == known)
                .map_or("", |(word, _)| word),
        }
    }

    /// How far along a build with this status is, 0 to 3: created, pending, running, over. Reports
    /// arrive in any order, so a view orders them by rank first and by arrival never.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Created
            | Self::WaitingForResource
            | Self::Preparing
            | Self::WaitingForCallback
            | Self::Manual
            | Self::Scheduled
            | Self::Other(_) => 0,
            Self::Pending => 1,
            Self::Running | Self::Canceling => 2,
            Self::Success | Self::Failed | Self::Canceled | Self::Skipped => 3,
        }
    }

    /// Whether a build with this status is over. It then enters the collection of what it used.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.rank() == 3
    }

    /// Whether a text is a terminal status, without making one.
    #[must_use]
    pub fn text_is_terminal(text: &str) -> bool {
        matches!(text, "success" | "failed" | "canceled" | "skipped")
    }
}

impl fmt::Display for BuildStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for BuildStatus {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
