//! The one place that writes to the terminal.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use serde::Serialize;

/// Prints `text` and a line break to standard output.
///
/// A reader that has gone away, such as `head`, is no error: whoever reads on knows how the command came
/// out from its exit code.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}

/// Prints `value` as one line of JSON to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(value).context("cannot write the result as JSON")?)
}

/// Prints an error message to standard error.
pub(crate) fn error(message: &str) {
    // Nobody is left to tell of a failure here.
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// A line on standard error that is written over and over, if standard error is a terminal; nothing
/// otherwise.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    shown: bool,
}

impl ProgressLine {
    /// A line that is still empty.
    pub(crate) fn new() -> Self {
        Self { shown: io::stderr().is_terminal() }
    }

    /// Whether anybody sees it.
    pub(crate) fn is_shown(&self) -> bool {
        self.shown
    }

    /// Replaces what the line says.
    pub(crate) fn show(&self, text: &str) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[2K{text}");
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.show("");
    }
}
