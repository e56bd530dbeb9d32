//! Where the next task will lie: probabilities of the cells of a grid over one or two axes, the others summed over.
//!
//! They are those of what a teacher draws and clips: what a Gaussian has beyond the space lies in the outermost cells.
//! Exact but for rounding; a covariance that sampling takes for another one, because its own is singular, is taken for
//! the same here.

use crate::{
    mixture::{factorise, packed_len, rounding_floor},
    space::{Axis, DimensionKind, TaskSpace},
    teacher::{Component, DistributionShape, TaskDistribution},
};

mod normal;

/// Most cells along an axis.
pub const MAX_CELLS: u32 = 200;

/// Why there is no such grid. The caller must mend the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// A grid has one or two axes.
    #[error("a density is over one or two axes, not {0}")]
    Axes(usize),
    /// The space has no such axis.
    #[error("the space has axes 0 to {last}, not {axis}")]
    NoAxis {
        /// Its place in the list.
        index: usize,
        /// What was asked for.
        axis: u32,
        /// Index of the space's last.
        last: u32,
    },
    /// An axis is named twice.
    #[error("axis {0} is there twice")]
    Twice(u32),
    /// There would be no cell, or too many.
    #[error("an axis has 1 to {MAX_CELLS} cells, not {0}")]
    Cells(u32),
}

/// Cells along one or two axes of a space.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    axes: Vec<GridAxis>,
}

/// Cells along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct GridAxis {
    axis: u32,
    /// In parameters' units; one more than cells.
    borders: Vec<f64>,
    /// The same as shares of the axis.
    shares: Vec<f64>,
    scale: f64,
}

impl GridAxis {
    /// Its index in the space.
    pub fn axis(&self) -> u32 {
        self.axis
    }

    /// Borders of its cells in the units of the parameters, lowest first: one more than cells.
    pub fn borders(&self) -> &[f64] {
        &self.borders
    }

    /// Of equal width inside; of an integer axis of fewer values each value has one.
    fn new(index: u32, axis: &Axis, cells: u32) -> Self {
        let whole = u64::from(cells);
        let (shares, borders) = match axis.kind() {
            DimensionKind::Integer { low, high } => {
                let values = (high - low + 1) as u64;
                let cells = whole.min(values);
                // As many values in each, give or take one.
                let before =
                    |border: u64| (u128::from(border) * u128::from(values) / u128::from(cells)) as u64;
                (0..=cells)
                    .map(before)
                    .map(|before| (before as f64 / values as f64, (low + before as i64) as f64 - 0.5))
                    .unzip()
            }
            DimensionKind::Continuous { low, high } => {
                equal_shares(whole, |share| if share < 1.0 { low + share * (high - low) } else { high })
            }
            DimensionKind::LogScaled { low, high } => {
                let ratio = libm::log(high / low);
                equal_shares(whole, |share| if share < 1.0 { low * libm::exp(share * ratio) } else { high })
            }
        };
        Self { axis: index, borders, shares, scale: axis.distance_scale() }
    }

    fn cells(&self) -> usize {
        self.shares.len() - 1
    }

    /// Internal coordinates of the borders between cells.
    fn inner_borders(&self) -> impl Iterator<Item = f64> {
        self.shares[1..self.cells()].iter().map(|share| share * self.scale)
    }

    /// Probability below each border of what is uniform over the axis.
    fn uniform(&self) -> Vec<f64> {
        self.shares.clone()
    }

    /// Probability below each border of what is uniform from `low` to `high` and clipped.
    fn uniform_between(&self, low: f64, high: f64) -> Vec<f64> {
        let below = |border: f64| match high > low {
            true => ((border - low) / (high - low)).clamp(0.0, 1.0),
            false => f64::from(u8::from(border > low)),
        };
        self.with_ends(self.inner_borders().map(below))
    }

    /// Probability below each border of what is normal around `mean` and clipped.
    fn normal_around(&self, mean: f64, deviation: f64) -> Vec<f64> {
        let below = |border: f64| normal::below(normal::standardised(border - mean, deviation));
        self.with_ends(self.inner_borders().map(below))
    }

    fn with_ends(&self, inner: impl Iterator<Item = f64>) -> Vec<f64> {
        std::iter::once(0.0).chain(inner).chain([1.0]).collect()
    }
}

fn equal_shares(cells: u64, value: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
    (0..=cells).map(|border| border as f64 / cells as f64).map(|share| (share, value(share))).unzip()
}

impl Grid {
    /// Cells along these axes: `cells` along each, but of an integer axis no more than it has values.
    ///
    /// # Errors
    /// [`GridError`] unless there are one or two different axes of the space and 1 to [`MAX_CELLS`] cells.
    pub fn new(space: &TaskSpace, axes: &[u32], cells: u32) -> Result<Self, GridError> {
        if !(1..=2).contains(&axes.len()) {
            return Err(GridError::Axes(axes.len()));
        }
        if !(1..=MAX_CELLS).contains(&cells) {
            return Err(GridError::Cells(cells));
        }
        let last = space.width() as u32 - 1;
        if let Some((index, &axis)) = axes.iter().enumerate().find(|&(_, &axis)| axis > last) {
            return Err(GridError::NoAxis { index, axis, last });
        }
        if let [one, other] = axes
            && one == other
        {
            return Err(GridError::Twice(*one));
        }
        let axis = |&axis: &u32| GridAxis::new(axis, &space.axes()[axis as usize], cells);
        Ok(Self { axes: axes.iter().map(axis).collect() })
    }

    /// Its axes, as they were asked for.
    pub fn axes(&self) -> &[GridAxis] {
        &self.axes
    }

