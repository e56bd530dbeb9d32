//! What runs behind a stream: one task that holds the connection and everything that is not yet answered.
//!
//! Every step that is sent stays in a queue until its answer has come. Two facts of the contract make that enough: a
//! step that was refused has changed nothing, and one that is sent again with its request id, or that reports what
//! was reported, gets its first answer. Steps are answered in their order, so that an error is always about the
//! first step of the queue.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
    time::Duration,
};

use magister_proto::v1::{self, teach_request::Message};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::Status;

use super::{
    Left,
    step::{Step, Told},
};
use crate::{
    client::Client,
    curriculum::Curriculum,
    error::{Error, Reason, Verdict, verdict},
    outcome::{Outcome, Receipt},
    retry::{FIRST_DELAY, LONGEST_DELAY},
    task::Task,
};

/// Steps that may wait in this process for the connection to take them; it bounds what is under way itself.
const OUTBOX: usize = 16;

/// What the handle tells the driver.
#[derive(Debug)]
pub(super) enum Command {
    Tell(Told),
    StopAsking,
    Finish,
}

/// How a stream ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) left: Left,
    pub(super) unacknowledged: Vec<(Task, Outcome)>,
    pub(super) error: Option<Error>,
}

/// How much more is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Tasks, one for each that is told of.
    Asking,
    /// Only receipts, of what is told and of what will be.
    Telling,
    /// Only receipts of what was told.
    Finishing,
}

/// Why a connection's part of the stream ended early.
enum Broken {
    /// By what the server or the transport says.
    Status(Status),
    /// The server's answer breaks the contract.
    Answer(Error),
}

pub(super) struct Driver {
    client: Client,
    open: v1::teach_request::Open,
    commands: mpsc::UnboundedReceiver<Command>,
    /// Gone when no task can come any more.
    giving: Option<mpsc::UnboundedSender<Result<Task, Error>>>,
    fate: Arc<OnceLock<Error>>,
    mode: Mode,
    unanswered: VecDeque<Step>,
    /// Steps of the queue that this connection has taken.
    sent: usize,
    /// Tasks that were handed out and not told of, in their order.
    held: Vec<Task>,
    /// Tasks whose outcome was refused: open on the server, and no longer in the window.
    refused: Vec<Task>,
    /// An outcome's refusal that nobody has heard of.
    unheard: Option<Error>,
    /// Tasks that are wanted and must not be asked for now.
    held_back: u32,
    /// When to ask for them; `None` while only an acknowledgement can make room.
    ask_again_at: Option<Instant>,
    paused_since: Option<Instant>,
    failing_since: Option<Instant>,
    failures: u32,
    position: Option<u64>,
}

impl Driver {
    pub(super) fn new(
        curriculum: &Curriculum,
        window: u32,
        commands: mpsc::UnboundedReceiver<Command>,
        giving: mpsc::UnboundedSender<Result<Task, Error>>,
        fate: Arc<OnceLock<Error>>,
    ) -> Self {
        let open = v1::teach_request::Open {
            curriculum: curriculum.name.to_string(),
            student: curriculum.student.to_string(),
            worker: curriculum.worker.to_string(),
        };
        let mut driver = Self {
            client: curriculum.client.clone(),
            open,
            commands,
            giving: Some(giving),
            fate,
            mode: Mode::Asking,
            unanswered: VecDeque::new(),
            sent: 0,
            held: Vec::new(),
            refused: Vec::new(),
            unheard: None,
            held_back: 0,
            ask_again_at: None,
            paused_since: None,
            failing_since: None,
            failures: 0,
            position: None,
        };
        driver.ask_for(window);
        driver
    }

    /// Runs until it is told to finish and has, or must give up.
    pub(super) async fn run(mut self) -> End {
        let error = loop {
            if self.unanswered.is_empty() {
                if self.mode == Mode::Finishing {
                    break self.unheard.take();
                }
                // A connection is made when there is something to send; until then nothing fails.
                self.failing_since = None;
                self.failures = 0;
                self.wait(self.ask_again_at).await;
                continue;
            }
            let again_at = match self.connection().await {
                Ok(()) => continue,
                Err(Broken::Answer(error)) => break Some(error),
                // Nothing is under way that it could concern.
                Err(Broken::Status(status))
                    if self.unanswered.is_empty() && matches!(verdict(&status), Verdict::Again(_)) =>
                {
                    continue;
                }
                Err(Broken::Status(status)) => match self.judge(status) {
                    Ok(again_at) => again_at,
                    Err(error) => break Some(error),
                },
            };
            while Instant::now() < again_at {
                self.wait(Some(again_at)).await;
            }
        };
        self.end(error).await
    }

    /// Takes the next command, or asks again for what was held back; returns at `until` at the latest.
    async fn wait(&mut self, until: Option<Instant>) {
        let until = match (until, self.ask_again_at) {
            (Some(until), Some(ask)) => Some(until.min(ask)),
            (until, ask) => until.or(ask),
        };
        tokio::select! {
            command = self.commands.recv(), if self.mode != Mode::Finishing => self.take(command),
            () = instant(until) => self.ask_if_due(),
        }
    }

