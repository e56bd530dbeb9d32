//! What the student is expected to return on a task: the mean of the returns on tasks near it.
//!
//! The estimator of Nadaraya (1964) and Watson (1964): a mean weighted by a Gaussian kernel of the distance. Far from
//! all episodes the nearest ones decide, since weights count relative to the nearest one's.

use super::Experience;
use crate::mixture::exp;

/// Episodes count whose weight is at least e to the minus this of the nearest one's: those within three standard
/// deviations, where the nearest is at the point itself.
const NEGLIGIBLE: f64 = 4.5;

/// Episodes, axis by axis, and their returns; at least one.
#[derive(Debug)]
pub(super) struct Performance {
    axes: Vec<Vec<f64>>,
    returns: Vec<f64>,
    /// Twice the kernel's variance.
    spread: f64,
}

impl Performance {
    /// Of at least one episode, with a kernel of this standard deviation, above 0.
    pub(super) fn new<'a>(experiences: impl Iterator<Item = &'a Experience> + Clone, deviation: f64) -> Self {
        let returns: Vec<f64> = experiences.clone().map(|experience| experience.return_).collect();
        let width = experiences.clone().next().map_or(0, |experience| experience.internal.len());
        let axes = (0..width)
            .map(|axis| experiences.clone().map(|experience| experience.internal[axis]).collect())
            .collect();
        Self { axes, returns, spread: 2.0 * deviation * deviation }
    }

    /// The same for points within `reach` of `centre`, from fewer episodes.
    pub(super) fn near(&self, centre: &[f64], reach: f64, scratch: &mut Vec<f64>) -> Self {
        let nearest = self.measure(centre, scratch).sqrt() + reach;
        let furthest = reach + (nearest * nearest + NEGLIGIBLE * self.spread).sqrt();
        let within = |index: &usize| scratch[*index] <= furthest * furthest;
        let kept: Vec<usize> = (0..self.returns.len()).filter(within).collect();
        let of = |values: &Vec<f64>| kept.iter().map(|&index| values[index]).collect();
        Self { axes: self.axes.iter().map(of).collect(), returns: of(&self.returns), spread: self.spread }
    }

    /// The expected return at a point.
    pub(super) fn predict(&self, point: &[f64], scratch: &mut Vec<f64>) -> f64 {
        let nearest = self.measure(point, scratch);
        let (mut sum, mut total) = (0.0, 0.0);
        let furthest = nearest + NEGLIGIBLE * self.spread;
        for (square, return_) in scratch.iter().zip(&self.returns) {
            if *square <= furthest {
                let weight = exp((nearest - square) / self.spread);
                sum += weight * return_;
                total += weight;
            }
        }
        sum / total
    }

    /// Puts the squared distance of every episode into `squares` and gives the least.
    fn measure(&self, point: &[f64], squares: &mut Vec<f64>) -> f64 {
        squares.clear();
        squares.resize(self.returns.len(), 0.0);
        for (values, at) in self.axes.iter().zip(point) {
            for (square, value) in squares.iter_mut().zip(values) {
                *square += (value - at) * (value - at);
            }
        }
        squares.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn experiences(points: &[(f64, f64, f64)]) -> Vec<Experience> {
        points.iter().map(|&(x, y, return_)| Experience { internal: vec![x, y], return_ }).collect()
    }

    #[test]
    fn it_is_the_weighted_mean_of_what_is_near() {
        let episodes = experiences(&[(0.0, 0.0, 1.0), (0.2, 0.0, 3.0), (5.0, 5.0, -7.0)]);
        let performance = Performance::new(episodes.iter(), 0.1);
        for (point, wanted) in [
            ([0.1, 0.0], 2.0),
            ([0.0, 0.0], (1.0 + 3.0 * (-2.0_f64).exp()) / (1.0 + (-2.0_f64).exp())),
            // Beyond every kernel the nearest episode decides.
            ([4.0, 5.0], -7.0),
            ([-1e9, 0.0], 1.0),
        ] {
            let found = performance.predict(&point, &mut Vec::new());
            assert!((found - wanted).abs() < 1e-12, "{point:?}: {found} instead of {wanted}");
        }
    }

    proptest! {
        #[test]
        fn fewer_episodes_say_the_same_nearby(
            points in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, -1.0..1.0f64), 1..60),
            centre in (0.0..1.0f64, 0.0..1.0f64),
            offset in (-0.07..0.07f64, -0.07..0.07f64),
        ) {
            let episodes = experiences(&points);
            let performance = Performance::new(episodes.iter(), 0.03);
            let near = performance.near(&[centre.0, centre.1], 0.1, &mut Vec::new());
            let point = [centre.0 + offset.0, centre.1 + offset.1];
            let (one, two) =
                (performance.predict(&point, &mut Vec::new()), near.predict(&point, &mut Vec::new()));
            prop_assert_eq!(one.to_bits(), two.to_bits());
        }
    }
}
