//! What has come of a curriculum so far, counted: made from the journal when somebody first looks, and kept up with
//! what came since whenever somebody looks again. The owner knows nothing of it.
//!
//! Its size is bounded but for one number an episode and a small entry a fit: a few thousand buckets, the latest
//! outcomes, and who has reported within the hour.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use super::{
    activity::Activity,
    buckets::{Bucket, Buckets, Terms},
};
use crate::{
    clock::UnixMillis,
    error::ServiceError,
    owner::Owner,
    records::CurriculumKey,
    store::{Draw, Ending, FitBrief, Journal, OutcomeBrief, StoreError},
};

/// Latest outcomes that are kept one by one.
pub(super) const LATEST: usize = 1000;
/// Episodes of the latest bucket.
const RECENT: usize = 100;
/// Reading an outcome in the order of positions costs so many times what it costs in the order of tasks.
const COST_OF_ORDER: u64 = 4;

/// The overview of one curriculum, shared by all who look.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedOverview(Arc<Mutex<Option<Overview>>>);

/// Everything that is counted.
#[derive(Clone, Debug)]
pub(super) struct Overview {
    pub(super) terms: Terms,
    /// Of the last outcome that is in it.
    position: u64,
    pub(super) episodes: u64,
    pub(super) buckets: Buckets,
    /// Numbers of the episodes' tasks, in the order of the episodes.
    tasks: Vec<u64>,
    /// Oldest first.
    pub(super) latest: VecDeque<LatestOutcome>,
    /// Oldest first.
    recent: VecDeque<Bucket>,
    pub(super) activity: Activity,
    /// All finished fits, in their order.
    pub(super) fits: Vec<FitBrief>,
    /// The last episode with an ALP above zero.
    pub(super) last_progress_episode: Option<u64>,
}

/// One of the latest outcomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LatestOutcome {
    pub(super) position: u64,
    pub(super) ending: Ending,
    pub(super) alp: Option<f64>,
    pub(super) late: bool,
    pub(super) accepted_ms: UnixMillis,
    /// Accepted episodes between the drawing of its task and its acceptance; `None` for outcomes that do not count
    /// and for tasks that were not handed out.
    pub(super) staleness_episodes: Option<u64>,
}

/// Looks at the overview of a curriculum as of now.
pub(super) async fn look<T: Send + 'static>(
    owner: &Owner,
    mastery_threshold: Option<f64>,
    now_ms: UnixMillis,
    read: impl FnOnce(&Overview, &Journal) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ServiceError> {
    let key = owner.key();
    let SharedOverview(shared) = owner.overview().clone();
    let terms = Terms { mastery_threshold, return_range: owner.charter().settings.return_range };
    owner
        .read(move |journal| {
            let mut kept = shared.lock().expect("no holder of this lock panics");
            // What fails on its way is not kept.
            let kept_up = match kept.take() {
                Some(overview) if overview.terms == terms => overview.kept_up(journal, key, now_ms)?,
                _ => Overview::make(journal, key, terms, now_ms)?,
            };
            read(kept.insert(kept_up), journal)
        })
        .await
}

impl Overview {
    /// Makes the overview from the whole journal.
    fn make(
        journal: &Journal,
        key: CurriculumKey,
        terms: Terms,
        now_ms: UnixMillis,
    ) -> Result<Self, StoreError> {
        // The latest are taken one by one, in their order; the others as the file holds them.
        let last_episode = journal.last_episode(key)?;
        let tail = match last_episode.saturating_sub(RECENT as u64) {
            0 => 0,
            before_recent => {
                let recent = journal.position_of_episode(key, before_recent)?.unwrap_or(0);
                recent.min(journal.outcome_position(key, LATEST)?)
            }
        };
        let mut overview = Self {
            terms,
            position: tail,
            episodes: 0,
            buckets: Buckets::for_episodes(last_episode),
            tasks: vec![0; last_episode as usize],
            latest: VecDeque::new(),
            recent: VecDeque::new(),
            activity: Activity::default(),
            fits: Vec::new(),
            last_progress_episode: None,
        };
        if tail > 0 {
            journal.visit_outcomes(key, tail, |outcome| overview.count(now_ms, outcome))?;
        }
        overview.with_later(journal, key, now_ms)
    }

