//! A whole curriculum, at a restart: its latest snapshot, its history, and what came after.
//!
//! Nothing here holds more of the journal than the row under way, so that a restart takes the memory of the ledger
//! that comes of it, whether there is a snapshot or not.

use std::{iter::Peekable, sync::Arc};

use magister_core::{
    fit::Fit,
    space::{Task, TaskSpace},
    teacher::{PastEpisode, TeacherEdit},
};
use rusqlite::{OptionalExtension, Row, Rows, params};

use super::{
    Journal, StoreError, read,
    rows::{self, Json, OUTCOME_COLUMNS, TASK_COLUMNS, TASK_WIDTH},
};
use crate::{
    clock::UnixMillis,
    ledger::{Ledger, ReplayedEvent},
    records::{Charter, CurriculumKey, EditRecord, ExpiryRecord, LiveSettings, SnapshotRecord},
};

/// A curriculum as it stood after its last commit.
#[derive(Debug)]
pub(crate) struct RestoredLedger {
    pub(crate) ledger: Ledger,
    /// Position of the snapshot that it was restored from; 0 without one.
    pub(crate) snapshot_position: u64,
}

/// Which events to visit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventRange {
    /// Those beyond this position ...
    pub(crate) after_position: u64,
    /// ... up to which tasks had numbers up to this one ...
    pub(crate) after_task: u64,
    /// ... up to this position.
    pub(crate) to_position: u64,
}

impl EventRange {
    /// Every event.
    pub(crate) const ALL: Self = Self { after_position: 0, after_task: 0, to_position: i64::MAX as u64 };
}

/// Finished fits in their order.
pub(crate) type FollowingFits<'a> = Peekable<&'a mut dyn Iterator<Item = Result<Fit, StoreError>>>;

impl Journal {
    /// A curriculum as it stood after its last commit, with every open lease renewed from `now_ms`.
    pub(crate) fn ledger(
        &self,
        curriculum: CurriculumKey,
        charter: &Charter,
        now_ms: UnixMillis,
    ) -> Result<RestoredLedger, StoreError> {
        let damaged = |problem: String| StoreError::Damaged(format!("curriculum {curriculum}: {problem}"));
        let snapshot = self.snapshot(curriculum)?;
        let snapshot_position = snapshot.as_ref().map_or(0, |snapshot| snapshot.position);
        let mut ledger = match snapshot {
            None => Ledger::new(charter).map_err(|error| damaged(error.to_string()))?,
            Some(snapshot) => {
                let open = snapshot.state.open.clone();
                let mut ledger =
                    Ledger::restore(now_ms, charter, snapshot).map_err(|error| damaged(error.to_string()))?;
                self.remember_episodes(curriculum, &mut ledger)?;
                let stored = read::tasks(&self.connection, curriculum, &open)?;
                for number in open {
                    let task = stored
                        .get(&number)
                        .ok_or_else(|| damaged(format!("open task {number} is missing")))?;
                    ledger.reopen(now_ms, Arc::clone(&task.record)).map_err(damaged)?;
                }
                ledger
            }
        };
        let range = EventRange {
            after_position: ledger.position(),
            after_task: ledger.curriculum().tasks(),
            ..EventRange::ALL
        };
        self.with_fits(curriculum, ledger.fits(), |fits| {
            self.visit_events(curriculum, range, |event| {
                ledger.replay(now_ms, event).map_err(damaged)?;
                let episodes = ledger.curriculum().episodes();
                while let Some(fit) =
                    fits.next_if(|fit| fit.as_ref().map_or(true, |fit| fit.due_episode <= episodes))
                {
                    ledger.replay_fit(fit?).map_err(damaged)?;
                }
                Ok(())
            })?;
            // Fits that finished after the snapshot and fell due before it.
            fits.try_for_each(|fit| ledger.replay_fit(fit?).map_err(damaged))
        })?;
        Ok(RestoredLedger { ledger, snapshot_position })
    }

