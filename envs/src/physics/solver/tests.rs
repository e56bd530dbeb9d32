//! The solver against what mechanics says of bodies that fall, swing, slide and rest.

#![allow(clippy::float_cmp, reason = "exact results are expected where numbers are compared")]

use super::*;
use crate::physics::manifold::{Feature, Manifold, Part, Point, Reference};
use crate::physics::oracle::{exact, integrals};
use crate::physics::shape::{Edge, Polygon};
use crate::physics::stepper::{Engine, Stepper};
use crate::physics::world::{GRAVITY, Piece, STEP, Terrain, World};
use crate::physics::{ANGULAR_SLOP, BodySpec, HingeSpec, LINEAR_SLOP, Motor};
use proptest::prelude::*;
use std::sync::Arc;

const GRAVITY_DOWN: f32 = 10.0;

/// Straight ground with this slope through the origin.
fn ground(slope: f32, friction: f32) -> Arc<Terrain> {
    let along = Vec2::new(60.0, 60.0 * slope);
    Arc::new(Terrain::new(Arc::new([Piece::Edge(Edge::new(-along, along).unwrap())]), friction))
}

fn rectangle(half_width: f32, half_height: f32, position: Vec2) -> BodySpec {
    let shape = Polygon::rectangle(half_width, half_height).unwrap();
    BodySpec { shape, density: 1.0, friction: 1.0, position, angle: 0.0 }
}

fn hinge(anchor_on_first: Vec2, anchor_on_second: Vec2) -> HingeSpec {
    HingeSpec {
        first: 0,
        second: 1,
        anchor_on_first,
        anchor_on_second,
        lower_angle: -100.0,
        upper_angle: 100.0,
    }
}

/// Steps a world and calls `look` after each step.
fn run(world: World, steps: usize, mut look: impl FnMut(usize, &World)) -> World {
    let mut stepper = Stepper::new(Engine::Scalar).unwrap();
    let mut worlds = [Stepped(world)];
    for step in 1..=steps {
        stepper.step(&mut worlds);
        look(step, &worlds[0].0);
    }
    let [Stepped(world)] = worlds;
    world
}

struct Stepped(World);

impl AsMut<World> for Stepped {
    fn as_mut(&mut self) -> &mut World {
        &mut self.0
    }
}

/// Mass and moment of inertia about its middle of a body of which the origin is the middle.
fn mass_and_inertia(spec: &BodySpec) -> (f32, f32) {
    let (area, _, inertia) = integrals(&exact(spec.shape.vertices()));
    (spec.density * area as f32, spec.density * inertia as f32)
}

#[test]
fn hinged_bodies_fall_as_one_and_keep_their_spin_and_their_anchor() {
    let specs = [rectangle(0.5, 0.1, Vec2::new(0.0, 50.0)), rectangle(0.3, 0.2, Vec2::new(0.8, 50.0))];
    let [one, other] = specs.map(|spec| mass_and_inertia(&spec));
    let anchors = [Vec2::new(0.5, 0.0), Vec2::new(-0.3, 0.0)];
    let mut world = World::new(ground(0.0, 1.0), &specs, &[hinge(anchors[0], anchors[1])]).unwrap();
    world.command(&[Motor { speed: 3.0, max_torque: 0.05 }]);
    let force = Vec2::new(0.0, 40.0);
    world.push(1, force);

    let mass = one.0 + other.0;
    let middle =
        |world: &World| (1.0 / mass) * (one.0 * world.place(0).position + other.0 * world.place(1).position);
    let start = middle(&world);
    // A push beside the common centre turns the pair; the motor, which acts on both, cannot.
    let spin = (specs[1].position - start).cross(force) * STEP;
    run(world, 50, |step, world| {
        let steps = step as f32;
        let fallen = -0.5 * GRAVITY_DOWN * STEP * STEP * steps * (steps + 1.0);
        let risen = force.y / mass * STEP * STEP * steps;
        let expected = start + Vec2::new(0.0, fallen + risen);
        assert!((middle(world) - expected).length() < 1e-3);

        let center = middle(world);
        let moment = |body: usize, (mass, inertia): (f32, f32)| {
            mass * (world.place(body).position - center).cross(world.velocity(body))
                + inertia * world.spin(body)
        };
        let total = moment(0, one) + moment(1, other);
        // Corrected positions draw the bodies together, which takes a little of it.
        assert!((0.93 * spin..=1.001 * spin).contains(&total), "{total} is not {spin}");

        let off = world.place(0).of(anchors[0]) - world.place(1).of(anchors[1]);
        assert!(off.length() <= LINEAR_SLOP, "the anchors are {} m apart", off.length());
    });
}

