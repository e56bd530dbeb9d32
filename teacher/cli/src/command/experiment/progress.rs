//! What somebody who waits for an experiment sees of it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    command::train::{
        count,
        watch::{duration, thousands},
    },
    output::{self, ProgressLine},
};

/// How often the line is drawn anew.
const EVERY: Duration = Duration::from_millis(500);

/// A line that shows how the runs come along, and a line of text for each that has ended.
#[derive(Debug)]
pub(super) struct Progress {
    began: Instant,
    line: ProgressLine,
    quiet: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    all: usize,
    ended: usize,
    /// Steps of all runs that have not ended elsewhere.
    steps_to_do: u64,
    /// Steps that were taken here, in this process.
    steps_done: u64,
    /// Steps of the runs under way.
    under_way: BTreeMap<String, u64>,
    drawn: Instant,
}

impl Progress {
    /// Of `all` runs, `ended` have ended already; the others have so many steps before them.
    pub(super) fn new(all: usize, ended: usize, steps_to_do: u64, quiet: bool) -> Self {
        let now = Instant::now();
        let state = State { all, ended, steps_to_do, steps_done: 0, under_way: BTreeMap::new(), drawn: now };
        Self { began: now, line: ProgressLine::new(), quiet, state: Mutex::new(state) }
    }

    /// A run has begun, or goes on, after so many steps.
    pub(super) fn begin(&self, run: &str, steps: u64) {
        let mut state = self.state();
        state.under_way.insert(run.to_owned(), steps);
        state.steps_to_do = state.steps_to_do.saturating_sub(steps);
    }

    /// A run has come to so many steps.
    pub(super) fn show(&self, run: &str, steps: u64) {
        let mut state = self.state();
        let before = state.under_way.insert(run.to_owned(), steps).unwrap_or(steps);
        state.steps_done += steps.saturating_sub(before);
        if !self.quiet && state.drawn.elapsed() >= EVERY {
            state.drawn = Instant::now();
            self.line.show(&state.text(self.began.elapsed()));
        }
    }

    /// A run has ended, or cannot go on, with what is to be said of it.
    pub(super) fn end(&self, run: &str, said: &str) {
        let mut state = self.state();
        state.under_way.remove(run);
        state.ended += 1;
        let text = format!("{} of {}  {run}: {said}", state.ended, state.all);
        drop(state);
        self.say(&text);
    }

    /// Says something, above the line.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.line.show("");
            // A closed output is no reason to stop learning.
            let _ = output::print(text);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn text(&self, elapsed: Duration) -> String {
        let rate = self.steps_done as f64 / elapsed.as_secs_f64().max(1e-9);
        let under_way: Vec<String> =
            self.under_way.iter().map(|(run, &steps)| format!("{run} {}", count::written(steps))).collect();
        let mut text = format!("{} of {} runs; {}", self.ended, self.all, under_way.join(", "));
        if rate > 0.0 {
            let left = self.steps_to_do.saturating_sub(self.steps_done) as f64 / rate;
            text.push_str(&format!("; {} steps/s, {} left", thousands(rate), duration(left)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_what_was_done_here() {
        let progress = Progress::new(4, 1, 60_000_000, true);
        progress.begin("riac-1", 5_000_000);
        progress.begin("random-1", 0);
        progress.show("riac-1", 6_000_000);
        progress.show("random-1", 4_000_000);
        let expected = "1 of 4 runs; random-1 4.0M, riac-1 6.0M; 50,000 steps/s, 16 min 40 s left";
        assert_eq!(progress.state().text(Duration::from_secs(100)), expected);
        progress.end("riac-1", "50.4 %");
        assert_eq!(progress.state().ended, 2);
        assert!(!progress.state().under_way.contains_key("riac-1"));
    }
}
