//! What somebody who waits for a run sees of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use magister_learner::Training;

use super::count;
use crate::output::{self, ProgressLine};

/// How often the line is drawn anew.
const EVERY: Duration = Duration::from_millis(200);
/// Silence of this many usual turns, and of so long, means that the teacher is waited for.
const LATE_TURNS: f64 = 8.0;
const LATE: Duration = Duration::from_secs(5);
/// Characters of the bar.
const BAR: usize = 24;

/// A line that shows how a run comes along, and a line of text for each evaluation.
pub(super) struct Watch {
    state: Arc<Mutex<State>>,
    drawing: Option<JoinHandle<()>>,
    quiet: bool,
}

#[derive(Clone, Debug)]
struct State {
    began: Instant,
    first_steps: u64,
    steps: u64,
    all_steps: u64,
    /// Steps between two looks at the run.
    steps_per_turn: u64,
    mean_return: Option<f64>,
    mastered: Option<f64>,
    evaluations: usize,
    turned: Instant,
    is_over: bool,
}

impl Watch {
    /// Begins to show a run; `quiet` shows nothing.
    pub(super) fn start(training: &Training, quiet: bool) -> Self {
        let now = Instant::now();
        let state = Arc::new(Mutex::new(State {
            began: now,
            first_steps: training.steps(),
            steps: training.steps(),
            all_steps: training.settings().steps,
            steps_per_turn: training.settings().ppo.steps_per_update(),
            mean_return: training.recent_return(),
            mastered: training.evaluations().last().map(|evaluation| evaluation.mastered_share),
            evaluations: training.evaluations().len(),
            turned: now,
            is_over: false,
        }));
        let drawing = (!quiet).then(|| {
            let state = Arc::clone(&state);
            thread::spawn(move || draw(&state))
        });
        Self { state, drawing, quiet }
    }

    /// Takes over how far the run is.
    pub(super) fn show(&self, training: &Training) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.steps = training.steps();
        state.mean_return = training.recent_return();
        state.turned = Instant::now();
        let evaluations = training.evaluations();
        let Some(new) = evaluations.get(state.evaluations) else { return };
        state.evaluations = evaluations.len();
        state.mastered = Some(new.mastered_share);
        if !self.quiet {
            let text = format!(
                "{:>6} steps: {:>3.0} % of the test set mastered, mean return {:>6.1}; {} steps/s",
                count::written(new.steps),
                100.0 * new.mastered_share,
                new.mean_return,
                thousands(state.rate())
            );
            // Over the line that is drawn; a closed output is no reason to stop learning.
            ProgressLine::new().show("");
            let _ = output::print(&text);
        }
    }

    /// Stops and gives the seconds since the start.
    pub(super) fn finish(mut self) -> f64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        if let Some(drawing) = self.drawing.take() {
            // A line that could not be drawn is no failure of the run.
            let _ = drawing.join();
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.began.elapsed().as_secs_f64()
    }
}

fn draw(state: &Mutex<State>) {
    let line = ProgressLine::new();
    loop {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if state.is_over {
            return;
        }
        line.show(&state.text());
        thread::sleep(EVERY);
    }
}

impl State {
    /// Steps a second since the start, up to the last turn.
    fn rate(&self) -> f64 {
        let seconds = (self.turned - self.began).as_secs_f64();
        if seconds > 0.0 { (self.steps - self.first_steps) as f64 / seconds } else { 0.0 }
    }

    fn text(&self) -> String {
        let share = (self.steps as f64 / self.all_steps as f64).min(1.0);
        let full = (share * BAR as f64) as usize;
        let mut text = format!(
            "{}{} {} of {} steps",
            "█".repeat(full),
            "░".repeat(BAR - full),
            count::written(self.steps),
            count::written(self.all_steps)
        );
        let rate = self.rate();
        if rate > 0.0 {
            text.push_str(&format!(", {}/s", thousands(rate)));
        }
        if let Some(mean_return) = self.mean_return {
            text.push_str(&format!(", mean return {mean_return:.0}"));
        }
        if let Some(mastered) = self.mastered {
            text.push_str(&format!(", {:.0} % mastered", 100.0 * mastered));
        }
        let silent = self.turned.elapsed();
        let turns =
            if rate > 0.0 { silent.as_secs_f64() * rate / self.steps_per_turn as f64 } else { f64::INFINITY };
        if silent >= LATE && turns > LATE_TURNS {
            text.push_str(", waiting for the teacher");
        } else if rate > 0.0 {
            let left = self.all_steps.saturating_sub(self.steps) as f64 / rate;
            text.push_str(&format!(", {} left", duration(left)));
        }
        text
    }
}

/// A duration in its two largest units.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A whole number with commas between thousands.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_matters() {
        let began = Instant::now();
        let state = State {
            began,
            first_steps: 0,
            steps: 5_000_000,
            all_steps: 20_000_000,
            steps_per_turn: 16_384,
            mean_return: Some(-12.4),
            mastered: Some(0.38),
            evaluations: 10,
            turned: began + Duration::from_secs(100),
            is_over: false,
        };
        let expected = "██████░░░░░░░░░░░░░░░░░░ 5.0M of 20.0M steps, 50,000/s, mean return -12, 38 % mastered, 5 min 0 s left";
        assert_eq!(state.text(), expected);
    }

    #[test]
    fn durations_and_numbers_are_readable() {
        assert_eq!([9.6, 61.0, 7260.0].map(duration), ["10 s", "1 min 1 s", "2 h 1 min"]);
        assert_eq!([12.0, 1234.0, 1_234_567.0].map(thousands), ["12", "1,234", "1,234,567"]);
    }
}
