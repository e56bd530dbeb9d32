//! Parameters of ALP-GMM: what they mean, their ranges and defaults, and the one place where they are
//! checked.

use ndarray::{Array1, Array2, Array3};
use serde::{Deserialize, Serialize};

use crate::{
    mixture::{CheckedFitSettings, Criterion, Engine, FitSettings, Mixture},
    space::TaskSpace,
    teacher::{ParamError, within},
};

/// Most episodes of a window, of a bootstrap divided by ten, and of a lag.
const MAX_FIT_RATE: u32 = 100_000;
const MAX_BOOTSTRAP: u32 = 1_000_000;
const MAX_COMPONENTS: u32 = 64;
const DEFAULT_LAG: u32 = 25;

/// Parameters of ALP-GMM and of Covar-GMM; the defaults are the publication's, the lag apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlpGmmParams {
    /// Episodes between two fits and length of the window of one; 2 to 100,000, default 250.
    pub fit_rate: u32,
    /// Episodes before the first fit may fall due; 1 to 1,000,000, default `fit_rate`. The first fit falls
    /// due at the first multiple of `fit_rate` from here on.
    pub bootstrap_episodes: Option<u32>,
    /// Share of tasks drawn uniformly once there is a mixture; 0 to 1, default 0.2.
    pub random_task_ratio: f64,
    /// Fewest components tried; 1 to 64 and at most `fit_rate`, default 2.
    pub min_components: u32,
    /// Most components tried; `min_components` to 64, default 10.
    pub max_components: u32,
    /// What chooses between numbers of components; default AIC.
    pub criterion: Criterion,
    /// Random starts for each number of components; 1 to 100, default 1.
    pub em_initialisations: u32,
    /// Whether a fit starts from the one before; default no.
    pub warm_start: bool,
    /// Accepted episodes that ALP looks back on; from 1, default all.
    pub history_limit: Option<u64>,
    /// What the bootstrap samples; default uniform.
    pub initial: Option<InitialGaussian>,
    /// Episodes from a fit's falling due to its effect; 0 to 100,000, default 25 or `fit_rate − 1` where that
    /// is smaller.
    pub fit_lag_episodes: Option<u32>,
    /// Whose history ALP compares; default the curriculum's.
    pub alp_scope: AlpScope,
    /// Which code fits; default our own EM.
    pub engine: Engine,
    /// Added to every variance; above 0 to 1, default 1e-6 (scikit-learn's).
    pub regularisation: f64,
    /// Smallest rise of the mean log-likelihood that keeps EM going; above 0 to 1, default 1e-3
    /// (scikit-learn's).
    pub tolerance: f64,
    /// Most EM iterations; 1 to 10,000, default 100 (scikit-learn's).
    pub max_iterations: u32,
}

impl Default for AlpGmmParams {
    fn default() -> Self {
        Self {
            fit_rate: 250,
            bootstrap_episodes: None,
            random_task_ratio: 0.2,
            min_components: 2,
            max_components: 10,
            criterion: Criterion::Aic,
            em_initialisations: 1,
            warm_start: false,
            history_limit: None,
            initial: None,
            fit_lag_episodes: None,
            alp_scope: AlpScope::Curriculum,
            engine: Engine::Em,
            regularisation: 1e-6,
            tolerance: 1e-3,
            max_iterations: 100,
        }
    }
}

/// Whose earlier returns an episode is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlpScope {
    /// Those of all students of the curriculum.
    #[default]
    Curriculum,
    /// Those of the same student.
    Student,
}

/// The Gaussian that a bootstrap may sample, clipped to the space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialGaussian {
    /// A task of the space: one value per axis, in its dimension's units.
    pub mean: Vec<f64>,
    /// In shares of the axes (0.01 is a standard deviation of a tenth of the range): one variance per axis,
    /// or axes × axes covariances row by row.
    pub covariance: Vec<f64>,
}

