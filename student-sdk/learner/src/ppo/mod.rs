//! Proximal policy optimisation (Schulman et al., 2017): how a policy and a value function become better by what walkers went through.
//!
//! Neither knows of walkers or teachers here: samples come in ([`samples`]), parameters change.

mod actor;
mod advantage;
mod critic;
mod samples;
mod settings;

pub(crate) use settings::CheckedPpoSettings;
pub use settings::{PpoSettings, SettingError};

pub(crate) use actor::{Actor, ActorUpdate, Weights, log_density};
pub(crate) use advantage::{Trace, advantages};
pub(crate) use critic::Critic;
pub(crate) use samples::{Sample, Samples};
pub(crate) use settings::{STEPS_PER_EXCHANGE, WALKERS_PER_GROUP};

use crate::network::Pass;
use crate::random::{Purpose, stream};
use rand::seq::SliceRandom;
use std::thread;

/// What falls during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    pub(crate) learning_rate: f32,
    /// Weight of the policy's entropy.
    pub(crate) entropy: f64,
}

/// How an update went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Update {
    pub(crate) actor: ActorUpdate,
    /// Mean squared error of the values, in the scale of rewards.
    pub(crate) value_error: f64,
}

/// Improves both networks by a rollout's samples: the policy in a thread of its own where there are two.
pub(crate) fn update(
    actor: &mut Actor,
    critic: &mut Critic,
    samples: &Samples,
    settings: &CheckedPpoSettings,
    rates: Rates,
    order: Order,
    threads: usize,
) -> Update {
    let mut of_actor = || {
        let mut pass = Pass::new(&actor.mlp, settings.minibatch);
        let mut gradient = Vec::new();
        let mut sum = ActorUpdate::default();
        let minibatches = order.with(Network::Policy, samples, settings, |batch| {
            let update = actor.learn(batch, &mut pass, &mut gradient, settings, rates);
            sum.divergence += update.divergence;
            sum.clipped += update.clipped;
        });
        ActorUpdate { divergence: sum.divergence / minibatches, clipped: sum.clipped / minibatches }
    };
    let mut of_critic = || {
        let mut pass = Pass::new(critic.mlp(), settings.minibatch);
        let mut gradient = Vec::new();
        let mut sum = 0.0;
        let minibatches = order.with(Network::Values, samples, settings, |batch| {
            sum += critic.learn(batch, &mut pass, &mut gradient, settings, rates.learning_rate);
        });
        sum / minibatches
    };
    let (actor, value_error) = if threads > 1 {
        thread::scope(|scope| {
            let actor = scope.spawn(of_actor);
            let value_error = of_critic();
            (actor.join().expect("learning does not panic"), value_error)
        })
    } else {
        (of_actor(), of_critic())
    };
    Update { actor, value_error }
}

/// The networks have an order each: they learn side by side.
#[derive(Clone, Copy, Debug)]
enum Network {
    Policy,
    Values,
}

/// In which order an update goes through its samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) seed: u64,
    /// The update's number.
    pub(crate) update: u64,
}

impl Order {
    /// Calls `learn` with every minibatch of every epoch and says how many there were; samples left over by an epoch are not in it.
    fn with(
        self,
        network: Network,
        samples: &Samples,
        settings: &CheckedPpoSettings,
        mut learn: impl FnMut(&[Sample<'_>]),
    ) -> f64 {
        let index = 2 * self.update + network as u64;
        let mut generator = stream(self.seed, Purpose::Order, index);
        let mut indices: Vec<usize> = (0..samples.len()).collect();
        let mut batch = Vec::with_capacity(settings.minibatch);
        let mut minibatches = 0.0;
        for _ in 0..settings.epochs {
            indices.shuffle(&mut generator);
            for part in indices.chunks_exact(settings.minibatch) {
                batch.clear();
                batch.extend(part.iter().map(|&index| samples.sample(index)));
                learn(&batch);
                minibatches += 1.0;
            }
        }
        minibatches
    }
}
