//! `magister env`: looking at the bundled walkers and their tracks.

pub(crate) mod episode;
pub(crate) mod record;
mod show;
pub(crate) mod track_flags;

use clap::Subcommand;

use magister_envs::{picture::PictureError, walker::WalkerKind};

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
    Record(record::Arguments),
}

/// Runs the sub-command.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Show(arguments) => show::run(arguments),
        Command::Record(arguments) => record::run(arguments),
    }
}

impl Arguments {
    /// How its failures are printed.
    pub(crate) fn format(&self) -> Format {
        let json = match &self.command {
            Command::Show(arguments) => arguments.json,
            Command::Record(arguments) => arguments.json,
        };
        if json { Format::Json } else { Format::Text }
    }
}

/// Who walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum WalkerName {
    /// Two legs of half the length
    Short,
    /// Two legs: OpenAI's BipedalWalker
    Default,
    /// Four legs
    #[value(alias = "quadruped")]
    Quadrupedal,
}

impl WalkerName {
    /// As the environments know it.
    pub(crate) fn kind(self) -> WalkerKind {
        match self {
            Self::Short => WalkerKind::Short,
            Self::Default => WalkerKind::Default,
            Self::Quadrupedal => WalkerKind::Quadrupedal,
        }
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