    /// The latest snapshot, if there is one.
    pub(crate) fn snapshot(&self, curriculum: CurriculumKey) -> Result<Option<SnapshotRecord>, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT position, state FROM snapshots WHERE curriculum = ?1", [curriculum], |row| {
                Ok(SnapshotRecord { position: row.get(0)?, state: row.get::<_, Json<_>>(1)?.0 })
            })
            .optional()?)
    }

    /// Calls `visit` with the events of a range, in their order.
    pub(crate) fn visit_events(
        &self,
        curriculum: CurriculumKey,
        range: EventRange,
        mut visit: impl FnMut(ReplayedEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let EventRange { after_position, after_task, to_position } = range;
        let within = "position > ?2 AND position <= ?3";
        let prepare = |sql: &str| self.connection.prepare(sql);
        // Numbers and positions of tasks rise together, and tasks are ordered by their numbers.
        let mut tasks = prepare(&format!(
            "SELECT {TASK_COLUMNS} FROM tasks t WHERE t.curriculum = ?1 AND t.number > ?2 ORDER BY t.number"
        ))?;
        let mut outcomes = prepare(&format!(
            "SELECT {TASK_COLUMNS}, {OUTCOME_COLUMNS} FROM outcomes o \
             JOIN tasks t ON t.curriculum = o.curriculum AND t.number = o.task \
             WHERE o.curriculum = ?1 AND o.position > ?2 AND o.position <= ?3 ORDER BY o.position"
        ))?;
        let mut expiries = prepare(&format!(
            "SELECT task, position, expired_ms FROM expiries WHERE curriculum = ?1 AND {within} ORDER BY position"
        ))?;
        let mut edits = prepare(&format!(
            "SELECT position, edited_ms, live, teacher FROM edits WHERE curriculum = ?1 AND {within} ORDER BY position"
        ))?;
        let bounds = params![curriculum, after_position, to_position];
        let mut cursors = [
            Cursor::start(tasks.query(params![curriculum, after_task])?, read_task)?,
            Cursor::start(outcomes.query(bounds)?, read_outcome)?,
            Cursor::start(expiries.query(bounds)?, read_expiry)?,
            Cursor::start(edits.query(bounds)?, read_edit)?,
        ];
        loop {
            let position =
                |cursor: &Cursor<'_>| cursor.next.as_ref().map_or(u64::MAX, ReplayedEvent::position);
            let first = cursors.iter_mut().min_by_key(|cursor| position(cursor)).expect("there are four");
            match first.take()? {
                Some(event) if event.position() <= to_position => visit(event)?,
                _ => return Ok(()),
            }
        }
    }

    /// Calls `use_fits` with the finished fits after the first `fits`, in their order.
    pub(crate) fn with_fits<T>(
        &self,
        curriculum: CurriculumKey,
        fits: u64,
        use_fits: impl FnOnce(&mut FollowingFits<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT fit FROM fits WHERE curriculum = ?1 ORDER BY number LIMIT -1 OFFSET ?2")?;
        let rows = statement.query_map(params![curriculum, fits], |row| Ok(row.get::<_, Json<Fit>>(0)?.0));
        let mut fits = rows?.map(|fit| fit.map_err(StoreError::from));
        let fits: &mut dyn Iterator<Item = _> = &mut fits;
        use_fits(&mut fits.peekable())
    }

    /// Fills the history that ALP compares with from the episodes up to the ledger's position.
    ///
    /// The order of the tasks' numbers is the order of both tables, which are thus read through once, side by side. The
    /// plus sign keeps SQLite from going by the index over positions, which costs a look-up for each row.
    fn remember_episodes(&self, curriculum: CurriculumKey, ledger: &mut Ledger) -> Result<(), StoreError> {
        let mut outcomes = self.connection.prepare(
            "SELECT task, episode, episode_return, played FROM outcomes \
             WHERE curriculum = ?1 AND +position <= ?2 AND result = 'completed' ORDER BY task",
        )?;
        let mut tasks = self
            .connection
            .prepare("SELECT number, \"values\", student FROM tasks WHERE curriculum = ?1 ORDER BY number")?;
        let space = Arc::clone(ledger.curriculum().space());
        let mut history = History {
            outcomes: outcomes.query(params![curriculum, ledger.position()])?,
            tasks: tasks.query([curriculum])?,
            space: &space,
            student: "".into(),
            failed: None,
        };
        ledger.curriculum_mut().remember(&mut history);
        history.failed.map_or(Ok(()), Err)
    }
}

/// Completed episodes in the order of their tasks; ends at the first that cannot be read.
struct History<'s> {
    outcomes: Rows<'s>,
    tasks: Rows<'s>,
    space: &'s TaskSpace,
    /// Of the episode before: mostly the same.
    student: Arc<str>,
    failed: Option<StoreError>,
}

