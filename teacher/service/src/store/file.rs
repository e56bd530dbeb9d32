//! The folder and the file of a store: who may open it, what it must be, and how an older one becomes a newer one.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{
    Journal, StoreError,
    migrations::{MIGRATIONS, migrate},
};

/// Name of the database in the folder.
pub(super) const FILE_NAME: &str = "magister.sqlite";
const LOCK_NAME: &str = "magister.lock";
/// Marks a SQLite file as a Magister store: "Mgst".
const APPLICATION_ID: i32 = 0x4d67_7374;
/// Version of the tables that this release writes.
pub(super) const SCHEMA_VERSION: i32 = MIGRATIONS.len() as i32 + 1;
/// Memory that the writer keeps pages in. Every curriculum at work has a page or two in each table.
const CACHE_KIB: i64 = 32 * 1024;
/// Pages in the write-ahead log before they are copied into the file: 32 MiB. With many curricula the same pages
/// change in commit after commit, and are copied once.
const CHECKPOINT_PAGES: i64 = 8192;
/// Problems that SQLite tells at most.
const INTEGRITY_PROBLEMS: u32 = 100;

/// A folder that no other server uses as long as this lives.
#[derive(Debug)]
pub(super) struct LockedFolder {
    /// Path of the database.
    pub(super) file: PathBuf,
    _lock: File,
}

impl LockedFolder {
    /// Takes a folder, making it if it is not there.
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        make_folder(folder).map_err(|error| refused(folder, &error))?;
        let lock = File::create(folder.join(LOCK_NAME)).map_err(|error| refused(folder, &error))?;
        Self::lock(folder, lock)
    }

    fn lock(folder: &Path, lock: File) -> Result<Self, StoreError> {
        match lock.try_lock() {
            Ok(()) => Ok(Self { file: folder.join(FILE_NAME), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(refused(folder, &error)),
        }
    }
}

/// Makes the folder and those above it that are missing, so that they outlast a loss of power: SQLite syncs the names
/// of its files, but the name of the folder is durable only when the folder above it is synced.
fn make_folder(folder: &Path) -> io::Result<()> {
    let Some(parent) = folder.parent() else { return Ok(()) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let was_there = folder.is_dir();
    if !was_there {
        make_folder(parent)?;
        fs::create_dir(folder)?;
    }
    // A folder that was there may come from a server that was killed right here; but one may also be allowed to use
    // it and not to read the one above.
    let synced = File::open(parent).and_then(|parent| parent.sync_all());
    if was_there { Ok(()) } else { synced }
}

fn refused(folder: &Path, error: &io::Error) -> StoreError {
    StoreError::Folder { folder: folder.to_owned(), problem: error.to_string() }
}

/// A store that no server has open, to read.
#[derive(Debug)]
pub(crate) struct ClosedStore {
    journal: Journal,
    _folder: LockedFolder,
}

impl ClosedStore {
    /// Opens the store in a folder; nothing is made or changed.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(FILE_NAME);
        if !file.is_file() {
            return Err(StoreError::Missing(folder.to_owned()));
        }
        let lock =
            File::options().read(true).write(true).create(true).truncate(false).open(folder.join(LOCK_NAME));
        let folder = LockedFolder::lock(folder, lock.map_err(|error| refused(folder, &error))?)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&folder.file, flags)?;
        match Contents::read(&connection, &folder.file)? {
            Contents::Store { version: SCHEMA_VERSION } => {}
            Contents::Store { version } => {
                return Err(StoreError::Older { file: folder.file, found: version });
            }
            Contents::Nothing => return Err(StoreError::Foreign(folder.file)),
        }
        Ok(Self { journal: Journal::new(connection), _folder: folder })
    }

    /// What is in it.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }
}

/// What a database holds.
enum Contents {
    Nothing,
    Store { version: i32 },
}

impl Contents {
    /// Looks; what is another program's or a later release's is an error.
    fn read(connection: &Connection, file: &Path) -> Result<Self, StoreError> {
        let application_id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if application_id != APPLICATION_ID && (application_id != 0 || tables > 0) {
            return Err(StoreError::Foreign(file.to_owned()));
        }
        if version > SCHEMA_VERSION {
            return Err(StoreError::Newer { file: file.to_owned(), found: version });
        }
        Ok(if tables == 0 { Self::Nothing } else { Self::Store { version } })
    }
}

/// Opens the database to write, making or migrating its tables.
pub(super) fn open_for_writing(file: &Path) -> Result<Connection, StoreError> {
    open_and_prepare(file).map_err(|error| match error {
        // Such as a folder of that name, or of the name of the write-ahead log.
        StoreError::Database(problem) | StoreError::ReadOnly(problem) | StoreError::Disk(problem) => {
            StoreError::Unusable { file: file.to_owned(), problem }
        }
        told => told,
    })
}

fn open_and_prepare(file: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(file)?;
    let contents = Contents::read(&connection, file)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.set_prepared_statement_cache_capacity(64);
    match contents {
        Contents::Nothing => {
            let transaction = connection.transaction()?;
            transaction.execute_batch(include_str!("schema.sql"))?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
        }
        Contents::Store { version } => migrate(&mut connection, file, version, &MIGRATIONS)?,
    }
    Ok(connection)
}

impl Journal {
    /// What is wrong with the file as a whole: its pages, its indices, and rows that belong to no curriculum.
    pub(crate) fn integrity_problems(&self) -> Result<Vec<String>, StoreError> {
        let mut problems = Vec::new();
        let mut statement =
            self.connection.prepare(&format!("PRAGMA integrity_check({INTEGRITY_PROBLEMS})"))?;
        let mut rows = statement.query([])?;
        loop {
            match rows.next() {
                Ok(None) => break,
                Ok(Some(row)) => {
                    let problem: String = row.get(0)?;
                    if problem != "ok" {
                        problems.push(problem);
                    }
                }
                Err(error) => {
                    problems.push(error.to_string());
                    break;
                }
            }
        }
        for table in super::write::TABLES {
            let orphan = self
                .connection
                .query_row(
                    &format!(
                        "SELECT curriculum FROM {table} WHERE curriculum NOT IN (SELECT key FROM curricula) LIMIT 1"
                    ),
                    [],
                    |row| row.get::<_, i64>(0),
                )
                .optional();
            match orphan {
                Ok(None) => {}
                Ok(Some(key)) => {
                    problems.push(format!("table {table} has rows of curriculum {key}, which is none"))
                }
                Err(error) => problems.push(format!("table {table} cannot be read: {error}")),
            }
        }
        Ok(problems)
    }
}
