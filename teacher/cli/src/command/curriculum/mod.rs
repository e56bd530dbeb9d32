//! `magister curriculum`: making curricula and looking after them.

mod create;
mod delete;
mod dimension;
mod edit;
mod fork;
mod list;
pub(crate) mod show;
mod spec_file;
mod teacher_flags;
mod transfer;

use std::time::Duration;

use clap::Subcommand;

use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    remote::RemoteArguments,
};

/// Make curricula and look after them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(Box<create::Arguments>),
    List(list::Arguments),
    Show(show::Arguments),
    Pause(edit::PauseArguments),
    Resume(edit::ResumeArguments),
    Edit(edit::Arguments),
    Fork(fork::Arguments),
    Delete(delete::Arguments),
    Export(transfer::ExportArguments),
    Import(transfer::ImportArguments),
}

/// Runs the sub-command.
pub(crate) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Create(arguments) => create::run(arguments, config),
        Command::List(arguments) => list::run(arguments, config),
        Command::Show(arguments) => show::run(arguments, config),
        Command::Pause(arguments) => edit::pause(arguments, config),
        Command::Resume(arguments) => edit::resume(arguments, config),
        Command::Edit(arguments) => edit::run(arguments, config),
        Command::Fork(arguments) => fork::run(arguments, config),
        Command::Delete(arguments) => delete::run(arguments, config),
        Command::Export(arguments) => transfer::export(arguments, config),
        Command::Import(arguments) => transfer::import(arguments, config),
    }
}

impl Arguments {
    /// How its failures are printed.
    pub(crate) fn format(&self) -> Format {
        let remote: &RemoteArguments = match &self.command {
            Command::Create(arguments) => &arguments.remote,
            Command::List(arguments) => &arguments.remote,
            Command::Show(arguments) => &arguments.remote,
            Command::Pause(arguments) => &arguments.remote,
            Command::Resume(arguments) => &arguments.remote,
            Command::Edit(arguments) => &arguments.remote,
            Command::Fork(arguments) => &arguments.remote,
            Command::Delete(arguments) => &arguments.remote,
            Command::Export(arguments) => &arguments.remote,
            Command::Import(arguments) => &arguments.remote,
        };
        remote.format()
    }
}

/// Reads a duration such as `90s` or `1h 30m`; a bare number is seconds.
pub(super) fn read_duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}; write 90s, 45m or 1h 30m"))
}
