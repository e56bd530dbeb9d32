//! How a store of an earlier release becomes one of this release.
//!
//! A migration is SQL that turns one version of the tables into the next; `schema.sql` is what all of them together
//! give. An older store is first copied beside itself, as `magister.sqlite.v1` and so on, then migrated in one
//! transaction: either all of it happens or nothing. If there is no room for the copy, the store is left as it is and
//! the server does not start. A newer store is refused. Downgrading means putting the copy back.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::StoreError;

/// From version 1 to 2, from 2 to 3, and so on. What is written here is never changed again.
pub(super) const MIGRATIONS: [&str; 0] = [];

/// Brings a store of version `found` to the version after the last migration.
pub(super) fn migrate(
    connection: &mut Connection,
    file: &Path,
    found: i32,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let done = usize::try_from(found - 1).map_err(|_| StoreError::Foreign(file.to_owned()))?;
    let Some(missing @ [_, ..]) = migrations.get(done..) else { return Ok(()) };
    let backup = back_up(connection, file, found)?;
    let transaction = connection.transaction()?;
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", migrations.len() as i32 + 1)?;
    transaction.commit()?;
    tracing::info!(from = found, to = migrations.len() + 1, backup = %backup.display(), "migrated the store");
    Ok(())
}

/// Copies the store beside itself. A copy that is there already is whole: an earlier start made it and then failed.
fn back_up(connection: &Connection, file: &Path, version: i32) -> Result<PathBuf, StoreError> {
    let beside = |ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".v{version}{ending}"));
        PathBuf::from(name)
    };
    let (backup, unfinished) = (beside(""), beside(".unfinished"));
    if backup.exists() {
        return Ok(backup);
    }
    let refused = |problem: String| StoreError::Backup { backup: backup.clone(), problem };
    if unfinished.exists() {
        fs::remove_file(&unfinished).map_err(|error| refused(error.to_string()))?;
    }
    let Some(target) = unfinished.to_str() else { return Err(refused("its path is not Unicode".to_owned())) };
    connection.execute("VACUUM INTO ?1", [target]).map_err(|error| refused(error.to_string()))?;
    fs::File::open(&unfinished)
        .and_then(|copy| copy.sync_all())
        .map_err(|error| refused(error.to_string()))?;
    fs::rename(&unfinished, &backup).map_err(|error| refused(error.to_string()))?;
    Ok(backup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file::open_for_writing;

    /// What later releases might do.
    const LATER: [&str; 2] = [
        "ALTER TABLE curricula ADD COLUMN owner TEXT NOT NULL DEFAULT 'nobody'",
        "CREATE TABLE notes (text TEXT NOT NULL); INSERT INTO notes SELECT owner FROM curricula",
    ];

    fn store() -> (tempfile::TempDir, PathBuf, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("magister.sqlite");
        let connection = open_for_writing(&file).unwrap();
        connection
            .execute("INSERT INTO curricula (name, charter, created_ms, request_id, request_fingerprint) VALUES ('a', '{}', 1, '', 0)", [])
            .unwrap();
        (folder, file, connection)
    }

    fn version(connection: &Connection) -> i32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_store_takes_every_step_once_and_is_kept_as_it_was() {
        let (folder, file, mut connection) = store();
        migrate(&mut connection, &file, 1, &LATER).unwrap();
        assert_eq!(version(&connection), 3);
        let notes: String = connection.query_row("SELECT text FROM notes", [], |row| row.get(0)).unwrap();
        assert_eq!(notes, "nobody");
        migrate(&mut connection, &file, 3, &LATER).unwrap();

        let backup = Connection::open(folder.path().join("magister.sqlite.v1")).unwrap();
        assert_eq!(version(&backup), 1);
        let name: String = backup.query_row("SELECT name FROM curricula", [], |row| row.get(0)).unwrap();
        assert_eq!(name, "a");
        assert!(backup.query_row("SELECT count(*) FROM notes", [], |row| row.get::<_, i64>(0)).is_err());
    }

    #[test]
    fn a_step_that_fails_leaves_the_store_as_it_was() {
        let (_folder, file, mut connection) = store();
        let failing = [LATER[0], LATER[1], "INSERT INTO nowhere VALUES (1)"];
        assert!(migrate(&mut connection, &file, 1, &failing).is_err());
        assert_eq!(version(&connection), 1);
        assert!(connection.query_row("SELECT owner FROM curricula", [], |_| Ok(())).is_err());
        migrate(&mut connection, &file, 1, &LATER).unwrap();
        assert_eq!(version(&connection), 3);
    }

    #[test]
    fn without_a_backup_nothing_is_migrated() {
        let (folder, file, mut connection) = store();
        // Something is in the way of the copy.
        fs::create_dir(folder.path().join("magister.sqlite.v1.unfinished")).unwrap();
        let refused = migrate(&mut connection, &file, 1, &LATER).unwrap_err();
        assert!(matches!(refused, StoreError::Backup { .. }), "{refused}");
        assert_eq!(version(&connection), 1);
    }
}
