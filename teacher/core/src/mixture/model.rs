//! The mixture itself: weights, means, covariances; its likelihood and its samples.

use super::cholesky::{factorise, packed_len, rounding_floor};
use super::columns::{Columns, LANES};
use super::density::{Densities, normalise};
use super::elementary::fill_standard_normal;
use ndarray::{Array1, Array2, Array3, ArrayView2};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// How far the weights' sum may be from one.
const WEIGHTS_TOLERANCE: f64 = 1e-6;

/// A mixture of k Gaussians with full covariance over w dimensions.
///
/// Everything is finite, the weights are not negative and sum to one, no variance is negative. A covariance
/// may be singular: likelihood and samples then take the missing variance to be that of rounding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PlainMixture", into = "PlainMixture")]
pub struct Mixture {
    weights: Array1<f64>,
    means: Array2<f64>,
    covariances: Array3<f64>,
}

impl Mixture {
    /// Makes a mixture from weights (k), means (k × w) and covariances (k × w × w), with k and w at least
    /// one.
    ///
    /// # Errors
    /// Shapes that do not belong together, numbers that are not finite, weights or variances that cannot be.
    pub fn new(
        weights: Array1<f64>,
        means: Array2<f64>,
        covariances: Array3<f64>,
    ) -> Result<Self, MixtureError> {
        let (components, width) = means.dim();
        if components == 0
            || width == 0
            || weights.len() != components
            || covariances.dim() != (components, width, width)
        {
            return Err(MixtureError::Shape {
                weights: weights.len(),
                means: means.dim(),
                covariances: covariances.dim(),
            });
        }
        for (what, finite) in [
            ("weight", weights.iter().all(|x| x.is_finite())),
            ("mean", means.iter().all(|x| x.is_finite())),
            ("covariance", covariances.iter().all(|x| x.is_finite())),
        ] {
            if !finite {
                return Err(MixtureError::NotFinite { what });
            }
        }
        let sum: f64 = weights.iter().sum();
        if weights.iter().any(|&weight| weight < 0.0) || (sum - 1.0).abs() > WEIGHTS_TOLERANCE {
            return Err(MixtureError::Weights { sum });
        }
        for (component, covariance) in covariances.outer_iter().enumerate() {
            if covariance.diag().iter().any(|&variance| variance < 0.0) {
                return Err(MixtureError::NegativeVariance { component });
            }
        }
        Ok(Self { weights, means, covariances })
    }

    /// The number of components, k.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// The number of dimensions, w.
    pub fn width(&self) -> usize {
        self.means.ncols()
    }

    /// Each component's share; they sum to one.
    pub fn weights(&self) -> &Array1<f64> {
        &self.weights
    }

    /// The components' means, k × w.
    pub fn means(&self) -> &Array2<f64> {
        &self.means
    }

    /// The components' covariances, k × w × w; of each the lower triangle counts.
    pub fn covariances(&self) -> &Array3<f64> {
        &self.covariances
    }

    /// The log-likelihood (natural logarithm) of each point, one row a point.
    ///
    /// # Panics
    /// If the points have another width than the mixture.
    pub fn log_likelihoods(&self, points: ArrayView2<f64>) -> Vec<f64> {
        assert_eq!(points.ncols(), self.width(), "points must have the mixture's width");
        if points.nrows() == 0 {
            return Vec::new();
        }
        let order: Vec<usize> = (0..points.nrows()).collect();
        let columns = Columns::new(points, &order, &vec![0.0; self.width()]);
        let mut densities = Densities::new(self.components(), self.width());
        for component in 0..self.components() {
            let covariance = self.packed_covariance(component);
            let floor = rounding_floor(&covariance, self.width());
            let mean = self.means.row(component).to_vec();
            densities.set(component, self.weights[component], &mean, &covariance, floor);
        }
        let mut joint = vec![[0.0; LANES]; self.components() * columns.blocks()];
        let mut log_likelihoods = vec![[0.0; LANES]; columns.blocks()];
        densities.log_joint(&columns, &mut joint);
        normalise(&mut joint, self.components(), &mut log_likelihoods);
        let mut flat = log_likelihoods.into_flattened();
        flat.truncate(points.nrows());
        flat
    }

