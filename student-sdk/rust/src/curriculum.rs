//! One curriculum of a server: asking for tasks and telling what came of them.

use std::sync::Arc;

use magister_proto::v1;

use crate::{
    client::Client,
    distribution::Distribution,
    error::Error,
    info::CurriculumInfo,
    outcome::{Outcome, Receipt},
    task::{Played, Task},
};

/// A handle of a curriculum; clones share the connection.
#[derive(Clone, Debug)]
pub struct Curriculum {
    pub(crate) client: Client,
    pub(crate) name: Arc<str>,
    pub(crate) student: Arc<str>,
    pub(crate) worker: Arc<str>,
}

impl Curriculum {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name: name.into(), student: "".into(), worker: "".into() }
    }

    /// The same curriculum on behalf of a student and one of its workers.
    pub fn on_behalf_of(&self, student: &str, worker: &str) -> Self {
        Self { student: student.into(), worker: worker.into(), ..self.clone() }
    }

    /// `curricula/{curriculum}`.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Asks for a task. Waits while the curriculum is paused or the server is away.
    ///
    /// # Errors
    /// [`Error::Refused`], or [`Error::GaveUp`] if the server stays away.
    pub async fn ask(&self) -> Result<Task, Error> {
        self.ask_many(1).await?.pop().ok_or(Error::Answer("no task came"))
    }

    /// Asks for up to 1,000 tasks at once. Tasks asked for early are stale by the time they are played: ask
    /// for few.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn ask_many(&self, count: u32) -> Result<Vec<Task>, Error> {
        self.ask_again(count, self.client.request_id()).await
    }

    /// Asks with an id of one's own, at most 128 bytes: the same id with the same count gives the same tasks, for as
    /// long as the curriculum exists. A learner that is restored from its checkpoint repeats its calls so.
    ///
    /// # Errors
    /// As [`Curriculum::ask`]; [`Error::Refused`] with [`Reason::RequestIdReused`](crate::Reason::RequestIdReused) if
    /// the id came with another count, student or worker before.
    pub async fn ask_again(&self, count: u32, request_id: impl Into<String>) -> Result<Vec<Task>, Error> {
        let request = v1::SampleTasksRequest {
            curriculum: self.name.to_string(),
            count,
            student: self.student.to_string(),
            worker: self.worker.to_string(),
            request_id: request_id.into(),
            lease_duration: None,
        };
        let answer = self
            .client
            .call(request, |mut rpc, request| async move { rpc.sample_tasks(request).await })
            .await?;
        answer.tasks.into_iter().map(Task::try_from).collect()
    }

    /// Tells what came of a task. Telling again is harmless: the first time counts.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn tell(&self, task: &Task, outcome: Outcome) -> Result<Receipt, Error> {
        self.tell_many([(task, outcome)]).await?.pop().ok_or(Error::Answer("no receipt came"))
    }

    /// Tells what came of up to 1,000 tasks, in the order in which they are to count: all or, if one is
    /// refused, none.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn tell_many<'a>(
        &self,
        outcomes: impl IntoIterator<Item = (&'a Task, Outcome)>,
    ) -> Result<Vec<Receipt>, Error> {
        let outcomes = outcomes.into_iter().map(|(task, outcome)| outcome.into_wire(task.name().to_owned()));
        self.report_wire(outcomes.collect()).await
    }

    /// Tells what came of up to 1,000 tasks by their names, or of parameters that the teacher did not hand out, in the
    /// order in which they are to count: all or, if one is refused, none.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn report(
        &self,
        outcomes: impl IntoIterator<Item = (Played, Outcome)>,
    ) -> Result<Vec<Receipt>, Error> {
        let outcomes = outcomes.into_iter().map(|(played, outcome)| match played {
            Played::Task(name) => outcome.into_wire(name),
            Played::Unsolicited(parameters) => outcome.unsolicited(&parameters, &self.student, &self.worker),
        });
        self.report_wire(outcomes.collect()).await
    }

    async fn report_wire(&self, outcomes: Vec<v1::EpisodeOutcome>) -> Result<Vec<Receipt>, Error> {
        if outcomes.is_empty() {
            return Ok(Vec::new());
        }
        // Reports of tasks that were handed out are harmless to repeat as they are; each id is kept for ever.
        let all_handed_out = outcomes.iter().all(|outcome| !outcome.task.is_empty());
        let request_id = if all_handed_out { String::new() } else { self.client.request_id() };
        let request = v1::ReportEpisodesRequest { curriculum: self.name.to_string(), outcomes, request_id };
        let answer = self
            .client
            .call(request, |mut rpc, request| async move { rpc.report_episodes(request).await })
            .await?;
        Ok(answer.receipts.into_iter().map(Receipt::from).collect())
    }

    /// What the teacher samples from now.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn distribution(&self) -> Result<Distribution, Error> {
        self.distribution_wire(0).await?.try_into()
    }

    /// Describes the curriculum.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn describe(&self) -> Result<CurriculumInfo, Error> {
        self.describe_wire().await?.try_into()
    }

    pub(crate) async fn describe_wire(&self) -> Result<v1::Curriculum, Error> {
        let request = v1::GetCurriculumRequest { name: self.name.to_string() };
        self.client.call(request, |mut rpc, request| async move { rpc.get_curriculum(request).await }).await
    }
}