/// Live changes of the parameters; `None` keeps the present value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlpGmmEdit {
    /// See [`AlpGmmParams::fit_rate`]; counts from the latest fit that fell due.
    pub fit_rate: Option<u32>,
    /// See [`AlpGmmParams::random_task_ratio`].
    pub random_task_ratio: Option<f64>,
    /// See [`AlpGmmParams::min_components`].
    pub min_components: Option<u32>,
    /// See [`AlpGmmParams::max_components`].
    pub max_components: Option<u32>,
    /// See [`AlpGmmParams::criterion`].
    pub criterion: Option<Criterion>,
    /// See [`AlpGmmParams::em_initialisations`].
    pub em_initialisations: Option<u32>,
    /// See [`AlpGmmParams::fit_lag_episodes`].
    pub fit_lag_episodes: Option<u32>,
}

impl AlpGmmEdit {
    /// `params` with the changes made.
    pub(super) fn apply(&self, params: &AlpGmmParams) -> AlpGmmParams {
        let present = params.clone();
        AlpGmmParams {
            fit_rate: self.fit_rate.unwrap_or(present.fit_rate),
            random_task_ratio: self.random_task_ratio.unwrap_or(present.random_task_ratio),
            min_components: self.min_components.unwrap_or(present.min_components),
            max_components: self.max_components.unwrap_or(present.max_components),
            criterion: self.criterion.unwrap_or(present.criterion),
            em_initialisations: self.em_initialisations.unwrap_or(present.em_initialisations),
            fit_lag_episodes: self.fit_lag_episodes.or(present.fit_lag_episodes),
            ..present
        }
    }
}

/// Parameters within their ranges, with what follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedAlpGmmParams {
    params: AlpGmmParams,
    fit_settings: CheckedFitSettings,
    initial: Option<Mixture>,
}

impl AlpGmmParams {
    /// Episodes before the first fit may fall due, the default filled in.
    pub fn effective_bootstrap_episodes(&self) -> u32 {
        self.bootstrap_episodes.unwrap_or(self.fit_rate)
    }

    /// Episodes from a fit's falling due to its effect, the default filled in.
    pub fn effective_fit_lag_episodes(&self) -> u32 {
        self.fit_lag_episodes.unwrap_or(DEFAULT_LAG.min(self.fit_rate.saturating_sub(1)))
    }

    /// Checks every parameter, once.
    ///
    /// # Errors
    /// [`ParamError`] for the first parameter out of its range or against another.
    pub fn check(&self, space: &TaskSpace) -> Result<CheckedAlpGmmParams, ParamError> {
        within("fit_rate", self.fit_rate, 2, MAX_FIT_RATE)?;
        if let Some(episodes) = self.bootstrap_episodes {
            within("bootstrap_episodes", episodes, 1, MAX_BOOTSTRAP)?;
        }
        if !(0.0..=1.0).contains(&self.random_task_ratio) {
            let problem = format!("is {}; it must lie between 0 and 1", self.random_task_ratio);
            return Err(ParamError::new("random_task_ratio", problem));
        }
        within("min_components", self.min_components, 1, MAX_COMPONENTS.min(self.fit_rate))?;
        within("max_components", self.max_components, self.min_components, MAX_COMPONENTS)?;
        within("em_initialisations", self.em_initialisations, 1, 100)?;
        within("max_iterations", self.max_iterations, 1, 10_000)?;
        if self.history_limit == Some(0) {
            return Err(ParamError::new(
                "history_limit",
                "is 0; it must be at least 1, or absent for no limit",
            ));
        }
        if let Some(lag) = self.fit_lag_episodes {
            within("fit_lag_episodes", lag, 0, MAX_FIT_RATE)?;
        }
        for (field, value) in [("regularisation", self.regularisation), ("tolerance", self.tolerance)] {
            // Denormal numbers have lost digits, and one divided by them is infinite.
            if !(value.is_normal() && value > 0.0 && value <= 1.0) {
                return Err(ParamError::new(
                    field,
                    format!("is {value:e}; it must be at most 1 and at least {:e}", f64::MIN_POSITIVE),
                ));
            }
        }
        let engine =
            self.engine.build().map_err(|unavailable| ParamError::new("engine", unavailable.to_string()))?;
        if self.warm_start && !engine.capabilities().warm_start {
            return Err(ParamError::new(
                "warm_start",
                "is not possible with this engine: choose `em`, or no warm start",
            ));
        }
        let fit_settings = FitSettings {
            min_components: self.min_components as usize,
            max_components: self.max_components as usize,
            criterion: self.criterion,
            em_initialisations: self.em_initialisations as usize,
            regularisation: self.regularisation,
            tolerance: self.tolerance,
            max_iterations: self.max_iterations as usize,
        }
        .check()
        .map_err(|error| ParamError::new("alp_gmm", error.to_string()))?;
        let initial = self.initial.as_ref().map(|initial| initial.check(space)).transpose()?;
        Ok(CheckedAlpGmmParams { params: self.clone(), fit_settings, initial })
    }
}

