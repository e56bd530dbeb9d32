//! Worlds as a whole: what they refuse, how they rest and wake, what they report, and that the work they leave out changes nothing.

#![allow(clippy::float_cmp, reason = "what is left out must change no bit")]

use super::*;
use crate::physics::oracle::{self, any_angle, any_body, any_edge, any_point, any_polygon};
use crate::physics::stepper::{Engine, Stepper};
use proptest::prelude::*;

fn any_piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        any_edge(1.0).prop_map(Piece::Edge),
        any_polygon(1.0).prop_map(|polygon| Piece::Polygon(Box::new(polygon))),
    ]
}

/// Where all of it happens: bodies count as near to the origin within 200 m.
fn any_offset() -> impl Strategy<Value = Vec2> {
    prop_oneof![2 => Just(Vec2::ZERO), 1 => any_point(195.0)]
}

fn moved(piece: &Piece, by: Vec2) -> Piece {
    let points: Vec<Vec2> = piece.outline().iter().map(|&point| point + by).collect();
    match piece {
        Piece::Edge(_) => Piece::Edge(Edge::new(points[0], points[1]).unwrap()),
        // Far away, points that lay close together may have become one.
        Piece::Polygon(_) => match Polygon::hull_of(&points) {
            Ok(polygon) => Piece::Polygon(Box::new(polygon)),
            Err(_) => piece.clone(),
        },
    }
}

/// A world of one piece and one body with a motion of its centre of mass from and to these places and angles.
fn world_of(piece: Piece, shape: Polygon, before: (Vec2, f32), after: (Vec2, f32)) -> World {
    let terrain = Arc::new(Terrain::new(Arc::new([piece]), 1.0));
    let spec = BodySpec { shape, density: 1.0, friction: 1.0, position: Vec2::ZERO, angle: 0.0 };
    let mut world = World::new(terrain, &[spec], &[]).unwrap();
    world.contacts.push(Contact::new(0, 0, 1.0));
    world.terrain_times = vec![0.0];
    let body = &mut world.bodies[0];
    (body.sweep.center_before, body.sweep.angle_before) = before;
    (body.sweep.center, body.sweep.angle) = after;
    body.settle();
    let at_start = body.shape_bounds(body.sweep.at(0.0));
    body.swept_bounds = at_start.joined(&body.bounds);
    world
}

/// The least distance of the outlines at some times of the motion.
fn least_distance(piece: &Piece, body: &Body) -> f64 {
    let terrain = oracle::exact(piece.outline());
    let at =
        |share: f64| oracle::distance(&terrain, &oracle::swept(body.shape.vertices(), &body.sweep, share));
    (0..=8_u32).map(|part| at(f64::from(part) / 8.0)).fold(f64::INFINITY, f64::min)
}

/// A world in which the body passes the piece at about a distance of `aim` metres, for what is decided by millimetres.
fn passing_at(aim: f32, piece: &Piece, shape: Polygon, before: (Vec2, f32), after: (Vec2, f32)) -> World {
    let middle = 0.5 * (piece.outline()[0] + piece.outline()[1]);
    let (mut before, mut after) = (before, after);
    for _ in 0..6 {
        let world = world_of(piece.clone(), shape, before, after);
        let off = least_distance(piece, &world.bodies[0]) as f32 - aim;
        if (-1e-4..1e-4).contains(&off) {
            break;
        }
        let (towards, _) = (middle - 0.5 * (before.0 + after.0)).normalized();
        before.0 += off * towards;
        after.0 += off * towards;
    }
    world_of(piece.clone(), shape, before, after)
}

