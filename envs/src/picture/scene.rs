//! What a picture shows, as plain values.

use super::scenery::Scenery;
use crate::physics::Vec2;
use std::sync::Arc;

/// One moment of an episode.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What the walker walks on; scenes of one episode share it.
    pub scenery: Arc<Scenery>,
    /// The walker's parts, in any order: far ones are drawn behind near ones.
    pub bodies: Vec<Body>,
    /// The lidar's rays; empty where nothing measures.
    pub lidar: Vec<LidarRay>,
    /// What is written in the corner.
    pub caption: Caption,
}

impl Scene {
    /// The middle of the hull's outline, metres; none without a hull.
    pub(crate) fn hull(&self) -> Option<Vec2> {
        let hull = self.bodies.iter().find(|body| body.role == Role::Hull)?;
        let sum = hull.outline.iter().fold(Vec2::ZERO, |sum, &point| sum + point);
        (!hull.outline.is_empty()).then(|| (1.0 / hull.outline.len() as f32) * sum)
    }
}

/// A part of the walker.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// Which part it is.
    pub role: Role,
    /// The corners of its outline, metres.
    pub outline: Vec<Vec2>,
}

/// Which part of the walker a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What the legs carry.
    Hull,
    /// A leg's part between hull and knee.
    UpperLeg(Side),
    /// A leg's part below the knee.
    LowerLeg(Side),
}

/// Which of a pair of legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one on the other side of the hull, darker.
    Far,
    /// The one on the beholder's side.
    Near,
}

/// A ray of the lidar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LidarRay {
    /// It met something.
    Hit {
        /// Where it starts, metres.
        from: Vec2,
        /// Where it met something, metres.
        at: Vec2,
    },
    /// It met nothing within its reach.
    Miss {
        /// Where it starts, metres.
        from: Vec2,
        /// Where its reach ends, metres.
        to: Vec2,
    },
}

/// What is written in a picture's corner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// The first line, in bold.
    pub title: String,
    /// Names with their values, one line each, such as `stump_height` and `1.20 m`.
    pub rows: Vec<(String, String)>,
}
