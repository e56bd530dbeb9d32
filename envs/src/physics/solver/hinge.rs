//! Hinges: two bodies share a point, a motor turns one against the other, limits bound the angle.
//!
//! Follows Box2D 2.3.0's `b2RevoluteJoint`. Where no limit is reached, the point is held by a system of two equations;
//! at a limit, point and angle are held together by one of three, unless that would pull at the limit.

use super::{Hinge, Limit, Mover};
use crate::physics::lanes::{Lanes, Mask};
use core::f32::consts::PI;

use crate::physics::math::{Rotation, Vec2};
use crate::physics::{ANGULAR_SLOP, LINEAR_SLOP};

/// The greatest angle by which a limit is corrected in one round, radians.
const MOST_CORRECTION: f32 = 8.0 / 180.0 * PI;

/// A hinge in each lane, while constraints are solved.
#[derive(Clone, Copy)]
pub(super) struct HingeLanes<T: Lanes> {
    first: usize,
    second: usize,
    anchor_on_first: Vec2<T>,
    anchor_on_second: Vec2<T>,
    lower_angle: T,
    upper_angle: T,
    reference_angle: T,
    motor_speed: T,
    max_torque: T,
    step_ratio: T,
    impulse: Vec2<T>,
    limit_impulse: T,
    motor_impulse: T,
    /// Which lanes were at a limit in the last step and are in this one.
    at_lower: T::Mask,
    at_upper: T::Mask,

    /// From the centres of mass to the anchors.
    arm_on_first: Vec2<T>,
    arm_on_second: Vec2<T>,
    motor_mass: T,
    system: System<T>,
}

/// How impulses at the point and on the angle change velocities, and the inverses of that.
///
/// The matrix is symmetric: [xx xy xz; xy yy yz; xz yz zz].
#[derive(Clone, Copy)]
struct System<T> {
    xx: T,
    xy: T,
    xz: T,
    yy: T,
    yz: T,
    zz: T,
    /// The cross product of the second and third column.
    cofactors: [T; 3],
    inverse_determinant: T,
    inverse_determinant_of_point: T,
}

impl<T: Lanes> HingeLanes<T> {
    pub(super) fn empty() -> Self {
        let (zero, none) = (T::zero(), Vec2::splat(Vec2::ZERO));
        Self {
            first: 0,
            second: 0,
            anchor_on_first: none,
            anchor_on_second: none,
            lower_angle: zero,
            upper_angle: zero,
            reference_angle: zero,
            motor_speed: zero,
            max_torque: zero,
            step_ratio: zero,
            impulse: none,
            limit_impulse: zero,
            motor_impulse: zero,
            at_lower: T::Mask::splat(false),
            at_upper: T::Mask::splat(false),
            arm_on_first: none,
            arm_on_second: none,
            motor_mass: zero,
            system: System {
                xx: zero,
                xy: zero,
                xz: zero,
                yy: zero,
                yz: zero,
                zz: zero,
                cofactors: [zero; 3],
                inverse_determinant: zero,
                inverse_determinant_of_point: zero,
            },
        }
    }

    pub(super) fn load(&mut self, lane: usize, hinge: &Hinge, step_ratio: f32) {
        self.first = hinge.first;
        self.second = hinge.second;
        self.anchor_on_first.set_lane(lane, hinge.anchor_on_first);
        self.anchor_on_second.set_lane(lane, hinge.anchor_on_second);
        self.lower_angle.set_lane(lane, hinge.lower_angle);
        self.upper_angle.set_lane(lane, hinge.upper_angle);
        self.reference_angle.set_lane(lane, hinge.reference_angle);
        self.motor_speed.set_lane(lane, hinge.motor.speed);
        self.max_torque.set_lane(lane, hinge.motor.max_torque);
        self.step_ratio.set_lane(lane, step_ratio);
        self.impulse.set_lane(lane, hinge.impulse);
        self.limit_impulse.set_lane(lane, hinge.limit_impulse);
        self.motor_impulse.set_lane(lane, hinge.motor_impulse);
        self.at_lower.set_lane(lane, hinge.limit == Limit::Lower);
        self.at_upper.set_lane(lane, hinge.limit == Limit::Upper);
    }

    pub(super) fn store(&self, lane: usize, hinge: &mut Hinge) {
        hinge.impulse = self.impulse.lane(lane);
        hinge.limit_impulse = self.limit_impulse.lane(lane);
        hinge.motor_impulse = self.motor_impulse.lane(lane);
        hinge.limit = match (self.at_lower.lane(lane), self.at_upper.lane(lane)) {
            (true, _) => Limit::Lower,
            (_, true) => Limit::Upper,
            _ => Limit::Neither,
        };
    }

