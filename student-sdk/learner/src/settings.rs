//! What a run is begun with.

use crate::bundled::Space;
use crate::group::GroupSettings;
use crate::ppo::{CheckedPpoSettings, PpoSettings, SettingError};
use magister_envs::walker::WalkerKind;
use serde::{Deserialize, Serialize};

/// What distinguishes one run from another. The same settings give the same result, bit for bit on one kind of machine, whatever the number
/// of threads, with the same curriculum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// On what.
    pub space: Space,
    /// Who walks.
    pub walker: WalkerKind,
    /// Environment steps after which it is over: the first update at or after them is the last.
    pub steps: u64,
    /// All of the learner's randomness follows from it.
    pub seed: u64,
    /// Environment steps between evaluations; the last update is always followed by one.
    pub evaluation_interval: u64,
    /// Environment steps after which the networks begin anew, again and again, for a student that forgets; `None`: never. What is known of
    /// observations and rewards stays, and so does the curriculum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget_interval: Option<u64>,
    /// How it learns.
    pub ppo: PpoSettings,
}

impl Settings {
    /// Makes sure that a learner can run with them.
    ///
    /// # Errors
    /// The first setting that must be mended.
    pub fn check(&self) -> Result<(), SettingError> {
        self.checked().map(|_| ())
    }

    pub(crate) fn of_groups(&self) -> GroupSettings {
        GroupSettings {
            tracks: self.space.tracks(),
            walker: self.walker,
            seed: self.seed,
            discount: self.ppo.discount,
        }
    }

    pub(crate) fn checked(&self) -> Result<CheckedPpoSettings, SettingError> {
        let refused = |name, value: u64| SettingError {
            name,
            value: value.to_string(),
            rule: "give at least 1".to_owned(),
        };
        if self.steps == 0 {
            return Err(refused("steps", self.steps));
        }
        if self.evaluation_interval == 0 {
            return Err(refused("evaluation_interval", self.evaluation_interval));
        }
        if self.forget_interval == Some(0) {
            return Err(refused("forget_interval", 0));
        }
        self.ppo.clone().check()
    }
}
