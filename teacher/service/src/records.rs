//! What the journal holds: facts with their place in the order of a curriculum, and the settings they belong
//! to.
//!
//! Records state results (the task that was given, the ALP that was computed, the mixture that was fitted),
//! so that a restart never runs an algorithm again and a later release can read what an earlier one wrote.

use std::sync::Arc;

use magister_core::{
    curriculum::{CurriculumSettings, CurriculumSnapshot, EarlierSeed},
    fit::Fit,
    space::Task,
    teacher::{ExplorationReason, Origin, TeacherEdit},
};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;

/// Row of a curriculum in the store.
pub(crate) type CurriculumKey = i64;

/// What a curriculum is created with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Charter {
    /// Of the release that it was created with.
    #[serde(default = "first_algorithm_version")]
    pub(crate) algorithm_version: u32,
    pub(crate) settings: CurriculumSettings,
    pub(crate) test_set: Vec<Task>,
    pub(crate) live: LiveSettings,
    /// Where it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) forked_from: Option<ForkPoint>,
}

/// Of curricula that do not say.
fn first_algorithm_version() -> u32 {
    1
}

/// The curriculum and position that another was copied from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForkPoint {
    pub(crate) curriculum: String,
    pub(crate) position: u64,
    /// What came before follows from these seeds; empty where it follows from the copy's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) earlier_seeds: Vec<EarlierSeed>,
}

impl Charter {
    /// Seeds of what was copied from curricula with other seeds, in the order of their positions.
    pub(crate) fn earlier_seeds(&self) -> Vec<EarlierSeed> {
        self.forked_from.as_ref().map_or_else(Vec::new, |fork| fork.earlier_seeds.clone())
    }
}

/// Settings that can be edited, apart from the teacher's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LiveSettings {
    pub(crate) display_name: String,
    pub(crate) mastery_threshold: Option<f64>,
    pub(crate) lease_ms: u64,
    pub(crate) max_open_tasks: u32,
    pub(crate) max_staleness_episodes: Option<u64>,
    pub(crate) paused: bool,
}

/// Where a curriculum came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Birth {
    pub(crate) created_ms: UnixMillis,
    pub(crate) request_id: String,
}

/// A fact to be stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    Task(Arc<TaskRecord>),
    Outcome(Arc<OutcomeRecord>),
    Expiry(ExpiryRecord),
    Fit(FitRecord),
    Edit(EditRecord),
    Request(RequestRecord),
    Snapshot(Box<SnapshotRecord>),
}

/// A task that was handed out, or that was reported without having been.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TaskRecord {
    pub(crate) number: u64,
    pub(crate) position: u64,
    pub(crate) task: Task,
    pub(crate) student: Arc<str>,
    pub(crate) worker: Arc<str>,
    pub(crate) source: TaskSource,
    pub(crate) sampled_at_episode: u64,
    pub(crate) created_ms: UnixMillis,
    pub(crate) lease_ms: u64,
}

/// Where a task was taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TaskSource {
    Sampled { origin: Origin, probability: f64 },
    Unsolicited,
}

impl TaskSource {
    /// Name, fit, component, region or particle, and probability: how it is written down.
    pub(crate) fn columns(self) -> (&'static str, Option<u64>, Option<u32>, Option<f64>) {
        let Self::Sampled { origin, probability } = self else { return ("unsolicited", None, None, None) };
        let (name, fit, component) = match origin {
            Origin::Exploration(ExplorationReason::Bootstrap) => ("bootstrap", None, None),
            Origin::Exploration(ExplorationReason::RandomTaskRatio) => ("random_task_ratio", None, None),
            Origin::Exploration(ExplorationReason::NoProgress) => ("no_progress", None, None),
            Origin::Exploration(ExplorationReason::RandomTeacher) => ("random_teacher", None, None),
            Origin::Initial => ("initial", None, None),
            Origin::Component { fit, component } => ("component", Some(fit), Some(component)),
            Origin::Region { region } => ("region", None, Some(region)),
            Origin::Mutation { region } => ("mutation", None, Some(region)),
            Origin::Window => ("window", None, None),
            Origin::Particle { particle } => ("particle", None, Some(particle)),
        };
        (name, fit, component, Some(probability))
    }