    /// Sees which limit is reached, lays the system out and applies the impulses of the last step.
    #[inline(always)]
    pub(super) fn prepare(&mut self, movers: &mut [Mover<T>]) {
        let (mut one, mut two) = (movers[self.first], movers[self.second]);
        let from = Rotation::by(one.angle).apply(self.anchor_on_first - one.local_center);
        let to = Rotation::by(two.angle).apply(self.anchor_on_second - two.local_center);
        self.arm_on_first = from;
        self.arm_on_second = to;
        let (m1, m2) = (one.inverse_mass, two.inverse_mass);
        let (i1, i2) = (one.inverse_inertia, two.inverse_inertia);
        self.system = System::new(
            m1 + m2 + from.y * from.y * i1 + to.y * to.y * i2,
            -from.y * from.x * i1 - to.y * to.x * i2,
            -from.y * i1 - to.y * i2,
            m1 + m2 + from.x * from.x * i1 + to.x * to.x * i2,
            from.x * i1 + to.x * i2,
            i1 + i2,
        );
        self.weigh(movers);

        let angle = two.angle - one.angle - self.reference_angle;
        let at_lower = angle.at_most(self.lower_angle);
        let at_upper = self.upper_angle.at_most(angle) & !at_lower;
        let stays = (at_lower & self.at_lower) | (at_upper & self.at_upper);
        self.limit_impulse = T::select(stays, self.limit_impulse, T::zero());
        self.at_lower = at_lower;
        self.at_upper = at_upper;

        self.impulse = self.impulse.scaled(self.step_ratio);
        self.limit_impulse = self.limit_impulse * self.step_ratio;
        self.motor_impulse = self.motor_impulse * self.step_ratio;
        let impulse = self.impulse;
        one.velocity -= impulse.scaled(m1);
        one.spin = one.spin - i1 * (from.cross(impulse) + self.motor_impulse + self.limit_impulse);
        two.velocity += impulse.scaled(m2);
        two.spin = two.spin + i2 * (to.cross(impulse) + self.motor_impulse + self.limit_impulse);
        movers[self.first] = one;
        movers[self.second] = two;
    }

    /// Works out what the motor turns.
    #[inline(always)]
    pub(super) fn weigh(&mut self, movers: &[Mover<T>]) {
        let inertia = movers[self.first].inverse_inertia + movers[self.second].inverse_inertia;
        self.motor_mass = T::splat(1.0) / inertia;
    }

    /// Applies the impulses that make motor, point and limit hold.
    #[inline(always)]
    pub(super) fn solve_velocity(&mut self, movers: &mut [Mover<T>], step: T) {
        let (mut one, mut two) = (movers[self.first], movers[self.second]);
        let (m1, m2) = (one.inverse_mass, two.inverse_mass);
        let (i1, i2) = (one.inverse_inertia, two.inverse_inertia);
        let (from, to) = (self.arm_on_first, self.arm_on_second);

        let off = two.spin - one.spin - self.motor_speed;
        let most = step * self.max_torque;
        let total = (self.motor_impulse + -self.motor_mass * off).bounded(-most, most);
        let given = total - self.motor_impulse;
        self.motor_impulse = total;
        one.spin = one.spin - i1 * given;
        two.spin = two.spin + i2 * given;

        let off = two.velocity + to.spun(two.spin) - one.velocity - from.spun(one.spin);
        let limited = self.at_lower | self.at_upper;
        if limited.any() {
            let spin_off = two.spin - one.spin;
            let (held, held_limit) = self.system.solve(off, spin_off);
            let (held, held_limit) = (-held, -held_limit);
            let total = self.limit_impulse + held_limit;
            let pulls = (self.at_lower & total.less(T::zero())) | (self.at_upper & T::zero().less(total));
            let free = pulls | !limited;
            let rest = Vec2::new(self.system.xz, self.system.yz).scaled(self.limit_impulse);
            let alone = self.system.solve_point(Vec2::select(limited, -off + rest, -off));
            let impulse = Vec2::select(free, alone, held);
            let limit = T::select(free, -self.limit_impulse, held_limit);
            self.impulse += impulse;
            self.limit_impulse = T::select(free, T::zero(), total);
            let turn_first = from.cross(impulse);
            let turn_second = to.cross(impulse);
            one.velocity -= impulse.scaled(m1);
            one.spin = one.spin - i1 * T::select(limited, turn_first + limit, turn_first);
            two.velocity += impulse.scaled(m2);
            two.spin = two.spin + i2 * T::select(limited, turn_second + limit, turn_second);
        } else {
            let impulse = self.system.solve_point(-off);
            self.impulse += impulse;
            one.velocity -= impulse.scaled(m1);
            one.spin = one.spin - i1 * from.cross(impulse);
            two.velocity += impulse.scaled(m2);
            two.spin = two.spin + i2 * to.cross(impulse);
        }
        movers[self.first].velocity = one.velocity;
        movers[self.first].spin = one.spin;
        movers[self.second].velocity = two.velocity;
        movers[self.second].spin = two.spin;
    }

