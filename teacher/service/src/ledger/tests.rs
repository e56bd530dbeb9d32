//! Leases and outcomes on a clock that the test moves.

use magister_core::{
    curriculum::CurriculumSettings,
    space::{Dimension, TaskSpace},
    teacher::TeacherParams,
};

use super::*;
use crate::records::Completed;

const LEASE_MS: u64 = 60_000;
const START_MS: UnixMillis = 1_000_000;

struct Desk {
    ledger: Ledger,
    records: Vec<Record>,
}

impl Desk {
    fn new(change: impl FnOnce(&mut LiveSettings)) -> Self {
        let mut live = LiveSettings {
            display_name: String::new(),
            mastery_threshold: None,
            lease_ms: LEASE_MS,
            max_open_tasks: 3,
            max_staleness_episodes: None,
            paused: false,
        };
        change(&mut live);
        let space = TaskSpace::new(vec![Dimension::continuous("a", 0.0, 1.0)]).unwrap();
        let settings = CurriculumSettings {
            space: Arc::new(space),
            teacher: TeacherParams::Random,
            seed: 1,
            return_range: None,
        };
        let ledger = Ledger::new(&Charter {
            algorithm_version: 1,
            settings,
            test_set: Vec::new(),
            live,
            forked_from: None,
        })
        .unwrap();
        Self { ledger, records: Vec::new() }
    }

    fn hand_out(&mut self, now_ms: UnixMillis) -> OpenTask {
        self.ledger.hand_out(now_ms, &"s".into(), &"w".into(), None).unwrap()
    }

    fn report(&mut self, now_ms: UnixMillis, task: &OpenTask) -> Receipt {
        let number = task.record.number;
        let stored = StoredTask { record: Arc::clone(&task.record), outcome: None };
        self.ledger.accept(now_ms, outcome(number), Some(&stored), &mut self.records)
    }

    /// Numbers of the tasks that expire by `now_ms`.
    fn expire(&mut self, now_ms: UnixMillis) -> Vec<u64> {
        self.records.clear();
        self.ledger.expire(now_ms, &mut self.records);
        let expiry = |record: &Record| match record {
            Record::Expiry(expiry) => expiry.task,
            other => panic!("{other:?} is no expiry"),
        };
        self.records.iter().map(expiry).collect()
    }

    fn pause(&mut self, now_ms: UnixMillis, paused: bool) {
        let edit = LiveEdit { paused: Some(paused), ..LiveEdit::default() };
        assert!(self.ledger.edit(now_ms, edit).unwrap().is_some());
    }
}

fn outcome(number: u64) -> OutcomeInput {
    let completed =
        Completed { episode_return: 1.0, length: None, end: None, success: None, student_step: None };
    OutcomeInput {
        subject: Subject::HandedOut { number, played: None },
        result: OutcomeResult::Completed(completed),
    }
}

fn step(outcomes: Vec<OutcomeInput>, count: u32) -> StepInput {
    StepInput { outcomes, count, student: "s".into(), worker: "w".into(), lease_ms: None }
}

#[test]
fn leases_run_out_in_the_order_of_their_deadlines() {
    let mut desk = Desk::new(|_| ());
    for late_ms in [0, 10, 5] {
        desk.hand_out(START_MS + late_ms);
    }
    assert_eq!(desk.ledger.next_deadline_ms(), Some(START_MS + LEASE_MS));
    assert!(desk.expire(START_MS + LEASE_MS - 1).is_empty());
    assert_eq!(desk.expire(START_MS + LEASE_MS + 7), [1, 3]);
    assert_eq!(desk.ledger.position(), 5);
    assert_eq!(desk.expire(START_MS + LEASE_MS + 10), [2]);
    assert_eq!(desk.ledger.next_deadline_ms(), None);
}

#[test]
fn a_report_after_the_lease_counts_once_and_is_flagged() {
    let mut desk = Desk::new(|_| ());
    let task = desk.hand_out(START_MS);
    assert_eq!(desk.expire(START_MS + LEASE_MS), [1]);
    let receipt = desk.report(START_MS + LEASE_MS + 1, &task);
    assert!(receipt.outcome.late && !receipt.duplicate);
    assert_eq!(receipt.outcome.episode, Some(1));

    let stored = receipt.as_stored();
    let again = desk.ledger.accept(START_MS + LEASE_MS + 2, outcome(1), Some(&stored), &mut desk.records);
    assert!(again.duplicate);
    assert_eq!(again.outcome, receipt.outcome);
    assert_eq!(desk.ledger.curriculum().episodes(), 1);
}

