//! The second engine: linfa-clustering's `GaussianMixtureModel`.
//!
//! It is here as an independent implementation to compare with, and for those who use linfa elsewhere. It is
//! slower (ten k-means restarts a fit, work handed to a thread pool), cannot start from an earlier mixture,
//! treats a fit that has not converged as failed, and does not promise equal bits across machines. It starts
//! from k-means, as the publication does. The likelihood is computed by us, from the parameters that linfa
//! returns.

use super::engine::{Capabilities, FitError, Fitted, MixtureEngine, check_points};
use super::model::Mixture;
use super::settings::CheckedFitSettings;
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{GaussianMixtureModel, GmmInitMethod};
use ndarray::ArrayView2;
use rand::Rng;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

/// linfa-clustering's expectation–maximisation, from k-means.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LinfaEngine;

impl MixtureEngine for LinfaEngine {
    fn capabilities(&self) -> Capabilities {
        Capabilities { warm_start: false, same_bits_on_every_machine: false }
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
        if warm_start.is_some() {
            return Err(FitError::WarmStartUnsupported);
        }
        let settings = settings.settings();
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let dataset = DatasetBase::from(points.to_owned());
        let model = GaussianMixtureModel::params_with_rng(components, Xoshiro256Plus::from_seed(seed))
            .init_method(GmmInitMethod::KMeans)
            .tolerance(settings.tolerance)
            .reg_covariance(settings.regularisation)
            .max_n_iterations(settings.max_iterations as u64)
            .fit(&dataset)
            .map_err(|error| FitError::Engine { message: error.to_string() })?;
        let mixture =
            Mixture::new(model.weights().clone(), model.means().clone(), model.covariances().clone())
                .map_err(|error| FitError::Engine { message: error.to_string() })?;
        let mean_log_likelihood = mixture.mean_log_likelihood(points);
        if !mean_log_likelihood.is_finite() {
            return Err(FitError::Overflow);
        }
        Ok(Fitted { mixture, mean_log_likelihood, converged: true, iterations: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand_chacha::ChaCha8Rng;

    fn fit(points: &Array2<f64>, components: usize) -> Result<Fitted, FitError> {
        let mut rng = <ChaCha8Rng as rand::SeedableRng>::seed_from_u64(1);
        LinfaEngine.fit(points.view(), components, &CheckedFitSettings::default(), None, &mut rng)
    }

    #[test]
    fn two_groups_are_found() {
        let points = Array2::from_shape_fn((60, 2), |(i, j)| {
            (i % 2) as f64 * 5.0 + 0.1 * ((i * 7 + j * 5) % 11) as f64
        });
        let fitted = fit(&points, 2).unwrap();
        assert!(fitted.converged && fitted.mean_log_likelihood.is_finite());
        assert!(fitted.mixture.weights().iter().all(|weight| (weight - 0.5).abs() < 1e-6));
    }

    #[test]
    fn what_makes_it_panic_or_fail_is_an_error() {
        assert!(matches!(fit(&Array2::zeros((0, 2)), 2), Err(FitError::TooFewPoints { .. })));
        assert!(matches!(fit(&Array2::zeros((5, 0)), 2), Err(FitError::NothingToFit)));
        assert!(matches!(fit(&Array2::from_elem((50, 2), 0.3), 3), Err(FitError::Engine { .. })));
        assert!(matches!(fit(&Array2::from_elem((50, 2), f64::NAN), 2), Err(FitError::UnusablePoint { .. })));
    }
}
