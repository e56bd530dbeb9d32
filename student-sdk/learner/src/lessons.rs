//! The exchange with the teacher: outcomes go in, tasks come out, in an order that depends on nothing but the run.
//!
//! A run's exchanges are numbered, and so are the requests that they make: a learner that is restored from a checkpoint repeats
//! them and gets the recorded answers. Groups of walkers hand in at every exchange and pick up what they
//! asked for two exchanges later, so that nobody waits for the teacher unless it is slower than that.

use magister_student::{Curriculum, End, Error, Outcome, Played, Task};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Exchanges from handing in to picking up.
pub(crate) const LAG: usize = 2;
/// Tasks and outcomes that one call may have, by the contract.
const MOST_A_CALL: usize = 1000;

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The task's name.
    pub(crate) task: String,
    pub(crate) result: TaskResult,
}

/// How a task went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum TaskResult {
    /// It was played.
    Played {
        #[serde(rename = "return")]
        return_: f64,
        length: u32,
        terminated: bool,
        /// Environment steps that the learner had taken.
        student_step: u64,
    },
    /// No track can be made of it.
    Infeasible { message: String },
}

/// What a group brings to an exchange.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HandIn {
    pub(crate) reports: Vec<Report>,
    /// Tasks wanted.
    pub(crate) wanted: usize,
}

/// A group's place at the exchange.
#[derive(Debug)]
pub(crate) struct Desk {
    hand_in: mpsc::UnboundedSender<HandIn>,
    pick_up: mpsc::UnboundedReceiver<Vec<Task>>,
}

/// The exchange is closed: whoever keeps it knows why.
#[derive(Debug)]
pub(crate) struct Closed;

/// The calls of a run.
#[derive(Clone, Debug)]
pub(crate) struct Teacher {
    pub(crate) curriculum: Curriculum,
    /// Distinguishes this run's requests from those of others.
    pub(crate) run: String,
}

impl Desk {
    pub(crate) fn hand_in(&self, hand_in: HandIn) -> Result<(), Closed> {
        self.hand_in.send(hand_in).map_err(|_| Closed)
    }

    /// Waits for the tasks of the earliest exchange that were not yet picked up. Not from within a runtime.
    pub(crate) fn pick_up(&mut self) -> Result<Vec<Task>, Closed> {
        self.pick_up.blocking_recv().ok_or(Closed)
    }
}

impl Teacher {
    /// Opens desks for as many groups, and keeps so many exchanges with the numbers from `first` on.
    pub(crate) fn open(
        &self,
        runtime: &Handle,
        first: u64,
        exchanges: usize,
        groups: usize,
    ) -> (Vec<Desk>, JoinHandle<Result<(), Error>>) {
        let mut desks = Vec::with_capacity(groups);
        let mut windows = Vec::with_capacity(groups);
        for _ in 0..groups {
            let (hand_in, handed_in) = mpsc::unbounded_channel();
            let (given, pick_up) = mpsc::unbounded_channel();
            desks.push(Desk { hand_in, pick_up });
            windows.push((handed_in, given));
        }
        let teacher = self.clone();
        let kept = runtime.spawn(async move {
            for exchange in (first..).take(exchanges) {
                let mut reports = Vec::new();
                let mut wanted = Vec::with_capacity(windows.len());
                for (handed_in, _) in &mut windows {
                    // A group that is gone has an error of its own.
                    let Some(hand_in) = handed_in.recv().await else { return Ok(()) };
                    reports.extend(hand_in.reports);
                    wanted.push(hand_in.wanted);
                }
                let mut tasks = teacher.exchange(exchange, reports, wanted.iter().sum()).await?.into_iter();
                for ((_, given), wanted) in windows.iter().zip(wanted) {
                    if given.send(tasks.by_ref().take(wanted).collect()).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        (desks, kept)
    }

    /// Reports, then asks for so many tasks.
    pub(crate) async fn exchange(
        &self,
        number: u64,
        reports: Vec<Report>,
        wanted: usize,
    ) -> Result<Vec<Task>, Error> {
        self.report(reports.into_iter().map(Report::into_outcome).collect()).await?;
        let mut tasks = Vec::with_capacity(wanted);
        for (part, begin) in (0..wanted).step_by(MOST_A_CALL).enumerate() {
            let count = (wanted - begin).min(MOST_A_CALL) as u32;
            let id = format!("{}/{number}/{part}", self.run);
            let given = self.curriculum.ask_again(count, id).await?;
            if given.len() != count as usize {
                return Err(Error::Answer("it holds another number of tasks than were asked for"));
            }
            tasks.extend(given);
        }
        Ok(tasks)
    }

    /// Gives tasks back that nobody will play to their end.
    pub(crate) async fn give_back(&self, tasks: impl Iterator<Item = &str>) -> Result<(), Error> {
        let given_back = |task: &str| (Played::Task(task.to_owned()), Outcome::abandoned("training is over"));
        self.report(tasks.map(given_back).collect()).await
    }

    async fn report(&self, outcomes: Vec<(Played, Outcome)>) -> Result<(), Error> {
        for part in outcomes.chunks(MOST_A_CALL) {
            self.curriculum.report(part.iter().cloned()).await?;
        }
        Ok(())
    }
}

impl Report {
    fn into_outcome(self) -> (Played, Outcome) {
        let outcome = match self.result {
            TaskResult::Played { return_, length, terminated, student_step } => Outcome::completed(return_)
                .length(length.into())
                .end(if terminated { End::Terminated } else { End::Truncated })
                .student_step(student_step),
            TaskResult::Infeasible { message } => Outcome::infeasible(message),
        };
        (Played::Task(self.task), outcome)
    }
}

/// A task's number in its curriculum.
pub(crate) fn number(task: &Task) -> Result<u64, Error> {
    let number = task.name().rsplit('/').next().and_then(|number| number.parse().ok());
    number.ok_or(Error::Answer("a task's name does not end in its number"))
}
