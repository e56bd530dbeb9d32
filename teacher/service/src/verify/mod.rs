//! Verifies a store that no server has open: its pages, what every journal keeps, and that the algorithm would have
//! done what the journal says.
//!
//! Running the algorithm again takes about as long as it took before. Each sample, ALP and fit is compared with the
//! journal's and the run then goes on with the journal's fit, so that one changed record shows where it is and not in
//! everything after it. A curriculum of another algorithm version is held against the rules and not run again. Nothing
//! is written.

use std::{collections::VecDeque, path::Path, sync::Arc};

use magister_core::{
    curriculum::{ALGORITHM_VERSION, Curriculum},
    fit::Fit,
    teacher::{EpisodeResult, NearestEpisode},
};

use crate::{
    audit::{Audit, check_charter},
    ledger::ReplayedEvent,
    records::{
        Charter, CurriculumKey, EditRecord, FitRecord, LedgerSnapshot, LiveSettings, OutcomeRecord,
        OutcomeResult, SnapshotRecord, TaskRecord, TaskSource,
    },
    store::{ClosedStore, EventRange, Journal, StoreError},
};

mod report;

pub use report::{CurriculumReport, Difference, DifferenceKind, Rerun, StoreReport};

use report::Found;

/// Rows of a page of fits, requests and evaluations.
const PAGE: usize = 1000;
/// Fits that may wait before they are run: bounds memory, changes nothing.
const MAX_FITS_OUTSTANDING: usize = 64;

/// Verifies the store in a folder, or one curriculum of it.
///
/// # Errors
/// [`StoreError`] where there is no store, a server has it open, or it cannot be read at all. What can be read and is
/// wrong is in the report.
pub fn verify_store(folder: &Path, curriculum: Option<&str>) -> Result<StoreReport, StoreError> {
    let store = ClosedStore::open(folder)?;
    let journal = store.journal();
    let mut file = journal.integrity_problems()?;
    // Pages that SQLite cannot follow make the rest fail too; what can be read is still compared.
    let names = match journal.names() {
        Ok(names) => names,
        Err(error) => {
            file.push(error.to_string());
            Vec::new()
        }
    };
    let wanted: Vec<_> =
        names.into_iter().filter(|(_, name)| curriculum.is_none_or(|wanted| name == wanted)).collect();
    if let Some(name) = curriculum.filter(|_| wanted.is_empty() && file.is_empty()) {
        return Err(StoreError::NoCurriculum { folder: folder.to_owned(), name: name.to_owned() });
    }
    let curricula = wanted.into_iter().map(|(key, name)| verify(journal, key, name)).collect();
    Ok(StoreReport { file, curricula })
}

fn verify(journal: &Journal, key: CurriculumKey, name: String) -> CurriculumReport {
    let listed = match journal.listed(key, name.clone()) {
        Ok(listed) => listed,
        Err(error) => {
            let mut found = Found::default();
            found.add(DifferenceKind::Record, format!("its charter cannot be read: {error}"));
            return found.report(name, None, Rerun::Impossible);
        }
    };
    let charter = Arc::new(listed.charter);
    let version = charter.algorithm_version;
    let rerun = if version == ALGORITHM_VERSION { Rerun::Done } else { Rerun::OtherVersion(version) };
    let mut found = Found::default();
    if let Err(problem) = check_charter(&charter) {
        found.add(DifferenceKind::Record, problem);
        return found.report(listed.name, None, Rerun::Impossible);
    }
    let mut verifier = Verifier {
        journal,
        key: listed.key,
        audit: Audit::new(Arc::clone(&charter)),
        run: (rerun == Rerun::Done).then(|| Run::new(&charter)).flatten(),
        fits: Fits::default(),
        snapshot: None,
        found,
    };
    if let Err(error) = verifier.verify() {
        verifier.found.add(DifferenceKind::Record, format!("it cannot be read any further: {error}"));
    }
    verifier.found.report(listed.name, Some(&verifier.audit), rerun)
}

/// One curriculum under way.
struct Verifier<'j> {
    journal: &'j Journal,
    key: CurriculumKey,
    audit: Audit,
    run: Option<Run>,
    fits: Fits,
    snapshot: Option<SnapshotRecord>,
    found: Found,
}

