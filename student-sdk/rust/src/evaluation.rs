//! Evaluating a student on a curriculum's test set: rounds, mastery and what was forgotten.

use std::time::SystemTime;

use magister_proto::v1;
use serde::Serialize;

use crate::{
    curriculum::Curriculum,
    error::Error,
    task::{Parameters, read_parameters},
    written,
};

/// Results that one report may have, by the contract.
const RESULTS_PER_REPORT: usize = 10_000;

/// A round that was opened: the test tasks to play, in the order of their indices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestRound {
    /// The round.
    pub evaluation: Evaluation,
    /// The whole test set.
    pub tasks: Vec<TestTask>,
}

/// One task of a test set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestTask {
    /// Its place in the test set, from 0.
    pub index: u32,
    /// What to build the environment with.
    pub parameters: Parameters,
}

/// What came of one test task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestResult {
    /// Place of the task in the test set.
    pub index: u32,
    /// Sum of the episode's rewards; finite.
    #[serde(rename = "return")]
    pub return_: f64,
    /// Steps played, if known.
    pub length: Option<u64>,
    /// Whether the student reached its goal, if the environment says so.
    pub success: Option<bool>,
}

/// A round over the test set by one student.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Its number within the curriculum, from 1.
    pub round: u64,
    /// Who was evaluated.
    pub student: String,
    /// Environment steps that the student had taken.
    pub student_step: u64,
    /// When it was opened.
    #[serde(serialize_with = "written::optional_time")]
    pub opened: Option<SystemTime>,
    /// When its last result came; `None` until every test task has one.
    #[serde(serialize_with = "written::optional_time")]
    pub completed: Option<SystemTime>,
    /// The results so far, by index.
    pub results: Vec<TestResult>,
    /// Size of the test set.
    pub test_tasks: u32,
    /// Share of the results above the mastery threshold; `None` without results or threshold.
    pub mastered_share: Option<f64>,
    /// Mean return of the results.
    pub mean_return: Option<f64>,
}

/// What one student masters of the test set, and has forgotten, over its complete rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mastery {
    /// One for each test task.
    pub test_tasks: Vec<TestTaskMastery>,
    /// Share mastered in the latest complete round.
    pub mastered_share: f64,
    /// Share mastered in an earlier round and not in the latest.
    pub forgotten_share: f64,
    /// Complete rounds.
    pub evaluations: u64,
}

/// One test task over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestTaskMastery {
    /// The task.
    pub task: TestTask,
    /// Return in the latest complete round.
    pub last_return: f64,
    /// Best return in any.
    pub best_return: f64,
    /// Mastered in the latest.
    pub mastered: bool,
    /// Mastered before, not in the latest.
    pub forgotten: bool,
    /// Round in which it was first mastered.
    pub first_mastered_round: Option<u64>,
}

impl TestTask {
    /// The result of having played it.
    pub fn result(&self, return_: f64) -> TestResult {
        TestResult { index: self.index, return_, length: None, success: None }
    }
}

impl TestResult {
    /// Adds the steps played.
    pub fn length(mut self, steps: u64) -> Self {
        self.length = Some(steps);
        self
    }

    /// Adds whether the student reached its goal.
    pub fn success(mut self, success: bool) -> Self {
        self.success = Some(success);
        self
    }
}

impl Evaluation {
    /// Whether every test task has a result.
    pub fn is_complete(&self) -> bool {
        self.completed.is_some()
    }
}

impl Curriculum {
    /// Opens a round of evaluation of this student, who has taken `student_step` environment steps, and gives the
    /// test tasks. Their returns never reach the teacher.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`NoTestSet`](crate::Reason::NoTestSet), or [`Error::GaveUp`].
    pub async fn sample_test_tasks(&self, student_step: u64) -> Result<TestRound, Error> {
        self.sample_test_tasks_again(student_step, self.client.request_id()).await
    }

    /// The same with an id of one's own, at most 128 bytes: the same id opens no second round. A learner that is restored
    /// from its checkpoint repeats its calls so.
    ///
    /// # Errors
    /// As [`Curriculum::sample_test_tasks`]; [`Error::Refused`] with
    /// [`Reason::RequestIdReused`](crate::Reason::RequestIdReused) if the id came with another student or step before.
    pub async fn sample_test_tasks_again(
        &self,
        student_step: u64,
        request_id: impl Into<String>,
    ) -> Result<TestRound, Error> {
        let request = v1::SampleTestTasksRequest {
            curriculum: self.name.to_string(),
            student: self.student.to_string(),
            student_step,
            request_id: request_id.into(),
        };
        let answer = self
            .client
            .call(request, |mut rpc, request| async move { rpc.sample_test_tasks(request).await })
            .await?;
        let tasks = (0..).zip(answer.tasks).map(|(index, parameters)| test_task(index, Some(parameters)));
        Ok(TestRound {
            evaluation: read_evaluation(answer.evaluation)?,
            tasks: tasks.collect::<Result<_, _>>()?,
        })
    }

