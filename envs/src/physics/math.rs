//! Vectors, rotations and motions of the plane, over one number or over [`Lanes`] of them.
//!
//! Every formula keeps the order of operations of Box2D's `b2Math.h`: a sum in another order has other bits.

#![allow(private_bounds, reason = "the parts over lanes are for the physics alone")]

use super::lanes::Lanes;
use core::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};
use serde::{Deserialize, Serialize};

/// A point or direction, in metres unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vec2<T = f32> {
    /// To the right.
    pub x: T,
    /// Upwards.
    pub y: T,
}

impl<T> Vec2<T> {
    /// A vector of its two parts.
    #[inline(always)]
    pub const fn new(x: T, y: T) -> Self {
        Self { x, y }
    }
}

impl Vec2 {
    /// The origin.
    pub const ZERO: Self = Self::new(0.0, 0.0);
}

impl<T: Lanes> Vec2<T> {
    #[inline(always)]
    pub(crate) fn splat(value: Vec2) -> Self {
        Self::new(T::splat(value.x), T::splat(value.y))
    }

    #[inline(always)]
    pub(crate) fn select(mask: T::Mask, yes: Self, no: Self) -> Self {
        Self::new(T::select(mask, yes.x, no.x), T::select(mask, yes.y, no.y))
    }

    #[inline(always)]
    pub(crate) fn lane(self, index: usize) -> Vec2 {
        Vec2::new(self.x.lane(index), self.y.lane(index))
    }

    #[inline(always)]
    pub(crate) fn set_lane(&mut self, index: usize, value: Vec2) {
        self.x.set_lane(index, value.x);
        self.y.set_lane(index, value.y);
    }

    #[inline(always)]
    pub(crate) fn dot(self, other: Self) -> T {
        self.x * other.x + self.y * other.y
    }

    /// The third part of the cross product of two vectors in the plane.
    #[inline(always)]
    pub(crate) fn cross(self, other: Self) -> T {
        self.x * other.y - self.y * other.x
    }

    /// The vector turned by a quarter to the right: its cross product with the unit out of the plane.
    #[inline(always)]
    pub(crate) fn right(self) -> Self {
        Self::new(self.y, -self.x)
    }

    /// The vector turned by a quarter to the left.
    #[inline(always)]
    pub(crate) fn left(self) -> Self {
        Self::new(-self.y, self.x)
    }

    /// The velocity of a point at this place of a body that turns at `speed` about the origin.
    #[inline(always)]
    pub(crate) fn spun(self, speed: T) -> Self {
        Self::new(-speed * self.y, speed * self.x)
    }

    #[inline(always)]
    pub(crate) fn length_squared(self) -> T {
        self.x * self.x + self.y * self.y
    }

    #[inline(always)]
    pub(crate) fn length(self) -> T {
        self.length_squared().sqrt()
    }

    #[inline(always)]
    pub(crate) fn scaled(self, factor: T) -> Self {
        Self::new(factor * self.x, factor * self.y)
    }
}

impl Vec2 {
    /// The vector at length one with the length it had; vectors shorter than a rounding error stay, with length zero.
    #[inline]
    pub(crate) fn normalized(self) -> (Self, f32) {
        let length = self.length();
        if length < f32::EPSILON {
            return (self, 0.0);
        }
        let inverse = 1.0 / length;
        (Self::new(self.x * inverse, self.y * inverse), length)
    }

    #[inline(always)]
    pub(crate) fn lesser(self, other: Self) -> Self {
        Self::new(self.x.lesser(other.x), self.y.lesser(other.y))
    }

    #[inline(always)]
    pub(crate) fn greater(self, other: Self) -> Self {
        Self::new(self.x.greater(other.x), self.y.greater(other.y))
    }
}

impl<T: Lanes> Add for Vec2<T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl<T: Lanes> Sub for Vec2<T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl<T: Lanes> Neg for Vec2<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}

