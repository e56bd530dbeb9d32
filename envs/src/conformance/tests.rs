use super::*;
use crate::environment::{Absent, Parameter, ResetError, Step, StepError, check_action};
use crate::track::Family;
use crate::walker::{WalkerEnvironment, WalkerKind, WalkerSettings};
use core::num::NonZeroU32;
use serde::{Deserialize, Serialize};

/// What is wrong with a [`Drifter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Flaw {
    Nothing,
    EmptyActionRange,
    RefusesItsOwnRange,
    RefusesAStep,
    LeavesANumberUnwritten,
    ObservesNan,
    LeavesItsRange,
    RewardsWithInfinity,
    TruncatesEarly,
    GoesOnBeyondTheLimit,
    RemembersTheLastEpisode,
    DiffersFromItsTwins,
    IgnoresTheSeed,
    ClaimsNoSeed,
    StepsBeforeReset,
    StepsAfterEnd,
    TakesShortActions,
    TakesNan,
    TakesSmallRooms,
    TakesUnknownNames,
    TakesValuesOutOfRange,
    CallsValuesOutOfRangeMistakes,
    WritesBeforeItChecks,
    ForgetsOnFailedReset,
    MovesBeforeItChecks,
    CannotBeSaved,
    SavesRounded,
    ClonesTheBeginning,
}

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "drift",
        meaning: "how far it drifts in each step",
        least: -0.5,
        most: 0.5,
        published: None,
        absent: Absent::Refused,
    },
    Parameter {
        name: "edge",
        meaning: "how far it may go",
        least: 1.0,
        most: 20.0,
        published: Some([2.0, 8.0]),
        absent: Absent::Is(4.0),
    },
];

const LIMIT: u32 = 25;

/// A point that is pushed and drifts until it goes over an edge.
#[derive(Debug)]
struct Drifter {
    flaw: Flaw,
    twin: u32,
    state: Option<State>,
    first: Option<State>,
    episodes: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct State {
    place: f64,
    drift: f64,
    edge: f64,
    length: u32,
    is_over: bool,
}

impl Drifter {
    fn maker(flaw: Flaw) -> impl FnMut() -> Self {
        let mut made = 0;
        move || {
            made += 1;
            Self { flaw, twin: made, state: None, first: None, episodes: 0 }
        }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn observe(&self, observation: &mut [f64]) {
        let State { place, edge, length, .. } = self.state.expect("it has been reset");
        let place = if self.is(Flaw::ObservesNan) && length == 7 { f64::NAN } else { place };
        observation[0] = place;
        if !(self.is(Flaw::LeavesANumberUnwritten) && length == 3) {
            observation[1] = if self.is(Flaw::LeavesItsRange) { edge } else { 1.0 / (1.0 + edge) };
        }
    }

    fn check_room(&self, observation: &[f64]) -> Result<(), usize> {
        let fits = observation.len() == 2 || (self.is(Flaw::TakesSmallRooms) && observation.len() > 2);
        if fits { Ok(()) } else { Err(observation.len()) }
    }

    fn value(&self, task: &Task, parameter: &Parameter) -> Result<f64, ResetError> {
        let value = match (task.get(parameter.name), parameter.absent) {
            (Some(&value), _) | (None, Absent::Is(value)) => value,
            (None, _) => return Err(ResetError::Task("a parameter is missing".into())),
        };
        if (parameter.least..=parameter.most).contains(&value) || self.is(Flaw::TakesValuesOutOfRange) {
            return Ok(value);
        }
        if self.is(Flaw::CallsValuesOutOfRangeMistakes) {
            return Err(ResetError::Task("a value is out of range".into()));
        }
        Err(ResetError::Infeasible("a value is out of range".into()))
    }
}

impl Environment for Drifter {
    fn parameters(&self) -> &[Parameter] {
        PARAMETERS
    }

    fn seeding(&self) -> Seeding {
        if self.is(Flaw::ClaimsNoSeed) { Seeding::Ignored } else { Seeding::Random }
    }

    fn observation_ranges(&self) -> Vec<[f64; 2]> {
        vec![[f64::NEG_INFINITY, f64::INFINITY], [0.0, 1.0]]
    }

    fn action_ranges(&self) -> Vec<[f64; 2]> {
        vec![if self.is(Flaw::EmptyActionRange) { [1.0, -1.0] } else { [-1.0, 1.0] }]
    }

    fn step_limit(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(LIMIT)
    }

