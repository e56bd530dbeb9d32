//! `magister completions`: lets a shell complete the commands and flags.

use std::io::{self, Write};

use anyhow::Context;
use clap::Command;
use clap_complete::{Shell, generate};

use crate::{Outcome, failure::Failure};

/// Print what a shell needs to complete commands and flags
#[derive(Debug, clap::Args)]
#[command(after_help = "For the present shell:\n  bash  source <(magister completions bash)\n  \
                        zsh   source <(magister completions zsh)\n  \
                        fish  magister completions fish | source\n\nFor good, write it to a file that the shell reads at its start, \
                        such as\n  ~/.local/share/bash-completion/completions/magister")]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments, mut command: Command) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "magister", &mut script);
    match io::stdout().lock().write_all(&script) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")?;
        }
        _ => {}
    }
    Ok(Outcome::Passed)
}