    /// Adds results to a round, in parts and in any order. The first result of a test task stays, so that reporting
    /// again is harmless.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`InvalidOutcome`](crate::Reason::InvalidOutcome) or
    /// [`EvaluationNotFound`](crate::Reason::EvaluationNotFound), or [`Error::GaveUp`]. Beyond 10,000 results, those
    /// before a refused part stay.
    pub async fn report_evaluations(
        &self,
        round: u64,
        results: impl IntoIterator<Item = TestResult>,
    ) -> Result<Evaluation, Error> {
        let results: Vec<v1::TestResult> = results.into_iter().map(v1::TestResult::from).collect();
        let mut latest = None;
        for part in results.chunks(RESULTS_PER_REPORT) {
            let request = v1::ReportEvaluationsRequest {
                evaluation: self.evaluation_name(round),
                results: part.to_vec(),
            };
            let answer = self
                .client
                .call(request, |mut rpc, request| async move { rpc.report_evaluations(request).await })
                .await?;
            latest = Some(read_evaluation(answer.evaluation)?);
        }
        match latest {
            Some(evaluation) => Ok(evaluation),
            None => self.evaluation(round).await,
        }
    }

    /// Describes a round.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`EvaluationNotFound`](crate::Reason::EvaluationNotFound), or
    /// [`Error::GaveUp`].
    pub async fn evaluation(&self, round: u64) -> Result<Evaluation, Error> {
        let request = v1::GetEvaluationRequest { name: self.evaluation_name(round) };
        let answer = self
            .client
            .call(request, |mut rpc, request| async move { rpc.get_evaluation(request).await })
            .await?;
        read_evaluation(Some(answer))
    }

    /// What this student masters of the test set, and has forgotten.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`NoTestSet`](crate::Reason::NoTestSet), or [`Error::GaveUp`].
    pub async fn mastery(&self) -> Result<Mastery, Error> {
        let request =
            v1::GetMasteryRequest { curriculum: self.name.to_string(), student: self.student.to_string() };
        let answer = self
            .client
            .call(request, |mut rpc, request| async move { rpc.get_mastery(request).await })
            .await?;
        let test_tasks = answer.test_tasks.into_iter().map(|task| {
            Ok(TestTaskMastery {
                task: test_task(task.test_task, task.parameters)?,
                last_return: task.last_return,
                best_return: task.best_return,
                mastered: task.mastered,
                forgotten: task.forgotten,
                first_mastered_round: task.first_mastered_round,
            })
        });
        Ok(Mastery {
            test_tasks: test_tasks.collect::<Result<_, Error>>()?,
            mastered_share: answer.mastered_share,
            forgotten_share: answer.forgotten_share,
            evaluations: answer.evaluations,
        })
    }

    fn evaluation_name(&self, round: u64) -> String {
        format!("{}/evaluations/{round}", self.name)
    }
}

impl From<TestResult> for v1::TestResult {
    fn from(TestResult { index, return_, length, success }: TestResult) -> Self {
        Self { test_task: index, episode_return: return_, length, success }
    }
}

fn test_task(index: u32, parameters: Option<v1::Parameters>) -> Result<TestTask, Error> {
    Ok(TestTask { index, parameters: read_parameters(parameters)? })
}

fn read_evaluation(evaluation: Option<v1::Evaluation>) -> Result<Evaluation, Error> {
    let evaluation = evaluation.ok_or(Error::Answer("there is no evaluation in it"))?;
    let round = evaluation.name.rsplit('/').next().and_then(|round| round.parse().ok());
    let time = |time: Option<prost_types::Timestamp>| time.and_then(|time| SystemTime::try_from(time).ok());
    let results = evaluation.results.into_iter().map(|result| TestResult {
        index: result.test_task,
        return_: result.episode_return,
        length: result.length,
        success: result.success,
    });
    Ok(Evaluation {
        round: round.ok_or(Error::Answer("an evaluation has no number"))?,
        student: evaluation.student,
        student_step: evaluation.student_step,
        opened: time(evaluation.create_time),
        completed: time(evaluation.complete_time),
        results: results.collect(),
        test_tasks: evaluation.test_tasks,
        mastered_share: evaluation.mastered_share,
        mean_return: evaluation.mean_return,
    })
}