impl Iterator for History<'_> {
    type Item = PastEpisode;

    fn next(&mut self) -> Option<PastEpisode> {
        self.read().unwrap_or_else(|error| {
            self.failed = Some(error);
            None
        })
    }
}

impl History<'_> {
    fn read(&mut self) -> Result<Option<PastEpisode>, StoreError> {
        let Some(outcome) = self.outcomes.next()? else { return Ok(None) };
        let number: u64 = outcome.get(0)?;
        let damaged = |problem: &str| StoreError::Damaged(format!("task {number} {problem}"));
        let task = loop {
            match self.tasks.next()? {
                Some(task) if task.get::<_, u64>(0)? < number => {}
                Some(task) if task.get::<_, u64>(0)? == number => break task,
                _ => return Err(damaged("has an outcome and is missing")),
            }
        };
        let student = task.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        if *self.student != *student {
            self.student = student.into();
        }
        let played = match outcome.get::<_, Option<Json<Task>>>(3)? {
            Some(Json(played)) => played,
            None => task.get::<_, Json<Task>>(1)?.0,
        };
        let return_: f64 = outcome.get(2)?;
        if !self.space.contains(&played) || !return_.is_finite() {
            return Err(damaged("was played outside of the space, or has no finite return"));
        }
        Ok(Some(PastEpisode {
            number: outcome.get(1)?,
            task: played,
            return_,
            student: Arc::clone(&self.student),
        }))
    }
}

/// One table's events, of which the next is known.
struct Cursor<'s> {
    rows: Rows<'s>,
    read: fn(&Row<'_>) -> rusqlite::Result<ReplayedEvent>,
    next: Option<ReplayedEvent>,
}

impl<'s> Cursor<'s> {
    fn start(
        rows: Rows<'s>,
        read: fn(&Row<'_>) -> rusqlite::Result<ReplayedEvent>,
    ) -> Result<Self, StoreError> {
        let mut cursor = Self { rows, read, next: None };
        cursor.take()?;
        Ok(cursor)
    }

    /// Takes the next event and reads the one behind it.
    fn take(&mut self) -> Result<Option<ReplayedEvent>, StoreError> {
        let behind = self.rows.next()?.map(self.read).transpose()?;
        Ok(std::mem::replace(&mut self.next, behind))
    }
}

fn read_task(row: &Row<'_>) -> rusqlite::Result<ReplayedEvent> {
    Ok(ReplayedEvent::Task(Arc::new(rows::task(row, 0)?)))
}

fn read_outcome(row: &Row<'_>) -> rusqlite::Result<ReplayedEvent> {
    Ok(ReplayedEvent::Outcome {
        task: Arc::new(rows::task(row, 0)?),
        outcome: Arc::new(rows::outcome(row, TASK_WIDTH)?),
    })
}

fn read_expiry(row: &Row<'_>) -> rusqlite::Result<ReplayedEvent> {
    Ok(ReplayedEvent::Expiry(ExpiryRecord {
        task: row.get(0)?,
        position: row.get(1)?,
        expired_ms: row.get(2)?,
    }))
}

fn read_edit(row: &Row<'_>) -> rusqlite::Result<ReplayedEvent> {
    Ok(ReplayedEvent::Edit(EditRecord {
        position: row.get(0)?,
        edited_ms: row.get(1)?,
        live: row.get::<_, Json<LiveSettings>>(2)?.0,
        teacher: row.get::<_, Option<Json<TeacherEdit>>>(3)?.map(|Json(edit)| edit),
    }))
}
