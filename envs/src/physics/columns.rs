//! Which pieces of terrain stand over a stretch of ground: how a fan of rays finds what it meets.
//!
//! The tree answers which piece a ray meets *first in the order of the tree*, by visiting node after node for every ray. Most rays meet one
//! piece, or none, and then the order does not matter. So pieces are filed under the columns of ground that they stand over; for
//! those near the fan, the corners' sides of all rays are told at once; and only where a ray meets several is the tree asked.

use super::aabb::Aabb;
use super::math::Vec2;
use serde::{Deserialize, Serialize};

/// The least width of a column, metres: about an edge of the ground.
const WIDTH: f32 = 0.5;

/// More entries than this for each piece, and columns are no help.
const MOST_ENTRIES: usize = 64;

/// Corners this near to a ray's line, as the cross product with the ray (at most 6 m long) in m², may lie on either side of it. Its rounding
/// errors are a hundredth of that within 200 m of the origin.
const NEAR_LINE: f32 = 1e-3;

/// The most rays of a fan.
const MOST_RAYS: usize = 16;

/// Pieces filed under columns of equal width.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Columns {
    left: f32,
    width: f32,
    /// Where the entries of each column begin, and where the last ends.
    starts: Vec<u32>,
    entries: Vec<Entry>,
}

/// A piece in a column.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Entry {
    piece: u32,
    /// The first column over which it stands.
    first: u32,
}

impl Columns {
    /// Files pieces by their bounds; none if there are none or they lie over each other too much.
    pub(crate) fn new(bounds: &[Aabb]) -> Option<Self> {
        let left = bounds.iter().map(|bounds| bounds.lower.x).reduce(f32::min)?;
        let right = bounds.iter().map(|bounds| bounds.upper.x).reduce(f32::max)?;
        let width = WIDTH.max((right - left) / (4 * bounds.len()) as f32);
        let mut columns = Self { left, width, starts: Vec::new(), entries: Vec::new() };
        let count = columns.column(right) + 1;
        let range =
            |columns: &Self, bounds: &Aabb| columns.column(bounds.lower.x)..=columns.column(bounds.upper.x);

        columns.starts = vec![0; count + 1];
        for bounds in bounds {
            for column in range(&columns, bounds) {
                columns.starts[column + 1] += 1;
            }
        }
        for column in 0..count {
            columns.starts[column + 1] += columns.starts[column];
        }
        let total = columns.starts[count] as usize;
        if total > MOST_ENTRIES * bounds.len() {
            return None;
        }
        let mut next = columns.starts.clone();
        columns.entries = vec![Entry { piece: 0, first: 0 }; total];
        for (piece, bounds) in bounds.iter().enumerate() {
            let columns_of_piece = range(&columns, bounds);
            let entry = Entry { piece: piece as u32, first: *columns_of_piece.start() as u32 };
            for column in columns_of_piece {
                columns.entries[next[column] as usize] = entry;
                next[column] += 1;
            }
        }
        Some(columns)
    }

    fn column(&self, x: f32) -> usize {
        ((x - self.left) / self.width).max(0.0) as usize
    }

    /// Calls `visit` once with every piece over the stretch between two places.
    #[inline]
    pub(crate) fn between(&self, left: f32, right: f32, mut visit: impl FnMut(u32)) {
        if right < self.left {
            return;
        }
        let start = self.column(left);
        let end = (self.column(right) + 1).min(self.starts.len() - 1);
        for column in start..end {
            let entries = self.starts[column] as usize..self.starts[column + 1] as usize;
            for entry in &self.entries[entries] {
                if column == start.max(entry.first as usize) {
                    visit(entry.piece);
                }
            }
        }
    }
}

/// Rays from one point.
pub(crate) struct Fan {
    from: Vec2,
    x: [f32; MOST_RAYS],
    y: [f32; MOST_RAYS],
}

