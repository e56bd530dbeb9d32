//! Measures the walkers: steps a second by engine, body, track and policy, and what a reset costs, in the JSON lines that
//! the top of `tests/peers/bench.py` describes.
//!
//! `cargo run --release -p magister-envs --example bench_walker [seconds] [part of a case's name]`; without arguments
//! every case runs for one second. Resets, observations and whatever else a learner waits for are within the time;
//! its own work, the choice of actions, is not for random ones, which are drawn before, and is for the heuristic's.
#![allow(clippy::print_stdout, reason = "the lines printed are the result")]

use magister_envs::environment::Task;
use magister_envs::physics::Engine;
use magister_envs::track::Family;
use magister_envs::walker::vector::{Assignment, Autoreset, Batch, VectorEnvironment, VectorSettings};
use magister_envs::walker::{Heuristic, WalkerKind, WalkerSettings};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// Walkers stepped together: what learners of this size of problem use.
const WALKERS: usize = 64;

/// Walkers stepped where threads are compared: as many for each of two as fill its registers.
const WALKERS_OF_THREADS: usize = 256;

/// How many batches of random actions are drawn; they are used in turn.
const DRAWN: usize = 500;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = arguments.first().map_or(1.0, |text| text.parse().expect("the seconds are a number"));
    let part = arguments.get(1).map_or("", String::as_str);
    let fastest = Engine::fastest();
    let mut cases = Vec::new();
    for kind in WalkerKind::ALL {
        for family in [Family::Flat, Family::Stump] {
            cases.push(Case::new("lanes", kind, family, Policy::Random, fastest, 1));
        }
    }
    for family in [Family::Flat, Family::Stump] {
        cases.push(Case::new("lanes", WalkerKind::Default, family, Policy::Heuristic, fastest, 1));
    }
    for family in [Family::Hexagon, Family::Grass, Family::Hardcore] {
        cases.push(Case::new("lanes", WalkerKind::Default, family, Policy::Random, fastest, 1));
    }
    for (name, engine) in [("avx2", Engine::Avx2), ("portable", Engine::Portable), ("scalar", Engine::Scalar)]
    {
        if Engine::available().contains(&engine) {
            for family in [Family::Flat, Family::Stump] {
                cases.push(Case::new(name, WalkerKind::Default, family, Policy::Random, engine, 1));
            }
        }
    }
    cases.push(Case::new("scalar", WalkerKind::Default, Family::Flat, Policy::Heuristic, Engine::Scalar, 1));
    for family in [Family::Flat, Family::Stump] {
        for (name, threads) in [("one thread", 1), ("two threads", 2)] {
            let case = Case::new(name, WalkerKind::Default, family, Policy::Random, fastest, threads);
            cases.push(Case { count: WALKERS_OF_THREADS, ..case });
        }
    }
    for case in cases.iter().filter(|case| case.name().contains(part)) {
        case.measure(Duration::from_secs_f64(seconds));
    }
    for (name, engine) in [("lanes", fastest), ("scalar", Engine::Scalar)] {
        for family in [Family::Flat, Family::Stump, Family::Hexagon, Family::Grass, Family::Hardcore] {
            if "reset".contains(part) {
                measure_reset(name, family, engine);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Policy {
    Random,
    Heuristic,
}

struct Case {
    /// What the case is about, before the comma of its name.
    title: &'static str,
    kind: WalkerKind,
    family: Family,
    policy: Policy,
    engine: Engine,
    threads: usize,
    count: usize,
}

impl Case {
    fn new(
        title: &'static str,
        kind: WalkerKind,
        family: Family,
        policy: Policy,
        engine: Engine,
        threads: usize,
    ) -> Self {
        Self { title, kind, family, policy, engine, threads, count: WALKERS }
    }

    fn name(&self) -> String {
        let policy = match self.policy {
            Policy::Random => "random",
            Policy::Heuristic => "heuristic",
        };
        format!("{}, {} {} {policy}", self.title, self.kind.name(), self.family)
    }

    fn walkers(&self) -> VectorEnvironment {
        VectorEnvironment::new(VectorSettings {
            walker: WalkerSettings { kind: self.kind, family: self.family, ..WalkerSettings::default() },
            count: self.count,
            threads: self.threads,
            engine: self.engine,
            autoreset: Autoreset::SameStep,
        })
        .expect("the engine is one of this processor's")
    }

    /// Steps for a time and prints the steps a second.
    fn measure(&self, time: Duration) {
        let mut walkers = self.walkers();
        let mut batch = Batch::new(&walkers);
        let mut tasks = Tasks::new(self.family);
        let first: Vec<_> = (0..self.count).map(|_| Some(tasks.next())).collect();
        walkers.reset(&first, &mut batch.observations).expect("published tasks can be built");
        let mut player = Player::new(self.policy, &walkers);

        let warm_up = time.div_f64(5.0);
        let mut steps = 0;
        let mut started = Instant::now();
        let mut warm = false;
        while !warm || started.elapsed() < time {
            walkers.step(player.act(&batch), &mut batch.rows()).expect("actions fit");
            for walker in (0..self.count).filter(|&walker| batch.is_over(walker)) {
                walkers.queue(walker, tasks.next()).expect("published tasks can be built");
                player.restart(walker);
            }
            steps += self.count;
            if !warm && started.elapsed() >= warm_up {
                (warm, steps, started) = (true, 0, Instant::now());
            }
        }
        print(&self.name(), steps as f64 / started.elapsed().as_secs_f64(), "steps/s");
    }
}

/// Prints the time of a reset as a share of that of 100 steps of a walker.
fn measure_reset(name: &str, family: Family, engine: Engine) {
    const ROUNDS: usize = 20;
    let case = Case::new("reset", WalkerKind::Default, family, Policy::Random, engine, 1);
    let mut walkers = case.walkers();
    let mut batch = Batch::new(&walkers);
    let mut tasks = Tasks::new(family);
    let mut player = Player::new(Policy::Random, &walkers);
    let (mut resets, mut steps) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let assignments: Vec<_> = (0..WALKERS).map(|_| Some(tasks.next())).collect();
        let started = Instant::now();
        walkers.reset(&assignments, &mut batch.observations).expect("published tasks can be built");
        resets += started.elapsed();
        let started = Instant::now();
        for _ in 0..100 {
            walkers.step(player.act(&batch), &mut batch.rows()).expect("actions fit");
        }
        steps += started.elapsed();
    }
    print(
        &format!("reset, default {family} {name}"),
        100.0 * resets.as_secs_f64() / steps.as_secs_f64(),
        "% of 100 steps",
    );
}

/// Tasks of a family, evenly from the publication's ranges.
struct Tasks {
    family: Family,
    generator: ChaCha8Rng,
}

impl Tasks {
    fn new(family: Family) -> Self {
        Self { family, generator: ChaCha8Rng::seed_from_u64(1) }
    }

    fn next(&mut self) -> Assignment {
        let mut task = Task::new();
        let published = self.family.parameters().iter().filter(|parameter| parameter.published.is_some());
        for parameter in published {
            let [low, high] = parameter.published.expect("kept above");
            task.insert(parameter.name.to_owned(), self.generator.random_range(low..=high));
        }
        Assignment { seed: self.generator.random(), task }
    }
}

/// What chooses actions.
enum Player {
    Random { drawn: Vec<Vec<f32>>, next: usize },
    Heuristic { walkers: Vec<Heuristic>, actions: Vec<f32>, width: usize },
}

impl Player {
    fn new(policy: Policy, walkers: &VectorEnvironment) -> Self {
        let numbers = walkers.count() * walkers.action_count();
        match policy {
            Policy::Random => {
                let mut generator = ChaCha8Rng::seed_from_u64(2);
                let mut batch = || (0..numbers).map(|_| generator.random_range(-1.0..=1.0)).collect();
                Self::Random { drawn: (0..DRAWN).map(|_| batch()).collect(), next: 0 }
            }
            Policy::Heuristic => Self::Heuristic {
                walkers: (0..walkers.count()).map(|_| Heuristic::default()).collect(),
                actions: vec![0.0; numbers],
                width: walkers.observation_count(),
            },
        }
    }

    fn act(&mut self, batch: &Batch) -> &[f32] {
        match self {
            Self::Random { drawn, next } => {
                *next = (*next + 1) % DRAWN;
                &drawn[*next]
            }
            Self::Heuristic { walkers, actions, width } => {
                for (walker, heuristic) in walkers.iter_mut().enumerate() {
                    let row = &batch.observations[walker * *width..(walker + 1) * *width];
                    let observation: Vec<f64> = row.iter().map(|&value| f64::from(value)).collect();
                    let action = heuristic.act(&observation).map(|torque| torque as f32);
                    actions[4 * walker..4 * walker + 4].copy_from_slice(&action);
                }
                actions
            }
        }
    }

    fn restart(&mut self, walker: usize) {
        if let Self::Heuristic { walkers, .. } = self {
            walkers[walker] = Heuristic::default();
        }
    }
}

fn print(case: &str, median: f64, unit: &str) {
    println!(r#"{{"bench": "walker", "case": "{case}", "median": {median:.3}, "unit": "{unit}"}}"#);
}