    /// Makes a connection and works over it until all is done or it breaks.
    async fn connection(&mut self) -> Result<(), Broken> {
        let patience = self.client.patience();
        let late = || Status::deadline_exceeded(format!("no answer within {:?}", patience.call_timeout));
        let (outbox, requests) = mpsc::channel(OUTBOX);
        let open = v1::TeachRequest { message: Some(Message::Open(self.open.clone())) };
        outbox.try_send(open).expect("the outbox is empty and its other end is here");
        self.sent = 0;
        let mut rpc = self.client.rpc();
        let called = timeout(patience.call_timeout, rpc.teach(ReceiverStream::new(requests))).await;
        let mut answers = called.map_err(|_| late()).and_then(|called| called)?.into_inner();
        let mut deadline = Instant::now() + patience.call_timeout;
        let mut taking = true;
        loop {
            if self.unanswered.is_empty() && self.mode == Mode::Finishing {
                return Ok(());
            }
            let next = self.sent;
            tokio::select! {
                answer = answers.next() => {
                    let answer = answer.unwrap_or_else(|| Err(Status::unavailable("the server ended the stream")));
                    self.deliver(answer?)?;
                    deadline = Instant::now() + patience.call_timeout;
                }
                command = self.commands.recv(), if self.mode != Mode::Finishing => self.take(command),
                room = outbox.reserve(), if taking && next < self.unanswered.len() => match room {
                    Ok(room) => {
                        if next == 0 {
                            deadline = Instant::now() + patience.call_timeout;
                        }
                        room.send(self.unanswered[next].to_wire());
                        self.sent += 1;
                    }
                    // The answers will say why.
                    Err(_) => taking = false,
                },
                () = sleep_until(deadline), if self.sent > 0 => return Err(late().into()),
                () = instant(self.ask_again_at) => self.ask_if_due(),
            }
        }
    }

    fn take(&mut self, command: Option<Command>) {
        match command {
            Some(Command::Tell(told)) => {
                let place = self.held.iter().position(|task| task.name() == told.task.name());
                let freed = place.map(|place| self.held.remove(place)).is_some();
                let wanted = u32::from(freed && self.mode == Mode::Asking);
                // Behind those that are held back, so that tasks are asked for in one order.
                let count = if self.held_back > 0 { 0 } else { wanted };
                self.held_back += wanted - count;
                let step = self.step(Some(told), count);
                self.unanswered.push_back(step);
            }
            Some(Command::StopAsking) => self.stop_asking(Mode::Telling),
            // A handle that was dropped is one that is finished.
            Some(Command::Finish) | None => self.stop_asking(Mode::Finishing),
        }
    }

    fn stop_asking(&mut self, mode: Mode) {
        self.mode = mode;
        self.held_back = 0;
        self.ask_again_at = None;
        self.close_if_all_given();
    }

    fn close_if_all_given(&mut self) {
        if self.mode != Mode::Asking && self.unanswered.iter().all(|step| step.count == 0) {
            self.giving = None;
        }
    }

    fn ask_if_due(&mut self) {
        if self.ask_again_at.is_some_and(|at| at <= Instant::now()) {
            self.ask_again_at = None;
            let count = std::mem::take(&mut self.held_back);
            self.ask_for(count);
        }
    }

    fn ask_for(&mut self, count: u32) {
        if count > 0 {
            let step = self.step(None, count);
            self.unanswered.push_back(step);
        }
    }

    fn step(&self, told: Option<Told>, count: u32) -> Step {
        // Outcomes are harmless to repeat as they are.
        let request_id = if count > 0 { self.client.request_id() } else { String::new() };
        Step { told, count, request_id }
    }

    /// Hands on what the answer to the first step of the queue brings.
    fn deliver(&mut self, answer: v1::TeachResponse) -> Result<(), Broken> {
        let Some(step) = self.unanswered.pop_front_if(|_| self.sent > 0) else {
            return Err(Error::Answer("it answers a step that was not sent").into());
        };
        self.sent -= 1;
        self.failing_since = None;
        self.failures = 0;
        self.position = Some(answer.position);
        if answer.tasks.len() != step.count as usize
            || answer.receipts.len() != usize::from(step.told.is_some())
        {
            self.unanswered.push_front(step);
            return Err(Error::Answer("it has not as many receipts and tasks as the step wanted").into());
        }
        if step.count > 0 {
            self.paused_since = None;
        }
        for (told, receipt) in step.told.into_iter().zip(answer.receipts) {
            self.refused.retain(|task| task.name() != receipt.task);
            let _ = told.reply.send(Ok(Receipt::from(receipt)));
            if self.ask_again_at.is_none() && self.held_back > 0 {
                self.ask_again_at = Some(Instant::now());
            }
        }
        for task in answer.tasks {
            let task = Task::try_from(task).map_err(Broken::Answer)?;
            if let Some(giving) = &self.giving {
                let _ = giving.send(Ok(task.clone()));
            }
            self.held.push(task);
        }
        self.close_if_all_given();
        Ok(())
    }

