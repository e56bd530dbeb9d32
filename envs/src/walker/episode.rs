//! An episode of a walker: where it is played, and how far it has come.

use super::draws::{following_seed, initial_force};
use super::vector::Assignment;
use super::{Ground, MAX_ACTIONS, StepResult, Walker, WalkerKind};
use crate::environment::{Step, Task};
use crate::physics::World;
use crate::track::{Family, Track, TrackError, TrackParams};
use core::num::NonZeroU32;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An action of which nothing moves.
pub(super) const NO_TORQUE: [f64; MAX_ACTIONS] = [0.0; MAX_ACTIONS];

/// An episode that has begun, and perhaps ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Episode {
    walker: Walker,
    plan: Plan,
    length: u32,
    #[serde(rename = "return")]
    return_: f64,
    is_over: bool,
}

/// An episode that can begin: its track exists.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    seed: u64,
    task: Option<Task>,
    #[serde(with = "saved_track")]
    track: Arc<Track>,
}

impl Episode {
    /// The walker, to draw or to measure.
    pub fn walker(&self) -> &Walker {
        &self.walker
    }

    /// What it walks on.
    pub fn track(&self) -> &Track {
        &self.plan.track
    }

    /// The seed from which the track and the first push follow.
    pub fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// The task; none if the track was given ready-made.
    pub fn task(&self) -> Option<&Task> {
        self.plan.task.as_ref()
    }

    /// How many steps have been taken.
    pub fn length(&self) -> u32 {
        self.length
    }

    /// The sum of their rewards.
    pub fn return_so_far(&self) -> f64 {
        self.return_
    }

    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The walker at its start. The publication's step without action is still to be taken, and only its observation counts.
    pub(super) fn begin(kind: WalkerKind, plan: Plan) -> Self {
        let walker = Walker::new(kind, &Ground::from(&*plan.track), initial_force(plan.seed));
        Self { walker, plan, length: 0, return_: 0.0, is_over: false }
    }

    /// Counts a step.
    pub(super) fn count(&mut self, result: StepResult, limit: NonZeroU32) -> Step {
        self.length += 1;
        self.return_ += result.reward;
        let truncated = self.length >= limit.get();
        let step = Step { reward: result.reward, terminated: result.terminated, truncated };
        self.is_over = step.is_last();
        step
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl AsMut<Walker> for Episode {
    fn as_mut(&mut self) -> &mut Walker {
        &mut self.walker
    }
}

impl AsMut<World> for Episode {
    fn as_mut(&mut self) -> &mut World {
        self.walker.as_mut()
    }
}

impl Plan {
    /// An episode of a task.
    pub(super) fn of_task(family: Family, seed: u64, task: &Task) -> Result<Self, TrackError> {
        let track = TrackParams::from_task(family, task)?.build_shared(seed)?;
        Ok(Self { seed, task: Some(task.clone()), track })
    }

    /// An episode on a ready-made track.
    pub(super) fn on_track(track: Arc<Track>, seed: u64) -> Self {
        Self { seed, task: None, track }
    }

    /// Another episode of the same task, or on the same track if it was ready-made, with the seed that follows.
    ///
    /// # Errors
    /// If it cannot be built, with what that was.
    pub(super) fn again(&self, family: Family) -> Result<Self, (Assignment, TrackError)> {
        let seed = following_seed(self.seed);
        match &self.task {
            Some(task) => Self::of_task(family, seed, task)
                .map_err(|error| (Assignment { seed, task: task.clone() }, error)),
            None => Ok(Self::on_track(Arc::clone(&self.track), seed)),
        }
    }

    /// The same track, as if it were one of another task.
    #[cfg(test)]
    pub(super) fn pretending(self, task: Task) -> Self {
        Self { task: Some(task), ..self }
    }

    /// Another episode on the very same track, with the seed that follows.
    pub(super) fn on_same_track(&self) -> Self {
        Self { seed: following_seed(self.seed), ..self.clone() }
    }
}

/// A track inside of something serialized: the text that [`Track::to_json`] describes.
mod saved_track {
    use super::{Arc, Track};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(track: &Track, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&track.to_json())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Track>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Track::from_json(&text).map(Arc::new).map_err(D::Error::custom)
    }
}
