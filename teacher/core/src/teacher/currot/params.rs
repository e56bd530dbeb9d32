//! CURROT's parameters.

use serde::{Deserialize, Serialize};

use crate::{
    mixture::Mixture,
    teacher::{ParamError, TeacherContext, alp_gmm::InitialGaussian, within},
};

/// Where the publication's threshold on the walkers, 180, lies in their range of returns, from −150 to 350.
const DEFAULT_THRESHOLD_SHARE: f64 = 0.66;

/// Far beyond every return, and far enough from the largest number to compute with.
const LARGEST_THRESHOLD: f64 = 1e299;

/// Parameters of CURROT; defaults are those of the publication's code for TeachMyAgent, but for the first two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurrotParams {
    /// Points that tasks are drawn at, and most successes that are remembered; 10 to 1,000, default 100 (the
    /// publication's code: 500). An update's time grows with nearly the cube of it.
    pub particles: u32,
    /// Most episodes that are remembered beside the successes; 10 to 5,000, default 200 (the publication's code: as many
    /// as there are particles). With more of them fewer tasks are infeasible, and it takes longer to notice that a task
    /// can be done by now.
    pub remembered_failures: u32,
    /// Accepted episodes from one update to the next; 1 to `particles`, default 50.
    pub update_rate: u32,
    /// Expected return below which a task is not taught, in the environment's units; above the low end of the return
    /// range, if there is one, and not above its high end. Default 0.66 of the way through the return range, which is
    /// the publication's 180 on the walkers; without a return range there is none.
    pub performance_threshold: Option<f64>,
    /// How far a particle moves in an update at most, as a share of the space's diagonal; above 0 to 1, default 0.05.
    pub step_size: f64,
    /// What is sampled up to the first update, to begin where tasks are easy; default uniform.
    pub initial: Option<InitialGaussian>,
}

impl Default for CurrotParams {
    fn default() -> Self {
        Self {
            particles: 100,
            remembered_failures: 200,
            update_rate: 50,
            performance_threshold: None,
            step_size: 0.05,
            initial: None,
        }
    }
}

/// Parameters within their ranges, with what follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedCurrotParams {
    params: CurrotParams,
    threshold: f64,
    initial: Option<Mixture>,
}

impl CurrotParams {
    /// Checks every parameter, once.
    ///
    /// # Errors
    /// [`ParamError`] for the first parameter out of its range or against another.
    pub fn check(&self, context: &TeacherContext) -> Result<CheckedCurrotParams, ParamError> {
        within("particles", self.particles, 10, 1_000)?;
        within("remembered_failures", self.remembered_failures, 10, 5_000)?;
        within("update_rate", self.update_rate, 1, self.particles)?;
        let threshold = self.threshold(context)?;
        if !(self.step_size >= f64::MIN_POSITIVE && self.step_size <= 1.0) {
            let problem = format!("is {}; it must be above 0 and at most 1", self.step_size);
            return Err(ParamError::new("step_size", problem));
        }
        let initial = self.initial.as_ref().map(|initial| initial.check(&context.space)).transpose()?;
        let params = Self { performance_threshold: Some(threshold), ..self.clone() };
        Ok(CheckedCurrotParams { params, threshold, initial })
    }

    fn threshold(&self, context: &TeacherContext) -> Result<f64, ParamError> {
        let refused = |problem: String| Err(ParamError::new("performance_threshold", problem));
        let range = context.return_range.map(|range| range.bounds());
        let threshold = match (self.performance_threshold, range) {
            (Some(threshold), _) => threshold,
            (None, Some((low, high))) => low + DEFAULT_THRESHOLD_SHARE * (high - low),
            (None, None) => {
                return refused("is missing: without a return range it has no default".to_owned());
            }
        };
        if let Some((low, high)) = range
            && !(threshold > low && threshold <= high)
        {
            let problem =
                format!("is {threshold}; it must be above {low} and at most {high}, the return range");
            return refused(problem);
        }
        if !(-LARGEST_THRESHOLD..=LARGEST_THRESHOLD).contains(&threshold) {
            return refused(format!("is {threshold:e}; it must lie within ±{LARGEST_THRESHOLD:e}"));
        }
        Ok(threshold)
    }
}

