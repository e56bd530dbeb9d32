//! ALP-GMM and Covar-GMM: a Gaussian mixture over tasks and the learning progress on them decides where to teach next.
//!
//! Source: Portelas, Colas, Hofmann, Oudeyer, "Teacher algorithms for curriculum learning of Deep RL in
//! continuously parameterized environments", CoRL 2019, arXiv 1910.07224, and its code. Every `fit_rate`
//! accepted episodes the last `fit_rate` points [task, ALP] are fitted with mixtures of several sizes, of
//! which an information criterion keeps one; tasks are drawn from its components in proportion to their mean
//! ALP, and uniformly with probability `random_task_ratio`.
//!
//! Covar-GMM (Moulin-Frier, Nguyen, Oudeyer 2013, in the publication's form) differs in two things: its points are
//! [task, time, return], time being the place in the window from 0 to 1; and a component's progress is the covariance
//! of time and return where that is positive.
//!
//! Where this goes its own way, and why:
//! - A fit takes effect a fixed number of episodes after it fell due, so that it can run beside sampling
//!   without wall time changing anything (`fit_lag_episodes`; 0 is the publication).
//! - Tasks are scaled to internal coordinates before fitting and measuring ([`crate::space`]).
//! - Without a return range, ALP is divided by the window's largest before a fit: the mixture sees numbers
//!   like a task's.
//! - When no component has progress above zero, it explores; the publication's code picks components evenly.
//! - An infeasible task has ALP 0; to Covar-GMM it returned as little as the worst of the window.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use rand::{Rng, RngExt};
use rand_distr::{Distribution, weighted::WeightedIndex};
use serde::{Deserialize, Serialize};

use crate::{
    fit::{Fit, FitJob},
    history::AlpComputer,
    mixture::Mixture,
    space::TaskSpace,
    teacher::{
        Component, DistributionShape, Episode, EpisodeResult, ExplorationReason, FitPending, InstallError,
        NearestEpisode, Observation, Origin, ParamError, PastEpisode, Sample, TaskDistribution, Teacher,
        TeacherContext, TeacherEdit, TeacherParams, TeacherSnapshot,
    },
};

mod params;

pub use params::{AlpGmmEdit, AlpGmmParams, AlpScope, CheckedAlpGmmParams, InitialGaussian};

/// What a teacher takes for learning progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// ALP-GMM: a component's mean absolute learning progress.
    Alp,
    /// Covar-GMM: a component's covariance of time and return, where that is positive.
    Covariance,
}

/// The ALP-GMM or the Covar-GMM teacher.
#[derive(Debug)]
pub struct GmmTeacher {
    context: TeacherContext,
    params: CheckedAlpGmmParams,
    progress: Progress,
    /// Empty for Covar-GMM.
    history: Histories,
    /// Internal coordinates of the latest episodes and their ALP or return, oldest first; at most `fit_rate`.
    window: VecDeque<WindowPoint>,
    episodes: u64,
    /// Fits fall due at multiples of `fit_rate` from here.
    anchor_episode: u64,
    last_due_episode: u64,
    fits_due: u64,
    /// Fits that have not taken effect, in their order.
    pending: VecDeque<PendingFit>,
    current: Option<CurrentFit>,
    /// What the next fit starts from; empty without warm start.
    warm: Vec<Mixture>,
}

