//! Episodes that a check plays, and what it writes down of them.

use super::violation::{Place, Violation};
use crate::environment::{Environment, Seeding, Step, Task};
use core::num::NonZeroU32;

/// What fills the room for an observation before it is written: a NaN, so that what is not written is found.
const UNWRITTEN: f64 = f64::from_bits(0x7ff8_0bad_0bad_0bad);

/// What an environment says of itself.
pub(super) struct Claims {
    pub(super) observation_ranges: Vec<[f64; 2]>,
    pub(super) action_ranges: Vec<[f64; 2]>,
    pub(super) step_limit: Option<NonZeroU32>,
    pub(super) seeding: Seeding,
}

/// An episode as it went.
pub(super) struct Played {
    moments: Vec<Moment>,
}

/// The state of an episode after so many steps.
#[derive(Clone)]
pub(super) struct Moment {
    observation: Vec<f64>,
    /// None just after the reset.
    step: Option<Step>,
}

/// Plays an episode until it is over or there are no more actions; none if the task is infeasible.
pub(super) fn play(
    environment: &mut impl Environment,
    claims: &Claims,
    seed: u64,
    task: &Task,
    actions: &[Vec<f64>],
) -> Result<Option<Played>, Violation> {
    let Some(first) = claims.reset(environment, seed, task)? else { return Ok(None) };
    let mut played = Played { moments: vec![first] };
    played.go_on(environment, claims, actions)?;
    Ok(Some(played))
}

impl Claims {
    pub(super) fn of(environment: &impl Environment) -> Result<Self, Violation> {
        let observation_ranges = environment.observation_ranges();
        let action_ranges = environment.action_ranges();
        for (what, ranges) in [("observation", &observation_ranges), ("action", &action_ranges)] {
            let is_range = |&[least, most]: &[f64; 2]| least <= most;
            if let Some(index) = ranges.iter().position(|range| !is_range(range)) {
                return Err(Violation::EmptyRange { what, index });
            }
        }
        Ok(Self {
            observation_ranges,
            action_ranges,
            step_limit: environment.step_limit(),
            seeding: environment.seeding(),
        })
    }

    /// Room for an observation.
    pub(super) fn room(&self) -> Vec<f64> {
        vec![UNWRITTEN; self.observation_ranges.len()]
    }

    /// The first moment of an episode; none if the task is infeasible.
    pub(super) fn reset(
        &self,
        environment: &mut impl Environment,
        seed: u64,
        task: &Task,
    ) -> Result<Option<Moment>, Violation> {
        let mut observation = self.room();
        match environment.reset(seed, task, &mut observation) {
            Ok(()) => {
                self.check_observation(&observation, 0)?;
                Ok(Some(Moment { observation, step: None }))
            }
            Err(error) if error.is_infeasible() => Ok(None),
            Err(error) => Err(Violation::TaskRefused { task: task.clone(), error: error.to_string() }),
        }
    }

    /// The moment after a step, which is the `number`th of its episode.
    pub(super) fn step(
        &self,
        environment: &mut impl Environment,
        action: &[f64],
        number: usize,
    ) -> Result<Moment, Violation> {
        let mut observation = self.room();
        let step = environment
            .step(action, &mut observation)
            .map_err(|error| Violation::StepRefused { step: number, error: error.to_string() })?;
        self.check_observation(&observation, number)?;
        if !step.reward.is_finite() {
            return Err(Violation::Reward { step: number, value: step.reward });
        }
        let is_limit = self.step_limit.is_some_and(|limit| number >= limit.get() as usize);
        match (step.truncated, is_limit) {
            (true, false) => Err(Violation::TruncatedEarly { step: number }),
            (false, true) => Err(Violation::NotTruncated { step: number }),
            _ => Ok(Moment { observation, step: Some(step) }),
        }
    }

    fn check_observation(&self, observation: &[f64], step: usize) -> Result<(), Violation> {
        for (index, (&value, &[least, most])) in observation.iter().zip(&self.observation_ranges).enumerate()
        {
            if is_unwritten(value) {
                return Err(Violation::Unwritten { index, step });
            }
            if !(value.is_finite() && (least..=most).contains(&value)) {
                return Err(Violation::Observation { index, step, value, least, most });
            }
        }
        Ok(())
    }
}

impl Played {
    /// Takes steps until the episode is over or there are no more actions.
    pub(super) fn go_on(
        &mut self,
        environment: &mut impl Environment,
        claims: &Claims,
        actions: &[Vec<f64>],
    ) -> Result<(), Violation> {
        for action in actions {
            if self.is_over() {
                break;
            }
            self.moments.push(claims.step(environment, action, self.length() + 1)?);
        }
        Ok(())
    }

    /// An episode that has just begun.
    pub(super) fn begun(first: Moment) -> Self {
        Self { moments: vec![first] }
    }

    /// The same episode, of which only so many steps have been taken.
    pub(super) fn beginning(&self, length: usize) -> Self {
        Self { moments: self.moments[..=length].to_vec() }
    }

    pub(super) fn length(&self) -> usize {
        self.moments.len() - 1
    }

    pub(super) fn is_over(&self) -> bool {
        self.last_step().is_some_and(|step| step.is_last())
    }

    pub(super) fn is_terminated(&self) -> bool {
        self.last_step().is_some_and(|step| step.terminated)
    }

    pub(super) fn is_truncated(&self) -> bool {
        self.last_step().is_some_and(|step| step.truncated)
    }

    /// Refuses another episode that is not this one.
    pub(super) fn expect_again(
        &self,
        other: Option<Self>,
        violation: impl FnOnce(Place) -> Violation,
    ) -> Result<(), Violation> {
        let Some(other) = other else { return Err(violation(Place::Reset)) };
        let shorter =
            (other.length() != self.length()).then_some(Place::Step(self.length().min(other.length()) + 1));
        self.first_difference(&other).or(shorter).map_or(Ok(()), |place| Err(violation(place)))
    }

    /// Refuses another episode that is not the beginning of this one.
    pub(super) fn expect_beginning(
        &self,
        other: Option<Self>,
        violation: impl FnOnce(Place) -> Violation,
    ) -> Result<(), Violation> {
        let Some(other) = other else { return Err(violation(Place::Reset)) };
        self.first_difference(&other).map_or(Ok(()), |place| Err(violation(place)))
    }

    /// Where two episodes part, as far as both go.
    pub(super) fn first_difference(&self, other: &Self) -> Option<Place> {
        let moments = self.moments.iter().zip(&other.moments);
        let parted = moments.enumerate().find(|(_, (one, other))| !one.is_same(other))?;
        Some(if parted.0 == 0 { Place::Reset } else { Place::Step(parted.0) })
    }

    fn last_step(&self) -> Option<Step> {
        self.moments.last().and_then(|moment| moment.step)
    }
}

impl Moment {
    /// Whether all bits are equal.
    fn is_same(&self, other: &Self) -> bool {
        let bits =
            |step: Option<Step>| step.map(|step| (step.reward.to_bits(), step.terminated, step.truncated));
        let observations = self.observation.iter().zip(&other.observation);
        bits(self.step) == bits(other.step)
            && observations.into_iter().all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

/// Whether a number of an observation is as it was before.
pub(super) fn is_unwritten(value: f64) -> bool {
    value.to_bits() == UNWRITTEN.to_bits()
}
