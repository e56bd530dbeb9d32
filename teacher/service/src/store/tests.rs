//! A disk that does not take what is written, while a curriculum is played: nothing is acknowledged that is not there,
//! and afterwards it goes on as if nothing had happened.

use std::path::Path;

use magister_core::{
    curriculum::CurriculumSettings,
    space::{Dimension, TaskSpace},
    teacher::{TeacherParams, alp_gmm::AlpGmmParams},
};

use super::*;
use crate::{
    clock::Clock,
    error::ServiceError,
    ledger::{OutcomeInput, StepInput, Subject},
    owner::{GivenTask, Owner, RequestKey, StepAnswer, Surroundings},
    records::{Completed, LiveSettings, OutcomeResult},
    registry::Registry,
};

fn charter() -> Charter {
    let params = AlpGmmParams { fit_rate: 20, max_components: 3, ..AlpGmmParams::default() };
    Charter {
        algorithm_version: 1,
        settings: CurriculumSettings {
            space: Arc::new(TaskSpace::new(vec![Dimension::continuous("a", 0.0, 1.0).vector(2)]).unwrap()),
            teacher: TeacherParams::AlpGmm(params),
            seed: 1,
            return_range: None,
        },
        test_set: Vec::new(),
        live: LiveSettings {
            display_name: String::new(),
            mastery_threshold: None,
            lease_ms: 3_600_000,
            max_open_tasks: 10_000,
            max_staleness_episodes: None,
            paused: false,
        },
        forked_from: None,
    }
}

/// A server's inside without its network.
struct Inside {
    registry: Registry,
    store: Store,
    thread: StoreThread,
}

impl Inside {
    async fn open(folder: &Path) -> Self {
        let (store, thread) = Store::open(folder, Arc::default()).unwrap();
        let fit_permits = Arc::new(tokio::sync::Semaphore::new(2));
        let surroundings = Surroundings {
            store: store.clone(),
            clock: Clock::start(),
            metrics: Arc::default(),
            fit_permits,
            snapshot_events: 25,
        };
        Self { registry: Registry::open(surroundings, 10).await.unwrap(), store, thread }
    }

    async fn create(&self) -> Owner {
        self.registry.create("a", charter(), None, 0).await.unwrap();
        self.registry.owner("a").await.unwrap()
    }

    /// Runs SQL on the connection that writes.
    async fn pragma(&self, sql: &'static str) {
        self.store.run(move |connection| Ok(connection.execute_batch(sql)?)).await.unwrap();
    }

    /// Ends it; its owners must be gone.
    async fn close(self) {
        self.registry.stop().await;
        drop((self.registry, self.store));
        tokio::task::spawn_blocking(move || self.thread.close()).await.unwrap();
    }
}

/// Reports the tasks held and asks for another, with a request id.
async fn step(owner: &Owner, number: u64, held: &mut Vec<u64>) -> Result<StepAnswer, ServiceError> {
    let completed = |&number: &u64| OutcomeInput {
        subject: Subject::HandedOut { number, played: None },
        result: OutcomeResult::Completed(Completed {
            episode_return: (number as f64 * 0.7).sin(),
            length: None,
            end: None,
            success: None,
            student_step: None,
        }),
    };
    let input = StepInput {
        outcomes: held.iter().map(completed).collect(),
        count: 2,
        student: "s".into(),
        worker: "w".into(),
        lease_ms: None,
    };
    let key = RequestKey { id: format!("request {number}").into(), fingerprint: number };
    let answer = owner.step(input, Some(key)).await?;
    *held = answer
        .tasks
        .iter()
        .map(|task| match task {
            GivenTask::Open(task) => task.record.number,
            GivenTask::Closed(task) => task.record.number,
        })
        .collect();
    Ok(answer)
}

fn told(answer: &StepAnswer) -> String {
    let tasks: Vec<_> = answer
        .tasks
        .iter()
        .map(|task| match task {
            GivenTask::Open(task) => task.record.task.clone(),
            GivenTask::Closed(task) => task.record.task.clone(),
        })
        .collect();
    let alps: Vec<_> = answer.receipts.iter().map(|receipt| receipt.outcome.alp).collect();
    format!("{tasks:?} {alps:?} {}", answer.position)
}

/// Plays, at times with a file that cannot be written; gives the answers, and how often a step was refused.
async fn play(folder: &Path, is_read_only: impl Fn(u64) -> bool) -> (Vec<String>, u32) {
    let inside = Inside::open(folder).await;
    let owner = inside.create().await;
    let (mut held, mut answers, mut refused) = (Vec::new(), Vec::new(), 0);
    for number in 0..80 {
        if is_read_only(number) {
            let before = owner.describe().await.unwrap().position;
            inside.pragma("PRAGMA query_only = 1").await;
            for _ in 0..3 {
                let mut same = held.clone();
                match step(&owner, number, &mut same).await {
                    Err(ServiceError::Store(StoreError::ReadOnly(_))) => refused += 1,
                    other => panic!("{other:?}"),
                }
            }
            inside.pragma("PRAGMA query_only = 0").await;
            assert_eq!(owner.describe().await.unwrap().position, before, "nothing is half-applied");
        }
        answers.push(told(&step(&owner, number, &mut held).await.unwrap()));
    }
    drop(owner);
    inside.close().await;
    (answers, refused)
}

#[tokio::test]
async fn a_file_that_cannot_be_written_changes_nothing() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (expected, _) = play(whole.path(), |_| false).await;
    let (answers, refused) = play(broken.path(), |number| number % 13 == 5).await;
    assert_eq!((answers, refused), (expected, 18));
    let report = crate::verify_store(broken.path(), None).unwrap();
    assert!(report.is_sound(), "{report:#?}");
}

#[tokio::test]
async fn a_full_disk_is_told_and_room_is_used_at_once() {
    let (twin, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (twin_inside, inside) = (Inside::open(twin.path()).await, Inside::open(full.path()).await);
    let (twin_owner, owner) = (twin_inside.create().await, inside.create().await);
    let (mut twin_held, mut held) = (Vec::new(), Vec::new());
    let (mut expected, mut answers) = (Vec::new(), Vec::new());
    // No page more than there are.
    let limit = |store: Store| async move {
        let limit = |connection: &mut Connection| {
            let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            Ok(connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))?)
        };
        store.run(limit).await.unwrap()
    };
    let mut refused = 0;
    for number in 0..200 {
        limit(inside.store.clone()).await;
        expected.push(told(&step(&twin_owner, number, &mut twin_held).await.unwrap()));
        loop {
            match step(&owner, number, &mut held).await {
                Ok(answer) => {
                    answers.push(told(&answer));
                    break;
                }
                Err(ServiceError::Store(error)) => {
                    assert_eq!(error, StoreError::DiskFull);
                    refused += 1;
                    // Now and then it is tried again while the disk is full: a smaller write may get in.
                    if refused % 2 == 0 {
                        inside.pragma("PRAGMA max_page_count = 100000000").await;
                    }
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(refused > 10, "{refused}");
    assert_eq!(answers, expected);
    drop((twin_owner, owner));
    for (inside, folder) in [(twin_inside, twin), (inside, full)] {
        inside.close().await;
        let report = crate::verify_store(folder.path(), None).unwrap();
        assert!(report.is_sound(), "{report:#?}");
    }
}
