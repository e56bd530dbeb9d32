//! Rounds of evaluation over a curriculum's test set.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Journal, StoreError};
use crate::{clock::UnixMillis, records::CurriculumKey};

/// What a round is opened with.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) student: String,
    pub(crate) student_step: u64,
    pub(crate) opened_ms: UnixMillis,
    /// Empty for a request without an id.
    pub(crate) request_id: String,
    pub(crate) fingerprint: u64,
}

/// A request id was used with other fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestIdReused;

/// The result on one test task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TestResult {
    pub(crate) test_task: u32,
    pub(crate) episode_return: f64,
    pub(crate) length: Option<u64>,
    pub(crate) success: Option<bool>,
}

/// When a round counts as complete: with so many results, at this time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completion {
    pub(crate) test_tasks: u32,
    pub(crate) now_ms: UnixMillis,
}

/// A round with its results so far, in the order of the test tasks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredEvaluation {
    pub(crate) round: u64,
    pub(crate) student: String,
    pub(crate) student_step: u64,
    pub(crate) created_ms: UnixMillis,
    pub(crate) completed_ms: Option<UnixMillis>,
    /// Empty for a request without an id.
    pub(crate) request_id: String,
    pub(crate) fingerprint: u64,
    pub(crate) results: Vec<TestResult>,
}

/// Opens a round.
pub(super) fn open(
    connection: &Connection,
    curriculum: CurriculumKey,
    opening: &Opening,
) -> Result<Result<u64, RequestIdReused>, StoreError> {
    if !opening.request_id.is_empty() {
        let earlier: Option<(u64, i64)> = connection
            .prepare_cached(
                "SELECT round, request_fingerprint FROM evaluations WHERE curriculum = ?1 AND request_id = ?2",
            )?
            .query_row(params![curriculum, opening.request_id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((round, fingerprint)) = earlier {
            let same = fingerprint.cast_unsigned() == opening.fingerprint;
            return Ok(if same { Ok(round) } else { Err(RequestIdReused) });
        }
    }
    let last: Option<u64> = connection
        .prepare_cached("SELECT max(round) FROM evaluations WHERE curriculum = ?1")?
        .query_row([curriculum], |row| row.get(0))?;
    let round = last.unwrap_or(0) + 1;
    connection.prepare_cached("INSERT INTO evaluations VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7)")?.execute(
        params![
            curriculum,
            round,
            opening.student,
            opening.student_step,
            opening.opened_ms,
            opening.request_id,
            opening.fingerprint.cast_signed(),
        ],
    )?;
    Ok(Ok(round))
}

/// Adds results, and notes when the last one has come.
pub(super) fn add_results(
    connection: &mut Connection,
    curriculum: CurriculumKey,
    round: u64,
    results: &[TestResult],
    completion: Completion,
) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    for result in results {
        insert_result(&transaction, curriculum, round, result)?;
    }
    transaction
        .prepare_cached(
            "UPDATE evaluations SET completed_ms = ?3 WHERE curriculum = ?1 AND round = ?2 AND completed_ms IS NULL \
             AND ?4 = (SELECT count(*) FROM test_results WHERE curriculum = ?1 AND round = ?2)",
        )?
        .execute(params![curriculum, round, completion.now_ms, completion.test_tasks])?;
    Ok(transaction.commit()?)
}

/// Adds a round with its results, as another store had it.
pub(super) fn insert(
    connection: &Connection,
    curriculum: CurriculumKey,
    evaluation: &StoredEvaluation,
) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT INTO evaluations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(
        params![
            curriculum,
            evaluation.round,
            evaluation.student,
            evaluation.student_step,
            evaluation.created_ms,
            evaluation.completed_ms,
            evaluation.request_id,
            evaluation.fingerprint.cast_signed(),
        ],
    )?;
    for result in &evaluation.results {
        insert_result(connection, curriculum, evaluation.round, result)?;
    }
    Ok(())
}

fn insert_result(
    connection: &Connection,
    curriculum: CurriculumKey,
    round: u64,
    result: &TestResult,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO test_results VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            curriculum,
            round,
            result.test_task,
            result.episode_return,
            result.length,
            result.success
        ])
        .map(drop)
}

impl Journal {
    /// Up to `limit` rounds after round `after`, in their order: all, or those of one student.
    pub(crate) fn evaluations(
        &self,
        curriculum: CurriculumKey,
        student: Option<&str>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvaluation>, StoreError> {
        let Ok(after) = i64::try_from(after) else { return Ok(Vec::new()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare_cached(
            "SELECT round, student, student_step, created_ms, completed_ms, request_id, request_fingerprint \
             FROM evaluations \
             WHERE curriculum = ?1 AND round > ?2 AND (?3 IS NULL OR student = ?3) ORDER BY round LIMIT ?4",
        )?;
        let rounds = statement.query_map(params![curriculum, after, student, limit], read_evaluation)?;
        let mut evaluations = rounds.collect::<Result<Vec<_>, _>>()?;
        let mut statement = self.connection.prepare_cached(
            "SELECT test_task, episode_return, length, success FROM test_results \
             WHERE curriculum = ?1 AND round = ?2 ORDER BY test_task",
        )?;
        for evaluation in &mut evaluations {
            let results = statement.query_map(params![curriculum, evaluation.round], |row| {
                Ok(TestResult {
                    test_task: row.get(0)?,
                    episode_return: row.get(1)?,
                    length: row.get(2)?,
                    success: row.get(3)?,
                })
            })?;
            evaluation.results = results.collect::<Result<_, _>>()?;
        }
        Ok(evaluations)
    }

    /// One round.
    pub(crate) fn evaluation(
        &self,
        curriculum: CurriculumKey,
        round: u64,
    ) -> Result<Option<StoredEvaluation>, StoreError> {
        let Some(before) = round.checked_sub(1) else { return Ok(None) };
        let found = self.evaluations(curriculum, None, before, 1)?.pop();
        Ok(found.filter(|evaluation| evaluation.round == round))
    }
}

fn read_evaluation(row: &Row<'_>) -> rusqlite::Result<StoredEvaluation> {
    Ok(StoredEvaluation {
        round: row.get(0)?,
        student: row.get(1)?,
        student_step: row.get(2)?,
        created_ms: row.get(3)?,
        completed_ms: row.get(4)?,
        request_id: row.get(5)?,
        fingerprint: row.get::<_, i64>(6)?.cast_unsigned(),
        results: Vec::new(),
    })
}
