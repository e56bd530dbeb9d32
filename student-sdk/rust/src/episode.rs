//! Episodes as the journal holds them, and where their tasks came from.

use std::time::SystemTime;

use magister_proto::v1;
use serde::Serialize;

use crate::{
    error::Error,
    outcome::End,
    task::{Parameters, read_parameters},
    written,
};

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskState {
    /// Handed out, and leased.
    Open,
    /// Played to its end.
    Completed,
    /// Its environment could not be built.
    Infeasible,
    /// Not played to its end; counts for nothing.
    Abandoned,
    /// Its lease ran out, or its report came too late to count.
    Expired,
    /// Something that this release does not know.
    Other,
}

/// Where the teacher took a task from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// Uniform over the space.
    Exploration {
        /// Why the teacher explored.
        reason: ExplorationReason,
    },
    /// Drawn from the bootstrap's initial Gaussian.
    Initial,
    /// Drawn from a component of a mixture.
    Component {
        /// Fit whose mixture it was, from 1.
        fit: u64,
        /// Index within that mixture, from 0.
        component: u32,
    },
    /// Drawn uniformly from a region of RIAC's.
    Region {
        /// Index of the region, from 0, in the order in which they came to be.
        region: u32,
    },
    /// Mutated from the worst task of a region of RIAC's.
    Mutation {
        /// Index of the region, from 0, in the order in which they came to be.
        region: u32,
    },
    /// Drawn uniformly from the Oracle's window.
    Window,
    /// Drawn uniformly from the box around a particle of CURROT's.
    Particle {
        /// Index of the particle, from 0; particles move.
        particle: u32,
    },
    /// Not sampled by the teacher: reported with its own parameters.
    Unsolicited,
    /// Something that this release does not know.
    Other,
}

/// Why a teacher explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExplorationReason {
    /// The bootstrap was not over.
    Bootstrap,
    /// The share of random tasks.
    RandomTaskRatio,
    /// No component showed progress.
    NoProgress,
    /// The Random teacher always explores.
    RandomTeacher,
    /// Something that this release does not know.
    Other,
}

/// One accepted outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Episode {
    /// In the order of acceptance, from 1; `None` if it did not count as an episode.
    pub number: Option<u64>,
    /// `curricula/{curriculum}/tasks/{number}`.
    pub task: String,
    /// As played.
    pub parameters: Parameters,
    /// What came of it.
    pub state: TaskState,
    /// Who learned.
    pub student: String,
    /// Which process of it.
    pub worker: String,
    /// Sum of the rewards, of a completed one.
    #[serde(rename = "return")]
    pub return_: Option<f64>,
    /// Steps played, if known.
    pub length: Option<u64>,
    /// How it ended, if known.
    pub end: Option<End>,
    /// Whether the student reached its goal, if known.
    pub success: Option<bool>,
    /// Environment steps that the student had taken in total, if known.
    pub student_step: Option<u64>,
    /// Absolute learning progress, if it has one.
    pub alp: Option<f64>,
    /// The lease had run out before.
    pub late: bool,
    /// When it was accepted.
    #[serde(serialize_with = "written::optional_time")]
    pub accept_time: Option<SystemTime>,
    /// Where its task came from.
    pub origin: Origin,
    /// What the worker said of an infeasible or abandoned task.
    pub message: String,
}

impl From<v1::TaskState> for TaskState {
    fn from(state: v1::TaskState) -> Self {
        match state {
            v1::TaskState::Unspecified => Self::Other,
            v1::TaskState::Open => Self::Open,
            v1::TaskState::Completed => Self::Completed,
            v1::TaskState::Infeasible => Self::Infeasible,
            v1::TaskState::Abandoned => Self::Abandoned,
            v1::TaskState::Expired => Self::Expired,
        }
    }
}

impl From<TaskState> for v1::TaskState {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Other => Self::Unspecified,
            TaskState::Open => Self::Open,
            TaskState::Completed => Self::Completed,
            TaskState::Infeasible => Self::Infeasible,
            TaskState::Abandoned => Self::Abandoned,
            TaskState::Expired => Self::Expired,
        }
    }
}

impl From<Option<v1::Origin>> for Origin {
    fn from(origin: Option<v1::Origin>) -> Self {
        use v1::origin::{Source, exploration::Reason};
        match origin.and_then(|origin| origin.source) {
            None => Self::Other,
            Some(Source::Initial(_)) => Self::Initial,
            Some(Source::Unsolicited(_)) => Self::Unsolicited,
            Some(Source::Region(draw)) => Self::Region { region: draw.region },
            Some(Source::Mutation(draw)) => Self::Mutation { region: draw.region },
            Some(Source::Window(_)) => Self::Window,
            Some(Source::Particle(draw)) => Self::Particle { particle: draw.particle },
            Some(Source::Component(draw)) => Self::Component { fit: draw.fit, component: draw.component },
            Some(Source::Exploration(exploration)) => Self::Exploration {
                reason: match exploration.reason() {
                    Reason::Unspecified => ExplorationReason::Other,
                    Reason::Bootstrap => ExplorationReason::Bootstrap,
                    Reason::RandomTaskRatio => ExplorationReason::RandomTaskRatio,
                    Reason::NoProgress => ExplorationReason::NoProgress,
                    Reason::RandomTeacher => ExplorationReason::RandomTeacher,
                },
            },
        }
    }
}

impl TryFrom<v1::Episode> for Episode {
    type Error = Error;

    fn try_from(episode: v1::Episode) -> Result<Self, Error> {
        use v1::episode_outcome as wire;
        Ok(Self {
            state: episode.state().into(),
            end: match episode.end() {
                wire::End::Unspecified => None,
                wire::End::Terminated => Some(End::Terminated),
                wire::End::Truncated => Some(End::Truncated),
            },
            number: episode.number,
            task: episode.task,
            parameters: read_parameters(episode.parameters)?,
            student: episode.student,
            worker: episode.worker,
            return_: episode.episode_return,
            length: episode.length,
            success: episode.success,
            student_step: episode.student_step,
            alp: episode.alp,
            late: episode.late,
            accept_time: episode.accept_time.and_then(|time| SystemTime::try_from(time).ok()),
            origin: episode.origin.into(),
            message: episode.message,
        })
    }
}
