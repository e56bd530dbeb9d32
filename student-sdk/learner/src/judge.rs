//! What walkers went through, made into samples to learn from.

use crate::group::Rollout;
use crate::network::Pass;
use crate::normaliser::RewardScale;
use crate::ppo::{CheckedPpoSettings, Critic, Samples, Trace, WALKERS_PER_GROUP, advantages};
use std::thread;

/// Observations whose values are computed at once.
const VALUES_AT_ONCE: usize = 1024;

/// Who judges what walkers went through.
pub(crate) struct Judge<'a> {
    pub(crate) critic: &'a Critic,
    pub(crate) rewards: &'a RewardScale,
    pub(crate) settings: &'a CheckedPpoSettings,
    /// Numbers of an observation and of an action.
    pub(crate) widths: (usize, usize),
}

impl Judge<'_> {
    /// What there is to learn from, in the order of the rollouts; they keep what was only looked at.
    pub(crate) fn all_samples(&self, rollouts: &mut [Rollout], threads: usize) -> Samples {
        let mut all = Samples::default();
        if threads == 1 {
            rollouts.iter_mut().for_each(|rollout| all.append(self.samples(rollout)));
            return all;
        }
        let share = rollouts.len().div_ceil(threads);
        let of_part = |part: &mut [Rollout]| part.iter_mut().map(|rollout| self.samples(rollout)).collect();
        thread::scope(|scope| {
            let threads: Vec<_> = rollouts
                .chunks_mut(share)
                .map(|part| scope.spawn(move || -> Vec<_> { of_part(part) }))
                .collect();
            for thread in threads {
                let samples = thread.join().expect("judging does not panic");
                samples.into_iter().for_each(|samples| all.append(samples));
            }
        });
        all
    }

    /// What a group went through, judged by the value function as it is.
    fn samples(&self, rollout: &mut Rollout) -> Samples {
        let mut pass = Pass::new(self.critic.mlp(), VALUES_AT_ONCE);
        let mut values_of =
            |observations: &[f32]| self.critic.values(observations, &mut pass, VALUES_AT_ONCE);
        let values = values_of(&rollout.observations);
        let last = values_of(&rollout.last);
        let of_truncated = values_of(&rollout.last_of_truncated);
        let mut next_values: Vec<f32> = values[WALKERS_PER_GROUP..].iter().chain(&last).copied().collect();
        for (value, &ended) in next_values.iter_mut().zip(&rollout.ended) {
            if ended {
                *value = 0.0;
            }
        }
        for (&index, value) in rollout.truncated.iter().zip(of_truncated) {
            next_values[index] = value;
        }
        let rewards: Vec<f32> = rollout.rewards.iter().map(|&reward| self.rewards.scaled(reward)).collect();
        let trace = Trace {
            walkers: WALKERS_PER_GROUP,
            rewards: &rewards,
            values: &values,
            next_values: &next_values,
            ended: &rollout.ended,
        };
        let advantages = advantages(&trace, self.settings.discount as f32, self.settings.trace_decay as f32);
        Samples {
            targets: advantages.iter().zip(&values).map(|(advantage, value)| advantage + value).collect(),
            advantages,
            observations: core::mem::take(&mut rollout.observations),
            actions: core::mem::take(&mut rollout.actions),
            log_densities: core::mem::take(&mut rollout.log_densities),
            widths: self.widths,
        }
    }
}
