//! The service's clock: wall time at the start plus tokio's time since.
//!
//! Leases and timers therefore share one monotonic clock that no adjustment of the machine's time moves, and
//! tests pause it with `tokio::time::pause`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Milliseconds since the Unix epoch.
pub(crate) type UnixMillis = u64;

/// Tells the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started_ms: UnixMillis,
    started: Instant,
}

impl Clock {
    /// A clock that agrees with the machine's now. Call it within a tokio runtime.
    pub(crate) fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started_ms: since_epoch.as_millis() as UnixMillis, started: Instant::now() }
    }

    /// The time now.
    pub(crate) fn now_ms(&self) -> UnixMillis {
        self.started_ms + self.started.elapsed().as_millis() as UnixMillis
    }

    /// The instant at which [`Clock::now_ms`] reaches `at_ms`.
    pub(crate) fn instant(&self, at_ms: UnixMillis) -> Instant {
        self.started + Duration::from_millis(at_ms.saturating_sub(self.started_ms))
    }
}
