//! The one place that writes to the terminal.

use std::{
    io::{self, IsTerminal, Write},
    thread,
};

use anyhow::Context;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use serde::Serialize;
use tokio::sync::oneshot;

/// Columns of output that no terminal shows.
const WIDTH: usize = 100;

/// Whether anybody reads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// As far as can be told.
    There,
    /// It has closed the pipe, as `head` does.
    Gone,
}

/// Prints `text` and a line break to standard output.
///
/// A reader that has gone away, such as `head`, is no error: whoever reads on knows how the command came
/// out from its exit code.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    print_to_reader(text).map(|_| ())
}

/// The same for commands that go on until nobody reads.
pub(crate) fn print_to_reader(text: &str) -> anyhow::Result<Reader> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}

/// Waits until the reader of standard output has closed the pipe; for ever where there is no pipe.
pub(crate) async fn reader_gone() {
    let (tell, told) = oneshot::channel::<()>();
    // A thread of its own, which ends with the process: the system's call cannot be cancelled.
    thread::spawn(move || {
        let stdout = io::stdout();
        // No events asked for: what is left are errors, and the other end's going away is one.
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        while let Err(Errno::INTR) = poll(&mut watched, None) {}
        let _ = tell.send(());
    });
    let _ = told.await;
}

/// Columns that a line on standard output may have.
pub(crate) fn width() -> usize {
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((terminal_size::Width(columns), _)) => usize::from(columns),
        None => WIDTH,
    }
}

/// Asks a question of which only `y` or `yes` is a yes.
pub(crate) fn confirm(question: &str) -> bool {
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stderr().flush());
    asked.is_ok()
        && io::stdin().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
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

/// Prints an error as one line of JSON to standard error.
pub(crate) fn error_json(error: &serde_json::Value) {
    let _ = writeln!(io::stderr(), "{error}");
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
