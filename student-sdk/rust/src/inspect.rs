//! Looking back: fits, episodes, and why a task was given.

use std::time::SystemTime;

use magister_proto::v1;
use serde::Serialize;

use crate::{
    curriculum::Curriculum,
    distribution::{Component, Distribution, read_component},
    episode::{Episode, Origin, TaskState},
    error::Error,
    task::{Parameters, read_parameters},
    written,
};

/// The result of one fit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fit {
    /// From 1.
    pub number: u64,
    /// Accepted episodes when it fell due: its window ends there.
    pub due_episode: u64,
    /// Accepted episodes when it took effect, or will.
    pub effect_episode: u64,
    /// When it was finished.
    #[serde(serialize_with = "written::optional_time")]
    pub create_time: Option<SystemTime>,
    /// What it took on the server's clock, in seconds.
    pub fit_seconds: f64,
    /// Every number of components tried.
    pub candidates: Vec<Candidate>,
    /// As of its effect; `None` where every number of components failed.
    pub distribution: Option<Distribution>,
}

/// One number of components that was tried.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The number.
    pub components: u32,
    /// The information criterion, of which the lowest won; `None` if it failed.
    pub criterion: Option<f64>,
    /// Mean over the window's points; `None` if it failed.
    pub log_likelihood_per_episode: Option<f64>,
}

impl Fit {
    /// The number of components that won; `None` where every one failed.
    pub fn chosen(&self) -> Option<&Candidate> {
        let tried = self.candidates.iter().filter_map(|candidate| Some((candidate.criterion?, candidate)));
        tried.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, candidate)| candidate)
    }
}

/// Why a task was given and what it taught.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// `curricula/{curriculum}/tasks/{number}`.
    pub task: String,
    /// In one sentence, for people.
    pub summary: String,
    /// As handed out.
    pub parameters: Parameters,
    /// Where it is in its life.
    pub state: TaskState,
    /// Who asked for it.
    pub student: String,
    /// Which process of it.
    pub worker: String,
    /// When it was handed out.
    #[serde(serialize_with = "written::optional_time")]
    pub create_time: Option<SystemTime>,
    /// When its lease runs out, while it is open.
    #[serde(serialize_with = "written::optional_time")]
    pub expire_time: Option<SystemTime>,
    /// Accepted episodes when it was sampled.
    pub sampled_at_episode: u64,
    /// Where the teacher took it from.
    pub origin: Origin,
    /// Probability with which tasks of this origin were drawn at that moment.
    pub origin_probability: f64,
    /// The component it was drawn from, as it was.
    pub component: Option<Component>,
    /// The episode that came of it.
    pub episode: Option<Episode>,
    /// The nearest earlier episode, whose return ALP was measured against.
    pub nearest: Option<Episode>,
    /// Distance to it, in shares of the axes times their distance scales.
    pub nearest_distance: Option<f64>,
}

/// Which episodes are wanted; what is left alone asks for all that counted, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpisodeFilter {
    /// Only of this student.
    pub student: Option<String>,
    /// Only outcomes of these states; empty: completed and infeasible.
    pub states: Vec<TaskState>,
    /// Only episodes with this number or a higher one.
    pub from_episode: Option<u64>,
    /// Only episodes with a lower number than this.
    pub before_episode: Option<u64>,
    /// From which end.
    pub order: EpisodeOrder,
    /// Episodes in a page, up to 10,000; 0: the server's default of 1,000.
    pub page_size: u32,
}

/// From which end episodes are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EpisodeOrder {
    /// In the order of acceptance.
    #[default]
    OldestFirst,
    /// Backwards.
    NewestFirst,
}

/// Episodes, page by page.
#[derive(Debug)]
pub struct EpisodePages {
    curriculum: Curriculum,
    /// `None` after the last page.
    request: Option<v1::ListEpisodesRequest>,
}

/// Fits, page by page.
#[derive(Debug)]
pub struct FitPages {
    curriculum: Curriculum,
    /// `None` after the last page.
    request: Option<v1::ListFitsRequest>,
}

impl Curriculum {
    /// What the teacher sampled from as of a fit, from 1.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`Reason::FitNotFound`](crate::Reason::FitNotFound).
    pub async fn distribution_of_fit(&self, fit: u64) -> Result<Distribution, Error> {
        self.distribution_wire(fit).await?.try_into()
    }

    /// Finished fits with higher numbers than `after`, in their order: `fits_after(0)` gives all.
    pub fn fits_after(&self, after: u64) -> FitPages {
        let request = v1::ListFitsRequest {
            curriculum: self.name().to_owned(),
            after_fit: after,
            ..Default::default()
        };
        FitPages { curriculum: self.clone(), request: Some(request) }
    }

