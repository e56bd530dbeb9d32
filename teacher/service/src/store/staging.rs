//! Curricula that are being written in many transactions, and that nobody sees before all of it is there.
//!
//! A staged curriculum is a row without a name, as a deleted one is; the store remembers in memory which of them are
//! still being written. What is given up, or was under way when the server ended, is removed like any deleted
//! curriculum. Each transaction is short, so that the commits of other curricula never wait long.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, MutexGuard},
};

use rusqlite::{Connection, params, types::Value};

use super::{
    Job, NameTaken, Store, StoreError,
    evaluations::{self, StoredEvaluation},
    write,
};
use crate::records::{Birth, Charter, CurriculumKey, Record};

/// Rows that are copied in one transaction at most.
const COPIED_ROWS: u32 = 2000;
/// The same of fits, which are large.
const COPIED_FITS: u32 = 100;

/// Keys of the curricula that are being written.
pub(super) type StagedKeys = Arc<Mutex<BTreeSet<CurriculumKey>>>;

/// A curriculum that is being written. Dropping it removes what was written, unless it has been published.
#[derive(Debug)]
pub(crate) struct StagedCurriculum {
    store: Store,
    key: CurriculumKey,
}

/// Something of a curriculum that is being written.
#[derive(Debug)]
pub(crate) enum StagedRow {
    Record(Record),
    Evaluation(StoredEvaluation),
}

impl Store {
    /// Begins a curriculum that stays hidden until it is published.
    pub(crate) async fn stage(&self, charter: Arc<Charter>) -> Result<StagedCurriculum, StoreError> {
        let staged = Arc::clone(&self.staged);
        let key = self
            .run(move |connection| {
                let key = write::insert_curriculum(connection, None, &charter, &Birth::default(), 0)?;
                keys(&staged).insert(key);
                Ok(key)
            })
            .await?;
        Ok(StagedCurriculum { store: self.clone(), key })
    }
}

impl StagedCurriculum {
    /// Its row.
    pub(crate) fn key(&self) -> CurriculumKey {
        self.key
    }

    /// Writes some rows, all or none.
    pub(crate) async fn write(&self, rows: Vec<StagedRow>) -> Result<(), StoreError> {
        let key = self.key;
        self.store
            .run(move |connection| {
                let transaction = connection.transaction()?;
                for row in &rows {
                    match row {
                        StagedRow::Record(record) => write::insert(&transaction, key, record)?,
                        StagedRow::Evaluation(evaluation) => {
                            evaluations::insert(&transaction, key, evaluation)?
                        }
                    }
                }
                Ok(transaction.commit()?)
            })
            .await
    }

    /// Copies the events of another curriculum up to a position, and the fits that had fallen due by then.
    pub(crate) async fn copy(
        &self,
        source: CurriculumKey,
        position: u64,
        episodes: u64,
    ) -> Result<(), StoreError> {
        for table in &COPIED_TABLES {
            let limit = if table.name == "fits" { episodes } else { position };
            let mut after = table.first.clone();
            while after != Value::Null {
                let (copy, from) = (self.key, mem::replace(&mut after, Value::Null));
                after = self
                    .store
                    .run(move |connection| table.copy(connection, source, copy, from, limit))
                    .await?;
            }
        }
        Ok(())
    }

    /// Makes it visible unless its name is taken; otherwise it goes.
    pub(crate) async fn publish(
        self,
        name: &str,
        birth: Birth,
        fingerprint: u64,
    ) -> Result<Result<CurriculumKey, NameTaken>, StoreError> {
        let (key, name, staged) = (self.key, name.to_owned(), Arc::clone(&self.store.staged));
        self.store
            .run(move |connection| {
                if let Some(taken) = write::name_taken(connection, &name)? {
                    return Ok(Err(taken));
                }
                connection.execute(
                    "UPDATE curricula SET name = ?2, created_ms = ?3, request_id = ?4, request_fingerprint = ?5 \
                     WHERE key = ?1",
                    params![key, name, birth.created_ms, birth.request_id, fingerprint.cast_signed()],
                )?;
                keys(&staged).remove(&key);
                Ok(Ok(key))
            })
            .await
    }
}

impl Drop for StagedCurriculum {
    fn drop(&mut self) {
        if keys(&self.store.staged).remove(&self.key) {
            // A full queue leaves the rows to the next sweep: after a deletion, or when the store is opened.
            let _ = self.store.jobs.try_send(Job::Sweep);
        }
    }
}

/// The keys, to look at or change at once.
pub(super) fn keys(staged: &StagedKeys) -> MutexGuard<'_, BTreeSet<CurriculumKey>> {
    staged.lock().expect("no holder of this lock panics")
}

/// A table whose rows are copied in the order of one column.
struct CopiedTable {
    name: &'static str,
    order: &'static str,
    /// What is copied is bounded by this column.
    bound: &'static str,
    /// Sorts before every value of the order's column.
    first: Value,
}

static COPIED_TABLES: [CopiedTable; 6] = [
    CopiedTable { name: "tasks", order: "number", bound: "position", first: Value::Integer(-1) },
    CopiedTable { name: "outcomes", order: "task", bound: "position", first: Value::Integer(-1) },
    CopiedTable { name: "expiries", order: "task", bound: "position", first: Value::Integer(-1) },
    CopiedTable { name: "edits", order: "position", bound: "position", first: Value::Integer(-1) },
    CopiedTable { name: "requests", order: "id", bound: "position", first: Value::Text(String::new()) },
    CopiedTable { name: "fits", order: "number", bound: "due_episode", first: Value::Integer(-1) },
];

impl CopiedTable {
    /// Copies the next rows after a value of the order's column; gives the last value seen, or NULL at the end.
    fn copy(
        &self,
        connection: &mut Connection,
        source: CurriculumKey,
        copy: CurriculumKey,
        after: Value,
        limit: u64,
    ) -> Result<Value, StoreError> {
        let Self { name, order, bound, .. } = self;
        let rows = if *name == "fits" { COPIED_FITS } else { COPIED_ROWS };
        // Rows beyond the bound count too, so that a transaction never passes over many.
        let last: Value = connection
            .prepare_cached(&format!(
                "SELECT max({order}) FROM (SELECT {order} FROM {name} WHERE curriculum = ?1 AND {order} > ?2 \
                 ORDER BY {order} LIMIT {rows})"
            ))?
            .query_row(params![source, after], |row| row.get(0))?;
        if last == Value::Null {
            return Ok(last);
        }
        let statement = connection.prepare_cached(&format!("SELECT * FROM {name} LIMIT 0"))?;
        let columns: Vec<String> = statement
            .column_names()
            .filter(|&column| column != "curriculum")
            .map(|column| format!("\"{column}\""))
            .collect();
        let columns = columns.join(", ");
        connection
            .prepare_cached(&format!(
                "INSERT INTO {name} (curriculum, {columns}) SELECT ?1, {columns} FROM {name} \
                 WHERE curriculum = ?2 AND {order} > ?3 AND {order} <= ?4 AND {bound} <= ?5"
            ))?
            .execute(params![copy, source, after, last, limit])?;
        Ok(last)
    }
}
