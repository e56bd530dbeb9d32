//! What came of an episode.

use magister_proto::v1;
use serde::Serialize;
use v1::episode_outcome as wire;

use crate::task::Parameters;

/// What came of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome(wire::Outcome);

/// Why an episode stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The environment ended it: success or failure.
    Terminated,
    /// A limit outside the environment ended it.
    Truncated,
}

impl Outcome {
    /// The episode was played to its end; `return_` is the sum of its rewards and must be finite.
    pub fn completed(return_: f64) -> Self {
        let completed = wire::Completed { episode_return: return_, ..Default::default() };
        Self(wire::Outcome::Completed(completed))
    }

    /// The environment cannot be built with the task's parameters.
    pub fn infeasible(message: impl Into<String>) -> Self {
        Self(wire::Outcome::Infeasible(wire::Infeasible { message: message.into() }))
    }

    /// The episode was not played to its end, and counts for nothing.
    pub fn abandoned(message: impl Into<String>) -> Self {
        Self(wire::Outcome::Abandoned(wire::Abandoned { message: message.into() }))
    }

    /// Adds the steps played, to a completed outcome.
    pub fn length(self, steps: u64) -> Self {
        self.with(|completed| completed.length = Some(steps))
    }

    /// Adds how it ended, to a completed outcome.
    pub fn end(self, end: End) -> Self {
        self.with(|completed| {
            completed.end = match end {
                End::Terminated => wire::End::Terminated,
                End::Truncated => wire::End::Truncated,
            }
            .into();
        })
    }

    /// Adds whether the student reached its goal, to a completed outcome.
    pub fn success(self, success: bool) -> Self {
        self.with(|completed| completed.success = Some(success))
    }

    /// Adds the environment steps that the student had taken in total, to a completed outcome.
    pub fn student_step(self, steps: u64) -> Self {
        self.with(|completed| completed.student_step = Some(steps))
    }

    fn with(mut self, change: impl FnOnce(&mut wire::Completed)) -> Self {
        if let wire::Outcome::Completed(completed) = &mut self.0 {
            change(completed);
        }
        self
    }

    pub(crate) fn into_wire(self, task: String) -> v1::EpisodeOutcome {
        v1::EpisodeOutcome { task, outcome: Some(self.0), ..Default::default() }
    }

    pub(crate) fn unsolicited(
        self,
        parameters: &Parameters,
        student: &str,
        worker: &str,
    ) -> v1::EpisodeOutcome {
        v1::EpisodeOutcome {
            parameters: Some(parameters.to_wire()),
            outcome: Some(self.0),
            student: student.to_owned(),
            worker: worker.to_owned(),
            ..Default::default()
        }
    }
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    /// Name of the task.
    pub task: String,
    /// Number of the episode in the order of acceptance; `None` if it did not count as one.
    pub episode: Option<u64>,
    /// Absolute learning progress, if it has one.
    pub alp: Option<f64>,
    /// The lease had run out before.
    pub late: bool,
    /// The task had been reported before; nothing was changed.
    pub duplicate: bool,
    /// It came too late by the curriculum's settings, and was refused for good.
    pub refused: bool,
}

impl From<v1::EpisodeReceipt> for Receipt {
    fn from(receipt: v1::EpisodeReceipt) -> Self {
        Self {
            refused: receipt.state() == v1::TaskState::Expired,
            task: receipt.task,
            episode: receipt.episode,
            alp: receipt.alp,
            late: receipt.late,
            duplicate: receipt.duplicate,
        }
    }
}
