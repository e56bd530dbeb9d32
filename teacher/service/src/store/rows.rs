//! How records look as rows, in both directions.

use std::sync::Arc;

use magister_core::{space::Task, teacher::NearestEpisode};
use rusqlite::{
    Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Type, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::records::{Completed, EpisodeEnd, OutcomeRecord, OutcomeResult, TaskRecord, TaskSource};

/// Columns of a task, in the order of [`task`].
pub(super) const TASK_COLUMNS: &str = "t.number, t.position, t.\"values\", t.student, t.worker, t.origin, t.origin_fit, \
     t.origin_component, t.origin_probability, t.sampled_at_episode, t.created_ms, t.lease_ms";
/// How many they are.
pub(super) const TASK_WIDTH: usize = 12;

/// Columns of an outcome, in the order of [`outcome`].
pub(super) const OUTCOME_COLUMNS: &str = "o.task, o.position, o.episode, o.result, o.episode_return, o.length, o.ended, \
     o.success, o.student_step, o.message, o.played, o.alp, o.nearest_episode, o.nearest_distance, o.late, o.accepted_ms";

/// A value kept as JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// Reads a task from [`TASK_COLUMNS`] beginning at column `at`.
pub(super) fn task(row: &Row<'_>, at: usize) -> rusqlite::Result<TaskRecord> {
    Ok(TaskRecord {
        number: row.get(at)?,
        position: row.get(at + 1)?,
        task: row.get::<_, Json<Task>>(at + 2)?.0,
        student: row.get::<_, Arc<str>>(at + 3)?,
        worker: row.get::<_, Arc<str>>(at + 4)?,
        source: source(row, at + 5)?,
        sampled_at_episode: row.get(at + 9)?,
        created_ms: row.get(at + 10)?,
        lease_ms: row.get(at + 11)?,
    })
}

/// Reads where a task was taken from: origin, fit, component and probability, beginning at column `at`.
pub(super) fn source(row: &Row<'_>, at: usize) -> rusqlite::Result<TaskSource> {
    let origin = row.get_ref(at)?.as_str()?;
    TaskSource::of_columns(origin, row.get(at + 1)?, row.get(at + 2)?, row.get(at + 3)?)
        .ok_or_else(|| damaged(at, format!("task origin {origin:?}")))
}

/// Reads an outcome from [`OUTCOME_COLUMNS`] beginning at column `at`.
pub(super) fn outcome(row: &Row<'_>, at: usize) -> rusqlite::Result<OutcomeRecord> {
    let message = || Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(at + 9)?.unwrap_or_default());
    let result = match row.get_ref(at + 3)?.as_str()? {
        "completed" => OutcomeResult::Completed(Completed {
            episode_return: row.get(at + 4)?,
            length: row.get(at + 5)?,
            end: match row.get::<_, Option<String>>(at + 6)?.as_deref() {
                None => None,
                Some("terminated") => Some(EpisodeEnd::Terminated),
                Some("truncated") => Some(EpisodeEnd::Truncated),
                Some(unknown) => return Err(damaged(at + 6, format!("episode end {unknown:?}"))),
            },
            success: row.get(at + 7)?,
            student_step: row.get(at + 8)?,
        }),
        "infeasible" => OutcomeResult::Infeasible { message: message()? },
        "abandoned" => OutcomeResult::Abandoned { message: message()? },
        "stale" => OutcomeResult::Stale,
        unknown => return Err(damaged(at + 3, format!("outcome {unknown:?}"))),
    };
    Ok(OutcomeRecord {
        task: row.get(at)?,
        position: row.get(at + 1)?,
        episode: row.get(at + 2)?,
        result,
        played: row.get::<_, Option<Json<Task>>>(at + 10)?.map(|Json(task)| task),
        alp: row.get(at + 11)?,
        nearest: match (row.get(at + 12)?, row.get(at + 13)?) {
            (Some(number), Some(distance)) => Some(NearestEpisode { number, distance }),
            _ => None,
        },
        late: row.get(at + 14)?,
        accepted_ms: row.get(at + 15)?,
    })
}

fn damaged(column: usize, what: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("unknown {what}").into())
}
