//! One region of RIAC's tree: its box, its latest episodes, their learning progress, and how it is cut.

use std::{collections::VecDeque, sync::Arc};

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::RiacParams;

/// Draws of a cut until both sides hold enough episodes; where that never happens the attempt is lost. Tasks that
/// are all the same cannot be parted.
const DRAWS: usize = 50;

/// A played task and what it returned.
#[derive(Debug)]
pub(super) struct Point {
    /// Number of the episode.
    pub(super) number: u64,
    /// Internal coordinates.
    pub(super) internal: Vec<f64>,
    /// Scaled.
    pub(super) return_: f64,
}

/// Where a region was cut: what lies at the threshold or below is in the first child.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cut {
    pub(super) axis: usize,
    pub(super) threshold: f64,
}

impl Cut {
    /// Whether a point lies in the first child.
    pub(super) fn is_below(&self, internal: &[f64]) -> bool {
        internal[self.axis] <= self.threshold
    }
}

/// A box of the space with the latest episodes within it.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
    /// Oldest first; at most one more than a region's size.
    pub(super) points: VecDeque<Arc<Point>>,
    pub(super) alp: f64,
    /// Its cut and the index of its first child; the second child follows that one.
    pub(super) children: Option<(Cut, usize)>,
}

impl Region {
    pub(super) fn new(low: Vec<f64>, high: Vec<f64>, points: VecDeque<Arc<Point>>, region_size: u32) -> Self {
        let mut region = Self { low, high, points, alp: 0.0, children: None };
        region.measure(region_size);
        region
    }

    /// Takes one more episode and forgets the oldest if that is one too many.
    pub(super) fn add(&mut self, point: Arc<Point>, region_size: u32) {
        self.points.push_back(point);
        while self.points.len() > region_size as usize + 1 {
            self.points.pop_front();
        }
        self.measure(region_size);
    }

    /// Brings its learning progress up to date.
    pub(super) fn measure(&mut self, region_size: u32) {
        self.alp = alp(self.points.iter().map(|point| point.return_), self.points.len(), region_size);
    }

    /// The two halves of its box.
    pub(super) fn halves(&self, cut: Cut) -> [(Vec<f64>, Vec<f64>); 2] {
        let mut halves = [(self.low.clone(), self.high.clone()), (self.low.clone(), self.high.clone())];
        halves[0].1[cut.axis] = cut.threshold;
        halves[1].0[cut.axis] = cut.threshold;
        halves
    }

    /// The best of the cuts that are tried; `None` where none is valid. `scales` are the axes' lengths.
    pub(super) fn best_cut(&self, params: &RiacParams, scales: &[f64], rng: &mut dyn Rng) -> Option<Cut> {
        let mut best = None;
        let mut best_score = 0.0;
        let mut sides = [Vec::with_capacity(self.points.len()), Vec::with_capacity(self.points.len())];
        for _ in 0..params.split_attempts {
            let parts = (0..DRAWS).find_map(|_| {
                let axis = rng.random_range(0..self.low.len());
                let (low, high) = (self.low[axis], self.high[axis]);
                let cut = Cut { axis, threshold: low + (high - low) * rng.random::<f64>() };
                let below = self.points.iter().filter(|point| cut.is_below(&point.internal)).count();
                (below.min(self.points.len() - below) >= params.least_population()).then_some(cut)
            });
            let Some(cut) = parts else { continue };
            let least_side = params.min_side * scales[cut.axis];
            if cut.threshold - self.low[cut.axis] < least_side
                || self.high[cut.axis] - cut.threshold < least_side
            {
                continue;
            }
            sides.iter_mut().for_each(Vec::clear);
            for point in &self.points {
                sides[usize::from(!cut.is_below(&point.internal))].push(point.return_);
            }
            let [one, two] =
                sides.each_ref().map(|side| alp(side.iter().copied(), side.len(), params.region_size));
            let score = sides[0].len() as f64 * sides[1].len() as f64 * (one - two).abs();
            if score >= best_score {
                (best, best_score) = (Some(cut), score);
            }
        }
        best
    }

    /// The task with the lowest return, the oldest of several; `None` where it holds none.
    pub(super) fn worst(&self) -> Option<&Point> {
        self.points.iter().min_by(|one, two| one.return_.total_cmp(&two.return_)).map(|point| &**point)
    }
}

/// Absolute learning progress of `count` returns, oldest first: between the means of the older and the newer half of
/// the last `window`; 0 of less than three.
fn alp(returns: impl Iterator<Item = f64>, count: usize, window: u32) -> f64 {
    if count < 3 {
        return 0.0;
    }
    let window = count.min(window as usize);
    let newer = window / 2;
    let older = window - newer;
    let (mut first, mut second) = (0.0, 0.0);
    for (index, return_) in returns.skip(count - window).enumerate() {
        // Divided one by one: the sum of the largest numbers would not be finite.
        if index < older {
            first += return_ / older as f64;
        } else {
            second += return_ / newer as f64;
        }
    }
    (first - second).abs().min(f64::MAX)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "numbers without rounding")]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha12Rng;

    use super::*;

    fn region(points: impl Iterator<Item = (f64, f64)>) -> Region {
        let points = points.enumerate().map(|(number, (x, return_))| {
            Arc::new(Point { number: number as u64, internal: vec![x], return_ })
        });
        Region::new(vec![0.0], vec![1.0], points.collect(), 200)
    }

    #[test]
    fn alp_is_between_the_halves_of_the_window() {
        let of = |returns: &[f64], window| alp(returns.iter().copied(), returns.len(), window);
        assert_eq!(of(&[0.0, 1.0], 200), 0.0);
        assert_eq!(of(&[0.0, 0.0, 1.0], 200), 1.0);
        assert_eq!(of(&[1.0, 1.0, 3.0, 5.0], 200), 3.0);
        assert_eq!(of(&[100.0, 1.0, 1.0, 3.0, 5.0], 4), 3.0);
        assert_eq!(of(&[-f64::MAX, -f64::MAX, f64::MAX, f64::MAX], 4), f64::MAX);
    }

    #[test]
    fn it_is_cut_where_progress_begins() {
        let region = region((0..201).map(|at| {
            let x = (at as f64 * 0.618_033_988).fract();
            (x, if x > 0.7 { at as f64 / 200.0 } else { 0.0 })
        }));
        let cut =
            region.best_cut(&RiacParams::default(), &[1.0], &mut ChaCha12Rng::seed_from_u64(1)).unwrap();
        assert!((cut.threshold - 0.7).abs() < 0.1, "{cut:?}");
    }

    #[test]
    fn equal_tasks_are_not_parted() {
        let region = region((0..201).map(|at| (0.5, at as f64)));
        assert_eq!(region.best_cut(&RiacParams::default(), &[1.0], &mut ChaCha12Rng::seed_from_u64(1)), None);
    }
}
