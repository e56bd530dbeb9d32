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

const STUMPS: WalkerSettings = WalkerSettings {
    kind: WalkerKind::Default,
    family: Family::Stump,
    step_limit: NonZeroU32::new(3).expect("3 is not 0"),
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// What is read back from a written state goes on to the bit, with another engine and other threads too.
    #[test]
    fn a_restored_state_goes_on_as_the_original(
        settings in settings(),
        seed: u64,
        before in 0..120_usize,
        threads in 1..4_usize,
    ) {
        let mut generator = generator(seed);
        let family = settings.walker.family;
        let first: Vec<_> = (0..settings.count).map(|_| Some(any_assignment(family, &mut generator))).collect();
        let mut original = VectorEnvironment::new(settings).unwrap();
        let mut expected = Batch::new(&original);
        original.reset(&first, &mut expected.observations).unwrap();
        for walker in 0..settings.count / 2 {
            original.queue(walker, any_assignment(family, &mut generator)).unwrap();
        }
        let actions = |generator: &mut _| any_actions(settings.count * settings.walker.kind.action_count(), generator);
        for _ in 0..before {
            original.step(&actions(&mut generator), &mut expected.rows()).unwrap();
        }

        let text = serde_json::to_string(&original.state()).unwrap();
        let mut restored =
            VectorEnvironment::new(VectorSettings { threads, engine: Engine::Scalar, ..settings }).unwrap();
        let mut found = Batch::new(&restored);
        restored.restore(serde_json::from_str(&text).unwrap(), &mut found.observations).unwrap();
        prop_assert_eq!(&found.observations, &expected.observations);
        for _ in 0..80 {
            let actions = actions(&mut generator);
            original.step(&actions, &mut expected.rows()).unwrap();
            restored.step(&actions, &mut found.rows()).unwrap();
            for walker in 0..settings.count {
                prop_assert_eq!(row_of(&found, walker, &settings), row_of(&expected, walker, &settings));
            }
        }
    }
}

#[test]
fn a_state_of_other_walkers_is_refused() {
    let (original, _) = walkers(3, 1, Autoreset::NextStep);
    let (mut other, mut batch) = walkers(2, 1, Autoreset::NextStep);
    let error = other.restore(original.state(), &mut batch.observations).unwrap_err().to_string();
    assert_eq!(
        error,
        "the state is one of 3 default walkers on stump tracks with at most 3 steps; these are 2 default walkers on \
         stump tracks with at most 3 steps"
    );
    let (mut other, mut batch) = walkers(3, 1, Autoreset::SameStep);
    let error = other.restore(original.state(), &mut batch.observations).unwrap_err().to_string();
    assert_eq!(error, "the state is of walkers with autoreset NextStep; these have SameStep");
}

/// Episodes of three steps.
fn walkers(count: usize, threads: usize, autoreset: Autoreset) -> (VectorEnvironment, Batch) {
    let engine = Engine::Scalar;
    let walkers =
        VectorEnvironment::new(VectorSettings { walker: STUMPS, count, threads, engine, autoreset }).unwrap();
    let batch = Batch::new(&walkers);
    (walkers, batch)
}

fn stumps(seed: u64, height: f64) -> Assignment {
    let task = [("stump_height", height), ("obstacle_spacing", 3.0)];
    Assignment { seed, task: task.map(|(name, value)| (name.to_owned(), value)).into() }
}

fn played(walkers: &VectorEnvironment, walker: usize) -> Assignment {
    let episode = walkers.episode(walker).unwrap();
    Assignment { seed: episode.seed(), task: episode.task().unwrap().clone() }
}

#[test]
fn what_is_queued_comes_in_turn_and_then_the_last_task_with_the_seeds_that_follow() {
    for autoreset in [Autoreset::NextStep, Autoreset::SameStep] {
        let (mut walkers, mut batch) = walkers(2, 1, autoreset);
        walkers.reset(&[Some(stumps(1, 1.0)), Some(stumps(2, 2.0))], &mut batch.observations).unwrap();
        walkers.queue(1, stumps(3, 0.5)).unwrap();
        walkers.queue(1, stumps(4, 0.7)).unwrap();
        assert_eq!((walkers.queued(0), walkers.queued(1), walkers.queued(2)), (Some(0), Some(2), None));
        let mut begun = [vec![played(&walkers, 0)], vec![played(&walkers, 1)]];
        for _ in 0..20 {
            walkers.step(&[0.0; 8], &mut batch.rows()).unwrap();
            for (walker, begun) in begun.iter_mut().enumerate() {
                let playing = played(&walkers, walker);
                if begun.last() != Some(&playing) {
                    begun.push(playing);
                }
            }
        }
        let follow = super::super::draws::following_seed;
        let seeds = [1, follow(1), follow(follow(1))];
        assert_eq!(begun[0][..3], seeds.map(|seed| stumps(seed, 1.0)));
        assert_eq!(begun[1][..4], [stumps(2, 2.0), stumps(3, 0.5), stumps(4, 0.7), stumps(follow(4), 0.7)]);
        assert_eq!(walkers.infeasible().count(), 0);

        walkers.queue(0, stumps(9, 1.0)).unwrap();
        assert_eq!((walkers.clear_queue(0).unwrap(), walkers.queued(0)), (1, Some(0)));

        walkers.queue(0, stumps(9, 1.0)).unwrap();
        walkers.queue(0, stumps(10, 1.0)).unwrap();
        walkers.replace_queue(0, stumps(11, 1.0)).unwrap();
        walkers.replace_queue(0, stumps(12, 101.0)).unwrap_err();
        assert_eq!(walkers.queued(0), Some(1));
        let longest = (0..20).find(|_| {
            walkers.step(&[0.0; 8], &mut batch.rows()).unwrap();
            played(&walkers, 0) == stumps(11, 1.0)
        });
        assert!(longest.is_some());
    }
}