    /// Reads what [`TaskSource::columns`] wrote.
    pub(crate) fn of_columns(
        name: &str,
        fit: Option<u64>,
        component: Option<u32>,
        probability: Option<f64>,
    ) -> Option<Self> {
        let origin = match name {
            "unsolicited" => return Some(Self::Unsolicited),
            "bootstrap" => Origin::Exploration(ExplorationReason::Bootstrap),
            "random_task_ratio" => Origin::Exploration(ExplorationReason::RandomTaskRatio),
            "no_progress" => Origin::Exploration(ExplorationReason::NoProgress),
            "random_teacher" => Origin::Exploration(ExplorationReason::RandomTeacher),
            "initial" => Origin::Initial,
            "component" => Origin::Component { fit: fit?, component: component? },
            "region" => Origin::Region { region: component? },
            "mutation" => Origin::Mutation { region: component? },
            "window" => Origin::Window,
            "particle" => Origin::Particle { particle: component? },
            _ => return None,
        };
        Some(Self::Sampled { origin, probability: probability? })
    }
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutcomeRecord {
    pub(crate) task: u64,
    pub(crate) position: u64,
    /// Number in the order of accepted episodes; `None` for an abandoned task.
    pub(crate) episode: Option<u64>,
    pub(crate) result: OutcomeResult,
    /// The task as played, where it differs from the one handed out.
    pub(crate) played: Option<Task>,
    pub(crate) alp: Option<f64>,
    pub(crate) nearest: Option<magister_core::teacher::NearestEpisode>,
    pub(crate) late: bool,
    pub(crate) accepted_ms: UnixMillis,
}

/// What a worker said of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OutcomeResult {
    Completed(Completed),
    Infeasible {
        message: String,
    },
    Abandoned {
        message: String,
    },
    /// Refused for good: it came later than `max_staleness_episodes` allows.
    Stale,
}

/// An episode that was played to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Completed {
    pub(crate) episode_return: f64,
    pub(crate) length: Option<u64>,
    pub(crate) end: Option<EpisodeEnd>,
    pub(crate) success: Option<bool>,
    pub(crate) student_step: Option<u64>,
}

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EpisodeEnd {
    Terminated,
    Truncated,
}

/// An accepted outcome with its task, as the store has them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredEpisode {
    pub(crate) task: Arc<TaskRecord>,
    pub(crate) outcome: Arc<OutcomeRecord>,
}

/// A lease that ran out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ExpiryRecord {
    pub(crate) task: u64,
    pub(crate) position: u64,
    pub(crate) expired_ms: UnixMillis,
}

/// A finished fit. It has no position: when it arrives changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FitRecord {
    pub(crate) fit: Arc<Fit>,
    pub(crate) created_ms: UnixMillis,
    pub(crate) seconds: f64,
}

/// An edit of live settings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EditRecord {
    pub(crate) position: u64,
    pub(crate) edited_ms: UnixMillis,
    pub(crate) live: LiveSettings,
    pub(crate) teacher: Option<TeacherEdit>,
}

/// A request that carried an id, with what its answer consists of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RequestRecord {
    pub(crate) id: Arc<str>,
    /// Of the request's other fields.
    pub(crate) fingerprint: u64,
    pub(crate) position: u64,
    /// Numbers of the tasks that were reported, in order.
    pub(crate) reported: Vec<u64>,
    /// Numbers of the tasks that were handed out, in order.
    pub(crate) sampled: Vec<u64>,
}

/// Bounded state at a position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SnapshotRecord {
    pub(crate) position: u64,
    pub(crate) state: LedgerSnapshot,
}

/// What a ledger needs beside the stored tasks and episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LedgerSnapshot {
    pub(crate) curriculum: CurriculumSnapshot,
    pub(crate) live: LiveSettings,
    pub(crate) fits: u64,
    /// Numbers of the tasks whose lease was open.
    pub(crate) open: Vec<u64>,
}
