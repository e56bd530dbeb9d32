//! A leaf of the tree: a few dozen tasks laid out so that their distances to one query are computed side by
//! side.

use super::rows::{Outcome, Rows};

/// Tasks per block. Within a block the coordinates are stored dimension by dimension, eight tasks wide.
const LANES: usize = 8;

/// Dimensions summed before a block is given up because all of its tasks are already too far away.
const DIMENSIONS_PER_CHECK: usize = 4;

/// An unordered set of distinct tasks with their outcomes.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaf {
    /// Blocks of `width × LANES` values; lanes past the last task hold zeros and are never read as tasks.
    blocks: Vec<f64>,
    /// One outcome per task, in the order of the blocks' lanes.
    outcomes: Vec<Outcome>,
}

impl Leaf {
    /// A leaf of the rows from `start` to the end.
    pub(super) fn from_rows(rows: &Rows, start: usize) -> Self {
        let count = rows.len() - start;
        let mut leaf = Self {
            blocks: Vec::with_capacity(count.div_ceil(LANES) * LANES * rows.width()),
            outcomes: Vec::with_capacity(count.next_multiple_of(LANES)),
        };
        for row in start..rows.len() {
            leaf.push(rows.point(row), rows.outcome(row));
        }
        leaf
    }

    /// Number of tasks.
    pub(super) fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Adds a task that the leaf does not hold yet; growth is by whole blocks, without spare capacity.
    pub(super) fn push(&mut self, point: &[f64], outcome: Outcome) {
        let lane = self.outcomes.len() % LANES;
        if lane == 0 {
            self.blocks.reserve_exact(point.len() * LANES);
            self.blocks.resize(self.blocks.len() + point.len() * LANES, 0.0);
            self.outcomes.reserve_exact(LANES);
        }
        let first = self.blocks.len() - point.len() * LANES;
        for (row, &coordinate) in self.blocks[first..].chunks_exact_mut(LANES).zip(point) {
            row[lane] = coordinate + 0.0;
        }
        self.outcomes.push(outcome);
    }

    /// The outcome of exactly this task, where −0.0 counts as 0.0.
    pub(super) fn outcome_of(&mut self, point: &[f64]) -> Option<&mut Outcome> {
        let position =
            self.blocks.chunks_exact(point.len() * LANES).enumerate().find_map(|(block, values)| {
                let mut equal = [true; LANES];
                for (row, &coordinate) in values.chunks_exact(LANES).zip(point) {
                    let bits = (coordinate + 0.0).to_bits();
                    for (equal, stored) in equal.iter_mut().zip(row) {
                        *equal &= stored.to_bits() == bits;
                    }
                    if equal == [false; LANES] {
                        return None;
                    }
                }
                equal.iter().position(|&equal| equal).map(|lane| block * LANES + lane)
            })?;
        // A match past the last task is the padding of an unfinished block; real tasks come before it.
        self.outcomes.get_mut(position)
    }

    /// Appends all tasks to `rows`.
    pub(super) fn append_to(&self, rows: &mut Rows) {
        let width = rows.width();
        let mut point = vec![0.0; width];
        for (position, &outcome) in self.outcomes.iter().enumerate() {
            let first = position / LANES * LANES * width + position % LANES;
            for (dimension, coordinate) in point.iter_mut().enumerate() {
                *coordinate = self.blocks[first + dimension * LANES];
            }
            rows.push(&point, outcome);
        }
    }

    /// Calls `visit` with the squared distance and the outcome of every task that may be within `limit`.
    ///
    /// `visit` returns the limit that holds from then on. The sum of squares runs from the first dimension to
    /// the last.
    #[inline]
    pub(super) fn visit_within(
        &self,
        query: &[f64],
        mut limit: f64,
        mut visit: impl FnMut(f64, &Outcome) -> f64,
    ) {
        let blocks = self.blocks.chunks_exact(query.len() * LANES);
        for (values, outcomes) in blocks.zip(self.outcomes.chunks(LANES)) {
            let sums = squared_distances(values, query, limit);
            for (&sum, outcome) in sums.iter().zip(outcomes) {
                if sum <= limit {
                    limit = visit(sum, outcome);
                }
            }
        }
    }

    /// Bytes of the leaf's own allocations.
    pub(super) fn heap_bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<f64>() + self.outcomes.capacity() * size_of::<Outcome>()
    }
}

/// Squared distances of a block's tasks to the query, or partial sums that all exceed `limit`.
///
/// Leaving early is sound: a rounded sum of squares never falls when another square is added.
#[inline]
fn squared_distances(values: &[f64], query: &[f64], limit: f64) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    let (rows, _) = values.as_chunks::<LANES>();
    for (rows, query) in rows.chunks(DIMENSIONS_PER_CHECK).zip(query.chunks(DIMENSIONS_PER_CHECK)) {
        for (row, &coordinate) in rows.iter().zip(query) {
            for (sum, stored) in sums.iter_mut().zip(row) {
                let difference = coordinate - stored;
                *sum += difference * difference;
            }
        }
        if sums.iter().all(|&sum| sum > limit) {
            break;
        }
    }
    sums
}
