//! The store: one SQLite file that holds every curriculum's journal.
//!
//! One thread writes. It takes whatever commits are waiting, from all curricula, into one transaction, syncs
//! it to disk once, and only then lets the answers go. If a transaction fails, none of its commits has
//! happened: each one's owner is told, and restores its curriculum from what is on disk before it takes
//! another call. Reads that must see a curriculum's latest writes go through the same thread; others open
//! connections of their own.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

use file::{LockedFolder, SCHEMA_VERSION, open_for_writing};
use staging::StagedKeys;

use crate::{
    ledger::StoredTask,
    metrics::{Metrics, Stopwatch},
    records::{Birth, Charter, CurriculumKey, Record, RequestRecord},
};

mod briefs;
mod evaluations;
mod file;
mod migrations;
mod pages;
mod places;
mod read;
mod restore;
mod rows;
mod staging;
mod write;

pub(crate) use briefs::{Draw, Ending, FitBrief, OutcomeBrief};
pub(crate) use evaluations::{Completion, Opening, RequestIdReused, StoredEvaluation, TestResult};
pub(crate) use file::ClosedStore;
pub(crate) use pages::EpisodeFilter;
pub(crate) use places::{EpisodePoint, PointsFound};
pub(crate) use read::Journal;
pub(crate) use restore::{EventRange, RestoredLedger};
pub(crate) use staging::{StagedCurriculum, StagedRow};

/// Commits that may wait for the disk before owners have to wait.
const QUEUE: usize = 4096;
/// Commits that one transaction takes at most.
const GROUP: usize = 1024;

/// Why the store did not do what it was asked. Nothing of it has happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made or written: mend its place or its permissions.
    #[error("cannot use the data folder {}: {problem}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// Another server has the folder: stop it, or give this one another folder.
    #[error("another server is using the data folder {}", .0.display())]
    InUse(PathBuf),
    /// The file is not a Magister store: choose another folder.
    #[error("{} is a database of another program", .0.display())]
    Foreign(PathBuf),
    /// The file was written by a later release: use that release.
    #[error("{} has schema version {found}, this release reads up to {SCHEMA_VERSION}: use a newer release", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its schema version.
        found: i32,
    },
    /// The file was written by an earlier release and has not been migrated: start a server on it once.
    #[error(
        "{} has schema version {found}, this release has {SCHEMA_VERSION}: start a server on it once, which migrates it",
        file.display()
    )]
    Older {
        /// The file.
        file: PathBuf,
        /// Its schema version.
        found: i32,
    },
    /// The file cannot be copied before it is migrated: make room, or mend what is in the way.
    #[error("cannot copy the store to {} before migrating it, nothing was changed: {problem}", backup.display())]
    Backup {
        /// Where it was to be copied to.
        backup: PathBuf,
        /// What the database or the system says.
        problem: String,
    },
    /// There is no store in the folder: give another one.
    #[error("there is no store in {}", .0.display())]
    Missing(PathBuf),
    /// The store has no curriculum of this name: give another one.
    #[error("the store in {} has no curriculum {name:?}", folder.display())]
    NoCurriculum {
        /// The folder.
        folder: PathBuf,
        /// The name.
        name: String,
    },
    /// The disk is full: free space; the server goes on by itself.
    #[error("the disk is full: free space, the server goes on by itself")]
    DiskFull,
    /// The file cannot be opened: mend what is in its place.
    #[error("cannot open {}: {problem}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What the database says.
        problem: String,
    },
    /// The file cannot be written: mend its permissions, or the file system's.
    #[error(
        "the store cannot be written ({0}): mend the permissions of the data folder, the server goes on by itself"
    )]
    ReadOnly(String),
    /// The disk failed: look after it. The server goes on once it works again.
    #[error("the disk failed ({0}): look into the system's log; the server goes on once it works again")]
    Disk(String),
    /// The file is damaged: restore it from a backup.
    #[error(
        "the store is damaged: {0}; stop the server, run `magister verify-store`, and restore a backup or an export"
    )]
    Damaged(String),
    /// The database failed in another way; a retry may help.
    #[error("the database failed: {0}")]
    Database(String),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(error.to_string()),
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            // A value that no release writes.
            None if matches!(
                error,
                rusqlite::Error::FromSqlConversionFailure(..)
                    | rusqlite::Error::IntegralValueOutOfRange(..)
                    | rusqlite::Error::InvalidColumnType(..)
                    | rusqlite::Error::Utf8Error(..)
            ) =>
            {
                Self::Damaged(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

/// A name is taken.
#[derive(Clone, Debug)]
pub(crate) struct NameTaken {
    pub(crate) request_id: String,
    pub(crate) request_fingerprint: u64,
}

/// Handle of the store; clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    file: Arc<Path>,
    staged: StagedKeys,
    writable: watch::Sender<bool>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Ends the store when everything handed to it is on disk.
pub(crate) struct StoreThread {
    thread: JoinHandle<()>,
    jobs: mpsc::Sender<Job>,
}

impl fmt::Debug for StoreThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreThread").field("thread", &self.thread).finish_non_exhaustive()
    }
}