impl CheckedCurrotParams {
    /// The parameters themselves, to read; the default of the performance threshold is filled in.
    pub fn params(&self) -> &CurrotParams {
        &self.params
    }

    /// The performance threshold.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// What is sampled up to the first update, over internal coordinates; `None`: uniform.
    pub(super) fn initial(&self) -> Option<&Mixture> {
        self.initial.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        space::{Dimension, TaskSpace},
        teacher::ReturnRange,
    };

    fn context(return_range: Option<(f64, f64)>) -> TeacherContext {
        let space = TaskSpace::new(vec![Dimension::continuous("a", 0.0, 2.0)]).unwrap();
        let return_range = return_range.map(|(low, high)| ReturnRange::new(low, high).unwrap());
        TeacherContext { space: Arc::new(space), return_range }
    }

    #[test]
    fn the_default_threshold_is_the_publications_on_the_walkers() {
        let threshold = |params: CurrotParams, range| {
            let checked = params.check(&context(range)).unwrap();
            assert_eq!(checked.params().performance_threshold, Some(checked.threshold()), "filled in");
            checked.threshold()
        };
        let walkers = threshold(CurrotParams::default(), Some((-150.0, 350.0)));
        assert!((walkers - 180.0).abs() < 1e-9, "{walkers}");
        let given = CurrotParams { performance_threshold: Some(0.25), ..Default::default() };
        assert!((threshold(given, None) - 0.25).abs() < 1e-15);
    }

    #[test]
    fn each_parameter_is_refused_by_name() {
        let base = CurrotParams::default;
        let (ranged, plain) = (context(Some((0.0, 1.0))), context(None));
        let threshold = |threshold| CurrotParams { performance_threshold: Some(threshold), ..base() };
        let initial = |mean, covariance| CurrotParams {
            initial: Some(InitialGaussian { mean: vec![mean], covariance: vec![covariance] }),
            ..base()
        };
        base().check(&ranged).unwrap();
        threshold(1.0).check(&ranged).unwrap();
        threshold(-1e299).check(&plain).unwrap();
        initial(0.5, 0.01).check(&ranged).unwrap();
        for (field, params, context) in [
            ("particles", CurrotParams { particles: 9, ..base() }, &ranged),
            ("particles", CurrotParams { particles: 1_001, ..base() }, &ranged),
            ("remembered_failures", CurrotParams { remembered_failures: 9, ..base() }, &ranged),
            ("remembered_failures", CurrotParams { remembered_failures: 5_001, ..base() }, &ranged),
            ("update_rate", CurrotParams { update_rate: 0, ..base() }, &ranged),
            ("update_rate", CurrotParams { update_rate: 101, ..base() }, &ranged),
            ("performance_threshold", base(), &plain),
            ("performance_threshold", threshold(f64::NAN), &plain),
            ("performance_threshold", threshold(f64::INFINITY), &plain),
            ("performance_threshold", threshold(-1e300), &plain),
            ("performance_threshold", threshold(f64::NAN), &ranged),
            ("performance_threshold", threshold(0.0), &ranged),
            ("performance_threshold", threshold(1.1), &ranged),
            ("step_size", CurrotParams { step_size: 0.0, ..base() }, &ranged),
            ("step_size", CurrotParams { step_size: f64::NAN, ..base() }, &ranged),
            ("step_size", CurrotParams { step_size: 1.5, ..base() }, &ranged),
            ("initial.mean", initial(3.0, 0.01), &ranged),
            ("initial.covariance", initial(0.5, -0.01), &ranged),
        ] {
            assert_eq!(params.check(context).unwrap_err().field, field, "{params:?}");
        }
    }
}
