//! The `magister` command as a user runs it: what it prints, what it leaves behind, and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod checks;
mod env;
mod experiment;
mod remote;
mod serve;
mod train;

use std::process::{Command, Output};

/// The binary, away from the settings of whoever runs the tests.
fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_magister"));
    for variable in [
        "CONFIG",
        "SERVER",
        "LISTEN",
        "DATA",
        "MAX_CURRICULA",
        "LOG",
        "TOKEN",
        "TOKEN_FILE",
        "CA_CERTIFICATE",
        "CLIENT_CERTIFICATE",
        "CLIENT_KEY",
    ] {
        command.env_remove(format!("MAGISTER_{variable}"));
    }
    command
}

/// Runs a command to its end; its exit code, standard output and standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}