#[test]
fn a_report_on_the_last_millisecond_is_not_late() {
    let mut desk = Desk::new(|_| ());
    let task = desk.hand_out(START_MS);
    assert!(desk.expire(START_MS + LEASE_MS - 1).is_empty());
    assert!(!desk.report(START_MS + LEASE_MS - 1, &task).outcome.late);
    assert!(desk.expire(START_MS + 10 * LEASE_MS).is_empty());
}

#[test]
fn lease_clocks_stand_still_during_a_pause() {
    let mut desk = Desk::new(|_| ());
    desk.hand_out(START_MS);
    desk.pause(START_MS + 10_000, true);
    assert_eq!(desk.ledger.next_deadline_ms(), None);
    assert!(desk.expire(START_MS + 100 * LEASE_MS).is_empty());
    assert_eq!(desk.ledger.check(&step(Vec::new(), 1), &HashMap::new()), Err(StepRefusal::Paused));
    assert_eq!(desk.ledger.check(&step(vec![outcome(1)], 0), &HashMap::new()), Ok(()));

    let resumed_ms = START_MS + 100 * LEASE_MS;
    desk.pause(resumed_ms, false);
    assert!(desk.expire(resumed_ms + LEASE_MS - 10_001).is_empty());
    assert_eq!(desk.expire(resumed_ms + LEASE_MS - 10_000), [1]);
}

#[test]
fn a_student_may_hold_only_so_many_tasks() {
    let mut desk = Desk::new(|_| ());
    for _ in 0..2 {
        desk.hand_out(START_MS);
    }
    let nothing = HashMap::new();
    assert_eq!(desk.ledger.check(&step(Vec::new(), 1), &nothing), Ok(()));
    let refused = Err(StepRefusal::TooManyOpenTasks { open: 2, limit: 3 });
    assert_eq!(desk.ledger.check(&step(Vec::new(), 2), &nothing), refused);
    // What the same step reports makes room, counted once.
    assert_eq!(desk.ledger.check(&step(vec![outcome(1), outcome(1)], 2), &nothing), Ok(()));
    assert_eq!(desk.ledger.check(&step(vec![outcome(1), outcome(1)], 3), &nothing), refused);
    let other = StepInput { student: "t".into(), ..step(Vec::new(), 3) };
    assert_eq!(desk.ledger.check(&other, &nothing), Ok(()));
}

#[test]
fn unknown_tasks_are_named() {
    let desk = Desk::new(|_| ());
    let refused = desk.ledger.check(&step(vec![outcome(9)], 0), &HashMap::new());
    assert_eq!(refused, Err(StepRefusal::UnknownTask { outcome: 0, number: 9 }));
    assert_eq!(desk.ledger.closed_tasks(&[outcome(9), outcome(3), outcome(9)]), [3, 9]);
}

#[test]
fn stale_reports_are_refused_for_good_where_there_is_a_limit() {
    let mut desk = Desk::new(|live| live.max_staleness_episodes = Some(1));
    let tasks: Vec<OpenTask> = (0..3).map(|_| desk.hand_out(START_MS)).collect();
    assert_eq!(desk.report(START_MS, &tasks[0]).outcome.episode, Some(1));
    assert_eq!(desk.report(START_MS, &tasks[1]).outcome.episode, Some(2));
    let stale = desk.report(START_MS, &tasks[2]).outcome;
    assert_eq!((&stale.result, stale.episode), (&OutcomeResult::Stale, None));
    assert_eq!(desk.ledger.curriculum().episodes(), 2);
    assert_eq!(desk.ledger.open_tasks(), 0);
}

#[test]
fn an_edit_that_changes_nothing_is_no_event() {
    let mut desk = Desk::new(|_| ());
    let edit = LiveEdit { paused: Some(false), lease_ms: Some(LEASE_MS), ..LiveEdit::default() };
    assert_eq!(desk.ledger.edit(START_MS, edit), Ok(None));
    assert_eq!(desk.ledger.position(), 0);
}
