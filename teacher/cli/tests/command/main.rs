//! The `magister` command as a user runs it: what it prints, what it leaves behind, and its exit codes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod checks;
mod env;
mod experiment;
mod remote;
mod serve;
mod train;

use std::process::{Command, Output};

/// Runs a command to its end; its exit code, standard output and standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}
