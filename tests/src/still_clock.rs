//! A clock that moves when a test says so, and never by itself.

use std::sync::mpsc;

use tokio::task::JoinHandle;

/// Pauses tokio's clock for as long as it lives; `tokio::time::advance` moves it.
///
/// A paused clock by itself runs on to the next timer whenever its runtime has nothing to do, such as while the
/// store's thread writes; this one stands still.
#[derive(Debug)]
pub struct StillClock {
    // Dropped to let the thread go: a thread of the runtime at work keeps the clock from running on.
    _release: mpsc::Sender<()>,
    _busy: JoinHandle<()>,
}

impl StillClock {
    /// Pauses the clock of the runtime that it is called in, which must have one thread.
    pub fn start() -> Self {
        tokio::time::pause();
        let (release, released) = mpsc::channel();
        let busy = tokio::task::spawn_blocking(move || {
            let _ = released.recv();
        });
        Self { _release: release, _busy: busy }
    }
}

impl Drop for StillClock {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}
