//! `magister env`: looking at the bundled walkers and their tracks.

mod show;
mod track_flags;

use clap::Subcommand;

use magister_envs::picture::PictureError;

use crate::{
    Outcome,
    failure::{Failure, Format},
};

/// Look at the bundled walkers and their tracks
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(show::Arguments),
}

/// Runs the sub-command.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Show(arguments) => show::run(arguments),
    }
}

impl Arguments {
    /// How its failures are printed.
    pub(crate) fn format(&self) -> Format {
        let json = match &self.command {
            Command::Show(arguments) => arguments.json,
        };
        if json { Format::Json } else { Format::Text }
    }
}

/// Which failures of pictures the command line mends.
fn picture_failure(error: PictureError) -> Failure {
    match error {
        PictureError::Write { .. } | PictureError::Ffmpeg { .. } | PictureError::NoFfmpeg => {
            Failure::failed(&error.into())
        }
        _ => Failure::usage(error.to_string()),
    }
}