/// The recorded fits, a page at a time, in their order.
#[derive(Debug, Default)]
struct Fits {
    page: VecDeque<FitRecord>,
    /// Number of the last one read.
    read: u64,
    is_end: bool,
}

impl Fits {
    /// The next one.
    fn peek(&mut self, journal: &Journal, key: CurriculumKey) -> Result<Option<&FitRecord>, StoreError> {
        if self.page.is_empty() && !self.is_end {
            self.page = journal.fits(key, self.read, PAGE)?.into();
            self.is_end = self.page.len() < PAGE;
            self.read = self.page.back().map_or(self.read, |last| last.fit.number);
        }
        Ok(self.page.front())
    }
}

impl Verifier<'_> {
    fn verify(&mut self) -> Result<(), StoreError> {
        self.snapshot = match self.journal.snapshot(self.key) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                self.found.add(DifferenceKind::Snapshot, format!("the snapshot cannot be read: {error}"));
                None
            }
        };
        let (journal, key) = (self.journal, self.key);
        journal.visit_events(key, EventRange::ALL, |event| {
            self.event(event)?;
            self.audit_fits()?;
            self.compare_snapshot()
        })?;
        self.run_fits_up_to(u64::MAX)?;
        while let Some(record) = self.fits.peek(journal, key)? {
            let what = format!("fit {} fell due after the last episode", record.fit.number);
            self.found.add(DifferenceKind::Record, what);
            self.fits.page.pop_front();
        }
        if let Some(snapshot) = self.snapshot.take() {
            let what = format!("the snapshot is at position {}, beyond the journal", snapshot.position);
            self.found.add(DifferenceKind::Snapshot, what);
        }
        self.rest()
    }

    /// Requests and rounds, and what only the whole shows.
    fn rest(&mut self) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self.journal.requests(self.key, &after, i64::MAX as u64, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id.to_string();
            for request in &page {
                self.found.audit(self.audit.request(request));
            }
        }
        let mut after = 0;
        loop {
            let page = self.journal.evaluations(self.key, None, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.round;
            for evaluation in &page {
                self.found.audit(self.audit.evaluation(evaluation));
            }
        }
        self.found.audit(self.audit.end());
        Ok(())
    }

    fn event(&mut self, event: ReplayedEvent) -> Result<(), StoreError> {
        match event {
            ReplayedEvent::Task(task) => {
                let before = self.audit.task_count();
                self.found.audit(self.audit.task(&task));
                // Tasks that are missing leave their numbers.
                let missing = self.audit.task_count().saturating_sub(before + 1);
                for _ in 0..missing {
                    if let Some(run) = &mut self.run {
                        run.curriculum.skip_task();
                    }
                }
                if self.audit.task_count() != before + 1 + missing || task.number != self.audit.task_count() {
                    return Err(StoreError::Damaged(format!(
                        "task {} has an impossible number",
                        task.number
                    )));
                }
                self.sample(&task)
            }
            ReplayedEvent::Outcome { task, outcome } => {
                self.found.audit(self.audit.outcome(&outcome));
                self.observe(&task, &outcome);
                while self
                    .run
                    .as_ref()
                    .is_some_and(|run| run.curriculum.fits_outstanding() > MAX_FITS_OUTSTANDING)
                {
                    if !self.run_fit()? {
                        break;
                    }
                }
                Ok(())
            }
            ReplayedEvent::Expiry(expiry) => {
                self.found.audit(self.audit.expiry(&expiry));
                Ok(())
            }
            ReplayedEvent::Edit(edit) => {
                self.found.audit(self.audit.edit(&edit));
                let run = self.run.as_mut();
                if let Some(Err(problem)) = run.map(|run| run.edit(edit)) {
                    self.found.add(DifferenceKind::Record, problem);
                }
                Ok(())
            }
        }
    }

    /// Holds a task against what the algorithm samples now.
    fn sample(&mut self, task: &TaskRecord) -> Result<(), StoreError> {
        while self.run.as_ref().is_some_and(|run| run.curriculum.fit_awaited()) {
            if !self.run_fit()? {
                break;
            }
        }
        let Some(run) = &mut self.run else { return Ok(()) };
        let TaskSource::Sampled { origin, probability } = task.source else {
            run.curriculum.skip_task();
            return Ok(());
        };
        let sample = match run.curriculum.sample() {
            Ok(sample) => sample,
            Err(pending) => {
                run.curriculum.skip_task();
                let what = format!("task {}: {pending}", task.number);
                self.found.add(DifferenceKind::Task, what);
                return Ok(());
            }
        };
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        if bits(sample.task.values()) != bits(task.task.values())
            || sample.origin != origin
            || sample.origin_probability.to_bits() != probability.to_bits()
        {
            let what = format!(
                "task {}: the journal has {:?} from {origin:?} with probability {probability}, the algorithm gives {:?} \
                 from {:?} with probability {}",
                task.number,
                task.task.values(),
                sample.task.values(),
                sample.origin,
                sample.origin_probability
            );
            self.found.add(DifferenceKind::Task, what);
        }
        Ok(())
    }

    /// Holds an outcome against what the algorithm learns from it.
    fn observe(&mut self, task: &TaskRecord, outcome: &OutcomeRecord) {
        let Some(run) = &mut self.run else { return };
        let number = outcome.task;
        let staleness = run.curriculum.episodes().saturating_sub(task.sampled_at_episode);
        let is_stale = run.live.max_staleness_episodes.is_some_and(|limit| staleness > limit);
        if is_stale != (outcome.result == OutcomeResult::Stale) {
            let what = format!(
                "the outcome of task {number} came {staleness} episodes after it was sampled and is {}marked stale",
                if is_stale { "not " } else { "" }
            );
            self.found.add(DifferenceKind::Record, what);
        }
        let result = match &outcome.result {
            OutcomeResult::Completed(completed) => EpisodeResult::Completed(completed.episode_return),
            OutcomeResult::Infeasible { .. } => EpisodeResult::Infeasible,
            OutcomeResult::Abandoned { .. } | OutcomeResult::Stale => return,
        };
        let played = outcome.played.as_ref().unwrap_or(&task.task);
        let is_readable = run.curriculum.space().contains(played);
        // Told by the audit already; a place in the order it has all the same.
        let Some(observation) =
            is_readable.then(|| run.curriculum.observe(played, result, &task.student).ok()).flatten()
        else {
            return;
        };
        let bits = |alp: Option<f64>, nearest: Option<NearestEpisode>| {
            let nearest = nearest.map(|nearest| (nearest.number, nearest.distance.to_bits()));
            (alp.map(f64::to_bits), nearest)
        };
        if bits(observation.alp, observation.nearest) != bits(outcome.alp, outcome.nearest) {
            let what = format!(
                "the outcome of task {number}, episode {}: the journal has ALP {:?} against {:?}, the algorithm gives \
                 {:?} against {:?}",
                run.curriculum.episodes(),
                outcome.alp,
                outcome.nearest,
                observation.alp,
                observation.nearest
            );
            self.found.add(DifferenceKind::Progress, what);
        }
    }

    /// Runs the next fit, compares it with the recorded one and goes on with that; false if there was none to run.
    fn run_fit(&mut self) -> Result<bool, StoreError> {
        let Some(run) = &mut self.run else { return Ok(false) };
        let Some(job) = run.curriculum.next_fit_job() else { return Ok(false) };
        let computed = job.run();
        let recorded = run.recorded.pop_front();
        run.fits += 1;
        let Some(recorded) = recorded.filter(|recorded| recorded.number == computed.number) else {
            let what = format!("fit {} is missing", computed.number);
            self.found.add(DifferenceKind::Fit, what);
            install(&mut run.curriculum, computed);
            return Ok(true);
        };
        if written(&*recorded) != written(&computed) {
            let what = format!(
                "fit {}, due at episode {}: the journal has {}, the algorithm gives {}",
                computed.number,
                computed.due_episode,
                summary(&recorded),
                summary(&computed)
            );
            self.found.add(DifferenceKind::Fit, what);
        }
        if run.curriculum.install(Fit::clone(&recorded)).is_err() {
            install(&mut run.curriculum, computed);
        }
        Ok(true)
    }

    /// Runs the fits that are recorded, up to this number.
    fn run_fits_up_to(&mut self, number: u64) -> Result<(), StoreError> {
        while self.run.as_ref().is_some_and(|run| run.fits < number && !run.recorded.is_empty()) {
            if !self.run_fit()? {
                let what = "a fit is recorded that did not fall due".to_owned();
                self.found.add(DifferenceKind::Fit, what);
                if let Some(run) = &mut self.run {
                    run.recorded.clear();
                }
            }
        }
        Ok(())
    }

    /// Takes in the recorded fits that have fallen due by now.
    fn audit_fits(&mut self) -> Result<(), StoreError> {
        while let Some(record) = self.fits.peek(self.journal, self.key)? {
            if record.fit.due_episode > self.audit.episodes() {
                return Ok(());
            }
            self.found.audit(self.audit.fit(record));
            let fit = Arc::clone(&record.fit);
            if let Some(run) = &mut self.run {
                run.recorded.push_back(fit);
            }
            self.fits.page.pop_front();
        }
        Ok(())
    }

    /// Holds the snapshot against the state at its position.
    fn compare_snapshot(&mut self) -> Result<(), StoreError> {
        let position = self.audit.position();
        let Some(snapshot) = self.snapshot.take_if(|snapshot| snapshot.position == position) else {
            return Ok(());
        };
        // As many fits had been finished by then.
        self.run_fits_up_to(snapshot.state.fits)?;
        let Some(run) = &self.run else { return Ok(()) };
        let state = LedgerSnapshot {
            curriculum: run.curriculum.snapshot(),
            live: run.live.clone(),
            fits: run.fits,
            open: self.audit.open_tasks(),
        };
        if written(&state) != written(&snapshot.state) {
            let parts = [
                (
                    "counters, window or mixtures",
                    written(&state.curriculum) != written(&snapshot.state.curriculum),
                ),
                ("live settings", state.live != snapshot.state.live),
                ("number of fits", state.fits != snapshot.state.fits),
                ("open tasks", state.open != snapshot.state.open),
            ];
            let other: Vec<&str> =
                parts.iter().filter(|(_, differs)| *differs).map(|&(part, _)| part).collect();
            let what = format!("the snapshot at position {position} has other {}", other.join(", other "));
            self.found.add(DifferenceKind::Snapshot, what);
        }
        Ok(())
    }
}

