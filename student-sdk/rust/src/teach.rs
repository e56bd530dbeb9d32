//! Asking and telling over one stream, with many tasks in flight.
//!
//! A [`TeachStream`] is a handle; a [`driver`] task holds the connection, what was told and not yet acknowledged,
//! and what was asked and not yet answered. When the connection breaks, the driver makes another and sends exactly
//! those steps again, in their order and with their request ids: the server answers a step that it had taken with
//! what it answered then.

use std::{
    panic::resume_unwind,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    curriculum::Curriculum,
    error::Error,
    outcome::{Outcome, Receipt},
    task::Task,
};

mod driver;
mod step;

use driver::{Command, Driver, End};
use step::Told;

/// Most tasks that a stream may hold: what the contract lets one step ask for.
const WIDEST_WINDOW: u32 = 1000;

/// A stream of tasks and outcomes, open until it is finished or given up; see [`Curriculum::teach`].
#[derive(Debug)]
pub struct TeachStream {
    commands: mpsc::UnboundedSender<Command>,
    given: Mutex<mpsc::UnboundedReceiver<Result<Task, Error>>>,
    fate: Arc<OnceLock<Error>>,
    driver: JoinHandle<End>,
}

/// The receipt of an outcome that is on its way; need not be awaited.
#[derive(Debug)]
pub struct PendingReceipt {
    receipt: oneshot::Receiver<Result<Receipt, Error>>,
    fate: Arc<OnceLock<Error>>,
}

/// What a finished stream leaves behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Left {
    /// Tasks that were handed out and that nothing was told of, or nothing that the server took. They stay open
    /// until their leases run out; [`Curriculum::tell`] still takes their outcomes, such as
    /// [`Outcome::abandoned`].
    pub open_tasks: Vec<Task>,
    /// The curriculum's position after the last step that was answered; `None` if none was.
    pub position: Option<u64>,
}

/// Why a stream did not finish cleanly, and what it leaves behind.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} outcomes are not acknowledged: {error}", unacknowledged.len())]
pub struct Unfinished {
    /// What ended it.
    pub error: Error,
    /// What is left, but for the tasks of `unacknowledged`.
    pub left: Left,
    /// What was told and the server did not acknowledge, in the order of telling. Telling it again is harmless.
    pub unacknowledged: Vec<(Task, Outcome)>,
}

impl Curriculum {
    /// Opens a stream that holds at most `window` tasks, 1 to 1,000: those it has asked for, those that wait to be
    /// taken with [`TeachStream::ask`], and those that nothing was told of yet.
    ///
    /// Each outcome brings the next task in one round trip. With a window of 1 the teacher is asked only after it has
    /// heard the last outcome; with a wider one, as many environments can play at the same time, and tasks are asked
    /// for that much earlier. Unless the curriculum is paused meanwhile, the tasks depend only on the order of telling,
    /// never on how fast the answers come or how often the connection breaks.
    ///
    /// ```
    /// # use magister_student::{Client, CurriculumSpec, Dimension, Outcome};
    /// # fn play(height: f64) -> f64 { 100.0 - 40.0 * height }
    /// # let runtime = tokio::runtime::Runtime::new()?;
    /// # runtime.block_on(async {
    /// # let server = magister_tests::TestServer::start().await;
    /// # let client = Client::connect(server.uri()).await?;
    /// # let spec = CurriculumSpec::alp_gmm("walker").dimension(Dimension::continuous("height", 0.0, 3.0));
    /// # let curriculum = client.create_or_open(spec).await?;
    /// let stream = curriculum.on_behalf_of("walker-1", "worker-1").teach(1).await?;
    /// for episode in 1..=20 {
    ///     let Some(task) = stream.ask().await? else { break };
    ///     let return_ = play(task.f64("height")?);
    ///     if episode == 20 {
    ///         stream.stop_asking(); // so that the last outcome brings no task that nobody would play
    ///     }
    ///     stream.tell(&task, Outcome::completed(return_)); // awaiting it gives the receipt
    /// }
    /// let left = stream.finish().await?; // waits until everything told is on the server's disk
    /// assert!(left.open_tasks.is_empty());
    /// # assert_eq!(curriculum.describe().await?.episodes, 20);
    /// # Ok::<(), magister_student::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Options`] if the window is not 1 to 1,000. What the server says comes with the first task.
    pub async fn teach(&self, window: u32) -> Result<TeachStream, Error> {
        if !(1..=WIDEST_WINDOW).contains(&window) {
            return Err(Error::Options("a stream's window must be 1 to 1,000 tasks"));
        }
        let (commands, orders) = mpsc::unbounded_channel();
        let (giving, given) = mpsc::unbounded_channel();
        let fate = Arc::new(OnceLock::new());
        let driver = Driver::new(self, window, orders, giving, Arc::clone(&fate));
        Ok(TeachStream { commands, given: Mutex::new(given), fate, driver: tokio::spawn(driver.run()) })
    }
}

