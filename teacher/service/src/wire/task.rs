//! Tasks, outcomes and receipts.

use std::sync::Arc;

use magister_core::{
    space::TaskSpace,
    teacher::{ExplorationReason, Origin},
};
use magister_proto::v1;
use v1::episode_outcome as wire;
use v1::origin as origins;

use super::{duration, label, lease_ms, names, space, timestamp};
use crate::{
    error::{Invalid, ServiceError, Violation},
    ledger::{OutcomeInput, Receipt, StepInput, Subject},
    owner::{GivenTask, StepAnswer},
    records::{Completed, EpisodeEnd, OutcomeResult, StoredEpisode, TaskRecord, TaskSource},
};

/// Tasks and outcomes that one request may have.
const MAX_BATCH: usize = 1000;
/// Longest message of an outcome, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024;

/// Reads the number of tasks asked for, where 0 counts as `zero`.
pub(crate) fn read_count(count: u32, zero: u32) -> Result<u32, ServiceError> {
    if count as usize > MAX_BATCH {
        let problem = format!("is {count}; ask for at most {MAX_BATCH} tasks at a time");
        return Err(ServiceError::invalid(Invalid::Request, "count", problem));
    }
    Ok(if count == 0 { zero } else { count })
}

/// Reads a request for tasks.
pub(crate) fn read_sample(request: v1::SampleTasksRequest) -> Result<StepInput, ServiceError> {
    let refuse = ServiceError::request;
    Ok(StepInput {
        outcomes: Vec::new(),
        count: read_count(request.count, 1)?,
        student: label("student", request.student).map_err(refuse)?,
        worker: label("worker", request.worker).map_err(refuse)?,
        lease_ms: request
            .lease_duration
            .map(|lease| lease_ms("lease_duration", lease))
            .transpose()
            .map_err(refuse)?,
    })
}

/// Names of the tasks that outcomes are of.
pub(crate) fn names(outcomes: &mut [v1::EpisodeOutcome]) -> impl Iterator<Item = &mut String> {
    outcomes.iter_mut().map(|outcome| &mut outcome.task)
}

/// Reads outcomes of a curriculum, all or none; every one that cannot be read is named.
pub(crate) fn read_outcomes(
    curriculum: &str,
    task_space: &TaskSpace,
    outcomes: Vec<v1::EpisodeOutcome>,
) -> Result<Vec<OutcomeInput>, ServiceError> {
    if outcomes.len() > MAX_BATCH {
        let problem = format!("has {} entries; report at most {MAX_BATCH} at a time", outcomes.len());
        return Err(ServiceError::invalid(Invalid::Request, "outcomes", problem));
    }
    let mut inputs = Vec::with_capacity(outcomes.len());
    let mut refused: Option<(Invalid, Vec<Violation>)> = None;
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match read_outcome(curriculum, task_space, outcome) {
            Ok(input) => inputs.push(input),
            Err(ServiceError::Invalid { kind, violations }) => {
                let outer = format!("outcomes[{index}]");
                let (_, all) = refused.get_or_insert_with(|| (kind, Vec::new()));
                all.extend(violations.into_iter().map(|violation| violation.within(&outer)));
            }
            Err(ServiceError::TaskNotFound { curriculum, task, outcome: _ }) => {
                return Err(ServiceError::TaskNotFound { curriculum, task, outcome: Some(index) });
            }
            Err(error) => return Err(error),
        }
    }
    match refused {
        None => Ok(inputs),
        Some((kind, violations)) => Err(ServiceError::Invalid { kind, violations }),
    }
}

fn read_outcome(
    curriculum: &str,
    task_space: &TaskSpace,
    outcome: v1::EpisodeOutcome,
) -> Result<OutcomeInput, ServiceError> {
    let played = outcome
        .parameters
        .map(|parameters| space::read_task(task_space, "parameters", parameters))
        .transpose()?;
    let result = read_result(outcome.outcome)?;
    let subject = if outcome.task.is_empty() {
        let refuse =
            |violation| ServiceError::Invalid { kind: Invalid::Outcome, violations: vec![violation] };
        let Some(task) = played else {
            let problem =
                "is empty: name the task that was handed out, or give the parameters of one that was not";
            return Err(ServiceError::invalid(Invalid::Outcome, "task", problem));
        };
        Subject::Unsolicited {
            task,
            student: label("student", outcome.student).map_err(refuse)?,
            worker: label("worker", outcome.worker).map_err(refuse)?,
        }
    } else {
        let (owner, number) = names::task("task", &outcome.task)?;
        if owner != curriculum {
            let task = outcome.task.clone();
            return Err(ServiceError::TaskNotFound {
                curriculum: curriculum.to_owned(),
                task,
                outcome: None,
            });
        }
        Subject::HandedOut { number, played }
    };
    Ok(OutcomeInput { subject, result })
}

