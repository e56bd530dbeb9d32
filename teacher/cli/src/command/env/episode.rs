//! An episode of a walker under a policy, learned or not.

use std::{path::Path, sync::Arc};

use magister_envs::{
    physics::{Engine, STEP, Stepper},
    track::Track,
    walker::{Ground, Heuristic, MAX_ACTIONS, MAX_OBSERVATIONS, StepResult, Walker, WalkerKind},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::failure::Failure;

/// Who chooses the torques.
#[derive(Clone, Debug)]
pub(crate) enum Policy {
    /// Gymnasium's controller for two legs.
    Heuristic,
    /// Torques drawn evenly from -1 to 1.
    Random,
    /// No torques.
    Still,
    /// A learned one.
    Learned {
        /// Where it was read from.
        name: String,
        policy: Arc<magister_learner::Policy>,
    },
}

/// How an episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ending {
    /// The hull has touched the ground.
    Fell,
    /// The walker is beyond the finish.
    Finished,
    /// The walker has left the track at its start.
    Left,
    /// The episode is as long as one may be.
    TimeLimit,
    /// It would go on.
    Recorded,
}

/// An episode while it is played.
pub(crate) struct Episode {
    walker: Walker,
    finish_x_m: f64,
    player: Player,
    stepper: Stepper,
    steps: u32,
    return_: f64,
    terminated: bool,
}

enum Player {
    Heuristic(Heuristic),
    Random(Box<ChaCha8Rng>),
    Still,
    Learned(Box<magister_learner::Player>),
}

/// What `--policy` takes.
pub(super) const POLICY_HELP: &str = "Who chooses the torques: a policy that `magister train` learned, or heuristic \
     (Gymnasium's controller for two legs: walks on flat, grass and hardcore tracks, kneels down on the others), \
     random (drawn evenly from -1 to 1) or still (none)";

impl Policy {
    /// Reads a name or the path of a file.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        match text {
            "heuristic" => Ok(Self::Heuristic),
            "random" => Ok(Self::Random),
            "still" => Ok(Self::Still),
            path if Path::new(path).exists() => {
                let policy =
                    magister_learner::Policy::load(Path::new(path)).map_err(|error| error.to_string())?;
                Ok(Self::Learned { name: path.to_owned(), policy: Arc::new(policy) })
            }
            _ => Err("write heuristic, random, still or the name of a policy's file; there is no such file"
                .to_owned()),
        }
    }

    /// As it is written on the command line.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Heuristic => "heuristic",
            Self::Random => "random",
            Self::Still => "still",
            Self::Learned { name, .. } => name,
        }
    }

    /// In a few letters.
    pub(super) fn caption(&self) -> &str {
        match self {
            Self::Learned { .. } => "learned",
            other => other.name(),
        }
    }

    /// The walker that it is for, if it is for one.
    pub(super) fn walker(&self) -> Option<WalkerKind> {
        match self {
            Self::Learned { policy, .. } => Some(policy.about().walker),
            _ => None,
        }
    }
}

impl Episode {
    /// The steps of the longest episode: the publication's.
    pub(super) const MOST_STEPS: u32 = 2_000;

    /// How hard the walker is pushed at its start at most, N: the publication's.
    const MOST_INITIAL_FORCE: f64 = 5.0;