    /// Turns and moves both bodies so that limit and point hold better; tells where they held well enough before.
    #[inline(always)]
    pub(super) fn correct_position(&self, movers: &mut [Mover<T>]) -> T::Mask {
        let (mut one, mut two) = (movers[self.first], movers[self.second]);
        let (m1, m2) = (one.inverse_mass, two.inverse_mass);
        let (i1, i2) = (one.inverse_inertia, two.inverse_inertia);

        let limited = self.at_lower | self.at_upper;
        let mut angle_off = T::zero();
        if limited.any() {
            let (zero, slop, most) = (T::zero(), T::splat(ANGULAR_SLOP), T::splat(MOST_CORRECTION));
            let angle = two.angle - one.angle - self.reference_angle;
            let below = angle - self.lower_angle;
            let above = angle - self.upper_angle;
            angle_off = T::select(self.at_lower, -below, T::select(self.at_upper, above, zero));
            let correction = T::select(
                self.at_lower,
                (below + slop).bounded(-most, zero),
                (above - slop).bounded(zero, most),
            );
            let impulse = -self.motor_mass * correction;
            one.angle = T::select(limited, one.angle - i1 * impulse, one.angle);
            two.angle = T::select(limited, two.angle + i2 * impulse, two.angle);
        }

        let from = Rotation::by(one.angle).apply(self.anchor_on_first - one.local_center);
        let to = Rotation::by(two.angle).apply(self.anchor_on_second - two.local_center);
        let off = two.center + to - one.center - from;
        let xx = m1 + m2 + i1 * from.y * from.y + i2 * to.y * to.y;
        let xy = -i1 * from.x * from.y - i2 * to.x * to.y;
        let yy = m1 + m2 + i1 * from.x * from.x + i2 * to.x * to.x;
        let inverse = inverse_or_zero(xx * yy - xy * xy);
        let impulse = -Vec2::new(inverse * (yy * off.x - xy * off.y), inverse * (xx * off.y - xy * off.x));
        one.center -= impulse.scaled(m1);
        one.angle = one.angle - i1 * from.cross(impulse);
        two.center += impulse.scaled(m2);
        two.angle = two.angle + i2 * to.cross(impulse);
        movers[self.first].center = one.center;
        movers[self.first].angle = one.angle;
        movers[self.second].center = two.center;
        movers[self.second].angle = two.angle;

        off.length().at_most(T::splat(LINEAR_SLOP)) & angle_off.at_most(T::splat(ANGULAR_SLOP))
    }
}

impl<T: Lanes> System<T> {
    #[inline(always)]
    fn new(xx: T, xy: T, xz: T, yy: T, yz: T, zz: T) -> Self {
        let cofactors = [yy * zz - yz * yz, yz * xz - xy * zz, xy * yz - yy * xz];
        let determinant = xx * cofactors[0] + xy * cofactors[1] + xz * cofactors[2];
        Self {
            xx,
            xy,
            xz,
            yy,
            yz,
            zz,
            cofactors,
            inverse_determinant: inverse_or_zero(determinant),
            inverse_determinant_of_point: inverse_or_zero(xx * yy - xy * xy),
        }
    }

    /// The impulses at the point and on the angle that change velocities by `point` and `angle` (Cramer's rule).
    #[inline(always)]
    fn solve(&self, point: Vec2<T>, angle: T) -> (Vec2<T>, T) {
        let Self { xx, xy, xz, yy, yz, zz, cofactors, inverse_determinant, .. } = *self;
        let (bx, by, bz) = (point.x, point.y, angle);
        let x = inverse_determinant * (bx * cofactors[0] + by * cofactors[1] + bz * cofactors[2]);
        let y = inverse_determinant
            * (xx * (by * zz - bz * yz) + xy * (bz * xz - bx * zz) + xz * (bx * yz - by * xz));
        let z = inverse_determinant
            * (xx * (yy * bz - yz * by) + xy * (yz * bx - xy * bz) + xz * (xy * by - yy * bx));
        (Vec2::new(x, y), z)
    }

    /// The impulse at the point alone that changes its velocity by `point`.
    #[inline(always)]
    fn solve_point(&self, point: Vec2<T>) -> Vec2<T> {
        Vec2::new(
            self.inverse_determinant_of_point * (self.yy * point.x - self.xy * point.y),
            self.inverse_determinant_of_point * (self.xx * point.y - self.xy * point.x),
        )
    }
}

/// One over a determinant, or zero where it is zero.
#[inline(always)]
pub(super) fn inverse_or_zero<T: Lanes>(determinant: T) -> T {
    let regular = determinant.less(T::zero()) | T::zero().less(determinant);
    T::select(regular, T::splat(1.0) / determinant, determinant)
}