#[test]
fn a_motor_turns_as_fast_as_its_torque_allows_and_not_faster_than_it_is_told() {
    let spec = rectangle(0.5, 0.1, Vec2::new(0.0, 50.0));
    let (_, inertia) = mass_and_inertia(&spec);
    let (torque, speed) = (0.05, 4.0);
    let mut world = World::new(ground(0.0, 1.0), &[spec, spec], &[hinge(Vec2::ZERO, Vec2::ZERO)]).unwrap();
    world.command(&[Motor { speed, max_torque: torque }]);
    let gain = torque * STEP * 2.0 / inertia;
    let reached = (speed / gain).ceil() as usize;
    assert!((10..100).contains(&reached));
    run(world, 2 * reached, |step, world| {
        let expected = (gain * step as f32).min(speed);
        let found = world.hinge_speed(0);
        assert!((found - expected).abs() < 1e-3, "{found} rad/s after {step} steps, not {expected}");
        // The torque works on both bodies alike.
        assert!((world.spin(0) + world.spin(1)).abs() < 1e-4);
    });
}

#[test]
fn limits_stop_the_motor() {
    let spec = rectangle(0.5, 0.1, Vec2::new(0.0, 50.0));
    for (speed, limit) in [(4.0, 0.7), (-4.0, -0.4)] {
        let limited = HingeSpec { lower_angle: -0.4, upper_angle: 0.7, ..hinge(Vec2::ZERO, Vec2::ZERO) };
        let mut world = World::new(ground(0.0, 1.0), &[spec, spec], &[limited]).unwrap();
        world.command(&[Motor { speed, max_torque: 1.0 }]);
        let world = run(world, 100, |_, world| {
            let angle = world.hinge_angle(0);
            // A step may overshoot by what the motor turns in it before the limit is seen.
            assert!((-0.4 - 4.0 * STEP..=0.7 + 4.0 * STEP).contains(&angle), "{angle}");
        });
        assert!((world.hinge_angle(0) - limit).abs() <= 1.01 * ANGULAR_SLOP, "{}", world.hinge_angle(0));
        assert!(world.hinge_speed(0).abs() < 1e-3);
    }
}

#[test]
fn a_pendulum_keeps_its_period_and_its_energy() {
    // A rod hangs above a base so heavy that it does not notice.
    let base = BodySpec { density: 1e4, ..rectangle(8.0, 0.5, Vec2::new(0.0, 0.515)) };
    let (amplitude, half) = (0.2_f32, 0.5_f32);
    let pivot = Vec2::new(0.0, 4.0);
    let hangs = Vec2::new(half * amplitude.sin(), -half * amplitude.cos());
    let rod = BodySpec { angle: amplitude, ..rectangle(0.05, half, pivot + hangs) };
    let (mass, inertia) = mass_and_inertia(&rod);
    let anchors = (pivot - base.position, Vec2::new(0.0, half));
    let mut world = World::new(ground(0.0, 1.0), &[base, rod], &[hinge(anchors.0, anchors.1)]).unwrap();
    world.command(&[Motor::default()]);

    let energy = |world: &World| {
        let velocity = world.velocity(1);
        let height = (world.place(1).position - world.place(0).of(anchors.0)).y + half;
        mass * (GRAVITY_DOWN * height + 0.5 * velocity.dot(velocity)) + 0.5 * inertia * world.spin(1).powi(2)
    };
    let start = energy(&world);
    let mut crossings = Vec::new();
    let mut before = amplitude;
    run(world, 400, |step, world| {
        let angle = world.angle(1);
        if angle < 0.0 && before >= 0.0 {
            crossings.push(step as f32 - angle / (angle - before));
        }
        before = angle;
        assert!((energy(world) - start).abs() < 0.07 * start, "{} J of {start}", energy(world));
    });
    let periods = crossings.len() - 1;
    let period = (crossings[periods] - crossings[0]) * STEP / periods as f32;
    let small =
        core::f32::consts::TAU * ((inertia + mass * half * half) / (mass * GRAVITY_DOWN * half)).sqrt();
    // Not so small a swing takes longer by a sixteenth of the amplitude's square.
    let expected = small * (1.0 + amplitude * amplitude / 16.0);
    assert!((period - expected).abs() < 0.01 * expected, "{period} s, not {expected}");
}

