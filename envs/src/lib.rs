//! Environments whose episodes a task parameterises, and artificial students to judge teachers on.
//!
//! An environment takes a task as plain numbers and gives back what happened; who chose the task, and why,
//! it never learns. So this crate knows neither curricula nor networks, and whoever owns a student or a
//! teacher can use it alone.
//!
//! So far there is [`hypercube`], the toy environment of the ALP-GMM publication.

pub mod conformance;
pub mod environment;
pub mod hypercube;
pub mod physics;
#[cfg(feature = "pictures")]
pub mod picture;
pub mod track;
pub mod walker;