/// The algorithm, run again.
struct Run {
    curriculum: Curriculum,
    live: LiveSettings,
    /// Fits run.
    fits: u64,
    /// Those that the journal has and that have not been run.
    recorded: VecDeque<Arc<Fit>>,
}

impl Run {
    fn new(charter: &Charter) -> Option<Self> {
        let curriculum = Curriculum::new(charter.settings.clone()).ok()?;
        Some(Self {
            curriculum: curriculum.with_earlier_seeds(charter.earlier_seeds()),
            live: charter.live.clone(),
            fits: 0,
            recorded: VecDeque::new(),
        })
    }

    fn edit(&mut self, edit: EditRecord) -> Result<(), String> {
        self.live = edit.live;
        match edit.teacher {
            None => Ok(()),
            Some(teacher) => self
                .curriculum
                .edit(&teacher)
                .map_err(|error| format!("the edit at position {}: {error}", edit.position)),
        }
    }
}

fn install(curriculum: &mut Curriculum, fit: Fit) {
    curriculum.install(fit).expect("a job that was just handed out is awaited");
}

/// As it is written down: equal texts are equal bits.
fn written(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("what came from JSON goes back to JSON")
}

fn summary(fit: &Fit) -> String {
    let candidates = fit.candidates.len();
    match &fit.mixture {
        None => format!("no mixture of {candidates} tried"),
        Some(mixture) => format!(
            "{} components of {candidates} numbers tried, the first with weight {} and mean {:?}",
            mixture.components(),
            mixture.weights()[0],
            mixture.means().row(0).to_vec()
        ),
    }
}
