//! Points laid out for arithmetic over lanes: one column a dimension, cut into blocks of eight points.

use ndarray::ArrayView2;

/// Points handled together; eight doubles are one cache line and fill the registers of every x86-64
/// processor.
pub(super) const LANES: usize = 8;

/// One number for each of eight neighbouring points.
pub(super) type Lanes = [f64; LANES];

/// The points of a window, column by column, shifted so that `origin` becomes zero.
///
/// The last block is filled up with points at the origin; whoever sums over points leaves these out.
#[derive(Debug)]
pub(super) struct Columns {
    points: usize,
    width: usize,
    blocks: usize,
    values: Vec<Lanes>,
}

impl Columns {
    /// Lays out `points` (one row a point) in the given `order` of rows, relative to `origin`.
    pub(super) fn new(points: ArrayView2<f64>, order: &[usize], origin: &[f64]) -> Self {
        let blocks = order.len().div_ceil(LANES);
        let mut values = vec![[0.0; LANES]; blocks * origin.len()];
        for (dimension, shift) in origin.iter().enumerate() {
            for (place, &row) in order.iter().enumerate() {
                let value = points[[row, dimension]] - shift;
                values[dimension * blocks + place / LANES][place % LANES] = value;
            }
        }
        Self { points: order.len(), width: origin.len(), blocks, values }
    }

    /// The number of points, without the filling.
    pub(super) fn points(&self) -> usize {
        self.points
    }

    /// The number of dimensions.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The number of blocks in a column.
    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// One dimension of all points.
    pub(super) fn column(&self, dimension: usize) -> &[Lanes] {
        &self.values[dimension * self.blocks..][..self.blocks]
    }

    /// Sets the filling of the last block of a column to zero.
    pub(super) fn clear_filling(&self, column: &mut [Lanes]) {
        let used = self.points - (self.blocks - 1) * LANES;
        column[self.blocks - 1][used..].fill(0.0);
    }
}

/// The mean of each dimension of `points`, summed row by row.
pub(super) fn mean_point(points: ArrayView2<f64>) -> Vec<f64> {
    let mut mean = vec![0.0; points.ncols()];
    for row in points.rows() {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += value;
        }
    }
    for sum in &mut mean {
        *sum /= points.nrows() as f64;
    }
    mean
}

/// The sum of all numbers of a column: lane by lane, then the lanes in pairs.
pub(super) fn sum(column: &[Lanes]) -> f64 {
    let mut total = [0.0; LANES];
    for block in column {
        for lane in 0..LANES {
            total[lane] += block[lane];
        }
    }
    sum_lanes(total)
}

/// The sum of the products of two columns of equal length, in the order of [`sum`].
pub(super) fn dot(left: &[Lanes], right: &[Lanes]) -> f64 {
    let mut total = [0.0; LANES];
    for (a, b) in left.iter().zip(right) {
        for lane in 0..LANES {
            total[lane] += a[lane] * b[lane];
        }
    }
    sum_lanes(total)
}

fn sum_lanes(lanes: Lanes) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn points_are_laid_out_by_column_and_filled_up_with_zeros() {
        let points = array![[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]];
        let columns = Columns::new(points.view(), &[2, 0, 1], &[1.0, 10.0]);
        assert_eq!((columns.points(), columns.width(), columns.blocks()), (3, 2, 1));
        assert_eq!(columns.column(1), &[[20.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0]]);
        let mut ones = vec![[1.0; LANES]];
        columns.clear_filling(&mut ones);
        assert_eq!(sum(&ones), 3.0);
        assert_eq!(dot(&ones, columns.column(0)), 3.0);
        assert_eq!(mean_point(points.view()), [2.0, 20.0]);
    }
}
