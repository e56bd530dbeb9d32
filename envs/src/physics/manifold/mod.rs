//! Where a body touches a piece of terrain: up to two points, a normal, and the features that make them.
//!
//! A face of one shape is taken as the reference, the opposite side of the other is clipped to it (Sutherland and Hodgman,
//! 1974), and what is left within the skins are the points. Points carry the [`Feature`]s that make them, so that a
//! point of the next step finds the impulses of this one.

mod edge;
mod polygon;

pub(crate) use edge::with_edge;
pub(crate) use polygon::with_polygon;

use super::math::Vec2;
use super::shape::SKIN;
use serde::{Deserialize, Serialize};

/// Outlines this near touch, metres: both skins.
const TOUCHING: f32 = 2.0 * SKIN;

/// The face of the other shape becomes the reference only if it is better by this much: relative, and in metres.
const BETTER_SHARE: f32 = 0.98;
const BETTER_BY: f32 = 0.001;

/// The points at which a body touches a piece of terrain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifold {
    /// Whose face is the reference.
    pub(crate) reference: Reference,
    /// The normal of the reference face, in the coordinates of its owner.
    pub(crate) normal: Vec2,
    /// A point of the reference face, in the coordinates of its owner.
    pub(crate) point: Vec2,
    /// The points, in the coordinates of the other shape.
    pub(crate) points: [Point; 2],
    /// How many points there are.
    pub(crate) count: usize,
}

/// Whose face a manifold refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reference {
    Terrain,
    Body,
}

/// A point of contact.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) place: Vec2,
    pub(crate) feature: Feature,
    /// The impulse along the normal that was last needed, N s.
    pub(crate) normal_impulse: f32,
    /// The impulse of friction that was last needed, N s.
    pub(crate) tangent_impulse: f32,
}

/// What makes a point: a corner or face of either shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Feature {
    pub(crate) terrain: Part,
    pub(crate) body: Part,
}

/// A numbered corner or face of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    Vertex(u8),
    Face(u8),
}

impl Manifold {
    pub(crate) const EMPTY: Self = Self {
        reference: Reference::Terrain,
        normal: Vec2::ZERO,
        point: Vec2::ZERO,
        points: [Point::EMPTY; 2],
        count: 0,
    };

    pub(crate) fn points(&self) -> &[Point] {
        &self.points[..self.count]
    }

    fn add(&mut self, place: Vec2, feature: Feature) {
        self.points[self.count] = Point { place, feature, normal_impulse: 0.0, tangent_impulse: 0.0 };
        self.count += 1;
    }

    /// Takes over the impulses of the points that an earlier manifold had of the same features.
    pub(crate) fn inherit(&mut self, earlier: &Self) {
        for point in &mut self.points[..self.count] {
            if let Some(before) = earlier.points().iter().find(|before| before.feature == point.feature) {
                point.normal_impulse = before.normal_impulse;
                point.tangent_impulse = before.tangent_impulse;
            }
        }
    }
}

impl Point {
    const EMPTY: Self = Self {
        place: Vec2::ZERO,
        feature: Feature { terrain: Part::Face(0), body: Part::Face(0) },
        normal_impulse: 0.0,
        tangent_impulse: 0.0,
    };
}

/// A point of the side that is being clipped, with the parts that make it: of the reference and of the clipped shape.
#[derive(Clone, Copy, Debug)]
struct Clipped {
    place: Vec2,
    reference: Part,
    incident: Part,
}

/// The part of a segment behind the line with this normal at this offset, or none if it does not reach two points.
///
/// A new end is made by the corner `reference` of the reference face.
fn clip(segment: [Clipped; 2], normal: Vec2, offset: f32, reference: u8) -> Option<[Clipped; 2]> {
    let [first, second] = segment;
    let before = normal.dot(first.place) - offset;
    let after = normal.dot(second.place) - offset;
    match (before <= 0.0, after <= 0.0) {
        (true, true) => return Some(segment),
        (false, false) => return None,
        _ => {}
    }
    if before * after >= 0.0 {
        return None;
    }
    let share = before / (before - after);
    let index = match first.incident {
        Part::Vertex(index) | Part::Face(index) => index,
    };
    let cut = Clipped {
        place: first.place + share * (second.place - first.place),
        reference: Part::Vertex(reference),
        incident: Part::Face(index),
    };
    Some(if before <= 0.0 { [first, cut] } else { [second, cut] })
}

#[cfg(test)]
mod tests;
