//! The calls that look back: fits, episodes, and why a task was given.
//!
//! They read what is on disk on connections of their own, so that nobody who looks holds up a student.

use std::{pin::Pin, time::Duration};

use magister_core::teacher::{ExplorationReason, Origin, TeacherParams};
use magister_proto::v1;
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use crate::{
    error::{Invalid, ServiceError},
    ledger::StoredTask,
    owner::{DatedDistribution, GivenTask, Owner, exploration_ratio},
    records::{StoredEpisode, TaskSource},
    store::{EpisodeFilter, Journal, StoreError},
    wire,
};

mod activity;
mod buckets;
mod density;
mod diagnose;
mod facts;
mod overview;
mod points;
mod progress;

pub(crate) use density::density;
pub(crate) use facts::diagnose;
pub(crate) use overview::SharedOverview;
pub(crate) use points::list_points;
pub(crate) use progress::progress;

/// Default and largest pages.
const FITS: (usize, usize) = (100, 1000);
const EPISODES: (usize, usize) = (1000, 10_000);

/// What tasks are drawn from now, or with fit `fit` above 0 were after it.
pub(crate) async fn distribution(owner: &Owner, fit: u64) -> Result<DatedDistribution, ServiceError> {
    if fit == 0 {
        return owner.distribution().await;
    }
    let ratio = exploration_ratio(&owner.describe().await?.teacher);
    let key = owner.key();
    let found = match i64::try_from(fit) {
        Ok(_) => owner.read(move |journal| journal.fit(key, fit)).await?,
        Err(_) => None,
    };
    let missing = || ServiceError::FitNotFound { curriculum: owner.name().to_string(), fit };
    let axes = owner.charter().settings.space.width();
    Ok(DatedDistribution::of_fit(&found.ok_or_else(missing)?, axes, ratio))
}

/// Lists fits in the order of their numbers.
pub(crate) async fn list_fits(
    owner: &Owner,
    request: v1::ListFitsRequest,
) -> Result<v1::ListFitsResponse, ServiceError> {
    let size = wire::page_size(request.page_size, FITS)?;
    let after = wire::page_token("after fit ", &request.page_token)?.unwrap_or(request.after_fit);
    let mut fits = fits_after(owner, after, size + 1).await?;
    let more = fits.len() > size;
    fits.truncate(size);
    let next_page_token = match fits.last() {
        Some(last) if more => format!("after fit {}", last.number),
        _ => String::new(),
    };
    Ok(v1::ListFitsResponse { fits, next_page_token })
}

/// Up to `limit` finished fits with higher numbers than `after`.
pub(crate) async fn fits_after(
    owner: &Owner,
    after: u64,
    limit: usize,
) -> Result<Vec<v1::Fit>, ServiceError> {
    let ratio = exploration_ratio(&owner.describe().await?.teacher);
    let key = owner.key();
    let records = owner.read(move |journal| journal.fits(key, after, limit)).await?;
    let space = &owner.charter().settings.space;
    Ok(records
        .iter()
        .map(|record| wire::distribution::write_fit(owner.name(), space, record, ratio))
        .collect())
}

/// What a client that watches reads.
pub(crate) type Watching = Pin<Box<dyn Stream<Item = Result<v1::WatchDistributionResponse, Status>> + Send>>;

/// Streams the distribution: recorded fits after `after_fit` if that is given, the present one, then each that takes effect. A client
/// that reads slowly, or asks for some time between two, misses those in between, never the latest.
pub(crate) fn watch(owner: Owner, request: &v1::WatchDistributionRequest) -> Result<Watching, ServiceError> {
    let after_fit = request.after_fit;
    let interval = request.min_interval.map(|interval| wire::interval("min_interval", interval));
    let min_interval = interval.transpose().map_err(ServiceError::request)?.unwrap_or_default();
    let (sender, messages) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(error) = send_changes(&owner, after_fit, min_interval, &sender).await {
            let _ = sender.send(Err(error.into())).await;
        }
    });
    Ok(Box::pin(ReceiverStream::new(messages)))
}

