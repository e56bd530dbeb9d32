//! One curriculum's book-keeping: leases, outcomes and the order of both, around the core's [`Curriculum`].
//!
//! A state machine without time, threads or disk of its own: each call takes the time, changes memory, and
//! returns the records that must be on disk before anybody hears the answer. What is no longer open is not
//! kept here; the owner looks it up in the store.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use magister_core::{
    curriculum::{Curriculum, SeededFitJob},
    fit::Fit,
    space::Task,
    teacher::{EpisodeResult, FitPending, ParamError, TeacherEdit},
};

use crate::{
    clock::UnixMillis,
    records::{
        Charter, EditRecord, ExpiryRecord, FitRecord, LedgerSnapshot, LiveSettings, OutcomeRecord,
        OutcomeResult, Record, SnapshotRecord, TaskRecord, TaskSource,
    },
};

/// Fits that may be outstanding before outcomes have to wait for them.
const MAX_FITS_OUTSTANDING: usize = 64;

/// The state of one curriculum.
#[derive(Debug)]
pub(crate) struct Ledger {
    curriculum: Curriculum,
    live: LiveSettings,
    open: BTreeMap<u64, OpenTask>,
    deadlines: BTreeSet<(UnixMillis, u64)>,
    open_by_student: HashMap<Arc<str>, u64>,
    position: u64,
    fits: u64,
    paused_at_ms: Option<UnixMillis>,
}

/// A task under lease.
#[derive(Clone, Debug)]
pub(crate) struct OpenTask {
    pub(crate) record: Arc<TaskRecord>,
    pub(crate) deadline_ms: UnixMillis,
}

/// What a request wants of the ledger: outcomes to accept first, then tasks to hand out.
#[derive(Clone, Debug)]
pub(crate) struct StepInput {
    pub(crate) outcomes: Vec<OutcomeInput>,
    pub(crate) count: u32,
    pub(crate) student: Arc<str>,
    pub(crate) worker: Arc<str>,
    pub(crate) lease_ms: Option<u64>,
}

/// One outcome, checked as far as it can be without the ledger.
#[derive(Clone, Debug)]
pub(crate) struct OutcomeInput {
    pub(crate) subject: Subject,
    pub(crate) result: OutcomeResult,
}

/// Which task an outcome is of.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// One that was handed out, with the parameters really played if they differ.
    HandedOut { number: u64, played: Option<Task> },
    /// One that the teacher has not seen before.
    Unsolicited { task: Task, student: Arc<str>, worker: Arc<str> },
}

/// A task that is no longer open, as the store has it.
#[derive(Clone, Debug)]
pub(crate) struct StoredTask {
    pub(crate) record: Arc<TaskRecord>,
    pub(crate) outcome: Option<Arc<OutcomeRecord>>,
}

/// What became of one outcome.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) task: Arc<TaskRecord>,
    pub(crate) outcome: Arc<OutcomeRecord>,
    pub(crate) duplicate: bool,
}

impl Receipt {
    /// The task with its outcome, as the store will have them.
    pub(crate) fn as_stored(&self) -> StoredTask {
        StoredTask { record: Arc::clone(&self.task), outcome: Some(Arc::clone(&self.outcome)) }
    }
}

/// A change of live settings; `None` keeps the present value.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveEdit {
    pub(crate) paused: Option<bool>,
    pub(crate) display_name: Option<String>,
    pub(crate) mastery_threshold: Option<f64>,
    pub(crate) lease_ms: Option<u64>,
    pub(crate) max_open_tasks: Option<u32>,
    pub(crate) max_staleness_episodes: Option<u64>,
    pub(crate) teacher: Option<TeacherEdit>,
}

/// Why a step was refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StepRefusal {
    /// The outcome at this index names a task that was never handed out.
    UnknownTask {
        outcome: usize,
        number: u64,
    },
    Paused,
    TooManyOpenTasks {
        open: u64,
        limit: u32,
    },
}

