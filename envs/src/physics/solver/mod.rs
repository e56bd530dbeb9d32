//! The step of velocities and positions: sequential impulses (Catto, GDC 2005 and 2006), written once over [`Lanes`].
//!
//! Hinges and contacts are constraints on velocities. One after the other, each applies the impulse that makes it hold, given what the
//! others did before, and the round is repeated often enough; impulses start from those of the last step. Then bodies
//! move, and what is off in positions is corrected in the same manner. Order decides the outcome, so it is that
//! of Box2D 2.3.0's `b2Island::Solve`: hinges in the order of the island, then contacts body by body, the newest first.
//! A contact concerns one body only, for the terrain does not move, so contacts of different bodies do not depend on
//! each other, and each body keeps its own row of slots. Worlds of one register may fill a row differently: a slot that a
//! world leaves empty changes nothing of it.

mod hinge;
pub(crate) mod impact;
pub(crate) mod touch;

use super::body::Body;
use super::contact::Contact;
use super::joint::{Hinge, Limit};
use super::lanes::{Lanes, Mask};
use super::math::{Rotation, Transform, Vec2, placed};
use hinge::HingeLanes;
use touch::Touch;

/// How often a round of velocity constraints is repeated, and at most one of position constraints.
///
/// The publication's environments ask for as many; with fewer, walkers walk otherwise.
pub(crate) const VELOCITY_ROUNDS: usize = 180;

/// The rounds of position constraints, 60 in all, in stages. Most worlds are done after one or two and some never, so after
/// each stage those that are not done share registers among themselves.
pub(crate) const POSITION_STAGES: [usize; 3] = [2, 6, 52];

/// Bodies move at most this far in a step, metres, and turn at most that far, radians.
const MOST_TRANSLATION: f32 = 2.0;
const MOST_ROTATION: f32 = 0.5 * core::f32::consts::PI;

/// The state of a body while constraints are solved.
#[derive(Clone, Copy)]
pub(crate) struct Mover<T: Lanes> {
    pub(crate) center: Vec2<T>,
    pub(crate) angle: T,
    pub(crate) velocity: Vec2<T>,
    pub(crate) spin: T,
    pub(crate) inverse_mass: T,
    pub(crate) inverse_inertia: T,
    pub(crate) local_center: Vec2<T>,
    force: Vec2<T>,
}

impl<T: Lanes> Mover<T> {
    fn empty() -> Self {
        let zero = Vec2::splat(Vec2::ZERO);
        Self {
            center: zero,
            angle: T::zero(),
            velocity: zero,
            spin: T::zero(),
            inverse_mass: T::zero(),
            inverse_inertia: T::zero(),
            local_center: zero,
            force: zero,
        }
    }

    fn load(&mut self, lane: usize, body: &Body) {
        self.center.set_lane(lane, body.sweep.center);
        self.angle.set_lane(lane, body.sweep.angle);
        self.velocity.set_lane(lane, body.velocity);
        self.spin.set_lane(lane, body.spin);
        self.inverse_mass.set_lane(lane, body.inverse_mass);
        self.inverse_inertia.set_lane(lane, body.inverse_inertia);
        self.local_center.set_lane(lane, body.sweep.local_center);
        self.force.set_lane(lane, body.force);
    }

    /// Adds what gravity and the force on the body do in a step.
    #[inline(always)]
    fn accelerate(&mut self, step: T, gravity: Vec2<T>) {
        self.velocity += (gravity + self.force.scaled(self.inverse_mass)).scaled(step);
    }

    /// Moves the body for a step, at most so far.
    #[inline(always)]
    fn drift(&mut self, step: T) {
        let most = T::splat(MOST_TRANSLATION * MOST_TRANSLATION);
        let translation = self.velocity.scaled(step);
        let too_far = most.less(translation.dot(translation));
        if too_far.any() {
            let ratio = T::splat(MOST_TRANSLATION) / translation.length();
            self.velocity = Vec2::select(too_far, self.velocity.scaled(ratio), self.velocity);
        }
        let rotation = step * self.spin;
        let too_far = T::splat(MOST_ROTATION * MOST_ROTATION).less(rotation * rotation);
        if too_far.any() {
            let ratio = T::splat(MOST_ROTATION) / rotation.magnitude();
            self.spin = T::select(too_far, self.spin * ratio, self.spin);
        }
        self.center += self.velocity.scaled(step);
        self.angle = self.angle + step * self.spin;
    }

    #[inline(always)]
    pub(crate) fn place(&self) -> Transform<T> {
        placed(self.center, Rotation::by(self.angle), self.local_center)
    }
}

/// The part of a world that a solver works on.
pub(crate) struct SolverInput<'a> {
    pub(crate) bodies: &'a mut [Body],
    pub(crate) hinges: &'a mut [Hinge],
    /// The hinges in the order in which they are solved.
    pub(crate) order: &'a [usize],
    /// From the oldest to the newest.
    pub(crate) contacts: &'a mut [Contact],
    /// The ratio of this step's length to that of the last, by which old impulses are scaled; 0 in the first step.
    pub(crate) step_ratio: f32,
    /// Whether all position constraints hold after the step.
    pub(crate) settled: bool,
}