impl StoreThread {
    /// Does what was handed over before, and ends; [`Store`] handles that are left find it closed. Blocks.
    pub(crate) fn close(self) {
        // An error means that the thread has ended.
        let _ = self.jobs.blocking_send(Job::Close);
        if self.thread.join().is_err() {
            tracing::error!("the store's thread panicked");
        }
    }
}

/// Records of one curriculum that must reach the disk together.
pub(crate) struct Commit {
    pub(crate) curriculum: CurriculumKey,
    /// Counts the owner's restores: a commit of an epoch in which another failed is refused.
    pub(crate) epoch: u64,
    pub(crate) records: Vec<Record>,
    /// Called on the runtime once they have, or have not.
    pub(crate) done: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit")
            .field("curriculum", &self.curriculum)
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

/// What a request id was used for, with the tasks its answer consists of.
#[derive(Clone, Debug)]
pub(crate) struct PastRequest {
    pub(crate) request: RequestRecord,
    pub(crate) tasks: HashMap<u64, StoredTask>,
}

enum Job {
    Commit(Commit),
    /// Anything else, run when everything before it is on disk.
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    Delete {
        curriculum: CurriculumKey,
        reply: Reply<()>,
    },
    /// Removes what was written of curricula that have been given up.
    Sweep,
    /// Ends the thread.
    Close,
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

impl Store {
    /// Opens or makes the store in `folder` and starts its thread.
    ///
    /// # Errors
    /// [`StoreError`] where the folder cannot be used, belongs to another server, or holds something else or
    /// something newer.
    pub(crate) fn open(folder: &Path, metrics: Arc<Metrics>) -> Result<(Self, StoreThread), StoreError> {
        let locked = LockedFolder::take(folder)?;
        let connection = open_for_writing(&locked.file)?;
        let file: Arc<Path> = locked.file.as_path().into();
        let (jobs, queue) = mpsc::channel(QUEUE);
        let staged = StagedKeys::default();
        let writable = watch::Sender::new(true);
        let writer = Writer {
            connection,
            queue,
            failed_epochs: HashMap::new(),
            staged: Arc::clone(&staged),
            metrics,
            writable: writable.clone(),
            runtime: Handle::current(),
        };
        let thread = thread::Builder::new()
            .name("magister-store".to_owned())
            .spawn(move || {
                writer.run();
                // The folder is free for another server only now.
                drop(locked);
            })
            .map_err(|error| StoreError::Database(error.to_string()))?;
        Ok((Self { jobs: jobs.clone(), file, staged, writable }, StoreThread { thread, jobs }))
    }

