//! The owner of one curriculum: a task that alone holds its ledger, with a bounded mailbox before it.
//!
//! Calls are taken strictly in the order of the mailbox. Each changes the ledger at once; its answer leaves
//! when its records are on disk. A fit runs on a thread of its own while calls go on; only a call that needs
//! its result first waits for it, and then all behind it do, so that the order of calls never depends on how
//! long a fit takes.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use magister_core::{
    fit::Fit,
    teacher::{DistributionShape, TaskDistribution, TeacherParams, alp_gmm},
};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::{
    clock::{Clock, UnixMillis},
    error::ServiceError,
    inspect::SharedOverview,
    ledger::{Ledger, LiveEdit, OpenTask, Receipt, StepInput, StoredTask},
    metrics::{Counted, Metrics},
    records::{Charter, CurriculumKey, LiveSettings},
    store::{Journal, RestoredLedger, Store, StoreError},
};

mod desk;

use desk::Desk;

/// Calls that may wait in a mailbox.
pub(crate) const MAILBOX: usize = 1024;

/// Way to the owner of a curriculum; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    key: CurriculumKey,
    name: Arc<str>,
    charter: Arc<Charter>,
    store: Store,
    fit_in_effect: watch::Receiver<u64>,
    mailbox: mpsc::Sender<Queued>,
    metrics: Arc<Metrics>,
    /// Kept for those who look; the owner's task knows nothing of it.
    overview: SharedOverview,
    /// Tells a deletion from the end of the server, once the mailbox is closed.
    deleted: Arc<AtomicBool>,
}

/// What an owner needs of its server.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// Limits how many fits run at once.
    pub(crate) fit_permits: Arc<Semaphore>,
    /// Events after which a snapshot is taken.
    pub(crate) snapshot_events: u64,
}

/// Which curriculum an owner is of.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) key: CurriculumKey,
    pub(crate) name: Arc<str>,
    pub(crate) charter: Arc<Charter>,
    pub(crate) created_ms: UnixMillis,
}

/// A request id with a fingerprint of the request's other fields.
#[derive(Clone, Debug)]
pub(crate) struct RequestKey {
    pub(crate) id: Arc<str>,
    pub(crate) fingerprint: u64,
}

/// Answer to a step.
#[derive(Clone, Debug)]
pub(crate) struct StepAnswer {
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) tasks: Vec<GivenTask>,
    pub(crate) position: u64,
}

/// A task as an answer shows it.
#[derive(Clone, Debug)]
pub(crate) enum GivenTask {
    Open(OpenTask),
    /// Handed out before, and no longer open: a repeated request asks for it.
    Closed(StoredTask),
}

/// A curriculum as an answer shows it.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) name: Arc<str>,
    pub(crate) charter: Arc<Charter>,
    pub(crate) created_ms: UnixMillis,
    pub(crate) teacher: TeacherParams,
    pub(crate) live: LiveSettings,
    pub(crate) position: u64,
    pub(crate) tasks: u64,
    pub(crate) episodes: u64,
    pub(crate) open_tasks: u64,
    pub(crate) fits: u64,
}

/// A distribution with the number of episodes it follows from.
#[derive(Clone, Debug)]
pub(crate) struct DatedDistribution {
    pub(crate) episodes: u64,
    pub(crate) distribution: TaskDistribution,
}

impl DatedDistribution {
    /// What a recorded fit over so many task axes brought, with the ratio of exploration beside it.
    pub(crate) fn of_fit(fit: &Fit, axes: usize, exploration_ratio: f64) -> Self {
        let shape = alp_gmm::fit_shape(fit, axes);
        let has_odds = matches!(&shape, DistributionShape::Mixture { components, .. }
            if components.iter().any(|component| component.odds > 0.0));
        let exploration_probability = if has_odds { exploration_ratio } else { 1.0 };
        Self {
            episodes: fit.effect_episode,
            distribution: TaskDistribution { exploration_probability, shape },
        }
    }
}

