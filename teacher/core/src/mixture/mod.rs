//! Gaussian mixtures: fitting them to a window of points, choosing the number of components, sampling from
//! them.
//!
//! A teacher hands over a window of points (one row an episode: the task's coordinates, then its absolute
//! learning progress), [`fit_best`] fits one mixture per number of components with a [`MixtureEngine`],
//! scores each by a [`Criterion`] and returns the best as a [`Selection`]. The teacher keeps the [`Mixture`]
//! and samples from it.
//!
//! Two engines stand behind the same trait. [`EmEngine`], the default, is our own expectation–maximisation;
//! it gives the same bits on every machine, in debug and release builds. `LinfaEngine` (cargo feature
//! `linfa`) wraps linfa-clustering and serves as a second opinion. Restarts, criteria and the dropping of
//! failed candidates belong to [`fit_best`], so engines cannot differ in them.
//!
//! Left out on purpose: what the dimensions mean, when to fit, and which component to sample from. Those are
//! the teacher's decisions. Nothing here reads a clock, starts a thread or owns a random generator.

mod cholesky;
mod columns;
mod criterion;
mod density;
mod elementary;
mod em;
mod engine;
mod kmeans;
#[cfg(feature = "linfa")]
mod linfa;
mod model;
pub mod reference;
mod selection;
mod settings;

pub(crate) use cholesky::{factorise, packed_len, rounding_floor};
pub use criterion::Criterion;
pub(crate) use elementary::{exp, fill_standard_normal};
pub use em::EmEngine;
pub use engine::{Capabilities, Engine, EngineUnavailable, FitError, Fitted, MixtureEngine};
#[cfg(feature = "linfa")]
pub use linfa::LinfaEngine;
pub use model::{Mixture, MixtureError};
pub use selection::{Candidate, Failure, Selection, fit_best};
pub use settings::{CheckedFitSettings, FitSettings, SettingsError};
