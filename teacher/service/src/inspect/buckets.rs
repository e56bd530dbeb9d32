//! Consecutive episodes counted together.

use magister_core::teacher::ReturnRange;

use crate::{
    clock::UnixMillis,
    store::{Draw, Ending, OutcomeBrief},
};

/// Buckets that are kept at most.
const MOST: usize = 2048;
/// 2⁻⁶⁴: with it, sums over all numbers there are stay finite, and no digit is lost.
const SCALE: f64 = 1.0 / (1_u128 << 64) as f64;

/// What returns are judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Terms {
    pub(super) mastery_threshold: Option<f64>,
    pub(super) return_range: Option<ReturnRange>,
}

/// Numbers whose mean and deviation matter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sample {
    pub(super) count: u64,
    /// Times [`SCALE`].
    sum: f64,
    /// Of the scaled numbers.
    squares: f64,
}

impl Sample {
    pub(super) fn add(&mut self, number: f64) {
        let scaled = number * SCALE;
        self.count += 1;
        self.sum += scaled;
        self.squares += scaled * scaled;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// `None` without a number.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64 / SCALE)
    }

    /// Square of the mean's standard error; `None` below two numbers. Infinite or NaN where numbers are too large to
    /// be squared.
    pub(super) fn squared_error(&self) -> Option<f64> {
        let count = self.count as f64;
        (self.count > 1).then(|| {
            let variance = (self.squares - self.sum * self.sum / count).max(0.0) / (count - 1.0);
            variance / count / SCALE / SCALE
        })
    }
}

/// Episodes counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bucket {
    pub(super) completed: u64,
    pub(super) infeasible: u64,
    pub(super) returns: Sample,
    /// Lowest and highest return.
    pub(super) extremes: Option<(f64, f64)>,
    pub(super) alps: Sample,
    pub(super) handed_out: u64,
    pub(super) explored: u64,
    /// Returns of completed episodes that were explored: at all times of the same tasks.
    pub(super) explored_returns: Sample,
    pub(super) mastered: u64,
    pub(super) outside_range: u64,
    pub(super) student_step: Option<u64>,
    /// Number of the last episode, and when it was accepted.
    pub(super) end: (u64, UnixMillis),
}

impl Bucket {
    /// Adds an accepted episode.
    pub(super) fn add(&mut self, terms: &Terms, episode: u64, outcome: &OutcomeBrief<'_>) {
        match outcome.ending {
            Ending::Completed(episode_return) => {
                self.completed += 1;
                self.returns.add(episode_return);
                let (low, high) = self.extremes.unwrap_or((episode_return, episode_return));
                self.extremes = Some((low.min(episode_return), high.max(episode_return)));
                let is_mastered = terms.mastery_threshold.is_some_and(|threshold| episode_return > threshold);
                self.mastered += u64::from(is_mastered);
                let is_outside = terms.return_range.is_some_and(|range| {
                    let (low, high) = range.bounds();
                    episode_return < low || episode_return > high
                });
                self.outside_range += u64::from(is_outside);
                if outcome.draw == Draw::Uniform {
                    self.explored_returns.add(episode_return);
                }
            }
            Ending::Infeasible | Ending::Abandoned | Ending::Stale => self.infeasible += 1,
        }
        if let Some(alp) = outcome.alp {
            self.alps.add(alp);
        }
        self.handed_out += u64::from(outcome.draw != Draw::NotHandedOut);
        self.explored += u64::from(outcome.draw == Draw::Uniform);
        self.student_step = self.student_step.max(outcome.student_step);
        self.end = self.end.max((episode, outcome.accepted_ms));
    }

    /// Adds other episodes.
    pub(super) fn merge(&mut self, other: &Self) {
        self.completed += other.completed;
        self.infeasible += other.infeasible;
        self.returns.merge(&other.returns);
        self.extremes = match (self.extremes, other.extremes) {
            (Some((low, high)), Some((other_low, other_high))) => {
                Some((low.min(other_low), high.max(other_high)))
            }
            (one, other) => one.or(other),
        };
        self.alps.merge(&other.alps);
        self.handed_out += other.handed_out;
        self.explored += other.explored;
        self.explored_returns.merge(&other.explored_returns);
        self.mastered += other.mastered;
        self.outside_range += other.outside_range;
        self.student_step = self.student_step.max(other.student_step);
        self.end = self.end.max(other.end);
    }