async fn send_changes(
    owner: &Owner,
    after_fit: Option<u64>,
    min_interval: Duration,
    sender: &mpsc::Sender<Result<v1::WatchDistributionResponse, Status>>,
) -> Result<(), ServiceError> {
    let space = &owner.charter().settings.space;
    let mut latest = owner.fit_in_effect();
    let mut sent = after_fit.unwrap_or(0);
    while after_fit.is_some() {
        let in_effect = *latest.borrow_and_update();
        let page = fits_after(owner, sent, FITS.0).await?;
        let Some(last) = page.last().map(|fit| fit.number) else { break };
        for fit in page.into_iter().filter(|fit| fit.number < in_effect) {
            let distribution = fit.distribution.clone();
            let message = v1::WatchDistributionResponse { fit: Some(fit), distribution };
            if sender.send(Ok(message)).await.is_err() {
                return Ok(());
            }
        }
        sent = last;
        if sent >= in_effect {
            break;
        }
    }
    loop {
        let in_effect = *latest.borrow_and_update();
        let dated = owner.distribution().await?;
        let message = v1::WatchDistributionResponse {
            fit: match in_effect.checked_sub(1) {
                None => None,
                Some(before) => fits_after(owner, before, 1).await?.pop(),
            },
            distribution: Some(wire::distribution::write(owner.name(), space, &dated)),
        };
        tokio::select! {
            sent = sender.send(Ok(message)) => if sent.is_err() { return Ok(()) },
            () = sender.closed() => return Ok(()),
        }
        if !min_interval.is_zero() {
            tokio::select! {
                () = sleep(min_interval) => {}
                _ = owner.end() => return Ok(()),
                () = sender.closed() => return Ok(()),
            }
        }
        tokio::select! {
            changed = latest.changed() => if changed.is_err() { return Ok(()) },
            () = sender.closed() => return Ok(()),
        }
    }
}

/// Lists accepted outcomes in the order of their acceptance, or from the newest backwards.
pub(crate) async fn list_episodes(
    owner: &Owner,
    request: v1::ListEpisodesRequest,
) -> Result<v1::ListEpisodesResponse, ServiceError> {
    let size = wire::page_size(request.page_size, EPISODES)?;
    let filter = EpisodeFilter {
        results: read_results(&request.states)?,
        student: request.student,
        from_episode: request.from_episode,
        before_episode: request.before_episode,
        newest_first: request.newest_first,
        after_position: wire::page_token("beyond position ", &request.page_token)?,
    };
    let key = owner.key();
    let mut found = owner.read(move |journal| journal.episodes(key, &filter, size + 1)).await?;
    let more = found.len() > size;
    found.truncate(size);
    let next_page_token = match found.last() {
        Some(last) if more => format!("beyond position {}", last.outcome.position),
        _ => String::new(),
    };
    let space = &owner.charter().settings.space;
    let episodes =
        found.iter().map(|episode| wire::task::write_episode(owner.name(), space, episode)).collect();
    Ok(v1::ListEpisodesResponse { episodes, next_page_token })
}

fn read_results(states: &[i32]) -> Result<Vec<&'static str>, ServiceError> {
    if states.is_empty() {
        return Ok(vec!["completed", "infeasible"]);
    }
    let mut results = Vec::with_capacity(states.len());
    for (index, &state) in states.iter().enumerate() {
        results.push(match v1::TaskState::try_from(state) {
            Ok(v1::TaskState::Completed) => "completed",
            Ok(v1::TaskState::Infeasible) => "infeasible",
            Ok(v1::TaskState::Abandoned) => "abandoned",
            Ok(v1::TaskState::Expired) => "stale",
            _ => {
                let problem =
                    "is no state of an accepted outcome: give COMPLETED, INFEASIBLE, ABANDONED or EXPIRED";
                return Err(ServiceError::invalid(Invalid::Request, format!("states[{index}]"), problem));
            }
        });
    }
    results.sort_unstable();
    results.dedup();
    Ok(results)
}

/// Says why a task was given and what it taught.
pub(crate) async fn explain(owner: &Owner, number: u64) -> Result<v1::ExplainTaskResponse, ServiceError> {
    let key = owner.key();
    let (given, stored) = owner.task(number).await?;
    let found = {
        let stored = stored.clone();
        owner.read(move |journal| Background::read(journal, key, &stored)).await?
    };
    let space = &owner.charter().settings.space;
    let progress = match &owner.charter().settings.teacher {
        TeacherParams::CovarGmm(_) => "covariance of time and return",
        _ => "mean ALP",
    };
    let component = found.component.map(|component| wire::distribution::write_component(space, &component));
    let episode = stored.outcome.as_ref().map(|outcome| StoredEpisode {
        task: std::sync::Arc::clone(&stored.record),
        outcome: std::sync::Arc::clone(outcome),
    });
    let write = |episode: &StoredEpisode| wire::task::write_episode(owner.name(), space, episode);
    Ok(v1::ExplainTaskResponse {
        summary: summarise(
            &stored,
            episode.as_ref(),
            found.nearest.as_ref(),
            component.as_ref().map(|component| (component, progress)),
        ),
        origin_probability: match stored.record.source {
            TaskSource::Sampled { probability, .. } => probability,
            TaskSource::Unsolicited => 0.0,
        },
        task: Some(wire::task::write_given(owner.name(), space, &given)),
        component,
        nearest: found.nearest.as_ref().map(write),
        nearest_distance: stored
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.nearest)
            .map(|nearest| nearest.distance),
        episode: episode.as_ref().map(write),
    })
}

/// What the journal knows around a task.
struct Background {
    component: Option<magister_core::teacher::Component>,
    nearest: Option<StoredEpisode>,
}