/// The share of tasks that a teacher explores with where it has something better to do.
pub(crate) fn exploration_ratio(params: &TeacherParams) -> f64 {
    match params {
        TeacherParams::Random => 1.0,
        TeacherParams::AlpGmm(params) | TeacherParams::CovarGmm(params) => params.random_task_ratio,
        TeacherParams::Riac(params) => params.random_task_ratio,
        TeacherParams::Oracle(_) | TeacherParams::Currot(_) => 0.0,
    }
}

/// A call in a mailbox, counted while it is there.
type Queued = (Message, Counted);

type Reply<T> = oneshot::Sender<Result<T, ServiceError>>;

#[derive(Debug)]
enum Message {
    Step { step: StepInput, request: Option<RequestKey>, reply: Reply<StepAnswer> },
    Describe { reply: Reply<Description> },
    Distribution { reply: Reply<DatedDistribution> },
    Task { number: u64, reply: Reply<GivenTask> },
    Edit { edit: Box<LiveEdit>, reply: Reply<Description> },
    Delete { reply: Reply<()> },
    Stop { reply: oneshot::Sender<()> },
}

impl Owner {
    /// Starts the owner of a curriculum whose ledger is what the store holds.
    pub(crate) fn start(surroundings: Surroundings, identity: Identity, loaded: Loaded) -> Self {
        let (mailbox, messages) = mpsc::channel(MAILBOX);
        let (fit_sender, fit_in_effect) = watch::channel(loaded.ledger.curriculum().fit_in_effect());
        let owner = Self {
            key: identity.key,
            name: Arc::clone(&identity.name),
            charter: Arc::clone(&identity.charter),
            store: surroundings.store.clone(),
            fit_in_effect,
            mailbox,
            metrics: Arc::clone(&surroundings.metrics),
            overview: SharedOverview::default(),
            deleted: Arc::default(),
        };
        let desk = Desk::new(surroundings, identity, loaded, fit_sender, Arc::clone(&owner.deleted));
        tokio::spawn(desk.run(messages));
        owner
    }

    /// What the curriculum was created with.
    pub(crate) fn charter(&self) -> &Arc<Charter> {
        &self.charter
    }

    /// Name of the curriculum.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether both lead to the same curriculum, not only to one of the same name.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.mailbox.same_channel(&other.mailbox)
    }

    /// Accepts outcomes and hands out tasks.
    pub(crate) async fn step(
        &self,
        step: StepInput,
        request: Option<RequestKey>,
    ) -> Result<StepAnswer, ServiceError> {
        self.ask(|reply| Message::Step { step, request, reply }).await
    }

    /// The same without waiting for the answer; waits only for room in the mailbox.
    pub(crate) async fn hand_over(
        &self,
        step: StepInput,
        request: Option<RequestKey>,
    ) -> Result<Waiting<StepAnswer>, ServiceError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.mailbox.send(self.queued(Message::Step { step, request, reply })).await;
        sent.map_err(|_| self.gone())?;
        Ok(Waiting(answer))
    }

    /// Waits until the owner takes no more calls, and says why: deleted, or shutting down.
    pub(crate) async fn end(&self) -> ServiceError {
        self.mailbox.closed().await;
        self.gone()
    }

    /// Describes the curriculum.
    pub(crate) async fn describe(&self) -> Result<Description, ServiceError> {
        self.ask(|reply| Message::Describe { reply }).await
    }

    /// What tasks are drawn from now.
    pub(crate) async fn distribution(&self) -> Result<DatedDistribution, ServiceError> {
        self.ask(|reply| Message::Distribution { reply }).await
    }

    /// A task and where it is in its life.
    pub(crate) async fn given_task(&self, number: u64) -> Result<GivenTask, ServiceError> {
        self.ask(|reply| Message::Task { number, reply }).await
    }

    /// Number of the fit that took effect last, as it changes.
    pub(crate) fn fit_in_effect(&self) -> watch::Receiver<u64> {
        self.fit_in_effect.clone()
    }

    /// Row of the curriculum in the store.
    pub(crate) fn key(&self) -> CurriculumKey {
        self.key
    }

    /// What the server counts.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What has come of it so far, as far as somebody has looked.
    pub(crate) fn overview(&self) -> &SharedOverview {
        &self.overview
    }

    /// The store, for what goes there beside the owner.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Reads what is on disk, beside the owner.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Journal) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        Ok(self.store.read(read).await?)
    }

    /// Changes live settings.
    pub(crate) async fn edit(&self, edit: LiveEdit) -> Result<Description, ServiceError> {
        self.ask(|reply| Message::Edit { edit: Box::new(edit), reply }).await
    }

    /// Deletes the curriculum; calls behind this one find it gone.
    pub(crate) async fn delete(&self) -> Result<(), ServiceError> {
        self.ask(|reply| Message::Delete { reply }).await
    }

    /// Lets it finish what waits, leave a snapshot, and end.
    pub(crate) async fn stop(&self) {
        let (reply, stopped) = oneshot::channel();
        if self.mailbox.send(self.queued(Message::Stop { reply })).await.is_ok() {
            let _ = stopped.await;
        }
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, ServiceError> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(self.queued(message(reply))).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                self.metrics.shed.inc();
                ServiceError::Overloaded(self.name.to_string())
            }
            mpsc::error::TrySendError::Closed(_) => self.gone(),
        })?;
        Waiting(answer).answer().await
    }

    fn queued(&self, message: Message) -> Queued {
        (message, Counted::new(&self.metrics.mailboxes))
    }

    fn gone(&self) -> ServiceError {
        match self.deleted.load(Ordering::Acquire) {
            true => ServiceError::CurriculumNotFound(self.name.to_string()),
            false => ServiceError::ShuttingDown,
        }
    }
}