impl Ledger {
    /// A new curriculum.
    ///
    /// # Errors
    /// [`ParamError`] where the teacher's parameters are out of range.
    pub(crate) fn new(charter: &Charter) -> Result<Self, ParamError> {
        let curriculum =
            Curriculum::new(charter.settings.clone())?.with_earlier_seeds(charter.earlier_seeds());
        let live = charter.live.clone();
        Ok(Self::with(curriculum, live, 0, 0))
    }

    /// A curriculum from its snapshot; the open tasks and everything after it must follow.
    ///
    /// # Errors
    /// [`ParamError`] where the snapshot does not fit the charter.
    pub(crate) fn restore(
        now_ms: UnixMillis,
        charter: &Charter,
        snapshot: SnapshotRecord,
    ) -> Result<Self, ParamError> {
        let LedgerSnapshot { curriculum, live, fits, open: _ } = snapshot.state;
        let curriculum = Curriculum::restore(charter.settings.clone(), curriculum)?
            .with_earlier_seeds(charter.earlier_seeds());
        let paused_at_ms = live.paused.then_some(now_ms);
        Ok(Self { paused_at_ms, ..Self::with(curriculum, live, snapshot.position, fits) })
    }

    fn with(curriculum: Curriculum, live: LiveSettings, position: u64, fits: u64) -> Self {
        Self {
            curriculum,
            live,
            open: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            open_by_student: HashMap::new(),
            position,
            fits,
            paused_at_ms: None,
        }
    }

    /// Its curriculum, to read and to restore.
    pub(crate) fn curriculum(&self) -> &Curriculum {
        &self.curriculum
    }

    /// Its curriculum, for replaying the journal.
    pub(crate) fn curriculum_mut(&mut self) -> &mut Curriculum {
        &mut self.curriculum
    }

    /// Live settings as they are now.
    pub(crate) fn live(&self) -> &LiveSettings {
        &self.live
    }

    /// Number of the last event.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Tasks under lease.
    pub(crate) fn open_tasks(&self) -> u64 {
        self.open.len() as u64
    }

    /// Fits finished.
    pub(crate) fn fits(&self) -> u64 {
        self.fits
    }

    /// The task under lease with this number.
    pub(crate) fn open_task(&self, number: u64) -> Option<&OpenTask> {
        self.open.get(&number)
    }

    /// When the next lease runs out.
    pub(crate) fn next_deadline_ms(&self) -> Option<UnixMillis> {
        match self.live.paused {
            true => None,
            false => self.deadlines.first().map(|&(deadline_ms, _)| deadline_ms),
        }
    }

