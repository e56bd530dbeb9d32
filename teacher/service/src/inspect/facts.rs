//! Gathers what a diagnosis is made from: most of it from the overview, the rest from the owner and the journal.

use magister_core::teacher::{DistributionShape, TaskDistribution, TeacherParams};
use magister_proto::v1;

use super::{
    buckets::{Bucket, Sample},
    diagnose::{self, Fitting},
    overview::{self, LATEST, LatestOutcome, Overview},
};
use crate::{
    clock::{Clock, UnixMillis},
    error::ServiceError,
    owner::{Description, Owner},
    records::CurriculumKey,
    store::{FitBrief, Journal, StoreError},
    wire,
};

/// Explored episodes that are compared with as many before them.
const COMPARED: u64 = 200;

/// What a diagnosis is made from.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) now_ms: UnixMillis,
    /// How long reports may be missing, where the caller says so.
    pub(super) stopped_after_ms: Option<u64>,
    pub(super) paused: bool,
    pub(super) tasks: u64,
    pub(super) open_tasks: u64,
    pub(super) episodes: u64,
    pub(super) first_task_ms: Option<UnixMillis>,
    /// `None` for teachers that fit nothing.
    pub(super) fitting: Option<Fitting>,
    pub(super) last_fit: Option<FitBrief>,
    /// Covar-GMM's fit in effect, if no component of it has returns that rise with time.
    pub(super) idle_fit: Option<u64>,
    /// What returns must exceed for the Oracle's window to move, and how many returns a move takes.
    pub(super) window_moves: Option<(f64, u32)>,
    pub(super) return_range: Option<(f64, f64)>,
    pub(super) mastery_threshold: Option<f64>,
    /// Over all episodes.
    pub(super) completed: u64,
    /// Lowest and highest of all returns.
    pub(super) extremes: Option<(f64, f64)>,
    pub(super) last_progress_episode: Option<u64>,
    /// The latest outcomes, oldest first.
    pub(super) latest: Vec<LatestOutcome>,
    /// Leases that ran out between the oldest and the newest of the outcomes whose endings are counted, or ever if there
    /// are none.
    pub(super) expired: u64,
    /// Returns of tasks drawn uniformly: the latest, and those before.
    pub(super) explored: (Sample, Sample),
}

/// Says what stands in the way of a curriculum's progress.
pub(crate) async fn diagnose(
    owner: &Owner,
    clock: Clock,
    request: v1::DiagnoseRequest,
) -> Result<v1::Diagnosis, ServiceError> {
    let stopped_after = request.stopped_after.map(|after| wire::lease_ms("stopped_after", after));
    let stopped_after_ms = stopped_after.transpose().map_err(ServiceError::request)?;
    let described = owner.describe().await?;
    let distribution = owner.distribution().await?.distribution;
    let key = owner.key();
    let (threshold, now_ms) = (described.live.mastery_threshold, clock.now_ms());
    let facts = overview::look(owner, threshold, now_ms, move |overview, journal| {
        Facts::gather(overview, journal, key, (&described, &distribution), now_ms, stopped_after_ms)
    })
    .await?;
    Ok(v1::Diagnosis {
        curriculum: wire::names::of_curriculum(owner.name()),
        episodes: facts.episodes,
        findings: diagnose::findings(&facts),
    })
}

impl Facts {
    fn gather(
        overview: &Overview,
        journal: &Journal,
        key: CurriculumKey,
        (described, distribution): (&Description, &TaskDistribution),
        now_ms: UnixMillis,
        stopped_after_ms: Option<u64>,
    ) -> Result<Self, StoreError> {
        let fitting = match &described.teacher {
            TeacherParams::Random
            | TeacherParams::Riac(_)
            | TeacherParams::Oracle(_)
            | TeacherParams::Currot(_) => None,
            TeacherParams::AlpGmm(params) | TeacherParams::CovarGmm(params) => Some(Fitting {
                fit_rate: u64::from(params.fit_rate),
                bootstrap_episodes: u64::from(params.effective_bootstrap_episodes()),
                fit_lag_episodes: u64::from(params.effective_fit_lag_episodes()),
                has_fit: overview.fit_in_effect(overview.episodes).is_some(),
            }),
        };
        let fine = overview.buckets.fine();
        let all = fine.iter().fold(Bucket::default(), |mut all, bucket| {
            all.merge(bucket);
            all
        });
        let latest: Vec<LatestOutcome> = overview.latest.iter().copied().collect();
        // Leases that run out after the last report are those of a run that has ended.
        let counted = match diagnose::endings(&latest) {
            [oldest, .., newest] => oldest.position..newest.position,
            _ => 0..i64::MAX as u64,
        };
        Ok(Self {
            now_ms,
            stopped_after_ms,
            paused: described.live.paused,
            tasks: described.tasks,
            open_tasks: described.open_tasks,
            episodes: overview.episodes,
            first_task_ms: journal.first_task_ms(key)?,
            fitting,
            last_fit: overview.fits.last().copied(),
            idle_fit: match (&described.teacher, &distribution.shape) {
                (TeacherParams::CovarGmm(_), DistributionShape::Mixture { fit: fit @ 1.., components }) => {
                    components.iter().all(|component| component.odds <= 0.0).then_some(*fit)
                }
                _ => None,
            },
            window_moves: match &described.teacher {
                TeacherParams::Oracle(params) => Some((params.threshold, params.step_rate)),
                _ => None,
            },
            return_range: overview.terms.return_range.map(|range| range.bounds()),
            mastery_threshold: overview.terms.mastery_threshold,
            completed: all.completed,
            extremes: all.extremes,
            last_progress_episode: overview.last_progress_episode,
            expired: journal.expiries_between(key, counted, LATEST)?,
            latest,
            explored: explored(fine),
        })
    }
}

/// At least [`COMPARED`] of the latest explored episodes, and as many before them, if there are.
fn explored(buckets: &[Bucket]) -> (Sample, Sample) {
    let mut newest_first = buckets.iter().rev();
    let mut next = || {
        let mut together = Sample::default();
        while together.count < COMPARED
            && let Some(bucket) = newest_first.next()
        {
            together.merge(&bucket.explored_returns);
        }
        together
    };
    (next(), next())
}
