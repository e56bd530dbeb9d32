//! A hinge between two bodies, with a motor and with limits of its angle.

use super::math::Vec2;
use serde::{Deserialize, Serialize};

/// What a hinge joins and how far it turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HingeSpec {
    /// The index of its first body.
    pub first: usize,
    /// The index of its second body, whose angle against the first is the hinge's.
    pub second: usize,
    /// Where it sits on the first body, in that body's coordinates.
    pub anchor_on_first: Vec2,
    /// Where it sits on the second body, in that body's coordinates.
    pub anchor_on_second: Vec2,
    /// The least angle, radians.
    pub lower_angle: f32,
    /// The greatest angle, radians.
    pub upper_angle: f32,
}

/// What a motor is told for one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Motor {
    /// The angular velocity that it aims at, radians per second.
    pub speed: f32,
    /// The greatest torque that it uses, N m.
    pub max_torque: f32,
}

/// A hinge of a world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hinge {
    pub(crate) first: usize,
    pub(crate) second: usize,
    pub(crate) anchor_on_first: Vec2,
    pub(crate) anchor_on_second: Vec2,
    pub(crate) lower_angle: f32,
    pub(crate) upper_angle: f32,
    /// The difference of the bodies' angles at which the hinge's angle is zero, radians.
    pub(crate) reference_angle: f32,
    pub(crate) motor: Motor,
    /// The impulse that last held both anchors together, N s.
    pub(crate) impulse: Vec2,
    /// The impulse that last held the limit, N m s.
    pub(crate) limit_impulse: f32,
    /// The impulse that the motor last gave, N m s.
    pub(crate) motor_impulse: f32,
    pub(crate) limit: Limit,
}

/// Which limit of its angle a hinge has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Limit {
    Neither,
    Lower,
    Upper,
}

impl Hinge {
    /// A hinge between bodies that start at these angles: their difference is where its own angle is zero.
    pub(crate) fn new(spec: &HingeSpec, angle_of_first: f32, angle_of_second: f32) -> Self {
        Self {
            first: spec.first,
            second: spec.second,
            anchor_on_first: spec.anchor_on_first,
            anchor_on_second: spec.anchor_on_second,
            lower_angle: spec.lower_angle,
            upper_angle: spec.upper_angle,
            reference_angle: angle_of_second - angle_of_first,
            motor: Motor::default(),
            impulse: Vec2::ZERO,
            limit_impulse: 0.0,
            motor_impulse: 0.0,
            limit: Limit::Neither,
        }
    }
}

/// The order in which the solver visits the hinges: a depth-first search from the last body.
///
/// The last impulse applied is the one that holds best, so this order is part of the physics; each body's hinges are
/// followed from the newest to the oldest, as in Box2D's islands.
pub(crate) fn solving_order(bodies: usize, hinges: &[Hinge]) -> Vec<usize> {
    let mut order = Vec::with_capacity(hinges.len());
    let mut visited = vec![false; bodies];
    for seed in (0..bodies).rev() {
        if visited[seed] {
            continue;
        }
        visited[seed] = true;
        let mut stack = vec![seed];
        while let Some(body) = stack.pop() {
            for (index, hinge) in hinges.iter().enumerate().rev() {
                let other = match body {
                    b if b == hinge.first => hinge.second,
                    b if b == hinge.second => hinge.first,
                    _ => continue,
                };
                if order.contains(&index) {
                    continue;
                }
                order.push(index);
                if !visited[other] {
                    visited[other] = true;
                    stack.push(other);
                }
            }
        }
    }
    order
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are expected where numbers are compared")]
mod tests {
    use super::*;

    fn order(bodies: usize, joined: &[(usize, usize)]) -> Vec<usize> {
        let hinge = |&(first, second): &(usize, usize)| {
            let spec = HingeSpec {
                first,
                second,
                anchor_on_first: Vec2::ZERO,
                anchor_on_second: Vec2::ZERO,
                lower_angle: -1.0,
                upper_angle: 1.0,
            };
            Hinge::new(&spec, 0.25, 1.0)
        };
        solving_order(bodies, &joined.iter().map(hinge).collect::<Vec<_>>())
    }

    /// Followed by hand through Box2D's lists, in which what was made last comes first.
    #[test]
    fn hinges_are_solved_from_the_last_foot_up_and_down_the_other_legs() {
        //      0
        //   j0╱ ╲j2
        //    1   3
        //  j1│   │j3
        //    2   4
        let biped = [(0, 1), (1, 2), (0, 3), (3, 4)];
        assert_eq!(order(5, &biped), [3, 2, 0, 1]);
        let quadruped = [(0, 1), (1, 2), (0, 3), (3, 4), (0, 5), (5, 6), (0, 7), (7, 8)];
        assert_eq!(order(9, &quadruped), [7, 6, 4, 2, 0, 1, 3, 5]);
    }

    #[test]
    fn every_hinge_of_rings_and_of_separate_parts_is_visited_once() {
        assert_eq!(order(3, &[(0, 1), (1, 2), (2, 0)]), [2, 1, 0]);
        assert_eq!(order(4, &[(0, 1), (2, 3)]), [1, 0]);
        assert!(order(1, &[]).is_empty());
    }

    #[test]
    fn the_angle_is_zero_where_the_bodies_began() {
        let spec = HingeSpec {
            first: 0,
            second: 1,
            anchor_on_first: Vec2::ZERO,
            anchor_on_second: Vec2::ZERO,
            lower_angle: -1.0,
            upper_angle: 1.0,
        };
        assert_eq!(Hinge::new(&spec, 0.25, 1.0).reference_angle, 0.75);
    }
}
