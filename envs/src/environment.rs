//! The interface of environments that are played step by step, one episode after the other.
//!
//! It is Gymnasium's, with what a task parameterises made explicit: [`reset`](Environment::reset) takes a seed and a task and
//! gives the first observation, [`step`](Environment::step) takes an action and gives the next one with its reward, and whether the
//! episode has *terminated* (its end is part of the environment) or is *truncated* (only its time is up). Numbers
//! are written where the caller wants them. [`conformance`](crate::conformance) holds any environment to what is promised here.
//!
//! An environment does not choose tasks and reports to nobody. Whoever drives it tells a teacher what came of a task, and
//! [`ResetError::is_infeasible`] says which failures are an outcome to report.

use core::num::NonZeroU32;
use std::collections::BTreeMap;

pub use crate::track::{Absent, Parameter};

/// A task: its numbers by their names, as a teacher gives them.
pub type Task = BTreeMap<String, f64>;

/// An environment that plays one episode at a time.
///
/// What happens follows from the seed, the task and the actions since the last reset, bit for bit, and from nothing else. A call that
/// fails changes nothing.
pub trait Environment {
    /// The numbers that a task may name, with their ranges and defaults.
    fn parameters(&self) -> &[Parameter];

    /// Whether episodes of one task differ.
    fn seeding(&self) -> Seeding;

    /// The least and the greatest value of each number of an observation; infinite where nothing limits it.
    fn observation_ranges(&self) -> Vec<[f64; 2]>;

    /// The range of each number of an action. What exceeds it counts as its end.
    fn action_ranges(&self) -> Vec<[f64; 2]>;

    /// The step with which an episode that still goes on is truncated; none if it may go on for ever.
    fn step_limit(&self) -> Option<NonZeroU32>;

    /// Begins an episode of a task and writes its first observation.
    ///
    /// # Errors
    /// If the task cannot be played or `observation` has another length than an observation. The episode before then goes on.
    fn reset(&mut self, seed: u64, task: &Task, observation: &mut [f64]) -> Result<(), ResetError>;

    /// Takes an action and writes the observation after it.
    ///
    /// # Errors
    /// If there is no episode that goes on, or the action or the room for the observation is not as it must be.
    fn step(&mut self, action: &[f64], observation: &mut [f64]) -> Result<Step, StepError>;
}

/// Whether episodes of one task differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seeding {
    /// The seed decides something: episodes with different seeds differ.
    Random,
    /// The seed decides nothing.
    Ignored,
}

/// What a step brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its reward.
    pub reward: f64,
    /// Whether the episode has come to an end that is part of the environment: nothing would follow.
    pub terminated: bool,
    /// Whether it has reached the limit of steps. At the limit both may hold, as in Gymnasium; then it has terminated.
    pub truncated: bool,
}

impl Step {
    /// Whether the episode is over.
    pub fn is_last(&self) -> bool {
        self.terminated || self.truncated
    }
}

/// Why there is no new episode. A retry with the same task and seed never helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResetError {
    /// The task's numbers ask for an environment that cannot be built: an outcome for the teacher to learn.
    #[error("the task is infeasible: {0}")]
    Infeasible(#[source] Cause),
    /// The task is not one of this environment's: whoever joined the two must mend their names.
    #[error("the task does not fit the environment: {0}")]
    Task(#[source] Cause),
    /// The room for the observation has the wrong length: the caller must mend it.
    #[error("an observation has {expected} numbers, and there is room for {found}")]
    Room {
        /// The numbers of an observation.
        expected: usize,
        /// The numbers for which there is room.
        found: usize,
    },
}

/// What lies behind a [`ResetError`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a step was not taken. The caller must mend what it did.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// There has been no reset yet.
    #[error("no episode has begun: reset first")]
    NotReset,
    /// The episode is over.
    #[error("the episode is over: reset before the next step")]
    Over,
    /// The action has too few or too many numbers.
    #[error("an action has {expected} numbers, not {found}")]
    ActionLength {
        /// The numbers of an action.
        expected: usize,
        /// The numbers given.
        found: usize,
    },
    /// A number of the action is NaN or infinite.
    #[error("number {index} of the action is {value}: give a finite one")]
    ActionValue {
        /// Its place in the action, from 0.
        index: usize,
        /// The number given.
        value: f64,
    },
    /// The room for the observation has the wrong length.
    #[error("an observation has {expected} numbers, and there is room for {found}")]
    Room {
        /// The numbers of an observation.
        expected: usize,
        /// The numbers for which there is room.
        found: usize,
    },
}

impl ResetError {
    /// Whether the outcome of the task is *infeasible*, which a teacher should be told. The others are mistakes of the program.
    pub fn is_infeasible(&self) -> bool {
        matches!(self, Self::Infeasible(_))
    }
}

impl From<crate::track::TrackError> for ResetError {
    fn from(error: crate::track::TrackError) -> Self {
        if error.is_infeasible() { Self::Infeasible(error.into()) } else { Self::Task(error.into()) }
    }
}

/// Refuses an action that an environment cannot take.
///
/// # Errors
/// If it has another length than `expected`, or a number is not finite.
pub fn check_action(action: &[f64], expected: usize) -> Result<(), StepError> {
    if action.len() != expected {
        return Err(StepError::ActionLength { expected, found: action.len() });
    }
    match action.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(StepError::ActionValue { index, value: action[index] }),
        None => Ok(()),
    }
}
