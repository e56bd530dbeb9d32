//! The owner's task: takes one message after another, changes the ledger, and commits.

use std::{
    collections::HashSet,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use magister_core::fit::Fit;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    DatedDistribution, Description, GivenTask, Identity, Loaded, Message, Queued, RequestKey, StepAnswer,
    Surroundings, hash,
};
use crate::{
    error::{Invalid, ServiceError},
    ledger::{Ledger, Receipt, StepInput, StepRefusal, StoredTask, Subject},
    metrics::{Counted, Share, Stopwatch},
    records::{Record, RequestRecord},
    store::{Commit, StoreError},
    wire::names,
};

/// A fit under way: its result and the seconds it took.
type RunningFit = JoinHandle<(Fit, f64)>;

/// The state of an owner's task.
pub(super) struct Desk {
    surroundings: Surroundings,
    identity: Identity,
    ledger: Ledger,
    requests: HashSet<u64>,
    epoch: u64,
    /// Set from the store's thread when a commit failed: memory is ahead of the disk.
    broken: Arc<AtomicBool>,
    /// Fits run one after another, in their order.
    fit: Option<RunningFit>,
    /// What has changed since the last commit.
    records: Vec<Record>,
    last_snapshot: u64,
    /// This curriculum's leases among those of the server.
    open_tasks: Share,
    /// Tells those who watch which fit took effect last.
    fit_in_effect: watch::Sender<u64>,
    /// Set when the curriculum is deleted.
    deleted: Arc<AtomicBool>,
}

impl Desk {
    pub(super) fn new(
        surroundings: Surroundings,
        identity: Identity,
        loaded: Loaded,
        fit_in_effect: watch::Sender<u64>,
        deleted: Arc<AtomicBool>,
    ) -> Self {
        Self {
            last_snapshot: loaded.snapshot_position,
            open_tasks: Share::of(&surroundings.metrics.open_tasks),
            ledger: loaded.ledger,
            requests: loaded.requests,
            surroundings,
            identity,
            epoch: 0,
            broken: Arc::new(AtomicBool::new(false)),
            fit: None,
            records: Vec::new(),
            fit_in_effect,
            deleted,
        }
    }

