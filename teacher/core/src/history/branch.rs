//! The inner nodes of the tree, and when a subtree is due to be built anew.

use super::rows::Split;

/// Most tasks in a leaf; one more splits it. Measured at 1e6 tasks: faster than 16, 32 and 128.
pub(super) const LEAF_CAPACITY: usize = 64;

/// A subtree, by its place among the leaves or branches.
#[derive(Debug, Clone, Copy)]
pub(super) enum Child {
    Leaf(u32),
    Branch(u32),
}

/// Where a subtree hangs: at the top, or at a side of a branch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    Root,
    Side(u32, usize),
}

/// An inner node. Side 0 holds the tasks below the split, side 1 the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    pub(super) split: Split,
    pub(super) latest_episodes: [u64; 2],
    pub(super) counts: [u32; 2],
    pub(super) count_when_built: u32,
    pub(super) children: [Child; 2],
}

impl Branch {
    pub(super) fn side_of(&self, point: &[f64]) -> usize {
        usize::from(point[self.split.dimension] >= self.split.threshold)
    }

    pub(super) fn count(&self) -> u32 {
        self.counts[0] + self.counts[1]
    }

    /// Whether one side holds over 70% of the tasks (and some leaves more) although a quarter of them is new.
    pub(super) fn is_unbalanced(&self) -> bool {
        let count = u64::from(self.count());
        let heavier = u64::from(self.counts[0].max(self.counts[1]));
        let new = count - u64::from(self.count_when_built);
        heavier * 10 > count * 7 + LEAF_CAPACITY as u64 * 10 && new * 4 > count
    }
}
