//! Where walkers are: what a learner keeps so that it can go on as if it had never stopped.

use super::VectorError;
use crate::walker::episode::Plan;
use crate::walker::{Episode, WalkerSettings};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Where the walkers of a [`VectorEnvironment`](super::VectorEnvironment) are and what is queued for them.
///
/// What is read back from its serialized form is the same to the bit, in a format that keeps floating-point numbers exactly.
/// It says nothing of engines and threads, which change no bit. Nothing in it is checked: read only what you have written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VectorState {
    settings: WalkerSettings,
    walkers: Vec<SlotState>,
}

/// Where one walker is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SlotState {
    pub(super) episode: Option<Episode>,
    pub(super) queue: VecDeque<Plan>,
    pub(super) last_step: LastStep,
}

/// What the last step brought, as far as it does not follow from the episode.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct LastStep {
    pub(super) reward: f64,
    pub(super) terminated: bool,
    pub(super) truncated: bool,
}

impl VectorState {
    pub(super) fn new(settings: WalkerSettings, walkers: Vec<SlotState>) -> Self {
        Self { settings, walkers }
    }

    /// The walkers' states, if they are such walkers and so many.
    pub(super) fn into_slots(
        self,
        settings: &WalkerSettings,
        count: usize,
    ) -> Result<Vec<SlotState>, VectorError> {
        if self.settings != *settings || self.walkers.len() != count {
            let described = |count: usize, settings: &WalkerSettings| {
                let WalkerSettings { kind, family, step_limit } = settings;
                format!("{count} {} walkers on {family} tracks with at most {step_limit} steps", kind.name())
            };
            return Err(VectorError::OtherWalkers {
                expected: described(count, settings),
                found: described(self.walkers.len(), &self.settings),
            });
        }
        Ok(self.walkers)
    }
}