/// Bounded state of [`GmmTeacher`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlpGmmSnapshot {
    params: AlpGmmParams,
    window: Vec<WindowPoint>,
    episodes: u64,
    anchor_episode: u64,
    last_due_episode: u64,
    fits_due: u64,
    pending: Vec<PendingFitSnapshot>,
    current: Option<Fit>,
    warm: Vec<Mixture>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct WindowPoint {
    internal: Vec<f64>,
    /// ALP or scaled return; `None` of an infeasible task to Covar-GMM.
    #[serde(rename = "alp")]
    value: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PendingFitSnapshot {
    Outstanding(FitJob),
    Installed(Fit),
}

#[derive(Debug)]
struct PendingFit {
    job: FitJob,
    handed_out: bool,
    fit: Option<Fit>,
}

/// The fit that tasks are drawn from, with what drawing needs.
#[derive(Debug)]
struct CurrentFit {
    fit: Fit,
    /// Draws a component by its odds; `None` where none has ALP above zero.
    choice: Option<WeightedIndex<f64>>,
}

impl GmmTeacher {
    /// Starts with an empty history.
    pub fn new(context: TeacherContext, params: CheckedAlpGmmParams, progress: Progress) -> Self {
        let history = Histories::new(params.params(), context.space.width());
        Self {
            context,
            params,
            progress,
            history,
            window: VecDeque::new(),
            episodes: 0,
            anchor_episode: 0,
            last_due_episode: 0,
            fits_due: 0,
            pending: VecDeque::new(),
            current: None,
            warm: Vec::new(),
        }
    }

    /// Starts from a snapshot, with an empty history: the episodes before it must follow at once through
    /// [`Teacher::remember`].
    ///
    /// # Errors
    /// [`ParamError`] where the snapshot does not fit the context.
    pub fn restore(
        context: TeacherContext,
        snapshot: AlpGmmSnapshot,
        progress: Progress,
    ) -> Result<Self, ParamError> {
        let params = progress.check(&snapshot.params, &context.space)?;
        let width = context.space.width();
        if snapshot.window.iter().any(|point| point.internal.len() != width) {
            return Err(ParamError::new("snapshot", "has a window of another task space"));
        }
        let pending = snapshot
            .pending
            .into_iter()
            .map(|pending| match pending {
                PendingFitSnapshot::Outstanding(job) => PendingFit { job, handed_out: false, fit: None },
                PendingFitSnapshot::Installed(fit) => PendingFit {
                    job: finished_job(&fit, &params, width + progress.axes()),
                    handed_out: true,
                    fit: Some(fit),
                },
            })
            .collect();
        Ok(Self {
            window: snapshot.window.into(),
            episodes: snapshot.episodes,
            anchor_episode: snapshot.anchor_episode,
            last_due_episode: snapshot.last_due_episode,
            fits_due: snapshot.fits_due,
            pending,
            current: snapshot.current.map(|fit| CurrentFit::new(fit, progress)),
            warm: snapshot.warm,
            ..Self::new(context, params, progress)
        })
    }

    /// Adds one episode to the window, and a fit to those pending if it is due; then lets fits take effect.
    fn advance(&mut self, internal: Vec<f64>, value: Option<f64>) {
        let fit_rate = self.params.params().fit_rate;
        self.window.push_back(WindowPoint { internal, value });
        while self.window.len() > fit_rate as usize {
            self.window.pop_front();
        }
        self.episodes += 1;
        if self.episodes >= self.bootstrap_episodes()
            && (self.episodes - self.anchor_episode).is_multiple_of(u64::from(fit_rate))
        {
            self.fits_due += 1;
            self.last_due_episode = self.episodes;
            self.pending.push_back(PendingFit { job: self.due_job(), handed_out: false, fit: None });
        }
        self.let_fits_take_effect();
    }

    fn due_job(&self) -> FitJob {
        let values = || self.window.iter().filter_map(|point| point.value);
        let alp_scale = match self.context.return_range {
            Some(_) => 1.0,
            None => match values().fold(0.0_f64, |largest, value| largest.max(value.abs())) {
                largest if largest > 0.0 => largest,
                _ => 1.0,
            },
        };
        let least = values().reduce(f64::min).unwrap_or(0.0);
        let width = self.context.space.width() + self.progress.axes();
        let mut points = Vec::with_capacity(self.window.len() * width);
        for (place, point) in self.window.iter().enumerate() {
            points.extend_from_slice(&point.internal);
            if self.progress == Progress::Covariance {
                points.push(place as f64 / self.window.len() as f64);
            }
            points.push(point.value.unwrap_or(least) / alp_scale);
        }
        let params = self.params.params();
        FitJob {
            number: self.fits_due,
            due_episode: self.episodes,
            effect_episode: self.episodes + u64::from(params.effective_fit_lag_episodes()),
            alp_scale,
            width,
            points,
            engine: params.engine,
            settings: self.params.fit_settings().clone(),
            warm: Vec::new(),
            keep_mixtures: params.warm_start,
        }
    }

    fn let_fits_take_effect(&mut self) {
        while let Some(front) = self.pending.front_mut() {
            if front.job.effect_episode > self.episodes {
                break;
            }
            let Some(fit) = front.fit.take() else { break };
            self.current = Some(CurrentFit::new(fit, self.progress));
            self.pending.pop_front();
        }
    }

    fn explore(&self, reason: ExplorationReason, probability: f64, rng: &mut dyn Rng) -> Sample {
        Sample {
            task: self.context.space.uniform(rng),
            origin: Origin::Exploration(reason),
            origin_probability: probability,
        }
    }

    /// What the window keeps of an episode.
    fn value(&self, episode: &Episode<'_>, alp: Option<f64>) -> Option<f64> {
        match (self.progress, episode.result) {
            (Progress::Alp, _) => Some(alp.unwrap_or(0.0)),
            (Progress::Covariance, EpisodeResult::Completed(return_)) => Some(self.context.scaled(return_)),
            (Progress::Covariance, EpisodeResult::Infeasible) => None,
        }
    }

    fn bootstrap_episodes(&self) -> u64 {
        u64::from(self.params.params().effective_bootstrap_episodes())
    }

    /// The bootstrap's Gaussian, while it is to be sampled.
    fn initial(&self) -> Option<&Mixture> {
        self.params.initial().filter(|_| self.episodes < self.bootstrap_episodes() && self.current.is_none())
    }
}

impl Teacher for GmmTeacher {
    fn sample(&mut self, rng: &mut dyn Rng) -> Result<Sample, FitPending> {
        if let Some(front) = self.pending.front()
            && front.job.effect_episode <= self.episodes
        {
            return Err(FitPending { number: front.job.number });
        }
        if let Some(initial) = self.initial() {
            return Ok(Sample {
                task: self.context.space.task_at(&initial.sample_component(0, rng)),
                origin: Origin::Initial,
                origin_probability: 1.0,
            });
        }
        let Some(current) = &self.current else {
            return Ok(self.explore(ExplorationReason::Bootstrap, 1.0, rng));
        };
        let Some((mixture, choice)) = current.fit.mixture.as_ref().zip(current.choice.as_ref()) else {
            return Ok(self.explore(ExplorationReason::NoProgress, 1.0, rng));
        };
        let ratio = self.params.params().random_task_ratio;
        if rng.random::<f64>() < ratio {
            return Ok(self.explore(ExplorationReason::RandomTaskRatio, ratio, rng));
        }
        let component = choice.sample(rng);
        let point = mixture.sample_component(component, rng);
        Ok(Sample {
            task: self.context.space.task_at(&point[..self.context.space.width()]),
            origin: Origin::Component { fit: current.fit.number, component: component as u32 },
            origin_probability: (1.0 - ratio) * choice.weight(component).unwrap_or(0.0),
        })
    }

    fn observe(&mut self, episode: &Episode<'_>, _rng: &mut dyn Rng) -> Observation {
        let internal = self.context.space.internal(episode.task);
        let observation = match episode.result {
            EpisodeResult::Completed(_) if self.progress == Progress::Covariance => Observation::default(),
            EpisodeResult::Completed(return_) => {
                let return_ = self.context.scaled(return_);
                let progress = self.history.of(episode.student).observe(episode.number, &internal, return_);
                Observation {
                    alp: Some(progress.alp.min(f64::MAX)),
                    nearest: progress.neighbour.map(|neighbour| NearestEpisode {
                        number: neighbour.episode,
                        distance: neighbour.squared_distance.sqrt(),
                    }),
                }
            }
            EpisodeResult::Infeasible => Observation::default(),
        };
        self.advance(internal, self.value(episode, observation.alp));
        observation
    }

    fn replay(&mut self, episode: &Episode<'_>, recorded_alp: Option<f64>, _rng: &mut dyn Rng) {
        let internal = self.context.space.internal(episode.task);
        if let EpisodeResult::Completed(return_) = episode.result
            && self.progress == Progress::Alp
        {
            let return_ = self.context.scaled(return_);
            self.history.of(episode.student).remember(episode.number, &internal, return_);
        }
        self.advance(internal, self.value(episode, recorded_alp));
    }

    fn remember(&mut self, history: &mut dyn Iterator<Item = PastEpisode>) {
        if self.progress == Progress::Covariance {
            return;
        }
        let (context, params) = (&self.context, self.params.params());
        let entries = history.map(|episode| {
            let internal = context.space.internal(&episode.task);
            (episode.student, (episode.number, internal, context.scaled(episode.return_)))
        });
        self.history = Histories::of_episodes(params, context.space.width(), entries);
    }

    fn next_fit_job(&mut self) -> Option<FitJob> {
        let next = self.pending.iter().position(|pending| !pending.handed_out)?;
        let warm_start = self.params.params().warm_start;
        if warm_start && self.pending.iter().take(next).any(|earlier| earlier.fit.is_none()) {
            return None;
        }
        let pending = &mut self.pending[next];
        pending.handed_out = true;
        if warm_start {
            pending.job.warm.clone_from(&self.warm);
        }
        Some(pending.job.clone())
    }

    fn install(&mut self, fit: Fit) -> Result<(), InstallError> {
        let awaited =
            self.pending.iter_mut().find(|pending| pending.job.number == fit.number && pending.fit.is_none());
        let Some(pending) = awaited else { return Err(InstallError::NotAwaited(fit.number)) };
        if let Err(problem) = check_result(&fit, &pending.job) {
            return Err(InstallError::Unusable { number: fit.number, problem });
        }
        if self.params.params().warm_start {
            self.warm.clone_from(&fit.warm);
        }
        pending.handed_out = true;
        pending.fit = Some(fit);
        self.let_fits_take_effect();
        Ok(())
    }

    fn fit_awaited(&self) -> bool {
        self.pending.front().is_some_and(|front| front.job.effect_episode <= self.episodes)
    }

    fn fits_outstanding(&self) -> usize {
        self.pending.iter().filter(|pending| pending.fit.is_none()).count()
    }

    fn fit_in_effect(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.fit.number)
    }

    fn distribution(&self) -> TaskDistribution {
        let uniform = TaskDistribution { exploration_probability: 1.0, shape: DistributionShape::Uniform };
        if let Some(initial) = self.initial() {
            return TaskDistribution { exploration_probability: 0.0, shape: initial_shape(initial) };
        }
        match &self.current {
            None => uniform,
            Some(current) => TaskDistribution {
                exploration_probability: match current.choice {
                    None => 1.0,
                    Some(_) => self.params.params().random_task_ratio,
                },
                shape: fit_shape(&current.fit, self.context.space.width()),
            },
        }
    }

    fn edit(&mut self, edit: &TeacherEdit) -> Result<(), ParamError> {
        let TeacherEdit::AlpGmm(edit) = edit;
        let edited = self.progress.check(&edit.apply(self.params.params()), &self.context.space)?;
        if edited.params().fit_rate != self.params.params().fit_rate {
            self.anchor_episode = self.last_due_episode;
        }
        self.params = edited;
        Ok(())
    }

    fn params(&self) -> TeacherParams {
        let params = self.params.params().clone();
        match self.progress {
            Progress::Alp => TeacherParams::AlpGmm(params),
            Progress::Covariance => TeacherParams::CovarGmm(params),
        }
    }

    fn snapshot(&self) -> TeacherSnapshot {
        let snapshot = Box::new(AlpGmmSnapshot {
            params: self.params.params().clone(),
            window: self.window.iter().cloned().collect(),
            episodes: self.episodes,
            anchor_episode: self.anchor_episode,
            last_due_episode: self.last_due_episode,
            fits_due: self.fits_due,
            pending: self
                .pending
                .iter()
                .map(|pending| match &pending.fit {
                    Some(fit) => PendingFitSnapshot::Installed(fit.clone()),
                    None => {
                        PendingFitSnapshot::Outstanding(FitJob { warm: Vec::new(), ..pending.job.clone() })
                    }
                })
                .collect(),
            current: self.current.as_ref().map(|current| current.fit.clone()),
            warm: self.warm.clone(),
        });
        match self.progress {
            Progress::Alp => TeacherSnapshot::AlpGmm(snapshot),
            Progress::Covariance => TeacherSnapshot::CovarGmm(snapshot),
        }
    }
}

