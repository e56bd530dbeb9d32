//! What PPO is run with.

use serde::{Deserialize, Serialize};

/// Vector steps between two exchanges with the teacher.
pub(crate) const STEPS_PER_EXCHANGE: usize = 16;
/// Walkers that are stepped together: a thread's share. Fixed, so that the number of threads changes no result.
pub(crate) const WALKERS_PER_GROUP: usize = 64;
/// More walkers would hold more tasks than a student may.
const MOST_WALKERS: usize = 4096;
/// More steps would not fit a machine's memory.
const MOST_ROLLOUT_STEPS: usize = 65_536;
const WIDEST_LAYER: usize = 4096;
const MOST_LAYERS: usize = 8;

/// Settings of PPO (Schulman et al., 2017) with generalised advantage estimation (Schulman et al., 2016).
///
/// The defaults are those that mastered most of the publication's Stump Tracks in our runs so far: `docs/train.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PpoSettings {
    /// Walkers that collect experience at once; a multiple of 64, at most 4,096. Default 128.
    pub walkers: usize,
    /// Steps of each walker between two updates; a multiple of 16. Default 128.
    pub rollout_steps: usize,
    /// Samples from which one gradient is taken; at most those of a rollout. Default 1,024.
    pub minibatch: usize,
    /// How often an update goes through its rollout, at least 1. Default 5.
    pub epochs: usize,
    /// Adam's learning rate at the start, above 0. Default 3e-4.
    pub learning_rate: f64,
    /// The share of it that is left at the end, to which it falls evenly; 0 to 1. Default 0.1.
    pub final_learning_rate_share: f64,
    /// Discount γ of later rewards, 0 to 1. Default 0.99.
    pub discount: f64,
    /// λ of the advantage estimation, 0 to 1. Default 0.95.
    pub trace_decay: f64,
    /// How far a probability may move from 1 as a ratio to that under which the sample was taken, above 0. Default 0.2.
    pub clip: f64,
    /// Weight of the policy's entropy in what is maximised, at the start: it falls evenly to 0. At least 0, default 0.005.
    pub entropy: f64,
    /// The policy's standard deviation does not fall below this, 0 to 1. Default 0.2.
    pub least_deviation: f64,
    /// Length to which longer gradients are shortened, for each network; above 0. Default 0.5.
    pub longest_gradient: f64,
    /// Outputs of each hidden layer, of both networks. Default 64 and 64.
    pub hidden: Vec<usize>,
}

/// Settings that hold what [`PpoSettings`] promises.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedPpoSettings(PpoSettings);

/// A setting that must be mended.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {value}: {rule}")]
pub struct SettingError {
    /// The setting.
    pub name: &'static str,
    /// What it is.
    pub value: String,
    /// What it must be.
    pub rule: String,
}

impl Default for PpoSettings {
    fn default() -> Self {
        Self {
            walkers: 128,
            rollout_steps: 128,
            minibatch: 1024,
            epochs: 5,
            learning_rate: 3e-4,
            final_learning_rate_share: 0.1,
            discount: 0.99,
            trace_decay: 0.95,
            clip: 0.2,
            entropy: 0.005,
            least_deviation: 0.2,
            longest_gradient: 0.5,
            hidden: vec![64, 64],
        }
    }
}

impl PpoSettings {
    /// Environment steps between two updates.
    pub fn steps_per_update(&self) -> u64 {
        (self.walkers * self.rollout_steps) as u64
    }

