//! Why walkers were not stepped or reset.

use super::{Assignment, Autoreset};
use crate::environment::ResetError;
use crate::physics::EngineMissing;

/// Why nothing was done. The caller must mend what it gave; a retry does not help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// There would be nothing to step.
    #[error("a vector environment needs at least one walker")]
    NoWalker,
    /// There would be nobody to step it.
    #[error("a vector environment needs at least one thread")]
    NoThread,
    /// The processor lacks the engine.
    #[error(transparent)]
    Engine(#[from] EngineMissing),
    /// The system gives no further thread.
    #[error("no thread can be started: {0}")]
    Thread(#[source] std::io::Error),
    /// There is no walker with this index.
    #[error("there is no walker {walker}: there are {count}, from 0")]
    NoSuchWalker {
        /// The index given.
        walker: usize,
        /// How many walkers there are.
        count: usize,
    },
    /// A state is of other walkers.
    #[error("the state is one of {found}; these are {expected}")]
    OtherWalkers {
        /// What the walkers are.
        expected: String,
        /// What those of the state are.
        found: String,
    },
    /// A state is of walkers to whom something else happens after an episode: what followed would be neither's.
    #[error("the state is of walkers with autoreset {found:?}; these have {expected:?}")]
    OtherAutoreset {
        /// What happens to the walkers.
        expected: Autoreset,
        /// What happens to those of the state.
        found: Autoreset,
    },
    /// A buffer has the wrong length.
    #[error("`{what}` has {found} entries, not {expected}")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// The entries it must have.
        expected: usize,
        /// The entries it has.
        found: usize,
    },
    /// A number of an action is NaN or infinite.
    #[error("number {index} of the action of walker {walker} is {value}: give a finite one")]
    ActionValue {
        /// Whose action.
        walker: usize,
        /// The number's place in it, from 0.
        index: usize,
        /// The number given.
        value: f32,
    },
    /// A walker has never begun an episode.
    #[error("walker {walker} has no episode yet: reset it first")]
    NotReset {
        /// The first such walker.
        walker: usize,
    },
    /// Tasks cannot be played.
    #[error("{}", listed(.0))]
    Refused(Vec<Refused>),
}

/// A task that a walker cannot play.
#[derive(Debug)]
pub struct Refused {
    /// The walker that was to play it.
    pub walker: usize,
    /// Why it cannot.
    pub error: ResetError,
}

/// A task that was to be repeated and cannot be built with another seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Infeasible {
    /// The walker that was to play it, and plays on the track it was on instead.
    pub walker: usize,
    /// The seed and the task.
    pub assignment: Assignment,
    /// What cannot be built.
    pub reason: crate::track::TrackError,
}

impl VectorError {
    /// The walkers whose tasks cannot be built: outcomes of which a teacher should be told.
    pub fn infeasible_tasks(&self) -> impl Iterator<Item = &Refused> {
        let refused = if let Self::Refused(refused) = self { refused.as_slice() } else { &[] };
        refused.iter().filter(|refused| refused.error.is_infeasible())
    }
}

fn listed(refused: &[Refused]) -> String {
    let messages = refused.iter().map(|Refused { walker, error }| format!("walker {walker}: {error}"));
    messages.collect::<Vec<_>>().join("; ")
}