    /// Numbers of tasks in these outcomes that must be looked up in the store before [`Ledger::accept`].
    pub(crate) fn closed_tasks(&self, outcomes: &[OutcomeInput]) -> Vec<u64> {
        let mut numbers: Vec<u64> = outcomes
            .iter()
            .filter_map(|outcome| match outcome.subject {
                Subject::HandedOut { number, .. } => Some(number),
                Subject::Unsolicited { .. } => None,
            })
            .filter(|number| !self.open.contains_key(number))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Says whether a step can be taken, changing nothing. `closed` holds what the store has of
    /// [`Ledger::closed_tasks`].
    pub(crate) fn check(
        &self,
        step: &StepInput,
        closed: &HashMap<u64, StoredTask>,
    ) -> Result<(), StepRefusal> {
        let mut freed = BTreeSet::new();
        for (index, outcome) in step.outcomes.iter().enumerate() {
            let Subject::HandedOut { number, .. } = outcome.subject else { continue };
            match self.open.get(&number) {
                Some(open) => {
                    if open.record.student == step.student {
                        freed.insert(number);
                    }
                }
                None if closed.contains_key(&number) => {}
                None => return Err(StepRefusal::UnknownTask { outcome: index, number }),
            }
        }
        if step.count == 0 {
            return Ok(());
        }
        if self.live.paused {
            return Err(StepRefusal::Paused);
        }
        let open = self.open_by_student.get(&step.student).copied().unwrap_or(0);
        let limit = self.live.max_open_tasks;
        if open - freed.len() as u64 + u64::from(step.count) > u64::from(limit) {
            return Err(StepRefusal::TooManyOpenTasks { open, limit });
        }
        Ok(())
    }

    /// Whether so many fits are outstanding that the next outcome must wait for one.
    pub(crate) fn fits_overdue(&self) -> bool {
        self.curriculum.fits_outstanding() > MAX_FITS_OUTSTANDING
    }

    /// Accepts an outcome of a step that passed [`Ledger::check`]. `closed` is what the store has of its
    /// task, if that is not open, or what became of it earlier in the same step.
    pub(crate) fn accept(
        &mut self,
        now_ms: UnixMillis,
        OutcomeInput { subject, result }: OutcomeInput,
        closed: Option<&StoredTask>,
        records: &mut Vec<Record>,
    ) -> Receipt {
        let (task, played, late) = match subject {
            Subject::Unsolicited { task, student, worker } => {
                (self.enter_unsolicited(now_ms, task, student, worker, records), None, false)
            }
            Subject::HandedOut { number, played } => match self.close(number) {
                Some(record) => (record, played, false),
                None => {
                    let stored = closed.expect("tasks that are not open have been looked up");
                    if let Some(outcome) = &stored.outcome {
                        let (task, outcome) = (Arc::clone(&stored.record), Arc::clone(outcome));
                        return Receipt { task, outcome, duplicate: true };
                    }
                    (Arc::clone(&stored.record), played, true)
                }
            },
        };
        let outcome = Arc::new(self.outcome(now_ms, &task, played, result, late));
        records.push(Record::Outcome(Arc::clone(&outcome)));
        Receipt { task, outcome, duplicate: false }
    }

    fn enter_unsolicited(
        &mut self,
        now_ms: UnixMillis,
        task: Task,
        student: Arc<str>,
        worker: Arc<str>,
        records: &mut Vec<Record>,
    ) -> Arc<TaskRecord> {
        self.curriculum.skip_task();
        self.position += 1;
        let record = Arc::new(TaskRecord {
            number: self.curriculum.tasks(),
            position: self.position,
            task,
            student,
            worker,
            source: TaskSource::Unsolicited,
            sampled_at_episode: self.curriculum.episodes(),
            created_ms: now_ms,
            lease_ms: 0,
        });
        records.push(Record::Task(Arc::clone(&record)));
        record
    }

    fn outcome(
        &mut self,
        now_ms: UnixMillis,
        task: &TaskRecord,
        played: Option<Task>,
        result: OutcomeResult,
        late: bool,
    ) -> OutcomeRecord {
        self.position += 1;
        let staleness = self.curriculum.episodes() - task.sampled_at_episode;
        let stale = self.live.max_staleness_episodes.is_some_and(|limit| staleness > limit);
        let result = if stale { OutcomeResult::Stale } else { result };
        let played = played.filter(|played| *played != task.task);
        let episode_result = match &result {
            OutcomeResult::Completed(completed) => Some(EpisodeResult::Completed(completed.episode_return)),
            OutcomeResult::Infeasible { .. } => Some(EpisodeResult::Infeasible),
            OutcomeResult::Abandoned { .. } | OutcomeResult::Stale => None,
        };
        let observation = episode_result.map(|result| {
            let played = played.as_ref().unwrap_or(&task.task);
            self.curriculum
                .observe(played, result, &task.student)
                .expect("returns that are not finite are refused at the edge")
        });
        OutcomeRecord {
            task: task.number,
            position: self.position,
            episode: observation.map(|_| self.curriculum.episodes()),
            result,
            played,
            alp: observation.and_then(|observation| observation.alp),
            nearest: observation.and_then(|observation| observation.nearest),
            late,
            accepted_ms: now_ms,
        }
    }

    /// Hands out the next task.
    ///
    /// # Errors
    /// [`FitPending`] while a fit must be installed first; nothing has changed then.
    pub(crate) fn hand_out(
        &mut self,
        now_ms: UnixMillis,
        student: &Arc<str>,
        worker: &Arc<str>,
        lease_ms: Option<u64>,
    ) -> Result<OpenTask, FitPending> {
        let sample = self.curriculum.sample()?;
        self.position += 1;
        let lease_ms = lease_ms.unwrap_or(self.live.lease_ms);
        let record = Arc::new(TaskRecord {
            number: self.curriculum.tasks(),
            position: self.position,
            task: sample.task,
            student: Arc::clone(student),
            worker: Arc::clone(worker),
            source: TaskSource::Sampled { origin: sample.origin, probability: sample.origin_probability },
            sampled_at_episode: self.curriculum.episodes(),
            created_ms: now_ms,
            lease_ms,
        });
        let task = OpenTask { record, deadline_ms: now_ms + lease_ms };
        self.open(task.clone());
        Ok(task)
    }

    /// Ends the leases that have run out, and counts them.
    pub(crate) fn expire(&mut self, now_ms: UnixMillis, records: &mut Vec<Record>) -> u64 {
        let mut expired = 0;
        while self.next_deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now_ms) {
            let &(_, number) = self.deadlines.first().expect("a deadline was just seen");
            self.close(number).expect("every deadline is an open task's");
            self.position += 1;
            records.push(Record::Expiry(ExpiryRecord {
                task: number,
                position: self.position,
                expired_ms: now_ms,
            }));
            expired += 1;
        }
        expired
    }