impl TeachStream {
    /// The next task, in the order of sampling; waits for one while the window is full, the curriculum paused or the
    /// server away. `None` after [`TeachStream::stop_asking`], once every task was given. May be called from several
    /// places at once and may be given up while it waits: no task is lost.
    ///
    /// # Errors
    /// [`Error::GaveUp`] if the server stayed away, or the curriculum paused, for as long as the client was to try;
    /// [`Error::Refused`] for good. The stream is at its end then; [`TeachStream::finish`] says what is left. An
    /// outcome that was refused while nobody awaited its receipt is reported here too, once, and the stream goes on.
    pub async fn ask(&self) -> Result<Option<Task>, Error> {
        match self.given.lock().await.recv().await {
            Some(Ok(task)) => Ok(Some(task)),
            Some(Err(error)) => Err(error),
            None => self.fate.get().map_or(Ok(None), |error| Err(error.clone())),
        }
    }

    /// Tells what came of a task, after everything that was told before, and asks for the next task if this one held
    /// a place in the window. It is sent whether or not the receipt is awaited.
    pub fn tell(&self, task: &Task, outcome: Outcome) -> PendingReceipt {
        let (reply, receipt) = oneshot::channel();
        // Where the driver is gone, the reply goes with the command, and the receipt tells why.
        let _ = self.commands.send(Command::Tell(Told { task: task.clone(), outcome, reply }));
        PendingReceipt { receipt, fate: Arc::clone(&self.fate) }
    }

    /// Asks for no further tasks: those handed out can still be taken and told of.
    pub fn stop_asking(&self) {
        let _ = self.commands.send(Command::StopAsking);
    }

    /// Waits until everything told is acknowledged, and says what is left. A stream that is dropped instead also
    /// delivers what was told, as long as the runtime lives, and says nothing.
    ///
    /// # Errors
    /// [`Unfinished`] if the stream failed, or the server stays away; telling what is unacknowledged again, by
    /// another stream or [`Curriculum::tell`], is harmless.
    pub async fn finish(self) -> Result<Left, Unfinished> {
        let _ = self.commands.send(Command::Finish);
        let End { left, unacknowledged, error } = self.driver.await.unwrap_or_else(|ended| {
            // It was not awaited in the runtime that it ran in, and that one is gone; or it has a bug.
            let error = ended.try_into_panic().map_or(Error::StreamEnded, |panic| resume_unwind(panic));
            End { left: Left::default(), unacknowledged: Vec::new(), error: Some(error) }
        });
        let mut given = self.given.into_inner();
        let unheard = std::iter::from_fn(|| given.try_recv().ok()).find_map(Result::err);
        match error.or(unheard) {
            None => Ok(left),
            Some(error) => Err(Unfinished { error, left, unacknowledged }),
        }
    }
}

impl Future for PendingReceipt {
    type Output = Result<Receipt, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receipt).poll(context).map(|receipt| {
            receipt.unwrap_or_else(|_| Err(self.fate.get().cloned().unwrap_or(Error::StreamEnded)))
        })
    }
}

impl From<Unfinished> for Error {
    fn from(unfinished: Unfinished) -> Self {
        unfinished.error
    }
}
