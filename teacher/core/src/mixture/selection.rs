//! The sweep over numbers of components: fits, restarts, scores and the choice of the best.

use super::criterion::Criterion;
use super::engine::{FitError, Fitted, MixtureEngine};
use super::model::Mixture;
use super::settings::CheckedFitSettings;
use ndarray::ArrayView2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Fits a mixture for every number of components in the settings and chooses the one with the lowest
/// criterion; of equal ones, the one with fewer components.
///
/// `warm` holds earlier mixtures, at most one used for each number of components: a number that has one is
/// fitted once, starting from it; all others are fitted `em_initialisations` times from random starts, and
/// the likeliest is kept.
///
/// Every start has its own random stream, whose seed is drawn from `rng` in a fixed order, whether or not it
/// is needed in the end: what one fit consumes cannot change another.
///
/// # Errors
/// Warm mixtures given to an engine that cannot use them; or every number of components failed. A single one
/// that fails is left out and listed in [`Selection::failures`].
pub fn fit_best(
    engine: &dyn MixtureEngine,
    points: ArrayView2<f64>,
    settings: &CheckedFitSettings,
    warm: &[Mixture],
    rng: &mut dyn Rng,
) -> Result<Selection, FitError> {
    if !warm.is_empty() && !engine.capabilities().warm_start {
        return Err(FitError::WarmStartUnsupported);
    }
    let mut candidates = Vec::new();
    let mut failures = Vec::new();
    let plain = settings.settings();
    for components in plain.min_components..=plain.max_components {
        let mut streams: Vec<ChaCha8Rng> = (0..plain.em_initialisations).map(|_| own_stream(rng)).collect();
        let start = warm.iter().find(|mixture| mixture.components() == components);
        if start.is_some() {
            streams.truncate(1);
        }
        let fits = streams.iter_mut().map(|stream| engine.fit(points, components, settings, start, stream));
        match likeliest(fits) {
            Ok(fitted) => candidates.push(Candidate::new(fitted, plain.criterion, points.nrows())),
            Err(error) => failures.push(Failure { components, error }),
        }
    }
    match best(&candidates) {
        Some(chosen) => Ok(Selection { candidates, chosen, failures }),
        None => Err(FitError::EveryCandidateFailed { failures }),
    }
}

/// The outcome of [`fit_best`].
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    candidates: Vec<Candidate>,
    chosen: usize,
    failures: Vec<Failure>,
}

impl Selection {
    /// The candidate with the lowest criterion.
    pub fn chosen(&self) -> &Candidate {
        &self.candidates[self.chosen]
    }

    /// All fitted candidates, by rising number of components: what the next fit can start from.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The numbers of components that could not be fitted, and why.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The mixtures of all candidates, by rising number of components: `warm` of the next [`fit_best`].
    pub fn into_mixtures(self) -> Vec<Mixture> {
        self.candidates.into_iter().map(|candidate| candidate.mixture).collect()
    }
}

/// A mixture that took part in the choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The mixture.
    pub mixture: Mixture,
    /// Its score; lower is better; infinite where the criterion does not exist (see [`Criterion::score`]).
    pub criterion: f64,
    /// The mean log-likelihood of a point (natural logarithm).
    pub mean_log_likelihood: f64,
    /// Whether the fit met the tolerance within the allowed iterations.
    pub converged: bool,
    /// EM iterations done; 0 if the engine does not tell.
    pub iterations: usize,
}

impl Candidate {
    /// The number of components.
    pub fn components(&self) -> usize {
        self.mixture.components()
    }

    fn new(fitted: Fitted, criterion: Criterion, points: usize) -> Self {
        let Fitted { mixture, mean_log_likelihood, converged, iterations } = fitted;
        let parameters = Criterion::parameters(mixture.components(), mixture.width());
        let criterion = criterion.score(mean_log_likelihood * points as f64, parameters, points);
        Self { mixture, criterion, mean_log_likelihood, converged, iterations }
    }
}

/// A number of components that could not be fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The number of components.
    pub components: usize,
    /// Why: the reason of its first start.
    pub error: FitError,
}

fn own_stream(rng: &mut dyn Rng) -> ChaCha8Rng {
    let mut seed = <ChaCha8Rng as SeedableRng>::Seed::default();
    rng.fill_bytes(&mut seed);
    ChaCha8Rng::from_seed(seed)
}

/// The first of the likeliest fits, or the first error if there is none.
fn likeliest(fits: impl Iterator<Item = Result<Fitted, FitError>>) -> Result<Fitted, FitError> {
    fits.reduce(|best, next| match (&best, &next) {
        (Ok(a), Ok(b)) if b.mean_log_likelihood > a.mean_log_likelihood => next,
        (Err(_), Ok(_)) => next,
        _ => best,
    })
    .expect("the settings ask for at least one initialisation")
}