/// Whether a fit can be the result of a job: it may come from a file that somebody else wrote.
fn check_result(fit: &Fit, job: &FitJob) -> Result<(), &'static str> {
    /// Far beyond every internal coordinate, and its square far within `f64`: what is drawn stays finite.
    const LARGEST_COORDINATE: f64 = 1e60;
    if (fit.due_episode, fit.effect_episode) != (job.due_episode, job.effect_episode) {
        return Err("it belongs to another place in the order of episodes");
    }
    if !fit.alp_scale.is_finite() || fit.alp_scale <= 0.0 {
        return Err("its ALP scale is no positive number");
    }
    for mixture in fit.mixture.iter().chain(&fit.warm) {
        if mixture.width() != job.width {
            return Err("a mixture is over another task space");
        }
        if mixture.means().iter().any(|mean| mean.abs() > LARGEST_COORDINATE)
            || mixture.covariances().iter().any(|entry| entry.abs() > LARGEST_COORDINATE * LARGEST_COORDINATE)
        {
            return Err("a mixture lies far outside the task space");
        }
    }
    Ok(())
}

/// What a recorded fit, over so many task axes, lets tasks be drawn from: for the history of a curriculum.
pub fn fit_shape(fit: &Fit, axes: usize) -> DistributionShape {
    match &fit.mixture {
        None => DistributionShape::Uniform,
        Some(mixture) => {
            let components = components(mixture, axes, fit.alp_scale, &odds(mixture, axes));
            DistributionShape::Mixture { fit: fit.number, components }
        }
    }
}