    /// Whether the last write succeeded.
    pub(crate) fn writable(&self) -> watch::Receiver<bool> {
        self.writable.subscribe()
    }

    /// Tries a write that changes nothing, for [`Store::writable`].
    pub(crate) async fn probe(&self) {
        let writable = self.writable.clone();
        let probed = self.run(move |connection| {
            let written = write::probe(connection);
            note_write(&writable, &written);
            written
        });
        if let Err(error) = probed.await {
            tracing::warn!(%error, "the store still takes no writes");
        }
    }

    /// Hands records to the disk; waits only while the queue is full.
    pub(crate) async fn commit(&self, commit: Commit) {
        if let Err(error) = self.jobs.send(Job::Commit(commit)).await
            && let Job::Commit(commit) = error.0
        {
            (commit.done)(Err(StoreError::Closed));
        }
    }

    /// Adds a curriculum unless its name is taken.
    pub(crate) async fn create(
        &self,
        name: &str,
        charter: Arc<Charter>,
        birth: Birth,
        fingerprint: u64,
    ) -> Result<Result<CurriculumKey, NameTaken>, StoreError> {
        let name = name.to_owned();
        self.run(move |connection| write::create(connection, &name, &charter, &birth, fingerprint)).await
    }

    /// Deletes a curriculum: its name at once, its rows bit by bit.
    pub(crate) async fn delete(&self, curriculum: CurriculumKey) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.jobs.send(Job::Delete { curriculum, reply }).await;
        sent.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Tasks with their outcomes, by number, as of everything committed before.
    pub(crate) async fn tasks(
        &self,
        curriculum: CurriculumKey,
        numbers: Vec<u64>,
    ) -> Result<HashMap<u64, StoredTask>, StoreError> {
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        self.run(move |connection| read::tasks(connection, curriculum, &numbers)).await
    }

    /// What a request id was used for, as of everything committed before.
    pub(crate) async fn request(
        &self,
        curriculum: CurriculumKey,
        id: Arc<str>,
    ) -> Result<Option<PastRequest>, StoreError> {
        self.run(move |connection| read::past_request(connection, curriculum, &id)).await
    }

