//! The Oracle teacher: a window that somebody who knows the tasks has given a way from easy to hard.
//!
//! Source: the baseline of Portelas et al., CoRL 2019, arXiv 1910.07224, and its code. Tasks are uniform in a window
//! of a sixth of each range. It begins at the easy end; whenever the mean of the last `step_rate` returns exceeds
//! `threshold`, it moves by `window_step`, as far as the space goes. Returns are taken as they are, whatever the
//! curriculum's return range.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::{
    space::TaskSpace,
    teacher::{
        DistributionShape, Episode, EpisodeResult, FitPending, Observation, Origin, ParamError, Sample,
        TaskDistribution, Teacher, TeacherContext, TeacherParams, TeacherSnapshot,
    },
};

/// Parameters of the Oracle teacher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OracleParams {
    /// How far the window moves, one number per axis, in shares of the axis: above 0 it goes from the low end to the
    /// high one, below 0 the other way; at 0 it always spans the whole axis. From −1 to 1; no default, as this is
    /// what an oracle knows.
    pub window_step: Vec<f64>,
    /// Side of the window as a share of each axis; above 0 to 1, default a sixth.
    pub window_size: f64,
    /// The mean return above which the window moves; default 230.
    pub threshold: f64,
    /// Returns from one decision to the next; 1 to 100,000, default 50.
    pub step_rate: u32,
}

impl Default for OracleParams {
    fn default() -> Self {
        Self { window_step: Vec::new(), window_size: 1.0 / 6.0, threshold: 230.0, step_rate: 50 }
    }
}

