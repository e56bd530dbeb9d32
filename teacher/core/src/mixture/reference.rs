//! Comparison of an engine with scikit-learn's fits of the same windows.
//!
//! `tests/reference/gmm_windows_d*.json` hold windows from real curricula with the statistics of ten
//! scikit-learn fits each. The tests and the command that checks such a file share [`compare`]; reading the
//! file is theirs.

use super::engine::{FitError, MixtureEngine};
use super::selection::fit_best;
use super::settings::{CheckedFitSettings, FitSettings, SettingsError};
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// Standard deviations count as at least this share of their mean.
const LEAST_RELATIVE_DEVIATION: f64 = 1e-3;
/// How many deviations the median case may be away.
const ACCEPTED_DEVIATIONS: f64 = 1.0;

/// A file of reference windows. Fields that the comparison does not need are ignored when reading.
#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceWindows {
    /// The number of task dimensions; points have one more.
    pub dims: usize,
    /// The settings of the reference's fits.
    pub settings: ReferenceSettings,
    /// The windows.
    pub cases: Vec<ReferenceCase>,
}

/// The settings of the reference's fits, by scikit-learn's names.
#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceSettings {
    /// Added to every variance.
    pub reg_covar: f64,
    /// The tolerance on the mean log-likelihood.
    pub tol: f64,
    /// Restarts for each number of components.
    pub n_init: usize,
    /// Most EM iterations.
    pub max_iter: usize,
}

/// One window and the statistics of the reference's fits over ten seeds.
#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceCase {
    /// The episode at which the window ended.
    pub episode: u64,
    /// The window: each point a task followed by its ALP.
    pub points: Vec<Vec<f64>>,
    /// The numbers of components tried, rising without gaps.
    pub components: Vec<usize>,
    /// The mean over the seeds of the lowest AIC.
    pub best_aic_mean: f64,
    /// Its standard deviation.
    pub best_aic_std: f64,
    /// For each seed the mean log-likelihood of a point under the chosen mixture.
    pub chosen_log_likelihood_per_sample_per_seed: Vec<f64>,
}

/// How an engine compares with the reference over all cases of a file.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// One entry a case, in the file's order.
    pub cases: Vec<CaseComparison>,
    /// The median over the cases of [`CaseComparison::aic_deviations`].
    pub median_aic_deviations: f64,
    /// The median over the cases of [`CaseComparison::log_likelihood_deviations`].
    pub median_log_likelihood_deviations: f64,
}

impl Comparison {
    /// Whether both medians lie within one standard deviation.
    pub fn accepted(&self) -> bool {
        self.median_aic_deviations.abs() <= ACCEPTED_DEVIATIONS
            && self.median_log_likelihood_deviations.abs() <= ACCEPTED_DEVIATIONS
    }
}

/// How an engine compares with the reference on one window.
#[derive(Clone, Debug)]
pub struct CaseComparison {
    /// The episode at which the window ended.
    pub episode: u64,
    /// The mean over the seeds of the engine's lowest AIC.
    pub best_aic_mean: f64,
    /// Its distance from the reference's mean, in the reference's standard deviations; negative is better.
    pub aic_deviations: f64,
    /// The mean over the seeds of the chosen mixture's log-likelihood of a point.
    pub log_likelihood_mean: f64,
    /// Its distance from the reference's mean, in the reference's standard deviations; positive is better.
    pub log_likelihood_deviations: f64,
    /// The number of components chosen with each seed.
    pub chosen_components: Vec<usize>,
    /// How many single fits of the sweeps failed.
    pub failed_candidates: usize,
}

/// Fits every window with every seed from 0 to `seeds` − 1 (`seeds` ≥ 1) and compares the means with the
/// reference's.
///
/// A standard deviation counts as at least 0.1% of its mean.
///
/// # Errors
/// The first case that cannot be read or fitted; a comparison with a failed case would say nothing.
pub fn compare(
    engine: &dyn MixtureEngine,
    windows: &ReferenceWindows,
    seeds: u64,
) -> Result<Comparison, ReferenceError> {
    if windows.cases.is_empty() || seeds == 0 {
        return Err(ReferenceError::Nothing);
    }
    let cases = windows
        .cases
        .iter()
        .map(|case| compare_case(engine, case, &windows.settings, seeds))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Comparison {
        median_aic_deviations: median(cases.iter().map(|case| case.aic_deviations)),
        median_log_likelihood_deviations: median(cases.iter().map(|case| case.log_likelihood_deviations)),
        cases,
    })
}

