//! One walker as an [`Environment`].

use super::episode::{Episode, NO_TORQUE, Plan};
use super::{LIDAR_RAYS, StepResult, Walker, WalkerKind};
use crate::environment::{Environment, Parameter, ResetError, Seeding, Step, StepError, Task, check_action};
use crate::physics::{Engine, Stepper};
use crate::track::{Family, Track};
use core::{fmt, num::NonZeroU32};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What distinguishes one environment of walkers from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WalkerSettings {
    /// Which body walks. Default: the publication's default one.
    pub kind: WalkerKind,
    /// The family of its tracks. Default: the publication's Stump Tracks.
    #[serde(with = "family_name")]
    pub family: Family,
    /// With how many steps an episode is truncated. Default: 2,000, as in the publication.
    pub step_limit: NonZeroU32,
}

/// A walker on tracks of one family, played step by step.
///
/// A reset makes the track from the task and the seed, pushes the hull with a force evenly from -5 to 5 N that follows from the seed
/// too, and takes the publication's one step without action, of which only the observation counts.
/// [`Walker::observe`] says what an observation holds; an action is a torque from -1 to 1 for hip and knee of each leg.
///
/// A clone goes on exactly as the original does, and so does what is read back from its serialized form by the same release.
///
/// ```
/// use magister_envs::{environment::{Environment, Task}, walker::{WalkerEnvironment, WalkerSettings}};
///
/// let mut environment = WalkerEnvironment::new(WalkerSettings::default());
/// let task = Task::from([("stump_height".to_owned(), 1.2), ("obstacle_spacing".to_owned(), 3.0)]);
/// let mut observation = [0.0; 24];
/// environment.reset(7, &task, &mut observation)?;
/// let step = environment.step(&[0.5, -0.2, 0.0, 1.0], &mut observation)?;
/// assert!(!step.terminated && !step.truncated);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WalkerEnvironment {
    settings: WalkerSettings,
    episode: Option<Box<Episode>>,
    #[serde(skip)]
    stepper: SingleStepper,
}

impl Default for WalkerSettings {
    fn default() -> Self {
        Self { kind: WalkerKind::Default, family: Family::Stump, step_limit: PUBLISHED_STEP_LIMIT }
    }
}

const PUBLISHED_STEP_LIMIT: NonZeroU32 = NonZeroU32::new(2_000).expect("2,000 is not 0");

impl WalkerEnvironment {
    /// An environment without an episode.
    pub fn new(settings: WalkerSettings) -> Self {
        Self { settings, episode: None, stepper: SingleStepper::default() }
    }

    /// The settings.
    pub fn settings(&self) -> &WalkerSettings {
        &self.settings
    }

    /// The episode that was begun last; none before the first reset.
    pub fn episode(&self) -> Option<&Episode> {
        self.episode.as_deref()
    }

    /// Begins an episode on a ready-made track, of which the seed decides the first push only, and writes its first observation.
    ///
    /// # Errors
    /// If `observation` has another length than an observation. The episode before then goes on.
    pub fn reset_on(
        &mut self,
        track: Arc<Track>,
        seed: u64,
        observation: &mut [f64],
    ) -> Result<(), ResetError> {
        self.check_reset_room(observation)?;
        self.begin(Plan::on_track(track, seed), observation);
        Ok(())
    }

    fn begin(&mut self, plan: Plan, observation: &mut [f64]) {
        let mut episode = Box::new(Episode::begin(self.settings.kind, plan));
        let action = &NO_TORQUE[..self.settings.kind.action_count()];
        self.stepper.step(&mut episode, action);
        episode.walker().observe(observation);
        self.episode = Some(episode);
    }

    fn check_reset_room(&self, observation: &[f64]) -> Result<(), ResetError> {
        let (expected, found) = (self.settings.kind.observation_count(), observation.len());
        if expected == found { Ok(()) } else { Err(ResetError::Room { expected, found }) }
    }
}

impl Environment for WalkerEnvironment {
    fn parameters(&self) -> &[Parameter] {
        self.settings.family.parameters()
    }

    fn seeding(&self) -> Seeding {
        Seeding::Random
    }

    fn observation_ranges(&self) -> Vec<[f64; 2]> {
        self.settings.kind.observation_ranges()
    }

    fn action_ranges(&self) -> Vec<[f64; 2]> {
        vec![[-1.0, 1.0]; self.settings.kind.action_count()]
    }

    fn step_limit(&self) -> Option<NonZeroU32> {
        Some(self.settings.step_limit)
    }

    fn reset(&mut self, seed: u64, task: &Task, observation: &mut [f64]) -> Result<(), ResetError> {
        self.check_reset_room(observation)?;
        self.begin(Plan::of_task(self.settings.family, seed, task)?, observation);
        Ok(())
    }

    fn step(&mut self, action: &[f64], observation: &mut [f64]) -> Result<Step, StepError> {
        check_action(action, self.settings.kind.action_count())?;
        let (expected, found) = (self.settings.kind.observation_count(), observation.len());
        if expected != found {
            return Err(StepError::Room { expected, found });
        }
        let episode = self.episode.as_deref_mut().ok_or(StepError::NotReset)?;
        if episode.is_over() {
            return Err(StepError::Over);
        }
        let result = self.stepper.step(episode, action);
        episode.walker().observe(observation);
        Ok(episode.count(result, self.settings.step_limit))
    }
}

impl WalkerKind {
    /// The least and the greatest value of each number of an observation.
    ///
    /// Contacts and lidar lie from 0 to 1. Angles and speeds have no fixed limits: they may exceed 1 at an impact.
    pub fn observation_ranges(self) -> Vec<[f64; 2]> {
        let count = self.observation_count();
        let is_share = |index: usize| index >= count - LIDAR_RAYS || (index >= 4 && (index - 4) % 5 == 4);
        let range = |index| if is_share(index) { [0.0, 1.0] } else { [f64::NEG_INFINITY, f64::INFINITY] };
        (0..count).map(range).collect()
    }
}

/// The engine for a walker that is alone. It has no state from one step to the next.
struct SingleStepper(Stepper);

impl SingleStepper {
    fn step(&mut self, episode: &mut Episode, action: &[f64]) -> StepResult {
        let mut result = StepResult { reward: 0.0, terminated: false };
        Walker::step_all(
            core::slice::from_mut(episode),
            action,
            core::slice::from_mut(&mut result),
            &mut self.0,
        );
        result
    }
}

impl Default for SingleStepper {
    fn default() -> Self {
        Self(Stepper::new(Engine::Scalar).expect("every processor has the scalar engine"))
    }
}

impl Clone for SingleStepper {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for SingleStepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SingleStepper")
    }
}

/// A family inside of something serialized: its name.
mod family_name {
    use crate::track::Family;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    // The signature is serde's.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(family: &Family, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(family.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Family, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
