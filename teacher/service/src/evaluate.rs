//! The calls around a curriculum's test set: rounds of evaluation, mastery, and what was forgotten.
//!
//! They go to the store beside the owner: nothing of an evaluation reaches the teacher.

use std::collections::BTreeMap;

use magister_proto::v1;

use crate::{
    clock::Clock,
    error::{Invalid, ServiceError, Violation},
    owner::{Owner, RequestKey},
    store::{Completion, Opening, StoredEvaluation, TestResult},
    wire,
};

/// Default and largest page of evaluations.
const EVALUATIONS: (usize, usize) = (100, 1000);
/// Results that one report may have.
const MAX_RESULTS: usize = 10_000;

/// Opens a round and gives its tasks.
pub(crate) async fn open(
    owner: &Owner,
    clock: Clock,
    request: v1::SampleTestTasksRequest,
    key: Option<RequestKey>,
) -> Result<v1::SampleTestTasksResponse, ServiceError> {
    check_test_set(owner)?;
    let refuse = ServiceError::request;
    let student = wire::label("student", request.student).map_err(refuse)?;
    if i64::try_from(request.student_step).is_err() {
        return Err(refuse(Violation::new("student_step", "must be below 2^63")));
    }
    let (request_id, fingerprint) =
        key.map_or((String::new(), 0), |key| (key.id.to_string(), key.fingerprint));
    let opening = Opening {
        student: student.to_string(),
        student_step: request.student_step,
        opened_ms: clock.now_ms(),
        request_id: request_id.clone(),
        fingerprint,
    };
    let round = owner.store().open_evaluation(owner.key(), opening).await?;
    let round = round.map_err(|_| ServiceError::RequestIdReused(request_id))?;
    let charter = owner.charter();
    Ok(v1::SampleTestTasksResponse {
        evaluation: Some(get(owner, round).await?),
        tasks: charter
            .test_set
            .iter()
            .map(|task| wire::space::write_task(&charter.settings.space, task))
            .collect(),
    })
}

/// Adds results to a round.
pub(crate) async fn report(
    owner: &Owner,
    clock: Clock,
    round: u64,
    results: Vec<v1::TestResult>,
) -> Result<v1::ReportEvaluationsResponse, ServiceError> {
    let test_tasks = check_test_set(owner)?;
    let results = read_results(results, test_tasks)?;
    // The round must be there before anything is added to it.
    get(owner, round).await?;
    let completion = Completion { test_tasks, now_ms: clock.now_ms() };
    owner.store().add_test_results(owner.key(), round, results, completion).await?;
    Ok(v1::ReportEvaluationsResponse { evaluation: Some(get(owner, round).await?) })
}

fn read_results(results: Vec<v1::TestResult>, test_tasks: u32) -> Result<Vec<TestResult>, ServiceError> {
    if results.is_empty() || results.len() > MAX_RESULTS {
        let problem = format!("has {} entries; report 1 to {MAX_RESULTS} at a time", results.len());
        return Err(ServiceError::invalid(Invalid::Request, "results", problem));
    }
    let read = |(index, result): (usize, v1::TestResult)| {
        let refuse = |field: &str, problem: String| {
            ServiceError::invalid(Invalid::Outcome, format!("results[{index}].{field}"), problem)
        };
        if result.test_task >= test_tasks {
            let problem = format!("is {}; the test set has {test_tasks} tasks, from 0", result.test_task);
            return Err(refuse("test_task", problem));
        }
        if !result.episode_return.is_finite() {
            let problem = format!("is {}; a return must be a finite number", result.episode_return);
            return Err(refuse("episode_return", problem));
        }
        if result.length.is_some_and(|length| i64::try_from(length).is_err()) {
            return Err(refuse("length", "must be below 2^63".to_owned()));
        }
        let v1::TestResult { test_task, episode_return, length, success } = result;
        Ok(TestResult { test_task, episode_return, length, success })
    };
    results.into_iter().enumerate().map(read).collect()
}

/// Describes a round.
pub(crate) async fn get(owner: &Owner, round: u64) -> Result<v1::Evaluation, ServiceError> {
    let key = owner.key();
    let found = owner.read(move |journal| journal.evaluation(key, round)).await?;
    let Some(found) = found else {
        return Err(ServiceError::EvaluationNotFound { curriculum: owner.name().to_string(), round });
    };
    Ok(write(owner, &found, threshold(owner).await?))
}

