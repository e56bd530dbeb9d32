//! What callers see of a mailbox that is full: they are sent away with the wait, and nothing is lost by it.

use std::{collections::BTreeSet, path::Path, time::Duration};

use tokio::{sync::Semaphore, task::yield_now};
use tonic::Code;
use tonic_types::StatusExt;

use super::*;
use crate::{
    clock::Clock,
    owner::{MAILBOX, Surroundings},
    store::{Store, StoreThread},
};

const NAME: &str = "curricula/busy";
/// Calls beyond those that the mailbox holds.
const TOO_MANY: usize = 100;

struct Service {
    rpc: TeacherRpc,
    registry: Arc<Registry>,
    store: Store,
    thread: StoreThread,
}

impl Service {
    async fn start(folder: &Path) -> Self {
        let (store, thread) = Store::open(folder, Arc::default()).expect("the folder can be used");
        let surroundings = Surroundings {
            metrics: Arc::default(),
            store: store.clone(),
            clock: Clock::start(),
            fit_permits: Arc::new(Semaphore::new(1)),
            snapshot_events: 1000,
        };
        let registry = Arc::new(Registry::open(surroundings, 10).await.expect("the store can be read"));
        Self { rpc: TeacherRpc::new(Arc::clone(&registry)), registry, store, thread }
    }

    async fn stop(self) {
        self.registry.stop().await;
        tokio::task::spawn_blocking(move || self.thread.close()).await.expect("the store closes");
    }

    async fn describe(&self) -> v1::Curriculum {
        let request = v1::GetCurriculumRequest { name: NAME.into() };
        self.rpc.get_curriculum(Request::new(request)).await.expect("it is there").into_inner()
    }
}

async fn create(rpc: &TeacherRpc) {
    let x = v1::dimension::Kind::Continuous(v1::dimension::Continuous { low: 0.0, high: 1.0 });
    let dimension = v1::Dimension { name: "x".into(), kind: Some(x), ..Default::default() };
    let random = v1::teacher_spec::Algorithm::Random(v1::RandomTeacher {});
    let request = v1::CreateCurriculumRequest {
        curriculum_id: "busy".into(),
        curriculum: Some(v1::Curriculum {
            space: Some(v1::TaskSpace { dimensions: vec![dimension] }),
            teacher: Some(v1::TeacherSpec { algorithm: Some(random) }),
            ..Default::default()
        }),
        request_id: String::new(),
    };
    rpc.create_curriculum(Request::new(request)).await.expect("the request is a good one");
}

async fn ask(rpc: TeacherRpc, number: usize) -> Result<v1::Task, Status> {
    let request = v1::SampleTasksRequest {
        curriculum: NAME.into(),
        request_id: format!("ask {number}"),
        ..Default::default()
    };
    Ok(rpc.sample_tasks(Request::new(request)).await?.into_inner().tasks.remove(0))
}

async fn tell(rpc: TeacherRpc) -> Result<v1::EpisodeReceipt, Status> {
    let completed = v1::episode_outcome::Completed { episode_return: 1.0, ..Default::default() };
    let outcome = v1::EpisodeOutcome {
        task: format!("{NAME}/tasks/1"),
        outcome: Some(v1::episode_outcome::Outcome::Completed(completed)),
        ..Default::default()
    };
    let request =
        v1::ReportEpisodesRequest { curriculum: NAME.into(), outcomes: vec![outcome], ..Default::default() };
    Ok(rpc.report_episodes(Request::new(request)).await?.into_inner().receipts.remove(0))
}

#[tokio::test]
async fn a_full_mailbox_sends_callers_away_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let service = Service::start(folder.path()).await;
    create(&service.rpc).await;
    ask(service.rpc.clone(), 0).await.expect("nobody else asks");
    let receipt = tell(service.rpc.clone()).await.expect("it was handed out");

    // The store stands still, and with it the owner, who looks up the task that is reported again.
    let hold = service.store.hold_up().await;
    let looked_up = tokio::spawn(tell(service.rpc.clone()));
    for _ in 0..100 {
        yield_now().await;
    }
    let calls: Vec<_> =
        (1..=MAILBOX + TOO_MANY).map(|number| tokio::spawn(ask(service.rpc.clone(), number))).collect();
    for _ in 0..10_000 {
        yield_now().await;
    }
    let sent_away: Vec<bool> = calls.iter().map(tokio::task::JoinHandle::is_finished).collect();
    assert_eq!(sent_away.iter().filter(|&&sent_away| sent_away).count(), TOO_MANY);
    assert!(!looked_up.is_finished());

    drop(hold);
    let again = looked_up.await.expect("no panic").expect("it is answered when the store goes on");
    assert_eq!(again, v1::EpisodeReceipt { duplicate: true, ..receipt });
    let mut names = BTreeSet::new();
    for (index, (call, sent_away)) in calls.into_iter().zip(sent_away).enumerate() {
        let task = match call.await.expect("no panic") {
            Ok(task) => {
                assert!(!sent_away);
                task
            }
            Err(status) => {
                assert!(sent_away, "{status:?}");
                assert_eq!(status.code(), Code::ResourceExhausted);
                let details = status.get_error_details();
                assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some("OVERLOADED"));
                let wait = details.retry_info().and_then(|retry| retry.retry_delay);
                assert!(wait.is_some_and(|wait| wait > Duration::ZERO));
                ask(service.rpc.clone(), index + 1).await.expect("there is room now")
            }
        };
        let repeated = ask(service.rpc.clone(), index + 1).await.expect("it was answered before");
        assert_eq!(repeated.name, task.name);
        assert!(names.insert(task.name), "each call got a task of its own");
    }

    let described = service.describe().await;
    let asked = (MAILBOX + TOO_MANY) as u64;
    assert_eq!((described.tasks, described.open_tasks, described.position), (asked + 1, asked, asked + 2));
    service.stop().await;
    let service = Service::start(folder.path()).await;
    assert_eq!(service.describe().await, described);
    service.stop().await;
}