/// A call that is in the mailbox.
#[derive(Debug)]
pub(crate) struct Waiting<T>(oneshot::Receiver<Result<T, ServiceError>>);

impl<T> Waiting<T> {
    /// Waits for the answer.
    pub(crate) async fn answer(self) -> Result<T, ServiceError> {
        // An owner that ends drops what still waits: the server is shutting down.
        self.0.await.map_err(|_| ServiceError::ShuttingDown)?
    }
}

/// A curriculum's state as read from the store.
#[derive(Debug)]
pub(crate) struct Loaded {
    ledger: Ledger,
    /// Hashes of the request ids used so far.
    requests: HashSet<u64>,
    /// Position of the latest snapshot on disk.
    snapshot_position: u64,
}

impl Loaded {
    /// Reads a curriculum.
    pub(crate) async fn read(surroundings: &Surroundings, identity: &Identity) -> Result<Self, StoreError> {
        let (key, charter) = (identity.key, Arc::clone(&identity.charter));
        let now_ms = surroundings.clock.now_ms();
        let ledger = surroundings.store.read(move |journal| journal.ledger(key, &charter, now_ms));
        let requests = surroundings.store.read(move |journal| {
            let mut requests = HashSet::new();
            journal.visit_request_ids(key, |id| {
                requests.insert(hash(id));
            })?;
            Ok(requests)
        });
        let (RestoredLedger { ledger, snapshot_position }, requests) = tokio::try_join!(ledger, requests)?;
        Ok(Self { ledger, requests, snapshot_position })
    }

    /// Number of the last event.
    pub(crate) fn position(&self) -> u64 {
        self.ledger.position()
    }

    /// A curriculum that was just created.
    pub(crate) fn fresh(ledger: Ledger) -> Self {
        Self { ledger, requests: HashSet::new(), snapshot_position: 0 }
    }
}

impl Message {
    fn refuse(self, error: &ServiceError) {
        let error = error.clone();
        match self {
            Self::Step { reply, .. } => drop(reply.send(Err(error))),
            Self::Describe { reply } | Self::Edit { reply, .. } => drop(reply.send(Err(error))),
            Self::Task { reply, .. } => drop(reply.send(Err(error))),
            Self::Distribution { reply } => drop(reply.send(Err(error))),
            Self::Delete { reply } => drop(reply.send(Err(error))),
            Self::Stop { reply } => drop(reply.send(())),
        }
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
