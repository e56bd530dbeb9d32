//! The Random teacher: uniform over the space, always. The baseline of every comparison.

use rand::Rng;

use crate::teacher::{
    DistributionShape, Episode, EpisodeResult, ExplorationReason, FitPending, Observation, ObserveError,
    Origin, ParamError, PastEpisode, Sample, TaskDistribution, Teacher, TeacherContext, TeacherEdit,
    TeacherParams, TeacherSnapshot,
};

/// Draws tasks uniformly and learns nothing.
#[derive(Debug)]
pub struct Random {
    context: TeacherContext,
}

impl Random {
    /// A Random teacher over the context's space.
    pub fn new(context: TeacherContext) -> Self {
        Self { context }
    }
}

impl Teacher for Random {
    fn sample(&mut self, rng: &mut dyn Rng) -> Result<Sample, FitPending> {
        Ok(Sample {
            task: self.context.space.uniform(rng),
            origin: Origin::Exploration(ExplorationReason::RandomTeacher),
            origin_probability: 1.0,
        })
    }

    fn observe(&mut self, episode: &Episode<'_>, _rng: &mut dyn Rng) -> Result<Observation, ObserveError> {
        match episode.result {
            EpisodeResult::Completed(return_) if !return_.is_finite() => {
                Err(ObserveError::ReturnNotFinite(return_))
            }
            EpisodeResult::Completed(_) | EpisodeResult::Infeasible => Ok(Observation::default()),
        }
    }

    fn replay(&mut self, _episode: &Episode<'_>, _recorded_alp: Option<f64>, _rng: &mut dyn Rng) {}

    fn remember(&mut self, _history: &mut dyn Iterator<Item = PastEpisode>) {}

    fn distribution(&self) -> TaskDistribution {
        TaskDistribution { exploration_probability: 1.0, shape: DistributionShape::Uniform }
    }

    fn edit(&mut self, _edit: &TeacherEdit) -> Result<(), ParamError> {
        Err(ParamError::new("teacher", "is Random, which has no parameters to edit"))
    }

    fn params(&self) -> TeacherParams {
        TeacherParams::Random
    }

    fn snapshot(&self) -> TeacherSnapshot {
        TeacherSnapshot::Random
    }
}