#[test]
fn a_box_at_rest_stays() {
    let spec = rectangle(0.5, 0.5, Vec2::new(1.0, 0.515));
    let world = World::new(ground(0.0, 1.0), &[spec], &[]).unwrap();
    run(world, 200, |_, world| {
        let Vec2 { x, y } = world.place(0).position;
        assert_eq!(x, 1.0);
        assert!((0.5..=0.52).contains(&y), "{y}");
        assert_eq!(world.angle(0), 0.0);
    });
}

#[test]
fn friction_brakes_by_the_geometric_mean_of_both_coefficients() {
    let spec = BodySpec { friction: 0.1, ..rectangle(1.0, 0.1, Vec2::new(0.0, 0.115)) };
    let (mass, _) = mass_and_inertia(&spec);
    let friction = (0.1_f32 * 0.4).sqrt();
    let speed = 4.0;
    let mut world = World::new(ground(0.0, 0.4), &[spec], &[]).unwrap();
    // Let it come to rest on its skin first.
    world = run(world, 10, |_, _| {});
    world.push(0, Vec2::new(mass * speed / STEP, 0.0));
    let from = world.place(0).position.x;
    let world = run(world, 200, |_, _| {});
    let way = world.place(0).position.x - from;
    let expected = speed * speed / (2.0 * friction * GRAVITY_DOWN);
    assert!((way - expected).abs() < 0.02 * expected, "{way} m, not {expected}");
    assert!(world.velocity(0).length() < 1e-3);
}

#[test]
fn on_a_slope_it_stays_or_slides_as_friction_has_it() {
    let slope = 0.4_f32;
    let (sin, cos) = slope.atan().sin_cos();
    for friction in [0.1_f32, 0.3, 0.5] {
        let on_slope = Vec2::new(-sin, cos);
        let spec = BodySpec { angle: slope.atan(), ..rectangle(1.0, 0.1, on_slope.scaled(0.115)) };
        let world = World::new(ground(slope, friction * friction), &[spec], &[]).unwrap();
        let settled = run(world, 10, |_, _| {});
        let before = settled.velocity(0).length();
        let world = run(settled, 100, |_, _| {});
        let gained = world.velocity(0).length() - before;
        // On less than its slope friction cannot hold it.
        let expected =
            if friction < slope { GRAVITY_DOWN * (sin - friction * cos) * 100.0 * STEP } else { 0.0 };
        assert!(
            (gained - expected).abs() < 0.01 + 0.01 * expected,
            "{gained} m/s at {friction}, not {expected}"
        );
    }
}

