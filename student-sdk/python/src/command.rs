//! The `magister` command, run within the interpreter.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the `magister` command with these arguments, the first of which is its own name, and gives its exit code.
#[pyfunction]
pub(crate) fn run_command(python: Python<'_>, arguments: Vec<OsString>) -> u8 {
    python.detach(|| magister_command::run(arguments))
}