proptest! {
    /// Bounds beyond `NO_CONTACT_BEYOND` hold no contact: what is left out is what the full search gives.
    #[test]
    fn contacts_are_those_of_the_full_search(
        piece in any_piece(), shape in any_body(), place in (any_point(2.0), any_angle()), offset in any_offset(),
        aim in prop_oneof![1 => 0.0..0.1_f32, 3 => 0.012..0.032_f32],
    ) {
        let place = (place.0 + offset, place.1);
        let mut world = passing_at(aim, &moved(&piece, offset), shape, place, place);
        world.update(0);
        let body = &world.bodies[0];
        let full = match &world.terrain.pieces[0] {
            Piece::Edge(edge) => with_edge(edge, &body.shape, body.place, &body.outline),
            Piece::Polygon(polygon) => with_polygon(polygon, &body.shape, body.place),
        };
        prop_assert_eq!(world.contacts[0].manifold, full);
    }

    /// Motions that stay `SURELY_APART` have no impact: what is left out is what the full search gives.
    #[test]
    fn impacts_are_those_of_the_full_search(
        piece in any_piece(), shape in any_body(), from in (any_point(2.0), any_angle()), offset in any_offset(),
        by in prop_oneof![any_point(0.05), any_point(1.4)],
        turn in prop_oneof![Just(0.0_f32), -0.1..0.1_f32, -1.5..1.5_f32],
        aim in prop_oneof![1 => 0.0..0.1_f32, 3 => 0.003..0.012_f32],
    ) {
        let before = (from.0 + offset, from.1);
        let after = (before.0 + by, before.1 + turn);
        let mut world = passing_at(aim, &moved(&piece, offset), shape, before, after);
        let (piece, body) = (&world.terrain.pieces[0], &world.bodies[0]);
        let full = time_of_impact(piece.outline(), body.shape.vertices(), &body.sweep).unwrap_or(1.0);
        prop_assert_eq!(world.impact_time(0), full);
    }

    /// The fan of rays, told by columns, meets what each ray meets first in the order of the tree.
    #[test]
    fn rays_of_a_fan_meet_what_the_tree_says(
        pieces in prop::collection::vec((any_piece(), any_point(8.0)), 1..40), place in any_point(6.0),
        ends in prop::array::uniform10(any_point(4.2)), offset in any_offset(),
    ) {
        let pieces: Vec<Piece> = pieces.iter().map(|(piece, by)| moved(piece, *by + offset)).collect();
        let terrain = Arc::new(Terrain::new(pieces.into(), 1.0));
        let world = World::new(terrain, &[box_at(place + offset)], &[]).unwrap();
        let ends = ends.map(|end| place + offset + end);
        let by_tree = ends.map(|end| world.ray_by_tree(place + offset, end));
        prop_assert_eq!(world.rays(0, &ends), by_tree);
    }
}

/// A box one metre wide and high.
fn box_at(position: Vec2) -> BodySpec {
    let shape = Polygon::rectangle(0.5, 0.5).unwrap();
    BodySpec { shape, density: 1.0, friction: 1.0, position, angle: 0.0 }
}

/// A world that steps itself.
struct Stepped {
    world: World,
    stepper: Stepper,
}

impl Stepped {
    fn new(world: World) -> Self {
        Self { world, stepper: Stepper::new(Engine::Scalar).unwrap() }
    }

    fn step(&mut self) -> &[ContactEvent] {
        self.stepper.step(core::slice::from_mut(&mut self.world));
        self.world.events()
    }

    fn is_awake(&self) -> bool {
        self.world.bodies.iter().any(|body| body.awake)
    }

    /// Steps until all bodies sleep.
    fn until_asleep(&mut self) {
        for _ in 0..200 {
            if !self.is_awake() {
                return;
            }
            self.step();
        }
        panic!("it never sleeps");
    }
}

