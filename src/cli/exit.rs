//! Exit codes and failures of commands.

use std::process::ExitCode;

use super::escape;
use crate::app::storage::is_damage;
use crate::config::ConfigError;

/// The exit codes of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    NotAuthorised = 4,
    Conflict = 5,
    VerificationFailed = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The reason of a command's failure.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// A failure with a code of its own.
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            error: error.into(),
        }
    }

    /// A failure with a message.
    pub(crate) fn message(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            error: anyhow::Error::msg(text.into()),
        }
    }

    /// The code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints the failure to standard error, causes last.
    pub(crate) fn print(&self) {
        let closed = self.error.downcast_ref::<std::io::Error>();
        if closed.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
            // The reader of the pipe has closed it (`… | head`).
            return;
        }
        // It may quote foreign text.
        eprintln!("tallyman: {}", escape::lines(&in_words(&self.error)));
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let exit = if error.is::<ConfigError>() {
            Exit::Usage
        } else if error.chain().any(is_damage) {
            Exit::VerificationFailed
        } else {
            Exit::Failed
        };
        Self { exit, error }
    }
}

/// An error and its causes, without those that it already contains.
fn in_words(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_told_once() {
        let cause = || anyhow::Error::msg("the disk is gone");
        for (error, reply) in [
            (cause(), "the disk is gone"),
            (
                cause().context("FILE cannot be read"),
                "FILE cannot be read: the disk is gone",
            ),
            (
                cause().context("FILE: the disk is gone"),
                "FILE: the disk is gone",
            ),
        ] {
            assert_eq!(in_words(&error), reply);
        }
    }
}
