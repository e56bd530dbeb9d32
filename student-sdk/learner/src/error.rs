//! Why training cannot begin or go on.

use crate::bundled::TaskError;
use crate::ppo::SettingError;
use std::path::PathBuf;

/// Why training cannot begin or go on. What was learned up to the last checkpoint is not lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnerError {
    /// A setting must be mended.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The learner's numbers are no longer finite. Its last checkpoint is sound; from there it would go the same way with the same settings,
    /// so mend those.
    #[error(
        "the learner diverged: {what} is no longer finite after {steps} steps; lower the learning rate or shorten gradients, \
         or choose another seed"
    )]
    Diverged {
        /// Environment steps taken.
        steps: u64,
        /// What is not finite.
        what: &'static str,
    },
    /// The teacher refused a call, or stayed away for longer than its client tries.
    #[error("the teacher: {0}")]
    Teacher(#[from] magister_student::Error),
    /// A task of the curriculum cannot be played here.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The machine cannot step the walkers.
    #[error(transparent)]
    Walkers(#[from] magister_envs::walker::vector::VectorError),
    /// The curriculum gives no task that can be built.
    #[error("none of the last {tried} tasks could be built: choose another task space")]
    NothingFeasible {
        /// Tasks tried.
        tried: usize,
    },
    /// A checkpoint is of another run.
    #[error("the checkpoint is of a run with other settings: {0}")]
    OtherRun(String),
    /// A file cannot be read or written: mend what the system says.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says, or what is wrong with the contents.
        problem: String,
    },
}
