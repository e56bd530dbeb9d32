//! The settings of a fit and their limits.

use super::criterion::Criterion;
use serde::{Deserialize, Serialize};

/// Most components that a mixture may be asked to have.
const COMPONENTS_LIMIT: usize = 1000;

/// The settings of [`fit_best`](super::fit_best); the defaults are the publication's, which leaves EM to
/// scikit-learn's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Fewest components to try; from 1; default 2.
    pub min_components: usize,
    /// Most components to try; `min_components` to 1000; default 10.
    pub max_components: usize,
    /// What decides between numbers of components; default AIC.
    pub criterion: Criterion,
    /// Fits from different random starts for each number of components, of which the likeliest is kept; from
    /// 1; default 1. A warm start replaces them all.
    pub em_initialisations: usize,
    /// Added to every variance, in squared units of the points; positive; default 1e-6.
    pub regularisation: f64,
    /// EM has converged when the mean log-likelihood of a point changes by less; positive; default 1e-3.
    pub tolerance: f64,
    /// Most EM iterations; from 1; default 100.
    pub max_iterations: usize,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            min_components: 2,
            max_components: 10,
            criterion: Criterion::Aic,
            em_initialisations: 1,
            regularisation: 1e-6,
            tolerance: 1e-3,
            max_iterations: 100,
        }
    }
}

impl FitSettings {
    /// Checks every limit, once.
    ///
    /// # Errors
    /// The first setting outside its range; whoever wrote the settings must mend it.
    pub fn check(self) -> Result<CheckedFitSettings, SettingsError> {
        let Self { min_components, max_components, em_initialisations, max_iterations, .. } = self;
        if min_components < 1 || max_components < min_components || max_components > COMPONENTS_LIMIT {
            return Err(SettingsError::Components { min_components, max_components });
        }
        for (name, value) in [("em_initialisations", em_initialisations), ("max_iterations", max_iterations)]
        {
            if value < 1 {
                return Err(SettingsError::Zero { name });
            }
        }
        for (name, value) in [("regularisation", self.regularisation), ("tolerance", self.tolerance)] {
            if !(value.is_normal() && value > 0.0) {
                return Err(SettingsError::NotPositive { name, value });
            }
        }
        Ok(CheckedFitSettings(self))
    }
}

/// [`FitSettings`] within their limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FitSettings", into = "FitSettings")]
pub struct CheckedFitSettings(FitSettings);

impl CheckedFitSettings {
    /// The settings themselves, to read.
    pub fn settings(&self) -> &FitSettings {
        &self.0
    }
}

impl TryFrom<FitSettings> for CheckedFitSettings {
    type Error = SettingsError;

    fn try_from(settings: FitSettings) -> Result<Self, SettingsError> {
        settings.check()
    }
}

impl From<CheckedFitSettings> for FitSettings {
    fn from(checked: CheckedFitSettings) -> Self {
        checked.0
    }
}

/// A setting outside its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// The range of components is empty or out of bounds.
    #[error(
        "components {min_components} to {max_components}: must satisfy 1 <= min <= max <= {COMPONENTS_LIMIT}"
    )]
    Components {
        /// The fewest components asked for.
        min_components: usize,
        /// The most components asked for.
        max_components: usize,
    },
    /// A count that must be at least one is zero.
    #[error("{name} must be at least 1")]
    Zero {
        /// The setting's name.
        name: &'static str,
    },
    /// A number that must be positive and finite is not.
    #[error("{name} is {value}: must be positive and finite")]
    NotPositive {
        /// The setting's name.
        name: &'static str,
        /// The value given.
        value: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut FitSettings)) -> SettingsError {
        let mut settings = FitSettings::default();
        change(&mut settings);
        settings.check().unwrap_err()
    }

    #[test]
    fn the_defaults_pass() {
        assert_eq!(FitSettings::default().check(), Ok(CheckedFitSettings::default()));
    }

    #[test]
    fn settings_outside_their_range_are_refused() {
        assert!(matches!(refused(|s| s.min_components = 0), SettingsError::Components { .. }));
        assert!(matches!(refused(|s| s.max_components = 1), SettingsError::Components { .. }));
        assert!(matches!(refused(|s| s.max_components = 1001), SettingsError::Components { .. }));
        assert_eq!(refused(|s| s.max_iterations = 0), SettingsError::Zero { name: "max_iterations" });
        assert_eq!(refused(|s| s.em_initialisations = 0), SettingsError::Zero { name: "em_initialisations" });
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(refused(|s| s.tolerance = value), SettingsError::NotPositive { .. }));
            assert!(matches!(refused(|s| s.regularisation = value), SettingsError::NotPositive { .. }));
        }
    }

    #[test]
    fn reading_checks_too() {
        let read = serde_json::from_str::<CheckedFitSettings>;
        assert_eq!(read(r#"{"criterion": "bic"}"#).unwrap().settings().criterion, Criterion::Bic);
        assert!(read(r#"{"max_iterations": 0}"#).is_err());
        assert!(read(r#"{"iterations": 3}"#).is_err());
    }
}
