//! Outcomes in brief: what those need who count them, without values and messages.

use std::ops::Range;

use magister_core::teacher::Origin;
use rusqlite::{Row, params};

use super::{Journal, StoreError};
use crate::{
    clock::UnixMillis,
    records::{CurriculumKey, TaskSource},
};

/// An outcome and its task in brief.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutcomeBrief<'r> {
    pub(crate) task: u64,
    pub(crate) position: u64,
    /// `None` for outcomes that do not count.
    pub(crate) episode: Option<u64>,
    pub(crate) ending: Ending,
    pub(crate) alp: Option<f64>,
    pub(crate) student_step: Option<u64>,
    pub(crate) late: bool,
    pub(crate) accepted_ms: UnixMillis,
    pub(crate) student: &'r str,
    pub(crate) worker: &'r str,
    pub(crate) draw: Draw,
    /// Accepted episodes when the task was drawn.
    pub(crate) sampled_at_episode: u64,
}

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    /// With this return.
    Completed(f64),
    Infeasible,
    Abandoned,
    Stale,
}

/// How a task was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draw {
    /// Uniformly over the space.
    Uniform,
    /// From something that prefers some tasks.
    Preferring,
    /// Not by the teacher.
    NotHandedOut,
}

/// A finished fit in brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FitBrief {
    pub(crate) number: u64,
    pub(crate) due_episode: u64,
    pub(crate) effect_episode: u64,
    /// 0 where every number of components failed.
    pub(crate) components: u32,
}

const OUTCOME: &str =
    "o.task, o.position, o.episode, o.result, o.episode_return, o.alp, o.student_step, o.late, o.accepted_ms";
const OUTCOME_WIDTH: usize = 9;
const TASK: &str = "t.number, t.student, t.worker, t.origin, t.sampled_at_episode";

impl Journal {
    /// Position of the last outcome but `before_last`; 0 where there are not so many.
    pub(crate) fn outcome_position(
        &self,
        curriculum: CurriculumKey,
        before_last: usize,
    ) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT position FROM outcomes WHERE curriculum = ?1 ORDER BY position DESC LIMIT 1 OFFSET ?2",
        )?;
        let mut rows = statement.query(params![curriculum, before_last])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or(0))
    }

    /// Visits every outcome up to a position, in the order of the tasks: much faster than in the order of positions.
    pub(crate) fn visit_outcomes(
        &self,
        curriculum: CurriculumKey,
        to_position: u64,
        mut visit: impl FnMut(&OutcomeBrief<'_>),
    ) -> Result<(), StoreError> {
        // Both tables lie in the order of the tasks: walking them side by side spares a search for every row.
        let mut outcomes = self
            .connection
            .prepare(&format!("SELECT {OUTCOME} FROM outcomes o WHERE o.curriculum = ?1 ORDER BY o.task"))?;
        let mut tasks = self
            .connection
            .prepare(&format!("SELECT {TASK} FROM tasks t WHERE t.curriculum = ?1 ORDER BY t.number"))?;
        let (mut outcomes, mut tasks) = (outcomes.query([curriculum])?, tasks.query([curriculum])?);
        while let Some(outcome) = outcomes.next()? {
            let number: u64 = outcome.get(0)?;
            while let Some(task) = tasks.next()? {
                if task.get::<_, u64>(0)? == number {
                    if outcome.get::<_, u64>(1)? <= to_position {
                        visit(&brief((outcome, 0), (task, 0))?);
                    }
                    break;
                }
            }
        }
        Ok(())
    }

    /// Visits every outcome after a position, in the order of positions.
    pub(crate) fn visit_outcomes_after(
        &self,
        curriculum: CurriculumKey,
        position: u64,
        mut visit: impl FnMut(&OutcomeBrief<'_>),
    ) -> Result<(), StoreError> {
        // A cross join keeps SQLite from walking the tasks first.
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {OUTCOME}, {TASK} FROM outcomes o CROSS JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task \
             WHERE o.curriculum = ?1 AND o.position > ?2 ORDER BY o.position"
        ))?;
        let mut rows = statement.query(params![curriculum, position])?;
        while let Some(row) = rows.next()? {
            visit(&brief((row, 0), (row, OUTCOME_WIDTH))?);
        }
        Ok(())
    }

    /// Finished fits with higher numbers than `after`, in their order.
    pub(crate) fn fit_briefs(
        &self,
        curriculum: CurriculumKey,
        after: u64,
    ) -> Result<Vec<FitBrief>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT number, due_episode, effect_episode, json_array_length(fit, '$.mixture.weights') FROM fits \
             WHERE curriculum = ?1 AND number > ?2 ORDER BY number",
        )?;
        let rows = statement.query_map(params![curriculum, after], |row| {
            Ok(FitBrief {
                number: row.get(0)?,
                due_episode: row.get(1)?,
                effect_episode: row.get(2)?,
                components: row.get::<_, Option<u32>>(3)?.unwrap_or(0),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Leases that ran out between two positions, among the tasks handed out last, so many of them at most.
    pub(crate) fn expiries_between(
        &self,
        curriculum: CurriculumKey,
        positions: Range<u64>,
        most: usize,
    ) -> Result<u64, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM (SELECT position FROM expiries WHERE curriculum = ?1 ORDER BY task DESC LIMIT ?2) \
             WHERE position >= ?3 AND position < ?4",
        )?;
        Ok(statement
            .query_row(params![curriculum, most, positions.start, positions.end], |row| row.get(0))?)
    }

    /// When the first task was handed out.
    pub(crate) fn first_task_ms(&self, curriculum: CurriculumKey) -> Result<Option<UnixMillis>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT created_ms FROM tasks WHERE curriculum = ?1 ORDER BY number LIMIT 1")?;
        let mut rows = statement.query([curriculum])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }
}