    /// Adds what came since.
    fn kept_up(self, journal: &Journal, key: CurriculumKey, now_ms: UnixMillis) -> Result<Self, StoreError> {
        let missing = journal.last_episode(key)?.saturating_sub(self.episodes);
        if missing * COST_OF_ORDER > self.episodes + LATEST as u64 * COST_OF_ORDER {
            let terms = self.terms;
            return Self::make(journal, key, terms, now_ms);
        }
        self.with_later(journal, key, now_ms)
    }

    fn with_later(
        mut self,
        journal: &Journal,
        key: CurriculumKey,
        now_ms: UnixMillis,
    ) -> Result<Self, StoreError> {
        journal.visit_outcomes_after(key, self.position, |outcome| {
            self.count(now_ms, outcome);
            self.note(outcome);
        })?;
        let last_fit = self.fits.last().map_or(0, |fit| fit.number);
        self.fits.extend(journal.fit_briefs(key, last_fit)?);
        self.activity.forget(now_ms);
        Ok(self)
    }

    /// Counts an outcome; they may come in any order.
    fn count(&mut self, now_ms: UnixMillis, outcome: &OutcomeBrief<'_>) {
        self.activity.add(now_ms, outcome);
        let Some(episode) = outcome.episode else { return };
        self.episodes = self.episodes.max(episode);
        self.buckets.add(&self.terms, episode, outcome);
        let index = (episode - 1) as usize;
        if self.tasks.len() <= index {
            self.tasks.resize(index + 1, 0);
        }
        self.tasks[index] = outcome.task;
        if outcome.alp.is_some_and(|alp| alp > 0.0) {
            self.last_progress_episode = self.last_progress_episode.max(Some(episode));
        }
    }

    /// Notes an outcome as the latest.
    fn note(&mut self, outcome: &OutcomeBrief<'_>) {
        self.position = outcome.position;
        let was_handed_out = outcome.draw != Draw::NotHandedOut;
        push(
            &mut self.latest,
            LATEST,
            LatestOutcome {
                position: outcome.position,
                ending: outcome.ending,
                alp: outcome.alp,
                late: outcome.late,
                accepted_ms: outcome.accepted_ms,
                staleness_episodes: outcome
                    .episode
                    .filter(|_| was_handed_out)
                    .map(|episode| (episode - 1).saturating_sub(outcome.sampled_at_episode)),
            },
        );
        if let Some(episode) = outcome.episode {
            let mut one = Bucket::default();
            one.add(&self.terms, episode, outcome);
            push(&mut self.recent, RECENT, one);
        }
    }

    /// Numbers of the tasks of these episodes, which are all there.
    pub(super) fn tasks_of(&self, episodes: &[u64]) -> Vec<u64> {
        episodes.iter().map(|&episode| self.tasks[(episode - 1) as usize]).collect()
    }

    /// The last [`RECENT`] episodes together; `None` before the first.
    pub(super) fn recent(&self) -> Option<Bucket> {
        let merge = |mut all: Bucket, one: &Bucket| {
            all.merge(one);
            all
        };
        (!self.recent.is_empty()).then(|| self.recent.iter().fold(Bucket::default(), merge))
    }

    /// The fit that was in effect when so many episodes were accepted.
    pub(super) fn fit_in_effect(&self, episodes: u64) -> Option<&FitBrief> {
        let later = self.fits.partition_point(|fit| fit.effect_episode <= episodes);
        later.checked_sub(1).map(|index| &self.fits[index])
    }
}

fn push<T>(queue: &mut VecDeque<T>, most: usize, latest: T) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(latest);
}
