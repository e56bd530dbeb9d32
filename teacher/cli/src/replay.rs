//! Walking a recorded trajectory again, alone or among walkers that do something else.

use magister_envs::{
    physics::{Engine, EngineMissing, Stepper},
    track::{TrackError, TrackParams},
    walker::{Ground, StepResult, Walker},
};
use serde::Serialize;

use crate::trajectory::{Step, Trajectory, return_until_done};

/// How many walkers an engine with lanes steps at once: more than the widest one's half, so that both halves of its pairs of
/// registers are in use, and no multiple of any width, so that some lanes stay empty.
const CROWD: usize = 19;

/// Which of them repeat the trajectory. They must all do the same, whatever the others do.
const COPIES: [usize; 4] = [0, 5, 13, 18];

/// For how many steps the first of the others walks before it starts anew.
const SHORTEST_WALK: usize = 40;

/// How far the trajectory walked again is from the recorded one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Replay {
    /// Walkers that repeated it at once.
    pub(crate) copies: usize,
    /// The first step at which something differs, counted from 0, or none.
    pub(crate) first_difference: Difference<Option<usize>>,
    /// The greatest differences.
    pub(crate) largest_difference: Difference<f64>,
    /// The first step of the first copy at which the episode is over.
    pub(crate) done_at: Option<usize>,
    /// The first copy's sum of the rewards up to that step, or of all.
    pub(crate) return_until_done: f64,
}

/// Something for each part of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Difference<T> {
    /// The hull's place and angle, which must be equal in every bit.
    pub(crate) hull: T,
    /// The observation.
    pub(crate) observation: T,
    /// The reward.
    pub(crate) reward: T,
    /// Whether the episode is over: as a difference 0 or 1.
    pub(crate) done: T,
}

impl Difference<Option<usize>> {
    /// The first step of all, if there is one.
    pub(crate) fn earliest(&self) -> Option<usize> {
        [self.hull, self.observation, self.reward, self.done].into_iter().flatten().min()
    }
}

/// Largest difference of an observation or reward from the reference's.
pub(crate) const TOLERANCE: f64 = 1e-12;

impl Replay {
    /// Walks the trajectory again: alone with [`Engine::Scalar`], otherwise several times at once beside walkers with other
    /// actions on other tracks.
    ///
    /// # Errors
    /// If the processor lacks the engine.
    pub(crate) fn run(trajectory: &Trajectory, engine: Engine) -> Result<Self, EngineMissing> {
        let mut stepper = Stepper::new(engine)?;
        let (count, copies) = if engine == Engine::Scalar { (1, &COPIES[..1]) } else { (CROWD, &COPIES[..]) };
        let crowd = Crowd::around(trajectory);
        let mut walkers: Vec<Walker> = (0..count)
            .map(|place| if copies.contains(&place) { trajectory.walker() } else { crowd.walker(place) })
            .collect();
        let mut results = vec![StepResult { reward: 0.0, terminated: false }; count];
        let mut observation = vec![0.0; trajectory.kind.observation_count()];
        let mut actions = Vec::new();
        let mut first = Vec::new();
        let mut replay = Self {
            copies: copies.len(),
            first_difference: Difference::default(),
            largest_difference: Difference::default(),
            done_at: None,
            return_until_done: 0.0,
        };
        for (index, step) in trajectory.steps.iter().enumerate() {
            actions.clear();
            for (place, walker) in walkers.iter_mut().enumerate() {
                if copies.contains(&place) {
                    actions.extend(&step.action);
                } else {
                    if index > 0 && index % (SHORTEST_WALK + place) == 0 {
                        *walker = crowd.walker(place);
                    }
                    actions.extend(crowd.action(place, index));
                }
            }
            Walker::step_all(&mut walkers, &actions, &mut results, &mut stepper);
            for &place in copies {
                walkers[place].observe(&mut observation);
                replay.compare(index, step, &walkers[place], &observation, results[place]);
            }
            first.push((results[0].reward, results[0].terminated));
        }
        replay.done_at = first.iter().position(|&(_, done)| done);
        replay.return_until_done = return_until_done(first);
        Ok(replay)
    }

    /// Whether it is the same trajectory.
    pub(crate) fn is_equal(&self) -> bool {
        self.first_difference == Difference::default()
    }

    /// Whether everything but the number of copies is the same.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        *self == Self { copies: self.copies, ..other.clone() }
    }

    fn compare(
        &mut self,
        index: usize,
        step: &Step,
        walker: &Walker,
        observation: &[f64],
        result: StepResult,
    ) {
        let place = walker.place(0).position;
        let hull = [place.x, place.y, walker.hull_angle()].map(f64::from);
        let same_bits = hull.map(f64::to_bits) == step.hull.map(f64::to_bits);
        let difference = Difference {
            hull: largest(&hull, &step.hull),
            observation: largest(observation, &step.observation),
            reward: largest(&[result.reward], &[step.reward]),
            done: f64::from(u8::from(result.terminated != step.done)),
        };
        let differs = Difference {
            hull: !same_bits,
            observation: difference.observation > TOLERANCE,
            reward: difference.reward > TOLERANCE,
            done: difference.done > 0.0,
        };
        let (first, most) = (&mut self.first_difference, &mut self.largest_difference);
        for (first, most, differs, difference) in [
            (&mut first.hull, &mut most.hull, differs.hull, difference.hull),
            (&mut first.observation, &mut most.observation, differs.observation, difference.observation),
            (&mut first.reward, &mut most.reward, differs.reward, difference.reward),
            (&mut first.done, &mut most.done, differs.done, difference.done),
        ] {
            *most = most.max(difference);
            if differs {
                first.get_or_insert(index);
            }
        }
    }
}

impl Trajectory {
    fn walker(&self) -> Walker {
        Walker::new(self.kind, &self.ground, self.initial_force)
    }
}

/// Walkers of the trajectory's kind that do something else beside it.
struct Crowd<'a> {
    trajectory: &'a Trajectory,
    /// Tracks with more surfaces than the reference's and with fewer, and the trajectory's own.
    grounds: [Ground; 3],
}

impl<'a> Crowd<'a> {
    fn around(trajectory: &'a Trajectory) -> Self {
        let made =
            |track: Result<_, TrackError>| Ground::from(&track.expect("these tracks have no parameters"));
        let grounds = [
            made(TrackParams::Hardcore.build(1)),
            made(TrackParams::Grass.build(2)),
            trajectory.ground.clone(),
        ];
        Self { trajectory, grounds }
    }

    fn walker(&self, place: usize) -> Walker {
        let ground = &self.grounds[place % self.grounds.len()];
        Walker::new(self.trajectory.kind, ground, 10.0 - place as f64)
    }

    /// The recorded actions, begun later and turned round.
    fn action(&self, place: usize, index: usize) -> impl Iterator<Item = f64> {
        let steps = &self.trajectory.steps;
        steps[(index + 17 * place) % steps.len()].action.iter().map(|torque| -torque)
    }
}

/// The greatest difference; infinite where there is no number.
fn largest(ours: &[f64], theirs: &[f64]) -> f64 {
    let differences = ours.iter().zip(theirs).map(|(our, their)| (our - their).abs());
    differences
        .map(|difference| if difference.is_nan() { f64::INFINITY } else { difference })
        .fold(0.0, f64::max)
}
