//! The history of played tasks, and the absolute learning progress (ALP) of an episode measured against it.
//!
//! An accepted episode arrives as a task in internal coordinates and a return. [`AlpComputer`] compares the
//! return with that of the nearest earlier task and then adds the episode; [`NeighbourIndex`] finds that task
//! exactly, in a history that grows without bound. A restarted service fills both again from its stored
//! episodes.
//!
//! Deliberately left out: the space itself (scaling, rounding and clipping happen before a task gets here),
//! infeasible episodes (they have no return and are never remembered), and any saved form of the index (it is
//! rebuilt).

mod branch;
mod index;
mod leaf;
mod progress;
mod rows;
mod search;
#[cfg(test)]
mod tests;

pub use index::{Neighbour, NeighbourIndex};
pub use progress::{AlpComputer, EPISODES_BEFORE_PROGRESS, Progress, largest_alp_difference};