#[test]
fn a_ready_made_track_is_walked_again_with_other_pushes() {
    let (mut walkers, mut batch) = walkers(2, 2, Autoreset::NextStep);
    let track = Arc::new(crate::track::TrackParams::Flat.build(0).unwrap());
    for walker in 0..2 {
        walkers.reset_on(walker, Arc::clone(&track), 5, &mut batch.observations).unwrap();
    }
    let first = batch.observations.clone();
    for _ in 0..4 {
        walkers.step(&[0.0; 8], &mut batch.rows()).unwrap();
    }
    let episode = walkers.episode(1).unwrap();
    assert_eq!((episode.track(), episode.task(), episode.length()), (&*track, None, 0));
    assert_ne!(batch.observations, first);
}

#[test]
fn a_queued_ready_made_track_is_walked_with_its_seed() {
    for autoreset in [Autoreset::NextStep, Autoreset::SameStep] {
        let (mut walkers, mut batch) = walkers(2, 1, autoreset);
        walkers.reset(&[Some(stumps(1, 1.0)), Some(stumps(2, 1.0))], &mut batch.observations).unwrap();
        let track = Arc::new(crate::track::TrackParams::Flat.build(0).unwrap());
        walkers.queue_on(1, Arc::clone(&track), 5).unwrap();
        walkers.queue_on(2, Arc::clone(&track), 5).unwrap_err();
        for _ in 0..4 {
            walkers.step(&[0.0; 8], &mut batch.rows()).unwrap();
        }
        let episode = walkers.episode(1).unwrap();
        assert_eq!((episode.track(), episode.task(), episode.seed()), (&*track, None, 5));
        assert_eq!(played(&walkers, 0).task, stumps(1, 1.0).task);
    }
}

#[test]
fn infeasible_tasks_are_errors_before_anything_changes() {
    let (mut walkers, mut batch) = walkers(3, 2, Autoreset::NextStep);
    let good = [1, 2, 3].map(|seed| Some(stumps(seed, 1.0)));
    walkers.reset(&good, &mut batch.observations).unwrap();
    let before = (batch.clone(), [0, 1, 2].map(|walker| played(&walkers, walker)));

    let mut misspelt = stumps(7, 1.0);
    misspelt.task.insert("stump_hight".to_owned(), 1.0);
    let bad = [Some(stumps(7, 101.0)), Some(stumps(7, 1.0)), Some(misspelt)];
    let error = walkers.reset(&bad, &mut batch.observations).unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with(
            "walker 0: the task is infeasible: stump_height is 101: give a number from -100 to 100; \
             walker 2: the task does not fit the environment: the family `stump` has no parameter `stump_hight`"
        ),
        "{message}"
    );
    let infeasible: Vec<usize> = error.infeasible_tasks().map(|refused| refused.walker).collect();
    assert_eq!(infeasible, [0]);

    let error = walkers.queue(1, stumps(7, f64::NAN)).unwrap_err();
    assert_eq!(error.infeasible_tasks().count(), 1);
    assert_eq!(walkers.queued(1), Some(0));
    assert_eq!((batch, [0, 1, 2].map(|walker| played(&walkers, walker))), before);
}