impl SolverInput<'_> {
    /// Worlds with near keys cost much the same in one register, for they fill its slots of contacts alike.
    pub(crate) fn similarity(&self) -> u64 {
        let mut counts = [0_u64; super::MAX_BODIES];
        for contact in self.contacts.iter().filter(|contact| contact.touches()) {
            counts[contact.body as usize] += 1;
        }
        counts.iter().fold(0, |key, &count| key << 3 | count.min(7))
    }
}

/// One island for each lane, in the solver's own layout; kept between steps so that nothing is allocated in them.
pub(crate) struct Islands<T: Lanes> {
    movers: Vec<Mover<T>>,
    hinges: Vec<HingeLanes<T>>,
    touches: Vec<Touch<T>>,
    /// Where the slots of each body begin in `touches`, and after the last where they end.
    rows: Vec<usize>,
    /// Where each body is after the step.
    places: Vec<Transform<T>>,
    /// The lanes whose position constraints do not hold yet.
    open: T::Mask,
}

impl<T: Lanes> Islands<T> {
    pub(crate) fn new() -> Self {
        Self {
            movers: Vec::new(),
            hinges: Vec::new(),
            touches: Vec::new(),
            rows: Vec::new(),
            places: Vec::new(),
            open: T::Mask::splat(false),
        }
    }

