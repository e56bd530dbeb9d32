//! Trajectories of a walker that the reference recorded.

use anyhow::{Context, bail, ensure};
use magister_envs::{
    track::Track,
    walker::{Ground, WalkerKind},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Greatest magnitude of the push in the first step, N: what is beyond makes no motion that numbers could hold.
const MAX_FORCE: f64 = 1e6;

/// Largest difference of a file's return from the sum of its own rewards: they may have been added in another order.
const RETURN_TOLERANCE: f64 = 1e-9;

/// A walker's way over a track, step by step, checked.
///
/// Step 0 is the one without action with which the reference's `reset` ends. Steps go on after the episode is over.
#[derive(Clone, Debug)]
pub(crate) struct Trajectory {
    /// Which body walks.
    pub(crate) kind: WalkerKind,
    /// On what.
    pub(crate) ground: Ground,
    /// The push in the first step, N.
    pub(crate) initial_force: f64,
    /// In their order; at least one.
    pub(crate) steps: Vec<Step>,
    /// The first step at which the episode is over, if there is one.
    pub(crate) done_at: Option<usize>,
    /// The sum of the rewards up to that step, or of all.
    pub(crate) return_until_done: f64,
}

/// One step, with what the reference observed after it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    /// A torque for each hip and knee; what exceeds -1 to 1 is cut off by the walker.
    pub(crate) action: Vec<f64>,
    /// What the walker perceives.
    pub(crate) observation: Vec<f64>,
    /// The hull's x and y, metres, and angle, radians; each holds an `f32`.
    pub(crate) hull: [f64; 3],
    /// The reward.
    pub(crate) reward: f64,
    /// Whether the walker lies, has left the track or has arrived. A fall is never taken back.
    pub(crate) done: bool,
}

/// A file's fields as they stand there. What it says of track and policy is for people.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedTrajectory {
    walker: String,
    initial_force: f64,
    terrain: Value,
    #[serde(deserialize_with = "null_but_there")]
    return_until_done: Option<f64>,
    #[serde(deserialize_with = "null_but_there")]
    done_at: Option<usize>,
    steps: Vec<Step>,
}

impl RecordedTrajectory {
    /// The trajectory, if its fields fit.
    pub(crate) fn checked(self) -> anyhow::Result<Trajectory> {
        let kind = match self.walker.as_str() {
            "short" => WalkerKind::Short,
            "default" => WalkerKind::Default,
            "quadru" => WalkerKind::Quadrupedal,
            other => bail!("`walker` is \"{other}\"; it must be short, default or quadru"),
        };
        ensure!(
            self.initial_force.abs() <= MAX_FORCE,
            "`initial_force` is {}; it must lie between -{MAX_FORCE} and {MAX_FORCE}",
            self.initial_force
        );
        let track = Track::from_terrain_json(&self.terrain.to_string()).context("`terrain`")?;
        ensure!(!self.steps.is_empty(), "`steps` is empty");
        for (index, step) in self.steps.iter().enumerate() {
            step.check(kind).with_context(|| format!("step {index}"))?;
        }
        let trajectory = Trajectory {
            kind,
            ground: Ground::from(&track),
            initial_force: self.initial_force,
            done_at: self.steps.iter().position(|step| step.done),
            return_until_done: return_until_done(self.steps.iter().map(|step| (step.reward, step.done))),
            steps: self.steps,
        };
        ensure!(
            self.done_at == trajectory.done_at,
            "`done_at` is {}, but `done` says {}",
            or_null(self.done_at),
            or_null(trajectory.done_at)
        );
        if let Some(recorded) = self.return_until_done {
            ensure!(
                (recorded - trajectory.return_until_done).abs() <= RETURN_TOLERANCE,
                "`return_until_done` is {recorded}, but the rewards add up to {}",
                trajectory.return_until_done
            );
        }
        Ok(trajectory)
    }
}

impl Step {
    fn check(&self, kind: WalkerKind) -> anyhow::Result<()> {
        for (name, found, wanted) in [
            ("action", self.action.len(), kind.action_count()),
            ("observation", self.observation.len(), kind.observation_count()),
        ] {
            ensure!(found == wanted, "`{name}` has {found} numbers instead of {wanted}");
        }
        for place in self.hull {
            let nearest = f64::from(place as f32);
            ensure!(nearest.to_bits() == place.to_bits(), "`hull` holds {place}, which is no f32");
        }
        Ok(())
    }
}

/// The sum of the rewards up to the first step that is done, that one included.
pub(crate) fn return_until_done(steps: impl IntoIterator<Item = (f64, bool)>) -> f64 {
    let mut sum = 0.0;
    for (reward, done) in steps {
        sum += reward;
        if done {
            break;
        }
    }
    sum
}

/// A field that may be null, but not missing.
fn null_but_there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

fn or_null(step: Option<usize>) -> String {
    step.map_or_else(|| "null".to_owned(), |step| step.to_string())
}