/// Lists rounds in their order.
pub(crate) async fn list(
    owner: &Owner,
    request: v1::ListEvaluationsRequest,
) -> Result<v1::ListEvaluationsResponse, ServiceError> {
    let size = wire::page_size(request.page_size, EVALUATIONS)?;
    let after = wire::page_token("after round ", &request.page_token)?.unwrap_or(0);
    let (key, student) = (owner.key(), request.student);
    let mut found =
        owner.read(move |journal| journal.evaluations(key, student.as_deref(), after, size + 1)).await?;
    let more = found.len() > size;
    found.truncate(size);
    let threshold = threshold(owner).await?;
    Ok(v1::ListEvaluationsResponse {
        next_page_token: match found.last() {
            Some(last) if more => format!("after round {}", last.round),
            _ => String::new(),
        },
        evaluations: found.iter().map(|evaluation| write(owner, evaluation, threshold)).collect(),
    })
}

/// Mastery and forgetting over the complete rounds of one student.
pub(crate) async fn mastery(owner: &Owner, student: String) -> Result<v1::Mastery, ServiceError> {
    check_test_set(owner)?;
    let key = owner.key();
    let rounds = owner.read(move |journal| journal.evaluations(key, Some(&student), 0, usize::MAX)).await?;
    let threshold = threshold(owner).await?;
    let complete: Vec<&StoredEvaluation> =
        rounds.iter().filter(|round| round.completed_ms.is_some()).collect();

    let mut seen: BTreeMap<u32, v1::mastery::TestTaskMastery> = BTreeMap::new();
    for round in &complete {
        for result in &round.results {
            let mastered = threshold.is_some_and(|threshold| result.episode_return > threshold);
            let task = seen.entry(result.test_task).or_insert_with(|| v1::mastery::TestTaskMastery {
                test_task: result.test_task,
                best_return: result.episode_return,
                ..Default::default()
            });
            task.last_return = result.episode_return;
            task.best_return = task.best_return.max(result.episode_return);
            task.mastered = mastered;
            if mastered && task.first_mastered_round.is_none() {
                task.first_mastered_round = Some(round.round);
            }
            task.forgotten = !mastered && task.first_mastered_round.is_some();
        }
    }
    let charter = owner.charter();
    let test_tasks: Vec<_> = seen
        .into_values()
        .map(|mut task| {
            let parameters = charter.test_set.get(task.test_task as usize);
            task.parameters = parameters.map(|task| wire::space::write_task(&charter.settings.space, task));
            task
        })
        .collect();
    let share = |is: fn(&v1::mastery::TestTaskMastery) -> bool| {
        let count = test_tasks.iter().filter(|task| is(task)).count();
        if test_tasks.is_empty() { 0.0 } else { count as f64 / test_tasks.len() as f64 }
    };
    Ok(v1::Mastery {
        mastered_share: share(|task| task.mastered),
        forgotten_share: share(|task| task.forgotten),
        evaluations: complete.len() as u64,
        test_tasks,
    })
}

/// Number of test tasks, of a curriculum that has any.
fn check_test_set(owner: &Owner) -> Result<u32, ServiceError> {
    match owner.charter().test_set.len() {
        0 => Err(ServiceError::NoTestSet(owner.name().to_string())),
        tasks => Ok(tasks as u32),
    }
}

async fn threshold(owner: &Owner) -> Result<Option<f64>, ServiceError> {
    Ok(owner.describe().await?.live.mastery_threshold)
}

fn write(owner: &Owner, evaluation: &StoredEvaluation, threshold: Option<f64>) -> v1::Evaluation {
    let results = &evaluation.results;
    let count = results.len() as f64;
    let mastered = threshold.filter(|_| !results.is_empty()).map(|threshold| {
        results.iter().filter(|result| result.episode_return > threshold).count() as f64 / count
    });
    let total: f64 = results.iter().map(|result| result.episode_return / count).sum();
    v1::Evaluation {
        name: wire::names::of_evaluation(owner.name(), evaluation.round),
        student: evaluation.student.clone(),
        student_step: evaluation.student_step,
        create_time: Some(wire::timestamp(evaluation.created_ms)),
        complete_time: evaluation.completed_ms.map(wire::timestamp),
        results: results
            .iter()
            .map(|&TestResult { test_task, episode_return, length, success }| v1::TestResult {
                test_task,
                episode_return,
                length,
                success,
            })
            .collect(),
        test_tasks: owner.charter().test_set.len() as u32,
        mastered_share: mastered,
        mean_return: (!results.is_empty()).then_some(total),
    }
}