impl Fan {
    /// Rays from a point to at most [`MOST_RAYS`] others.
    pub(crate) fn new(from: Vec2, ends: &[Vec2]) -> Self {
        let mut fan = Self { from, x: [0.0; MOST_RAYS], y: [0.0; MOST_RAYS] };
        for (index, &end) in ends.iter().enumerate() {
            fan.x[index] = end.x - from.x;
            fan.y[index] = end.y - from.y;
        }
        fan
    }

    /// Whether the line of each ray may cross an outline: its corners do not all lie clearly on one side.
    #[inline]
    pub(crate) fn may_cross(&self, outline: &[Vec2]) -> [bool; MOST_RAYS] {
        let mut least = [f32::MAX; MOST_RAYS];
        let mut most = [-f32::MAX; MOST_RAYS];
        for &corner in outline {
            let place = corner - self.from;
            for ray in 0..MOST_RAYS {
                let side = self.x[ray] * place.y - self.y[ray] * place.x;
                least[ray] = if side < least[ray] { side } else { least[ray] };
                most[ray] = if side > most[ray] { side } else { most[ray] };
            }
        }
        core::array::from_fn(|ray| least[ray] <= NEAR_LINE && most[ray] >= -NEAR_LINE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::oracle::any_point;
    use proptest::prelude::*;

    fn any_bounds() -> impl Strategy<Value = Aabb> {
        (any_point(20.0), any_point(2.0)).prop_map(|(one, size)| Aabb::around(&[one, one + size]))
    }

    proptest! {
        #[test]
        fn pieces_over_a_stretch_are_visited_once(
            bounds in prop::collection::vec(any_bounds(), 1..60), left in -30.0..30.0_f32, length in 0.0..15.0_f32,
        ) {
            let Some(columns) = Columns::new(&bounds) else {
                return Err(TestCaseError::fail("short pieces fit into columns"));
            };
            let right = left + length;
            let mut visited = Vec::new();
            columns.between(left, right, |piece| visited.push(piece as usize));
            for (piece, bounds) in bounds.iter().enumerate() {
                let over = left <= bounds.upper.x && bounds.lower.x <= right;
                let times = visited.iter().filter(|&&other| other == piece).count();
                // Others in the same columns may be visited too.
                prop_assert!(times == 1 || times == 0 && !over, "piece {piece} was visited {times} times");
                let near = left - columns.width <= bounds.upper.x && bounds.lower.x <= right + columns.width;
                prop_assert!(times == 0 || near);
            }
        }

        #[test]
        fn a_ray_that_crosses_an_outline_may_cross_it(
            from in any_point(5.0), ends in prop::collection::vec(any_point(5.0), 1..=MOST_RAYS),
            share in 0.0..=1.0_f32, along in any_point(2.0),
        ) {
            let fan = Fan::new(from, &ends);
            for (ray, &end) in ends.iter().enumerate() {
                let met = from + share * (end - from);
                prop_assert!(fan.may_cross(&[met - along, met + along])[ray]);
                // Moved across the ray by more than what is near, it lies clearly on one side.
                let across = (end - from).left();
                if across.length() > 0.1 {
                    let aside = met + (0.01 / across.length_squared()) * across;
                    let further = aside + 0.5 * across;
                    prop_assert!(!fan.may_cross(&[aside, further])[ray]);
                }
            }
        }
    }

    #[test]
    fn no_columns_are_made_of_nothing_or_of_pieces_that_all_lie_over_each_other() {
        assert!(Columns::new(&[]).is_none());
        let long = Aabb { lower: Vec2::new(0.0, 0.0), upper: Vec2::new(1000.0, 1.0) };
        assert!(Columns::new(&vec![long; 100]).is_none());
        let columns = Columns::new(&[long]);
        let mut visited = 0;
        columns.unwrap().between(500.0, 501.0, |_| visited += 1);
        assert_eq!(visited, 1);
    }
}
