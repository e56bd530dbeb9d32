//! What a rollout gives to learn from.

use crate::network::Pass;

/// All samples of a rollout, row after row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples {
    /// As the networks see them.
    pub(crate) observations: Vec<f32>,
    pub(crate) actions: Vec<f32>,
    /// The logarithms of the actions' densities under the policy that chose them.
    pub(crate) log_densities: Vec<f32>,
    pub(crate) advantages: Vec<f32>,
    /// What the value function should have said.
    pub(crate) targets: Vec<f32>,
    /// Numbers of an observation and of an action.
    pub(crate) widths: (usize, usize),
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample<'a> {
    pub(crate) observation: &'a [f32],
    pub(crate) action: &'a [f32],
    pub(crate) log_density: f32,
    pub(crate) advantage: f32,
    pub(crate) target: f32,
}

impl Samples {
    pub(crate) fn len(&self) -> usize {
        self.log_densities.len()
    }

    /// Adds those of another place, of the same widths.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.observations.append(&mut other.observations);
        self.actions.append(&mut other.actions);
        self.log_densities.append(&mut other.log_densities);
        self.advantages.append(&mut other.advantages);
        self.targets.append(&mut other.targets);
        self.widths = other.widths;
    }

    pub(crate) fn sample(&self, index: usize) -> Sample<'_> {
        let (observation, action) = self.widths;
        Sample {
            observation: &self.observations[index * observation..(index + 1) * observation],
            action: &self.actions[index * action..(index + 1) * action],
            log_density: self.log_densities[index],
            advantage: self.advantages[index],
            target: self.targets[index],
        }
    }
}

/// Puts the observations of a batch before a network, a row for each sample.
pub(crate) fn show(batch: &[Sample<'_>], pass: &mut Pass) {
    let mut inputs = pass.inputs(batch.len());
    for (sample, mut row) in batch.iter().zip(inputs.rows_mut()) {
        row.as_slice_mut().expect("rows lie in order").copy_from_slice(sample.observation);
    }
}
