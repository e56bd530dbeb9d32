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

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "bits are what is compared")]
mod tests {
    use super::*;
    use crate::physics::oracle::any_point;
    use proptest::prelude::*;

    fn bounds(lower: (f32, f32), upper: (f32, f32)) -> Aabb {
        Aabb { lower: Vec2::new(lower.0, lower.1), upper: Vec2::new(upper.0, upper.1) }
    }

    fn any_bounds() -> impl Strategy<Value = Aabb> {
        (any_point(3.0), any_point(3.0))
            .prop_map(|(one, other)| Aabb { lower: one.lesser(other), upper: one.greater(other) })
    }

    #[test]
    fn bounds_of_an_outline_hold_its_skin() {
        let around = Aabb::around(&[Vec2::new(1.0, 5.0), Vec2::new(-2.0, 3.0), Vec2::new(0.0, 4.0)]);
        assert_eq!(around, bounds((-2.0, 3.0), (1.0, 5.0)).grown(SKIN));
        assert_eq!(bounds((0.0, 0.0), (3.0, 1.0)).perimeter(), 8.0);
    }

    #[test]
    fn bounds_that_share_a_side_or_a_corner_overlap() {
        let one = bounds((0.0, 0.0), (1.0, 1.0));
        for (other, overlaps, gap) in [
            (bounds((1.0, 0.0), (2.0, 1.0)), true, 0.0),
            (bounds((1.0, 1.0), (2.0, 2.0)), true, 0.0),
            (bounds((0.5, 0.25), (2.0, 2.0)), true, -0.5),
            (bounds((1.5, 0.0), (2.0, 1.0)), false, 0.5),
            (bounds((1.5, 3.0), (2.0, 4.0)), false, 2.0),
        ] {
            assert_eq!((one.overlaps(&other), other.overlaps(&one)), (overlaps, overlaps));
            assert_eq!((one.gap(&other), other.gap(&one)), (gap, gap));
        }
    }

    proptest! {
        #[test]
        fn overlap_gap_containment_and_union_are_those_of_intervals(one in any_bounds(), other in any_bounds()) {
            let common = |axis: fn(Vec2) -> f32| {
                axis(one.upper).min(axis(other.upper)) - axis(one.lower).max(axis(other.lower))
            };
            let (x, y) = (common(|v| v.x), common(|v| v.y));
            prop_assert_eq!(one.overlaps(&other), x >= 0.0 && y >= 0.0);
            prop_assert_eq!(one.gap(&other) > 0.0, !one.overlaps(&other));
            if !one.overlaps(&other) {
                prop_assert_eq!(one.gap(&other), -x.min(y));
            }
            let joined = one.joined(&other);
            prop_assert!(joined.contains(&one) && joined.contains(&other));
            prop_assert!(joined.perimeter() >= one.perimeter().max(other.perimeter()));
            prop_assert_eq!(one.contains(&other), joined == one);
            prop_assert!(one.grown(0.1).contains(&one) && !one.contains(&one.grown(0.1)));
        }

        /// A line through a point of the bounds cannot pass them by; one whose points all lie on one side of all corners does.
        #[test]
        fn lines_are_apart_from_the_bounds_that_lie_on_one_side(
            bounds in any_bounds(), from in any_point(5.0), to in any_point(5.0),
        ) {
            prop_assume!((to - from).length() > 0.1);
            let Aabb { lower, upper } = bounds;
            let corners = [lower, upper, Vec2::new(lower.x, upper.y), Vec2::new(upper.x, lower.y)];
            let sides = corners.map(|corner| f64::from((to - from).cross(corner - from)));
            let apart = bounds.apart_from_line(&Crossing::new(from, to));
            if sides.iter().all(|&side| side > 1e-4) || sides.iter().all(|&side| side < -1e-4) {
                prop_assert!(apart);
            }
            if sides.iter().any(|&side| side > 1e-4) && sides.iter().any(|&side| side < -1e-4) {
                prop_assert!(!apart);
            }
        }
    }
}