impl<T: Lanes> AddAssign for Vec2<T> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<T: Lanes> SubAssign for Vec2<T> {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Mul<Vec2> for f32 {
    type Output = Vec2;
    #[inline(always)]
    fn mul(self, vector: Vec2) -> Vec2 {
        vector.scaled(self)
    }
}

/// A rotation as the sine and cosine of its angle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rotation<T = f32> {
    /// The sine.
    pub sin: T,
    /// The cosine.
    pub cos: T,
}

impl Rotation {
    /// No turn.
    pub const IDENTITY: Self = Self { sin: 0.0, cos: 1.0 };
}

impl<T: Lanes> Rotation<T> {
    /// The rotation by an angle in radians.
    #[inline(always)]
    pub(crate) fn by(angle: T) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { sin, cos }
    }

    #[inline(always)]
    pub(crate) fn apply(self, vector: Vec2<T>) -> Vec2<T> {
        Vec2::new(self.cos * vector.x - self.sin * vector.y, self.sin * vector.x + self.cos * vector.y)
    }

    /// Turns back.
    #[inline(always)]
    pub(crate) fn undo(self, vector: Vec2<T>) -> Vec2<T> {
        Vec2::new(self.cos * vector.x + self.sin * vector.y, -self.sin * vector.x + self.cos * vector.y)
    }
}

/// Where the points of a body are: turned, then moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transform<T = f32> {
    /// Where the body's own origin is.
    pub position: Vec2<T>,
    /// How the body is turned.
    pub rotation: Rotation<T>,
}

impl Transform {
    /// The place of the terrain, which never moves.
    pub const IDENTITY: Self = Self { position: Vec2::ZERO, rotation: Rotation::IDENTITY };

    /// The world's place of a point given in the body's own coordinates.
    #[inline(always)]
    pub fn of(self, point: Vec2) -> Vec2 {
        self.apply(point)
    }
}

impl<T: Lanes> Transform<T> {
    #[inline(always)]
    pub(crate) fn lane(&self, index: usize) -> Transform {
        Transform {
            position: self.position.lane(index),
            rotation: Rotation { sin: self.rotation.sin.lane(index), cos: self.rotation.cos.lane(index) },
        }
    }

    #[inline(always)]
    pub(crate) fn apply(self, point: Vec2<T>) -> Vec2<T> {
        Vec2::new(
            (self.rotation.cos * point.x - self.rotation.sin * point.y) + self.position.x,
            (self.rotation.sin * point.x + self.rotation.cos * point.y) + self.position.y,
        )
    }

    /// A point of the world in the body's own coordinates.
    #[inline(always)]
    pub(crate) fn undo(self, point: Vec2<T>) -> Vec2<T> {
        let moved = point - self.position;
        self.rotation.undo(moved)
    }
}

/// The motion of a body's centre of mass during one step, from time 0 to time 1 of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sweep {
    /// The centre of mass in the body's own coordinates.
    pub(crate) local_center: Vec2,
    /// The centre of mass at time `start`.
    pub(crate) center_before: Vec2,
    /// The centre of mass at time 1.
    pub(crate) center: Vec2,
    /// The angle at time `start`, in radians.
    pub(crate) angle_before: f32,
    /// The angle at time 1, in radians.
    pub(crate) angle: f32,
    /// The time from which on the motion is described, 0 to 1.
    pub(crate) start: f32,
}

impl Sweep {
    /// Where the body is at a share of the way from `start` to 1.
    #[inline]
    pub(crate) fn at(&self, share: f32) -> Transform {
        let center = (1.0 - share) * self.center_before + share * self.center;
        let angle = (1.0 - share) * self.angle_before + share * self.angle;
        placed(center, Rotation::by(angle), self.local_center)
    }

    /// Forgets the motion before a time. Versions of Box2D later than 2.3.0 round this otherwise.
    pub(crate) fn advance(&mut self, time: f32) {
        let share = (time - self.start) / (1.0 - self.start);
        self.center_before = (1.0 - share) * self.center_before + share * self.center;
        self.angle_before = (1.0 - share) * self.angle_before + share * self.angle;
        self.start = time;
    }