    /// The mean log-likelihood of the points, scikit-learn's `score`.
    ///
    /// # Panics
    /// If there are no points, or of another width than the mixture.
    pub fn mean_log_likelihood(&self, points: ArrayView2<f64>) -> f64 {
        assert!(points.nrows() > 0, "a mean needs at least one point");
        self.log_likelihoods(points).iter().sum::<f64>() / points.nrows() as f64
    }

    /// Draws one point from a component's Gaussian.
    ///
    /// # Panics
    /// If there is no such component.
    pub fn sample_component(&self, component: usize, rng: &mut dyn Rng) -> Vec<f64> {
        let width = self.width();
        let mut factor = self.packed_covariance(component);
        let floor = rounding_floor(&factor, width);
        factorise(&mut factor, width, floor);
        let mut deviates = vec![0.0; width];
        fill_standard_normal(&mut deviates, rng);
        (0..width)
            .map(|row| {
                let entries = &factor[packed_len(row)..][..=row];
                let offset: f64 = entries.iter().zip(&deviates).map(|(entry, deviate)| entry * deviate).sum();
                self.means[[component, row]] + offset
            })
            .collect()
    }

    /// The lower triangle of a covariance, row by row.
    fn packed_covariance(&self, component: usize) -> Vec<f64> {
        let entries = (0..self.width()).flat_map(|row| (0..=row).map(move |column| [component, row, column]));
        entries.map(|index| self.covariances[index]).collect()
    }
}

/// Arrays that do not make a mixture; whoever wrote them must mend them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MixtureError {
    /// The arrays do not belong together, or are empty.
    #[error("{weights} weights, means of {means:?} and covariances of {covariances:?} make no mixture")]
    Shape {
        /// The number of weights.
        weights: usize,
        /// Components and dimensions of the means.
        means: (usize, usize),
        /// Components and dimensions of the covariances.
        covariances: (usize, usize, usize),
    },
    /// Rows of different length where a rectangle is needed.
    #[error("the rows of the {what} differ in length")]
    Ragged {
        /// `means` or `covariances`.
        what: &'static str,
    },
    /// A number is infinite or not a number.
    #[error("a {what} is not finite")]
    NotFinite {
        /// `weight`, `mean` or `covariance`.
        what: &'static str,
    },
    /// A weight is negative, or they do not sum to one.
    #[error("weights must not be negative and must sum to 1, not {sum}")]
    Weights {
        /// The sum found.
        sum: f64,
    },
    /// A variance is negative.
    #[error("component {component} has a negative variance")]
    NegativeVariance {
        /// The component.
        component: usize,
    },
}

/// What a mixture looks like when written down: nested lists, component by component.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainMixture {
    weights: Vec<f64>,
    means: Vec<Vec<f64>>,
    covariances: Vec<Vec<Vec<f64>>>,
}

impl From<Mixture> for PlainMixture {
    fn from(mixture: Mixture) -> Self {
        let covariances = mixture.covariances.outer_iter();
        Self {
            weights: mixture.weights.to_vec(),
            means: mixture.means.outer_iter().map(|mean| mean.to_vec()).collect(),
            covariances: covariances
                .map(|covariance| covariance.outer_iter().map(|row| row.to_vec()).collect())
                .collect(),
        }
    }
}

impl TryFrom<PlainMixture> for Mixture {
    type Error = MixtureError;

    fn try_from(plain: PlainMixture) -> Result<Self, MixtureError> {
        let components = plain.means.len();
        let width = plain.means.first().map_or(0, Vec::len);
        let rows = plain.covariances.first().map_or(0, Vec::len);
        if plain.covariances.iter().any(|covariance| covariance.len() != rows) {
            return Err(MixtureError::Ragged { what: "covariances" });
        }
        let matrices = plain.covariances.len();
        let row_width = plain.covariances.first().and_then(|rows| rows.first()).map_or(0, Vec::len);
        let flat: Vec<Vec<f64>> = plain.covariances.into_iter().flatten().collect();
        let covariances = rectangle(flat, row_width).ok_or(MixtureError::Ragged { what: "covariances" })?;
        let means = rectangle(plain.means, width).ok_or(MixtureError::Ragged { what: "means" })?;
        Self::new(
            Array1::from_vec(plain.weights),
            Array2::from_shape_vec((components, width), means).expect("every row has this width"),
            Array3::from_shape_vec((matrices, rows, row_width), covariances)
                .expect("every row has this width"),
        )
    }
}

