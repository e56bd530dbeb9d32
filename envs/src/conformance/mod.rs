//! Holds environments to what [`Environment`] promises.
//!
//! [`check`] plays episodes of tasks that the environment's own parameters allow, with random actions, and tries what must be
//! refused; [`check_snapshots`] does the same for copies taken in the middle of an episode. Both work on any environment, of this
//! crate or of others, and stop at the first promise that is broken. Everything they draw comes from one seed, so a violation
//! appears again in the next run.
//!
//! ```
//! use core::num::NonZeroU32;
//! use magister_envs::conformance::{Effort, check};
//! use magister_envs::walker::{WalkerEnvironment, WalkerSettings};
//!
//! // Short episodes, so that some reach the limit.
//! let step_limit = NonZeroU32::new(20).expect("20 is not 0");
//! let settings = WalkerSettings { step_limit, ..WalkerSettings::default() };
//! let report = check(|| WalkerEnvironment::new(settings), Effort::default())?;
//! assert!(report.truncated > 0);
//! # Ok::<(), magister_envs::conformance::Violation>(())
//! ```
//!
//! Left out: whether what an environment does is *right*. That it equals a publication's is for tests of its own.

mod chance;
mod misuse;
mod play;
mod snapshots;
mod violation;

pub use misuse::{Amiss, Misuse};
pub use snapshots::check_snapshots;
pub use violation::{Place, Violation};

use crate::environment::{Environment, Seeding, Task};
use chance::Chance;
use play::{Claims, Played};

/// How thoroughly an environment is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// From this follow the tasks, the seeds and the actions.
    pub seed: u64,
    /// How many tasks are drawn, some of which may turn out infeasible. Default: 6.
    pub tasks: u32,
    /// After how many steps an episode that still goes on is left. Default: 300.
    pub most_steps: u32,
}

/// What a check that found nothing has seen. What it has not seen it cannot vouch for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Tasks that were played.
    pub played: u32,
    /// Tasks within the limits that were infeasible.
    pub infeasible: u32,
    /// Steps of their first episodes.
    pub steps: u64,
    /// First episodes that terminated.
    pub terminated: u32,
    /// First episodes that were truncated.
    pub truncated: u32,
}

/// So many steps are taken where an episode is played once more to see whether something has changed it.
const SHORT: usize = 40;

/// So many other seeds are tried where one should make a difference.
const OTHER_SEEDS: usize = 3;

impl Default for Effort {
    fn default() -> Self {
        Self { seed: 0, tasks: 6, most_steps: 300 }
    }
}

/// Checks the environments that `make` gives, all of which must be alike.
///
/// # Errors
/// The first promise found broken.
pub fn check<E: Environment>(mut make: impl FnMut() -> E, effort: Effort) -> Result<Report, Violation> {
    let mut environment = make();
    let claims = Claims::of(&environment)?;
    misuse::try_before_reset(&mut environment, &claims)?;

    let mut report = Report::default();
    let mut chance = Chance::new(effort.seed);
    for round in 0..effort.tasks {
        let task = chance.task(environment.parameters(), round);
        let seed = chance.seed();
        let actions = chance.actions(&claims.action_ranges, effort.most_steps as usize);
        let Some(played) = play::play(&mut environment, &claims, seed, &task, &actions)? else {
            report.infeasible += 1;
            continue;
        };
        report.add(&played);
        if played.is_over() {
            misuse::try_after_end(&mut environment, &claims)?;
        }
        let again = play::play(&mut environment, &claims, seed, &task, &actions)?;
        played.expect_again(again, |place| Violation::Remembers { place })?;
        let elsewhere = play::play(&mut make(), &claims, seed, &task, &actions)?;
        played.expect_again(elsewhere, |place| Violation::NotReproducible { place })?;

        let short = &actions[..SHORT.min(played.length())];
        for misuse in Misuse::during_episode(environment.parameters(), &task) {
            let mut environment = make();
            let disturbed = misuse::play_with(&mut environment, &claims, seed, &task, short, &misuse)?;
            played.expect_beginning(disturbed, |_| Violation::ChangedByRefusal { misuse: misuse.clone() })?;
        }
        check_seeding(&mut environment, &claims, &task, short, &played, &mut chance)?;
    }
    Ok(report)
}

/// Whether other seeds make other episodes, if that is what they are said to do.
fn check_seeding(
    environment: &mut impl Environment,
    claims: &Claims,
    task: &Task,
    actions: &[Vec<f64>],
    played: &Played,
    chance: &mut Chance,
) -> Result<(), Violation> {
    let mut tried = 0;
    for _ in 0..OTHER_SEEDS {
        let seed = chance.seed();
        let Some(other) = play::play(environment, claims, seed, task, actions)? else { continue };
        tried += 1;
        match (claims.seeding, played.first_difference(&other)) {
            (Seeding::Random, Some(_)) => return Ok(()),
            (Seeding::Ignored, Some(place)) => return Err(Violation::SeedMatters { place }),
            (_, None) => {}
        }
    }
    if claims.seeding == Seeding::Random && tried > 0 { Err(Violation::SeedIgnored) } else { Ok(()) }
}

impl Report {
    fn add(&mut self, played: &Played) {
        self.played += 1;
        self.steps += played.length() as u64;
        self.terminated += u32::from(played.is_terminated());
        self.truncated += u32::from(played.is_truncated());
    }
}

#[cfg(test)]
mod tests;
