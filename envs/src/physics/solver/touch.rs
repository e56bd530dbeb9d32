//! Contacts: a body does not enter the terrain, and slides on it only against friction.
//!
//! Follows Box2D 2.3.0's `b2ContactSolver` for terrain that does not move and nothing that bounces. Two points of one contact are solved
//! together, by trying which of them push (Murty's total enumeration).

use super::Mover;
use super::hinge::inverse_or_zero;
use crate::physics::LINEAR_SLOP;
use crate::physics::contact::Contact;
use crate::physics::lanes::{Lanes, Mask};
use crate::physics::manifold::{Manifold, Reference};
use crate::physics::math::{Transform, Vec2};
use crate::physics::shape::SKIN;

/// The greatest distance by which a contact is corrected in one round, metres.
const MOST_CORRECTION: f32 = 0.2;

/// Two points so close together that their system is worse conditioned than this are solved as one.
const WORST_CONDITION: f32 = 1000.0;

/// How hard positions are corrected.
#[derive(Clone, Copy)]
pub(crate) enum Correction {
    /// In the ordinary step: a fifth of the error in each round.
    Step,
    /// At the time of an impact: three quarters.
    Impact,
}

impl Correction {
    fn share(self) -> f32 {
        match self {
            Self::Step => 0.2,
            Self::Impact => 0.75,
        }
    }

    /// The separation above which positions are good enough, metres.
    pub(crate) fn deepest_allowed(self) -> f32 {
        match self {
            Self::Step => -3.0 * LINEAR_SLOP,
            Self::Impact => -1.5 * LINEAR_SLOP,
        }
    }
}

/// A contact in each lane, while constraints are solved.
#[derive(Clone, Copy)]
pub(crate) struct Touch<T: Lanes> {
    /// The lanes that have a contact in this slot.
    used: T::Mask,
    /// The lanes whose contact has two points.
    has_two: T::Mask,
    /// The lanes whose two points are solved together.
    block: T::Mask,
    on_body: T::Mask,
    local_normal: Vec2<T>,
    local_point: Vec2<T>,
    local_places: [Vec2<T>; 2],
    friction: T,

    normal: Vec2<T>,
    points: [TouchPoint<T>; 2],
    /// How impulses at the two points change their velocities, [k11 k12; k12 k22], and its inverse.
    k11: T,
    k12: T,
    k22: T,
    inverse11: T,
    inverse12: T,
    inverse22: T,
}

#[derive(Clone, Copy)]
struct TouchPoint<T: Lanes> {
    /// From the body's centre of mass.
    arm: Vec2<T>,
    normal_mass: T,
    tangent_mass: T,
    normal_impulse: T,
    tangent_impulse: T,
}

impl<T: Lanes> Touch<T> {
    pub(crate) fn empty() -> Self {
        let (zero, none, no) = (T::zero(), Vec2::splat(Vec2::ZERO), T::Mask::splat(false));
        let point = TouchPoint {
            arm: none,
            normal_mass: zero,
            tangent_mass: zero,
            normal_impulse: zero,
            tangent_impulse: zero,
        };
        Self {
            used: no,
            has_two: no,
            block: no,
            on_body: no,
            local_normal: none,
            local_point: none,
            local_places: [none; 2],
            friction: zero,
            normal: none,
            points: [point; 2],
            k11: zero,
            k12: zero,
            k22: zero,
            inverse11: zero,
            inverse12: zero,
            inverse22: zero,
        }
    }

    /// Takes a contact with the impulses of the last step scaled by `step_ratio`.
    pub(crate) fn load(&mut self, lane: usize, contact: &Contact, step_ratio: f32) {
        let manifold = &contact.manifold;
        self.used.set_lane(lane, true);
        self.has_two.set_lane(lane, manifold.count == 2);
        self.on_body.set_lane(lane, manifold.reference == Reference::Body);
        self.local_normal.set_lane(lane, manifold.normal);
        self.local_point.set_lane(lane, manifold.point);
        self.friction.set_lane(lane, contact.friction);
        for (index, point) in manifold.points().iter().enumerate() {
            self.local_places[index].set_lane(lane, point.place);
            self.points[index].normal_impulse.set_lane(lane, step_ratio * point.normal_impulse);
            self.points[index].tangent_impulse.set_lane(lane, step_ratio * point.tangent_impulse);
        }
    }