    /// Makes sure that a learner can run with them.
    ///
    /// # Errors
    /// The first setting that must be mended.
    pub fn check(self) -> Result<CheckedPpoSettings, SettingError> {
        let Self { walkers, rollout_steps, minibatch, epochs, .. } = self;
        let whole = [
            (
                "walkers",
                walkers,
                (1..=MOST_WALKERS).contains(&walkers) && walkers.is_multiple_of(WALKERS_PER_GROUP),
                "give a multiple of 64 up to 4096",
            ),
            (
                "rollout_steps",
                rollout_steps,
                (1..=MOST_ROLLOUT_STEPS).contains(&rollout_steps)
                    && rollout_steps.is_multiple_of(STEPS_PER_EXCHANGE),
                "give a multiple of 16 up to 65536",
            ),
            (
                "minibatch",
                minibatch,
                (1..=walkers * rollout_steps).contains(&minibatch),
                "give at least 1 and at most walkers × rollout_steps",
            ),
            ("epochs", epochs, (1..=1000).contains(&epochs), "give 1 to 1000"),
        ];
        for (name, value, holds, rule) in whole {
            if !holds {
                return Err(SettingError { name, value: value.to_string(), rule: rule.to_owned() });
            }
        }
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let real: [(&'static str, f64, bool, &'static str); 8] = [
            ("learning_rate", self.learning_rate, positive(self.learning_rate), "give a number above 0"),
            (
                "final_learning_rate_share",
                self.final_learning_rate_share,
                share(self.final_learning_rate_share),
                "give 0 to 1",
            ),
            ("discount", self.discount, share(self.discount), "give 0 to 1"),
            ("trace_decay", self.trace_decay, share(self.trace_decay), "give 0 to 1"),
            ("clip", self.clip, positive(self.clip), "give a number above 0"),
            (
                "entropy",
                self.entropy,
                self.entropy >= 0.0 && self.entropy.is_finite(),
                "give 0 or a number above",
            ),
            ("least_deviation", self.least_deviation, share(self.least_deviation), "give 0 to 1"),
            (
                "longest_gradient",
                self.longest_gradient,
                positive(self.longest_gradient),
                "give a number above 0",
            ),
        ];
        for (name, value, holds, rule) in real {
            if !holds {
                return Err(SettingError { name, value: value.to_string(), rule: rule.to_owned() });
            }
        }
        let widths_fit = self.hidden.iter().all(|width| (1..=WIDEST_LAYER).contains(width));
        if !widths_fit || self.hidden.len() > MOST_LAYERS {
            return Err(SettingError {
                name: "hidden",
                value: format!("{:?}", self.hidden),
                rule: "give at most 8 layers with 1 to 4096 outputs each".to_owned(),
            });
        }
        Ok(CheckedPpoSettings(self))
    }
}

impl CheckedPpoSettings {
    pub(crate) fn groups(&self) -> usize {
        self.walkers / WALKERS_PER_GROUP
    }
}

impl core::ops::Deref for CheckedPpoSettings {
    type Target = PpoSettings;

    fn deref(&self) -> &PpoSettings {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold() {
        assert_eq!(PpoSettings::default().check().unwrap().steps_per_update(), 16_384);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let base = PpoSettings::default;
        for (settings, name) in [
            (PpoSettings { walkers: 0, ..base() }, "walkers"),
            (PpoSettings { walkers: 100, ..base() }, "walkers"),
            (PpoSettings { rollout_steps: 100, ..base() }, "rollout_steps"),
            (PpoSettings { minibatch: 0, ..base() }, "minibatch"),
            (PpoSettings { minibatch: 16_385, ..base() }, "minibatch"),
            (PpoSettings { epochs: 0, ..base() }, "epochs"),
            (PpoSettings { learning_rate: 0.0, ..base() }, "learning_rate"),
            (PpoSettings { learning_rate: f64::NAN, ..base() }, "learning_rate"),
            (PpoSettings { learning_rate: f64::INFINITY, ..base() }, "learning_rate"),
            (PpoSettings { final_learning_rate_share: -0.1, ..base() }, "final_learning_rate_share"),
            (PpoSettings { discount: 1.1, ..base() }, "discount"),
            (PpoSettings { trace_decay: -1.0, ..base() }, "trace_decay"),
            (PpoSettings { clip: 0.0, ..base() }, "clip"),
            (PpoSettings { entropy: -0.1, ..base() }, "entropy"),
            (PpoSettings { least_deviation: 2.0, ..base() }, "least_deviation"),
            (PpoSettings { longest_gradient: 0.0, ..base() }, "longest_gradient"),
            (PpoSettings { hidden: vec![64, 0], ..base() }, "hidden"),
            (PpoSettings { hidden: vec![8; 9], ..base() }, "hidden"),
        ] {
            assert_eq!(settings.check().unwrap_err().name, name);
        }
    }
}
