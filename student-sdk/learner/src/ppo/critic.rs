//! The value function: a network that says how much reward is to come.

use super::Sample;
use super::actor::Weights;
use super::samples::show;
use crate::network::{Mlp, Pass};
use crate::ppo::CheckedPpoSettings;
use crate::random::{Purpose, stream};

/// A value function while it learns.
#[derive(Clone, Debug)]
pub(crate) struct Critic {
    mlp: Mlp,
    pub(crate) weights: Weights,
}

impl Critic {
    /// The value function at the beginning of its `life`, the first of which is 0.
    pub(crate) fn new(seed: u64, life: u64, observations: usize, hidden: &[usize]) -> Self {
        let mlp = Mlp::new(observations, hidden, 1);
        let parameters = mlp.first_parameters(1.0, &mut stream(seed, Purpose::Weights, 2 * life + 1));
        Self { mlp, weights: Weights::new(parameters) }
    }

    pub(crate) fn mlp(&self) -> &Mlp {
        &self.mlp
    }

    /// The values of observations, row after row; as many at a time as fit into `pass`.
    pub(crate) fn values(&self, observations: &[f32], pass: &mut Pass, most_rows: usize) -> Vec<f32> {
        let width = self.mlp.inputs();
        let mut values = Vec::with_capacity(observations.len() / width);
        for part in observations.chunks(most_rows * width) {
            let mut inputs = pass.inputs(part.len() / width);
            inputs.as_slice_mut().expect("whole rows of memory in standard order").copy_from_slice(part);
            values.extend(self.mlp.forward(&self.weights.parameters, pass).iter());
        }
        values
    }

    /// Learns from one minibatch and gives the mean of the squared errors that it had.
    pub(crate) fn learn(
        &mut self,
        batch: &[Sample<'_>],
        pass: &mut Pass,
        gradient: &mut Vec<f32>,
        settings: &CheckedPpoSettings,
        learning_rate: f32,
    ) -> f64 {
        gradient.clear();
        gradient.resize(self.weights.parameters.len(), 0.0);
        let loss = loss(&self.mlp, &self.weights.parameters, batch, pass, gradient);
        let Weights { parameters, adam } = &mut self.weights;
        adam.step(parameters, gradient, settings.longest_gradient as f32, learning_rate);
        2.0 * loss
    }
}

/// Half of the mean squared distance to the targets, whose gradient is added to `gradient`.
fn loss(mlp: &Mlp, parameters: &[f32], batch: &[Sample<'_>], pass: &mut Pass, gradient: &mut [f32]) -> f64 {
    let count = batch.len();
    show(batch, pass);
    mlp.forward(parameters, pass);
    let (values, mut value_gradient) = pass.outputs_and_gradient();
    let mut sum = 0.0;
    for ((sample, value), into) in batch.iter().zip(&values).zip(&mut value_gradient) {
        let error = value - sample.target;
        sum += 0.5 * f64::from(error) * f64::from(error);
        *into = error / count as f32;
    }
    mlp.backward(parameters, pass, gradient);
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ppo::PpoSettings;

    fn rows() -> Vec<([f32; 2], f32)> {
        let row = |index: i32| {
            let (x, y) = (index as f32 * 0.13 - 1.0, (index % 5) as f32 * 0.4 - 0.8);
            ([x, y], x * y + 0.5)
        };
        (0..20).map(row).collect()
    }

    fn samples(rows: &[([f32; 2], f32)]) -> Vec<Sample<'_>> {
        rows.iter()
            .map(|(observation, target)| Sample {
                observation,
                action: &[],
                log_density: 0.0,
                advantage: 0.0,
                target: *target,
            })
            .collect()
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let rows = rows();
        let batch = samples(&rows);
        let critic = Critic::new(3, 0, 2, &[6, 5]);
        let mut parameters = critic.weights.parameters.clone();
        let mut pass = Pass::new(&critic.mlp, 20);
        let mut found = vec![0.0; parameters.len()];
        loss(&critic.mlp, &parameters, &batch, &mut pass, &mut found);
        const STEP: f32 = 1e-2;
        for index in 0..parameters.len() {
            let mut ignored = vec![0.0; parameters.len()];
            let kept = parameters[index];
            parameters[index] = kept + STEP;
            let above = loss(&critic.mlp, &parameters, &batch, &mut pass, &mut ignored);
            parameters[index] = kept - STEP;
            let below = loss(&critic.mlp, &parameters, &batch, &mut pass, &mut ignored);
            parameters[index] = kept;
            let expected = (above - below) / (2.0 * f64::from(STEP));
            assert!(
                (f64::from(found[index]) - expected).abs() < 2e-3,
                "{index}: {} {expected}",
                found[index]
            );
        }
    }

    #[test]
    fn targets_are_learned() {
        let settings = PpoSettings::default().check().unwrap();
        let rows = rows();
        let batch = samples(&rows);
        let mut critic = Critic::new(3, 0, 2, &[16, 16]);
        let mut pass = Pass::new(&critic.mlp, 20);
        let mut errors = (0..2000).map(|_| critic.learn(&batch, &mut pass, &mut Vec::new(), &settings, 3e-3));
        let first = errors.next().unwrap();
        let last = errors.last().unwrap();
        assert!(last < 1e-3 && first > 0.05, "{first} {last}");
        let observations: Vec<f32> = rows.iter().flat_map(|(observation, _)| *observation).collect();
        let values = critic.values(&observations, &mut pass, 7);
        assert_eq!(values.len(), 20);
        assert!(values.iter().zip(&rows).all(|(value, (_, target))| (value - target).abs() < 0.2));
    }
}
