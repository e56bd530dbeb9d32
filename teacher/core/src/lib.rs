//! The curriculum teachers of Magister: task spaces, absolute learning progress, mixtures, and the
//! algorithms.
//!
//! Pure code: no clock, thread, I/O or logging; every random number comes from a generator passed in, keyed
//! by (seed, purpose, index), so that one order of calls gives one curriculum, bit for bit. The service owns
//! [`curriculum::Curriculum`]s; so does any program that wants a teacher in its own process:
//!
//! ```
//! use std::sync::Arc;
//! use magister_core::{
//!     curriculum::{Curriculum, CurriculumSettings},
//!     space::{Dimension, TaskSpace},
//!     teacher::{EpisodeResult, TeacherParams, alp_gmm::AlpGmmParams},
//! };
//!
//! let space = TaskSpace::new(vec![Dimension::continuous("stump_height", 0.0, 3.0)])?;
//! let mut curriculum = Curriculum::new(CurriculumSettings {
//!     space: Arc::new(space),
//!     teacher: TeacherParams::AlpGmm(AlpGmmParams::default()),
//!     seed: 1,
//!     return_range: None,
//! })?;
//! for _ in 0..600 {
//!     curriculum.run_fits();
//!     let task = curriculum.sample()?.task;
//!     let return_ = 3.0 - task.values()[0]; // play an episode
//!     curriculum.observe(&task, EpisodeResult::Completed(return_), "student")?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare with the platform's functions"))]

pub mod conformance;
pub mod curriculum;
pub mod density;
pub mod fit;
pub mod history;
pub mod mixture;
pub mod space;
pub mod streams;
pub mod teacher;
