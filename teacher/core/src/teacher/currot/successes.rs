//! The episodes that show what the student can do: where particles go back to when a task turns out too hard.
//!
//! While most returns stay below the threshold it gathers the best ones seen so far, and drawing from it searches
//! around them, the wider the worse they are. From the moment that half of it reaches the threshold it takes
//! successes alone, and keeps those that are spread like the target.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, weighted::WeightedIndex};
use serde::{Deserialize, Serialize};

use super::{Experience, assignment::assign, costs};
use crate::mixture::fill_standard_normal;

/// Standard deviation of the search around an episode with the least return, as a share of each axis.
const WIDEST_SEARCH: f64 = 0.25;

/// Draws of a point that must lie in the space before it is clipped.
const ATTEMPTS: usize = 10;

/// A memory of the best episodes, bounded in size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Successes {
    /// From the least return to the highest until half of them succeed, then in the order in which they came.
    pub(super) experiences: Vec<Experience>,
    /// Whether half of them have succeeded.
    mature: bool,
    /// Least return that a point was drawn around.
    least_return: Option<f64>,
}

/// How points are drawn around episodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    /// Returns from here on are successes.
    pub(super) threshold: f64,
    /// Standard deviation around a success.
    pub(super) least_deviation: f64,
    /// Lengths of the axes.
    pub(super) scales: &'a [f64],
}

impl Successes {
    /// Takes new episodes, at most as many as there are targets, and holds at most as many as those; gives back the
    /// new ones that it does not keep.
    pub(super) fn take(
        &mut self,
        episodes: Vec<Experience>,
        threshold: f64,
        targets: &[Vec<f64>],
    ) -> Vec<Experience> {
        if !self.mature {
            let rest = self.take_better(episodes, targets.len());
            self.mature = self.median().is_some_and(|median| median >= threshold);
            return rest;
        }
        let (good, mut rest): (Vec<_>, Vec<_>) =
            episodes.into_iter().partition(|episode| episode.return_ >= threshold);
        let failures = self.experiences.iter().filter(|episode| episode.return_ < threshold).count();
        if failures == 0 && self.experiences.len() >= targets.len() {
            rest.extend(self.take_spread(good, targets));
            return rest;
        }
        for _ in 0..failures.min(good.len()) {
            let worst = (1..self.experiences.len()).fold(0, |worst, index| {
                if self.experiences[index].return_ < self.experiences[worst].return_ { index } else { worst }
            });
            self.experiences.remove(worst);
        }
        self.experiences.extend(good);
        let excess = self.experiences.len().saturating_sub(targets.len());
        self.experiences.drain(..excess);
        rest
    }

    /// Takes what is no worse than the median; as many of the worse half make room.
    fn take_better(&mut self, episodes: Vec<Experience>, size: usize) -> Vec<Experience> {
        let median = self.median();
        let (better, mut rest): (Vec<_>, Vec<_>) =
            episodes.into_iter().partition(|episode| median.is_none_or(|median| episode.return_ >= median));
        let worse_half = if self.experiences.is_empty() { 0 } else { self.experiences.len() / 2 + 1 };
        self.experiences.drain(..better.len().min(worse_half));
        let old = std::mem::take(&mut self.experiences).into_iter().map(|episode| (episode, false));
        let mut all: Vec<_> = better.into_iter().map(|episode| (episode, true)).chain(old).collect();
        all.sort_by(|(one, _), (two, _)| one.return_.total_cmp(&two.return_));
        let kept = all.split_off(all.len().saturating_sub(size));
        rest.extend(all.into_iter().filter_map(|(episode, new)| new.then_some(episode)));
        self.experiences = kept.into_iter().map(|(episode, _)| episode).collect();
        rest
    }

