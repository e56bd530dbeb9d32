//! What a check finds.

use super::Misuse;
use crate::environment::Task;
use core::fmt;

/// A broken promise. Whoever wrote the environment must mend it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// No number lies in a range that the environment gives.
    #[error("the range of number {index} of an {what} is empty")]
    EmptyRange {
        /// `observation` or `action`.
        what: &'static str,
        /// Its place, from 0.
        index: usize,
    },
    /// A task within the limits of the parameters is refused, and not because it is infeasible.
    #[error("the task {task:?} lies within the limits of the parameters and is refused: {error}")]
    TaskRefused {
        /// The task.
        task: Task,
        /// Why it is refused.
        error: String,
    },
    /// A step of an episode that goes on is refused.
    #[error("step {step} is refused: {error}")]
    StepRefused {
        /// Which step, from 1.
        step: usize,
        /// Why it is refused.
        error: String,
    },
    /// A number of an observation is not written.
    #[error("number {index} of the observation after step {step} is not written")]
    Unwritten {
        /// Its place, from 0.
        index: usize,
        /// After which step; 0 is the reset.
        step: usize,
    },
    /// A number of an observation is not finite or out of the range that the environment gives.
    #[error(
        "number {index} of the observation after step {step} is {value}, and should lie from {least} to {most}"
    )]
    Observation {
        /// Its place, from 0.
        index: usize,
        /// After which step; 0 is the reset.
        step: usize,
        /// The number.
        value: f64,
        /// The least that it may be.
        least: f64,
        /// The most that it may be.
        most: f64,
    },
    /// A reward is not finite.
    #[error("the reward of step {step} is {value}")]
    Reward {
        /// Which step, from 1.
        step: usize,
        /// The reward.
        value: f64,
    },
    /// An episode is truncated before the limit.
    #[error("the episode is truncated by step {step}, which is not the limit")]
    TruncatedEarly {
        /// Which step, from 1.
        step: usize,
    },
    /// An episode is not truncated at the limit.
    #[error("the episode is not truncated by step {step}, which is the limit")]
    NotTruncated {
        /// Which step, from 1.
        step: usize,
    },
    /// The same seed, task and actions give something else in another environment that was made in the same way.
    #[error("two environments made alike differ at {place} with the same seed, task and actions")]
    NotReproducible {
        /// Where.
        place: Place,
    },
    /// The same seed, task and actions give something else when they are played once more.
    #[error("an episode played once more differs at {place} with the same seed, task and actions")]
    Remembers {
        /// Where.
        place: Place,
    },
    /// Seeds make no difference although they are said to.
    #[error("episodes are the same whatever the seed, and the environment says that they differ")]
    SeedIgnored,
    /// Seeds make a difference although they are said not to.
    #[error("episodes with different seeds differ at {place}, and the environment says that they do not")]
    SeedMatters {
        /// Where.
        place: Place,
    },
    /// A call succeeds that must be refused.
    #[error("{misuse} is not refused")]
    NotRefused {
        /// The call.
        misuse: Misuse,
    },
    /// A call is refused with an error that says something else.
    #[error("{misuse} is refused with the wrong error: {error}")]
    WrongError {
        /// The call.
        misuse: Misuse,
        /// The error.
        error: String,
    },
    /// A refused call writes to the room for the observation.
    #[error("{misuse} is refused, and writes an observation")]
    WrittenByRefusal {
        /// The call.
        misuse: Misuse,
    },
    /// An episode goes on differently after a refused call.
    #[error("{misuse} is refused, and changes how the episode goes on")]
    ChangedByRefusal {
        /// The call.
        misuse: Misuse,
    },
    /// An environment cannot be saved or restored.
    #[error("the environment after step {step} cannot be saved and restored: {error}")]
    NotSaved {
        /// After which step; 0 is the reset.
        step: usize,
        /// Why not.
        error: String,
    },
    /// A clone goes on differently.
    #[error("a clone of the environment after step {step} differs at {place}")]
    CloneDiffers {
        /// When it was cloned; 0 is the reset.
        step: usize,
        /// Where.
        place: Place,
    },
    /// A restored environment goes on differently.
    #[error("the environment saved after step {step} and restored differs at {place}")]
    RestoredDiffers {
        /// When it was saved; 0 is the reset.
        step: usize,
        /// Where.
        place: Place,
    },
}

/// Where two episodes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the reset.
    Reset,
    /// At this step, from 1.
    Step(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset => f.write_str("the reset"),
            Self::Step(step) => write!(f, "step {step}"),
        }
    }
}