    /// Probability that the next task lies in each cell, the first axis slowest; all together 1.
    pub fn probabilities(&self, distribution: &TaskDistribution) -> Vec<f64> {
        let mut cells = vec![0.0; self.axes.iter().map(GridAxis::cells).product()];
        let explored = match distribution.shape {
            DistributionShape::Uniform => 1.0,
            _ => distribution.exploration_probability,
        };
        self.add_product(explored, |axis| axis.uniform(), &mut cells);
        let chosen = 1.0 - explored;
        if chosen > 0.0 {
            match &distribution.shape {
                DistributionShape::Uniform => {}
                DistributionShape::Mixture { components, .. } => {
                    for component in components.iter().filter(|component| component.odds > 0.0) {
                        self.add_gaussian(chosen * component.odds, component, &mut cells);
                    }
                }
                DistributionShape::Regions { regions, mutation } => {
                    for region in regions.iter().filter(|region| region.odds > 0.0) {
                        let mutated = if region.worst.is_some() { mutation.probability } else { 0.0 };
                        let within = |axis: &GridAxis| {
                            let index = axis.axis as usize;
                            axis.uniform_between(region.low[index], region.high[index])
                        };
                        self.add_product((chosen - mutated).max(0.0) * region.odds, within, &mut cells);
                        if let Some(worst) = &region.worst {
                            let around = |axis: &GridAxis| {
                                let index = axis.axis as usize;
                                axis.normal_around(worst[index], mutation.deviations[index])
                            };
                            self.add_product(mutated * region.odds, around, &mut cells);
                        }
                    }
                }
                DistributionShape::Window { low, high } => {
                    let within = |axis: &GridAxis| {
                        axis.uniform_between(low[axis.axis as usize], high[axis.axis as usize])
                    };
                    self.add_product(chosen, within, &mut cells);
                }
                DistributionShape::Particles { points, reach } => {
                    for point in points {
                        let within = |axis: &GridAxis| {
                            let index = axis.axis as usize;
                            axis.uniform_between(point[index] - reach[index], point[index] + reach[index])
                        };
                        self.add_product(chosen / points.len() as f64, within, &mut cells);
                    }
                }
            }
        }
        cells
    }

    /// Adds what is independent between the axes, given below each border of one.
    fn add_product(&self, share: f64, below: impl Fn(&GridAxis) -> Vec<f64>, cells: &mut [f64]) {
        let masses = |axis: &GridAxis| -> Vec<f64> {
            below(axis).windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).collect()
        };
        match self.axes.as_slice() {
            [one] => add(share, masses(one).into_iter(), cells),
            [one, other] => {
                let others = masses(other);
                for (mass, row) in masses(one).into_iter().zip(cells.chunks_mut(others.len())) {
                    add(share * mass, others.iter().copied(), row);
                }
            }
            _ => unreachable!("a grid has one or two axes"),
        }
    }

    fn add_gaussian(&self, share: f64, component: &Component, cells: &mut [f64]) {
        let factor = Factor::of(component);
        // In standard deviations, with the probability below.
        let places = |axis: &GridAxis| -> Vec<(f64, f64)> {
            let index = axis.axis as usize;
            let (mean, deviation) = (component.mean[index], factor.covariance(index, index).sqrt());
            axis.inner_borders()
                .map(|border| normal::standardised(border - mean, deviation))
                .map(|z| (z, normal::below(z)))
                .collect()
        };
        let [one, other] = self.axes.as_slice() else {
            let marginal = |axis: &GridAxis| axis.with_ends(places(axis).into_iter().map(|(_, below)| below));
            return self.add_product(share, marginal, cells);
        };
        let pair = normal::Pair::new(factor.correlation(one.axis as usize, other.axis as usize));
        let (rows, columns) = (places(one), places(other));
        let mut before = vec![0.0; other.cells() + 1];
        for (row, cells) in cells.chunks_mut(other.cells()).enumerate() {
            let below: Vec<f64> = match rows.get(row) {
                Some(&row) => {
                    let inner = columns.iter().map(|&column| pair.below(row, column));
                    std::iter::once(0.0).chain(inner).chain([row.1]).collect()
                }
                None => other.with_ends(columns.iter().map(|&(_, below)| below)),
            };
            let masses = (0..cells.len())
                .map(|cell| ((below[cell + 1] - below[cell]) - (before[cell + 1] - before[cell])).max(0.0));
            add(share, masses, cells);
            before = below;
        }
    }
}

fn add(share: f64, masses: impl Iterator<Item = f64>, cells: &mut [f64]) {
    for (cell, mass) in cells.iter_mut().zip(masses) {
        *cell += share * mass;
    }
}

/// What a component is sampled with: its covariance's Cholesky factor.
struct Factor(Vec<f64>);

impl Factor {
    fn of(component: &Component) -> Self {
        let width = component.mean.len();
        // Of a covariance the lower triangle counts.
        let mut packed: Vec<f64> =
            (0..width).flat_map(|row| component.covariance[row * width..][..=row].iter().copied()).collect();
        let floor = rounding_floor(&packed, width);
        factorise(&mut packed, width, floor);
        Self(packed)
    }

    fn covariance(&self, one: usize, other: usize) -> f64 {
        let row = |index: usize| &self.0[packed_len(index)..][..=index];
        row(one).iter().zip(row(other)).map(|(a, b)| a * b).sum()
    }

    fn correlation(&self, one: usize, other: usize) -> f64 {
        let deviations = self.covariance(one, one).sqrt() * self.covariance(other, other).sqrt();
        (self.covariance(one, other) / deviations).clamp(-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests;