/// The Gaussian of a bootstrap, over the axes of a task.
pub(super) fn initial_shape(initial: &Mixture) -> DistributionShape {
    DistributionShape::Mixture { fit: 0, components: components(initial, initial.width(), 1.0, &[1.0]) }
}

impl Progress {
    /// Axes of a point beside those of its task.
    fn axes(self) -> usize {
        match self {
            Self::Alp => 1,
            Self::Covariance => 2,
        }
    }

    /// Checks the parameters of the teacher that measures it.
    pub(super) fn check(
        self,
        params: &AlpGmmParams,
        space: &TaskSpace,
    ) -> Result<CheckedAlpGmmParams, ParamError> {
        if self == Self::Covariance {
            for (field, given) in [
                ("history_limit", params.history_limit.is_some()),
                ("alp_scope", params.alp_scope != AlpScope::Curriculum),
            ] {
                if given {
                    return Err(ParamError::new(
                        field,
                        "is ALP-GMM's: Covar-GMM has no history; leave it out",
                    ));
                }
            }
        }
        params.check(space)
    }
}

impl CurrentFit {
    fn new(fit: Fit, progress: Progress) -> Self {
        let odds = |mixture: &Mixture| odds(mixture, mixture.width() - progress.axes());
        let choice = fit.mixture.as_ref().and_then(|mixture| WeightedIndex::new(odds(mixture)).ok());
        Self { fit, choice }
    }
}

