//! Copies of an environment in the middle of an episode.

use super::chance::Chance;
use super::misuse;
use super::play::{Claims, Played, play};
use super::violation::{Place, Violation};
use super::{Effort, Report};
use crate::environment::Environment;
use serde::{Serialize, de::DeserializeOwned};

/// How many moments of an episode are copied, apart from the first and the last.
const MOMENTS: usize = 6;

/// Checks that clones of an environment, and environments restored from its JSON, go on exactly as it does.
///
/// # Errors
/// The first promise found broken.
pub fn check_snapshots<E: Environment + Clone + Serialize + DeserializeOwned>(
    mut make: impl FnMut() -> E,
    effort: Effort,
) -> Result<Report, Violation> {
    let mut environment = make();
    let claims = Claims::of(&environment)?;
    misuse::try_before_reset(&mut restored(&environment, 0)?, &claims)?;

    let mut report = Report::default();
    let mut chance = Chance::new(effort.seed);
    for round in 0..effort.tasks {
        let task = chance.task(environment.parameters(), round);
        let seed = chance.seed();
        let actions = chance.actions(&claims.action_ranges, effort.most_steps as usize);
        let Some(played) = play(&mut environment, &claims, seed, &task, &actions)? else {
            report.infeasible += 1;
            continue;
        };
        report.add(&played);
        let length = played.length();
        let mut copied: Vec<usize> =
            (0..MOMENTS).map(|_| chance.below(length + 1)).chain([0, length]).collect();
        copied.sort_unstable();
        copied.dedup();

        let Some(first) = claims.reset(&mut environment, seed, &task)? else {
            return Err(Violation::Remembers { place: Place::Reset });
        };
        let mut original = Played::begun(first);
        let mut clones = Vec::new();
        for step in copied {
            original.go_on(&mut environment, &claims, &actions[original.length()..step])?;
            clones.push((step, environment.clone()));
            let restored = restored(&environment, step)?;
            go_on_from(step, restored, &claims, &actions, &played, |place| Violation::RestoredDiffers {
                step,
                place,
            })?;
        }
        // Only now, when the original has gone on: clones must not share anything with it.
        for (step, clone) in clones {
            go_on_from(step, clone, &claims, &actions, &played, |place| Violation::CloneDiffers {
                step,
                place,
            })?;
        }
    }
    Ok(report)
}

fn restored<E: Serialize + DeserializeOwned>(environment: &E, step: usize) -> Result<E, Violation> {
    let not_saved = |error: serde_json::Error| Violation::NotSaved { step, error: error.to_string() };
    let text = serde_json::to_string(environment).map_err(not_saved)?;
    serde_json::from_str(&text).map_err(not_saved)
}

/// Plays the rest of an episode in a copy taken after so many steps.
fn go_on_from(
    step: usize,
    mut copy: impl Environment,
    claims: &Claims,
    actions: &[Vec<f64>],
    played: &Played,
    differs: impl FnOnce(Place) -> Violation,
) -> Result<(), Violation> {
    let mut rest = played.beginning(step);
    rest.go_on(&mut copy, claims, &actions[step..])?;
    if rest.is_over() {
        misuse::try_after_end(&mut copy, claims)?;
    }
    played.expect_again(Some(rest), differs)
}
