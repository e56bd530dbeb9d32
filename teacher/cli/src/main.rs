//! The `magister` command: parses arguments, runs what they ask for, prints the result.
//!
//! Each sub-command has a file in `command/` with its arguments and a `run`; here they are listed and the
//! exit code is chosen. What is printed to standard output goes through [`output`], in [`table`]s for
//! people; errors go to standard error.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod command;
mod equivalence;
mod hypercube_scores;
mod output;
mod own_server;
mod reference_file;
mod table;

use command::{check_hypercube, check_reference, demo, serve, verify_store};

/// The server's threads free what others have allocated, all the time; the system's allocator takes locks for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An automatic-curriculum teacher for reinforcement learning
#[derive(Debug, Parser)]
#[command(name = "magister", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Demo(demo::Arguments),
    CheckReference(check_reference::Arguments),
    CheckHypercube(check_hypercube::Arguments),
    VerifyStore(verify_store::Arguments),
}

const EXIT_CODES: &str =
    "Exit codes: 0 all is well; 1 a check failed; 2 the command could not do what was asked.";

/// How a command that did what was asked came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Passed,
    /// A check failed; the command has printed which.
    Failed,
    /// Some of what was asked could not be done; the command has printed what.
    Incomplete,
}

fn main() -> ExitCode {
    // clap prints its own errors and ends with exit code 2.
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::CheckReference(arguments) => check_reference::run(&arguments),
        Command::CheckHypercube(arguments) => check_hypercube::run(&arguments),
        Command::VerifyStore(arguments) => verify_store::run(&arguments),
    };
    match outcome {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Ok(Outcome::Incomplete) => ExitCode::from(2),
        Err(error) => {
            output::error(&format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
