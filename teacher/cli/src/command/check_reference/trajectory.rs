//! What comes of walking a recorded trajectory again.

use magister_envs::{physics::Engine, walker::WalkerKind};
use serde::Serialize;

use crate::{
    output,
    replay::{Replay, TOLERANCE},
    table::{Align, Table},
    trajectory::Trajectory,
};

/// The reference's figures of a trajectory, and those of each engine.
#[derive(Debug, Serialize)]
pub(super) struct TrajectoryFigures {
    walker: WalkerKind,
    steps: usize,
    done_at: Option<usize>,
    return_until_done: f64,
    /// Largest difference of an observation or a reward.
    tolerance: f64,
    replays: Vec<EngineReplay>,
}

#[derive(Debug, Serialize)]
struct EngineReplay {
    engine: &'static str,
    #[serde(flatten)]
    replay: Replay,
}

impl TrajectoryFigures {
    /// Walks the trajectory again with every engine of this processor.
    pub(super) fn of(trajectory: &Trajectory) -> Self {
        let replay = |engine: Engine| {
            let replay = Replay::run(trajectory, engine).expect("only engines of this processor are taken");
            EngineReplay { engine: engine.name(), replay }
        };
        Self {
            walker: trajectory.kind,
            steps: trajectory.steps.len(),
            done_at: trajectory.done_at,
            return_until_done: trajectory.return_until_done,
            tolerance: TOLERANCE,
            replays: Engine::available().into_iter().map(replay).collect(),
        }
    }

    /// Whether every engine has repeated the trajectory.
    pub(super) fn all_equal(&self) -> bool {
        self.replays.iter().all(|replay| replay.replay.is_equal())
    }

    /// One line on what was found.
    pub(super) fn summary(&self) -> String {
        let walked = format!("{} walker, {} steps", self.walker.name(), self.steps);
        let Some(EngineReplay { engine, replay }) =
            self.replays.iter().find(|replay| !replay.replay.is_equal())
        else {
            return format!("{walked}; equal with {} engines", self.replays.len());
        };
        let first = replay.first_difference;
        let parts = [
            ("hull", first.hull),
            ("observation", first.observation),
            ("reward", first.reward),
            ("done", first.done),
        ];
        let differs: Vec<String> =
            parts.iter().filter_map(|(name, step)| step.map(|step| format!("{name} at {step}"))).collect();
        format!("{walked}; {engine} differs first in step, counted from 0: {}", differs.join(", "))
    }
}

/// Prints a table of trajectories with the names of their files. Engines whose figures are the same share a line.
pub(super) fn print<'a>(
    trajectories: impl Iterator<Item = (&'a str, &'a TrajectoryFigures)>,
) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("walked by", Align::Left),
        ("first difference", Align::Right),
        ("largest of hull", Align::Right),
        ("observation", Align::Right),
        ("reward", Align::Right),
        ("return", Align::Right),
        ("done at", Align::Right),
    ]);
    let mut any = false;
    for (file, figures) in trajectories {
        any = true;
        let mut engines: Vec<(&Replay, Vec<&str>)> = Vec::new();
        for EngineReplay { engine, replay } in &figures.replays {
            match engines.iter_mut().find(|(same, _)| replay.is_as(same)) {
                Some((_, names)) => names.push(engine),
                None => engines.push((replay, vec![engine])),
            }
        }
        table.row([
            file.to_owned(),
            "the reference".to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            format!("{:.9}", figures.return_until_done),
            step_or(figures.done_at, "never"),
        ]);
        for (replay, names) in engines {
            let difference = &replay.largest_difference;
            table.row([
                String::new(),
                names.join(", "),
                step_or(replay.first_difference.earliest(), "none"),
                short(difference.hull),
                short(difference.observation),
                short(difference.reward),
                format!("{:.9}", replay.return_until_done),
                step_or(replay.done_at, "never"),
            ]);
        }
    }
    if any {
        output::print(&format!("walker trajectories; steps are counted from 0\n{table}\n"))?;
    }
    Ok(())
}

/// Nothing at all looks other than little.
fn short(difference: f64) -> String {
    if difference == 0.0 { "0".to_owned() } else { format!("{difference:.1e}") }
}

fn step_or(step: Option<usize>, none: &str) -> String {
    step.map_or_else(|| none.to_owned(), |step| format!("step {step}"))
}
