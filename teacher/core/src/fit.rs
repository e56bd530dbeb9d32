//! Fits as jobs: what a teacher wants computed, and the result that it takes back.
//!
//! A job is a value with a copy of everything it needs, so that it can run on another thread or after a
//! restart; its result depends on nothing but the job and the generator of its number.

use ndarray::Array2;
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::mixture::{CheckedFitSettings, Engine, Mixture, fit_best};

/// A sweep of mixture fits over one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitJob {
    /// From 1, in the order in which fits fall due.
    pub number: u64,
    /// Accepted episodes when it fell due.
    pub due_episode: u64,
    /// Accepted episodes when it takes effect.
    pub effect_episode: u64,
    /// ALPs or returns in `points` were divided by this.
    pub alp_scale: f64,
    /// Task axes and ALP; for Covar-GMM, task axes, time and return.
    pub(crate) width: usize,
    /// Row by row, `width` numbers each: internal coordinates of a task, then its scaled ALP, or time and scaled return.
    pub(crate) points: Vec<f64>,
    pub(crate) engine: Engine,
    pub(crate) settings: CheckedFitSettings,
    /// Mixtures to start from, at most one for each number of components.
    pub(crate) warm: Vec<Mixture>,
    /// Whether the result must bring the mixtures that the next fit starts from.
    pub(crate) keep_mixtures: bool,
}

/// What came of a [`FitJob`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The job's number.
    pub number: u64,
    /// Accepted episodes when it fell due.
    pub due_episode: u64,
    /// Accepted episodes when it takes effect.
    pub effect_episode: u64,
    /// ALPs or returns were divided by this before the fit.
    pub alp_scale: f64,
    /// The chosen mixture over what the job's points are; `None` where every number of components failed.
    pub mixture: Option<Mixture>,
    /// Every number of components that was tried.
    pub candidates: Vec<CandidateSummary>,
    /// Mixtures for the next fit to start from; empty without warm start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warm: Vec<Mixture>,
}

/// How one number of components did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateSummary {
    /// Number of components.
    pub components: u32,
    /// Its score, lower is better; `None` if it failed or has none (AICc of too few points).
    pub criterion: Option<f64>,
    /// Mean log-likelihood of a point; `None` if it failed.
    pub mean_log_likelihood: Option<f64>,
}

impl FitJob {
    /// Fits. `rng` must be the stream of the job's number.
    pub fn run(&self, rng: &mut dyn Rng) -> Fit {
        let mut fit = Fit {
            number: self.number,
            due_episode: self.due_episode,
            effect_episode: self.effect_episode,
            alp_scale: self.alp_scale,
            mixture: None,
            candidates: Vec::new(),
            warm: Vec::new(),
        };
        let engine =
            self.engine.build().expect("parameters with an engine that this build lacks are refused");
        let rows = self.points.len() / self.width;
        let points =
            Array2::from_shape_vec((rows, self.width), self.points.clone()).expect("points are whole rows");
        let Ok(selection) = fit_best(engine.as_ref(), points.view(), &self.settings, &self.warm, rng) else {
            return fit;
        };
        fit.candidates = selection
            .candidates()
            .iter()
            .map(|candidate| CandidateSummary {
                components: candidate.components() as u32,
                criterion: candidate.criterion.is_finite().then_some(candidate.criterion),
                mean_log_likelihood: Some(candidate.mean_log_likelihood),
            })
            .chain(selection.failures().iter().map(|failure| CandidateSummary {
                components: failure.components as u32,
                criterion: None,
                mean_log_likelihood: None,
            }))
            .collect();
        fit.candidates.sort_by_key(|candidate| candidate.components);
        fit.mixture = Some(selection.chosen().mixture.clone());
        if self.keep_mixtures {
            fit.warm = selection.into_mixtures();
        }
        fit
    }
}