fn best(candidates: &[Candidate]) -> Option<usize> {
    (0..candidates.len()).min_by(|&a, &b| candidates[a].criterion.total_cmp(&candidates[b].criterion))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected values are exact")]
mod tests {
    use super::super::engine::Capabilities;
    use super::super::settings::FitSettings;
    use super::*;
    use ndarray::{Array1, Array2, Array3};
    use std::sync::Mutex;

    /// Fits by a script: the likelihood of each call, or a failure.
    #[derive(Debug)]
    struct Scripted {
        warm_start: bool,
        likelihoods: Mutex<Vec<Option<f64>>>,
        first_draws: Mutex<Vec<u64>>,
        warm_starts: Mutex<usize>,
    }

    impl Scripted {
        fn new(likelihoods: &[Option<f64>]) -> Self {
            Self {
                warm_start: true,
                likelihoods: Mutex::new(likelihoods.iter().rev().copied().collect()),
                first_draws: Mutex::default(),
                warm_starts: Mutex::default(),
            }
        }
    }

    impl MixtureEngine for Scripted {
        fn capabilities(&self) -> Capabilities {
            Capabilities { warm_start: self.warm_start, same_bits_on_every_machine: true }
        }

        fn fit(
            &self,
            points: ArrayView2<f64>,
            components: usize,
            _: &CheckedFitSettings,
            warm_start: Option<&Mixture>,
            rng: &mut dyn Rng,
        ) -> Result<Fitted, FitError> {
            self.first_draws.lock().unwrap().push(rng.next_u64());
            *self.warm_starts.lock().unwrap() += usize::from(warm_start.is_some());
            let likelihood = self.likelihoods.lock().unwrap().pop().expect("no more calls than scripted");
            let mean_log_likelihood = likelihood.ok_or(FitError::Overflow)?;
            let width = points.ncols();
            let mixture = Mixture::new(
                Array1::from_elem(components, 1.0 / components as f64),
                Array2::zeros((components, width)),
                Array3::ones((components, width, width)),
            )
            .unwrap();
            Ok(Fitted { mixture, mean_log_likelihood, converged: true, iterations: 1 })
        }
    }

    fn settings(
        min_components: usize,
        max_components: usize,
        em_initialisations: usize,
    ) -> CheckedFitSettings {
        FitSettings { min_components, max_components, em_initialisations, ..FitSettings::default() }
            .check()
            .unwrap()
    }

    fn run(
        engine: &Scripted,
        settings: &CheckedFitSettings,
        warm: &[Mixture],
    ) -> Result<Selection, FitError> {
        fit_best(engine, Array2::zeros((100, 2)).view(), settings, warm, &mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn the_lowest_criterion_wins_and_of_equal_ones_the_smaller() {
        // Over 100 points of width 2 each further component costs 12, so 0.06 of mean log-likelihood.
        for (likelihoods, components) in
            [([1.0, 1.05, 1.1], 2), ([1.0, 1.07, 1.1], 3), ([1.0, 1.0, 2.0], 4), ([0.0, 0.06, 0.12], 2)]
        {
            let engine = Scripted::new(&likelihoods.map(Some));
            let selection = run(&engine, &settings(2, 4, 1), &[]).unwrap();
            assert_eq!(selection.chosen().components(), components, "{likelihoods:?}");
            assert_eq!(selection.candidates().len(), 3);
        }
    }

    #[test]
    fn the_likeliest_start_is_kept() {
        let engine = Scripted::new(&[Some(1.0), Some(3.0), None, None, Some(5.0), Some(2.0)]);
        let selection = run(&engine, &settings(2, 3, 3), &[]).unwrap();
        let kept: Vec<f64> = selection.candidates().iter().map(|c| c.mean_log_likelihood).collect();
        assert_eq!(kept, [3.0, 5.0]);
        assert!(selection.failures().is_empty());
    }

    #[test]
    fn failures_are_left_out_and_listed() {
        let engine = Scripted::new(&[None, Some(1.0), None]);
        let selection = run(&engine, &settings(2, 4, 1), &[]).unwrap();
        assert_eq!(selection.chosen().components(), 3);
        let failed: Vec<usize> = selection.failures().iter().map(|failure| failure.components).collect();
        assert_eq!(failed, [2, 4]);
        let error = run(&Scripted::new(&[None, None]), &settings(2, 3, 1), &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "none of the 2 candidates could be fitted; the first: the fit overflowed"
        );
    }

    #[test]
    fn every_start_has_its_own_stream_in_a_fixed_order() {
        let all = Scripted::new(&[Some(1.0); 6]);
        let warm = run(&all, &settings(2, 4, 2), &[]).unwrap().into_mixtures();
        let draws = all.first_draws.into_inner().unwrap();
        let some = Scripted::new(&[Some(1.0); 5]);
        run(&some, &settings(2, 4, 2), &warm[1..2]).unwrap();
        assert_eq!(*some.warm_starts.lock().unwrap(), 1);
        // A warm start uses one stream and leaves the streams of the others as they were.
        let expected: Vec<u64> = [0, 1, 2, 4, 5].map(|i| draws[i]).to_vec();
        assert_eq!(some.first_draws.into_inner().unwrap(), expected);
    }

    #[test]
    fn warm_mixtures_need_an_engine_that_takes_them() {
        let warm = run(&Scripted::new(&[Some(1.0)]), &settings(2, 2, 1), &[]).unwrap().into_mixtures();
        let engine = Scripted { warm_start: false, ..Scripted::new(&[]) };
        assert_eq!(run(&engine, &settings(2, 2, 1), &warm), Err(FitError::WarmStartUnsupported));
    }

    #[test]
    fn without_a_finite_criterion_the_smallest_mixture_wins() {
        let settings =
            FitSettings { criterion: Criterion::Aicc, max_components: 3, ..FitSettings::default() };
        let engine = Scripted::new(&[Some(1.0), Some(9.0)]);
        let points = Array2::zeros((5, 2));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let selection = fit_best(&engine, points.view(), &settings.check().unwrap(), &[], &mut rng).unwrap();
        assert_eq!((selection.chosen().components(), selection.chosen().criterion), (2, f64::INFINITY));
    }
}