impl OracleParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ParamError`] for the first parameter out of its range.
    pub fn check(&self, space: &TaskSpace) -> Result<(), ParamError> {
        if self.window_step.len() != space.width() {
            let (given, axes) = (self.window_step.len(), space.width());
            let problem = format!("has {given} numbers; it must have one for each of the {axes} axes");
            return Err(ParamError::new("window_step", problem));
        }
        if let Some(step) = self.window_step.iter().find(|step| !(-1.0..=1.0).contains(*step)) {
            return Err(ParamError::new(
                "window_step",
                format!("has {step}; steps must lie between -1 and 1"),
            ));
        }
        if !(self.window_size > 0.0 && self.window_size <= 1.0) {
            let problem = format!("is {}; it must be above 0 and at most 1", self.window_size);
            return Err(ParamError::new("window_size", problem));
        }
        if !self.threshold.is_finite() {
            let problem = format!("is {}; it must be a finite number", self.threshold);
            return Err(ParamError::new("threshold", problem));
        }
        super::within("step_rate", self.step_rate, 1, 100_000)
    }

    /// The window's low corner after so many moves, in shares of the axes.
    pub fn window_low(&self, moves: u64) -> Vec<f64> {
        let low = |&step: &f64| {
            let room = 1.0 - self.window_size;
            let gone = (moves as f64 * step.abs()).min(room);
            match step {
                0.0 => 0.0,
                step if step > 0.0 => gone,
                _ => room - gone,
            }
        };
        self.window_step.iter().map(low).collect()
    }

    /// The window's high corner after so many moves, in shares of the axes.
    fn window_high(&self, moves: u64) -> Vec<f64> {
        let high =
            |(low, &step): (f64, &f64)| if step == 0.0 { 1.0 } else { (low + self.window_size).min(1.0) };
        self.window_low(moves).into_iter().zip(&self.window_step).map(high).collect()
    }
}

/// The Oracle teacher.
#[derive(Debug)]
pub struct Oracle {
    context: TeacherContext,
    state: OracleSnapshot,
}

/// Bounded state of [`Oracle`]: all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OracleSnapshot {
    params: OracleParams,
    moves: u64,
    /// Returns since the last decision.
    returns: u32,
    /// Mean of them.
    mean: f64,
}

impl Oracle {
    /// Starts at the easy end.
    ///
    /// # Errors
    /// [`ParamError`] where a parameter is out of range.
    pub fn new(context: TeacherContext, params: OracleParams) -> Result<Self, ParamError> {
        Self::restore(context, OracleSnapshot { params, moves: 0, returns: 0, mean: 0.0 })
    }

    /// Starts from a snapshot.
    ///
    /// # Errors
    /// [`ParamError`] where the snapshot does not fit the context.
    pub fn restore(context: TeacherContext, snapshot: OracleSnapshot) -> Result<Self, ParamError> {
        snapshot.params.check(&context.space)?;
        Ok(Self { context, state: snapshot })
    }

    /// Times that the window has moved.
    pub fn moves(&self) -> u64 {
        self.state.moves
    }

    /// The window, in internal coordinates.
    fn window(&self) -> (Vec<f64>, Vec<f64>) {
        let internal = |shares: Vec<f64>| {
            let scale = self.context.space.axes().iter().map(|axis| axis.distance_scale());
            shares.into_iter().zip(scale).map(|(share, scale)| share * scale).collect()
        };
        let OracleSnapshot { params, moves, .. } = &self.state;
        (internal(params.window_low(*moves)), internal(params.window_high(*moves)))
    }

    fn learn(&mut self, return_: f64) {
        let state = &mut self.state;
        state.returns += 1;
        // A running mean, for a sum of the largest numbers would not be finite.
        let count = f64::from(state.returns);
        state.mean += return_ / count - state.mean / count;
        if state.returns == state.params.step_rate {
            state.moves += u64::from(state.mean > state.params.threshold);
            (state.returns, state.mean) = (0, 0.0);
        }
    }
}

impl Teacher for Oracle {
    fn sample(&mut self, rng: &mut dyn Rng) -> Result<Sample, FitPending> {
        let (low, high) = self.window();
        let point: Vec<f64> =
            low.iter().zip(&high).map(|(low, high)| low + (high - low) * rng.random::<f64>()).collect();
        Ok(Sample {
            task: self.context.space.task_at(&point),
            origin: Origin::Window,
            origin_probability: 1.0,
        })
    }

    fn observe(&mut self, episode: &Episode<'_>, _rng: &mut dyn Rng) -> Observation {
        if let EpisodeResult::Completed(return_) = episode.result {
            self.learn(return_);
        }
        Observation::default()
    }

    fn distribution(&self) -> TaskDistribution {
        let (low, high) = self.window();
        TaskDistribution { exploration_probability: 0.0, shape: DistributionShape::Window { low, high } }
    }

    fn params(&self) -> TeacherParams {
        TeacherParams::Oracle(self.state.params.clone())
    }

    fn snapshot(&self) -> TeacherSnapshot {
        TeacherSnapshot::Oracle(self.state.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Dimension;

    fn space() -> TaskSpace {
        TaskSpace::new(vec![Dimension::continuous("a", 0.0, 3.0), Dimension::continuous("b", 0.0, 6.0)])
            .unwrap()
    }

    #[test]
    fn each_parameter_is_refused_by_name() {
        let good = OracleParams { window_step: vec![0.1, -0.1], ..Default::default() };
        good.check(&space()).unwrap();
        for (field, params) in [
            ("window_step", OracleParams::default()),
            ("window_step", OracleParams { window_step: vec![0.1, f64::NAN], ..good.clone() }),
            ("window_step", OracleParams { window_step: vec![0.1, -1.5], ..good.clone() }),
            ("window_size", OracleParams { window_size: 0.0, ..good.clone() }),
            ("threshold", OracleParams { threshold: f64::INFINITY, ..good.clone() }),
            ("step_rate", OracleParams { step_rate: 0, ..good.clone() }),
        ] {
            assert_eq!(params.check(&space()).unwrap_err().field, field, "{params:?}");
        }
    }

    #[test]
    fn an_axis_without_a_direction_is_not_narrowed() {
        let params = OracleParams { window_step: vec![0.5, 0.0], window_size: 0.25, ..Default::default() };
        for (moves, low, high) in [(0, 0.0, 0.25), (1, 0.5, 0.75), (2, 0.75, 1.0), (9, 0.75, 1.0)] {
            assert_eq!(params.window_low(moves), [low, 0.0]);
            assert_eq!(params.window_high(moves), [high, 1.0]);
        }
    }
}
