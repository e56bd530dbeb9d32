//! A world's way is the same to the bit on every engine, alone and among others.

use super::*;
use crate::physics::math::Vec2;
use crate::physics::oracle::{bits, creature};
use crate::physics::{Edge, Motor, Piece, Polygon, Terrain};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

const BODIES: usize = 5;
const HINGES: usize = 4;
const STEPS: u64 = 300;

/// More than the widest engine takes at once.
const WORLDS: u64 = 40;

/// A world with its number, which its terrain and its motors follow.
#[derive(Clone)]
struct Numbered {
    number: u64,
    world: World,
}

impl AsMut<World> for Numbered {
    fn as_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

fn number_between(draws: &mut ChaCha8Rng, least: f32, most: f32) -> f32 {
    least + (most - least) * (draws.next_u32() as f32 / u32::MAX as f32)
}

/// A creature that falls onto hills with blocks, holes and edges without length.
fn world(number: u64) -> Numbered {
    let mut draws = ChaCha8Rng::seed_from_u64(number);
    let mut pieces = Vec::new();
    let roughness = number_between(&mut draws, 0.0, 0.4);
    let mut from = Vec2::new(-10.0, 0.0);
    for _ in 0..40 {
        let rise = number_between(&mut draws, -roughness, roughness);
        let to = from + Vec2::new(0.5, rise);
        match draws.next_u32() % 10 {
            0 => pieces.push(Piece::Edge(Edge::new(from, from).unwrap())),
            1 => {
                let corners = [(0.0, -0.5), (0.4, -0.5), (0.4, 0.3), (0.0, 0.3)];
                let block = Polygon::hull_of(&corners.map(|(x, y)| from + Vec2::new(x, y)));
                pieces.push(Piece::Polygon(Box::new(block.unwrap())));
            }
            _ => {}
        }
        if draws.next_u32() % 20 > 0 {
            pieces.push(Piece::Edge(Edge::new(from, to).unwrap()));
        }
        from = to;
    }
    let terrain = Arc::new(Terrain::new(pieces.into(), 2.5));
    let (bodies, hinges) = creature(Vec2::new(0.0, number_between(&mut draws, 3.0, 6.0)));
    let mut world = World::new(terrain, &bodies, &hinges).unwrap();
    world.push(0, Vec2::new(number_between(&mut draws, -300.0, 300.0), 0.0));
    Numbered { number, world }
}

/// Tells the motors what they do in this step; in some steps no one tells them anything.
fn command(numbered: &mut Numbered, step: u64) {
    let mut draws = ChaCha8Rng::seed_from_u64(numbered.number << 32 | step);
    if draws.next_u32() % 4 > 0 {
        let motors = [(); HINGES].map(|()| Motor {
            speed: number_between(&mut draws, -6.0, 6.0),
            max_torque: number_between(&mut draws, 0.0, 80.0),
        });
        numbered.world.command(&motors);
    }
}

/// The worlds' bits after all steps, by number, when each step takes them in batches of other sizes and in another order.
fn stepped(mut worlds: Vec<Numbered>, engine: Engine, seed: u64) -> Vec<Vec<u32>> {
    let mut stepper = Stepper::new(engine).unwrap();
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    for step in 0..STEPS {
        worlds.iter_mut().for_each(|world| command(world, step));
        worlds.sort_by_cached_key(|_| draws.next_u32());
        let mut rest = &mut worlds[..];
        while !rest.is_empty() {
            let batch = (1 + draws.next_u32() as usize % WORLDS as usize).min(rest.len());
            let (first, others) = rest.split_at_mut(batch);
            stepper.step(first);
            rest = others;
        }
    }
    worlds.sort_by_key(|world| world.number);
    worlds.iter().map(|numbered| bits(&numbered.world, BODIES)).collect()
}

#[test]
fn all_engines_give_the_bits_of_each_world_alone_in_batches_of_any_size_and_order() {
    let worlds: Vec<Numbered> = (0..WORLDS).map(world).collect();
    let mut scalar = Stepper::new(Engine::Scalar).unwrap();
    let alone: Vec<Vec<u32>> = worlds
        .iter()
        .map(|numbered| {
            let mut one = [numbered.clone()];
            for step in 0..STEPS {
                command(&mut one[0], step);
                scalar.step(&mut one);
            }
            bits(&one[0].world, BODIES)
        })
        .collect();
    // Worlds that all did the same would show nothing.
    assert!(alone.iter().enumerate().all(|(index, one)| alone[..index].iter().all(|other| other != one)));
    for engine in [Engine::Scalar, Engine::Portable, Engine::Avx2, Engine::Avx512] {
        if !Engine::available().contains(&engine) {
            println!("skipped: this processor has no {engine:?}");
            continue;
        }
        let found = stepped(worlds.clone(), engine, 7);
        for (number, (found, expected)) in found.iter().zip(&alone).enumerate() {
            assert_eq!(found, expected, "world {number} goes another way on {engine:?}");
        }
    }
}

#[test]
fn the_fastest_engine_is_available_and_the_scalar_one_always() {
    let available = Engine::available();
    assert_eq!(available[0], Engine::fastest());
    assert!(available.contains(&Engine::Scalar) && available.contains(&Engine::Portable));
    for engine in [Engine::Scalar, Engine::Portable, Engine::Avx2, Engine::Avx512] {
        match Stepper::new(engine) {
            Ok(stepper) => {
                assert!(available.contains(&engine));
                assert_eq!(stepper.width() > 1, engine != Engine::Scalar);
            }
            Err(error) => {
                assert!(!available.contains(&engine));
                let text = format!(
                    "this processor cannot run the engine {engine:?}: take one of `Engine::available()`"
                );
                assert_eq!(error.to_string(), text);
            }
        }
    }
}

#[test]
fn no_worlds_are_no_work() {
    Stepper::new(Engine::fastest()).unwrap().step(&mut Vec::<Numbered>::new());
}

#[test]
#[should_panic(expected = "order")]
fn worlds_that_are_joined_differently_cannot_share_a_register() {
    let terrain = Arc::new(Terrain::new(Arc::new([]), 1.0));
    let (bodies, hinges) = creature(Vec2::ZERO);
    let three = World::new(terrain, &bodies[..3], &hinges[..2]).unwrap();
    let mut worlds = [world(1), Numbered { number: 2, world: three }];
    Stepper::new(Engine::Portable).unwrap().step(&mut worlds);
}