    /// Mean return; `None` without a completed episode.
    pub(super) fn mean_return(&self) -> Option<f64> {
        let (low, high) = self.extremes?;
        // Rounding must not take it beyond its numbers.
        Some(self.returns.mean()?.clamp(low, high))
    }
}

/// All episodes in at most [`MOST`] buckets of one width.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    /// A power of two.
    width: u64,
    fine: Vec<Bucket>,
}

impl Buckets {
    /// None yet, of the width that `episodes` need.
    pub(super) fn for_episodes(episodes: u64) -> Self {
        Self { width: episodes.div_ceil(MOST as u64).max(1).next_power_of_two(), fine: Vec::new() }
    }

    /// Adds an accepted episode; they may come in any order.
    pub(super) fn add(&mut self, terms: &Terms, episode: u64, outcome: &OutcomeBrief<'_>) {
        while (episode - 1) / self.width >= MOST as u64 {
            self.width *= 2;
            self.fine = merged(&self.fine, 2);
        }
        let index = ((episode - 1) / self.width) as usize;
        if self.fine.len() <= index {
            self.fine.resize(index + 1, Bucket::default());
        }
        self.fine[index].add(terms, episode, outcome);
    }

    /// At most `most` buckets, and the episodes of each but the last.
    pub(super) fn at_most(&self, most: usize) -> (u64, Vec<Bucket>) {
        let together = self.fine.len().div_ceil(most).max(1);
        (self.width * together as u64, merged(&self.fine, together))
    }

    /// All of them, in their order, as fine as they are.
    pub(super) fn fine(&self) -> &[Bucket] {
        &self.fine
    }
}

fn merged(buckets: &[Bucket], together: usize) -> Vec<Bucket> {
    let merge = |buckets: &[Bucket]| {
        buckets.iter().fold(Bucket::default(), |mut all, bucket| {
            all.merge(bucket);
            all
        })
    };
    buckets.chunks(together).map(merge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_TERMS: Terms = Terms { mastery_threshold: None, return_range: None };

    fn completed(episode: u64, episode_return: f64) -> OutcomeBrief<'static> {
        OutcomeBrief {
            task: episode,
            position: 2 * episode,
            episode: Some(episode),
            ending: Ending::Completed(episode_return),
            alp: Some(1.0),
            student_step: None,
            late: false,
            accepted_ms: 1000 * episode,
            student: "",
            worker: "",
            draw: Draw::Uniform,
            sampled_at_episode: 0,
        }
    }

    fn filled(episodes: impl Iterator<Item = u64>, mut buckets: Buckets) -> Buckets {
        for episode in episodes {
            buckets.add(&NO_TERMS, episode, &completed(episode, (episode % 97) as f64));
        }
        buckets
    }

    #[test]
    fn buckets_have_one_width_and_are_as_many_as_asked_for() {
        for episodes in [1, 2, 3, 199, 200, 201, 2048, 2049, 5000, 40_000] {
            let grown = filled(1..=episodes, Buckets::for_episodes(0));
            let backwards = filled((1..=episodes).rev(), Buckets::for_episodes(episodes));
            for most in [1, 2, 3, 200, 999, 1000] {
                let (width, buckets) = grown.at_most(most);
                assert!(buckets.len() <= most);
                assert!(buckets.len() as u64 == episodes || 2 * buckets.len() > most, "{episodes} in {most}");
                for (index, bucket) in buckets.iter().enumerate() {
                    let (before, end) = (index as u64 * width, ((index as u64 + 1) * width).min(episodes));
                    assert_eq!((bucket.completed, bucket.end), (end - before, (end, 1000 * end)));
                }
                assert_eq!(backwards.at_most(most), (width, buckets), "{episodes} in {most}");
            }
        }
    }

    #[test]
    fn means_of_the_largest_numbers_are_finite() {
        let mut bucket = Bucket::default();
        for (episode, episode_return) in (1..).zip([f64::MAX, f64::MAX, -f64::MAX, f64::MAX]) {
            bucket.add(&NO_TERMS, episode, &completed(episode, episode_return));
        }
        assert_eq!(bucket.mean_return(), Some(f64::MAX / 2.0));
        let mut small = Bucket::default();
        small.add(&NO_TERMS, 1, &completed(1, 0.1));
        small.add(&NO_TERMS, 2, &completed(2, 0.3));
        assert_eq!(small.mean_return(), Some(0.2));
        let error = small.returns.squared_error().expect("there are two");
        assert!((error - 0.01).abs() < 1e-12, "{error}");
    }
}
