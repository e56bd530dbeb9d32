//! The Random teacher: uniform over the space, always. The baseline of every comparison.

use rand::Rng;

use crate::teacher::{
    DistributionShape, Episode, ExplorationReason, FitPending, Observation, Origin, Sample, TaskDistribution,
    Teacher, TeacherContext, TeacherParams, TeacherSnapshot,
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

    fn observe(&mut self, _episode: &Episode<'_>, _rng: &mut dyn Rng) -> Observation {
        Observation::default()
    }

    fn distribution(&self) -> TaskDistribution {
        TaskDistribution { exploration_probability: 1.0, shape: DistributionShape::Uniform }
    }

    fn params(&self) -> TeacherParams {
        TeacherParams::Random
    }

    fn snapshot(&self) -> TeacherSnapshot {
        TeacherSnapshot::Random
    }
}