    fn reset(&mut self, seed: u64, task: &Task, observation: &mut [f64]) -> Result<(), ResetError> {
        if self.is(Flaw::WritesBeforeItChecks) {
            observation.fill(0.0);
        }
        if self.is(Flaw::ForgetsOnFailedReset) {
            self.state = self.state.map(|state| State { drift: 0.0, ..state });
        }
        self.check_room(observation).map_err(|found| ResetError::Room { expected: 2, found })?;
        let is_known = |name: &String| PARAMETERS.iter().any(|parameter| parameter.name == name);
        if !(task.keys().all(is_known) || self.is(Flaw::TakesUnknownNames)) {
            return Err(ResetError::Task("a name is unknown".into()));
        }
        let drift = self.value(task, &PARAMETERS[0])?;
        let edge = self.value(task, &PARAMETERS[1])?;
        if self.is(Flaw::RefusesItsOwnRange) && drift < 0.0 {
            return Err(ResetError::Task("it must not drift to the left".into()));
        }
        let place = match self.flaw {
            Flaw::IgnoresTheSeed => 0.25,
            Flaw::RemembersTheLastEpisode => f64::from(self.episodes),
            Flaw::DiffersFromItsTwins => f64::from(self.twin),
            _ => (seed >> 11) as f64 / 9_007_199_254_740_992.0,
        };
        self.episodes += 1;
        self.state = Some(State { place, drift, edge, length: 0, is_over: false });
        self.first = self.state;
        self.observe(observation);
        Ok(())
    }

    fn step(&mut self, action: &[f64], observation: &mut [f64]) -> Result<Step, StepError> {
        let flaw = self.flaw;
        if self.is(Flaw::MovesBeforeItChecks)
            && let Some(state) = &mut self.state
        {
            state.place += 0.1;
        }
        let is_allowed = (flaw == Flaw::TakesShortActions && action.is_empty())
            || (flaw == Flaw::TakesNan && action.len() == 1 && action[0].is_nan());
        if !is_allowed {
            check_action(action, 1)?;
        }
        self.check_room(observation).map_err(|found| StepError::Room { expected: 2, found })?;
        let Some(state) = &mut self.state else {
            if flaw == Flaw::StepsBeforeReset {
                return Ok(Step { reward: 0.0, terminated: false, truncated: false });
            }
            return Err(StepError::NotReset);
        };
        if (state.is_over && flaw != Flaw::StepsAfterEnd)
            || (flaw == Flaw::RefusesAStep && state.length == 10)
        {
            return Err(StepError::Over);
        }
        let push = action.first().copied().filter(|push| push.is_finite()).unwrap_or(0.0);
        state.place += state.drift + push.clamp(-1.0, 1.0);
        state.length += 1;
        let step = Step {
            reward: if flaw == Flaw::RewardsWithInfinity { f64::INFINITY } else { state.place },
            terminated: state.place.abs() > state.edge,
            truncated: match flaw {
                Flaw::TruncatesEarly => state.length >= LIMIT - 1,
                Flaw::GoesOnBeyondTheLimit => false,
                _ => state.length >= LIMIT,
            },
        };
        state.is_over = step.is_last();
        self.observe(observation);
        Ok(step)
    }
}

impl Clone for Drifter {
    fn clone(&self) -> Self {
        let state = if self.is(Flaw::ClonesTheBeginning) { self.first } else { self.state };
        Self { state, ..*self }
    }
}

impl Serialize for Drifter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is(Flaw::CannotBeSaved) && self.state.is_some() {
            return Err(serde::ser::Error::custom("something is in the way"));
        }
        let round = |state: State| State { place: f64::from(state.place as f32), ..state };
        let state = if self.is(Flaw::SavesRounded) { self.state.map(round) } else { self.state };
        (self.flaw, state).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Drifter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (flaw, state) = Deserialize::deserialize(deserializer)?;
        Ok(Self { flaw, twin: 0, state, first: state, episodes: 0 })
    }
}

/// Both checks, the first violation first.
fn check_both<E>(make: impl FnMut() -> E + Clone, effort: Effort) -> Result<Report, Violation>
where
    E: Environment + Clone + Serialize + for<'de> Deserialize<'de>,
{
    check(make.clone(), effort)?;
    check_snapshots(make, effort)
}

#[test]
fn an_environment_that_keeps_its_promises_passes() {
    let effort = Effort { tasks: 30, ..Effort::default() };
    let report = check(Drifter::maker(Flaw::Nothing), effort).unwrap();
    assert_eq!((report.played, report.infeasible), (30, 0));
    // It has seen both ends, or it could not vouch for them.
    assert!(report.terminated >= 5 && report.truncated >= 5, "{report:?}");
    check_snapshots(Drifter::maker(Flaw::Nothing), effort).unwrap();
}

