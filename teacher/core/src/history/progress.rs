//! Absolute learning progress: how much the return of an episode differs from that of the nearest earlier
//! task.

use super::index::{Neighbour, NeighbourIndex};

/// Earlier episodes without which no progress is computed: the first six episodes have ALP 0.
///
/// Source: the publication's code, `EmpiricalALPComputer` in teachDeepRL, which waits until it has stored
/// more than five.
pub const EPISODES_BEFORE_PROGRESS: u64 = 6;

/// Tasks beyond which forgotten ones may be kept: below it, packing the index anew would cost more than it
/// frees.
const FORGOTTEN_TASKS_ALLOWED: u64 = 64;

/// What an episode has shown about learning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// |return − return of the nearest earlier task|, in units of the return; 0 where there is no neighbour.
    /// Infinite only if the two returns are further apart than the largest number.
    pub alp: f64,
    /// The episode compared with; none before [`EPISODES_BEFORE_PROGRESS`] earlier episodes are in the
    /// history.
    pub neighbour: Option<Neighbour>,
}

/// Computes the absolute learning progress (ALP) of each episode against the history that it keeps.
///
/// ALP is |return − return of the nearest earlier task| (Portelas et al. 2019). Distances are
/// Euclidean in internal coordinates; of several earlier episodes at the same distance the latest counts.
/// Episodes carry the curriculum's numbers, which rise; numbers are missing where an episode had no return or is another history's.
///
/// ```
/// use magister_core::history::AlpComputer;
///
/// let mut computer = AlpComputer::new(1, None);
/// for episode in 0..6 {
///     assert_eq!(computer.observe(episode, &[episode as f64 / 10.0], 1.0).alp, 0.0);
/// }
/// let progress = computer.observe(6, &[0.52], 3.5);
/// assert_eq!(progress.alp, 2.5);
/// assert_eq!(progress.neighbour.expect("six episodes came before").episode, 5);
/// ```
#[derive(Debug, Clone)]
pub struct AlpComputer {
    index: NeighbourIndex,
    episodes: u64,
    history_limit: Option<u64>,
}

impl AlpComputer {
    /// A computer without history, for tasks of `width` internal coordinates.
    ///
    /// With a `history_limit` L, episode n is compared with episodes n − L and later. A limit below [`EPISODES_BEFORE_PROGRESS`] leaves
    /// every ALP at 0.
    ///
    /// # Panics
    /// If `width` is not within 1 to 64.
    #[must_use]
    pub fn new(width: usize, history_limit: Option<u64>) -> Self {
        Self { index: NeighbourIndex::new(width), episodes: 0, history_limit }
    }

    /// A computer that remembers `episodes`, each its number, task and return, in any order.
    ///
    /// It goes on exactly as the computer that has observed them one by one in the order of their numbers.
    ///
    /// # Panics
    /// As [`new`](Self::new) and [`remember`](Self::remember).
    pub fn from_episodes<P: AsRef<[f64]>>(
        width: usize,
        history_limit: Option<u64>,
        episodes: impl IntoIterator<Item = (u64, P, f64)>,
    ) -> Self {
        let mut computer = Self::new(width, history_limit);
        if history_limit.is_some() {
            // One by one, so that what is over the limit takes no memory for long. What is forgotten on the way is out
            // of every later episode's reach, in whatever order they come.
            for (number, point, return_) in episodes {
                computer.remember(number, point.as_ref(), return_);
            }
        } else {
            let entries = episodes.into_iter().map(|(number, point, return_)| {
                check(return_);
                computer.episodes += 1;
                (point, number, return_)
            });
            computer.index = NeighbourIndex::from_entries(width, entries);
        }
        computer
    }

    /// Computes the progress of an episode on the task `point` and then adds it to the history.
    ///
    /// # Panics
    /// If the task has another width than the computer, or a coordinate or the return is not finite.
    pub fn observe(&mut self, number: u64, point: &[f64], return_: f64) -> Progress {
        let stored = self.history_limit.map_or(self.episodes, |limit| limit.min(self.episodes));
        let neighbour = if stored < EPISODES_BEFORE_PROGRESS {
            None
        } else {
            self.index.nearest(point, self.oldest_episode(number))
        };
        self.remember(number, point, return_);
        let alp = neighbour.map_or(0.0, |neighbour| (return_ - neighbour.return_).abs());
        Progress { alp, neighbour }
    }

    /// Adds an episode to the history without computing its progress.
    ///
    /// # Panics
    /// If the task has another width than the computer, or a coordinate or the return is not finite.
    pub fn remember(&mut self, number: u64, point: &[f64], return_: f64) {
        check(return_);
        self.index.insert(point, number, return_);
        self.episodes += 1;
        if let Some(limit) = self.history_limit
            && self.index.len() as u64 > limit.saturating_mul(2).max(FORGOTTEN_TASKS_ALLOWED)
        {
            // At least half of the tasks are out of the history by now: dropping them costs a constant per
            // episode.
            self.index.forget_before(self.oldest_episode(number + 1));
        }
    }

    /// Number of episodes so far, those out of the history limit included.
    #[must_use]
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// Number of latest episodes that are compared with; none means all.
    #[must_use]
    pub fn history_limit(&self) -> Option<u64> {
        self.history_limit
    }

    /// The index behind the history; with a limit it may still hold some tasks that are out of it.
    #[must_use]
    pub fn index(&self) -> &NeighbourIndex {
        &self.index
    }

    /// The first episode that the one with this number may be compared with.
    fn oldest_episode(&self, number: u64) -> u64 {
        self.history_limit.map_or(0, |limit| number.saturating_sub(limit))
    }
}

/// Computes the ALP of `episodes`, each (task, return, expected ALP), and gives the largest absolute
/// difference.
///
/// The measure of agreement with another implementation, such as the reference's recorded traces. 0 for no
/// episodes; NaN if an expected ALP is NaN.
///
/// # Panics
/// If the tasks are not all of one width within 1 to 64, or a coordinate or a return is not finite.
pub fn largest_alp_difference<P: AsRef<[f64]>>(episodes: impl IntoIterator<Item = (P, f64, f64)>) -> f64 {
    let mut computer = None;
    let differences = episodes.into_iter().map(|(point, return_, expected)| {
        let point = point.as_ref();
        let computer = computer.get_or_insert_with(|| AlpComputer::new(point.len(), None));
        (computer.observe(computer.episodes() + 1, point, return_).alp - expected).abs()
    });
    differences.max_by(f64::total_cmp).unwrap_or(0.0)
}

fn check(return_: f64) {
    assert!(return_.is_finite(), "the return of an episode is finite");
}
