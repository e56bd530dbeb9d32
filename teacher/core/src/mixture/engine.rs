//! The interface of a mixture engine, and the choice between engines by name.

use super::em::EmEngine;
use super::model::Mixture;
use super::selection::Failure;
use super::settings::CheckedFitSettings;
use ndarray::ArrayView2;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// Points with a coordinate of greater magnitude are refused: their squares' products could overflow.
const LARGEST_COORDINATE: f64 = 1e100;

/// Fits one Gaussian mixture with full covariance, of a given number of components, to a set of points.
///
/// An engine is pure: equal inputs and an equal generator give equal results. It neither restarts nor scores.
pub trait MixtureEngine: Debug + Send + Sync {
    /// What this engine can do.
    fn capabilities(&self) -> Capabilities;

    /// Fits `components` (≥ 1) Gaussians to `points` (one row a point), from `warm_start` if given and
    /// otherwise from a random start drawn from `rng`.
    ///
    /// Of the settings, an engine reads `regularisation`, `tolerance` and `max_iterations`.
    ///
    /// # Errors
    /// Too few or unusable points, a warm start that the engine cannot take, or the engine's own failure. The
    /// same call fails again; another number of components or another random start may not.
    fn fit(
        &self,
        points: ArrayView2<f64>,
        components: usize,
        settings: &CheckedFitSettings,
        warm_start: Option<&Mixture>,
        rng: &mut dyn Rng,
    ) -> Result<Fitted, FitError>;
}

/// What an engine can do beyond fitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Whether a fit can start from an earlier mixture.
    pub warm_start: bool,
    /// Whether equal inputs give equal bits on different machines.
    pub same_bits_on_every_machine: bool,
}

/// A fitted mixture and how its fit went.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The mixture.
    pub mixture: Mixture,
    /// The mean log-likelihood of a point under `mixture` (natural logarithm).
    pub mean_log_likelihood: f64,
    /// Whether the tolerance was met within the allowed iterations.
    pub converged: bool,
    /// EM iterations done; 0 if the engine does not tell.
    pub iterations: usize,
}

/// The engines there are, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// [`EmEngine`], the default.
    #[default]
    Em,
    /// linfa-clustering's `GaussianMixtureModel`; needs the cargo feature `linfa`.
    Linfa,
}

impl Engine {
    /// Makes the engine.
    ///
    /// # Errors
    /// This build lacks the engine; it takes another build or another engine.
    pub fn build(self) -> Result<Box<dyn MixtureEngine>, EngineUnavailable> {
        match self {
            Self::Em => Ok(Box::new(EmEngine)),
            #[cfg(feature = "linfa")]
            Self::Linfa => Ok(Box::new(super::linfa::LinfaEngine::default())),
            #[cfg(not(feature = "linfa"))]
            Self::Linfa => Err(EngineUnavailable { engine: self, feature: "linfa" }),
        }
    }
}

/// An engine that this build was compiled without.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mixture engine {engine:?} is not part of this build: compile with cargo feature `{feature}`")]
pub struct EngineUnavailable {
    /// The engine asked for.
    pub engine: Engine,
    /// The cargo feature that brings it.
    pub feature: &'static str,
}

/// Why a mixture could not be fitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// A mixture needs at least one point a component.
    #[error("{points} points are too few for {components} components")]
    TooFewPoints {
        /// The number of points given.
        points: usize,
        /// The number of components asked for.
        components: usize,
    },
    /// The points have no dimensions, or no component was asked for.
    #[error("a mixture needs at least one dimension and one component")]
    NothingToFit,
    /// A coordinate is not a number, or too large to compute with.
    #[error("point {point} has {value} in dimension {dimension}: coordinates must be within ±1e100")]
    UnusablePoint {
        /// The row of the point.
        point: usize,
        /// The column of the coordinate.
        dimension: usize,
        /// The coordinate.
        value: f64,
    },
    /// This engine cannot start from an earlier mixture; see [`Capabilities::warm_start`].
    #[error("this engine cannot start from an earlier mixture")]
    WarmStartUnsupported,
    /// The mixture to start from has another shape than the one to fit.
    #[error("a mixture of {components} components over {width} dimensions cannot start this fit")]
    WarmStartMismatch {
        /// The components of the mixture given.
        components: usize,
        /// The dimensions of the mixture given.
        width: usize,
    },
    /// The arithmetic left the range of doubles.
    #[error("the fit overflowed")]
    Overflow,
    /// The engine gave up.
    #[error("engine failed: {message}")]
    Engine {
        /// The engine's own words.
        message: String,
    },
    /// No number of components could be fitted.
    #[error(
        "none of the {} candidates could be fitted; the first: {}",
        .failures.len(),
        first_reason(.failures)
    )]
    EveryCandidateFailed {
        /// One failure for each number of components.
        failures: Vec<Failure>,
    },
}

/// Checks what every engine needs of its points.
pub(super) fn check_points(points: ArrayView2<f64>, components: usize) -> Result<(), FitError> {
    if points.ncols() == 0 || components == 0 {
        return Err(FitError::NothingToFit);
    }
    if points.nrows() < components {
        return Err(FitError::TooFewPoints { points: points.nrows(), components });
    }
    for ((point, dimension), &value) in points.indexed_iter() {
        if !value.is_finite() || value.abs() > LARGEST_COORDINATE {
            return Err(FitError::UnusablePoint { point, dimension, value });
        }
    }
    Ok(())
}

/// Checks that a warm start, if given, has the shape of the fit.
pub(super) fn check_warm_start(
    points: ArrayView2<f64>,
    components: usize,
    warm_start: Option<&Mixture>,
) -> Result<(), FitError> {
    match warm_start {
        Some(mixture) if mixture.components() != components || mixture.width() != points.ncols() => {
            Err(FitError::WarmStartMismatch { components: mixture.components(), width: mixture.width() })
        }
        _ => Ok(()),
    }
}

fn first_reason(failures: &[Failure]) -> String {
    failures.first().map_or_else(|| "no reason".to_owned(), |failure| failure.error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn engines_are_chosen_by_name() {
        assert_eq!(serde_json::from_str::<Engine>(r#""em""#).unwrap(), Engine::Em);
        let linfa: Engine = serde_json::from_str(r#""linfa""#).unwrap();
        assert!(Engine::Em.build().unwrap().capabilities().warm_start);
        #[cfg(feature = "linfa")]
        assert!(!linfa.build().unwrap().capabilities().warm_start);
        #[cfg(not(feature = "linfa"))]
        assert!(linfa.build().unwrap_err().to_string().contains("cargo feature `linfa`"));
    }

    #[test]
    fn unusable_points_are_named() {
        let usable = array![[0.0, 1.0], [2.0, 3.0]];
        assert_eq!(check_points(usable.view(), 2), Ok(()));
        assert_eq!(check_points(usable.view(), 3), Err(FitError::TooFewPoints { points: 2, components: 3 }));
        for (points, components) in [(Array2::zeros((2, 0)), 1), (usable.clone(), 0)] {
            assert_eq!(check_points(points.view(), components), Err(FitError::NothingToFit));
        }
        for value in [f64::NAN, f64::NEG_INFINITY, 1e101] {
            let points = array![[0.0, 1.0], [value, 3.0]];
            let error = check_points(points.view(), 1).unwrap_err();
            assert!(matches!(error, FitError::UnusablePoint { point: 1, dimension: 0, .. }));
        }
    }
}
