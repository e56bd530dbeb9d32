//! What the store's thread writes.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Commit, NameTaken, SCHEMA_VERSION, StoreError, rows::Json};
use crate::records::{
    Birth, Charter, CurriculumKey, EpisodeEnd, OutcomeRecord, OutcomeResult, Record, TaskRecord,
};

/// Rows that one sweep of deleted curricula removes at most, so that commits do not wait long.
const SWEEP_ROWS: usize = 2000;
/// Tables with rows of a curriculum.
pub(super) const TABLES: [&str; 9] = [
    "tasks",
    "outcomes",
    "expiries",
    "fits",
    "edits",
    "requests",
    "snapshots",
    "evaluations",
    "test_results",
];

/// Writes a group of commits in one transaction and syncs it.
pub(super) fn commit(connection: &mut Connection, commits: &[Commit]) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    for commit in commits {
        for record in &commit.records {
            insert(&transaction, commit.curriculum, record)?;
        }
    }
    Ok(transaction.commit()?)
}

/// Adds a curriculum unless its name is taken.
pub(super) fn create(
    connection: &Connection,
    name: &str,
    charter: &Charter,
    birth: &Birth,
    fingerprint: u64,
) -> Result<Result<CurriculumKey, NameTaken>, StoreError> {
    if let Some(taken) = name_taken(connection, name)? {
        return Ok(Err(taken));
    }
    Ok(Ok(insert_curriculum(connection, Some(name), charter, birth, fingerprint)?))
}

/// Who has a name.
pub(super) fn name_taken(connection: &Connection, name: &str) -> Result<Option<NameTaken>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT request_id, request_fingerprint FROM curricula WHERE name = ?1")?
        .query_row([name], |row| {
            Ok(NameTaken {
                request_id: row.get(0)?,
                request_fingerprint: row.get::<_, i64>(1)?.cast_unsigned(),
            })
        })
        .optional()?)
}

/// Adds a curriculum's row.
pub(super) fn insert_curriculum(
    connection: &Connection,
    name: Option<&str>,
    charter: &Charter,
    birth: &Birth,
    fingerprint: u64,
) -> Result<CurriculumKey, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO curricula (name, charter, created_ms, request_id, request_fingerprint) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![name, Json(charter), birth.created_ms, birth.request_id, fingerprint.cast_signed()])?;
    Ok(connection.last_insert_rowid())
}

/// Writes what is there already, to see whether it can be written.
pub(super) fn probe(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.pragma_update(None, "user_version", SCHEMA_VERSION)?)
}

/// Frees a curriculum's name; [`sweep_deleted`] removes its rows.
pub(super) fn delete(connection: &Connection, curriculum: CurriculumKey) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE curricula SET name = NULL WHERE key = ?1")?.execute([curriculum])?;
    Ok(())
}

/// Removes some rows of curricula that were deleted or given up; false when there are none left. `is_staged` tells
/// those that are still being written.
pub(super) fn sweep_deleted(
    connection: &Connection,
    is_staged: impl Fn(CurriculumKey) -> bool,
) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT key FROM curricula WHERE name IS NULL")?;
    let mut hidden = statement.query_map([], |row| row.get(0))?;
    let deleted = hidden.find(|key| !matches!(key, Ok(key) if is_staged(*key)));
    let Some(curriculum) = deleted.transpose()? else { return Ok(false) };
    for table in TABLES {
        let order = match table {
            "tasks" | "fits" => "number",
            "requests" => "id",
            "edits" => "position",
            "snapshots" => "curriculum",
            "evaluations" | "test_results" => "round",
            _ => "task",
        };
        let removed = connection.execute(
            &format!(
                "DELETE FROM {table} WHERE curriculum = ?1 AND {order} IN \
                 (SELECT {order} FROM {table} WHERE curriculum = ?1 ORDER BY {order} LIMIT {SWEEP_ROWS})"
            ),
            [curriculum],
        )?;
        if removed > 0 {
            return Ok(true);
        }
    }
    connection.execute("DELETE FROM curricula WHERE key = ?1", [curriculum])?;
    Ok(true)
}

/// Adds a record.
pub(super) fn insert(
    connection: &Connection,
    curriculum: CurriculumKey,
    record: &Record,
) -> rusqlite::Result<()> {
    match record {
        Record::Task(record) => insert_task(connection, curriculum, record),
        Record::Outcome(record) => insert_outcome(connection, curriculum, record),
        Record::Expiry(expiry) => connection
            .prepare_cached("INSERT INTO expiries VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![curriculum, expiry.task, expiry.position, expiry.expired_ms])
            .map(drop),
        Record::Fit(record) => connection
            .prepare_cached("INSERT INTO fits VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![
                curriculum,
                record.fit.number,
                record.fit.due_episode,
                record.fit.effect_episode,
                Json(&record.fit),
                record.created_ms,
                record.seconds,
            ])
            .map(drop),
        Record::Edit(edit) => connection
            .prepare_cached("INSERT INTO edits VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                curriculum,
                edit.position,
                edit.edited_ms,
                Json(&edit.live),
                edit.teacher.as_ref().map(Json)
            ])
            .map(drop),
        Record::Request(request) => connection
            .prepare_cached("INSERT INTO requests VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![
                curriculum,
                request.id,
                request.fingerprint.cast_signed(),
                request.position,
                Json(&request.reported),
                Json(&request.sampled),
            ])
            .map(drop),
        Record::Snapshot(snapshot) => connection
            .prepare_cached("INSERT OR REPLACE INTO snapshots VALUES (?1, ?2, ?3)")?
            .execute(params![curriculum, snapshot.position, Json(&snapshot.state)])
            .map(drop),
    }
}

fn insert_task(
    connection: &Connection,
    curriculum: CurriculumKey,
    record: &TaskRecord,
) -> rusqlite::Result<()> {
    let (origin, fit, component, probability) = record.source.columns();
    connection
        .prepare_cached("INSERT INTO tasks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")?
        .execute(params![
            curriculum,
            record.number,
            record.position,
            Json(&record.task),
            record.student,
            record.worker,
            origin,
            fit,
            component,
            probability,
            record.sampled_at_episode,
            record.created_ms,
            record.lease_ms,
        ])
        .map(drop)
}

fn insert_outcome(
    connection: &Connection,
    curriculum: CurriculumKey,
    record: &OutcomeRecord,
) -> rusqlite::Result<()> {
    let (result, completed, message) = match &record.result {
        OutcomeResult::Completed(completed) => ("completed", Some(completed), None),
        OutcomeResult::Infeasible { message } => ("infeasible", None, Some(message)),
        OutcomeResult::Abandoned { message } => ("abandoned", None, Some(message)),
        OutcomeResult::Stale => ("stale", None, None),
    };
    let ended = completed.and_then(|completed| completed.end).map(|end| match end {
        EpisodeEnd::Terminated => "terminated",
        EpisodeEnd::Truncated => "truncated",
    });
    connection
        .prepare_cached(
            "INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            curriculum,
            record.task,
            record.position,
            record.episode,
            result,
            completed.map(|completed| completed.episode_return),
            completed.and_then(|completed| completed.length),
            ended,
            completed.and_then(|completed| completed.success),
            completed.and_then(|completed| completed.student_step),
            message,
            record.played.as_ref().map(Json),
            record.alp,
            record.nearest.map(|nearest| nearest.number),
            record.nearest.map(|nearest| nearest.distance),
            record.late,
            record.accepted_ms,
        ])
        .map(drop)
}
