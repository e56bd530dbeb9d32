//! Environments whose episodes a task parameterises, and artificial students to judge teachers on.
//!
//! An environment takes a task as plain numbers and gives back what happened; who chose the task, and why,
//! it never learns. So this crate knows neither curricula nor networks, and whoever owns a student or a
//! teacher can use it alone.
//!
//! - [`walker`]: the publication's parametric BipedalWalkers, one alone or many together, on the tracks of [`track`] and the
//!   engine of [`physics`]; equal to the originals in every observation and reward.
//! - [`hypercube`]: the toy environment of the ALP-GMM publication.
//! - [`environment`]: the interface, for these and your own; [`conformance`] checks its promises.
#![cfg_attr(feature = "pictures", doc = "- [`picture`]: walkers and tracks as PNG, GIF, APNG and MP4.")]

pub mod conformance;
pub mod environment;
pub mod hypercube;
pub mod physics;
#[cfg(feature = "pictures")]
pub mod picture;
pub mod track;
pub mod walker;
