//! The `magister` command: parses arguments, runs what they ask for, prints the result.
//!
//! Each sub-command has a file in `command/` with its arguments and a `run`; here they are listed and the
//! exit code is chosen. What is printed to standard output goes through `output`, in tables for
//! people; errors go to standard error. A library, so that the Python package can hold the same command as the
//! binary.

use std::{ffi::OsString, path::PathBuf};

use clap::{CommandFactory, Parser, Subcommand};

mod command;
mod components;
mod config;
mod document;
mod failure;
mod hypercube_scores;
mod moment;
mod nearest;
mod number;
mod output;
mod own_server;
mod plot;
mod reference_file;
mod remote;
mod replay;
mod table;
mod trajectory;
mod welch;

use command::{
    check_hypercube, check_reference, completions, curriculum, env, experiment, explain, inspect, report,
    serve, train, verify_store,
};
use config::Config;
use failure::{Failure, Format};

/// An automatic-curriculum teacher for reinforcement learning
#[derive(Debug, Parser)]
#[command(name = "magister", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Settings for what flags and variables leave open [default: magister.toml in the working directory, if it is there]
    #[arg(long, global = true, env = "MAGISTER_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(Box<train::Arguments>),
    Experiment(experiment::Arguments),
    Serve(serve::Arguments),
    Curriculum(Box<curriculum::Arguments>),
    Inspect(inspect::Arguments),
    Explain(explain::Arguments),
    Report(report::Arguments),
    Env(env::Arguments),
    CheckReference(check_reference::Arguments),
    CheckHypercube(check_hypercube::Arguments),
    VerifyStore(verify_store::Arguments),
    Completions(completions::Arguments),
}

const AFTER_HELP: &str = "A flag wins over a variable MAGISTER_*, a variable over magister.toml.\n\n\
     Exit codes: 0 done; 1 it failed, was refused, or a check does not hold; 2 the command line, or a file that it \
     names, must be mended; 130 a signal stopped it.";

/// How a command that did what was asked came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Passed,
    /// A check failed; the command has printed which.
    Failed,
    /// Some of what was asked could not be done; the command has printed what.
    Incomplete,
    /// A signal stopped it before its end; the command has printed how to go on.
    Stopped,
}

/// Runs the command with these arguments, the first of which is its own name, and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let given: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&given) {
        Ok(arguments) => arguments,
        // A program that asked for JSON gets it for its own mistakes too.
        Err(error) if error.use_stderr() && given.iter().any(|argument| argument == "--json") => {
            let text = error.to_string();
            let message = text.trim().trim_start_matches("error: ");
            return Failure::usage(message).tell(Format::Json);
        }
        Err(error) => {
            // Help that nobody reads to its end is no failure.
            let _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    let format = match &arguments.command {
        Command::Curriculum(curriculum) => curriculum.format(),
        Command::Inspect(inspect) => inspect.remote.format(),
        Command::Explain(explain) => explain.remote.format(),
        Command::Report(report) => report.remote.format(),
        Command::Env(env) => env.format(),
        Command::Train(train) => train.remote.format(),
        Command::Experiment(experiment) => experiment.remote.format(),
        _ => Format::Text,
    };
    match dispatch(&arguments) {
        Ok(Outcome::Passed) => 0,
        Ok(Outcome::Failed) => 1,
        Ok(Outcome::Incomplete) => 2,
        Ok(Outcome::Stopped) => 130,
        Err(failure) => failure.tell(format),
    }
}

fn dispatch(arguments: &Arguments) -> Result<Outcome, Failure> {
    let config = || Config::find(arguments.config.as_deref());
    // The checks compare files: what they cannot do, other arguments or files mend.
    let checked =
        |outcome: anyhow::Result<Outcome>| outcome.map_err(|error| Failure::usage(format!("{error:#}")));
    match &arguments.command {
        Command::Train(arguments) => train::run(arguments, &config()?),
        Command::Experiment(arguments) => experiment::run(arguments, &config()?),
        Command::Serve(arguments) => serve::run(arguments, &config()?.serve),
        Command::Curriculum(arguments) => curriculum::run(arguments, &config()?),
        Command::Inspect(arguments) => inspect::run(arguments, &config()?),
        Command::Explain(arguments) => explain::run(arguments, &config()?),
        Command::Report(arguments) => report::run(arguments, &config()?),
        Command::Env(arguments) => env::run(arguments),
        Command::CheckReference(arguments) => checked(check_reference::run(arguments)),
        Command::CheckHypercube(arguments) => checked(check_hypercube::run(arguments)),
        Command::VerifyStore(arguments) => checked(verify_store::run(arguments)),
        Command::Completions(arguments) => completions::run(arguments, Arguments::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }
}
