//! The rest of a step after an impact: one body against the terrain around it.
//!
//! Follows Box2D 2.3.0's `b2Island::SolveTOI`: positions are corrected at the time of the impact, velocities are solved from
//! no impulses at all, and the body moves for the rest of the step.

use super::touch::{Correction, Touch};
use super::{Mover, VELOCITY_ROUNDS};
use crate::physics::body::Body;
use crate::physics::contact::Contact;

const POSITION_ROUNDS: usize = 20;

/// Solves the contacts of one body for the `step` seconds left, the one of the impact first.
pub(crate) fn solve_impact<'a>(body: &mut Body, contacts: impl Iterator<Item = &'a Contact>, step: f32) {
    let mut mover = Mover::<f32>::empty();
    mover.load(0, body);
    let mut touches: Vec<Touch<f32>> = contacts
        .map(|contact| {
            let mut touch = Touch::empty();
            touch.load(0, contact, 0.0);
            touch
        })
        .collect();

    for _ in 0..POSITION_ROUNDS {
        let mut least = 0.0_f32;
        for touch in &touches {
            least = touch.correct_position(&mut mover, Correction::Impact, least);
        }
        if least >= Correction::Impact.deepest_allowed() {
            break;
        }
    }
    body.sweep.center_before = mover.center;
    body.sweep.angle_before = mover.angle;

    for touch in &mut touches {
        touch.prepare(&mover);
    }
    for _ in 0..VELOCITY_ROUNDS {
        let (velocity, spin) = (mover.velocity, mover.spin);
        let mut settled = true;
        for touch in &mut touches {
            let before = touch.impulses();
            touch.solve_velocity(&mut mover);
            settled &= same(touch.impulses(), before);
        }
        // A round that changes nothing will change nothing again.
        let Mover { velocity: now, spin: spin_now, .. } = mover;
        if settled && same([now.x, now.y, spin_now], [velocity.x, velocity.y, spin]) {
            break;
        }
    }

    mover.drift(step);
    body.sweep.center = mover.center;
    body.sweep.angle = mover.angle;
    body.velocity = mover.velocity;
    body.spin = mover.spin;
    body.settle();
}

fn same<const N: usize>(one: [f32; N], two: [f32; N]) -> bool {
    one.map(f32::to_bits) == two.map(f32::to_bits)
}