    /// The walker at the start of a track, as the publication's `reset` leaves it: pushed a little, and one step later.
    pub(super) fn new(track: &Track, kind: WalkerKind, policy: &Policy, seed: u64) -> Result<Self, Failure> {
        let player = match policy {
            Policy::Heuristic if kind == WalkerKind::Quadrupedal => {
                return Err(Failure::usage("the heuristic policy walks on two legs only")
                    .hint("choose --policy random or still, or another --walker"));
            }
            Policy::Heuristic => Player::Heuristic(Heuristic::default()),
            Policy::Random => Player::Random(Box::new(generator(seed, *b"torques "))),
            Policy::Still => Player::Still,
            Policy::Learned { policy, .. } if policy.about().walker != kind => {
                let (own, other) = (policy.about().walker.name(), kind.name());
                return Err(Failure::usage(format!(
                    "the policy was learned with the {own} walker, not with the {other} one"
                ))
                .hint("leave out --walker"));
            }
            Policy::Learned { policy, .. } => Player::Learned(Box::new(policy.player(1))),
        };
        let force = Self::MOST_INITIAL_FORCE * uniform(&mut generator(seed, *b"push    "));
        let mut episode = Self {
            walker: Walker::new(kind, &Ground::from(track), force),
            finish_x_m: track.finish_x_m(),
            player,
            stepper: Stepper::new(Engine::Scalar).expect("every processor steps one world"),
            steps: 0,
            return_: 0.0,
            terminated: false,
        };
        episode.apply(&[0.0; MAX_ACTIONS]);
        Ok(episode)
    }

    /// Takes a step.
    pub(super) fn step(&mut self) {
        let action = self.action();
        let StepResult { reward, terminated } = self.apply(&action);
        self.steps += 1;
        self.return_ += reward;
        self.terminated = terminated;
    }

    /// Whether the episode is not over.
    pub(super) fn goes_on(&self) -> bool {
        !self.terminated && self.steps < Self::MOST_STEPS
    }

    pub(crate) fn ending(&self) -> Ending {
        let x_m = self.position_m();
        match self.terminated {
            true if x_m > self.finish_x_m => Ending::Finished,
            true if x_m < 0.0 => Ending::Left,
            true => Ending::Fell,
            false if self.goes_on() => Ending::Recorded,
            false => Ending::TimeLimit,
        }
    }

    pub(super) fn walker(&self) -> &Walker {
        &self.walker
    }

    /// Steps taken.
    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }

    /// How long they took the walker.
    pub(super) fn seconds(&self) -> f64 {
        f64::from(self.steps) * f64::from(STEP)
    }

    /// The sum of the rewards so far.
    pub(crate) fn return_(&self) -> f64 {
        self.return_
    }

    /// Where the hull is along the track, metres.
    pub(crate) fn position_m(&self) -> f64 {
        f64::from(self.walker.place(0).position.x)
    }

    fn apply(&mut self, action: &[f64; MAX_ACTIONS]) -> StepResult {
        let walkers = std::slice::from_mut(&mut self.walker);
        let action = &action[..walkers[0].kind().action_count()];
        let mut results = [StepResult { reward: 0.0, terminated: false }];
        Walker::step_all(walkers, action, &mut results, &mut self.stepper);
        let [result] = results;
        result
    }

    fn action(&mut self) -> [f64; MAX_ACTIONS] {
        let mut action = [0.0; MAX_ACTIONS];
        match &mut self.player {
            Player::Heuristic(heuristic) => {
                let mut observation = [0.0; MAX_OBSERVATIONS];
                self.walker.observe(&mut observation);
                action[..4].copy_from_slice(&heuristic.act(&observation));
            }
            Player::Random(generator) => action.fill_with(|| uniform(generator)),
            Player::Still => {}
            Player::Learned(player) => {
                let mut observation = [0.0; MAX_OBSERVATIONS];
                self.walker.observe(&mut observation);
                let kind = self.walker.kind();
                let observation = observation.map(|value| value as f32);
                let mut chosen = [0.0_f32; MAX_ACTIONS];
                let chosen = &mut chosen[..kind.action_count()];
                player.act(&observation[..kind.observation_count()], chosen);
                for (torque, chosen) in action.iter_mut().zip(chosen) {
                    *torque = f64::from(*chosen);
                }
            }
        }
        action
    }
}

/// A stream of its own for each purpose, so that the policy does not move the push.
fn generator(seed: u64, purpose: [u8; 8]) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose);
    key[16..24].copy_from_slice(b"magister");
    ChaCha8Rng::from_seed(key)
}

/// A number from -1 to 1.
fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    const UNIT: f64 = 1.0 / 9_007_199_254_740_992.0; // 2⁻⁵³
    2.0 * ((generator.next_u64() >> 11) as f64 * UNIT) - 1.0
}
