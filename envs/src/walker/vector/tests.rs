use super::*;
use crate::environment::{Environment, Step};
use crate::track::{Absent, Family, Parameter};
use crate::walker::{WalkerEnvironment, WalkerKind};
use core::num::NonZeroU32;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn uniform(generator: &mut ChaCha8Rng, [least, most]: [f64; 2]) -> f64 {
    least + (most - least) * (generator.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0
}

/// Numbers for all parameters that a task of the family must name, in the ranges of the publication.
fn any_task(family: Family, generator: &mut ChaCha8Rng) -> Task {
    let needed = family.parameters().iter().filter(|parameter| parameter.absent == Absent::Refused);
    let range = |parameter: &Parameter| parameter.published.unwrap_or([parameter.least, parameter.most]);
    needed.map(|parameter| (parameter.name.to_owned(), uniform(generator, range(parameter)))).collect()
}

fn any_assignment(family: Family, generator: &mut ChaCha8Rng) -> Assignment {
    Assignment { seed: generator.next_u64(), task: any_task(family, generator) }
}

/// Torques beyond their range too.
fn any_actions(count: usize, generator: &mut ChaCha8Rng) -> Vec<f32> {
    (0..count).map(|_| uniform(generator, [-1.2, 1.2]) as f32).collect()
}

/// One walker alone, which is driven as one of many is: what its row must hold.
struct Alone {
    environment: WalkerEnvironment,
    autoreset: Autoreset,
    observation: Vec<f64>,
    last: Option<Step>,
    return_: f64,
    length: u32,
}

/// What a step brings to one walker, all numbers by their bits.
#[derive(Debug, Default, PartialEq)]
struct Row {
    observation: Vec<u32>,
    reward: u64,
    terminated: bool,
    truncated: bool,
    return_: u64,
    length: u32,
    final_observation: Option<Vec<u32>>,
}

fn bits(observation: &[f64]) -> Vec<u32> {
    observation.iter().map(|&value| (value as f32).to_bits()).collect()
}

impl Alone {
    fn new(settings: &VectorSettings, assignment: &Assignment) -> Self {
        let environment = WalkerEnvironment::new(settings.walker);
        let observation = vec![0.0; settings.walker.kind.observation_count()];
        let autoreset = settings.autoreset;
        let mut alone = Self { environment, autoreset, observation, last: None, return_: 0.0, length: 0 };
        alone.reset(assignment);
        alone
    }

    fn reset(&mut self, assignment: &Assignment) {
        self.environment.reset(assignment.seed, &assignment.task, &mut self.observation).unwrap();
        (self.last, self.return_, self.length) = (None, 0.0, 0);
    }

    fn is_over(&self) -> bool {
        self.last.is_some_and(|step| step.is_last())
    }

    fn row(&self) -> Row {
        Row {
            observation: bits(&self.observation),
            reward: self.last.map_or(0.0, |step| step.reward).to_bits(),
            terminated: self.last.is_some_and(|step| step.terminated),
            truncated: self.last.is_some_and(|step| step.truncated),
            return_: self.return_.to_bits(),
            length: self.length,
            final_observation: None,
        }
    }

    /// Takes a step; `next` is asked where an episode begins.
    fn step(&mut self, action: &[f32], next: impl FnOnce() -> Assignment) -> Row {
        if self.is_over() {
            match self.autoreset {
                Autoreset::NextStep => {
                    self.reset(&next());
                    return self.row();
                }
                Autoreset::Disabled => return Row { reward: 0, ..self.row() },
                Autoreset::SameStep => unreachable!("an episode that is over is followed at once"),
            }
        }
        let action: Vec<f64> = action.iter().map(|&value| f64::from(value)).collect();
        let step = self.environment.step(&action, &mut self.observation).unwrap();
        self.return_ += step.reward;
        self.length += 1;
        self.last = Some(step);
        let row = self.row();
        if self.autoreset == Autoreset::SameStep && step.is_last() {
            self.reset(&next());
            return Row {
                observation: bits(&self.observation),
                final_observation: Some(row.observation.clone()),
                ..row
            };
        }
        row
    }
}

fn row_of(batch: &Batch, walker: usize, settings: &VectorSettings) -> Row {
    let width = settings.walker.kind.observation_count();
    let numbers = |values: &[f32]| values[row(walker, width)].iter().map(|value| value.to_bits()).collect();
    let ended = settings.autoreset == Autoreset::SameStep && batch.is_over(walker);
    Row {
        observation: numbers(&batch.observations),
        reward: batch.rewards[walker].to_bits(),
        terminated: batch.terminated[walker],
        truncated: batch.truncated[walker],
        return_: batch.returns[walker].to_bits(),
        length: batch.lengths[walker],
        final_observation: ended.then(|| numbers(&batch.final_observations)),
    }
}

fn settings() -> impl Strategy<Value = VectorSettings> {
    let engines = Engine::available();
    (
        prop::sample::select(&WalkerKind::ALL[..]),
        prop::sample::select(&Family::ALL[..]),
        1..150_u32,
        1..40_usize,
        1..5_usize,
        prop::sample::select(engines),
        prop::sample::select(&[Autoreset::NextStep, Autoreset::SameStep, Autoreset::Disabled][..]),
    )
        .prop_map(|(kind, family, step_limit, count, threads, engine, autoreset)| VectorSettings {
            walker: WalkerSettings { kind, family, step_limit: NonZeroU32::new(step_limit).unwrap() },
            count,
            threads,
            engine,
            autoreset,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Every walker does what it would do alone, bit for bit, whatever the engine, the number of walkers and threads, and its place.
    #[test]
    fn walkers_together_do_what_each_does_alone(settings in settings(), seed: u64, steps in 1..200_usize) {
        let generator = &mut generator(seed);
        let family = settings.walker.family;
        let mut walkers = VectorEnvironment::new(settings).unwrap();
        let mut batch = Batch::new(&walkers);
        let first: Vec<_> = (0..settings.count).map(|_| Some(any_assignment(family, generator))).collect();
        walkers.reset(&first, &mut batch.observations).unwrap();
        let mut alone: Vec<_> =
            first.iter().map(|first| Alone::new(&settings, first.as_ref().unwrap())).collect();
        let width = settings.walker.kind.observation_count();
        for (walker, alone) in alone.iter().enumerate() {
            let observation: Vec<u32> =
                batch.observations[row(walker, width)].iter().map(|value| value.to_bits()).collect();
            prop_assert_eq!(observation, bits(&alone.observation));
        }

        // Always one task queued for each.
        let mut queued: Vec<_> = (0..settings.count).map(|_| any_assignment(family, generator)).collect();
        for (walker, assignment) in queued.iter().enumerate() {
            walkers.queue(walker, assignment.clone()).unwrap();
        }
        for _ in 0..steps {
            let count = settings.walker.kind.action_count();
            let actions = any_actions(settings.count * count, generator);
            if settings.autoreset == Autoreset::Disabled && generator.next_u32().is_multiple_of(8) {
                // Some of those that rest are woken.
                let mut again = vec![None; settings.count];
                for (walker, alone) in alone.iter_mut().enumerate() {
                    if alone.is_over() && generator.next_u32().is_multiple_of(2) {
                        let assignment = any_assignment(family, generator);
                        alone.reset(&assignment);
                        again[walker] = Some(assignment);
                    }
                }
                walkers.reset(&again, &mut batch.observations).unwrap();
            }
            walkers.step(&actions, &mut batch.rows()).unwrap();
            for (walker, alone) in alone.iter_mut().enumerate() {
                let mut taken = None;
                let expected = alone.step(&actions[row(walker, count)], || {
                    let next = any_assignment(family, generator);
                    let taken = taken.insert(core::mem::replace(&mut queued[walker], next));
                    taken.clone()
                });
                prop_assert_eq!(row_of(&batch, walker, &settings), expected, "walker {}", walker);
                if let Some(taken) = taken {
                    walkers.queue(walker, queued[walker].clone()).unwrap();
                    let episode = walkers.episode(walker).unwrap();
                    prop_assert_eq!((episode.seed(), episode.task()), (taken.seed, Some(&taken.task)));
                }
            }
        }
    }
}
