//! Where walkers are: what a learner keeps so that it can go on as if it had never stopped.

use super::{Autoreset, VectorError, VectorSettings};
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
    autoreset: Autoreset,
    walkers: Vec<SlotState>,
}

/// Where one walker is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SlotState {
    pub(super) episode: Option<Episode>,
    pub(super) queue: VecDeque<Plan>,
    /// How its last episode ended: a walker that rests shows that with every step.
    pub(super) terminated: bool,
    pub(super) truncated: bool,
}

impl VectorState {
    pub(super) fn new(settings: &VectorSettings, walkers: Vec<SlotState>) -> Self {
        Self { settings: settings.walker, autoreset: settings.autoreset, walkers }
    }

    /// The walkers' states, if they are such walkers, so many, and reset in the same way.
    pub(super) fn into_slots(self, settings: &VectorSettings) -> Result<Vec<SlotState>, VectorError> {
        let VectorSettings { walker, count, autoreset, .. } = *settings;
        if self.settings != walker || self.walkers.len() != count {
            let described = |count: usize, settings: &WalkerSettings| {
                let WalkerSettings { kind, family, step_limit } = settings;
                format!("{count} {} walkers on {family} tracks with at most {step_limit} steps", kind.name())
            };
            return Err(VectorError::OtherWalkers {
                expected: described(count, &walker),
                found: described(self.walkers.len(), &self.settings),
            });
        }
        if self.autoreset != autoreset {
            return Err(VectorError::OtherAutoreset { expected: autoreset, found: self.autoreset });
        }
        Ok(self.walkers)
    }
}