    /// Writes the impulses back; of two points that were solved as one, the second keeps what it had.
    pub(crate) fn store(&self, lane: usize, manifold: &mut Manifold) {
        let solved = if self.block.lane(lane) { 2 } else { 1 };
        for (point, solved) in manifold.points.iter_mut().zip(&self.points).take(solved) {
            point.normal_impulse = solved.normal_impulse.lane(lane);
            point.tangent_impulse = solved.tangent_impulse.lane(lane);
        }
    }

    /// Places the points in the world and works out how impulses at them change velocities.
    #[inline(always)]
    pub(crate) fn prepare(&mut self, mover: &Mover<T>) {
        let place = mover.place();
        let (one, half, skin) = (T::splat(1.0), T::splat(0.5), T::splat(SKIN));
        let (mass, inertia) = (mover.inverse_mass, mover.inverse_inertia);
        let outward = Vec2::select(self.on_body, place.rotation.apply(self.local_normal), self.local_normal);
        let face = Vec2::select(self.on_body, place.apply(self.local_point), self.local_point);
        self.normal = Vec2::select(self.on_body, -outward, outward);
        let mut turns = [T::zero(); 2];
        for (index, point) in self.points.iter_mut().enumerate() {
            let local = self.local_places[index];
            let clipped = Vec2::select(self.on_body, local, place.apply(local));
            // The middle between the two skins.
            let on_face = clipped + outward.scaled(skin - (clipped - face).dot(outward));
            let on_other = clipped - outward.scaled(skin);
            let middle = Vec2::select(self.on_body, on_other + on_face, on_face + on_other).scaled(half);
            point.arm = middle - mover.center;
            let turn = point.arm.cross(self.normal);
            let slide = point.arm.cross(self.normal.right());
            point.normal_mass = one / (mass + inertia * turn * turn);
            point.tangent_mass = one / (mass + inertia * slide * slide);
            turns[index] = turn;
        }
        self.k11 = mass + inertia * turns[0] * turns[0];
        self.k22 = mass + inertia * turns[1] * turns[1];
        self.k12 = mass + inertia * turns[0] * turns[1];
        let determinant = self.k11 * self.k22 - self.k12 * self.k12;
        self.block = self.has_two & (self.k11 * self.k11).less(T::splat(WORST_CONDITION) * determinant);
        let inverse = inverse_or_zero(determinant);
        self.inverse11 = inverse * self.k22;
        self.inverse12 = -inverse * self.k12;
        self.inverse22 = inverse * self.k11;
    }

    /// Applies the impulses of the last step.
    #[inline(always)]
    pub(crate) fn warm_start(&self, mover: &mut Mover<T>) {
        let tangent = self.normal.right();
        for (point, here) in self.points.iter().zip([self.used, self.block]) {
            let impulse = self.normal.scaled(point.normal_impulse) + tangent.scaled(point.tangent_impulse);
            mover.push_where(here, impulse, point.arm.cross(impulse));
        }
    }

    /// Applies the impulses of friction and then those that keep the points apart from the terrain.
    #[inline(always)]
    pub(crate) fn solve_velocity(&mut self, mover: &mut Mover<T>) {
        let tangent = self.normal.right();
        for (point, here) in self.points.iter_mut().zip([self.used, self.block]) {
            if !here.any() {
                continue;
            }
            let slides = point.velocity(mover).dot(tangent);
            let most = self.friction * point.normal_impulse;
            let total = (point.tangent_impulse + point.tangent_mass * -slides).bounded(-most, most);
            let given = total - point.tangent_impulse;
            point.tangent_impulse = total;
            let impulse = tangent.scaled(given);
            mover.push_where(here, impulse, point.arm.cross(impulse));
        }
        let single = self.used & !self.block;
        if single.any() {
            let point = &mut self.points[0];
            let nears = point.velocity(mover).dot(self.normal);
            let total = (point.normal_impulse + -point.normal_mass * nears).greater(T::zero());
            let given = total - point.normal_impulse;
            point.normal_impulse = T::select(single, total, point.normal_impulse);
            let impulse = self.normal.scaled(given);
            mover.push_where(single, impulse, point.arm.cross(impulse));
        }
        if self.block.any() {
            self.solve_both(mover);
        }
    }