    /// Accepted outcomes.
    pub fn episodes(&self, filter: EpisodeFilter) -> EpisodePages {
        let request = v1::ListEpisodesRequest {
            curriculum: self.name().to_owned(),
            page_size: i32::try_from(filter.page_size).unwrap_or(i32::MAX),
            page_token: String::new(),
            student: filter.student,
            states: filter.states.into_iter().map(|state| v1::TaskState::from(state).into()).collect(),
            from_episode: filter.from_episode,
            before_episode: filter.before_episode,
            newest_first: filter.order == EpisodeOrder::NewestFirst,
        };
        EpisodePages { curriculum: self.clone(), request: Some(request) }
    }

    /// Why a task was given and what it taught.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`Reason::TaskNotFound`](crate::Reason::TaskNotFound).
    pub async fn explain(&self, task: u64) -> Result<Explanation, Error> {
        let request = v1::ExplainTaskRequest { task: format!("{}/tasks/{task}", self.name()) };
        let mut answer = self
            .client()
            .call(request, |mut rpc, request| async move { rpc.explain_task(request).await })
            .await?;
        let component = answer.component.take();
        let mut explanation = Explanation::try_from(answer)?;
        if let (Some(component), Origin::Component { fit, .. }) = (component, explanation.origin) {
            // A component alone does not say what its numbers are measured in; the distribution it is part of does.
            let distribution = self.distribution_wire(fit).await?;
            explanation.component = Some(read_component(&distribution.axes, component)?);
        }
        Ok(explanation)
    }

    pub(crate) async fn distribution_wire(&self, fit: u64) -> Result<v1::TaskDistribution, Error> {
        let request = v1::GetDistributionRequest { curriculum: self.name().to_owned(), fit };
        self.client()
            .call(request, |mut rpc, request| async move { rpc.get_distribution(request).await })
            .await
    }
}

impl EpisodePages {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Refused`], or [`Error::GaveUp`] if the server stays away; the same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<Episode>>, Error> {
        let Some(request) = &self.request else { return Ok(None) };
        let page = self
            .curriculum
            .client()
            .call(request.clone(), |mut rpc, request| async move { rpc.list_episodes(request).await })
            .await?;
        let episodes = page.episodes.into_iter().map(Episode::try_from).collect::<Result<_, _>>()?;
        self.request = self
            .request
            .take()
            .filter(|_| !page.next_page_token.is_empty())
            .map(|request| v1::ListEpisodesRequest { page_token: page.next_page_token, ..request });
        Ok(Some(episodes))
    }
}

impl FitPages {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// As [`EpisodePages::next`].
    pub async fn next(&mut self) -> Result<Option<Vec<Fit>>, Error> {
        let Some(request) = &self.request else { return Ok(None) };
        let page = self
            .curriculum
            .client()
            .call(request.clone(), |mut rpc, request| async move { rpc.list_fits(request).await })
            .await?;
        let fits = page.fits.into_iter().map(Fit::try_from).collect::<Result<_, _>>()?;
        self.request = self
            .request
            .take()
            .filter(|_| !page.next_page_token.is_empty())
            .map(|request| v1::ListFitsRequest { page_token: page.next_page_token, ..request });
        Ok(Some(fits))
    }
}

impl TryFrom<v1::Fit> for Fit {
    type Error = Error;

    fn try_from(fit: v1::Fit) -> Result<Self, Error> {
        Ok(Self {
            number: fit.number,
            due_episode: fit.due_episode,
            effect_episode: fit.effect_episode,
            create_time: fit.create_time.and_then(|time| SystemTime::try_from(time).ok()),
            fit_seconds: fit.fit_seconds,
            candidates: fit
                .candidates
                .into_iter()
                .map(|candidate| Candidate {
                    components: candidate.components,
                    criterion: candidate.criterion,
                    log_likelihood_per_episode: candidate.log_likelihood_per_episode,
                })
                .collect(),
            distribution: fit.distribution.map(Distribution::try_from).transpose()?,
        })
    }
}

/// Reads all but the component.
impl TryFrom<v1::ExplainTaskResponse> for Explanation {
    type Error = Error;

    fn try_from(answer: v1::ExplainTaskResponse) -> Result<Self, Error> {
        let task = answer.task.ok_or(Error::Answer("an explanation has no task"))?;
        Ok(Self {
            summary: answer.summary,
            state: task.state().into(),
            task: task.name,
            parameters: read_parameters(task.parameters)?,
            student: task.student,
            worker: task.worker,
            create_time: task.create_time.and_then(|time| SystemTime::try_from(time).ok()),
            expire_time: task.expire_time.and_then(|time| SystemTime::try_from(time).ok()),
            sampled_at_episode: task.sampled_at_episode,
            origin: task.origin.into(),
            origin_probability: answer.origin_probability,
            component: None,
            episode: answer.episode.map(Episode::try_from).transpose()?,
            nearest: answer.nearest.map(Episode::try_from).transpose()?,
            nearest_distance: answer.nearest_distance,
        })
    }
}
