//! The rest of a step after an impact: one body against the terrain around it, in each lane.
//!
//! Follows Box2D 2.3.0's `b2Island::SolveTOI`: positions are corrected at the time of the impact, velocities are solved from
//! no impulses at all, and the body moves for the rest of the step.

use super::touch::{Correction, Touch};
use super::{Mover, VELOCITY_ROUNDS};
use crate::physics::body::Body;
use crate::physics::contact::Contact;
use crate::physics::lanes::{Lanes, Mask};
use crate::physics::math::{Rotation, Transform, Vec2};

const POSITION_ROUNDS: usize = 20;

/// A body at the time of an impact.
pub(crate) struct ImpactInput<'a> {
    pub(crate) body: &'a mut Body,
    pub(crate) contacts: &'a [Contact],
    /// Those of the contacts that take part, the one of the impact first.
    pub(crate) island: &'a [usize],
    /// What is left of the step, seconds.
    pub(crate) left: f32,
}

/// One impact for each lane, in the solver's own layout.
pub(crate) struct Impacts<T: Lanes> {
    mover: Mover<T>,
    touches: Vec<Touch<T>>,
    left: T,
    center_at_impact: Vec2<T>,
    angle_at_impact: T,
    place: Transform<T>,
}

impl<T: Lanes> Impacts<T> {
    pub(crate) fn new() -> Self {
        let (zero, none) = (T::zero(), Vec2::splat(Vec2::ZERO));
        Self {
            mover: Mover::empty(),
            touches: Vec::new(),
            left: zero,
            center_at_impact: none,
            angle_at_impact: zero,
            place: Transform { position: none, rotation: Rotation { sin: zero, cos: T::splat(1.0) } },
        }
    }

    /// Loads an impact into each lane, the first one also into those that are left over.
    pub(crate) fn load(&mut self, impacts: &[ImpactInput<'_>]) {
        assert!((1..=T::COUNT).contains(&impacts.len()), "at most one impact for each lane");
        let slots = impacts.iter().map(|impact| impact.island.len()).max().unwrap_or(0);
        self.touches.clear();
        self.touches.resize(slots, Touch::empty());
        for lane in 0..T::COUNT {
            let impact = impacts.get(lane).unwrap_or(&impacts[0]);
            self.mover.load(lane, impact.body);
            self.left.set_lane(lane, impact.left);
            for (touch, &contact) in self.touches.iter_mut().zip(impact.island) {
                touch.load(lane, &impact.contacts[contact], 0.0);
            }
        }
    }

    /// Solves what is left of the step.
    #[inline(always)]
    pub(crate) fn solve(&mut self) {
        self.correct_positions();
        self.center_at_impact = self.mover.center;
        self.angle_at_impact = self.mover.angle;
        for touch in &mut self.touches {
            touch.prepare(&self.mover);
        }
        for _ in 0..VELOCITY_ROUNDS {
            let (velocity, spin) = (self.mover.velocity, self.mover.spin);
            let mut settled = T::Mask::splat(true);
            for touch in &mut self.touches {
                let before = touch.impulses();
                touch.solve_velocity(&mut self.mover);
                for (now, before) in touch.impulses().into_iter().zip(before) {
                    settled = settled & now.same(before);
                }
            }
            let Mover { velocity: now, spin: spin_now, .. } = self.mover;
            // A round that changes nothing will change nothing again.
            if (settled & now.x.same(velocity.x) & now.y.same(velocity.y) & spin_now.same(spin)).all() {
                break;
            }
        }
        self.mover.drift(self.left);
        self.place = self.mover.place();
    }

    #[inline(always)]
    fn correct_positions(&mut self) {
        let mut open = T::Mask::splat(true);
        for _ in 0..POSITION_ROUNDS {
            let (center, angle) = (self.mover.center, self.mover.angle);
            let mut least = T::zero();
            for touch in &self.touches {
                least = touch.correct_position(&mut self.mover, Correction::Impact, least);
            }
            self.mover.center = Vec2::select(open, self.mover.center, center);
            self.mover.angle = T::select(open, self.mover.angle, angle);
            open = open & !T::splat(Correction::Impact.deepest_allowed()).at_most(least);
            if !open.any() {
                break;
            }
        }
    }

    /// Writes what was solved back into the bodies.
    pub(crate) fn store(&self, impacts: &mut [ImpactInput<'_>]) {
        for (lane, impact) in impacts.iter_mut().enumerate() {
            let body = &mut impact.body;
            body.sweep.center_before = self.center_at_impact.lane(lane);
            body.sweep.angle_before = self.angle_at_impact.lane(lane);
            body.sweep.center = self.mover.center.lane(lane);
            body.sweep.angle = self.mover.angle.lane(lane);
            body.velocity = self.mover.velocity.lane(lane);
            body.spin = self.mover.spin.lane(lane);
            body.settle_at(self.place.lane(lane));
        }
    }
}
