//! The parametric BipedalWalker of the publication (Portelas et al., CoRL 2019, after OpenAI's BipedalWalker).
//!
//! A hull on two or four legs learns to walk to the right over a track. Returns mean what they mean in the publication: every
//! observation and reward equals that of its environment, step by step.

mod draws;
mod environment;
mod episode;
mod heuristic;
mod morphology;
pub mod vector;

pub use environment::{WalkerEnvironment, WalkerSettings};
pub use episode::Episode;
pub use heuristic::Heuristic;
pub use morphology::WalkerKind;

use crate::physics::{Motor, Stepper, Terrain, Transform, Vec2, World};
use crate::track::{START_X_M, Track};
use morphology::SCALE;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many rays the lidar has.
pub const LIDAR_RAYS: usize = 10;

/// How far the lidar sees, metres.
pub const LIDAR_RANGE: f64 = 160.0 / SCALE;

/// The most actions of a walker.
pub const MAX_ACTIONS: usize = 8;

/// The most numbers of an observation.
pub const MAX_OBSERVATIONS: usize = 34;

const VIEW_WIDTH: f64 = 600.0;
const VIEW_HEIGHT: f64 = 400.0;
const STEPS_PER_SECOND: f64 = 50.0;
const HIP_SPEED: f64 = 4.0;
const KNEE_SPEED: f64 = 6.0;
const HULL: usize = 0;

/// The bodies whose contact with the ground is observed: the lower parts of the first pair of legs, of a quadruped too.
const FEET: [usize; 2] = [2, 4];

/// A walker on its track.
///
/// A clone goes on exactly as the original does, and so does what is read back from its serialized form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Walker {
    world: World,
    kind: WalkerKind,
    finish_x_m: f64,
    on_ground: [bool; 2],
    fallen: bool,
    shaping: Option<f64>,
}

/// What a step brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// The reward.
    pub reward: f64,
    /// Whether the walker has fallen, left the track at its beginning or reached its end.
    pub terminated: bool,
}

/// A track as the physics needs it; cloning is cheap.
#[derive(Clone, Debug)]
pub struct Ground {
    terrain: Arc<Terrain>,
    start_height_m: f64,
    finish_x_m: f64,
}

impl From<&Track> for Ground {
    fn from(track: &Track) -> Self {
        Self {
            terrain: Arc::clone(track.terrain()),
            start_height_m: track.start_height_m(),
            finish_x_m: track.finish_x_m(),
        }
    }
}