impl AsMut<Self> for World {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

fn edges(points: &[(f32, f32)]) -> Arc<Terrain> {
    let edge = |pair: &[(f32, f32)]| {
        let [from, to] = [pair[0], pair[1]].map(|(x, y)| Vec2::new(x, y));
        Piece::Edge(Edge::new(from, to).unwrap())
    };
    Arc::new(Terrain::new(points.windows(2).map(edge).collect(), 1.0))
}

fn level() -> Arc<Terrain> {
    edges(&[(-20.0, 0.0), (20.0, 0.0)])
}

fn joined(first: usize, second: usize) -> HingeSpec {
    let (lower_angle, upper_angle) = (-1.0, 1.0);
    HingeSpec {
        first,
        second,
        anchor_on_first: Vec2::ZERO,
        anchor_on_second: Vec2::ZERO,
        lower_angle,
        upper_angle,
    }
}

#[test]
fn worlds_that_cannot_be_are_refused_with_the_reason() {
    let body = box_at(Vec2::ZERO);
    let acute =
        Polygon::hull_of(&[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].map(|(x, y)| Vec2::new(x, y))).unwrap();
    let body_text =
        "body 1 needs a positive density, a friction of at least 0 and a finite position and angle";
    let hinge_text =
        "hinge 0 must join two different bodies of the world, its lower angle below its upper one";
    let apart_text = "the hinges must join all bodies to one another";
    let cases: Vec<(Vec<BodySpec>, Vec<HingeSpec>, &str)> = vec![
        (vec![], vec![], "a world has 1 to 16 bodies, not 0"),
        (vec![body; 17], vec![], "a world has 1 to 16 bodies, not 17"),
        (vec![body, BodySpec { density: 0.0, ..body }], vec![joined(0, 1)], body_text),
        (vec![body, BodySpec { density: f32::INFINITY, ..body }], vec![joined(0, 1)], body_text),
        (vec![body, BodySpec { friction: -0.1, ..body }], vec![joined(0, 1)], body_text),
        (vec![body, BodySpec { friction: f32::NAN, ..body }], vec![joined(0, 1)], body_text),
        (vec![body, BodySpec { angle: f32::NAN, ..body }], vec![joined(0, 1)], body_text),
        (vec![body, box_at(Vec2::new(f32::INFINITY, 0.0))], vec![joined(0, 1)], body_text),
        (
            vec![body, BodySpec { shape: acute, ..body }],
            vec![joined(0, 1)],
            "body 1 has a corner of less than 90 degrees: cut it off",
        ),
        (vec![body; 2], vec![joined(1, 1)], hinge_text),
        (vec![body; 2], vec![joined(0, 2)], hinge_text),
        (vec![body; 2], vec![HingeSpec { lower_angle: 1.0, ..joined(0, 1) }], hinge_text),
        (vec![body; 2], vec![HingeSpec { upper_angle: f32::NAN, ..joined(0, 1) }], hinge_text),
        (vec![body; 2], vec![], apart_text),
        (vec![body; 4], vec![joined(0, 1), joined(2, 3)], apart_text),
        // Enough hinges, but not where they should be.
        (vec![body; 3], vec![joined(0, 1), joined(1, 0)], apart_text),
    ];
    for (bodies, hinges, expected) in cases {
        let refused = World::new(level(), &bodies, &hinges).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(refused, Err(expected.to_owned()));
    }
    assert!(World::new(level(), &[body; 3], &[joined(2, 1), joined(1, 0)]).is_ok());
}

#[test]
fn what_is_still_for_half_a_second_sleeps_until_it_is_commanded_or_pushed() {
    let mut stepped = Stepped::new(World::new(level(), &[box_at(Vec2::new(0.0, 0.515))], &[]).unwrap());
    for _ in 0..20 {
        stepped.step();
        assert!(stepped.is_awake(), "it has not been still for half a second");
    }
    stepped.until_asleep();
    assert_eq!((stepped.world.velocity(0), stepped.world.spin(0)), (Vec2::ZERO, 0.0));
    assert!(stepped.world.events().is_empty(), "sleep is no contact's end");

    stepped.world.command(&[]);
    assert!(stepped.is_awake());
    stepped.until_asleep();
    stepped.world.push(0, Vec2::new(50.0, 0.0));
    assert!(stepped.is_awake());
}

#[test]
fn a_push_out_of_sleep_does_not_throw_a_body_through_a_wall() {
    // ┌───┐ │
    // └───┘ │
    // ──────┘     so near that the pair of box and wall is known before
    let ground = edges(&[(-20.0, 0.0), (0.6, 0.0), (0.6, 3.0)]);
    let mut stepped = Stepped::new(World::new(ground, &[box_at(Vec2::new(0.0, 0.515))], &[]).unwrap());
    stepped.until_asleep();
    stepped.world.push(0, Vec2::new(90.0 / STEP, 0.0));
    stepped.step();
    let x = stepped.world.place(0).position.x;
    assert!((0.05..0.12).contains(&x), "it is at {x} m");
}

#[test]
fn contacts_are_reported_when_they_begin_and_end() {
    // A box falls onto the joint of two edges and is thrown up again.
    let ground = edges(&[(-20.0, 0.0), (0.0, 0.0), (20.0, 0.0)]);
    let mut stepped = Stepped::new(World::new(ground, &[box_at(Vec2::new(0.0, 0.8))], &[]).unwrap());
    let mut reported = Vec::new();
    for step in 0..60 {
        if step == 30 {
            assert_eq!(stepped.world.contacts.iter().filter(|contact| contact.touches()).count(), 2);
            stepped.world.push(0, Vec2::new(0.0, 400.0));
        }
        let events = stepped.step().to_vec();
        reported.extend(events.into_iter().map(|event| (step, event)));
    }
    let began = ContactEvent { body: 0, touches: true };
    let ended = ContactEvent { body: 0, touches: false };
    let events: Vec<ContactEvent> = reported.iter().map(|&(_, event)| event).take(4).collect();
    assert_eq!(events, [began, began, ended, ended]);
    assert!(reported[1].0 < 30 && (31..34).contains(&reported[2].0), "{reported:?}");
}

#[test]
fn clones_and_what_is_read_back_go_on_with_the_same_bits() {
    let ground = edges(&[(-9.0, 0.0), (-1.0, 0.2), (0.0, -0.3), (0.0, 0.0), (1.5, 0.1), (9.0, 0.0)]);
    let (bodies, hinges) = oracle::creature(Vec2::new(0.0, 3.0));
    let mut stepped = Stepped::new(World::new(ground, &bodies, &hinges).unwrap());
    let command = |world: &mut World, step: usize| {
        let motor = |hinge: usize| Motor {
            speed: if (step / 20 + hinge).is_multiple_of(2) { 3.0 } else { -3.0 },
            max_torque: 40.0,
        };
        world.command(&[0, 1, 2, 3].map(motor));
    };
    for step in 0..100 {
        // In the middle of a fall, of a walk, and after the first impacts.
        if [0, 30, 60, 99].contains(&step) {
            let read_back: World =
                serde_json::from_str(&serde_json::to_string(&stepped.world).unwrap()).unwrap();
            for copy in [stepped.world.clone(), read_back] {
                let (mut original, mut copy) = (Stepped::new(stepped.world.clone()), Stepped::new(copy));
                for later in step..step + 150 {
                    for stepped in [&mut original, &mut copy] {
                        command(&mut stepped.world, later);
                    }
                    assert_eq!(original.step(), copy.step());
                    let [one, other] =
                        [&original, &copy].map(|stepped| oracle::bits(&stepped.world, bodies.len()));
                    assert_eq!(one, other, "copied at step {step}, another way at step {later}");
                }
                assert!(original.world.contacts.iter().any(Contact::touches), "it never reached the ground");
            }
        }
        command(&mut stepped.world, step);
        stepped.step();
    }
}

#[test]
fn rays_meet_the_first_piece_of_the_tree_not_the_nearest() {
    // Of a wall beside a wall, the one that the tree visits first is told, whichever is nearer.
    let walls = |places: [f32; 2]| {
        let wall = |x: f32| Piece::Edge(Edge::new(Vec2::new(x, 0.0), Vec2::new(x, 2.0)).unwrap());
        let terrain = Arc::new(Terrain::new(places.map(wall).into(), 1.0));
        World::new(terrain, &[box_at(Vec2::new(0.0, 1.0))], &[]).unwrap()
    };
    let ends = [Vec2::new(4.0, 1.0), Vec2::new(-4.0, 1.0)];
    assert_eq!(walls([1.0, 2.0]).rays(0, &ends), [Some(0.5), None]);
    assert_eq!(walls([2.0, 1.0]).rays(0, &ends), [Some(0.25), None]);
}