    /// Changes live settings, all or none.
    ///
    /// # Errors
    /// [`ParamError`] where one of the teacher's is out of range.
    pub(crate) fn edit(&mut self, now_ms: UnixMillis, edit: LiveEdit) -> Result<Option<Record>, ParamError> {
        let before = self.live.clone();
        if let Some(teacher) = &edit.teacher {
            self.curriculum.edit(teacher)?;
        }
        let live = LiveSettings {
            display_name: edit.display_name.unwrap_or(before.display_name.clone()),
            mastery_threshold: edit.mastery_threshold.or(before.mastery_threshold),
            lease_ms: edit.lease_ms.unwrap_or(before.lease_ms),
            max_open_tasks: edit.max_open_tasks.unwrap_or(before.max_open_tasks),
            max_staleness_episodes: edit.max_staleness_episodes.or(before.max_staleness_episodes),
            paused: edit.paused.unwrap_or(before.paused),
        };
        if live == before && edit.teacher.is_none() {
            return Ok(None);
        }
        self.set_live(now_ms, live.clone());
        self.position += 1;
        Ok(Some(Record::Edit(EditRecord {
            position: self.position,
            edited_ms: now_ms,
            live,
            teacher: edit.teacher,
        })))
    }

    /// Installs live settings; lease clocks stand still from a pause to its end.
    fn set_live(&mut self, now_ms: UnixMillis, live: LiveSettings) {
        if live.paused && !self.live.paused {
            self.paused_at_ms = Some(now_ms);
        }
        if !live.paused
            && let Some(paused_at_ms) = self.paused_at_ms.take()
        {
            let pause_ms = now_ms.saturating_sub(paused_at_ms);
            for task in self.open.values_mut() {
                task.deadline_ms += pause_ms;
            }
            self.deadlines = self.open.iter().map(|(&number, task)| (task.deadline_ms, number)).collect();
        }
        self.live = live;
    }

    /// The next fit to run, if one is due.
    pub(crate) fn next_fit_job(&mut self) -> Option<SeededFitJob> {
        self.curriculum.next_fit_job()
    }

    /// Takes the result of a fit.
    pub(crate) fn install(&mut self, now_ms: UnixMillis, fit: Fit, seconds: f64) -> Record {
        self.curriculum.install(fit.clone()).expect("a fit runs once for each job that was handed out");
        self.fits += 1;
        Record::Fit(FitRecord { fit: Arc::new(fit), created_ms: now_ms, seconds })
    }

    /// Bounded state, as a record.
    pub(crate) fn snapshot(&self) -> Record {
        Record::Snapshot(Box::new(SnapshotRecord {
            position: self.position,
            state: LedgerSnapshot {
                curriculum: self.curriculum.snapshot(),
                live: self.live.clone(),
                fits: self.fits,
                open: self.open.keys().copied().collect(),
            },
        }))
    }

