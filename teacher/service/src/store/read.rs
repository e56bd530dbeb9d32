//! What is read from the store: single tasks and requests, and a whole curriculum at a restart.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use magister_core::{
    fit::Fit,
    teacher::{Episode, EpisodeResult, TeacherEdit},
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    PastRequest, StoreError,
    rows::{self, Json, OUTCOME_COLUMNS, TASK_COLUMNS, TASK_WIDTH},
};
use crate::{
    clock::UnixMillis,
    ledger::{Ledger, ReplayedEvent, StoredTask},
    records::{
        Charter, CurriculumKey, EditRecord, ExpiryRecord, LiveSettings, RequestRecord, SnapshotRecord,
    },
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
        let mut statement = self.connection.prepare(
            "SELECT key, name, charter, created_ms FROM curricula WHERE name IS NOT NULL ORDER BY name",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(ListedCurriculum {
                key: row.get(0)?,
                name: row.get(1)?,
                charter: row.get::<_, Json<Charter>>(2)?.0,
                created_ms: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The ids of all requests of a curriculum.
    pub(crate) fn request_ids(&self, curriculum: CurriculumKey) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare("SELECT id FROM requests WHERE curriculum = ?1")?;
        let rows = statement.query_map([curriculum], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
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

    /// A curriculum as it stood after its last commit, with every open lease renewed from `now_ms`.
    pub(crate) fn ledger(
        &self,
        curriculum: CurriculumKey,
        charter: &Charter,
        now_ms: UnixMillis,
    ) -> Result<Ledger, StoreError> {
        // One read transaction, so that all tables are seen at the same moment.
        let transaction = self.connection.unchecked_transaction()?;
        let damaged = |problem: String| StoreError::Damaged(format!("curriculum {curriculum}: {problem}"));
        let snapshot = self.snapshot(curriculum)?;
        let mut ledger = match snapshot {
            None => Ledger::new(charter).map_err(|error| damaged(error.to_string()))?,
            Some(snapshot) => {
                let open = snapshot.state.open.clone();
                let mut ledger =
                    Ledger::restore(now_ms, charter, snapshot).map_err(|error| damaged(error.to_string()))?;
                self.remember_episodes(curriculum, &mut ledger)?;
                let stored = tasks(&self.connection, curriculum, &open)?;
                for number in open {
                    let task = stored
                        .get(&number)
                        .ok_or_else(|| damaged(format!("open task {number} is missing")))?;
                    ledger.reopen(now_ms, Arc::clone(&task.record));
                }
                ledger
            }
        };
        let mut fits = self.fits_after(curriculum, ledger.fits())?.into_iter().peekable();
        for event in self.events_after(curriculum, ledger.position())? {
            ledger.replay(now_ms, event).map_err(damaged)?;
            while let Some(fit) = fits.next_if(|fit| fit.due_episode <= ledger.curriculum().episodes()) {
                ledger.replay_fit(fit).map_err(damaged)?;
            }
        }
        // Fits that finished after the snapshot and fell due before it.
        for fit in fits {
            ledger.replay_fit(fit).map_err(damaged)?;
        }
        drop(transaction);
        Ok(ledger)
    }

    fn snapshot(&self, curriculum: CurriculumKey) -> Result<Option<SnapshotRecord>, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT position, state FROM snapshots WHERE curriculum = ?1", [curriculum], |row| {
                Ok(SnapshotRecord { position: row.get(0)?, state: row.get::<_, Json<_>>(1)?.0 })
            })
            .optional()?)
    }

    /// Fills the history that ALP compares with from the episodes up to the ledger's position.
    fn remember_episodes(&self, curriculum: CurriculumKey, ledger: &mut Ledger) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT o.episode, coalesce(o.played, t.\"values\"), t.student, o.episode_return \
             FROM outcomes o JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task \
             WHERE o.curriculum = ?1 AND o.position <= ?2 AND o.result = 'completed' ORDER BY o.position",
        )?;
        let mut rows = statement.query(params![curriculum, ledger.position()])?;
        while let Some(row) = rows.next()? {
            ledger.curriculum_mut().remember(&Episode {
                number: row.get(0)?,
                task: &row.get::<_, Json<_>>(1)?.0,
                student: row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?,
                result: EpisodeResult::Completed(row.get(3)?),
            });
        }
        Ok(())
    }

    fn fits_after(&self, curriculum: CurriculumKey, fits: u64) -> Result<Vec<Fit>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT fit FROM fits WHERE curriculum = ?1 ORDER BY number LIMIT -1 OFFSET ?2")?;
        let rows = statement.query_map(params![curriculum, fits], |row| Ok(row.get::<_, Json<Fit>>(0)?.0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The events after a position, in their order.
    fn events_after(
        &self,
        curriculum: CurriculumKey,
        position: u64,
    ) -> Result<Vec<ReplayedEvent>, StoreError> {
        let mut events = Vec::new();
        let mut statement = self.connection.prepare(&format!(
            "SELECT {TASK_COLUMNS} FROM tasks t WHERE t.curriculum = ?1 AND t.position > ?2"
        ))?;
        let mut rows = statement.query(params![curriculum, position])?;
        while let Some(row) = rows.next()? {
            events.push(ReplayedEvent::Task(Arc::new(rows::task(row, 0)?)));
        }
        let mut statement = self.connection.prepare(&format!(
            "SELECT {TASK_COLUMNS}, {OUTCOME_COLUMNS} FROM outcomes o \
             JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task \
             WHERE o.curriculum = ?1 AND o.position > ?2"
        ))?;
        let mut rows = statement.query(params![curriculum, position])?;
        while let Some(row) = rows.next()? {
            events.push(ReplayedEvent::Outcome {
                task: Arc::new(rows::task(row, 0)?),
                outcome: Arc::new(rows::outcome(row, TASK_WIDTH)?),
            });
        }
        let mut statement = self.connection.prepare(
            "SELECT task, position, expired_ms FROM expiries WHERE curriculum = ?1 AND position > ?2",
        )?;
        let mut rows = statement.query(params![curriculum, position])?;
        while let Some(row) = rows.next()? {
            events.push(ReplayedEvent::Expiry(ExpiryRecord {
                task: row.get(0)?,
                position: row.get(1)?,
                expired_ms: row.get(2)?,
            }));
        }
        let mut statement = self.connection.prepare(
            "SELECT position, edited_ms, live, teacher FROM edits WHERE curriculum = ?1 AND position > ?2",
        )?;
        let mut rows = statement.query(params![curriculum, position])?;
        while let Some(row) = rows.next()? {
            events.push(ReplayedEvent::Edit(EditRecord {
                position: row.get(0)?,
                edited_ms: row.get(1)?,
                live: row.get::<_, Json<LiveSettings>>(2)?.0,
                teacher: row.get::<_, Option<Json<TeacherEdit>>>(3)?.map(|Json(edit)| edit),
            }));
        }
        events.sort_by_key(ReplayedEvent::position);
        Ok(events)
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
