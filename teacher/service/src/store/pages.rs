//! What is listed a page at a time: fits and episodes.

use std::sync::Arc;

use rusqlite::{ToSql, params};

use super::{
    Journal, StoreError,
    rows::{self, Json, OUTCOME_COLUMNS, TASK_COLUMNS, TASK_WIDTH},
};
use crate::records::{CurriculumKey, FitRecord, StoredEpisode};

/// Which outcomes to list.
#[derive(Clone, Debug)]
pub(crate) struct EpisodeFilter {
    pub(crate) student: Option<String>,
    /// Results as the table has them.
    pub(crate) results: Vec<&'static str>,
    pub(crate) from_episode: Option<u64>,
    pub(crate) before_episode: Option<u64>,
    pub(crate) newest_first: bool,
    /// Only outcomes beyond this position, in the order of the list.
    pub(crate) after_position: Option<u64>,
}

impl Journal {
    /// Up to `limit` fits with higher numbers than `after`, in their order.
    pub(crate) fn fits(
        &self,
        curriculum: CurriculumKey,
        after: u64,
        limit: usize,
    ) -> Result<Vec<FitRecord>, StoreError> {
        let Ok(after) = i64::try_from(after) else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(
            "SELECT fit, created_ms, seconds FROM fits WHERE curriculum = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
        )?;
        let rows = statement.query_map(params![curriculum, after, limit], |row| {
            Ok(FitRecord {
                fit: Arc::new(row.get::<_, Json<_>>(0)?.0),
                created_ms: row.get(1)?,
                seconds: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Up to `limit` outcomes that pass the filter.
    pub(crate) fn episodes(
        &self,
        curriculum: CurriculumKey,
        filter: &EpisodeFilter,
        limit: usize,
    ) -> Result<Vec<StoredEpisode>, StoreError> {
        let mut sql = format!(
            "SELECT {TASK_COLUMNS}, {OUTCOME_COLUMNS} FROM outcomes o \
             JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task WHERE o.curriculum = ?"
        );
        let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(curriculum)];
        let mut clause = |text: &str, value: Option<Box<dyn ToSql>>| {
            if let Some(value) = value {
                sql.push_str(text);
                values.push(value);
            }
        };
        let number = |number: u64| -> Box<dyn ToSql> { Box::new(i64::try_from(number).unwrap_or(i64::MAX)) };
        clause(" AND t.student = ?", filter.student.clone().map(|student| Box::new(student) as _));
        // Positions rise with episodes: their bounds keep the scan of the index short.
        if let Some(episode) = filter.from_episode {
            let Some(position) = self.position_of_episode(curriculum, episode.max(1))? else {
                return Ok(Vec::new());
            };
            clause(" AND o.episode >= ?", Some(number(episode)));
            clause(" AND o.position >= ?", Some(number(position)));
        }
        if let Some(episode) = filter.before_episode {
            clause(" AND o.episode < ?", Some(number(episode)));
            clause(" AND o.position < ?", self.position_of_episode(curriculum, episode)?.map(number));
        }
        let beyond = if filter.newest_first { " AND o.position < ?" } else { " AND o.position > ?" };
        clause(beyond, filter.after_position.map(number));
        let results = vec!["?"; filter.results.len()].join(", ");
        sql.push_str(&format!(" AND o.result IN ({results})"));
        values.extend(filter.results.iter().map(|&result| Box::new(result) as Box<dyn ToSql>));
        let order = if filter.newest_first { "DESC" } else { "ASC" };
        sql.push_str(&format!(" ORDER BY o.position {order} LIMIT {limit}"));

        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
            Ok(StoredEpisode {
                task: Arc::new(rows::task(row, 0)?),
                outcome: Arc::new(rows::outcome(row, TASK_WIDTH)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The episode with this number.
    pub(crate) fn episode(
        &self,
        curriculum: CurriculumKey,
        number: u64,
    ) -> Result<Option<StoredEpisode>, StoreError> {
        let filter = EpisodeFilter {
            student: None,
            results: vec!["completed", "infeasible"],
            from_episode: Some(number),
            before_episode: None,
            newest_first: false,
            after_position: None,
        };
        let found = self.episodes(curriculum, &filter, 1)?.pop();
        Ok(found.filter(|episode| episode.outcome.episode == Some(number)))
    }
}
