//! The default engine: expectation–maximisation for Gaussians with full covariance.
//!
//! The algorithm, its start, its stopping rule and its defaults are those of scikit-learn's
//! `GaussianMixture`, on which the publication relies: hard responsibilities from k-means, then EM steps
//! until the mean log-likelihood of a point changes by less than the tolerance; the parameters after the last
//! M step are returned, and a fit that has not converged is still a fit. Differences, none of which shows in
//! the statistics of the fits:
//!
//! - The points are centred on their mean first. An empty component therefore sits at the mean of the window,
//!   with the regularisation for covariance and hardly any weight, instead of at the origin.
//! - scikit-learn fails when a Cholesky factor does not exist. No eigenvalue of a regularised covariance is
//!   below the regularisation, so a pivot below half of it is rounding: it is raised to that half and the fit
//!   goes on.
//! - All reductions run in a fixed order, over points sorted by their first cluster.

use super::cholesky::packed_len;
use super::columns::{Columns, LANES, Lanes, dot, mean_point, sum};
use super::density::{Densities, normalise};
use super::engine::{Capabilities, FitError, Fitted, MixtureEngine, check_points, check_warm_start};
use super::kmeans;
use super::model::Mixture;
use super::settings::{CheckedFitSettings, FitSettings};
use ndarray::{Array1, Array2, Array3, ArrayView2};
use rand::Rng;

/// Keeps the weight of an empty component from being zero.
const LEAST_RESPONSIBILITY: f64 = 10.0 * f64::EPSILON;

/// Our own expectation–maximisation; see the module's text for the algorithm.
///
/// Equal inputs give equal bits on every machine. Degenerate windows (equal points, constant columns, fewer
/// distinct points than components) fit without an error: variances are bounded below by the regularisation.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmEngine;

impl MixtureEngine for EmEngine {
    fn capabilities(&self) -> Capabilities {
        Capabilities { warm_start: true, same_bits_on_every_machine: true }
    }

    fn fit(
        &self,
        points: ArrayView2<f64>,
        components: usize,
        settings: &CheckedFitSettings,
        warm_start: Option<&Mixture>,
        rng: &mut dyn Rng,
    ) -> Result<Fitted, FitError> {
        check_points(points, components)?;
        check_warm_start(points, components, warm_start)?;
        let settings = settings.settings();
        let origin = mean_point(points);
        let in_order: Vec<usize> = (0..points.nrows()).collect();
        let mut fit = match warm_start {
            Some(mixture) => {
                let columns = Columns::new(points, &in_order, &origin);
                let mut fit = Fit::new(columns, components, settings);
                fit.start_from(mixture, &origin);
                fit
            }
            None => {
                let columns = Columns::new(points, &in_order, &origin);
                let labels = kmeans::cluster(&columns, components, rng);
                // Neighbours in space become neighbours in memory, so that whole blocks have no part in a
                // component.
                let mut order = in_order;
                order.sort_by_key(|&row| labels[row]);
                let columns = Columns::new(points, &order, &origin);
                let mut fit = Fit::new(columns, components, settings);
                fit.start_from_labels(order.iter().map(|&row| labels[row]));
                fit
            }
        };
        let (converged, iterations) = fit.iterate(settings);
        let mean_log_likelihood = fit.expect();
        let mixture = fit.mixture(&origin).ok_or(FitError::Overflow)?;
        if !mean_log_likelihood.is_finite() {
            return Err(FitError::Overflow);
        }
        Ok(Fitted { mixture, mean_log_likelihood, converged, iterations })
    }
}

/// One run of EM over points relative to their mean.
struct Fit {
    columns: Columns,
    components: usize,
    regularisation: f64,
    weights: Vec<f64>,
    means: Vec<f64>,
    /// Packed lower triangles.
    covariances: Vec<f64>,
    densities: Densities,
    /// `responsibilities[component · blocks + block]`
    responsibilities: Vec<Lanes>,
    log_likelihoods: Vec<Lanes>,
    // Room for the M step: the blocks with a part in one component, and of these the component's shares, the
    // coordinates relative to its mean (a column each `blocks`), and one such column times the shares.
    active: Vec<usize>,
    shares: Vec<Lanes>,
    centred: Vec<Lanes>,
    weighted: Vec<Lanes>,
}

impl Fit {
    fn new(columns: Columns, components: usize, settings: &FitSettings) -> Self {
        let (width, blocks) = (columns.width(), columns.blocks());
        Self {
            columns,
            components,
            regularisation: settings.regularisation,
            weights: vec![0.0; components],
            means: vec![0.0; components * width],
            covariances: vec![0.0; components * packed_len(width)],
            densities: Densities::new(components, width),
            responsibilities: vec![[0.0; LANES]; components * blocks],
            log_likelihoods: vec![[0.0; LANES]; blocks],
            active: Vec::with_capacity(blocks),
            shares: Vec::with_capacity(blocks),
            centred: vec![[0.0; LANES]; width * blocks],
            weighted: Vec::with_capacity(blocks),
        }
    }