impl CheckedAlpGmmParams {
    /// The parameters themselves, to read.
    pub fn params(&self) -> &AlpGmmParams {
        &self.params
    }

    pub(super) fn fit_settings(&self) -> &CheckedFitSettings {
        &self.fit_settings
    }

    /// The bootstrap's Gaussian over internal coordinates.
    pub(super) fn initial(&self) -> Option<&Mixture> {
        self.initial.as_ref()
    }
}

impl InitialGaussian {
    pub(in crate::teacher) fn check(&self, space: &TaskSpace) -> Result<Mixture, ParamError> {
        let mean = space.task(&self.mean).map_err(|error| {
            ParamError::new("initial.mean", format!("is not a task of the space: {error}"))
        })?;
        let width = space.width();
        let covariance = if self.covariance.len() == width {
            Array2::from_diag(&Array1::from_vec(self.covariance.clone()))
        } else {
            Array2::from_shape_vec((width, width), self.covariance.clone()).map_err(|_| {
                let problem = format!(
                    "has {} numbers; it must have {width} (variances) or {} (covariances, row by row)",
                    self.covariance.len(),
                    width * width
                );
                ParamError::new("initial.covariance", problem)
            })?
        };
        check_covariance(&covariance).map_err(|problem| ParamError::new("initial.covariance", problem))?;
        let scales: Vec<f64> = space.axes().iter().map(|axis| axis.distance_scale()).collect();
        let internal = Array3::from_shape_fn((1, width, width), |(_, row, column)| {
            covariance[[row, column]] * scales[row] * scales[column]
        });
        let means =
            Array2::from_shape_vec((1, width), space.internal(&mean)).expect("one row of the space's width");
        Mixture::new(Array1::ones(1), means, internal)
            .map_err(|error| ParamError::new("initial.covariance", error.to_string()))
    }
}

