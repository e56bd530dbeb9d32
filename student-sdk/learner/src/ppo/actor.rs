//! The policy: a Gaussian whose mean is a network's output and whose deviation depends on nothing.

use super::samples::show;
use super::{Rates, Sample};
use crate::network::{Adam, Mlp, Pass};
use crate::ppo::CheckedPpoSettings;
use crate::random::{Purpose, stream};
use serde::{Deserialize, Serialize};

/// Gain of the last layer's first weights: small, so that first actions are about 0.
const LAST_GAIN: f64 = 0.01;
/// Half of the logarithm of 2π.
const HALF_LN_TAU: f32 = 0.918_938_5;

/// A policy while it learns. Its parameters are those of the network, then the logarithms of the standard deviations.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub(crate) mlp: Mlp,
    pub(crate) weights: Weights,
}

/// What is learned, and the optimiser's memory of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weights {
    pub(crate) parameters: Vec<f32>,
    pub(crate) adam: Adam,
}

/// How an update went, on average over its samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ActorUpdate {
    /// An estimate of how far the policy moved, as a Kullback-Leibler divergence in nats.
    pub(crate) divergence: f64,
    /// The share of samples of which nothing more is learned.
    pub(crate) clipped: f64,
}

impl Weights {
    pub(crate) fn new(parameters: Vec<f32>) -> Self {
        let adam = Adam::new(parameters.len());
        Self { parameters, adam }
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.parameters.iter().all(|parameter| parameter.is_finite()) && self.adam.is_finite()
    }
}

impl Actor {
    /// The policy at the beginning of its `life`, the first of which is 0.
    pub(crate) fn new(seed: u64, life: u64, observations: usize, hidden: &[usize], actions: usize) -> Self {
        let mlp = Mlp::new(observations, hidden, actions);
        let mut parameters = mlp.first_parameters(LAST_GAIN, &mut stream(seed, Purpose::Weights, 2 * life));
        parameters.extend(core::iter::repeat_n(0.0, actions));
        Self { mlp, weights: Weights::new(parameters) }
    }

    /// The logarithms of the standard deviations.
    pub(crate) fn log_deviations(&self) -> &[f32] {
        &self.weights.parameters[self.mlp.parameter_count()..]
    }

