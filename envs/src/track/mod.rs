//! Tracks: what a walker walks on, as a value.

use crate::physics::{Edge, Polygon};

/// A solid thing of a track.
#[derive(Clone, Debug, PartialEq)]
pub enum Surface {
    /// A line of ground, solid from both sides.
    Edge(Edge),
    /// A convex obstacle.
    Polygon(Box<Polygon>),
}