/// All rows one after the other; nothing if one has another length.
fn rectangle(rows: Vec<Vec<f64>>, width: usize) -> Option<Vec<f64>> {
    rows.iter().all(|row| row.len() == width).then(|| rows.into_iter().flatten().collect())
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;
    use ndarray::{array, stack};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn example() -> Mixture {
        let first = array![[2.0, 0.6], [0.6, 1.0]];
        let singular = array![[1.0, 1.0], [1.0, 1.0]];
        Mixture::new(
            array![0.25, 0.75],
            array![[1.0, -1.0], [0.0, 0.1]],
            stack![ndarray::Axis(0), first, singular],
        )
        .unwrap()
    }

    #[test]
    fn a_mixture_survives_json_bit_for_bit() {
        let text = serde_json::to_string(&example()).unwrap();
        assert_eq!(serde_json::from_str::<Mixture>(&text).unwrap(), example());
    }

    #[test]
    fn wrong_mixtures_are_refused_when_read() {
        for (text, reason) in [
            (r#"{"weights":[1],"means":[[0]],"covariances":[[[1,2]]]}"#, "make no mixture"),
            (r#"{"weights":[],"means":[],"covariances":[]}"#, "make no mixture"),
            (r#"{"weights":[1,0],"means":[[0]],"covariances":[[[1]]]}"#, "make no mixture"),
            (r#"{"weights":[1],"means":[[]],"covariances":[[]]}"#, "make no mixture"),
            (r#"{"weights":[0.5,0.5],"means":[[0],[0,1]],"covariances":[[[1]],[[1]]]}"#, "differ in length"),
            (
                r#"{"weights":[0.5,0.5],"means":[[0],[0]],"covariances":[[[1]],[[1],[2]]]}"#,
                "differ in length",
            ),
            (r#"{"weights":[0.5],"means":[[0]],"covariances":[[[1]]]}"#, "sum to 1"),
            (r#"{"weights":[1],"means":[[0]],"covariances":[[[-1]]]}"#, "negative variance"),
            (r#"{"weights":[1],"means":[[null]],"covariances":[[[1]]]}"#, "invalid type"),
        ] {
            let error = serde_json::from_str::<Mixture>(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        let nan = Mixture::new(array![1.0], array![[f64::NAN]], Array3::ones((1, 1, 1)));
        assert_eq!(nan, Err(MixtureError::NotFinite { what: "mean" }));
    }

    #[test]
    fn samples_have_the_moments_of_their_component() {
        let mixture = example();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let n = 100_000;
        let samples: Vec<Vec<f64>> = (0..n).map(|_| mixture.sample_component(0, &mut rng)).collect();
        let mean = |f: &dyn Fn(&[f64]) -> f64| samples.iter().map(|x| f(x)).sum::<f64>() / f64::from(n);
        assert!((mean(&|x| x[0]) - 1.0).abs() < 0.02);
        assert!((mean(&|x| x[1]) + 1.0).abs() < 0.02);
        assert!((mean(&|x| (x[0] - 1.0).powi(2)) - 2.0).abs() < 0.04);
        assert!((mean(&|x| (x[0] - 1.0) * (x[1] + 1.0)) - 0.6).abs() < 0.03);
    }

    #[test]
    fn a_singular_component_is_sampled_on_its_line() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        for _ in 0..100 {
            let point = example().sample_component(1, &mut rng);
            assert!((point[1] - 0.1 - point[0]).abs() < 1e-6);
        }
    }

    #[test]
    fn likelihoods_of_no_points_are_none() {
        assert!(example().log_likelihoods(Array2::zeros((0, 2)).view()).is_empty());
        assert_eq!(example().log_likelihoods(Array2::zeros((9, 2)).view()).len(), 9);
    }
}