    /// The same motion with whole turns taken from its angles.
    pub(crate) fn normalized(mut self) -> Self {
        let turn = 2.0 * core::f32::consts::PI;
        let turns = turn * (self.angle_before / turn).floor();
        self.angle_before -= turns;
        self.angle -= turns;
        self
    }
}

/// The place of a body whose centre of mass is given.
#[inline(always)]
pub(crate) fn placed<T: Lanes>(
    center: Vec2<T>,
    rotation: Rotation<T>,
    local_center: Vec2<T>,
) -> Transform<T> {
    Transform { position: center - rotation.apply(local_center), rotation }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "bits are what is compared")]
mod tests {
    use super::*;
    use crate::physics::oracle::{any_place, any_point, any_sweep, swept};
    use core::f32::consts::{FRAC_PI_2, TAU};
    use proptest::prelude::*;

    fn assert_near(one: Vec2, other: Vec2) {
        assert!((one - other).length() < 1e-5, "{one:?} is not {other:?}");
    }

    #[test]
    fn quarters_turn_to_the_left_and_to_the_right() {
        let along = Vec2::new(2.0, 1.0);
        assert_eq!(along.left(), Vec2::new(-1.0, 2.0));
        assert_eq!(along.right(), Vec2::new(1.0, -2.0));
        assert_eq!(along.cross(along.left()), along.length_squared());
        assert_near(Rotation::by(FRAC_PI_2).apply(along), along.left());
        assert_eq!(along.spun(3.0), along.left().scaled(3.0));
    }

    #[test]
    fn vectors_shorter_than_a_rounding_error_keep_their_length() {
        let (unit, length) = Vec2::new(3.0, 4.0).normalized();
        assert_near(unit, Vec2::new(0.6, 0.8));
        assert_eq!(length, 5.0);
        let tiny = Vec2::new(1e-8, 0.0);
        assert_eq!(tiny.normalized(), (tiny, 0.0));
    }

    proptest! {
        #[test]
        fn what_a_transform_does_it_undoes(place in any_place(10.0), point in any_point(3.0)) {
            assert_near(place.undo(place.apply(point)), point);
            assert_near(place.apply(point), place.position + place.rotation.apply(point));
            let unmoved = Transform::IDENTITY;
            prop_assert_eq!(unmoved.apply(point), point);
        }

        #[test]
        fn a_sweep_moves_and_turns_its_centre_evenly(
            sweep in any_sweep(5.0), share in 0.0..=1.0_f32, point in any_point(1.0),
        ) {
            for share in [0.0, share, 1.0] {
                let exact = swept(&[point], &sweep, f64::from(share))[0];
                assert_near(sweep.at(share).apply(point), Vec2::new(exact.x as f32, exact.y as f32));
            }
            assert_near(sweep.at(1.0).apply(sweep.local_center), sweep.center);
        }

        #[test]
        fn a_sweep_that_forgot_its_beginning_goes_on_as_before(
            sweep in any_sweep(5.0), time in 0.0..0.9_f32, share in 0.0..=1.0_f32, point in any_point(1.0),
        ) {
            let mut rest = sweep;
            rest.advance(time);
            prop_assert_eq!(rest.start, time);
            let then = time + (1.0 - time) * share;
            assert_near(rest.at(share).apply(point), sweep.at(then).apply(point));
            // A second time is given from the beginning of the step too.
            rest.advance(then);
            assert_near(rest.at(0.0).apply(point), sweep.at(then).apply(point));
        }

        #[test]
        fn whole_turns_change_no_motion(sweep in any_sweep(5.0), turns in -3..=3_i8, point in any_point(1.0)) {
            let more = f32::from(turns) * TAU;
            let turned =
                Sweep { angle_before: sweep.angle_before + more, angle: sweep.angle + more, ..sweep };
            let normalized = turned.normalized();
            prop_assert!((-1e-5..=TAU + 1e-5).contains(&normalized.angle_before));
            prop_assert!((normalized.angle - normalized.angle_before - (sweep.angle - sweep.angle_before)).abs() < 1e-5);
            assert_near(normalized.at(0.5).apply(point), sweep.at(0.5).apply(point));
        }
    }
}
