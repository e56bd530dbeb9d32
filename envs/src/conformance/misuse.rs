//! Calls that an environment must refuse, and without changing anything.

use super::play::{Claims, Played, is_unwritten};
use super::violation::Violation;
use crate::environment::{Absent, Environment, Parameter, ResetError, StepError, Task};
use core::fmt;

/// A call that must be refused.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Misuse {
    /// A step before the first reset.
    StepBeforeReset,
    /// A step after the end of an episode.
    StepAfterEnd,
    /// A step with an action that has one number less, or more, than it should.
    ActionLength(Amiss),
    /// A step with an action one of whose numbers is this.
    ActionValue(f64),
    /// A step with room for one number less, or more, than an observation has.
    StepRoom(Amiss),
    /// A reset with room for one number less, or more, than an observation has.
    ResetRoom(Amiss),
    /// A reset with a task that names something unknown.
    UnknownParameter,
    /// A reset with a task that lacks a parameter.
    MissingParameter(&'static str),
    /// A reset with a task in which a parameter is out of its limits.
    ParameterValue(&'static str, f64),
}

/// By how much a length is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amiss {
    /// One less.
    OneLess,
    /// One more.
    OneMore,
}

/// Steps before the first reset.
pub(super) fn try_before_reset(environment: &mut impl Environment, claims: &Claims) -> Result<(), Violation> {
    Misuse::StepBeforeReset.attempt(environment, claims, 0, &Task::new())
}

/// Steps after the end of an episode.
pub(super) fn try_after_end(environment: &mut impl Environment, claims: &Claims) -> Result<(), Violation> {
    Misuse::StepAfterEnd.attempt(environment, claims, 0, &Task::new())
}

/// Plays an episode in the middle of which something must be refused.
pub(super) fn play_with(
    environment: &mut impl Environment,
    claims: &Claims,
    seed: u64,
    task: &Task,
    actions: &[Vec<f64>],
    misuse: &Misuse,
) -> Result<Option<Played>, Violation> {
    let Some(first) = claims.reset(environment, seed, task)? else { return Ok(None) };
    let mut played = Played::begun(first);
    let (before, after) = actions.split_at(actions.len() / 2);
    played.go_on(environment, claims, before)?;
    misuse.attempt(environment, claims, seed, task)?;
    played.go_on(environment, claims, after)?;
    Ok(Some(played))
}

impl Misuse {
    /// All that can be tried while an episode of a task goes on.
    pub(super) fn during_episode(parameters: &[Parameter], task: &Task) -> Vec<Self> {
        let mut all = vec![Self::UnknownParameter];
        for amiss in [Amiss::OneLess, Amiss::OneMore] {
            all.extend([Self::ActionLength(amiss), Self::StepRoom(amiss), Self::ResetRoom(amiss)]);
        }
        all.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Self::ActionValue));
        // What the task leaves out may be of no use without something else that it leaves out.
        for parameter in parameters.iter().filter(|parameter| task.contains_key(parameter.name)) {
            if parameter.absent == Absent::Refused {
                all.push(Self::MissingParameter(parameter.name));
            }
            let below = parameter.least - (1.0 + parameter.least.abs());
            let above = parameter.most + (1.0 + parameter.most.abs());
            all.extend([below, above, f64::NAN].map(|value| Self::ParameterValue(parameter.name, value)));
        }
        all
    }

    /// Makes the call, and sees that it is refused and writes nothing.
    fn attempt(
        &self,
        environment: &mut impl Environment,
        claims: &Claims,
        seed: u64,
        task: &Task,
    ) -> Result<(), Violation> {
        let mut room = claims.room();
        let mut action: Vec<f64> =
            claims.action_ranges.iter().map(|&[least, most]| 0.0_f64.clamp(least, most)).collect();
        let mut task = task.clone();
        match self {
            Self::StepBeforeReset | Self::StepAfterEnd => {}
            Self::ActionLength(amiss) => amiss.apply(&mut action, 0.0),
            Self::ActionValue(value) => {
                if let Some(last) = action.last_mut() {
                    *last = *value;
                }
            }
            Self::StepRoom(amiss) | Self::ResetRoom(amiss) => {
                let unwritten = room.first().copied().unwrap_or(f64::NAN);
                amiss.apply(&mut room, unwritten);
            }
            Self::UnknownParameter => {
                task.insert("no parameter has this name".to_owned(), 0.0);
            }
            Self::MissingParameter(name) => {
                task.remove(*name);
            }
            Self::ParameterValue(name, value) => {
                task.insert((*name).to_owned(), *value);
            }
        }
        let error = if self.is_of_a_step() {
            match environment.step(&action, &mut room) {
                Ok(_) => return Err(Violation::NotRefused { misuse: self.clone() }),
                Err(error) if self.is_right_step_error(&error) => None,
                Err(error) => Some(error.to_string()),
            }
        } else {
            match environment.reset(seed, &task, &mut room) {
                Ok(()) => return Err(Violation::NotRefused { misuse: self.clone() }),
                Err(error) if self.is_right_reset_error(&error) => None,
                Err(error) => Some(error.to_string()),
            }
        };
        if let Some(error) = error {
            return Err(Violation::WrongError { misuse: self.clone(), error });
        }
        if room.into_iter().all(is_unwritten) {
            Ok(())
        } else {
            Err(Violation::WrittenByRefusal { misuse: self.clone() })
        }
    }

    fn is_of_a_step(&self) -> bool {
        match self {
            Self::StepBeforeReset
            | Self::StepAfterEnd
            | Self::ActionLength(_)
            | Self::ActionValue(_)
            | Self::StepRoom(_) => true,
            Self::ResetRoom(_)
            | Self::UnknownParameter
            | Self::MissingParameter(_)
            | Self::ParameterValue(..) => false,
        }
    }

    fn is_right_step_error(&self, error: &StepError) -> bool {
        match self {
            Self::StepBeforeReset => matches!(error, StepError::NotReset),
            Self::StepAfterEnd => matches!(error, StepError::Over),
            Self::ActionLength(_) => matches!(error, StepError::ActionLength { .. }),
            Self::ActionValue(_) => matches!(error, StepError::ActionValue { .. }),
            _ => matches!(error, StepError::Room { .. }),
        }
    }

    fn is_right_reset_error(&self, error: &ResetError) -> bool {
        match self {
            Self::ParameterValue(..) => error.is_infeasible(),
            Self::UnknownParameter | Self::MissingParameter(_) => matches!(error, ResetError::Task(_)),
            _ => matches!(error, ResetError::Room { .. }),
        }
    }
}

impl Amiss {
    fn apply(self, numbers: &mut Vec<f64>, more: f64) {
        match self {
            Self::OneLess => drop(numbers.pop()),
            Self::OneMore => numbers.push(more),
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepBeforeReset => f.write_str("a step before the first reset"),
            Self::StepAfterEnd => f.write_str("a step after the end of an episode"),
            Self::ActionLength(amiss) => write!(f, "a step with an action of one number {amiss}"),
            Self::ActionValue(value) => write!(f, "a step with {value} in its action"),
            Self::StepRoom(amiss) => write!(f, "a step with room for one number {amiss}"),
            Self::ResetRoom(amiss) => write!(f, "a reset with room for one number {amiss}"),
            Self::UnknownParameter => f.write_str("a reset with an unknown parameter"),
            Self::MissingParameter(name) => write!(f, "a reset without `{name}`"),
            Self::ParameterValue(name, value) => write!(f, "a reset with `{name}` = {value}"),
        }
    }
}

impl fmt::Display for Amiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneLess => "less",
            Self::OneMore => "more",
        })
    }
}