proptest! {
    /// Neither thin plates nor the greatest speeds get a body through an edge.
    #[test]
    fn a_fast_thin_body_does_not_pass_an_edge(
        speed in 5.0..99.0_f32, half_height in 0.003..0.1_f32, angle in -1.5..1.5_f32, height in 1.0..3.0_f32,
        aside in -0.4..0.4_f32,
    ) {
        let spec = BodySpec { angle, ..rectangle(0.3, half_height, Vec2::new(0.0, height)) };
        let (mass, _) = mass_and_inertia(&spec);
        let mut world = World::new(ground(0.0, 0.5), &[spec], &[]).unwrap();
        world.push(0, Vec2::new(aside, -1.0).scaled(mass * speed / STEP));
        run(world, 30, |_, world| {
            let lowest = world.outline(0).iter().fold(f32::MAX, |least, corner| least.min(corner.y));
            assert!(lowest > -LINEAR_SLOP, "a corner is {lowest} m high");
        });
    }

    /// Two points under a body: none pulls, none goes on nearing, and only one that does not part pushes.
    #[test]
    fn two_points_push_or_part(
        lefts in prop::array::uniform2(-1.0..1.0_f32), height in 0.1..1.0_f32,
        velocity in (-3.0..3.0_f32, -3.0..3.0_f32), spin in -5.0..5.0_f32,
        masses in (0.1..10.0_f32, 0.1..10.0_f32), friction in prop_oneof![Just(0.0_f32), 0.0..2.0_f32],
    ) {
        prop_assume!((lefts[0] - lefts[1]).abs() > 0.2);
        // On level ground, with the body's centre over the origin.
        let mut mover = Mover::<f32>::empty();
        mover.center = Vec2::new(0.0, height);
        (mover.velocity, mover.spin) = (Vec2::new(velocity.0, velocity.1), spin);
        (mover.inverse_mass, mover.inverse_inertia) = masses;
        let feature = |index| Feature { terrain: Part::Face(0), body: Part::Vertex(index) };
        let point = |x: f32, index: u8| Point {
            place: Vec2::new(x, -height),
            feature: feature(index),
            normal_impulse: 0.0,
            tangent_impulse: 0.0,
        };
        let manifold = Manifold {
            reference: Reference::Terrain,
            normal: Vec2::new(0.0, 1.0),
            points: [point(lefts[0], 0), point(lefts[1], 1)],
            count: 2,
            ..Manifold::EMPTY
        };
        let contact = Contact { manifold, ..Contact::new(0, 0, friction) };
        let mut touch = Touch::<f32>::empty();
        touch.load(0, &contact, 1.0);
        touch.prepare(&mover);
        let nears = |mover: &Mover<f32>| lefts.map(|x| (mover.velocity + Vec2::new(x, -height).spun(mover.spin)).y);
        let momentum = mover.velocity;
        let mut before = [0.0; 4];
        for _ in 0..VELOCITY_ROUNDS {
            let friction_bounds = [before[0], before[2]].map(|normal| friction * normal);
            touch.solve_velocity(&mut mover);
            let [normal1, tangent1, normal2, tangent2] = touch.impulses();
            prop_assert!(normal1 >= 0.0 && normal2 >= 0.0, "a point pulls");
            prop_assert!(tangent1.abs() <= friction_bounds[0] && tangent2.abs() <= friction_bounds[1]);
            before = [normal1, tangent1, normal2, tangent2];
            for (velocity, impulse) in nears(&mover).into_iter().zip([normal1, normal2]) {
                prop_assert!(velocity > -1e-4, "a point nears at {velocity} m/s");
                prop_assert!(impulse == 0.0 || velocity < 1e-4, "a point that parts at {velocity} m/s pushes");
            }
        }
        // What the body gained is what was pushed.
        let gained = mover.velocity - momentum;
        let [normal1, tangent1, normal2, tangent2] = before;
        let pushed = mover.inverse_mass * Vec2::new(tangent1 + tangent2, normal1 + normal2);
        prop_assert!((gained - pushed).length() < 1e-3 * (1.0 + pushed.length()));
    }

    #[test]
    fn bodies_move_and_turn_at_most_so_far_in_a_step(velocity in (-500.0..500.0_f32, -500.0..500.0_f32), spin in -300.0..300.0_f32) {
        let mut mover = Mover::<f32>::empty();
        (mover.velocity, mover.spin) = (Vec2::new(velocity.0, velocity.1), spin);
        let told = mover.velocity;
        mover.drift(STEP);
        let way = (told.length() * STEP).min(MOST_TRANSLATION);
        prop_assert!((mover.center.length() - way).abs() < 1e-4);
        prop_assert!(mover.center.cross(told).abs() < 1e-2, "the direction stays");
        prop_assert!((mover.angle - (spin * STEP).clamp(-MOST_ROTATION, MOST_ROTATION)).abs() < 1e-4);
    }
}

#[test]
fn the_inverse_of_nothing_is_nothing() {
    assert_eq!(hinge::inverse_or_zero(4.0_f32), 0.25);
    assert_eq!(hinge::inverse_or_zero(-4.0_f32), -0.25);
    assert_eq!(hinge::inverse_or_zero(0.0_f32), 0.0);
    assert_eq!(GRAVITY, Vec2::new(0.0, -GRAVITY_DOWN));
}