    fn start_from_labels(&mut self, labels: impl Iterator<Item = usize>) {
        let blocks = self.columns.blocks();
        for (place, label) in labels.enumerate() {
            self.responsibilities[label * blocks + place / LANES][place % LANES] = 1.0;
        }
        self.maximise();
    }

    fn start_from(&mut self, mixture: &Mixture, origin: &[f64]) {
        let width = self.columns.width();
        for component in 0..self.components {
            self.weights[component] = mixture.weights()[component];
            for (row, shift) in origin.iter().enumerate() {
                self.means[component * width + row] = mixture.means()[[component, row]] - shift;
                for column in 0..=row {
                    self.covariances[component * packed_len(width) + packed_len(row) + column] =
                        mixture.covariances()[[component, row, column]];
                }
            }
        }
        self.prepare_densities();
    }

    /// Runs EM to the end; returns whether it converged and after how many iterations.
    fn iterate(&mut self, settings: &FitSettings) -> (bool, usize) {
        let mut previous = f64::NEG_INFINITY;
        for iteration in 1..=settings.max_iterations {
            let current = self.expect();
            self.maximise();
            if (current - previous).abs() < settings.tolerance {
                return (true, iteration);
            }
            previous = current;
        }
        (false, settings.max_iterations)
    }

    /// The E step: responsibilities from parameters. Returns the mean log-likelihood of a point.
    fn expect(&mut self) -> f64 {
        let blocks = self.columns.blocks();
        self.densities.log_joint(&self.columns, &mut self.responsibilities);
        normalise(&mut self.responsibilities, self.components, &mut self.log_likelihoods);
        for column in self.responsibilities.chunks_exact_mut(blocks) {
            self.columns.clear_filling(column);
        }
        self.columns.clear_filling(&mut self.log_likelihoods);
        sum(&self.log_likelihoods) / self.columns.points() as f64
    }

    /// The M step: parameters from responsibilities.
    fn maximise(&mut self) {
        let (width, blocks) = (self.columns.width(), self.columns.blocks());
        for component in 0..self.components {
            // Blocks without a part in this component are left out; their sums would be zero.
            self.active.clear();
            self.shares.clear();
            for (block, shares) in self.responsibilities[component * blocks..][..blocks].iter().enumerate() {
                if shares.iter().any(|&share| share > 0.0) {
                    self.active.push(block);
                    self.shares.push(*shares);
                }
            }
            let total = sum(&self.shares) + LEAST_RESPONSIBILITY;
            self.weights[component] = total / self.columns.points() as f64;
            let covariance = &mut self.covariances[component * packed_len(width)..][..packed_len(width)];
            for row in 0..width {
                let (earlier, current) = self.centred.split_at_mut(row * blocks);
                let current = &mut current[..self.active.len()];
                let column = self.columns.column(row);
                for (values, &block) in current.iter_mut().zip(&self.active) {
                    *values = column[block];
                }
                let mean = dot(&self.shares, current) / total;
                self.means[component * width + row] = mean;
                self.weighted.clear();
                for (values, shares) in current.iter_mut().zip(&self.shares) {
                    let mut weighted = [0.0; LANES];
                    for lane in 0..LANES {
                        values[lane] -= mean;
                        weighted[lane] = values[lane] * shares[lane];
                    }
                    self.weighted.push(weighted);
                }
                for (column, other) in earlier.chunks_exact(blocks).enumerate() {
                    covariance[packed_len(row) + column] = dot(&self.weighted, other) / total;
                }
                covariance[packed_len(row) + row] =
                    dot(&self.weighted, current) / total + self.regularisation;
            }
        }
        let total: f64 = self.weights.iter().sum();
        for weight in &mut self.weights {
            *weight /= total;
        }
        self.prepare_densities();
    }

    fn prepare_densities(&mut self) {
        let width = self.columns.width();
        for component in 0..self.components {
            self.densities.set(
                component,
                self.weights[component],
                &self.means[component * width..][..width],
                &self.covariances[component * packed_len(width)..][..packed_len(width)],
                0.5 * self.regularisation,
            );
        }
    }