#[test]
fn every_flaw_is_found_for_what_it_is() {
    type Is = fn(&Violation) -> bool;
    let cases: [(Flaw, Is); 27] = [
        (Flaw::EmptyActionRange, |v| matches!(v, Violation::EmptyRange { what: "action", index: 0 })),
        (Flaw::RefusesItsOwnRange, |v| matches!(v, Violation::TaskRefused { .. })),
        (Flaw::RefusesAStep, |v| matches!(v, Violation::StepRefused { step: 11, .. })),
        (Flaw::LeavesANumberUnwritten, |v| matches!(v, Violation::Unwritten { index: 1, step: 3 })),
        (Flaw::ObservesNan, |v| matches!(v, Violation::Observation { index: 0, step: 7, .. })),
        (Flaw::LeavesItsRange, |v| matches!(v, Violation::Observation { index: 1, step: 0, .. })),
        (Flaw::RewardsWithInfinity, |v| matches!(v, Violation::Reward { step: 1, .. })),
        (Flaw::TruncatesEarly, |v| matches!(v, Violation::TruncatedEarly { step: 24 })),
        (Flaw::GoesOnBeyondTheLimit, |v| matches!(v, Violation::NotTruncated { step: 25 })),
        (Flaw::RemembersTheLastEpisode, |v| matches!(v, Violation::Remembers { place: Place::Reset })),
        (Flaw::DiffersFromItsTwins, |v| matches!(v, Violation::NotReproducible { place: Place::Reset })),
        (Flaw::IgnoresTheSeed, |v| matches!(v, Violation::SeedIgnored)),
        (Flaw::ClaimsNoSeed, |v| matches!(v, Violation::SeedMatters { place: Place::Reset })),
        (Flaw::StepsBeforeReset, |v| matches!(v, Violation::NotRefused { misuse: Misuse::StepBeforeReset })),
        (Flaw::StepsAfterEnd, |v| matches!(v, Violation::NotRefused { misuse: Misuse::StepAfterEnd })),
        (Flaw::TakesShortActions, |v| {
            matches!(v, Violation::NotRefused { misuse: Misuse::ActionLength(Amiss::OneLess) })
        }),
        (
            Flaw::TakesNan,
            |v| matches!(v, Violation::NotRefused { misuse: Misuse::ActionValue(value) } if value.is_nan()),
        ),
        (Flaw::TakesSmallRooms, |v| {
            matches!(v, Violation::NotRefused { misuse: Misuse::StepRoom(Amiss::OneMore) })
        }),
        (Flaw::TakesUnknownNames, |v| {
            matches!(v, Violation::NotRefused { misuse: Misuse::UnknownParameter })
        }),
        (Flaw::TakesValuesOutOfRange, |v| {
            matches!(v, Violation::NotRefused { misuse: Misuse::ParameterValue("drift", _) })
        }),
        (Flaw::CallsValuesOutOfRangeMistakes, |v| {
            matches!(v, Violation::WrongError { misuse: Misuse::ParameterValue("drift", _), .. })
        }),
        (Flaw::WritesBeforeItChecks, |v| {
            matches!(v, Violation::WrittenByRefusal { misuse: Misuse::UnknownParameter })
        }),
        (Flaw::ForgetsOnFailedReset, |v| {
            matches!(v, Violation::ChangedByRefusal { misuse: Misuse::UnknownParameter })
        }),
        (Flaw::MovesBeforeItChecks, |v| {
            matches!(v, Violation::ChangedByRefusal { misuse: Misuse::ActionLength(Amiss::OneLess) })
        }),
        (Flaw::CannotBeSaved, |v| matches!(v, Violation::NotSaved { step: 0, .. })),
        (Flaw::SavesRounded, |v| matches!(v, Violation::RestoredDiffers { .. })),
        (Flaw::ClonesTheBeginning, |v| matches!(v, Violation::CloneDiffers { step: 1.., .. })),
    ];
    for (flaw, is_found) in cases {
        let effort = Effort { tasks: 12, ..Effort::default() };
        let violation =
            check(Drifter::maker(flaw), effort).and_then(|_| check_snapshots(Drifter::maker(flaw), effort));
        let violation = violation.expect_err(&format!("{flaw:?} is not found"));
        assert!(is_found(&violation), "{flaw:?} is taken for {violation:?}");
        assert!(!violation.to_string().is_empty());
    }
}

#[test]
fn every_walker_keeps_the_promises_on_every_family() {
    let mut all = Report::default();
    for kind in WalkerKind::ALL {
        for family in Family::ALL {
            let step_limit = NonZeroU32::new(60).unwrap();
            let make = || WalkerEnvironment::new(WalkerSettings { kind, family, step_limit });
            let effort = Effort { seed: 1, tasks: 3, most_steps: 60 };
            let report = check_both(make, effort).unwrap_or_else(|violation| {
                panic!("{} on {family}: {violation}", kind.name());
            });
            all.played += report.played;
            all.terminated += report.terminated;
            all.truncated += report.truncated;
        }
    }
    assert!(all.played >= 45 && all.terminated >= 5 && all.truncated >= 5, "{all:?}");
}
