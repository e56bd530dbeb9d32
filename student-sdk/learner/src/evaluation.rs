//! Playing test tasks with a policy that chooses its means.

use crate::bundled::TrackSpace;
use crate::error::LearnerError;
use crate::policy::Policy;
use crate::random::{Purpose, seed_of};
use magister_envs::walker::vector::{Autoreset, Batch, VectorEnvironment, VectorSettings};
use magister_envs::walker::{WalkerKind, WalkerSettings};
use magister_student::TestTask;
use serde::{Deserialize, Serialize};

/// Test tracks are the same for every run.
const TEST_SEED: u64 = 0;

/// How a round of evaluation came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Environment steps that the learner had taken.
    pub steps: u64,
    /// The share of the test tasks whose return exceeded the mastery threshold.
    pub mastered_share: f64,
    /// Mean return over the test tasks.
    pub mean_return: f64,
    /// The return on each test task.
    pub returns: Vec<f64>,
}

/// The return and length of an episode on each task, under the policy's means. A test task's track and first push follow from its
/// place in the test set.
///
/// # Errors
/// If a task cannot be played.
pub fn play_tests(
    policy: &Policy,
    tracks: TrackSpace,
    tasks: &[TestTask],
    threads: usize,
) -> Result<Vec<(f64, u32)>, LearnerError> {
    let kind: WalkerKind = policy.about().walker;
    let count = tasks.len();
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut walkers = VectorEnvironment::new(VectorSettings {
        walker: WalkerSettings { kind, ..WalkerSettings::default() },
        count,
        threads,
        autoreset: Autoreset::Disabled,
        ..VectorSettings::default()
    })?;
    let mut batch = Batch::new(&walkers);
    for (walker, task) in tasks.iter().enumerate() {
        let seed = seed_of(TEST_SEED, Purpose::Test, task.index.into());
        let track = tracks.track(&task.parameters, seed)?;
        walkers.reset_on(walker, track, seed, &mut batch.observations)?;
    }
    let mut player = policy.player(count);
    let mut actions = vec![0.0; count * policy.action_count()];
    let mut results: Vec<Option<(f64, u32)>> = vec![None; count];
    while results.contains(&None) {
        player.act(&batch.observations, &mut actions);
        walkers.step(&actions, &mut batch.rows())?;
        for (walker, result) in results.iter_mut().enumerate() {
            if result.is_none() && batch.is_over(walker) {
                *result = Some((batch.returns[walker], batch.lengths[walker]));
            }
        }
    }
    Ok(results.into_iter().flatten().collect())
}