    /// Solves both points at once: each pushes or parts, and the first consistent choice is taken.
    #[inline(always)]
    fn solve_both(&mut self, mover: &mut Mover<T>) {
        let zero = T::zero();
        let [one, two] = &self.points;
        let before = Vec2::new(one.normal_impulse, two.normal_impulse);
        // Velocities without the impulses given so far.
        let bx = one.velocity(mover).dot(self.normal) - (self.k11 * before.x + self.k12 * before.y);
        let by = two.velocity(mover).dot(self.normal) - (self.k12 * before.x + self.k22 * before.y);

        let both = Vec2::new(
            -(self.inverse11 * bx + self.inverse12 * by),
            -(self.inverse12 * bx + self.inverse22 * by),
        );
        let mut found = zero.at_most(both.x) & zero.at_most(both.y);
        let mut total = both;
        if (self.block & !found).any() {
            let first = -one.normal_mass * bx;
            let holds = zero.at_most(first) & zero.at_most(self.k12 * first + by);
            total = Vec2::select(found, total, Vec2::new(first, zero));
            found = found | holds;

            let second = -two.normal_mass * by;
            let holds = zero.at_most(second) & zero.at_most(self.k12 * second + bx);
            total = Vec2::select(found, total, Vec2::new(zero, second));
            found = found | holds;

            let holds = zero.at_most(bx) & zero.at_most(by);
            total = Vec2::select(found, total, Vec2::new(zero, zero));
            found = found | holds;
        }
        // Where no choice is consistent, nothing changes.
        let here = self.block & found;
        let given = total - before;
        let (push1, push2) = (self.normal.scaled(given.x), self.normal.scaled(given.y));
        let turn = one.arm.cross(push1) + two.arm.cross(push2);
        mover.push_where(here, push1 + push2, turn);
        self.points[0].normal_impulse = T::select(here, total.x, before.x);
        self.points[1].normal_impulse = T::select(here, total.y, before.y);
    }

    /// Moves the body out of the terrain by a share of what it is in it, and gives the least separation seen so far.
    #[inline(always)]
    pub(crate) fn correct_position(&self, mover: &mut Mover<T>, correction: Correction, mut least: T) -> T {
        let zero = T::zero();
        let skin = T::splat(SKIN);
        let (mass, inertia) = (mover.inverse_mass, mover.inverse_inertia);
        for (local, here) in self.local_places.into_iter().zip([self.used, self.has_two]) {
            if !here.any() {
                continue;
            }
            let Transform { position, rotation } = mover.place();
            let place = Transform { position, rotation };
            let outward = Vec2::select(self.on_body, rotation.apply(self.local_normal), self.local_normal);
            let face = Vec2::select(self.on_body, place.apply(self.local_point), self.local_point);
            let point = Vec2::select(self.on_body, local, place.apply(local));
            let separation = (point - face).dot(outward) - skin - skin;
            let normal = Vec2::select(self.on_body, -outward, outward);
            least = T::select(here, least.lesser(separation), least);

            let arm = point - mover.center;
            let error = T::splat(correction.share()) * (separation + T::splat(LINEAR_SLOP));
            let error = error.bounded(T::splat(-MOST_CORRECTION), zero);
            let turn = arm.cross(normal);
            let impulse = normal.scaled(-error / (mass + inertia * turn * turn));
            let center = mover.center + impulse.scaled(mass);
            let angle = mover.angle + inertia * arm.cross(impulse);
            mover.center = Vec2::select(here, center, mover.center);
            mover.angle = T::select(here, angle, mover.angle);
        }
        least
    }

    /// The impulses given so far.
    #[inline(always)]
    pub(crate) fn impulses(&self) -> [T; 4] {
        let [one, two] = &self.points;
        [one.normal_impulse, one.tangent_impulse, two.normal_impulse, two.tangent_impulse]
    }
}

impl<T: Lanes> TouchPoint<T> {
    /// The velocity of the body at this point.
    #[inline(always)]
    fn velocity(&self, mover: &Mover<T>) -> Vec2<T> {
        mover.velocity + self.arm.spun(mover.spin)
    }
}

impl<T: Lanes> Mover<T> {
    /// Applies an impulse with the given moment in some lanes, and leaves the others as they are to the bit.
    #[inline(always)]
    fn push_where(&mut self, mask: T::Mask, impulse: Vec2<T>, moment: T) {
        let velocity = self.velocity + impulse.scaled(self.inverse_mass);
        let spin = self.spin + self.inverse_inertia * moment;
        self.velocity = Vec2::select(mask, velocity, self.velocity);
        self.spin = T::select(mask, spin, self.spin);
    }
}