/// Learning progress of a component over so many task axes, at least 0: its mean ALP or, where there is a second
/// axis beside those, the covariance of the two.
fn progress_of(mixture: &Mixture, component: usize, axes: usize) -> f64 {
    let progress = match mixture.width() - axes {
        0 => 0.0,
        1 => mixture.means()[[component, axes]],
        _ => mixture.covariances()[[component, axes, axes + 1]],
    };
    progress.max(0.0)
}

/// Probability of each component: its progress' share; all 0 where none is above zero.
fn odds(mixture: &Mixture, axes: usize) -> Vec<f64> {
    let progress: Vec<f64> =
        (0..mixture.components()).map(|component| progress_of(mixture, component, axes)).collect();
    let total: f64 = progress.iter().sum();
    progress.iter().map(|progress| if total > 0.0 { progress / total } else { 0.0 }).collect()
}

/// The first `axes` dimensions of a mixture's components, and what the others say of learning progress.
fn components(mixture: &Mixture, axes: usize, alp_scale: f64, odds: &[f64]) -> Vec<Component> {
    (0..mixture.components())
        .map(|component| {
            let mean = mixture.means().row(component);
            let covariance = mixture.covariances();
            Component {
                weight: mixture.weights()[component],
                odds: odds[component],
                mean_alp: progress_of(mixture, component, axes) * alp_scale,
                mean: mean.iter().take(axes).copied().collect(),
                covariance: (0..axes * axes)
                    .map(|entry| covariance[[component, entry / axes, entry % axes]])
                    .collect(),
            }
        })
        .collect()
}