fn check_covariance(covariance: &Array2<f64>) -> Result<(), String> {
    let width = covariance.nrows();
    for ((row, column), &value) in covariance.indexed_iter() {
        if !value.is_finite() || value.abs() > 1e6 {
            return Err(format!("has {value} in row {row}, column {column}; entries must lie within ±1e6"));
        }
        if value.to_bits() != covariance[[column, row]].to_bits()
            && (value - covariance[[column, row]]).abs() > 0.0
        {
            return Err(format!("is not symmetric in row {row}, column {column}"));
        }
    }
    // Cholesky without roots; what rounding leaves below zero is tolerated.
    let largest = covariance.diag().iter().fold(0.0_f64, |largest, &value| largest.max(value));
    let tolerance = 1e-9 * largest;
    let mut rest = covariance.clone();
    for pivot in 0..width {
        let value = rest[[pivot, pivot]];
        let column_vanishes =
            (pivot..width).all(|row| rest[[row, pivot]].abs() <= tolerance.sqrt() * largest.sqrt());
        if value < -tolerance || (value <= tolerance && !column_vanishes) {
            return Err("is not positive semi-definite".to_owned());
        }
        if value > tolerance {
            for row in pivot + 1..width {
                let factor = rest[[row, pivot]] / value;
                for column in pivot + 1..width {
                    rest[[row, column]] -= factor * rest[[pivot, column]];
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Dimension;

    fn space() -> TaskSpace {
        TaskSpace::new(vec![Dimension::continuous("a", 0.0, 2.0), Dimension::continuous("b", 0.0, 1.0)])
            .unwrap()
    }

    #[test]
    fn the_defaults_are_the_publications() {
        let checked = AlpGmmParams::default().check(&space()).unwrap();
        assert_eq!(checked.params().effective_bootstrap_episodes(), 250);
        assert_eq!(checked.params().effective_fit_lag_episodes(), 25);
        let short = AlpGmmParams { fit_rate: 10, ..Default::default() }.check(&space()).unwrap();
        assert_eq!(short.params().effective_fit_lag_episodes(), 9);
    }

    #[test]
    fn each_parameter_is_refused_by_name() {
        let base = AlpGmmParams::default;
        let gaussian = |mean: &[f64], covariance: &[f64]| AlpGmmParams {
            initial: Some(InitialGaussian { mean: mean.to_vec(), covariance: covariance.to_vec() }),
            ..base()
        };
        for (field, params) in [
            ("fit_rate", AlpGmmParams { fit_rate: 1, ..base() }),
            ("bootstrap_episodes", AlpGmmParams { bootstrap_episodes: Some(0), ..base() }),
            ("random_task_ratio", AlpGmmParams { random_task_ratio: 1.1, ..base() }),
            ("random_task_ratio", AlpGmmParams { random_task_ratio: f64::NAN, ..base() }),
            ("min_components", AlpGmmParams { min_components: 0, ..base() }),
            ("min_components", AlpGmmParams { fit_rate: 5, min_components: 6, ..base() }),
            ("max_components", AlpGmmParams { max_components: 1, ..base() }),
            ("max_components", AlpGmmParams { max_components: 65, ..base() }),
            ("em_initialisations", AlpGmmParams { em_initialisations: 0, ..base() }),
            ("history_limit", AlpGmmParams { history_limit: Some(0), ..base() }),
            ("fit_lag_episodes", AlpGmmParams { fit_lag_episodes: Some(100_001), ..base() }),
            ("regularisation", AlpGmmParams { regularisation: 0.0, ..base() }),
            ("tolerance", AlpGmmParams { tolerance: f64::INFINITY, ..base() }),
            ("max_iterations", AlpGmmParams { max_iterations: 0, ..base() }),
            ("initial.mean", gaussian(&[3.0, 0.0], &[0.1, 0.1])),
            ("initial.mean", gaussian(&[0.0], &[0.1, 0.1])),
            ("initial.covariance", gaussian(&[0.0, 0.0], &[0.1])),
            ("initial.covariance", gaussian(&[0.0, 0.0], &[-0.1, 0.1])),
            ("initial.covariance", gaussian(&[0.0, 0.0], &[0.1, 0.2, 0.2, 0.1])),
            ("initial.covariance", gaussian(&[0.0, 0.0], &[0.1, 0.05, 0.01, 0.1])),
            ("initial.covariance", gaussian(&[0.0, 0.0], &[0.0, 0.05, 0.05, 0.1])),
            ("initial.covariance", gaussian(&[0.0, 0.0], &[f64::NAN, 0.1])),
        ] {
            assert_eq!(params.check(&space()).unwrap_err().field, field, "{params:?}");
        }
    }

    #[cfg(feature = "linfa")]
    #[test]
    fn linfa_has_no_warm_start() {
        let params = AlpGmmParams { engine: Engine::Linfa, warm_start: true, ..Default::default() };
        assert_eq!(params.check(&space()).unwrap_err().field, "warm_start");
    }

    #[test]
    fn a_flat_gaussian_is_taken() {
        let initial = InitialGaussian { mean: vec![1.0, 0.5], covariance: vec![0.0, 0.01] };
        assert!(AlpGmmParams { initial: Some(initial), ..Default::default() }.check(&space()).is_ok());
        let initial = InitialGaussian { mean: vec![1.0, 0.5], covariance: vec![0.04, 0.02, 0.02, 0.01] };
        assert!(AlpGmmParams { initial: Some(initial), ..Default::default() }.check(&space()).is_ok());
    }
}
