//! The signals that stop this process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The kernel's list of signals that this process ignores from the start.
const STATUS_FILE: &str = "/proc/self/status";

/// Signals that stop the process. The first one stops it in order, the next one hastens that.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// None when the process was started to survive the end of its terminal, as `nohup` does.
    hangup: Option<Signal>,
}

impl StopSignals {
    /// Registers the handlers: from now on a signal is kept until [`StopSignals::next`] is called.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub(super) fn register() -> std::io::Result<Self> {
        let status = std::fs::read_to_string(STATUS_FILE).unwrap_or_default();
        let hangup_ignored = is_ignored(&status, SignalKind::hangup());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: (!hangup_ignored)
                .then(|| signal(SignalKind::hangup()))
                .transpose()?,
        })
    }

    /// Waits for the next signal and gives its name.
    pub(super) async fn next(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = hangup => "SIGHUP",
        }
    }
}

/// Whether a signal is in the mask of ignored ones: `SigIgn:` and 16 hexadecimal digits.
fn is_ignored(status: &str, kind: SignalKind) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = u32::try_from(kind.as_raw_value() - 1).ok();
    mask.zip(bit)
        .is_some_and(|(mask, bit)| mask.checked_shr(bit).unwrap_or(0) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        for (mask, hangup, interrupt) in [
            ("0000000000000000", false, false),
            ("0000000000000001", true, false),
            ("0000000000001003", true, true),
            ("not a mask", false, false),
        ] {
            let status = format!("Name:\ttallyman\nSigBlk:\tffff\nSigIgn:\t{mask}\nSigCgt:\tff\n");
            assert_eq!(is_ignored(&status, SignalKind::hangup()), hangup, "{mask}");
            assert_eq!(
                is_ignored(&status, SignalKind::interrupt()),
                interrupt,
                "{mask}"
            );
        }
        assert!(!is_ignored("", SignalKind::hangup()));
    }
}