#[test]
fn a_task_that_cannot_be_repeated_is_reported_and_its_track_walked_again() {
    for autoreset in [Autoreset::NextStep, Autoreset::SameStep] {
        let (mut walkers, mut batch) = walkers(2, 2, autoreset);
        walkers.reset(&[Some(stumps(1, 1.0)), Some(stumps(2, 1.0))], &mut batch.observations).unwrap();
        // No task within the limits is known that some seeds make infeasible, so one is put where it could not have come by itself.
        let impossible = stumps(0, 500.0).task;
        let plan = walkers.plan(&stumps(5, 1.0)).unwrap();
        let track = plan.clone().pretending(impossible.clone());
        walkers.begin(vec![(1, track)], &mut batch.observations);
        let track = walkers.episode(1).unwrap().track().clone();
        let mut reported = Vec::new();
        for _ in 0..4 {
            walkers.step(&[0.0; 8], &mut batch.rows()).unwrap();
            reported.extend(walkers.infeasible().cloned());
        }
        let seed = super::super::draws::following_seed(5);
        assert_eq!(reported.len(), 1, "{reported:?}");
        assert_eq!(reported[0].walker, 1);
        assert_eq!(reported[0].assignment, Assignment { seed, task: impossible });
        assert!(reported[0].reason.is_infeasible());
        let episode = walkers.episode(1).unwrap();
        assert_eq!((episode.seed(), episode.track()), (seed, &track));
        assert!(episode.length() < 3 && !episode.is_over());
    }
}

#[test]
fn bad_calls_are_refused_with_what_to_mend() {
    let settings = VectorSettings { walker: STUMPS, ..VectorSettings::default() };
    let error = |settings| VectorEnvironment::new(settings).unwrap_err().to_string();
    let none = VectorSettings { count: 0, ..settings };
    assert_eq!(error(none), "a vector environment needs at least one walker");
    assert_eq!(
        error(VectorSettings { threads: 0, ..settings }),
        "a vector environment needs at least one thread"
    );
    for engine in [Engine::Avx2, Engine::Avx512] {
        if !Engine::available().contains(&engine) {
            let error = error(VectorSettings { engine, ..settings });
            assert!(error.contains("take one of `Engine::available()`"), "{error}");
        }
    }

    let (mut walkers, mut batch) = walkers(3, 2, Autoreset::SameStep);
    let step = |walkers: &mut VectorEnvironment, actions: &[f32], rows: &mut BatchMut<'_>| {
        walkers.step(actions, rows).unwrap_err().to_string()
    };
    let some = [Some(stumps(1, 1.0)), None, Some(stumps(2, 1.0))];
    walkers.reset(&some, &mut batch.observations).unwrap();
    let message = step(&mut walkers, &[0.0; 12], &mut batch.rows());
    assert_eq!(message, "walker 1 has no episode yet: reset it first");
    walkers.reset(&[None, Some(stumps(3, 1.0)), None], &mut batch.observations).unwrap();
    let before = batch.clone();

    assert_eq!(step(&mut walkers, &[0.0; 11], &mut batch.rows()), "`actions` has 11 entries, not 12");
    let mut actions = [0.0; 12];
    actions[6] = f32::NAN;
    assert_eq!(
        step(&mut walkers, &actions, &mut batch.rows()),
        "number 2 of the action of walker 1 is NaN: give a finite one"
    );
    type Shorten = fn(&mut Batch);
    let shortened: [(&str, Shorten); 7] = [
        ("observations", |batch| {
            batch.observations.pop();
        }),
        ("rewards", |batch| {
            batch.rewards.pop();
        }),
        ("terminated", |batch| {
            batch.terminated.pop();
        }),
        ("truncated", |batch| {
            batch.truncated.pop();
        }),
        ("returns", |batch| {
            batch.returns.pop();
        }),
        ("lengths", |batch| {
            batch.lengths.pop();
        }),
        ("final_observations", |batch| {
            batch.final_observations.pop();
        }),
    ];
    for (name, shorten) in shortened {
        let mut batch = before.clone();
        shorten(&mut batch);
        let message = step(&mut walkers, &[0.0; 12], &mut batch.rows());
        assert!(message.starts_with(&format!("`{name}` has ")), "{message}");
    }
    let message = walkers.reset(&some[..2], &mut batch.observations).unwrap_err().to_string();
    assert_eq!(message, "`assignments` has 2 entries, not 3");
    let message = walkers.reset(&some, &mut batch.observations[1..]).unwrap_err().to_string();
    assert_eq!(message, "`observations` has 71 entries, not 72");
    let nobody = "there is no walker 3: there are 3, from 0";
    assert_eq!(walkers.queue(3, stumps(1, 1.0)).unwrap_err().to_string(), nobody);
    assert_eq!(walkers.clear_queue(3).unwrap_err().to_string(), nobody);
    assert!(walkers.episode(3).is_none());

    // Nothing of all this has changed anything, and nobody need want the last observations.
    assert_eq!(batch, before);
    assert!((0..3).all(|walker| walkers.episode(walker).unwrap().length() == 0));
    for _ in 0..4 {
        walkers.step(&[0.0; 12], &mut BatchMut { final_observations: &mut [], ..batch.rows() }).unwrap();
    }
    assert_eq!(batch.lengths, [1; 3]);
}