    /// What follows from an error about the first step of the queue: when to go on, or why not to.
    fn judge(&mut self, status: Status) -> Result<Instant, Error> {
        let now = Instant::now();
        let retry_for = self.client.patience().retry_for;
        let verdict = verdict(&status);
        let error = Error::from(status);
        match (verdict, error.reason()) {
            (Verdict::Again(delay), Some(Reason::CurriculumPaused)) => {
                let since = *self.paused_since.get_or_insert(now);
                let again_at = now + delay.unwrap_or(LONGEST_DELAY);
                if self.mode == Mode::Asking && again_at.duration_since(since) > retry_for {
                    return Err(Error::GaveUp { tried_for: now - since, last: Box::new(error) });
                }
                // Outcomes are taken during a pause: they go on without their asks.
                self.hold_back();
                self.ask_again_at = (self.held_back > 0).then_some(again_at);
                Ok(now)
            }
            (Verdict::Again(delay), _) => {
                let since = *self.failing_since.get_or_insert(now);
                let again_at = now + delay.unwrap_or_else(|| backoff(self.failures));
                self.failures += 1;
                if again_at.duration_since(since) > retry_for {
                    return Err(Error::GaveUp { tried_for: now - since, last: Box::new(error) });
                }
                Ok(again_at)
            }
            (Verdict::Final, Some(Reason::TooManyOpenTasks)) => {
                self.hold_back();
                let room_may_come =
                    !self.held.is_empty() || self.unanswered.iter().any(|step| step.told.is_some());
                if self.mode == Mode::Asking && !room_may_come {
                    return Err(error);
                }
                Ok(now)
            }
            (
                Verdict::Final,
                Some(
                    Reason::InvalidOutcome
                    | Reason::InvalidTask
                    | Reason::InvalidRequest
                    | Reason::InvalidName
                    | Reason::TaskNotFound,
                ),
            ) => match self.unanswered.front_mut().and_then(|step| step.told.take()) {
                Some(told) => {
                    self.refuse(told, error);
                    Ok(now)
                }
                None => Err(error),
            },
            (Verdict::Final, _) => Err(error),
        }
    }

    /// Takes the ask out of the first step, which was refused for it.
    fn hold_back(&mut self) {
        if let Some(step) = self.unanswered.front_mut() {
            let count = std::mem::take(&mut step.count);
            step.request_id.clear();
            if step.told.is_none() {
                self.unanswered.pop_front();
            }
            if self.mode == Mode::Asking {
                self.held_back += count;
            }
            self.close_if_all_given();
        }
    }

    /// Gives back an outcome of the first step that the server refused; what else the step wanted stays wanted.
    fn refuse(&mut self, told: Told, error: Error) {
        if error.reason() != Some(&Reason::TaskNotFound) {
            self.refused.push(told.task);
        }
        if told.reply.send(Err(error.clone())).is_err() {
            match &self.giving {
                Some(giving) => drop(giving.send(Err(error))),
                None => drop(self.unheard.get_or_insert(error)),
            }
        }
        if let Some(step) = self.unanswered.pop_front()
            && step.count > 0
        {
            // Nothing was taken under the old id, and the fields differ now.
            let step = self.step(None, step.count);
            self.unanswered.push_front(step);
        }
    }

    /// Gives back what was not acknowledged: at once to who waits, and as a whole to who finishes.
    async fn end(mut self, error: Option<Error>) -> End {
        if let Some(error) = &error {
            // Before the tasks' channel closes: who finds it closed looks here.
            let _ = self.fate.set(error.clone());
        }
        self.giving = None;
        let mut unacknowledged = Vec::new();
        let mut give_back = |told: Told| {
            let _ = told.reply.send(Err(error.clone().unwrap_or(Error::StreamEnded)));
            unacknowledged.push((told.task, told.outcome));
        };
        self.unanswered.into_iter().filter_map(|step| step.told).for_each(&mut give_back);
        // A stream that failed is still told of the tasks that it gave.
        while self.mode != Mode::Finishing {
            match self.commands.recv().await {
                Some(Command::Tell(told)) => {
                    self.held.retain(|task| task.name() != told.task.name());
                    give_back(told);
                }
                Some(Command::StopAsking) => {}
                Some(Command::Finish) | None => self.mode = Mode::Finishing,
            }
        }
        let mut open_tasks = self.refused;
        open_tasks.extend(self.held);
        End { left: Left { open_tasks, position: self.position }, unacknowledged, error }
    }
}

impl From<Status> for Broken {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Answer(error)
    }
}

/// How long to wait after so many failures before this one: not at all after the first, for most are over then.
fn backoff(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_DELAY.saturating_mul(1 << doublings.min(16)).min(LONGEST_DELAY),
    }
}

async fn instant(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