    /// Of the old and the new episodes keeps one for each target, such that they are nearest to them in all.
    fn take_spread(&mut self, episodes: Vec<Experience>, targets: &[Vec<f64>]) -> Vec<Experience> {
        if episodes.is_empty() {
            return episodes;
        }
        let old = self.experiences.len();
        self.experiences.extend(episodes);
        let points = || self.experiences.iter().map(|episode| episode.internal.as_slice());
        let costs = costs(targets.iter().map(Vec::as_slice), points);
        let mut kept = vec![false; self.experiences.len()];
        for column in assign(&costs, self.experiences.len()) {
            kept[column] = true;
        }
        let mut rest = Vec::new();
        let all = std::mem::take(&mut self.experiences);
        for (index, (episode, kept)) in all.into_iter().zip(kept).enumerate() {
            if kept {
                self.experiences.push(episode);
            } else if index >= old {
                rest.push(episode);
            }
        }
        rest
    }

    /// Whether its better half is no better than the rest: then nothing says where to search.
    pub(super) fn tells_nothing(&self) -> bool {
        !self.mature && self.advantages().iter().all(|advantage| *advantage <= 0.0)
    }

    /// Draws this many points around its episodes.
    pub(super) fn draw(&mut self, count: usize, search: Search<'_>, rng: &mut dyn Rng) -> Vec<Vec<f64>> {
        let held = self.experiences.len();
        let chosen: Vec<usize> = if self.mature {
            (0..count).map(|index| if index < held { index } else { rng.random_range(0..held) }).collect()
        } else {
            let advantages = self.advantages();
            let (first, even) = (held - advantages.len(), vec![1.0; advantages.len()]);
            let choice = WeightedIndex::new(advantages)
                .or_else(|_| WeightedIndex::new(even))
                .expect("even weights can be drawn by");
            (0..count).map(|_| first + choice.sample(rng)).collect()
        };
        let least = chosen.iter().map(|&index| self.experiences[index].return_);
        let least = least.chain(self.least_return).fold(f64::INFINITY, f64::min);
        self.least_return = Some(least);
        let room = search.threshold - least;
        let around = |index: usize| {
            let episode = &self.experiences[index];
            let share = if room > 0.0 { ((search.threshold - episode.return_) / room).max(0.0) } else { 0.0 };
            let deviation = |scale: &f64| search.least_deviation + share * WIDEST_SEARCH * scale;
            point_near(&episode.internal, &deviation, search.scales, rng)
        };
        chosen.into_iter().map(around).collect()
    }

    fn median(&self) -> Option<f64> {
        self.experiences.get(self.experiences.len() / 2).map(|episode| episode.return_)
    }

    /// By how much each of the better half returned more than the best of the rest.
    fn advantages(&self) -> Vec<f64> {
        let (rest, better) = self.experiences.split_at(self.experiences.len() / 2);
        let base = rest.last().or(better.first()).map_or(0.0, |episode| episode.return_);
        better.iter().map(|episode| episode.return_ - base).collect()
    }
}

