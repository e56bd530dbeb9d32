//! One query: down the nearer side first, past every box that is too far away, too old, or tied but earlier.

use super::branch::{Branch, Child};
use super::index::Neighbour;
use super::leaf::Leaf;
use super::rows::Outcome;

/// One query under way.
#[derive(Debug)]
pub(super) struct Search<'a> {
    branches: &'a [Branch],
    bounds: &'a [f64],
    leaves: &'a [Leaf],
    query: &'a [f64],
    oldest_episode: u64,
    squared_distance: f64,
    best: Option<Outcome>,
}

impl<'a> Search<'a> {
    /// A search that has visited nothing yet. `bounds` holds `4 × query.len()` values for each branch.
    pub(super) fn new(
        branches: &'a [Branch],
        bounds: &'a [f64],
        leaves: &'a [Leaf],
        query: &'a [f64],
        oldest_episode: u64,
    ) -> Self {
        Self { branches, bounds, leaves, query, oldest_episode, squared_distance: f64::INFINITY, best: None }
    }

    /// The nearest task among those visited.
    pub(super) fn nearest(&self) -> Option<Neighbour> {
        let squared_distance = self.squared_distance;
        self.best.map(|Outcome { episode, return_ }| Neighbour { episode, return_, squared_distance })
    }

    /// Visits a subtree as far as it can hold a better answer.
    pub(super) fn visit(&mut self, child: Child) {
        match child {
            Child::Leaf(leaf) => self.visit_leaf(&self.leaves[leaf as usize]),
            Child::Branch(number) => {
                let branch = &self.branches[number as usize];
                let bounds = self.box_distances(number as usize);
                let nearer = usize::from(bounds[1] < bounds[0]);
                for side in [nearer, 1 - nearer] {
                    if self.improves(bounds[side], branch.latest_episodes[side]) {
                        self.visit(branch.children[side]);
                    }
                }
            }
        }
    }

    fn visit_leaf(&mut self, leaf: &Leaf) {
        leaf.visit_within(self.query, self.squared_distance, |squared_distance, outcome| {
            if self.improves(squared_distance, outcome.episode) {
                self.squared_distance = squared_distance;
                self.best = Some(*outcome);
            }
            self.squared_distance
        });
    }

    /// Whether a task at this distance with this latest episode would be a better answer than the best so
    /// far.
    fn improves(&self, squared_distance: f64, episode: u64) -> bool {
        let is_later = self.best.is_none_or(|best| episode > best.episode);
        episode >= self.oldest_episode
            && (squared_distance < self.squared_distance
                || (squared_distance <= self.squared_distance && is_later))
    }

    /// Squared distances from the query to the boxes of both children, summed as those of tasks are.
    fn box_distances(&self, branch: usize) -> [f64; 2] {
        let first = branch * self.query.len() * 4;
        let (bounds, _) = self.bounds[first..first + self.query.len() * 4].as_chunks::<4>();
        let mut sums = [0.0; 2];
        for (&coordinate, bounds) in self.query.iter().zip(bounds) {
            for side in 0..2 {
                let below = bounds[side] - coordinate;
                let above = coordinate - bounds[2 + side];
                let outside = if below > above { below } else { above };
                let gap = if outside > 0.0 { outside } else { 0.0 };
                sums[side] += gap * gap;
            }
        }
        sums
    }
}