impl Background {
    fn read(
        journal: &Journal,
        key: crate::records::CurriculumKey,
        task: &StoredTask,
    ) -> Result<Self, StoreError> {
        let component = match task.record.source {
            TaskSource::Sampled { origin: Origin::Component { fit, component }, .. } => {
                let axes = task.record.task.values().len();
                let shape =
                    journal.fit(key, fit)?.map(|fit| magister_core::teacher::alp_gmm::fit_shape(&fit, axes));
                match shape {
                    Some(magister_core::teacher::DistributionShape::Mixture { mut components, .. })
                        if (component as usize) < components.len() =>
                    {
                        Some(components.swap_remove(component as usize))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        let nearest = match task.outcome.as_ref().and_then(|outcome| outcome.nearest) {
            Some(nearest) => journal.episode(key, nearest.number)?,
            None => None,
        };
        Ok(Self { component, nearest })
    }
}

fn summarise(
    task: &StoredTask,
    episode: Option<&StoredEpisode>,
    nearest: Option<&StoredEpisode>,
    component: Option<(&v1::task_distribution::Component, &str)>,
) -> String {
    let why = match task.record.source {
        TaskSource::Unsolicited => "The teacher did not hand it out; it was reported.".to_owned(),
        TaskSource::Sampled { origin, probability } => {
            let share = 100.0 * probability;
            match origin {
                Origin::Exploration(ExplorationReason::Bootstrap) => {
                    "Drawn uniformly: the bootstrap was not over.".to_owned()
                }
                Origin::Exploration(ExplorationReason::RandomTaskRatio) => {
                    format!("Drawn uniformly, as {share:.0} % of the tasks are.")
                }
                Origin::Exploration(ExplorationReason::NoProgress) => {
                    "Drawn uniformly: nowhere was progress.".to_owned()
                }
                Origin::Exploration(ExplorationReason::RandomTeacher) => {
                    "Drawn uniformly, as the Random teacher does.".to_owned()
                }
                Origin::Initial => "Drawn from the bootstrap's initial Gaussian.".to_owned(),
                Origin::Region { region } => {
                    format!("Drawn uniformly from region {region}, as {share:.1} % of the tasks were.")
                }
                Origin::Mutation { region } => {
                    format!(
                        "A mutation of the worst task of region {region}, as {share:.1} % of the tasks were."
                    )
                }
                Origin::Window => "Drawn uniformly from the Oracle's window.".to_owned(),
                Origin::Particle { particle } => {
                    format!("Drawn beside particle {particle}, as {share:.1} % of the tasks were.")
                }
                Origin::Component { fit, component: index } => {
                    let learned = component.map_or_else(String::new, |(component, progress)| {
                        format!(", whose {progress} was {:.3}", component.mean_alp)
                    });
                    format!(
                        "Drawn from component {index} of fit {fit}{learned}, as {share:.1} % of the tasks were."
                    )
                }
            }
        }
    };
    let return_of = |episode: &StoredEpisode| match &episode.outcome.result {
        crate::records::OutcomeResult::Completed(completed) => Some(completed.episode_return),
        _ => None,
    };
    let what = match (episode, episode.and_then(return_of)) {
        (None, _) => " It has not been reported.".to_owned(),
        (Some(episode), Some(return_)) => {
            let alp = episode.outcome.alp.map_or_else(String::new, |alp| format!(", ALP {alp:.3}"));
            let against = match (nearest, nearest.and_then(return_of)) {
                (Some(nearest), Some(earlier)) => format!(
                    ", against {} of the nearest earlier task, episode {}",
                    readable(earlier),
                    nearest.outcome.episode.unwrap_or_default()
                ),
                _ => String::new(),
            };
            format!(" Its return was {}{against}{alp}.", readable(return_))
        }
        (Some(episode), None) => match episode.outcome.result {
            crate::records::OutcomeResult::Infeasible { .. } => {
                " Its environment could not be built.".to_owned()
            }
            crate::records::OutcomeResult::Abandoned { .. } => " It was abandoned.".to_owned(),
            _ => " Its report came too late to count.".to_owned(),
        },
    };
    format!("{why}{what}")
}

/// A number with six significant digits: a sentence is no place for more.
fn readable(value: f64) -> f64 {
    format!("{value:.5e}").parse().expect("it has just been written")
}

impl Owner {
    /// A task with what became of it, as an answer shows it and as the store has it.
    async fn task(&self, number: u64) -> Result<(GivenTask, StoredTask), ServiceError> {
        let given = self.given_task(number).await?;
        let stored = match &given {
            GivenTask::Open(open) => {
                StoredTask { record: std::sync::Arc::clone(&open.record), outcome: None }
            }
            GivenTask::Closed(stored) => stored.clone(),
        };
        Ok((given, stored))
    }
}