    /// Takes messages until it is told to stop, or nobody can send any.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Queued>) {
        loop {
            self.start_fit();
            let deadline = self.ledger.next_deadline_ms().map(|at_ms| self.surroundings.clock.instant(at_ms));
            tokio::select! {
                message = messages.recv() => {
                    let Some((message, _)) = message else { break };
                    if self.broken.load(Ordering::Acquire) && let Err(error) = self.restore().await {
                        message.refuse(&ServiceError::Store(error));
                        continue;
                    }
                    self.expire();
                    match message {
                        Message::Stop { reply } => {
                            self.leave_snapshot().await;
                            let _ = reply.send(());
                            return;
                        }
                        Message::Delete { reply } => {
                            let deleted = self.surroundings.store.delete(self.identity.key).await;
                            let ended = deleted.is_ok();
                            let _ = reply.send(deleted.map_err(ServiceError::Store));
                            if ended {
                                self.deleted.store(true, Ordering::Release);
                                self.refuse_the_rest(messages);
                                return;
                            }
                        }
                        message => self.handle(message).await,
                    }
                }
                fit = running(&mut self.fit) => {
                    self.install(fit);
                    self.commit(|_| ()).await;
                }
                () = until(deadline) => {
                    self.expire();
                    self.commit(|_| ()).await;
                }
            }
        }
    }

    /// Ends the leases that have run out.
    fn expire(&mut self) {
        let expired = self.ledger.expire(self.surroundings.clock.now_ms(), &mut self.records);
        self.surroundings.metrics.expiries.inc_by(expired);
    }

    /// Tells the calls behind a deletion that the curriculum is gone.
    fn refuse_the_rest(&self, mut messages: mpsc::Receiver<Queued>) {
        messages.close();
        while let Ok((message, _)) = messages.try_recv() {
            message.refuse(&ServiceError::CurriculumNotFound(self.identity.name.to_string()));
        }
    }

    async fn handle(&mut self, message: Message) {
        match message {
            Message::Step { step, request, reply } => match self.step(step, request).await {
                Ok(answer) => {
                    self.commit(move |written| {
                        let _ = reply.send(written.map(|()| answer));
                    })
                    .await;
                }
                Err(error) => {
                    let _ = reply.send(Err(error));
                    self.commit(|_| ()).await;
                }
            },
            Message::Edit { edit, reply } => {
                match self.ledger.edit(self.surroundings.clock.now_ms(), *edit) {
                    Ok(record) => {
                        self.records.extend(record);
                        let description = self.description();
                        self.commit(move |written| {
                            let _ = reply.send(written.map(|()| description));
                        })
                        .await;
                    }
                    Err(error) => {
                        let field = format!("alp_gmm.{}", error.field);
                        let refused = ServiceError::invalid(Invalid::Teacher, field, error.problem);
                        let _ = reply.send(Err(refused));
                    }
                }
            }
            // Reads wait for the commits before them too: they must not tell what may yet be lost.
            Message::Describe { reply } => {
                let description = self.description();
                self.commit(move |written| {
                    let _ = reply.send(written.map(|()| description));
                })
                .await;
            }
            Message::Task { number, reply } => {
                let answer = self.task(number).await;
                self.commit(move |written| {
                    let _ = reply.send(written.and(answer));
                })
                .await;
            }
            Message::Distribution { reply } => {
                let answer = self.distribution().await;
                self.commit(move |written| {
                    let _ = reply.send(written.map(|()| answer));
                })
                .await;
            }
            Message::Delete { .. } | Message::Stop { .. } => unreachable!("the loop takes these itself"),
        }
    }

    /// Takes one step: all of it, or none.
    async fn step(
        &mut self,
        step: StepInput,
        request: Option<RequestKey>,
    ) -> Result<StepAnswer, ServiceError> {
        if let Some(request) = &request
            && self.requests.contains(&hash(&request.id))
            && let Some(answer) = self.past_answer(request).await?
        {
            return Ok(answer);
        }
        let mut closed = self
            .surroundings
            .store
            .tasks(self.identity.key, self.ledger.closed_tasks(&step.outcomes))
            .await?;
        self.ledger.check(&step, &closed).map_err(|refusal| self.refused(refusal, &step))?;
        let now_ms = self.surroundings.clock.now_ms();
        let mut receipts = Vec::with_capacity(step.outcomes.len());
        for outcome in step.outcomes {
            while self.ledger.fits_overdue() {
                self.await_fit().await;
            }
            let known = match outcome.subject {
                Subject::HandedOut { number, .. } => closed.get(&number),
                Subject::Unsolicited { .. } => None,
            };
            let receipt = self.ledger.accept(now_ms, outcome, known, &mut self.records);
            if !receipt.duplicate {
                self.surroundings.metrics.outcomes.inc();
            }
            closed.insert(receipt.outcome.task, receipt.as_stored());
            receipts.push(receipt);
        }
        let mut tasks = Vec::with_capacity(step.count as usize);
        while tasks.len() < step.count as usize {
            let stopwatch = Stopwatch::start();
            match self.ledger.hand_out(now_ms, &step.student, &step.worker, step.lease_ms) {
                Ok(task) => {
                    stopwatch.observe(&self.surroundings.metrics.sampling);
                    self.surroundings.metrics.tasks.inc();
                    self.records.push(Record::Task(Arc::clone(&task.record)));
                    tasks.push(GivenTask::Open(task));
                }
                Err(_fit_pending) => self.await_fit().await,
            }
        }
        let position = self.ledger.position();
        if let Some(RequestKey { id, fingerprint }) = request {
            self.requests.insert(hash(&id));
            self.records.push(Record::Request(RequestRecord {
                id,
                fingerprint,
                position,
                reported: receipts.iter().map(|receipt: &Receipt| receipt.outcome.task).collect(),
                sampled: tasks
                    .iter()
                    .map(|task| match task {
                        GivenTask::Open(task) => task.record.number,
                        GivenTask::Closed(task) => task.record.number,
                    })
                    .collect(),
            }));
        }
        Ok(StepAnswer { receipts, tasks, position })
    }

    /// The answer to a request that came before, if it did.
    async fn past_answer(&self, request: &RequestKey) -> Result<Option<StepAnswer>, ServiceError> {
        let Some(past) = self.surroundings.store.request(self.identity.key, Arc::clone(&request.id)).await?
        else {
            return Ok(None);
        };
        if past.request.fingerprint != request.fingerprint {
            return Err(ServiceError::RequestIdReused(request.id.to_string()));
        }
        let missing = || ServiceError::Internal(format!("tasks of request {:?} are missing", request.id));
        let stored = |number: &u64| past.tasks.get(number).cloned().ok_or_else(missing);
        let receipts = past.request.reported.iter().map(|number| {
            let StoredTask { record, outcome } = stored(number)?;
            Ok(Receipt { task: record, outcome: outcome.ok_or_else(missing)?, duplicate: true })
        });
        let tasks = past.request.sampled.iter().map(|number| {
            Ok(match self.ledger.open_task(*number) {
                Some(open) => GivenTask::Open(open.clone()),
                None => GivenTask::Closed(stored(number)?),
            })
        });
        Ok(Some(StepAnswer {
            receipts: receipts.collect::<Result<_, ServiceError>>()?,
            tasks: tasks.collect::<Result<_, ServiceError>>()?,
            position: past.request.position,
        }))
    }

    fn refused(&self, refusal: StepRefusal, step: &StepInput) -> ServiceError {
        let curriculum = self.identity.name.to_string();
        match refusal {
            StepRefusal::UnknownTask { outcome, number } => {
                let task = names::of_task(&curriculum, number);
                ServiceError::TaskNotFound { curriculum, task, outcome: Some(outcome) }
            }
            StepRefusal::Paused => ServiceError::Paused(curriculum),
            StepRefusal::TooManyOpenTasks { open, limit } => {
                ServiceError::TooManyOpenTasks { student: step.student.to_string(), open, limit }
            }
        }
    }

    fn description(&self) -> Description {
        let curriculum = self.ledger.curriculum();
        Description {
            name: Arc::clone(&self.identity.name),
            charter: Arc::clone(&self.identity.charter),
            created_ms: self.identity.created_ms,
            teacher: curriculum.teacher_params(),
            live: self.ledger.live().clone(),
            position: self.ledger.position(),
            tasks: curriculum.tasks(),
            episodes: curriculum.episodes(),
            open_tasks: self.ledger.open_tasks(),
            fits: self.ledger.fits(),
        }
    }

    async fn task(&self, number: u64) -> Result<GivenTask, ServiceError> {
        if let Some(open) = self.ledger.open_task(number) {
            return Ok(GivenTask::Open(open.clone()));
        }
        let stored = self.surroundings.store.tasks(self.identity.key, vec![number]).await?.remove(&number);
        stored.map(GivenTask::Closed).ok_or_else(|| {
            let curriculum = self.identity.name.to_string();
            let task = names::of_task(&curriculum, number);
            ServiceError::TaskNotFound { curriculum, task, outcome: None }
        })
    }

    async fn distribution(&mut self) -> DatedDistribution {
        // What the next task is drawn from: a fit that this task would wait for is waited for here too.
        while self.ledger.curriculum().fit_awaited() {
            self.await_fit().await;
        }
        let curriculum = self.ledger.curriculum();
        DatedDistribution { episodes: curriculum.episodes(), distribution: curriculum.distribution() }
    }

    /// Starts the next fit that is due, unless one is running.
    fn start_fit(&mut self) {
        if self.fit.is_some() {
            return;
        }
        let Some(job) = self.ledger.next_fit_job() else { return };
        let permits = Arc::clone(&self.surroundings.fit_permits);
        let metrics = Arc::clone(&self.surroundings.metrics);
        self.fit = Some(tokio::spawn(async move {
            let _running = Counted::new(&metrics.fits_running);
            let _permit = permits.acquire_owned().await.expect("nobody closes the semaphore of fits");
            tokio::task::spawn_blocking(move || {
                let started = Instant::now();
                let fit = job.run();
                (fit, started.elapsed().as_secs_f64())
            })
            .await
            .expect("a fit does not panic")
        }));
    }

    /// Waits for a fit and installs it.
    async fn await_fit(&mut self) {
        self.start_fit();
        let fit = running(&mut self.fit).await;
        self.install(fit);
        self.start_fit();
    }

    fn install(&mut self, (fit, seconds): (Fit, f64)) {
        tracing::debug!(curriculum = %self.identity.name, fit = fit.number, seconds, "fit finished");
        self.surroundings.metrics.fit.observe(seconds);
        self.records.push(self.ledger.install(self.surroundings.clock.now_ms(), fit, seconds));
    }

    /// Sends what has changed to the disk; `done` is called once it is there, or has failed to get there.
    async fn commit(&mut self, done: impl FnOnce(Result<(), ServiceError>) + Send + 'static) {
        self.open_tasks.set(self.ledger.open_tasks());
        let fit_in_effect = self.ledger.curriculum().fit_in_effect();
        self.fit_in_effect
            .send_if_modified(|latest| std::mem::replace(latest, fit_in_effect) != fit_in_effect);
        if self.ledger.position() >= self.last_snapshot + self.surroundings.snapshot_events {
            self.last_snapshot = self.ledger.position();
            self.records.push(self.ledger.snapshot());
        }
        let broken = Arc::clone(&self.broken);
        let commit = Commit {
            curriculum: self.identity.key,
            epoch: self.epoch,
            records: std::mem::take(&mut self.records),
            done: Box::new(move |written| {
                if written.is_err() {
                    broken.store(true, Ordering::Release);
                }
                done(written.map_err(ServiceError::Store));
            }),
        };
        self.surroundings.store.commit(commit).await;
    }

    /// Goes back to what is on disk after a write that failed.
    async fn restore(&mut self) -> Result<(), StoreError> {
        if let Some(fit) = self.fit.take() {
            // Its window may be of episodes that never happened.
            let _ = fit.await;
        }
        self.records.clear();
        // Whatever of this epoch still waits in the queue must be refused before the disk is read.
        let _ = self.surroundings.store.tasks(self.identity.key, vec![0]).await?;
        let loaded = Loaded::read(&self.surroundings, &self.identity).await?;
        self.ledger = loaded.ledger;
        self.requests = loaded.requests;
        self.last_snapshot = loaded.snapshot_position;
        self.epoch += 1;
        self.broken.store(false, Ordering::Release);
        tracing::info!(curriculum = %self.identity.name, "restored from the store after a failed write");
        Ok(())
    }

    async fn leave_snapshot(&mut self) {
        if self.ledger.position() > self.last_snapshot {
            self.records.push(self.ledger.snapshot());
        }
        let (done, written) = oneshot::channel();
        self.commit(move |result| {
            let _ = done.send(result);
        })
        .await;
        if let Ok(Err(error)) = written.await {
            tracing::warn!(curriculum = %self.identity.name, %error, "could not leave a snapshot; the journal is whole");
        }
    }
}

/// Waits for the running fit; for ever if there is none.
async fn running(fit: &mut Option<RunningFit>) -> (Fit, f64) {
    match fit {
        None => pending().await,
        Some(handle) => {
            let result = handle.await.expect("a fit does not panic");
            *fit = None;
            result
        }
    }
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        None => pending().await,
        Some(deadline) => tokio::time::sleep_until(deadline).await,
    }
}
