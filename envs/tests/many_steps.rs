//! Random steps of random walkers on random tracks, in every engine that the processor has: no NaN, no panic, no growth, and equal
//! bits everywhere.
//!
//! `MAGISTER_WALKER_STEPS=1000000` takes so many steps in each engine instead of 100,000, and `MAGISTER_WALKER_SEED` draws others.

use magister_envs::environment::{Absent, Task};
use magister_envs::physics::Engine;
use magister_envs::track::{Family, Parameter};
use magister_envs::walker::vector::{Assignment, Autoreset, Batch, VectorEnvironment, VectorSettings};
use magister_envs::walker::{WalkerKind, WalkerSettings};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::num::NonZeroU32;

/// How many steps a set of walkers takes before another one is drawn.
const ROUND: usize = 250;

#[test]
fn random_steps_give_equal_bits_in_every_engine() {
    let wanted = number_from("MAGISTER_WALKER_STEPS", 100_000);
    let mut generator = ChaCha8Rng::seed_from_u64(number_from("MAGISTER_WALKER_SEED", 0));
    let mut seen = Seen::default();
    let mut memory = Memory::default();
    let mut round = 0;
    while seen.steps < wanted {
        // Every body on every family in turn.
        let kind = WalkerKind::ALL[round % WalkerKind::ALL.len()];
        let family = Family::ALL[round / WalkerKind::ALL.len() % Family::ALL.len()];
        let walker = WalkerSettings { kind, family, ..WalkerSettings::default() };
        play(walker, &mut generator, &mut seen);
        round += 1;
        memory.look(seen.steps as f64 / wanted as f64);
    }
    println!("{round} rounds: {seen:?}; {memory:?}");
    assert!(seen.ended > wanted / 1_000, "{seen:?}");
    assert!(round < 36 || seen.truncated > 0, "{seen:?}");
    memory.check();
}

/// What the steps have shown.
#[derive(Debug, Default)]
struct Seen {
    steps: u64,
    ended: u64,
    truncated: u64,
    infeasible: u64,
}

/// Plays walkers of one kind in all engines at once, each with the same tasks and actions.
fn play(walker: WalkerSettings, generator: &mut ChaCha8Rng, seen: &mut Seen) {
    // Mostly episodes that end by a fall; some that end by the limit.
    let step_limit = NonZeroU32::new([40, 2_000][generator.random_range(0..2)]).expect("neither is 0");
    let walker = WalkerSettings { step_limit, ..walker };
    let count = generator.random_range(1..=40);
    let autoreset = [Autoreset::NextStep, Autoreset::SameStep][generator.random_range(0..2)];
    let mut sets: Vec<(Engine, VectorEnvironment, Batch)> = Engine::available()
        .into_iter()
        .map(|engine| {
            let settings = VectorSettings { walker, count, threads: 1, engine, autoreset };
            let walkers = VectorEnvironment::new(settings).expect("the processor has the engine");
            let batch = Batch::new(&walkers);
            (engine, walkers, batch)
        })
        .collect();
    let first: Vec<_> = (0..count).map(|_| Some(any_assignment(walker.family, generator))).collect();
    for (_, walkers, batch) in &mut sets {
        walkers.reset(&first, &mut batch.observations).expect("tasks within the limits can be built");
    }
    let width = walker.kind.action_count();
    // Some policies hold their torques for a while, so that walkers get somewhere.
    let hold = [1, 5, 20][generator.random_range(0..3)];
    let mut actions = vec![0.0_f32; count * width];
    for step in 0..ROUND {
        if step % hold == 0 {
            actions.fill_with(|| generator.random_range(-1.1..=1.1));
        }
        for (_, walkers, batch) in &mut sets {
            walkers.step(&actions, &mut batch.rows()).expect("actions are finite");
        }
        let [(_, _, expected), others @ ..] = sets.as_slice() else { unreachable!("there is an engine") };
        let expected_bits = bits(expected);
        for (engine, _, batch) in others {
            assert!(bits(batch) == expected_bits, "{engine:?} differs: {walker:?}, step {step}");
        }
        assert!(expected.observations.iter().all(|value| value.is_finite()), "{walker:?}, step {step}");
        assert!(expected.rewards.iter().all(|value| value.is_finite()), "{walker:?}, step {step}");
        seen.steps += count as u64;
        for over in (0..count).filter(|&walker| expected.is_over(walker)).collect::<Vec<_>>() {
            seen.ended += 1;
            seen.truncated += u64::from(sets[0].2.truncated[over]);
            let next = any_assignment(walker.family, generator);
            for (_, walkers, _) in &mut sets {
                if let Err(error) = walkers.queue(over, next.clone()) {
                    assert_eq!(error.infeasible_tasks().count(), 1, "{error}");
                    seen.infeasible += 1;
                }
            }
        }
    }
}

/// All numbers of a step by their bits.
fn bits(batch: &Batch) -> Vec<u64> {
    let Batch { observations, rewards, terminated, truncated, returns, lengths, final_observations } = batch;
    let narrow = observations.iter().chain(final_observations).map(|value| u64::from(value.to_bits()));
    let wide = rewards.iter().chain(returns).map(|value| value.to_bits());
    let flags = terminated.iter().chain(truncated).map(|&flag| u64::from(flag));
    narrow.chain(wide).chain(flags).chain(lengths.iter().map(|&length| u64::from(length))).collect()
}

/// A task from the ranges of the publication, or, one in four, from all that is allowed, with everything that may be left out.
fn any_assignment(family: Family, generator: &mut ChaCha8Rng) -> Assignment {
    let is_odd = generator.random_range(0..4) == 0;
    let mut task = Task::new();
    for parameter in family.parameters() {
        let Parameter { least, most, published, absent, .. } = *parameter;
        let [low, high] = published.filter(|_| !is_odd).unwrap_or([least, most]);
        if is_odd || absent == Absent::Refused {
            task.insert(parameter.name.to_owned(), generator.random_range(low..=high));
        }
    }
    Assignment { seed: generator.random(), task }
}

fn number_from(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not {text}")),
        Err(_) => default,
    }
}

/// The process's memory at two points of the way; nothing where the system does not tell.
#[derive(Debug, Default)]
struct Memory {
    half_way_kib: Option<u64>,
    at_end_kib: Option<u64>,
}

impl Memory {
    fn look(&mut self, share: f64) {
        if share >= 0.5 && self.half_way_kib.is_none() {
            self.half_way_kib = resident_kib();
        }
        self.at_end_kib = resident_kib();
    }

    /// What is lost at every step, were it only the eight bytes of a pointer for each contact, is a multiple of this after a million.
    fn check(&self) {
        if let (Some(half_way), Some(at_end)) = (self.half_way_kib, self.at_end_kib) {
            assert!(at_end < half_way + 8 * 1024, "{self:?}");
        }
    }
}

fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