    /// Loads a world into each lane, the first one also into those that are left over. All have as many bodies and hinges, joined in the same order.
    pub(crate) fn load(&mut self, worlds: &[SolverInput<'_>]) {
        assert!((1..=T::COUNT).contains(&worlds.len()), "at most one world for each lane");
        let bodies = worlds[0].bodies.len();
        assert!(worlds.iter().all(|world| world.bodies.len() == bodies && world.order == worlds[0].order));
        self.movers.resize(bodies, Mover::empty());
        self.hinges.resize(worlds[0].hinges.len(), HingeLanes::empty());
        self.lay_rows(worlds, bodies);
        for lane in 0..T::COUNT {
            let world = worlds.get(lane).unwrap_or(&worlds[0]);
            for (mover, body) in self.movers.iter_mut().zip(world.bodies.iter()) {
                mover.load(lane, body);
            }
            for (hinge, &index) in self.hinges.iter_mut().zip(world.order) {
                hinge.load(lane, &world.hinges[index], world.step_ratio);
            }
            let mut next: [usize; super::MAX_BODIES] = [0; super::MAX_BODIES];
            next[..bodies].copy_from_slice(&self.rows[..bodies]);
            for contact in world.contacts.iter().rev().filter(|contact| contact.touches()) {
                let slot = &mut next[contact.body as usize];
                self.touches[*slot].load(lane, contact, world.step_ratio);
                *slot += 1;
            }
        }
    }

    /// Gives each body as many slots as the world with most of its contacts needs.
    fn lay_rows(&mut self, worlds: &[SolverInput<'_>], bodies: usize) {
        let mut most = [0_usize; super::MAX_BODIES];
        for world in worlds {
            let mut counts = [0_usize; super::MAX_BODIES];
            for contact in world.contacts.iter().filter(|contact| contact.touches()) {
                counts[contact.body as usize] += 1;
            }
            for (most, count) in most.iter_mut().zip(counts) {
                *most = (*most).max(count);
            }
        }
        self.rows.clear();
        let mut total = 0;
        for &count in &most[..bodies] {
            self.rows.push(total);
            total += count;
        }
        self.rows.push(total);
        self.touches.clear();
        self.touches.resize(total, Touch::empty());
    }

    /// Solves a step of `step` seconds.
    #[inline(always)]
    pub(crate) fn solve(&mut self, step: f32, gravity: Vec2) {
        let seconds = T::splat(step);
        let gravity = Vec2::splat(gravity);
        for mover in &mut self.movers {
            mover.accelerate(seconds, gravity);
        }
        for body in 0..self.movers.len() {
            for touch in &mut self.touches[self.rows[body]..self.rows[body + 1]] {
                touch.prepare(&self.movers[body]);
            }
        }
        for body in 0..self.movers.len() {
            for touch in &mut self.touches[self.rows[body]..self.rows[body + 1]] {
                touch.warm_start(&mut self.movers[body]);
            }
        }
        for hinge in &mut self.hinges {
            hinge.prepare(&mut self.movers);
        }
        for _ in 0..VELOCITY_ROUNDS {
            for hinge in &mut self.hinges {
                hinge.solve_velocity(&mut self.movers, seconds);
            }
            for body in 0..self.movers.len() {
                for touch in &mut self.touches[self.rows[body]..self.rows[body + 1]] {
                    touch.solve_velocity(&mut self.movers[body]);
                }
            }
        }
        for mover in &mut self.movers {
            mover.drift(seconds);
        }
        self.correct_positions(POSITION_STAGES[0]);
    }

    /// Corrects the positions of worlds that were solved, stored and loaded again for more rounds.
    #[inline(always)]
    pub(crate) fn correct_further(&mut self, rounds: usize) {
        for hinge in &mut self.hinges {
            hinge.weigh(&self.movers);
        }
        self.correct_positions(rounds);
    }

    #[inline(always)]
    fn correct_positions(&mut self, rounds: usize) {
        self.repeat_corrections(rounds);
        self.places.clear();
        for mover in &self.movers {
            self.places.push(mover.place());
        }
    }

    /// Writes a solved step back into the worlds.
    pub(crate) fn store(&self, worlds: &mut [SolverInput<'_>]) {
        for (lane, world) in worlds.iter_mut().enumerate() {
            for (index, body) in world.bodies.iter_mut().enumerate() {
                let mover = &self.movers[index];
                body.sweep.center_before = body.sweep.center;
                body.sweep.angle_before = body.sweep.angle;
                body.sweep.center = mover.center.lane(lane);
                body.sweep.angle = mover.angle.lane(lane);
                body.velocity = mover.velocity.lane(lane);
                body.spin = mover.spin.lane(lane);
                let place = &self.places[index];
                body.swept_bounds = body.bounds;
                body.position_before = body.place.position;
                body.settle_at(place.lane(lane));
            }
            for (hinge, &index) in self.hinges.iter().zip(world.order) {
                hinge.store(lane, &mut world.hinges[index]);
            }
            let mut next: [usize; super::MAX_BODIES] = [0; super::MAX_BODIES];
            next[..world.bodies.len()].copy_from_slice(&self.rows[..world.bodies.len()]);
            for contact in world.contacts.iter_mut().rev().filter(|contact| contact.touches()) {
                let slot = &mut next[contact.body as usize];
                self.touches[*slot].store(lane, &mut contact.manifold);
                *slot += 1;
            }
        }
        self.store_positions(worlds);
    }

    /// Writes corrected positions back into the worlds.
    pub(crate) fn store_positions(&self, worlds: &mut [SolverInput<'_>]) {
        for (lane, world) in worlds.iter_mut().enumerate() {
            for (index, body) in world.bodies.iter_mut().enumerate() {
                let (mover, place) = (&self.movers[index], &self.places[index]);
                body.sweep.center = mover.center.lane(lane);
                body.sweep.angle = mover.angle.lane(lane);
                body.settle_at(Transform {
                    position: place.position.lane(lane),
                    rotation: Rotation {
                        sin: place.rotation.sin.lane(lane),
                        cos: place.rotation.cos.lane(lane),
                    },
                });
            }
            world.settled = !self.open.lane(lane);
        }
    }

    /// Repeats the round of position constraints in each lane until all of them hold.
    #[inline(always)]
    fn repeat_corrections(&mut self, rounds: usize) {
        let mut open = T::Mask::splat(true);
        for _ in 0..rounds {
            let mut before = [(Vec2::splat(Vec2::ZERO), T::zero()); super::MAX_BODIES];
            if !open.all() {
                for (before, mover) in before.iter_mut().zip(&self.movers) {
                    *before = (mover.center, mover.angle);
                }
            }
            let mut least = T::zero();
            for body in 0..self.movers.len() {
                for touch in &self.touches[self.rows[body]..self.rows[body + 1]] {
                    least = touch.correct_position(&mut self.movers[body], touch::Correction::Step, least);
                }
            }
            let mut holds = T::splat(touch::Correction::Step.deepest_allowed()).at_most(least);
            for hinge in &self.hinges {
                holds = holds & hinge.correct_position(&mut self.movers);
            }
            if !open.all() {
                for (before, mover) in before.iter().zip(&mut self.movers) {
                    mover.center = Vec2::select(open, mover.center, before.0);
                    mover.angle = T::select(open, mover.angle, before.1);
                }
            }
            open = open & !holds;
            if !open.any() {
                break;
            }
        }
        self.open = open;
    }
}

/// Lets all bodies sleep once every one of them has been still for half a second and their positions are `settled`.
pub(crate) fn rest(bodies: &mut [Body], step: f32, settled: bool) {
    const STILL_SPEED: f32 = 0.01;
    const STILL_SPIN: f32 = 2.0 / 180.0 * core::f32::consts::PI;
    const SECONDS: f32 = 0.5;

    let mut least = f32::MAX;
    for body in bodies.iter_mut() {
        let moves = body.spin * body.spin > STILL_SPIN * STILL_SPIN
            || body.velocity.dot(body.velocity) > STILL_SPEED * STILL_SPEED;
        body.still_for = if moves { 0.0 } else { body.still_for + step };
        least = least.min(body.still_for);
    }
    if least >= SECONDS && settled {
        bodies.iter_mut().for_each(Body::sleep);
    }
}

#[cfg(test)]
mod tests;
