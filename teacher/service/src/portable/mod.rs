//! The portable file: everything of one curriculum, to keep, to move to another server, and to read with anything.
//!
//! Lines of JSON, because people and pandas can read them and no tool of ours is needed to do so; `docs/export-format.md`
//! says what each line holds. The first line names the format and its version, the last has the number of lines of
//! each kind and the SHA-256 of all before it, so that a file that was cut off or changed anywhere is refused. The
//! lines are records of the journal in its order, with their results; what follows from them (snapshots, the history's
//! index) is left out, so that the file does not depend on how a release computes.

use std::{borrow::Cow, sync::Arc};

use magister_core::{
    fit::Fit,
    space::Task,
    teacher::{NearestEpisode, TeacherEdit},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    clock::UnixMillis,
    records::{
        Charter, Completed, EditRecord, EpisodeEnd, ExpiryRecord, FitRecord, LiveSettings, OutcomeRecord,
        OutcomeResult, Record, RequestRecord, TaskRecord, TaskSource,
    },
    store::{StagedRow, StoredEvaluation, TestResult},
};

mod export;
mod import;

pub(crate) use export::{Exporting, export};
pub(crate) use import::import;

/// Version of the format that this release writes, and the newest that it reads. Raised by any change of a line.
const FORMAT_VERSION: u32 = 1;
/// What a file begins with; the version follows.
const MAGIC: &str = "{\"magister_export\":";
/// What its last line begins with.
const END: &str = "{\"record\":\"end\",";
/// Longest line, in bytes: bounds what reading a file takes.
const MAX_LINE_BYTES: usize = 64 << 20;

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    magister_export: u32,
    written_by: String,
    /// Name on the server that wrote it.
    curriculum: String,
    position: u64,
    created_ms: UnixMillis,
    request_id: String,
    request_fingerprint: u64,
    charter: Charter,
}

