//! A body whose bounds overlap those of a piece of terrain: the pair whose touching is followed from step to step.

use super::manifold::Manifold;
use serde::{Deserialize, Serialize};

/// A pair of terrain and body that may touch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) terrain: u32,
    pub(crate) body: u32,
    pub(crate) friction: f32,
    pub(crate) manifold: Manifold,
    /// Whether the pair is left out for the rest of the step, because an impact was found that is none.
    pub(crate) disabled: bool,
    /// How many impacts of this pair were solved within the step.
    pub(crate) impacts: u32,
    /// The time of the next impact within the step, 1 for none, if it is known.
    pub(crate) impact_time: Option<f32>,
    /// Whether the pair takes part in the impact being solved.
    pub(crate) in_island: bool,
}

impl Contact {
    pub(crate) fn new(terrain: u32, body: u32, friction: f32) -> Self {
        Self {
            terrain,
            body,
            friction,
            manifold: Manifold::EMPTY,
            disabled: false,
            impacts: 0,
            impact_time: None,
            in_island: false,
        }
    }

    #[inline(always)]
    pub(crate) fn touches(&self) -> bool {
        self.manifold.count > 0
    }
}

/// A body begins or ceases to touch a piece of terrain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactEvent {
    /// The index of the body.
    pub body: usize,
    /// Whether it touches now.
    pub touches: bool,
}