/// A point of the space, normally distributed around another one.
fn point_near(
    centre: &[f64],
    deviation: &impl Fn(&f64) -> f64,
    scales: &[f64],
    rng: &mut dyn Rng,
) -> Vec<f64> {
    let mut point = vec![0.0; centre.len()];
    for _ in 0..ATTEMPTS {
        fill_standard_normal(&mut point, rng);
        for ((value, at), scale) in point.iter_mut().zip(centre).zip(scales) {
            *value = at + *value * deviation(scale);
        }
        if point.iter().zip(scales).all(|(value, scale)| (0.0..=*scale).contains(value)) {
            return point;
        }
    }
    point.iter().zip(scales).map(|(value, scale)| value.clamp(0.0, *scale)).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn episode(at: f64, return_: f64) -> Experience {
        Experience { internal: vec![at], return_ }
    }

    fn returns(episodes: &[Experience]) -> Vec<f64> {
        episodes.iter().map(|episode| episode.return_).collect()
    }

    fn take(successes: &mut Successes, size: usize, given: &[f64]) -> Vec<f64> {
        let targets: Vec<Vec<f64>> = (0..size).map(|index| vec![index as f64 / size as f64]).collect();
        let episodes = given.iter().map(|&return_| episode(return_, return_)).collect();
        returns(&successes.take(episodes, 0.5, &targets))
    }

    #[test]
    fn it_gathers_the_best_until_half_of_them_succeed() {
        let mut successes = Successes::default();
        assert_eq!(take(&mut successes, 4, &[0.2, 0.0, 0.1]), [0.0; 0]);
        assert_eq!(returns(&successes.experiences), [0.0, 0.1, 0.2]);
        // The median is 0.1: what is below is not taken, and what is above makes the worst give way.
        assert_eq!(take(&mut successes, 4, &[0.05, 0.3]), [0.05]);
        assert_eq!(returns(&successes.experiences), [0.1, 0.2, 0.3]);
        assert_eq!(take(&mut successes, 4, &[0.2, 0.2, 0.9, 0.25]), [0.2]);
        assert_eq!(returns(&successes.experiences), [0.2, 0.25, 0.3, 0.9]);
        assert!(!successes.mature);
        assert_eq!(take(&mut successes, 4, &[0.8]), [0.0; 0]);
        assert_eq!(returns(&successes.experiences), [0.25, 0.3, 0.8, 0.9]);
        assert!(successes.mature);
        // From now on successes replace failures, and nothing else comes in.
        assert_eq!(take(&mut successes, 4, &[0.4, 0.6]), [0.4]);
        assert_eq!(returns(&successes.experiences), [0.3, 0.8, 0.9, 0.6]);
        assert_eq!(take(&mut successes, 4, &[0.7, 0.5]), [0.0; 0]);
        assert_eq!(returns(&successes.experiences), [0.9, 0.6, 0.7, 0.5]);
    }

    #[test]
    fn successes_are_kept_where_the_target_is() {
        let experiences = [0.0, 0.01, 0.02, 0.03].map(|at| episode(at, 1.0)).to_vec();
        let mut successes = Successes { experiences, mature: true, least_return: None };
        let targets: Vec<Vec<f64>> = [0.0, 0.3, 0.6, 0.9].map(|at| vec![at]).to_vec();
        let new = vec![episode(0.5, 1.0), episode(0.015, 1.0), episode(0.8, 0.0)];
        let rest = successes.take(new, 0.5, &targets);
        let places: Vec<f64> = successes.experiences.iter().map(|episode| episode.internal[0]).collect();
        assert_eq!(places.len(), 4);
        assert!(places.contains(&0.5) && places.contains(&0.0), "{places:?}");
        assert!(rest.iter().any(|episode| episode.return_ < 0.5), "failures are given back: {rest:?}");
    }

    #[test]
    fn it_searches_wider_around_worse_episodes() {
        let scales = [2.0];
        let search = Search { threshold: 1.0, least_deviation: 1e-3, scales: &scales };
        let spread = |return_: f64| {
            let experiences = vec![episode(1.0, return_)];
            let mut successes = Successes { experiences, mature: true, least_return: Some(0.0) };
            let points = successes.draw(2_000, search, &mut ChaCha8Rng::seed_from_u64(1));
            assert!(points.iter().all(|point| (0.0..=2.0).contains(&point[0])));
            (points.iter().map(|point| (point[0] - 1.0) * (point[0] - 1.0)).sum::<f64>() / 2_000.0).sqrt()
        };
        for (return_, deviation) in [(1.0, 0.001), (2.0, 0.001), (0.9, 0.051), (0.5, 0.251)] {
            let found = spread(return_);
            assert!((found / deviation - 1.0).abs() < 0.1, "{return_}: {found} instead of {deviation}");
        }
        let mut alike = Successes { experiences: vec![episode(1.0, 0.5); 3], ..Default::default() };
        assert!(alike.tells_nothing());
        assert_eq!(alike.draw(5, search, &mut ChaCha8Rng::seed_from_u64(1)).len(), 5);
        alike.experiences[2].return_ = 0.6;
        assert!(!alike.tells_nothing());
    }
}
