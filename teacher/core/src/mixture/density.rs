//! Log densities of mixtures over many points at once.

use super::cholesky::{factorise, invert, packed_len};
use super::columns::{Columns, LANES, Lanes};
use super::elementary::{exp, ln};

/// Log densities this far below the largest of a point count as zero responsibility.
///
/// e⁻³⁰⁰ is beyond any effect on a sum of doubles, and flushing it keeps denormal numbers, which cost four
/// times the time, out of the products that follow.
const NEGLIGIBLE: f64 = -300.0;

/// The parameters of a mixture in the shape in which densities are computed.
#[derive(Debug)]
pub(super) struct Densities {
    width: usize,
    components: usize,
    means: Vec<f64>,
    inverse_factors: Vec<f64>,
    constants: Vec<f64>,
    factor: Vec<f64>,
}

impl Densities {
    /// Makes room for `components` Gaussians over `width` dimensions.
    pub(super) fn new(components: usize, width: usize) -> Self {
        Self {
            width,
            components,
            means: vec![0.0; components * width],
            inverse_factors: vec![0.0; components * packed_len(width)],
            constants: vec![0.0; components],
            factor: vec![0.0; packed_len(width)],
        }
    }

    /// Sets one component. `covariance` is packed; its pivots are kept at `floor` or above.
    pub(super) fn set(
        &mut self,
        component: usize,
        weight: f64,
        mean: &[f64],
        covariance: &[f64],
        floor: f64,
    ) {
        let width = self.width;
        self.means[component * width..][..width].copy_from_slice(mean);
        self.factor.copy_from_slice(covariance);
        factorise(&mut self.factor, width, floor);
        let inverse = &mut self.inverse_factors[component * packed_len(width)..][..packed_len(width)];
        invert(&self.factor, inverse, width);
        // ln √(2π)
        let mut constant = -0.918_938_533_204_672_7 * width as f64;
        for row in 0..width {
            constant -= ln(self.factor[packed_len(row) + row]);
        }
        self.constants[component] = constant + ln(weight.max(f64::MIN_POSITIVE));
    }

    /// Writes ln(weight · density) of every component at every point: `joint[component · blocks + block]`.
    pub(super) fn log_joint(&self, columns: &Columns, joint: &mut [Lanes]) {
        let (width, blocks) = (self.width, columns.blocks());
        let mut centred = vec![[0.0; LANES]; width];
        for component in 0..self.components {
            let mean = &self.means[component * width..][..width];
            let inverse = &self.inverse_factors[component * packed_len(width)..][..packed_len(width)];
            let constant = self.constants[component];
            for block in 0..blocks {
                for (dimension, out) in centred.iter_mut().enumerate() {
                    let values = &columns.column(dimension)[block];
                    for lane in 0..LANES {
                        out[lane] = values[lane] - mean[dimension];
                    }
                }
                let mut distance = [0.0; LANES];
                for row in 0..width {
                    let mut projected = [0.0; LANES];
                    for (entry, values) in inverse[packed_len(row)..][..=row].iter().zip(&centred) {
                        for lane in 0..LANES {
                            projected[lane] += entry * values[lane];
                        }
                    }
                    for lane in 0..LANES {
                        distance[lane] += projected[lane] * projected[lane];
                    }
                }
                let out = &mut joint[component * blocks + block];
                for lane in 0..LANES {
                    out[lane] = constant - 0.5 * distance[lane];
                }
            }
        }
    }
}

/// Turns log joint densities into responsibilities, and writes each point's log-likelihood.
pub(super) fn normalise(joint: &mut [Lanes], components: usize, log_likelihoods: &mut [Lanes]) {
    let blocks = log_likelihoods.len();
    for (block, log_likelihood) in log_likelihoods.iter_mut().enumerate() {
        let mut largest = joint[block];
        for component in 1..components {
            let values = &joint[component * blocks + block];
            for lane in 0..LANES {
                largest[lane] = if values[lane] > largest[lane] { values[lane] } else { largest[lane] };
            }
        }
        let mut total = [0.0; LANES];
        for component in 0..components {
            let values = &mut joint[component * blocks + block];
            let mut differences = [0.0; LANES];
            for lane in 0..LANES {
                differences[lane] = values[lane] - largest[lane];
            }
            *values = exp_or_zero(differences);
            for lane in 0..LANES {
                total[lane] += values[lane];
            }
        }
        let mut scale = [0.0; LANES];
        for lane in 0..LANES {
            scale[lane] = 1.0 / total[lane];
            log_likelihood[lane] = largest[lane] + ln(total[lane]);
        }
        for component in 0..components {
            let values = &mut joint[component * blocks + block];
            for lane in 0..LANES {
                values[lane] *= scale[lane];
            }
        }
    }
}

/// The exponentials of numbers that are zero or less; zero where they are negligible.
fn exp_or_zero(differences: Lanes) -> Lanes {
    if differences.iter().all(|&difference| difference <= NEGLIGIBLE) {
        return [0.0; LANES];
    }
    let mut values = [0.0; LANES];
    let mut counts = [0.0; LANES];
    for lane in 0..LANES {
        let difference = differences[lane];
        values[lane] = if difference > NEGLIGIBLE { difference } else { NEGLIGIBLE };
        counts[lane] = if difference > NEGLIGIBLE { 1.0 } else { 0.0 };
    }
    exp_lanes(&mut values);
    for lane in 0..LANES {
        values[lane] *= counts[lane];
    }
    values
}

/// [`exp`] of every lane; out of line, since the compiler makes scalar branches of it where it can see a
/// condition.
#[inline(never)]
fn exp_lanes(lanes: &mut Lanes) {
    for lane in lanes {
        *lane = exp(*lane);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn densities_agree_with_the_formula() {
        // Two components over one dimension: 0.25 · N(0, 1) and 0.75 · N(2, 0.25).
        let points = array![[0.0], [1.0], [500.0]];
        let columns = Columns::new(points.view(), &[0, 1, 2], &[0.0]);
        let mut densities = Densities::new(2, 1);
        densities.set(0, 0.25, &[0.0], &[1.0], 1e-12);
        densities.set(1, 0.75, &[2.0], &[0.25], 1e-12);
        let mut joint = vec![[0.0; LANES]; 2];
        let mut log_likelihoods = vec![[0.0; LANES]; 1];
        densities.log_joint(&columns, &mut joint);
        normalise(&mut joint, 2, &mut log_likelihoods);
        for lane in 0..2 {
            let x = points[[lane, 0]];
            let normal = |mean: f64, deviation: f64| {
                let z = (x - mean) / deviation;
                (-0.5 * z * z).exp() / (deviation * (2.0 * std::f64::consts::PI).sqrt())
            };
            let parts = [0.25 * normal(0.0, 1.0), 0.75 * normal(2.0, 0.5)];
            let total = parts[0] + parts[1];
            assert!((log_likelihoods[0][lane] - total.ln()).abs() < 1e-14);
            assert!((joint[0][lane] - parts[0] / total).abs() < 1e-14);
        }
        // Far away, the wide component takes all and the log-likelihood stays finite.
        assert_eq!((joint[0][2], joint[1][2]), (1.0, 0.0));
        assert!((log_likelihoods[0][2] - (-125_000.0 - 0.918_938_533 + 0.25f64.ln())).abs() < 1e-6);
    }
}
