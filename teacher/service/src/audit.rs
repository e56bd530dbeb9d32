//! What holds in every journal, checked record by record: of a file that is imported, and of a store that is
//! verified.
//!
//! An audit follows the order of events with one byte a task, and says what is wrong with a record by itself or with
//! its place. Whether the algorithm would have done the same is not its business (see `verify`), and it writes
//! nothing.

use std::sync::Arc;

use magister_core::fit::Fit;

use crate::{
    clock::UnixMillis,
    error::Violation,
    records::{
        Charter, EditRecord, ExpiryRecord, FitRecord, OutcomeRecord, OutcomeResult, RequestRecord,
        TaskRecord, TaskSource,
    },
    store::StoredEvaluation,
    wire,
};

/// The end of the year 9999, beyond which a time cannot be written.
pub(crate) const MAX_MS: UnixMillis = 253_402_300_799_999;
/// Longest message of a worker, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024;
/// Most numbers missing in a row that are passed over: more are no gap but nonsense.
const MAX_GAP: u64 = 1_000_000;

/// What is wrong with a record.
pub(crate) type Problem = String;

/// Follows the records of one curriculum.
#[derive(Debug)]
pub(crate) struct Audit {
    charter: Arc<Charter>,
    position: u64,
    /// Of the task with number 1 first.
    tasks: Vec<Standing>,
    episodes: u64,
    fits: u64,
    /// Episode at which the latest fit fell due.
    due_episode: u64,
    /// Highest number of a fit that a task was drawn from.
    drawn_fit: u64,
    rounds: u64,
    is_paused: bool,
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Open,
    Expired,
    /// Reported without having been handed out; its outcome follows.
    Unsolicited,
    Reported,
}

/// Checks what a curriculum was created with, beyond what its types promise.
///
/// # Errors
/// The first problem.
pub(crate) fn check_charter(charter: &Charter) -> Result<(), Problem> {
    magister_core::curriculum::Curriculum::new(charter.settings.clone())
        .map_err(|error| error.to_string())?;
    wire::curriculum::check_live(&charter.live).map_err(told)?;
    let space = &charter.settings.space;
    if charter.test_set.len() > wire::curriculum::MAX_TEST_TASKS {
        return Err(format!("the test set has {} tasks", charter.test_set.len()));
    }
    if !charter.test_set.iter().all(|task| space.contains(task)) {
        return Err("a test task lies outside of the space".to_owned());
    }
    if let Some(fork) = &charter.forked_from {
        wire::names::curriculum_id("forked_from", &fork.curriculum)
            .map_err(|_| "the name of the curriculum it was forked from is none".to_owned())?;
        let seeds = &fork.earlier_seeds;
        let rise = seeds.windows(2).all(|pair| {
            pair[0].position <= pair[1].position
                && pair[0].tasks <= pair[1].tasks
                && pair[0].episodes <= pair[1].episodes
        });
        if !rise || seeds.last().is_some_and(|last| last.position > fork.position) {
            return Err("its earlier seeds are out of order".to_owned());
        }
    }
    Ok(())
}

impl Audit {
    /// Of a curriculum without records.
    pub(crate) fn new(charter: Arc<Charter>) -> Self {
        Self {
            is_paused: charter.live.paused,
            charter,
            position: 0,
            tasks: Vec::new(),
            episodes: 0,
            fits: 0,
            due_episode: 0,
            drawn_fit: 0,
            rounds: 0,
        }
    }

    /// Number of the last event.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Tasks so far.
    pub(crate) fn task_count(&self) -> u64 {
        self.tasks.len() as u64
    }

    /// Accepted episodes so far.
    pub(crate) fn episodes(&self) -> u64 {
        self.episodes
    }

    /// Fits so far.
    pub(crate) fn fits(&self) -> u64 {
        self.fits
    }

    /// Numbers of the tasks under lease.
    pub(crate) fn open_tasks(&self) -> Vec<u64> {
        let open = self.tasks.iter().zip(1..).filter(|&(&standing, _)| standing == Standing::Open);
        open.map(|(_, number)| number).collect()
    }