/// The husk of a job over so many axes whose result is there already: only its place in the order is needed.
fn finished_job(fit: &Fit, params: &CheckedAlpGmmParams, width: usize) -> FitJob {
    FitJob {
        number: fit.number,
        due_episode: fit.due_episode,
        effect_episode: fit.effect_episode,
        alp_scale: fit.alp_scale,
        width,
        points: Vec::new(),
        engine: params.params().engine,
        settings: params.fit_settings().clone(),
        warm: Vec::new(),
        keep_mixtures: false,
    }
}

/// The earlier episodes that returns are compared with.
#[derive(Debug)]
enum Histories {
    Curriculum(AlpComputer),
    PerStudent { students: BTreeMap<String, AlpComputer>, empty: AlpComputer },
}

impl Histories {
    fn new(params: &AlpGmmParams, width: usize) -> Self {
        let empty = AlpComputer::new(width, params.history_limit);
        match params.alp_scope {
            AlpScope::Curriculum => Self::Curriculum(empty),
            AlpScope::Student => Self::PerStudent { students: BTreeMap::new(), empty },
        }
    }

    /// Histories of these episodes, each with its student: number, internal coordinates, scaled return.
    fn of_episodes(
        params: &AlpGmmParams,
        width: usize,
        episodes: impl Iterator<Item = (Arc<str>, (u64, Vec<f64>, f64))>,
    ) -> Self {
        let limit = params.history_limit;
        match params.alp_scope {
            AlpScope::Curriculum => Self::Curriculum(AlpComputer::from_episodes(
                width,
                limit,
                episodes.map(|(_, episode)| episode),
            )),
            AlpScope::Student => {
                let mut by_student = BTreeMap::<Arc<str>, Vec<_>>::new();
                for (student, episode) in episodes {
                    by_student.entry(student).or_default().push(episode);
                }
                let computer = |(student, episodes): (Arc<str>, Vec<_>)| {
                    (student.to_string(), AlpComputer::from_episodes(width, limit, episodes))
                };
                Self::PerStudent {
                    students: by_student.into_iter().map(computer).collect(),
                    empty: AlpComputer::new(width, limit),
                }
            }
        }
    }

    fn of(&mut self, student: &str) -> &mut AlpComputer {
        match self {
            Self::Curriculum(computer) => computer,
            Self::PerStudent { students, empty } => {
                if !students.contains_key(student) {
                    students.insert(student.to_owned(), empty.clone());
                }
                students.get_mut(student).expect("it was just put there")
            }
        }
    }
}

#[cfg(test)]
mod tests;