/// How tasks of an origin with this name are drawn; `None` where there is no such origin.
fn draw(origin: &str) -> Option<Draw> {
    // Which component, region or particle it was does not matter here.
    Some(match TaskSource::of_columns(origin, Some(0), Some(0), Some(0.0))? {
        TaskSource::Unsolicited => Draw::NotHandedOut,
        TaskSource::Sampled { origin, .. } => match origin {
            Origin::Exploration(_) => Draw::Uniform,
            Origin::Initial
            | Origin::Component { .. }
            | Origin::Region { .. }
            | Origin::Mutation { .. }
            | Origin::Window
            | Origin::Particle { .. } => Draw::Preferring,
        },
    })
}

/// Reads a brief from an outcome's and its task's row, each with the column that theirs begin at.
fn brief<'r>(
    outcome: (&'r Row<'_>, usize),
    task: (&'r Row<'_>, usize),
) -> rusqlite::Result<OutcomeBrief<'r>> {
    let ((outcome, at), (task, task_at)) = (outcome, task);
    let unknown = |column: usize, what: &str| {
        let problem = format!("unknown {what}").into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, problem)
    };
    Ok(OutcomeBrief {
        task: outcome.get(at)?,
        position: outcome.get(at + 1)?,
        episode: outcome.get(at + 2)?,
        ending: match outcome.get_ref(at + 3)?.as_bytes()? {
            b"completed" => Ending::Completed(outcome.get(at + 4)?),
            b"infeasible" => Ending::Infeasible,
            b"abandoned" => Ending::Abandoned,
            b"stale" => Ending::Stale,
            _ => return Err(unknown(at + 3, "outcome")),
        },
        alp: outcome.get(at + 5)?,
        student_step: outcome.get(at + 6)?,
        late: outcome.get(at + 7)?,
        accepted_ms: outcome.get(at + 8)?,
        student: task.get_ref(task_at + 1)?.as_str()?,
        worker: task.get_ref(task_at + 2)?.as_str()?,
        draw: draw(task.get_ref(task_at + 3)?.as_str()?)
            .ok_or_else(|| unknown(task_at + 3, "task origin"))?,
        sampled_at_episode: task.get(task_at + 4)?,
    })
}