    /// # Errors
    /// All problems, in one sentence; the audit goes on behind the record. So do those of the other records.
    pub(crate) fn task(&mut self, task: &TaskRecord) -> Result<(), Problem> {
        let mut problems = Problems::of(format!("task {}", task.number));
        self.advance(task.position, &mut problems);
        let expected = self.task_count() + 1;
        problems.require(task.number == expected, || format!("task {expected} is missing before it"));
        while task.number > self.task_count() + 1 && task.number - expected < MAX_GAP {
            self.tasks.push(Standing::Reported);
        }
        let is_sampled = task.source != TaskSource::Unsolicited;
        if task.number == self.task_count() + 1 {
            self.tasks.push(if is_sampled { Standing::Open } else { Standing::Unsolicited });
        }
        problems
            .require(self.charter.settings.space.contains(&task.task), || "lies outside of the space".into());
        problems.require(task.sampled_at_episode == self.episodes, || {
            format!("was sampled at episode {} instead of {}", task.sampled_at_episode, self.episodes)
        });
        problems.require(!(is_sampled && self.is_paused), || "was handed out during a pause".into());
        let is_leased = match is_sampled {
            true => wire::LEASE_MS.contains(&task.lease_ms),
            false => task.lease_ms == 0,
        };
        problems.require(is_leased, || format!("has a lease of {} ms", task.lease_ms));
        problems.require(task.created_ms <= MAX_MS, || "has an impossible time".into());
        for (what, label) in [("student", &task.student), ("worker", &task.worker)] {
            let checked = wire::label(what, label.to_string());
            problems.require(checked.is_ok(), || format!("has a {what} with a name that is too long"));
        }
        if let TaskSource::Sampled { origin, probability } = task.source {
            problems.require((0.0..=1.0).contains(&probability), || format!("has probability {probability}"));
            if let magister_core::teacher::Origin::Component { fit, .. } = origin {
                self.drawn_fit = self.drawn_fit.max(fit);
            }
        }
        problems.told()
    }

    /// An outcome.
    pub(crate) fn outcome(&mut self, outcome: &OutcomeRecord) -> Result<(), Problem> {
        let mut problems = Problems::of(format!("the outcome of task {}", outcome.task));
        self.advance(outcome.position, &mut problems);
        match self.standing(outcome.task) {
            None => problems.add("there is no such task".into()),
            Some(standing) => {
                let is_late = *standing == Standing::Expired;
                let is_known = *standing == Standing::Reported;
                *standing = Standing::Reported;
                problems.require(!is_known, || "the task had an outcome before".into());
                problems.require(outcome.late == is_late || is_known, || {
                    format!("is {}marked late", if outcome.late { "" } else { "not " })
                });
            }
        }
        let counts = matches!(outcome.result, OutcomeResult::Completed(_) | OutcomeResult::Infeasible { .. });
        self.episodes += u64::from(counts);
        let expected = counts.then_some(self.episodes);
        problems.require(outcome.episode == expected, || {
            format!("is episode {:?} instead of {expected:?}", outcome.episode)
        });
        match &outcome.result {
            OutcomeResult::Completed(completed) => {
                let fits_i64 =
                    |number: Option<u64>| number.is_none_or(|number| i64::try_from(number).is_ok());
                problems.require(completed.episode_return.is_finite(), || "has no finite return".into());
                problems.require(fits_i64(completed.length) && fits_i64(completed.student_step), || {
                    "has an impossible length or student step".into()
                });
            }
            OutcomeResult::Infeasible { message } | OutcomeResult::Abandoned { message } => {
                problems.require(message.len() <= MAX_MESSAGE_BYTES, || "has too long a message".into());
            }
            OutcomeResult::Stale => {}
        }
        let space = &self.charter.settings.space;
        problems.require(outcome.played.as_ref().is_none_or(|played| space.contains(played)), || {
            "was played outside of the space".into()
        });
        let is_measure = |number: f64| number.is_finite() && number >= 0.0;
        problems.require(outcome.alp.is_none_or(is_measure), || format!("has ALP {:?}", outcome.alp));
        problems.require(
            outcome.nearest.is_none_or(|nearest| {
                (1..self.episodes).contains(&nearest.number) && is_measure(nearest.distance)
            }),
            || format!("has the nearest episode {:?}", outcome.nearest),
        );
        problems.require(outcome.accepted_ms <= MAX_MS, || "has an impossible time".into());
        problems.told()
    }

    /// The end of a lease.
    pub(crate) fn expiry(&mut self, expiry: &ExpiryRecord) -> Result<(), Problem> {
        let mut problems = Problems::of(format!("the expiry of task {}", expiry.task));
        self.advance(expiry.position, &mut problems);
        match self.standing(expiry.task) {
            Some(standing @ Standing::Open) => *standing = Standing::Expired,
            _ => problems.add("the task had no lease".into()),
        }
        problems.require(!self.is_paused, || "fell into a pause".into());
        problems.require(expiry.expired_ms <= MAX_MS, || "has an impossible time".into());
        problems.told()
    }

    /// An edit.
    pub(crate) fn edit(&mut self, edit: &EditRecord) -> Result<(), Problem> {
        let mut problems = Problems::of(format!("the edit at position {}", edit.position));
        self.advance(edit.position, &mut problems);
        if let Err(violation) = wire::curriculum::check_live(&edit.live) {
            problems.add(told(violation));
        }
        problems.require(edit.edited_ms <= MAX_MS, || "has an impossible time".into());
        self.is_paused = edit.live.paused;
        problems.told()
    }

