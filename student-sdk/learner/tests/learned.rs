//! A policy that was learned in a whole run, kept: readers of its format, here and in Python, must make the same of it.

#![allow(clippy::unwrap_used, reason = "tests")]

use magister_envs::walker::WalkerKind;
use magister_learner::{Policy, Space, TrackSpace, play_tests};
use magister_student::TestTask;
use serde::Deserialize;
use std::path::Path;

/// What numpy made of the policy, a row for each observation.
#[derive(Deserialize)]
struct Expected {
    observations: Vec<Vec<f32>>,
    actions: Vec<Vec<f32>>,
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/learned"))
}

#[test]
fn a_kept_policy_acts_as_it_did() {
    let policy = Policy::load(&folder().join("policy.safetensors")).unwrap();
    assert_eq!(
        (policy.about().walker, policy.about().tracks),
        (WalkerKind::Default, TrackSpace::StumpTracks)
    );
    let expected: Expected =
        serde_json::from_str(&std::fs::read_to_string(folder().join("actions.json")).unwrap()).unwrap();
    let mut player = policy.player(expected.observations.len());
    let mut actions = vec![0.0; expected.actions.len() * policy.action_count()];
    player.act(&expected.observations.concat(), &mut actions);
    for (found, expected) in actions.iter().zip(expected.actions.concat()) {
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn a_kept_policy_masters_what_it_mastered() {
    let policy = Policy::load(&folder().join("policy.safetensors")).unwrap();
    let tasks: Vec<TestTask> = (0..)
        .zip(Space::published(TrackSpace::StumpTracks).test_set())
        .map(|(index, parameters)| TestTask { index, parameters })
        .collect();
    let returns = play_tests(&policy, TrackSpace::StumpTracks, &tasks, 2).unwrap();
    let mastered =
        returns.iter().filter(|(return_, _)| *return_ > magister_learner::MASTERY_THRESHOLD).count();
    // 25 where it was learned; a different rounding may turn an episode on the edge.
    assert!((22..=28).contains(&mastered), "{mastered} of 50");
}