fn read_result(outcome: Option<wire::Outcome>) -> Result<OutcomeResult, ServiceError> {
    let refuse = |field: &str, problem: String| ServiceError::invalid(Invalid::Outcome, field, problem);
    let message = |field: &str, message: String| {
        if message.len() > MAX_MESSAGE_BYTES {
            let problem = format!("has {} bytes and may have {MAX_MESSAGE_BYTES}", message.len());
            return Err(refuse(&format!("{field}.message"), problem));
        }
        Ok(message)
    };
    match outcome {
        None => Err(refuse("outcome", "is missing: give completed, infeasible or abandoned".to_owned())),
        Some(wire::Outcome::Infeasible(infeasible)) => {
            Ok(OutcomeResult::Infeasible { message: message("infeasible", infeasible.message)? })
        }
        Some(wire::Outcome::Abandoned(abandoned)) => {
            Ok(OutcomeResult::Abandoned { message: message("abandoned", abandoned.message)? })
        }
        Some(wire::Outcome::Completed(completed)) => {
            let episode_return = completed.episode_return;
            if !episode_return.is_finite() {
                let problem = format!("is {episode_return}; a return must be a finite number");
                return Err(refuse("completed.episode_return", problem));
            }
            let end = match wire::End::try_from(completed.end) {
                Ok(wire::End::Unspecified) => None,
                Ok(wire::End::Terminated) => Some(EpisodeEnd::Terminated),
                Ok(wire::End::Truncated) => Some(EpisodeEnd::Truncated),
                Err(_) => {
                    let problem = format!("{} is not a value that this release knows", completed.end);
                    return Err(refuse("completed.end", problem));
                }
            };
            for (field, value) in [("length", completed.length), ("student_step", completed.student_step)] {
                if value.is_some_and(|value| i64::try_from(value).is_err()) {
                    return Err(refuse(&format!("completed.{field}"), "must be below 2^63".to_owned()));
                }
            }
            Ok(OutcomeResult::Completed(Completed {
                episode_return,
                length: completed.length,
                end,
                success: completed.success,
                student_step: completed.student_step,
            }))
        }
    }
}

/// Writes a task that was handed out.
pub(crate) fn write_given(curriculum: &str, task_space: &TaskSpace, task: &GivenTask) -> v1::Task {
    let (record, state, expires_ms) = match task {
        GivenTask::Open(task) => (&task.record, v1::TaskState::Open, Some(task.deadline_ms)),
        GivenTask::Closed(task) => {
            let state =
                task.outcome.as_ref().map_or(v1::TaskState::Expired, |outcome| state(&outcome.result));
            (&task.record, state, None)
        }
    };
    write_task(curriculum, task_space, record, state, expires_ms)
}

fn write_task(
    curriculum: &str,
    task_space: &TaskSpace,
    record: &Arc<TaskRecord>,
    state: v1::TaskState,
    expires_ms: Option<u64>,
) -> v1::Task {
    v1::Task {
        name: names::of_task(curriculum, record.number),
        parameters: Some(space::write_task(task_space, &record.task)),
        state: state.into(),
        student: record.student.to_string(),
        worker: record.worker.to_string(),
        create_time: Some(timestamp(record.created_ms)),
        expire_time: expires_ms.map(timestamp),
        lease_duration: (record.lease_ms > 0).then(|| duration(record.lease_ms)),
        origin: Some(write_origin(record.source)),
        sampled_at_episode: record.sampled_at_episode,
    }
}