    /// Puts a task under lease again that was when the server stopped: for one full term from now.
    ///
    /// # Errors
    /// What is wrong with the journal.
    pub(crate) fn reopen(&mut self, now_ms: UnixMillis, record: Arc<TaskRecord>) -> Result<(), String> {
        let Some(deadline_ms) = now_ms.checked_add(record.lease_ms) else {
            return Err(format!("the lease of task {} has no end", record.number));
        };
        self.open(OpenTask { record, deadline_ms });
        Ok(())
    }

    /// Takes an event from the journal that was not part of the snapshot.
    ///
    /// # Errors
    /// What is wrong with the journal.
    pub(crate) fn replay(&mut self, now_ms: UnixMillis, event: ReplayedEvent) -> Result<(), String> {
        let position = event.position();
        if position != self.position + 1 {
            return Err(format!("event {position} follows event {}", self.position));
        }
        self.position = position;
        match event {
            ReplayedEvent::Task(record) => {
                self.curriculum.skip_task();
                if record.number != self.curriculum.tasks() {
                    return Err(format!(
                        "task {} follows task {}",
                        record.number,
                        self.curriculum.tasks() - 1
                    ));
                }
                if record.source != TaskSource::Unsolicited {
                    self.reopen(now_ms, record)?;
                }
            }
            ReplayedEvent::Outcome { task, outcome } => {
                self.close(task.number);
                let result = match &outcome.result {
                    OutcomeResult::Completed(completed) => EpisodeResult::Completed(completed.episode_return),
                    OutcomeResult::Infeasible { .. } => EpisodeResult::Infeasible,
                    OutcomeResult::Abandoned { .. } | OutcomeResult::Stale => return Ok(()),
                };
                let played = outcome.played.as_ref().unwrap_or(&task.task);
                let is_finite = !matches!(result, EpisodeResult::Completed(return_) if !return_.is_finite());
                if !self.curriculum.space().contains(played)
                    || !is_finite
                    || !outcome.alp.is_none_or(f64::is_finite)
                {
                    return Err(format!(
                        "task {} was played outside of the space, or has no finite return or ALP",
                        task.number
                    ));
                }
                self.curriculum.replay(played, result, &task.student, outcome.alp);
            }
            ReplayedEvent::Expiry(expiry) => {
                self.close(expiry.task);
            }
            ReplayedEvent::Edit(edit) => {
                if let Some(teacher) = &edit.teacher {
                    self.curriculum.edit(teacher).map_err(|error| error.to_string())?;
                }
                self.set_live(now_ms, edit.live);
            }
        }
        Ok(())
    }

    /// Takes a recorded fit whose due episode has been replayed.
    ///
    /// # Errors
    /// What is wrong with the journal.
    pub(crate) fn replay_fit(&mut self, fit: Fit) -> Result<(), String> {
        self.curriculum.install(fit).map_err(|error| error.to_string())?;
        self.fits += 1;
        Ok(())
    }

    fn open(&mut self, task: OpenTask) {
        *self.open_by_student.entry(Arc::clone(&task.record.student)).or_insert(0) += 1;
        self.deadlines.insert((task.deadline_ms, task.record.number));
        self.open.insert(task.record.number, task);
    }

    fn close(&mut self, number: u64) -> Option<Arc<TaskRecord>> {
        let task = self.open.remove(&number)?;
        self.deadlines.remove(&(task.deadline_ms, number));
        let student = &task.record.student;
        if let Some(open) = self.open_by_student.get_mut(student) {
            *open -= 1;
            if *open == 0 {
                self.open_by_student.remove(student);
            }
        }
        Some(task.record)
    }
}

/// An event as the journal has it, with what replaying it needs.
#[derive(Clone, Debug)]
pub(crate) enum ReplayedEvent {
    Task(Arc<TaskRecord>),
    Outcome { task: Arc<TaskRecord>, outcome: Arc<OutcomeRecord> },
    Expiry(ExpiryRecord),
    Edit(EditRecord),
}

impl ReplayedEvent {
    pub(crate) fn position(&self) -> u64 {
        match self {
            Self::Task(record) => record.position,
            Self::Outcome { outcome, .. } => outcome.position,
            Self::Expiry(expiry) => expiry.position,
            Self::Edit(edit) => edit.position,
        }
    }
}

#[cfg(test)]
mod tests;
