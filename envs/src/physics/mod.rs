//! The physics of the walkers: jointed convex bodies over a terrain that never moves.
//!
//! The publication's returns come from Box2D 2.3.0, and no maintained engine repeats it: its bits follow from the order of
//! every operation. So this engine does what that one does for the walker's case, operation by operation, in a
//! structure of its own: terrain and bodies are different things, there is one island, contacts lie in a list, and the
//! solver is written once over `lanes`, so that one register holds 8 or 16 worlds. (Origin and licence: NOTICE.)
//!
//! The rooms, in the order in which a step goes through them:
//!
//! 1. `tree`: which shapes may touch. `manifold`: where they touch.
//! 2. `solver`: velocities, then positions. Many worlds share it; those that are not done after a few rounds of positions are
//!    packed together anew.
//! 3. `time_of_impact` with `distance`: bodies that would pass through something within the step. Their impacts are solved in waves,
//!    the first of every world, then the second.
//!
//! `world` holds a world together and `stepper` takes many through a step; `columns` finds what rays meet. Some work is left out
//! where a margin shows that it could not matter; each such place says by how much, and tests look for
//! what would contradict it.
//!
//! Left out, because no walker needs it: circles and chains, sensors, bullets, dynamic bodies that touch one another,
//! joints other than hinges, damping, bouncing, several shapes on a body.

mod aabb;
mod body;
mod columns;
mod contact;
mod distance;
mod joint;
mod lanes;
mod manifold;
mod math;
#[cfg(test)]
mod oracle;
mod shape;
mod solver;
mod stepper;
mod time_of_impact;
mod tree;
mod trigonometry;
mod world;

pub use body::BodySpec;
pub use contact::ContactEvent;
pub use joint::{HingeSpec, Motor};
pub use math::{Rotation, Transform, Vec2};
pub use shape::{Edge, MAX_VERTICES, Polygon, ShapeError};
pub use stepper::{Engine, EngineMissing, Stepper};
pub use world::{Piece, STEP, Terrain, World, WorldError};

/// The most bodies of a world.
pub const MAX_BODIES: usize = 16;

/// How far outlines and joints may be off without being corrected, metres.
pub(crate) const LINEAR_SLOP: f32 = 0.005;

/// How far joint angles may be off their limits without being corrected, radians.
pub(crate) const ANGULAR_SLOP: f32 = 2.0 / 180.0 * core::f32::consts::PI;