    /// Runs a read on a connection of its own, on a thread that may block. All of it sees what was on disk when it
    /// began.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Journal) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = Arc::clone(&self.file);
        tokio::task::spawn_blocking(move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&file, flags)?;
            // Ends with the connection.
            connection.execute_batch("BEGIN")?;
            read(&Journal::new(connection))
        })
        .await
        .map_err(|error| StoreError::Database(error.to_string()))?
    }

    /// Opens a round of evaluation; a repeated request finds the one it opened.
    pub(crate) async fn open_evaluation(
        &self,
        curriculum: CurriculumKey,
        opening: Opening,
    ) -> Result<Result<u64, RequestIdReused>, StoreError> {
        self.run(move |connection| evaluations::open(connection, curriculum, &opening)).await
    }

    /// Adds results to a round; those of test tasks that have one already change nothing.
    pub(crate) async fn add_test_results(
        &self,
        curriculum: CurriculumKey,
        round: u64,
        results: Vec<TestResult>,
        completion: Completion,
    ) -> Result<(), StoreError> {
        self.run(move |connection| {
            evaluations::add_results(connection, curriculum, round, &results, completion)
        })
        .await
    }

    /// Holds up the store's thread until what this gives is dropped.
    #[cfg(test)]
    pub(crate) async fn hold_up(&self) -> std::sync::mpsc::Sender<()> {
        let (hold, released) = std::sync::mpsc::channel();
        let job = Box::new(move |_: &mut Connection| {
            let _: Result<(), _> = released.recv();
        });
        assert!(self.jobs.send(Job::Run(job)).await.is_ok(), "the store is open");
        hold
    }

    /// Runs something on the store's thread, once everything before it is on disk.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            let _ = reply.send(job(connection));
        });
        self.jobs.send(Job::Run(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

struct Writer {
    connection: Connection,
    queue: mpsc::Receiver<Job>,
    /// The latest epoch of each curriculum in which a write failed, and why: further commits of it are refused.
    failed_epochs: HashMap<CurriculumKey, (u64, StoreError)>,
    staged: StagedKeys,
    metrics: Arc<Metrics>,
    writable: watch::Sender<bool>,
    /// Where answers are let go.
    runtime: Handle,
}

impl Writer {
    fn run(mut self) {
        let mut sweeping = true;
        loop {
            let mut commits = Vec::new();
            let job = if sweeping {
                match self.queue.try_recv() {
                    Ok(job) => Some(job),
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                    Err(mpsc::error::TryRecvError::Empty) => {
                        let is_staged = |key| staging::keys(&self.staged).contains(&key);
                        sweeping =
                            write::sweep_deleted(&self.connection, is_staged).unwrap_or_else(|error| {
                                tracing::warn!(%error, "could not sweep deleted curricula");
                                false
                            });
                        continue;
                    }
                }
            } else {
                self.queue.blocking_recv()
            };
            let Some(mut job) = job else { return };
            // Everything that waits joins the group, up to a job that needs the group to be on disk first.
            let other = loop {
                match job {
                    Job::Commit(commit) => commits.push(commit),
                    other => break Some(other),
                }
                if commits.len() >= GROUP {
                    break None;
                }
                match self.queue.try_recv() {
                    Ok(next) => job = next,
                    Err(_) => break None,
                }
            };
            self.commit(commits);
            match other {
                None | Some(Job::Commit(_)) => {}
                Some(Job::Close) => return,
                Some(Job::Run(job)) => job(&mut self.connection),
                Some(Job::Delete { curriculum, reply }) => {
                    let _ = reply.send(write::delete(&self.connection, curriculum));
                    sweeping = true;
                }
                Some(Job::Sweep) => sweeping = true,
            }
        }
    }

    fn commit(&mut self, commits: Vec<Commit>) {
        let mut accepted = Vec::with_capacity(commits.len());
        for commit in commits {
            match self.earlier_failure(&commit).cloned() {
                None => accepted.push(commit),
                Some(failure) => self.let_go(vec![commit], Err(failure)),
            }
        }
        if accepted.is_empty() {
            return;
        }
        let stopwatch = Stopwatch::start();
        let result = write::commit(&mut self.connection, &accepted);
        stopwatch.observe(&self.metrics.transaction);
        self.metrics.group.observe(accepted.len() as f64);
        self.metrics.store_queue.set(self.queue.len() as i64);
        note_write(&self.writable, &result);
        if let Err(error) = &result {
            self.metrics.failed_transactions.inc();
            tracing::error!(%error, commits = accepted.len(), "a transaction failed and was rolled back");
            for commit in &accepted {
                self.failed_epochs.insert(commit.curriculum, (commit.epoch, error.clone()));
            }
        }
        self.let_go(accepted, result);
    }

    /// Why an earlier commit of the same epoch failed, if one did: what this one builds on is not on disk.
    fn earlier_failure(&self, commit: &Commit) -> Option<&StoreError> {
        let (failed, error) = self.failed_epochs.get(&commit.curriculum)?;
        (commit.epoch <= *failed).then_some(error)
    }

    /// Tells those who wait, all from one task: the answers that share a connection leave in one write.
    fn let_go(&self, commits: Vec<Commit>, result: Result<(), StoreError>) {
        self.runtime.spawn(async move {
            for commit in commits {
                (commit.done)(result.clone());
            }
        });
    }
}

/// Tells those who follow [`Store::writable`] how a write came out.
fn note_write(writable: &watch::Sender<bool>, written: &Result<(), StoreError>) {
    writable.send_if_modified(|latest| std::mem::replace(latest, written.is_ok()) != written.is_ok());
}

#[cfg(test)]
mod tests;