/// Every line between the first and the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Task(TaskLine),
    Outcome(OutcomeLine),
    Expiry {
        task: u64,
        position: u64,
        expired_ms: UnixMillis,
    },
    Edit {
        position: u64,
        edited_ms: UnixMillis,
        live: LiveSettings,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        teacher: Option<TeacherEdit>,
    },
    Fit {
        created_ms: UnixMillis,
        seconds: f64,
        fit: Arc<Fit>,
    },
    Request {
        id: Arc<str>,
        fingerprint: u64,
        position: u64,
        reported: Vec<u64>,
        sampled: Vec<u64>,
    },
    Evaluation(EvaluationLine),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskLine {
    number: u64,
    position: u64,
    values: Task,
    student: Arc<str>,
    worker: Arc<str>,
    origin: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin_fit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin_component: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin_probability: Option<f64>,
    sampled_at_episode: u64,
    created_ms: UnixMillis,
    lease_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeLine {
    task: u64,
    position: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    episode: Option<u64>,
    result: ResultKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    episode_return: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<EndKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    student_step: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    played: Option<Task>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alp: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nearest_episode: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nearest_distance: Option<f64>,
    late: bool,
    accepted_ms: UnixMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResultKind {
    Completed,
    Infeasible,
    Abandoned,
    Stale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndKind {
    Terminated,
    Truncated,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvaluationLine {
    round: u64,
    student: String,
    student_step: u64,
    created_ms: UnixMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed_ms: Option<UnixMillis>,
    request_id: String,
    request_fingerprint: u64,
    results: Vec<ResultLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResultLine {
    test_task: u32,
    episode_return: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
}

/// Counts and hashes lines, on both sides.
#[derive(Clone, Debug, Default)]
struct Tally {
    tasks: u64,
    outcomes: u64,
    expiries: u64,
    edits: u64,
    fits: u64,
    requests: u64,
    evaluations: u64,
    hash: Sha256,
}

impl Tally {
    /// Takes the bytes of a line and its line break.
    fn hash(&mut self, line: &[u8]) {
        self.hash.update(line);
        self.hash.update(b"\n");
    }

    fn count(&mut self, line: &Line) {
        *match line {
            Line::Task(_) => &mut self.tasks,
            Line::Outcome(_) => &mut self.outcomes,
            Line::Expiry { .. } => &mut self.expiries,
            Line::Edit { .. } => &mut self.edits,
            Line::Fit { .. } => &mut self.fits,
            Line::Request { .. } => &mut self.requests,
            Line::Evaluation(_) => &mut self.evaluations,
        } += 1;
    }

    /// The last line, without its line break: what is not equal to it is no end of these lines.
    fn end(&self) -> String {
        let Self { tasks, outcomes, expiries, edits, fits, requests, evaluations, hash } = self;
        let digest = hash.clone().finalize();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "{END}\"tasks\":{tasks},\"outcomes\":{outcomes},\"expiries\":{expiries},\"edits\":{edits},\
             \"fits\":{fits},\"requests\":{requests},\"evaluations\":{evaluations},\"sha256\":\"{hex}\"}}"
        )
    }
}

impl From<&TaskRecord> for Line {
    fn from(task: &TaskRecord) -> Self {
        let (origin, origin_fit, origin_component, origin_probability) = task.source.columns();
        Self::Task(TaskLine {
            number: task.number,
            position: task.position,
            values: task.task.clone(),
            student: Arc::clone(&task.student),
            worker: Arc::clone(&task.worker),
            origin: origin.into(),
            origin_fit,
            origin_component,
            origin_probability,
            sampled_at_episode: task.sampled_at_episode,
            created_ms: task.created_ms,
            lease_ms: task.lease_ms,
        })
    }
}

impl TaskLine {
    fn read(self) -> Result<TaskRecord, String> {
        let source = TaskSource::of_columns(
            &self.origin,
            self.origin_fit,
            self.origin_component,
            self.origin_probability,
        );
        Ok(TaskRecord {
            source: source.ok_or_else(|| format!("task {} has an unknown origin", self.number))?,
            number: self.number,
            position: self.position,
            task: self.values,
            student: self.student,
            worker: self.worker,
            sampled_at_episode: self.sampled_at_episode,
            created_ms: self.created_ms,
            lease_ms: self.lease_ms,
        })
    }
}

impl From<&OutcomeRecord> for Line {
    fn from(outcome: &OutcomeRecord) -> Self {
        let (result, completed, message) = match &outcome.result {
            OutcomeResult::Completed(completed) => (ResultKind::Completed, Some(completed), None),
            OutcomeResult::Infeasible { message } => (ResultKind::Infeasible, None, Some(message.clone())),
            OutcomeResult::Abandoned { message } => (ResultKind::Abandoned, None, Some(message.clone())),
            OutcomeResult::Stale => (ResultKind::Stale, None, None),
        };
        Self::Outcome(OutcomeLine {
            task: outcome.task,
            position: outcome.position,
            episode: outcome.episode,
            result,
            episode_return: completed.map(|completed| completed.episode_return),
            length: completed.and_then(|completed| completed.length),
            ended: completed.and_then(|completed| completed.end).map(|end| match end {
                EpisodeEnd::Terminated => EndKind::Terminated,
                EpisodeEnd::Truncated => EndKind::Truncated,
            }),
            success: completed.and_then(|completed| completed.success),
            student_step: completed.and_then(|completed| completed.student_step),
            message,
            played: outcome.played.clone(),
            alp: outcome.alp,
            nearest_episode: outcome.nearest.map(|nearest| nearest.number),
            nearest_distance: outcome.nearest.map(|nearest| nearest.distance),
            late: outcome.late,
            accepted_ms: outcome.accepted_ms,
        })
    }
}

impl OutcomeLine {
    fn read(self) -> Result<OutcomeRecord, String> {
        let task = self.task;
        let message = self.message.unwrap_or_default();
        Ok(OutcomeRecord {
            task,
            position: self.position,
            episode: self.episode,
            result: match self.result {
                ResultKind::Completed => OutcomeResult::Completed(Completed {
                    episode_return: self
                        .episode_return
                        .ok_or_else(|| format!("task {task} was completed without a return"))?,
                    length: self.length,
                    end: self.ended.map(|end| match end {
                        EndKind::Terminated => EpisodeEnd::Terminated,
                        EndKind::Truncated => EpisodeEnd::Truncated,
                    }),
                    success: self.success,
                    student_step: self.student_step,
                }),
                ResultKind::Infeasible => OutcomeResult::Infeasible { message },
                ResultKind::Abandoned => OutcomeResult::Abandoned { message },
                ResultKind::Stale => OutcomeResult::Stale,
            },
            played: self.played,
            alp: self.alp,
            nearest: match (self.nearest_episode, self.nearest_distance) {
                (Some(number), Some(distance)) => Some(NearestEpisode { number, distance }),
                (None, None) => None,
                _ => return Err(format!("the outcome of task {task} has half a nearest episode")),
            },
            late: self.late,
            accepted_ms: self.accepted_ms,
        })
    }
}

impl From<ExpiryRecord> for Line {
    fn from(ExpiryRecord { task, position, expired_ms }: ExpiryRecord) -> Self {
        Self::Expiry { task, position, expired_ms }
    }
}

impl From<EditRecord> for Line {
    fn from(EditRecord { position, edited_ms, live, teacher }: EditRecord) -> Self {
        Self::Edit { position, edited_ms, live, teacher }
    }
}

impl From<FitRecord> for Line {
    fn from(FitRecord { fit, created_ms, seconds }: FitRecord) -> Self {
        Self::Fit { fit, created_ms, seconds }
    }
}

impl From<RequestRecord> for Line {
    fn from(RequestRecord { id, fingerprint, position, reported, sampled }: RequestRecord) -> Self {
        Self::Request { id, fingerprint, position, reported, sampled }
    }
}

impl From<StoredEvaluation> for Line {
    fn from(evaluation: StoredEvaluation) -> Self {
        let result = |TestResult { test_task, episode_return, length, success }| ResultLine {
            test_task,
            episode_return,
            length,
            success,
        };
        Self::Evaluation(EvaluationLine {
            round: evaluation.round,
            student: evaluation.student,
            student_step: evaluation.student_step,
            created_ms: evaluation.created_ms,
            completed_ms: evaluation.completed_ms,
            request_id: evaluation.request_id,
            request_fingerprint: evaluation.fingerprint,
            results: evaluation.results.into_iter().map(result).collect(),
        })
    }
}

impl From<EvaluationLine> for StoredEvaluation {
    fn from(line: EvaluationLine) -> Self {
        let result = |ResultLine { test_task, episode_return, length, success }| TestResult {
            test_task,
            episode_return,
            length,
            success,
        };
        Self {
            round: line.round,
            student: line.student,
            student_step: line.student_step,
            created_ms: line.created_ms,
            completed_ms: line.completed_ms,
            request_id: line.request_id,
            fingerprint: line.request_fingerprint,
            results: line.results.into_iter().map(result).collect(),
        }
    }
}

impl Line {
    fn read(self) -> Result<StagedRow, String> {
        Ok(match self {
            Self::Task(line) => StagedRow::Record(Record::Task(Arc::new(line.read()?))),
            Self::Outcome(line) => StagedRow::Record(Record::Outcome(Arc::new(line.read()?))),
            Self::Expiry { task, position, expired_ms } => {
                StagedRow::Record(Record::Expiry(ExpiryRecord { task, position, expired_ms }))
            }
            Self::Edit { position, edited_ms, live, teacher } => {
                StagedRow::Record(Record::Edit(EditRecord { position, edited_ms, live, teacher }))
            }
            Self::Fit { created_ms, seconds, fit } => {
                StagedRow::Record(Record::Fit(FitRecord { fit, created_ms, seconds }))
            }
            Self::Request { id, fingerprint, position, reported, sampled } => {
                StagedRow::Record(Record::Request(RequestRecord {
                    id,
                    fingerprint,
                    position,
                    reported,
                    sampled,
                }))
            }
            Self::Evaluation(line) => StagedRow::Evaluation(line.into()),
        })
    }
}