    /// Learns from one minibatch.
    pub(crate) fn learn(
        &mut self,
        batch: &[Sample<'_>],
        pass: &mut Pass,
        gradient: &mut Vec<f32>,
        settings: &CheckedPpoSettings,
        rates: Rates,
    ) -> ActorUpdate {
        let Self { mlp, weights } = self;
        gradient.clear();
        gradient.resize(weights.parameters.len(), 0.0);
        let (_, update) = loss(mlp, &weights.parameters, batch, pass, gradient, settings.clip, rates.entropy);
        let Weights { parameters, adam } = weights;
        adam.step(parameters, gradient, settings.longest_gradient as f32, rates.learning_rate);
        let least = settings.least_deviation as f32;
        if least > 0.0 {
            for log_deviation in &mut parameters[mlp.parameter_count()..] {
                *log_deviation = log_deviation.max(least.ln());
            }
        }
        update
    }
}

/// The logarithm of an action's density, from how many deviations its numbers are from their means.
pub(crate) fn log_density(distances: impl Iterator<Item = f32>, log_deviations: &[f32]) -> f32 {
    distances
        .zip(log_deviations)
        .map(|(distance, log_deviation)| -0.5 * distance * distance - log_deviation - HALF_LN_TAU)
        .sum()
}

/// What PPO minimises, whose gradient is added to `gradient`: minus the mean of the clipped surrogate, minus the weighted entropy.
/// Advantages are normalised within the batch.
fn loss(
    mlp: &Mlp,
    parameters: &[f32],
    batch: &[Sample<'_>],
    pass: &mut Pass,
    gradient: &mut [f32],
    clip: f64,
    entropy_weight: f64,
) -> (f64, ActorUpdate) {
    let count = batch.len();
    let network = mlp.parameter_count();
    let log_deviations = &parameters[network..];
    let inverse_deviations: Vec<f32> = log_deviations.iter().map(|log| (-log).exp()).collect();
    show(batch, pass);
    let (mean_advantage, inverse_spread) = normalisation(batch);
    let (network_gradient, deviation_gradient) = gradient.split_at_mut(network);
    let clip = clip as f32;
    let mut update = ActorUpdate::default();
    let mut surrogate_sum = 0.0;
    mlp.forward(parameters, pass);
    let (means, mut mean_gradient) = pass.outputs_and_gradient();
    let mut distances = vec![0.0; log_deviations.len()];
    for ((sample, means), mut into) in batch.iter().zip(means.rows()).zip(mean_gradient.rows_mut()) {
        for (((distance, action), mean), inverse) in
            distances.iter_mut().zip(sample.action).zip(means).zip(&inverse_deviations)
        {
            *distance = (action - mean) * inverse;
        }
        let log_ratio = log_density(distances.iter().copied(), log_deviations) - sample.log_density;
        let ratio = log_ratio.exp();
        let advantage = (sample.advantage - mean_advantage) * inverse_spread;
        let is_clipped = if advantage > 0.0 { ratio > 1.0 + clip } else { ratio < 1.0 - clip };
        let surrogate = advantage * if is_clipped { ratio.clamp(1.0 - clip, 1.0 + clip) } else { ratio };
        surrogate_sum += f64::from(surrogate);
        update.divergence += f64::from(ratio - 1.0 - log_ratio);
        update.clipped += if is_clipped { 1.0 } else { 0.0 };
        let push = if is_clipped { 0.0 } else { -advantage * ratio / count as f32 };
        for (((into, distance), inverse), of_deviation) in
            into.iter_mut().zip(&distances).zip(&inverse_deviations).zip(deviation_gradient.iter_mut())
        {
            *into = push * distance * inverse;
            *of_deviation += push * (distance * distance - 1.0);
        }
    }
    for part in deviation_gradient.iter_mut() {
        *part -= entropy_weight as f32;
    }
    mlp.backward(parameters, pass, network_gradient);
    let entropy: f64 = log_deviations.iter().map(|&log| f64::from(log) + f64::from(HALF_LN_TAU) + 0.5).sum();
    update.divergence /= count as f64;
    update.clipped /= count as f64;
    (-surrogate_sum / count as f64 - entropy_weight * entropy, update)
}

/// Mean of the advantages, and what makes their deviation 1.
fn normalisation(batch: &[Sample<'_>]) -> (f32, f32) {
    let count = batch.len() as f64;
    let mean = batch.iter().map(|sample| f64::from(sample.advantage)).sum::<f64>() / count;
    let squares: f64 = batch.iter().map(|sample| (f64::from(sample.advantage) - mean).powi(2)).sum();
    (mean as f32, (1.0 / ((squares / count).sqrt() + 1e-8)) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ppo::{PpoSettings, samples::Samples};
    use rand_distr::{Distribution, StandardNormal};

    const RATES: Rates = Rates { learning_rate: 1e-2, entropy: 0.0 };

    /// A policy, and samples of it as it was a few steps of learning ago.
    fn scene() -> (Actor, Samples) {
        let mut actor = Actor::new(1, 0, 6, &[8, 8], 3);
        let mut generator = stream(7, Purpose::Noise, 0);
        let mut number = || -> f32 { StandardNormal.sample(&mut generator) };
        let mut samples = Samples::default();
        for _ in 0..40 {
            samples.observations.extend((0..6).map(|_| number()));
            let noise: Vec<f32> = (0..3).map(|_| number()).collect();
            samples.log_densities.push(log_density(noise.iter().copied(), &[0.0; 3]));
            samples.actions.extend(noise);
            samples.advantages.push(number());
            samples.targets.push(0.0);
        }
        samples.widths = (6, 3);
        for parameter in &mut actor.weights.parameters {
            *parameter += 0.08 * number();
        }
        (actor, samples)
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let (actor, samples) = scene();
        let batch: Vec<Sample<'_>> = (0..40).map(|index| samples.sample(index)).collect();
        let mut pass = Pass::new(&actor.mlp, 40);
        let mut parameters = actor.weights.parameters.clone();
        let mut found = vec![0.0; parameters.len()];
        let (_, update) = loss(&actor.mlp, &parameters, &batch, &mut pass, &mut found, 0.2, 0.01);
        assert!(
            update.clipped > 0.02 && update.clipped < 0.5,
            "some samples are clipped: {}",
            update.clipped
        );
        const STEP: f32 = 2e-3;
        let mut at = |parameters: &[f32]| {
            let mut ignored = vec![0.0; parameters.len()];
            loss(&actor.mlp, parameters, &batch, &mut pass, &mut ignored, 0.2, 0.01).0
        };
        let mut length = 0.0;
        let mut error = 0.0;
        for index in 0..parameters.len() {
            let kept = parameters[index];
            parameters[index] = kept + STEP;
            let above = at(&parameters);
            parameters[index] = kept - STEP;
            let below = at(&parameters);
            parameters[index] = kept;
            let expected = (above - below) / (2.0 * f64::from(STEP));
            length += expected * expected;
            error += (f64::from(found[index]) - expected).powi(2);
        }
        // Of the whole, for single samples pass their clip's edge within a difference.
        assert!(error.sqrt() < 0.01 * length.sqrt(), "{} of {}", error.sqrt(), length.sqrt());
    }

    #[test]
    fn good_actions_become_likelier() {
        let settings = PpoSettings::default().check().unwrap();
        let mut actor = Actor::new(1, 0, 2, &[8], 1);
        let observation = [0.5, -0.5];
        let actions = [[1.0], [-1.0]];
        let density = log_density([1.0].into_iter(), &[0.0]);
        let batch = [0, 1].map(|index| Sample {
            observation: &observation,
            action: &actions[index],
            log_density: density,
            advantage: if index == 0 { 1.0 } else { -1.0 },
            target: 0.0,
        });
        let mut pass = Pass::new(&actor.mlp, 2);
        for _ in 0..50 {
            actor.learn(&batch, &mut pass, &mut Vec::new(), &settings, RATES);
        }
        pass.inputs(1).assign(&ndarray::array![[0.5, -0.5]]);
        let mean = actor.mlp.forward(&actor.weights.parameters, &mut pass)[[0, 0]];
        assert!(mean > 0.05, "{mean}");
    }

    #[test]
    fn the_deviation_stays_above_its_floor() {
        let settings = PpoSettings { least_deviation: 0.9, ..PpoSettings::default() }.check().unwrap();
        let mut actor = Actor::new(1, 0, 1, &[4], 1);
        let observation = [0.3];
        let batch = [(0.0, 1.0), (3.0, -1.0)].map(|(action, advantage)| (vec![action], advantage));
        let batch = [&batch[0], &batch[1]].map(|(action, advantage)| Sample {
            observation: &observation,
            action,
            log_density: log_density([action[0]].into_iter(), &[0.0]),
            advantage: *advantage,
            target: 0.0,
        });
        let mut pass = Pass::new(&actor.mlp, 2);
        for _ in 0..200 {
            actor.learn(&batch, &mut pass, &mut Vec::new(), &settings, RATES);
        }
        let deviation = actor.log_deviations()[0].exp();
        assert!((deviation - 0.9).abs() < 1e-3, "{deviation}");
    }
}
