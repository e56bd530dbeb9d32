//! What is read from the store on its own: curricula, single tasks, fits and requests.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use magister_core::fit::Fit;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    PastRequest, StoreError,
    rows::{self, Json, OUTCOME_COLUMNS, TASK_COLUMNS, TASK_WIDTH},
};
use crate::{
    clock::UnixMillis,
    ledger::StoredTask,
    records::{Birth, Charter, CurriculumKey, RequestRecord},
};

/// A curriculum's row.
#[derive(Clone, Debug)]
pub(crate) struct ListedCurriculum {
    pub(crate) key: CurriculumKey,
    pub(crate) name: String,
    pub(crate) charter: Charter,
    pub(crate) created_ms: UnixMillis,
}

/// A connection that reads.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(super) connection: Connection,
}

impl Journal {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Every curriculum there is, in the order of their names.
    pub(crate) fn curricula(&self) -> Result<Vec<ListedCurriculum>, StoreError> {
        self.names()?.into_iter().map(|(key, name)| self.listed(key, name)).collect()
    }

    /// Keys and names of the curricula, in the order of their names.
    pub(crate) fn names(&self) -> Result<Vec<(CurriculumKey, String)>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT key, name FROM curricula WHERE name IS NOT NULL ORDER BY name")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One of them.
    pub(crate) fn listed(&self, key: CurriculumKey, name: String) -> Result<ListedCurriculum, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT charter, created_ms FROM curricula WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| {
            let Json(charter) = row.get(0)?;
            Ok(ListedCurriculum { key, name, charter, created_ms: row.get(1)? })
        })?)
    }

    /// Calls `visit` with the id of every request of a curriculum.
    pub(crate) fn visit_request_ids(
        &self,
        curriculum: CurriculumKey,
        mut visit: impl FnMut(&str),
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare("SELECT id FROM requests WHERE curriculum = ?1")?;
        let mut rows = statement.query([curriculum])?;
        while let Some(row) = rows.next()? {
            visit(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
        }
        Ok(())
    }

    /// Up to `limit` requests up to a position, in the order of their ids, after `after`.
    pub(crate) fn requests(
        &self,
        curriculum: CurriculumKey,
        after: &str,
        to_position: u64,
        limit: usize,
    ) -> Result<Vec<RequestRecord>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, fingerprint, position, reported, sampled FROM requests \
             WHERE curriculum = ?1 AND id > ?2 AND position <= ?3 ORDER BY id LIMIT ?4",
        )?;
        let rows = statement.query_map(params![curriculum, after, to_position, limit], |row| {
            Ok(RequestRecord {
                id: row.get(0)?,
                fingerprint: row.get::<_, i64>(1)?.cast_unsigned(),
                position: row.get(2)?,
                reported: row.get::<_, Json<_>>(3)?.0,
                sampled: row.get::<_, Json<_>>(4)?.0,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where a curriculum came from, with the fingerprint of the request.
    pub(crate) fn birth(&self, curriculum: CurriculumKey) -> Result<(Birth, u64), StoreError> {
        Ok(self.connection.query_row(
            "SELECT created_ms, request_id, request_fingerprint FROM curricula WHERE key = ?1",
            [curriculum],
            |row| {
                let birth = Birth { created_ms: row.get(0)?, request_id: row.get(1)? };
                Ok((birth, row.get::<_, i64>(2)?.cast_unsigned()))
            },
        )?)
    }

    /// Tasks and accepted episodes up to a position.
    pub(crate) fn counts_at(
        &self,
        curriculum: CurriculumKey,
        position: u64,
    ) -> Result<(u64, u64), StoreError> {
        let tasks = self.connection.query_row(
            "SELECT count(*) FROM tasks WHERE curriculum = ?1 AND position <= ?2",
            params![curriculum, position],
            |row| row.get(0),
        )?;
        let episodes: Option<u64> = self
            .connection
            .query_row(
                "SELECT episode FROM outcomes WHERE curriculum = ?1 AND position <= ?2 AND episode IS NOT NULL \
                 ORDER BY position DESC LIMIT 1",
                params![curriculum, position],
                |row| row.get(0),
            )
            .optional()?;
        Ok((tasks, episodes.unwrap_or(0)))
    }

    /// One finished fit.
    pub(crate) fn fit(&self, curriculum: CurriculumKey, number: u64) -> Result<Option<Fit>, StoreError> {
        Ok(self
            .connection
            .query_row(
                "SELECT fit FROM fits WHERE curriculum = ?1 AND number = ?2",
                params![curriculum, number],
                |row| Ok(row.get::<_, Json<Fit>>(0)?.0),
            )
            .optional()?)
    }
}

/// Tasks with their outcomes, by number.
pub(super) fn tasks(
    connection: &Connection,
    curriculum: CurriculumKey,
    numbers: &[u64],
) -> Result<HashMap<u64, StoredTask>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {TASK_COLUMNS}, {OUTCOME_COLUMNS} FROM tasks t \
         LEFT JOIN outcomes o ON o.curriculum = t.curriculum AND o.task = t.number \
         WHERE t.curriculum = ?1 AND t.number = ?2"
    ))?;
    let mut found = HashMap::with_capacity(numbers.len());
    for &number in numbers {
        // Numbers beyond SQLite's are no task's.
        let Ok(wanted) = i64::try_from(number) else { continue };
        let stored = statement
            .query_row(params![curriculum, wanted], |row| {
                let has_outcome = row.get::<_, Option<u64>>(TASK_WIDTH)?.is_some();
                Ok(StoredTask {
                    record: Arc::new(rows::task(row, 0)?),
                    outcome: has_outcome.then(|| rows::outcome(row, TASK_WIDTH).map(Arc::new)).transpose()?,
                })
            })
            .optional()?;
        if let Some(stored) = stored {
            found.insert(number, stored);
        }
    }
    Ok(found)
}

/// What a request id was used for.
pub(super) fn past_request(
    connection: &Connection,
    curriculum: CurriculumKey,
    id: &Arc<str>,
) -> Result<Option<PastRequest>, StoreError> {
    let request = connection
        .prepare_cached(
            "SELECT fingerprint, position, reported, sampled FROM requests WHERE curriculum = ?1 AND id = ?2",
        )?
        .query_row(params![curriculum, id], |row| {
            Ok(RequestRecord {
                id: Arc::clone(id),
                fingerprint: row.get::<_, i64>(0)?.cast_unsigned(),
                position: row.get(1)?,
                reported: row.get::<_, Json<_>>(2)?.0,
                sampled: row.get::<_, Json<_>>(3)?.0,
            })
        })
        .optional()?;
    let Some(request) = request else { return Ok(None) };
    let numbers: BTreeSet<u64> = request.reported.iter().chain(&request.sampled).copied().collect();
    let tasks = tasks(connection, curriculum, &numbers.into_iter().collect::<Vec<_>>())?;
    Ok(Some(PastRequest { request, tasks }))
}
