//! The command line: noun, verb, one output module.
//!
//! Commands use the API: over the network when a server runs, else of an application that is opened on
//! the data directory for the request ([`client`]). Tools that read the whole log (`replay`) work on the
//! data directory itself ([`directory`]).

mod apply;
mod arguments;
mod bench;
mod build;
mod client;
mod config;
mod confirm;
mod context;
mod contexts;
mod demo;
mod directory;
mod doctor;
mod document;
mod escape;
mod evaluate;
mod event;
mod exit;
mod import;
mod model;
mod operation;
mod output;
mod progress;
mod projection;
mod replay;
mod replay_accept;
mod run;
mod token;
mod worker;

use std::ffi::OsString;
use std::io::Write;

use arguments::{Arguments, Command};
use clap::{CommandFactory, Parser};
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
    if let Some(name) = command.works_here() {
        refuse_server(name, &global)?;
    }
    let flags = Flags {
        config: global.config.clone(),
        data_dir: global.data_dir.clone(),
        listen: global.listen.clone(),
        defaults: Vec::new(),
    };
    match command {
        Command::Serve => Ok(crate::serve::run(&flags)?),
        Command::Demo(options) => demo::run(flags, &options),
        Command::Apply(options) => apply::run(&flags, &global, &options),
        Command::Event(verb) => event::run(&flags, &global, verb),
        Command::Build(verb) => build::run(&flags, &global, verb),
        Command::Run(verb) => run::run(&flags, &global, verb),
        Command::Worker(verb) => worker::run(&flags, &global, verb),
        Command::Replay(verb) => replay::run(&flags, &global, verb),
        Command::Import(what) => import::run(&flags, &global, what),
        Command::Token(verb) => token::run(&flags, &global, verb),
        Command::Projection(verb) => projection::run(&flags, &global, verb),
        Command::Context(verb) => context::run(&global, verb),
        Command::Doctor => doctor::run(&flags, &global),
        Command::Bench(what) => bench::run(&what),
        Command::Evaluate(options) => evaluate::run(&flags, &global, &options),
        Command::Retrain(options) => model::retrain(&flags, &global, &options),
        Command::Model(verb) => model::run(&flags, &global, verb),
        Command::Config(options) => config::run(&flags, &global, &options),
        Command::Completions { shell } => {
            // Into memory first: the library panics when its reader goes away.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "tallyman", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(())
        }
    }
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
            return Err(Failure::reply(Exit::Usage, text));
        }
    }
    Ok(())
}