/// Writes what became of an outcome.
pub(crate) fn write_receipt(curriculum: &str, receipt: &Receipt) -> v1::EpisodeReceipt {
    let outcome = &receipt.outcome;
    v1::EpisodeReceipt {
        task: names::of_task(curriculum, outcome.task),
        state: state(&outcome.result).into(),
        episode: outcome.episode,
        alp: outcome.alp,
        late: outcome.late,
        duplicate: receipt.duplicate,
    }
}

/// Writes an accepted outcome.
pub(crate) fn write_episode(
    curriculum: &str,
    task_space: &TaskSpace,
    episode: &StoredEpisode,
) -> v1::Episode {
    let StoredEpisode { task, outcome } = episode;
    let (completed, message) = match &outcome.result {
        OutcomeResult::Completed(completed) => (Some(completed), ""),
        OutcomeResult::Infeasible { message } | OutcomeResult::Abandoned { message } => {
            (None, message.as_str())
        }
        OutcomeResult::Stale => (None, ""),
    };
    let end = completed.and_then(|completed| completed.end).map_or(wire::End::Unspecified, |end| match end {
        EpisodeEnd::Terminated => wire::End::Terminated,
        EpisodeEnd::Truncated => wire::End::Truncated,
    });
    let played = outcome.played.as_ref().unwrap_or(&task.task);
    v1::Episode {
        number: outcome.episode,
        task: names::of_task(curriculum, task.number),
        parameters: Some(space::write_task(task_space, played)),
        state: state(&outcome.result).into(),
        student: task.student.to_string(),
        worker: task.worker.to_string(),
        episode_return: completed.map(|completed| completed.episode_return),
        length: completed.and_then(|completed| completed.length),
        end: end.into(),
        success: completed.and_then(|completed| completed.success),
        student_step: completed.and_then(|completed| completed.student_step),
        alp: outcome.alp,
        late: outcome.late,
        accept_time: Some(timestamp(outcome.accepted_ms)),
        origin: Some(write_origin(task.source)),
        message: message.to_owned(),
    }
}

/// Writes receipts and tasks.
pub(crate) fn write_answer(
    curriculum: &str,
    task_space: &TaskSpace,
    answer: &StepAnswer,
) -> (Vec<v1::EpisodeReceipt>, Vec<v1::Task>) {
    (
        answer.receipts.iter().map(|receipt| write_receipt(curriculum, receipt)).collect(),
        answer.tasks.iter().map(|task| write_given(curriculum, task_space, task)).collect(),
    )
}

fn state(result: &OutcomeResult) -> v1::TaskState {
    match result {
        OutcomeResult::Completed(_) => v1::TaskState::Completed,
        OutcomeResult::Infeasible { .. } => v1::TaskState::Infeasible,
        OutcomeResult::Abandoned { .. } => v1::TaskState::Abandoned,
        OutcomeResult::Stale => v1::TaskState::Expired,
    }
}

/// Writes where a task was taken from.
pub(crate) fn write_origin(source: TaskSource) -> v1::Origin {
    let source = match source {
        TaskSource::Unsolicited => origins::Source::Unsolicited(origins::Unsolicited {}),
        TaskSource::Sampled { origin, .. } => match origin {
            Origin::Exploration(reason) => {
                let reason = match reason {
                    ExplorationReason::Bootstrap => origins::exploration::Reason::Bootstrap,
                    ExplorationReason::RandomTaskRatio => origins::exploration::Reason::RandomTaskRatio,
                    ExplorationReason::NoProgress => origins::exploration::Reason::NoProgress,
                    ExplorationReason::RandomTeacher => origins::exploration::Reason::RandomTeacher,
                };
                origins::Source::Exploration(origins::Exploration { reason: reason.into() })
            }
            Origin::Initial => origins::Source::Initial(origins::InitialDraw {}),
            Origin::Component { fit, component } => {
                origins::Source::Component(origins::ComponentDraw { fit, component })
            }
            Origin::Region { region } => origins::Source::Region(origins::RegionDraw { region }),
            Origin::Mutation { region } => origins::Source::Mutation(origins::RegionDraw { region }),
            Origin::Window => origins::Source::Window(origins::WindowDraw {}),
            Origin::Particle { particle } => origins::Source::Particle(origins::ParticleDraw { particle }),
        },
    };
    v1::Origin { source: Some(source) }
}