    /// A fit, once the episode at which it fell due has come.
    pub(crate) fn fit(&mut self, record: &FitRecord) -> Result<(), Problem> {
        let Fit { number, due_episode, effect_episode, .. } = *record.fit;
        let mut problems = Problems::of(format!("fit {number}"));
        let expected = self.fits + 1;
        problems.require(number == expected, || format!("fit {expected} is missing before it"));
        self.fits = number;
        problems.require(self.due_episode < due_episode && due_episode <= self.episodes, || {
            format!("fell due at episode {due_episode}, out of order")
        });
        problems.require(effect_episode >= due_episode, || "takes effect before it falls due".into());
        self.due_episode = due_episode;
        problems.require(record.seconds.is_finite() && record.seconds >= 0.0, || {
            format!("took {} s", record.seconds)
        });
        problems.require(record.created_ms <= MAX_MS, || "has an impossible time".into());
        problems.told()
    }

    /// A request with an id, once its events have come.
    pub(crate) fn request(&mut self, request: &RequestRecord) -> Result<(), Problem> {
        let mut problems = Problems::of(format!("request {:?}", request.id));
        let is_named = !request.id.is_empty() && wire::label("id", request.id.to_string()).is_ok();
        problems.require(is_named, || "has no id, or too long a one".into());
        problems
            .require(request.position <= self.position, || format!("is at position {}", request.position));
        for (what, numbers, must_be) in [
            ("reported", &request.reported, Some(Standing::Reported)),
            ("handed out", &request.sampled, None),
        ] {
            let mut is_there = |&number: &u64| {
                self.standing(number).is_some_and(|standing| must_be.is_none_or(|must| *standing == must))
            };
            let missing = numbers.iter().copied().find(|number| !is_there(number));
            if let Some(number) = missing {
                problems.add(format!("task {number}, which it {what}, is missing"));
            }
        }
        problems.told()
    }

    /// A round over the test set.
    pub(crate) fn evaluation(&mut self, evaluation: &StoredEvaluation) -> Result<(), Problem> {
        let mut problems = Problems::of(format!("evaluation {}", evaluation.round));
        self.rounds += 1;
        let expected = self.rounds;
        problems
            .require(evaluation.round == expected, || format!("evaluation {expected} is missing before it"));
        self.rounds = evaluation.round;
        let test_tasks = self.charter.test_set.len();
        let results = &evaluation.results;
        problems.require(
            results.windows(2).all(|pair| pair[0].test_task < pair[1].test_task)
                && results.last().is_none_or(|last| (last.test_task as usize) < test_tasks),
            || "has results of other test tasks, or out of order".into(),
        );
        problems.require(
            results.iter().all(|result| {
                result.episode_return.is_finite()
                    && result.length.is_none_or(|length| i64::try_from(length).is_ok())
            }),
            || "has a result that is not finite, or an impossible length".into(),
        );
        let is_complete = test_tasks > 0 && results.len() == test_tasks;
        problems.require(evaluation.completed_ms.is_some() == is_complete, || {
            format!("has {} of {test_tasks} results and is marked otherwise", results.len())
        });
        problems.require(
            evaluation.created_ms <= MAX_MS && evaluation.completed_ms.is_none_or(|at_ms| at_ms <= MAX_MS),
            || "has an impossible time".into(),
        );
        let labels = [("student", &evaluation.student), ("request id", &evaluation.request_id)];
        for (what, label) in labels {
            problems.require(wire::label(what, label.clone()).is_ok(), || format!("has too long a {what}"));
        }
        problems.require(i64::try_from(evaluation.student_step).is_ok(), || "has an impossible step".into());
        problems.told()
    }

    /// What only the whole journal shows.
    pub(crate) fn end(&self) -> Result<(), Problem> {
        let mut problems = Problems::of("the journal".to_owned());
        problems.require(self.drawn_fit <= self.fits, || {
            format!("has a task from fit {} and fits up to {} only", self.drawn_fit, self.fits)
        });
        if let Some(index) = self.tasks.iter().position(|&standing| standing == Standing::Unsolicited) {
            problems.add(format!("has no outcome of task {}, which was not handed out", index + 1));
        }
        if let Some(fork) = &self.charter.forked_from {
            problems.require(self.position >= fork.position, || {
                format!("ends at position {}, before the fork at {}", self.position, fork.position)
            });
        }
        problems.told()
    }

    fn advance(&mut self, position: u64, problems: &mut Problems) {
        let expected = self.position + 1;
        problems.require(position == expected, || format!("is at position {position}, expected {expected}"));
        self.position = position;
    }

    fn standing(&mut self, task: u64) -> Option<&mut Standing> {
        let index = usize::try_from(task.checked_sub(1)?).ok()?;
        self.tasks.get_mut(index)
    }
}

/// What is wrong with one record.
struct Problems {
    record: String,
    found: Vec<String>,
}

impl Problems {
    fn of(record: String) -> Self {
        Self { record, found: Vec::new() }
    }

    fn add(&mut self, problem: String) {
        self.found.push(problem);
    }

    fn require(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.found.push(problem());
        }
    }

    fn told(self) -> Result<(), Problem> {
        match self.found.is_empty() {
            true => Ok(()),
            false => Err(format!("{}: {}", self.record, self.found.join("; "))),
        }
    }
}

fn told(Violation { field, problem }: Violation) -> Problem {
    format!("{field} {problem}")
}