    /// The mixture in the points' own coordinates; nothing if the arithmetic overflowed.
    fn mixture(&self, origin: &[f64]) -> Option<Mixture> {
        let width = self.columns.width();
        let means = Array2::from_shape_fn((self.components, width), |(component, dimension)| {
            self.means[component * width + dimension] + origin[dimension]
        });
        let covariances =
            Array3::from_shape_fn((self.components, width, width), |(component, row, column)| {
                let (high, low) = (row.max(column), row.min(column));
                self.covariances[component * packed_len(width) + packed_len(high) + low]
            });
        Mixture::new(Array1::from_vec(self.weights.clone()), means, covariances).ok()
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::*;
    use ndarray::concatenate;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn fit(points: &Array2<f64>, components: usize) -> Fitted {
        EmEngine
            .fit(
                points.view(),
                components,
                &CheckedFitSettings::default(),
                None,
                &mut ChaCha8Rng::seed_from_u64(1),
            )
            .unwrap()
    }

    /// Points of two Gaussians, a third and two thirds, around (0, 0) and (4, −4).
    fn two_groups(n: usize) -> Array2<f64> {
        let mut noise = vec![0.0; 2 * n];
        super::super::elementary::fill_standard_normal(&mut noise, &mut ChaCha8Rng::seed_from_u64(7));
        Array2::from_shape_fn((n, 2), |(i, j)| {
            let group = if i % 3 == 0 { [0.0, 0.0] } else { [4.0, -4.0] };
            group[j] + noise[2 * i + j] + if j == 1 { 0.8 * noise[2 * i] } else { 0.0 }
        })
    }

    #[test]
    fn a_known_mixture_is_recovered() {
        let fitted = fit(&two_groups(3000), 2);
        assert!(fitted.converged);
        let mixture = &fitted.mixture;
        let small = usize::from(mixture.weights()[0] > mixture.weights()[1]);
        assert!((mixture.weights()[small] - 1.0 / 3.0).abs() < 0.02);
        assert!(mixture.means().row(small).iter().all(|x| x.abs() < 0.15));
        let covariance = mixture.covariances().index_axis(ndarray::Axis(0), small).to_owned();
        for (entry, expected) in covariance.iter().zip([1.0, 0.8, 0.8, 1.64]) {
            assert!((entry - expected).abs() < 0.2, "{covariance}");
        }
    }

    #[test]
    fn the_likelihood_returned_is_that_of_the_mixture_returned() {
        let points = two_groups(301);
        let fitted = fit(&points, 4);
        let again = fitted.mixture.mean_log_likelihood(points.view());
        assert!((fitted.mean_log_likelihood - again).abs() < 1e-9);
    }

    #[test]
    fn a_warm_start_goes_on_from_where_the_fit_ended() {
        let points = two_groups(250);
        let first = fit(&points, 3);
        let settings = CheckedFitSettings::default();
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let second = EmEngine.fit(points.view(), 3, &settings, Some(&first.mixture), &mut rng).unwrap();
        assert!(second.converged && second.iterations <= first.iterations);
        assert!(second.mean_log_likelihood >= first.mean_log_likelihood - 1e-9);
        let wrong = EmEngine.fit(points.view(), 2, &settings, Some(&first.mixture), &mut rng);
        assert!(matches!(wrong, Err(FitError::WarmStartMismatch { .. })));
    }

    #[test]
    fn degenerate_windows_fit_within_the_regularisation() {
        let equal = Array2::from_elem((25, 3), 0.7);
        let two_values = Array2::from_shape_fn((25, 3), |(i, _)| (i % 2) as f64);
        let constant_column = {
            let mut points = two_groups(25);
            points.column_mut(1).fill(0.0);
            points
        };
        let line = Array2::from_shape_fn((25, 3), |(i, j)| i as f64 * (j + 1) as f64);
        let duplicates = concatenate![ndarray::Axis(0), two_groups(5), two_groups(5), two_groups(5)];
        let one_outlier = Array2::from_shape_fn((25, 2), |(i, _)| if i == 3 { 1e6 } else { 1e-9 });
        for points in [equal, two_values, constant_column, line, duplicates, one_outlier] {
            for components in 1..=10 {
                let fitted = fit(&points, components);
                for covariance in fitted.mixture.covariances().outer_iter() {
                    assert!(covariance.diag().iter().all(|&variance| variance >= 1e-6 * (1.0 - 1e-9)));
                }
                assert!(fitted.mean_log_likelihood.is_finite());
            }
        }
    }

    #[test]
    fn points_of_any_size_never_give_a_nan() {
        for scale in [1e-160, 1e-8, 1e8, 1e30, 1e99] {
            let points = two_groups(60) * scale;
            for components in [1, 3, 8] {
                let fitted = fit(&points, components);
                assert!(fitted.mean_log_likelihood.is_finite());
            }
        }
    }
}
