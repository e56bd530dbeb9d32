//! The bundled student: deep reinforcement learning on the bundled walkers, under a curriculum.
//!
//! A [`Training`] asks a curriculum for tasks through the Rust SDK, as any student does, plays them with many walkers at once, learns from what
//! they went through by PPO, and evaluates itself on the curriculum's test set. It knows nothing of the teacher's inside, and
//! leaves to its caller where files go and what people see.
//!
//! - [`Space`]: the bundled environments as task spaces with test sets.
//! - [`Training`], [`Settings`], [`Checkpoint`]: a run that can be stopped at any moment and goes on exactly.
//! - [`Policy`]: what was learned, as a file that other programs read (`docs/policy-format.md`).
//!
//! **What is promised.** A run's result follows from its settings and its curriculum: not from threads, from the teacher's speed, or from
//! being killed and started again. The bits are those of one kind of processor; the matrix library takes
//! another path on another kind.

mod bundled;
mod checkpoint;
mod crew;
mod error;
mod evaluation;
mod files;
mod group;
mod judge;
mod lessons;
mod network;
mod normaliser;
mod policy;
mod ppo;
mod random;
mod settings;
mod training;

pub use bundled::{MASTERY_THRESHOLD, Range, Space, TaskError, TrackSpace};
pub use checkpoint::Checkpoint;
pub use error::LearnerError;
pub use evaluation::{Evaluation, play_tests};
pub use files::replace as replace_file;
pub use policy::{About, Player, Policy};
pub use ppo::{PpoSettings, SettingError};
pub use settings::Settings;
pub use training::{Times, Training, UpdateRecord};