/// Why a file could not be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReferenceError {
    /// There are no cases, or no seeds were asked for.
    #[error("nothing to compare: at least one case and one seed are needed")]
    Nothing,
    /// A case's points differ in width, or its lists are empty.
    #[error("the case at episode {episode} is malformed")]
    Malformed {
        /// The case.
        episode: u64,
    },
    /// The file's settings are no settings for a fit.
    #[error("the settings of the case at episode {episode} are unusable")]
    Settings {
        /// The case.
        episode: u64,
        /// Why.
        source: SettingsError,
    },
    /// The engine failed on a case.
    #[error("the case at episode {episode} could not be fitted with seed {seed}")]
    Fit {
        /// The case.
        episode: u64,
        /// The seed.
        seed: u64,
        /// Why.
        source: FitError,
    },
}

fn compare_case(
    engine: &dyn MixtureEngine,
    case: &ReferenceCase,
    settings: &ReferenceSettings,
    seeds: u64,
) -> Result<CaseComparison, ReferenceError> {
    let episode = case.episode;
    let malformed = ReferenceError::Malformed { episode };
    let width = case.points.first().map_or(0, Vec::len);
    let (Some(&min_components), Some(&max_components)) = (case.components.first(), case.components.last())
    else {
        return Err(malformed);
    };
    let reference_likelihoods = &case.chosen_log_likelihood_per_sample_per_seed;
    if reference_likelihoods.is_empty() || case.points.iter().any(|point| point.len() != width) {
        return Err(malformed);
    }
    let points = Array2::from_shape_vec((case.points.len(), width), case.points.concat())
        .expect("every point has this width");
    let settings = FitSettings {
        min_components,
        max_components,
        em_initialisations: settings.n_init,
        regularisation: settings.reg_covar,
        tolerance: settings.tol,
        max_iterations: settings.max_iter,
        ..FitSettings::default()
    };
    let settings: CheckedFitSettings =
        settings.check().map_err(|source| ReferenceError::Settings { episode, source })?;
    let mut aics = Vec::new();
    let mut likelihoods = Vec::new();
    let mut chosen_components = Vec::new();
    let mut failed_candidates = 0;
    for seed in 0..seeds {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let selection = fit_best(engine, points.view(), &settings, &[], &mut rng)
            .map_err(|source| ReferenceError::Fit { episode, seed, source })?;
        aics.push(selection.chosen().criterion);
        likelihoods.push(selection.chosen().mean_log_likelihood);
        chosen_components.push(selection.chosen().components());
        failed_candidates += selection.failures().len();
    }
    let (reference_likelihood, likelihood_deviation) = mean_and_deviation(reference_likelihoods);
    let (best_aic_mean, _) = mean_and_deviation(&aics);
    let (log_likelihood_mean, _) = mean_and_deviation(&likelihoods);
    Ok(CaseComparison {
        episode,
        best_aic_mean,
        aic_deviations: deviations(best_aic_mean, case.best_aic_mean, case.best_aic_std),
        log_likelihood_mean,
        log_likelihood_deviations: deviations(
            log_likelihood_mean,
            reference_likelihood,
            likelihood_deviation,
        ),
        chosen_components,
        failed_candidates,
    })
}

fn deviations(value: f64, mean: f64, deviation: f64) -> f64 {
    (value - mean) / deviation.max(LEAST_RELATIVE_DEVIATION * mean.abs()).max(f64::MIN_POSITIVE)
}

/// The mean and the standard deviation of the sample (n − 1); the deviation of one value is zero.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::super::em::EmEngine;
    use super::*;

    #[test]
    fn statistics_follow_their_definitions() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(mean_and_deviation(&[1.0, 3.0]), (2.0, 2f64.sqrt()));
        assert_eq!(mean_and_deviation(&[1.0]), (1.0, 0.0));
        assert_eq!(deviations(-110.0, -100.0, 0.0), -100.0);
        assert_eq!(deviations(-110.0, -100.0, 20.0), -0.5);
    }

    #[test]
    fn malformed_files_are_refused() {
        let read = |text: &str| serde_json::from_str::<ReferenceWindows>(text).unwrap();
        let settings =
            r#""settings":{"reg_covar":1e-6,"tol":1e-3,"n_init":1,"max_iter":100,"init":"k-means"}"#;
        let empty = read(&format!(r#"{{"dims":1,"cases":[],{settings}}}"#));
        assert_eq!(compare(&EmEngine, &empty, 1).unwrap_err(), ReferenceError::Nothing);
        let ragged = read(&format!(
            r#"{{"dims":1,"cases":[{{"episode":5,"points":[[1,2],[3]],"components":[2],"best_aic_mean":0,
                "best_aic_std":1,"chosen_log_likelihood_per_sample_per_seed":[1]}}],{settings}}}"#
        ));
        assert_eq!(compare(&EmEngine, &ragged, 1).unwrap_err(), ReferenceError::Malformed { episode: 5 });
    }
}
