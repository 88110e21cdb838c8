//! Commands of the context `core`: events, the log, tokens, views, documents.

mod apply;
mod document;
mod event;
mod import;
mod projection;
mod replay;
mod replay_accept;
mod token;

use clap::Subcommand;

use super::Failure;
use super::arguments::{Commands, Global};
use crate::config::Flags;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create and change groups, users, workers, pools, projects, templates and jobs from a file
    #[command(display_order = 2)]
    Apply(apply::Apply),
    /// List and follow events
    #[command(subcommand, display_order = 3)]
    Event(event::Event),
    /// Verify, export, import and rebuild from the log
    #[command(subcommand, display_order = 7)]
    Replay(replay::Replay),
    /// Import the history of another service
    #[command(subcommand, display_order = 8)]
    Import(import::Import),
    /// Issue, list and revoke API tokens
    #[command(subcommand, display_order = 9)]
    Token(token::Token),
    /// Show the views and rebuild them
    #[command(subcommand, display_order = 10)]
    Projection(projection::Projection),
}

impl Commands for Command {
    fn works_here(&self) -> Option<&'static str> {
        match self {
            Self::Replay(_) => Some("replay"),
            Self::Import(_) => Some("import"),
            _ => None,
        }
    }

    fn run(self: Box<Self>, flags: &Flags, global: &Global) -> Result<(), Failure> {
        match *self {
            Self::Apply(options) => apply::run(flags, global, &options),
            Self::Event(verb) => event::run(flags, global, verb),
            Self::Replay(verb) => replay::run(flags, global, verb),
            Self::Import(verb) => import::run(flags, global, verb),
            Self::Token(verb) => token::run(flags, global, verb),
            Self::Projection(verb) => projection::run(flags, global, verb),
        }
    }
}
