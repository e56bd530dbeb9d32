//! Axis-aligned bounds.

use super::{lanes::Lanes, math::Vec2, shape::SKIN};
use serde::{Deserialize, Serialize};

/// A rectangle along the axes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Aabb {
    pub(crate) lower: Vec2,
    pub(crate) upper: Vec2,
}

impl Aabb {
    /// The bounds of an outline with its skin.
    #[inline]
    pub(crate) fn around(outline: &[Vec2]) -> Self {
        let mut lower = outline[0];
        let mut upper = lower;
        for &point in &outline[1..] {
            lower = lower.lesser(point);
            upper = upper.greater(point);
        }
        Self { lower, upper }.grown(SKIN)
    }

    #[inline(always)]
    pub(crate) fn perimeter(&self) -> f32 {
        let size = self.upper - self.lower;
        2.0 * (size.x + size.y)
    }

    /// The least bounds around both.
    #[inline(always)]
    pub(crate) fn joined(&self, other: &Self) -> Self {
        Self { lower: self.lower.lesser(other.lower), upper: self.upper.greater(other.upper) }
    }

    #[inline(always)]
    pub(crate) fn contains(&self, other: &Self) -> bool {
        self.lower.x <= other.lower.x
            && self.lower.y <= other.lower.y
            && other.upper.x <= self.upper.x
            && other.upper.y <= self.upper.y
    }

    #[inline(always)]
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let d1 = other.lower - self.upper;
        let d2 = self.lower - other.upper;
        !((d1.x > 0.0) | (d1.y > 0.0) | (d2.x > 0.0) | (d2.y > 0.0))
    }

    /// The greatest distance along an axis by which the bounds are apart, metres; negative where they overlap.
    #[inline(always)]
    pub(crate) fn gap(&self, other: &Self) -> f32 {
        let d1 = other.lower - self.upper;
        let d2 = self.lower - other.upper;
        d1.x.greater(d1.y).greater(d2.x.greater(d2.y))
    }

    /// The bounds grown by a margin on every side, in metres.
    #[inline(always)]
    pub(crate) fn grown(&self, margin: f32) -> Self {
        let margin = Vec2::new(margin, margin);
        Self { lower: self.lower - margin, upper: self.upper + margin }
    }

    /// Whether a segment may cross the bounds, by the axis across the segment. See [`Crossing`].
    #[inline(always)]
    pub(crate) fn apart_from_line(&self, line: &Crossing) -> bool {
        let center = 0.5 * (self.lower + self.upper);
        let extents = 0.5 * (self.upper - self.lower);
        let distance = line.across.dot(line.from - center).magnitude() - line.across_magnitude.dot(extents);
        distance > 0.0
    }
}

/// A line with the axis across it, for telling bounds that lie wholly on one side (Ericson, Real-Time Collision Detection, 5.3.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossing {
    from: Vec2,
    across: Vec2,
    across_magnitude: Vec2,
}

impl Crossing {
    pub(crate) fn new(from: Vec2, to: Vec2) -> Self {
        let (along, _) = (to - from).normalized();
        let across = along.left();
        Self { from, across, across_magnitude: Vec2::new(across.x.magnitude(), across.y.magnitude()) }
    }
}
