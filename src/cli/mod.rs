//! The command line: noun, verb, one output module. Nouns of a context are in its folder.
//!
//! Commands use the API: over the network when a server runs, else of an application that is opened on
//! the data directory for the request ([`client`]). Tools that read the whole log (`replay`) work on the
//! data directory itself ([`directory`]).

mod arguments;
mod bench;
mod builds;
mod client;
mod config;
mod confirm;
mod context;
mod contexts;
mod core;
mod demo;
mod directory;
mod doctor;
mod escape;
mod exit;
mod jobs;
mod operation;
mod output;
mod program;
mod progress;

use std::ffi::OsString;

use arguments::Arguments;
use clap::Parser;
pub(crate) use exit::{Exit, Failure};

use crate::config::Flags;

/// Runs the command line of this process and returns its exit code.
pub fn run() -> std::process::ExitCode {
    run_with(std::env::args_os())
}

/// Runs a command line, the name of the program first, and returns its exit code.
pub fn run_with(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    crate::app::keep_new_files_private();
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            // Nothing better can be done when even this cannot be printed.
            let _ = error.print();
            return code.into();
        }
    };
    match dispatch(arguments) {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            failure.print();
            failure.exit().into()
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    let command = command.part();
    if let Some(name) = command.works_here() {
        refuse_server(name, &global)?;
    }
    let flags = Flags {
        config: global.config.clone(),
        data_dir: global.data_dir.clone(),
        listen: global.listen.clone(),
        defaults: Vec::new(),
    };
    command.run(&flags, &global)
}

/// Refuses a named server for local commands: the answer would be about another log.
fn refuse_server(command: &str, global: &arguments::Global) -> Result<(), Failure> {
    let named = [
        ("--server", "TALLYMAN_SERVER", &global.server),
        ("--context", "TALLYMAN_CONTEXT", &global.context),
    ];
    for (flag, variable, value) in named {
        if value.is_some() {
            let text = format!(
                "{flag} cannot be used with `tallyman {command}`, which only works on a local data directory: \
                 leave it out, or unset {variable}"
            );
            return Err(Failure::message(Exit::Usage, text));
        }
    }
    Ok(())
}