impl AsMut<World> for Walker {
    fn as_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl AsMut<Walker> for Walker {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl Walker {
    /// A walker on the start pad, pushed by `initial_force` N during the first step.
    ///
    /// The publication's `reset` ends with one step without action; that one is not taken yet. Nothing of the walker can fail to be
    /// built, whatever the ground.
    pub fn new(kind: WalkerKind, ground: &Ground, initial_force: f64) -> Self {
        let (bodies, hinges) = kind.morphology().parts(START_X_M, ground.start_height_m);
        let mut world = World::new(Arc::clone(&ground.terrain), &bodies, &hinges)
            .expect("hinges join all parts of a walker, none of which has an acute corner");
        world.push(HULL, Vec2::new(initial_force as f32, 0.0));
        Self {
            world,
            kind,
            finish_x_m: ground.finish_x_m,
            on_ground: [false; 2],
            fallen: false,
            shaping: None,
        }
    }

    /// Which body it is.
    pub fn kind(&self) -> WalkerKind {
        self.kind
    }

    /// Where a part of the walker is.
    pub fn place(&self, body: usize) -> Transform {
        self.world.place(body)
    }

    /// The corners of a part of the walker, metres.
    pub fn outline(&self, body: usize) -> &[Vec2] {
        self.world.outline(body)
    }

    /// The hull's angle, radians.
    pub fn hull_angle(&self) -> f32 {
        self.world.angle(HULL)
    }

    /// Takes a step of 1/50 s in every walker, with torques from -1 to 1 for hip and knee of each leg; what exceeds that is cut off.
    ///
    /// `actions` holds the torques of one walker after the other, `results` gets one result for each. What a walker does depends
    /// neither on its place nor on the others.
    ///
    /// # Panics
    /// If the lengths do not fit or the walkers are joined differently.
    pub fn step_all<W: AsMut<Self> + AsMut<World>>(
        walkers: &mut [W],
        actions: &[f64],
        results: &mut [StepResult],
        stepper: &mut Stepper,
    ) {
        let Some(first) = walkers.first_mut() else { return };
        let count = AsMut::<Self>::as_mut(first).kind.action_count();
        assert_eq!(actions.len(), count * walkers.len(), "one torque for each motor of each walker");
        assert_eq!(results.len(), walkers.len(), "one result for each walker");
        for (walker, action) in walkers.iter_mut().zip(actions.chunks(count)) {
            let walker: &mut Self = walker.as_mut();
            let motors = walker.motors_for(action);
            walker.world.command(&motors[..count]);
        }
        stepper.step(walkers);
        for ((walker, action), result) in walkers.iter_mut().zip(actions.chunks(count)).zip(results) {
            let walker: &mut Self = walker.as_mut();
            walker.feel();
            *result = walker.result(action);
        }
    }

    /// Takes over who touches what.
    fn feel(&mut self) {
        for event in self.world.events() {
            if event.body == HULL && event.touches {
                self.fallen = true;
            }
            if let Some(foot) = FEET.iter().position(|&foot| foot == event.body) {
                // One contact that ends clears the flag, even where another remains: so does the publication's.
                self.on_ground[foot] = event.touches;
            }
        }
    }

    fn motors_for(&self, action: &[f64]) -> [Motor; MAX_ACTIONS] {
        let max_torque = self.kind.morphology().max_torque;
        let mut motors = [Motor::default(); MAX_ACTIONS];
        for (index, (motor, &torque)) in motors.iter_mut().zip(action).enumerate() {
            let speed = if index % 2 == 0 { HIP_SPEED } else { KNEE_SPEED };
            motor.speed = (speed * sign(torque)) as f32;
            motor.max_torque = (max_torque * torque.abs().min(1.0)) as f32;
        }
        motors
    }

    fn result(&mut self, action: &[f64]) -> StepResult {
        let morphology = self.kind.morphology();
        let x = f64::from(self.world.place(HULL).position.x);
        let shaping = 130.0 * x / SCALE - 5.0 * f64::from(self.world.angle(HULL)).abs();
        let mut reward = self.shaping.map_or(0.0, |before| shaping - before);
        self.shaping = Some(shaping);
        for torque in action {
            reward -= morphology.torque_penalty * morphology.max_torque * torque.abs().min(1.0);
        }
        let fallen = self.fallen || x < 0.0;
        if fallen {
            reward = -100.0;
        }
        StepResult { reward, terminated: fallen || x > self.finish_x_m }
    }

    /// Writes what the walker perceives: the hull's angle (radians) and angular velocity, its velocity in x and y (all scaled to
    /// about -1..1); for each leg the hip's angle and speed, the knee's angle and speed and whether the foot
    /// touches the ground; the shares of the lidar's rays up to where they meet the terrain.
    pub fn observe(&self, observation: &mut [f64]) {
        let velocity = self.world.velocity(HULL);
        let mut next = 0;
        let mut put = |value: f64| {
            observation[next] = value;
            next += 1;
        };
        put(f64::from(self.world.angle(HULL)));
        put(2.0 * f64::from(self.world.spin(HULL)) / STEPS_PER_SECOND);
        put(0.3 * f64::from(velocity.x) * (VIEW_WIDTH / SCALE) / STEPS_PER_SECOND);
        put(0.3 * f64::from(velocity.y) * (VIEW_HEIGHT / SCALE) / STEPS_PER_SECOND);
        for leg in 0..self.kind.action_count() / 2 {
            let (hip, knee) = (2 * leg, 2 * leg + 1);
            put(f64::from(self.world.hinge_angle(hip)));
            put(f64::from(self.world.hinge_speed(hip)) / HIP_SPEED);
            put(f64::from(self.world.hinge_angle(knee)) + 1.0);
            put(f64::from(self.world.hinge_speed(knee)) / KNEE_SPEED);
            put(if self.on_ground.get(leg).is_some_and(|&touches| touches) { 1.0 } else { 0.0 });
        }
        for ray in self.lidar() {
            put(f64::from(ray));
        }
    }

    /// The share of each of the lidar's rays up to the terrain that it reports, 1 for none.
    pub fn lidar(&self) -> [f32; LIDAR_RAYS] {
        self.world.rays(HULL, &self.lidar_reach()).map(|share| share.unwrap_or(1.0))
    }

    /// Where the lidar's rays end if they meet nothing, metres; they begin at the hull's place.
    pub fn lidar_reach(&self) -> [Vec2; LIDAR_RAYS] {
        let from = self.world.place(HULL).position;
        LIDAR_DIRECTIONS.map(|(sin, cos)| {
            let x = f64::from(from.x) + sin * LIDAR_RANGE;
            let y = f64::from(from.y) - cos * LIDAR_RANGE;
            Vec2::new(x as f32, y as f32)
        })
    }
}

/// Sines and cosines of the angles 1.5 i / 10 of the lidar's rays against straight down, as literals so that they are the same everywhere.
const LIDAR_DIRECTIONS: [(f64, f64); LIDAR_RAYS] = [
    (0.0, 1.0),
    (0.14943813247359922, 0.9887710779360422),
    (0.29552020666133955, 0.955336489125606),
    (0.43496553411123023, 0.9004471023526769),
    (0.5646424733950354, 0.8253356149096783),
    (0.6816387600233341, 0.7316888688738209),
    (0.7833269096274834, 0.6216099682706644),
    (0.867423225594017, 0.49757104789172696),
    (0.9320390859672263, 0.3623577544766736),
    (0.9757233578266591, 0.2190066870930415),
];

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;
