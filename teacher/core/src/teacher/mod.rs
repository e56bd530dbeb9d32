//! The trait of every curriculum teacher, and what goes in and out of it.
//!
//! A teacher is a state machine without clock, thread or generator of its own: its owner gives it a generator
//! to sample with, tells it each accepted episode in order, and runs the [`FitJob`]s that it hands out,
//! wherever and whenever suits. One folder holds one algorithm with its parameters; [`crate::conformance`]
//! checks them all.

use std::{fmt, sync::Arc};

use rand::Rng;
use serde::{Deserialize, Serialize};

use self::alp_gmm::{GmmTeacher, Progress};
use crate::{
    fit::{Fit, FitJob},
    space::{Task, TaskSpace},
};

pub mod alp_gmm;
pub mod currot;
pub mod oracle;
pub mod random;
pub mod riac;

/// A curriculum teacher.
///
/// Contract, checked by [`crate::conformance`]: samples lie in the space; the same settings, generators and
/// order of calls give the same samples; a restored twin continues identically; a degenerate window never fails:
/// the teacher explores and says so. What it learns from has been looked at by
/// [`Curriculum::observe`](crate::curriculum::Curriculum::observe).
pub trait Teacher: fmt::Debug + Send + Sync {
    /// Draws the next task. `rng` must be the stream of the task's number.
    ///
    /// # Errors
    /// [`FitPending`] while a fit that must take effect first has not been installed; nothing has changed
    /// then.
    fn sample(&mut self, rng: &mut dyn Rng) -> Result<Sample, FitPending>;

    /// Learns from one accepted episode, whose return is finite. `rng` must be the stream of the episode's number.
    fn observe(&mut self, episode: &Episode<'_>, rng: &mut dyn Rng) -> Observation;

    /// Takes an accepted episode from the journal: like [`Teacher::observe`], but its ALP is the recorded
    /// one. A teacher that computes none learns in the same way.
    fn replay(&mut self, episode: &Episode<'_>, _recorded_alp: Option<f64>, rng: &mut dyn Rng) {
        self.observe(episode, rng);
    }

    /// Takes all episodes from before the snapshot it was restored from, in any order, before anything else:
    /// only the history is filled, if the teacher has one.
    fn remember(&mut self, _history: &mut dyn Iterator<Item = PastEpisode>) {}

    /// The next fit that can be run now, if one is due. Each is handed out once; after a restore, those not
    /// installed are handed out again. This and the next four are those of a teacher without fits unless it has some.
    fn next_fit_job(&mut self) -> Option<FitJob> {
        None
    }

    /// Takes the result of a [`FitJob`]. It takes effect at its place in the order of episodes, whenever it
    /// arrives.
    ///
    /// # Errors
    /// [`InstallError`] for a fit that is not awaited; nothing has changed then.
    fn install(&mut self, fit: Fit) -> Result<(), InstallError> {
        Err(InstallError::NotAwaited(fit.number))
    }

    /// Fits that fell due and have not been installed.
    fn fits_outstanding(&self) -> usize {
        0
    }

    /// Whether a fit that must take effect before the next sample has not been installed: then
    /// [`Teacher::sample`] fails, and [`Teacher::distribution`] is still that of the fit before.
    fn fit_awaited(&self) -> bool {
        false
    }

    /// Number of the fit that took effect last; 0 before the first.
    fn fit_in_effect(&self) -> u64 {
        0
    }

    /// What the next task is drawn from.
    fn distribution(&self) -> TaskDistribution;

    /// Changes live parameters, all or none, from the next task on.
    ///
    /// # Errors
    /// [`ParamError`] where a parameter is out of range or not one of this teacher's, as none is by default.
    fn edit(&mut self, _edit: &TeacherEdit) -> Result<(), ParamError> {
        let problem = format!("is {}, which has no parameters to edit", self.params().algorithm());
        Err(ParamError::new("teacher", problem))
    }

    /// Its parameters as they are now.
    fn params(&self) -> TeacherParams;

    /// Everything but the history of episodes; bounded in size.
    fn snapshot(&self) -> TeacherSnapshot;
}

/// A task and where it was taken from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Lies in the space.
    pub task: Task,
    /// Where it was taken from.
    pub origin: Origin,
    /// Probability with which tasks of this origin are drawn at this moment.
    pub origin_probability: f64,
}

/// Where a task was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Uniform over the space.
    Exploration(ExplorationReason),
    /// The initial Gaussian of a bootstrap.
    Initial,
    /// A component of a fitted mixture.
    Component {
        /// Number of the fit, from 1.
        fit: u64,
        /// Index of the component, from 0.
        component: u32,
    },
    /// Uniform in a region of RIAC's.
    Region {
        /// Index of the region, from 0, in the order in which they came to be.
        region: u32,
    },
    /// A mutation of the worst task of a region of RIAC's.
    Mutation {
        /// Index of the region, from 0, in the order in which they came to be.
        region: u32,
    },
    /// Uniform in the Oracle's window.
    Window,
    /// Uniform in a small box around a particle of CURROT's.
    Particle {
        /// Index of the particle, from 0; particles move.
        particle: u32,
    },
}

/// Why a task was drawn uniformly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExplorationReason {
    /// The bootstrap is not over.
    Bootstrap,
    /// The share of random tasks.
    RandomTaskRatio,
    /// No component or region has progress above zero, every fit of the window failed, or all returns that CURROT knows
    /// are the same.
    NoProgress,
    /// The Random teacher always explores.
    RandomTeacher,
}

/// One accepted episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode<'a> {
    /// In the order of acceptance, from 1.
    pub number: u64,
    /// As played.
    pub task: &'a Task,
    /// What came of it.
    pub result: EpisodeResult,
    /// Who played it.
    pub student: &'a str,
}

/// An episode from before a snapshot, with what the history keeps of it. Infeasible ones leave nothing there.
#[derive(Clone, Debug, PartialEq)]
pub struct PastEpisode {
    /// In the order of acceptance, from 1.
    pub number: u64,
    /// As played.
    pub task: Task,
    /// In the environment's units; finite.
    pub return_: f64,
    /// Who played it.
    pub student: Arc<str>,
}

/// What came of an episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EpisodeResult {
    /// It was played; its return, in the environment's units.
    Completed(f64),
    /// Its environment could not be built.
    Infeasible,
}

/// What an episode taught.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observation {
    /// Absolute learning progress: in units of the (scaled) return; `None` where the teacher has none for
    /// this episode.
    pub alp: Option<f64>,
    /// The nearest earlier episode, if one was compared with.
    pub nearest: Option<NearestEpisode>,
}

/// The earlier episode that a return was compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearestEpisode {
    /// Its number.
    pub number: u64,
    /// Distance between the tasks, in internal coordinates.
    pub distance: f64,
}

/// A fit must be installed before the next task can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fit {number} takes effect before the next task and is not finished")]
pub struct FitPending {
    /// Number of the fit, from 1.
    pub number: u64,
}

/// Why an episode was refused. The caller must mend the report.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ObserveError {
    /// The return is NaN or infinite.
    #[error("a return must be a finite number, this one is {0}")]
    ReturnNotFinite(f64),
}

/// Why a fit was refused: a bug of the caller, or a damaged record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstallError {
    /// No such fit is awaited: it was never due, or is installed already.
    #[error("fit {0} is not awaited")]
    NotAwaited(u64),
    /// No job of this teacher has such a result: it was written by somebody else, or damaged.
    #[error("fit {number} cannot be used: {problem}")]
    Unusable {
        /// Number of the fit.
        number: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Why a teacher's parameters were refused. The caller must mend them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct ParamError {
    /// The parameter to mend, such as `random_task_ratio`.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl ParamError {
    pub(crate) fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// Scales returns to `[0, 1]` and clips them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
pub struct ReturnRange {
    low: f64,
    high: f64,
}

impl ReturnRange {
    /// # Errors
    /// [`ParamError`] unless both are finite, `low` is below `high`, and their difference is finite.
    pub fn new(low: f64, high: f64) -> Result<Self, ParamError> {
        for (field, value) in [("low", low), ("high", high)] {
            if !value.is_finite() {
                return Err(ParamError::new(field, format!("is {value}; it must be a finite number")));
            }
        }
        if low >= high || !(high - low).is_finite() {
            return Err(ParamError::new(
                "high",
                format!("is {high}; it must be above low, {low}, by a finite number"),
            ));
        }
        Ok(Self { low, high })
    }

    /// Lowest and highest return.
    pub fn bounds(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// `return_` as a share of the range, clipped to `[0, 1]`.
    pub fn scale(&self, return_: f64) -> f64 {
        ((return_ - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

impl TryFrom<(f64, f64)> for ReturnRange {
    type Error = ParamError;

    fn try_from((low, high): (f64, f64)) -> Result<Self, ParamError> {
        Self::new(low, high)
    }
}

impl From<ReturnRange> for (f64, f64) {
    fn from(range: ReturnRange) -> Self {
        range.bounds()
    }
}

/// What every teacher knows of its curriculum.
#[derive(Clone, Debug, PartialEq)]
pub struct TeacherContext {
    /// Where tasks are drawn from.
    pub space: Arc<TaskSpace>,
    /// How returns are scaled; `None`: taken as they are.
    pub return_range: Option<ReturnRange>,
}

impl TeacherContext {
    /// A return as a share of the return range, clipped; as it is where there is no range.
    pub fn scaled(&self, return_: f64) -> f64 {
        self.return_range.map_or(return_, |range| range.scale(return_))
    }
}

/// A teacher's parameters, by algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case")]
pub enum TeacherParams {
    /// Uniform sampling, the baseline.
    Random,
    /// ALP-GMM.
    AlpGmm(alp_gmm::AlpGmmParams),
    /// Covar-GMM: ALP-GMM's parameters, without those of its history.
    CovarGmm(alp_gmm::AlpGmmParams),
    /// RIAC.
    Riac(riac::RiacParams),
    /// Oracle.
    Oracle(oracle::OracleParams),
    /// CURROT.
    Currot(currot::CurrotParams),
}

impl TeacherParams {
    /// Name of the algorithm, as in settings: `random`, `alp_gmm`, `covar_gmm`, `riac`, `oracle`, `currot`.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::AlpGmm(_) => "alp_gmm",
            Self::CovarGmm(_) => "covar_gmm",
            Self::Riac(_) => "riac",
            Self::Oracle(_) => "oracle",
            Self::Currot(_) => "currot",
        }
    }

    /// Checks the parameters against the context and starts the teacher.
    ///
    /// # Errors
    /// [`ParamError`] where a parameter is out of range or contradicts another.
    pub fn start(&self, context: TeacherContext) -> Result<Box<dyn Teacher>, ParamError> {
        Ok(match self {
            Self::Random => Box::new(random::Random::new(context)),
            Self::AlpGmm(params) => {
                let checked = Progress::Alp.check(params, &context.space)?;
                Box::new(GmmTeacher::new(context, checked, Progress::Alp))
            }
            Self::CovarGmm(params) => {
                let checked = Progress::Covariance.check(params, &context.space)?;
                Box::new(GmmTeacher::new(context, checked, Progress::Covariance))
            }
            Self::Riac(params) => Box::new(riac::Riac::new(context, params.clone())?),
            Self::Oracle(params) => Box::new(oracle::Oracle::new(context, params.clone())?),
            Self::Currot(params) => {
                let checked = params.check(&context)?;
                Box::new(currot::Currot::new(context, checked))
            }
        })
    }

    /// Starts the teacher from a snapshot; its history must follow through [`Teacher::remember`], then later
    /// events through [`Teacher::replay`] and [`Teacher::install`].
    ///
    /// # Errors
    /// [`ParamError`] where the snapshot is another algorithm's or does not fit the context.
    pub fn restore(
        context: TeacherContext,
        snapshot: TeacherSnapshot,
    ) -> Result<Box<dyn Teacher>, ParamError> {
        Ok(match snapshot {
            TeacherSnapshot::Random => Box::new(random::Random::new(context)),
            TeacherSnapshot::AlpGmm(snapshot) => {
                Box::new(GmmTeacher::restore(context, *snapshot, Progress::Alp)?)
            }
            TeacherSnapshot::CovarGmm(snapshot) => {
                Box::new(GmmTeacher::restore(context, *snapshot, Progress::Covariance)?)
            }
            TeacherSnapshot::Riac(snapshot) => Box::new(riac::Riac::restore(context, *snapshot)?),
            TeacherSnapshot::Oracle(snapshot) => Box::new(oracle::Oracle::restore(context, snapshot)?),
            TeacherSnapshot::Currot(snapshot) => Box::new(currot::Currot::restore(context, *snapshot)?),
        })
    }
}

/// Changes of live parameters; `None` keeps the present value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeacherEdit {
    /// For ALP-GMM and Covar-GMM.
    AlpGmm(alp_gmm::AlpGmmEdit),
}

/// Bounded state of a teacher, by algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case")]
pub enum TeacherSnapshot {
    /// Nothing.
    Random,
    /// ALP-GMM's window, mixtures and counters.
    AlpGmm(Box<alp_gmm::AlpGmmSnapshot>),
    /// The same of Covar-GMM.
    CovarGmm(Box<alp_gmm::AlpGmmSnapshot>),
    /// RIAC's tree.
    Riac(Box<riac::RiacSnapshot>),
    /// Oracle's window and returns.
    Oracle(oracle::OracleSnapshot),
    /// CURROT's particles and the episodes that move them.
    Currot(Box<currot::CurrotSnapshot>),
}

/// What tasks are drawn from at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDistribution {
    /// Probability that the next task is drawn uniformly.
    pub exploration_probability: f64,
    /// What the rest is drawn from.
    pub shape: DistributionShape,
}

/// What tasks that are not explored are drawn from. Coordinates are internal.
#[derive(Clone, Debug, PartialEq)]
pub enum DistributionShape {
    /// Nothing but exploration.
    Uniform,
    /// A Gaussian mixture.
    Mixture {
        /// Number of the fit; 0 for the initial Gaussian.
        fit: u64,
        /// Its components.
        components: Vec<Component>,
    },
    /// Boxes in the order in which they came to be: the first is the space, each other one a half of one before it.
    Regions {
        /// The boxes.
        regions: Vec<Region>,
        /// What some tasks are instead of uniform in a box.
        mutation: Mutation,
    },
    /// One box: its low and its high corner.
    Window {
        /// One per axis.
        low: Vec<f64>,
        /// One per axis.
        high: Vec<f64>,
    },
    /// Points, equally likely; a task is uniform in the box around one, and clipped.
    Particles {
        /// One number per axis each.
        points: Vec<Vec<f64>>,
        /// Half the sides of each box, one per axis.
        reach: Vec<f64>,
    },
}

/// One Gaussian over the task axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Share of the window's points.
    pub weight: f64,
    /// Probability that a task not explored is drawn from it.
    pub odds: f64,
    /// Learning progress of its points: their mean ALP; of Covar-GMM, the covariance of time and return, at least 0.
    pub mean_alp: f64,
    /// One per axis.
    pub mean: Vec<f64>,
    /// Axes × axes, row by row.
    pub covariance: Vec<f64>,
}

/// One box of the space.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// One per axis.
    pub low: Vec<f64>,
    /// One per axis.
    pub high: Vec<f64>,
    /// ALP of its episodes.
    pub mean_alp: f64,
    /// Probability that a task not explored is drawn from it, or is a mutation of its worst one.
    pub odds: f64,
    /// Episodes within it.
    pub episodes: u64,
    /// Index of the region of which it is a half; `None` for the space.
    pub parent: Option<u32>,
    /// The task with the lowest return of its episodes, one number per axis; `None` without episodes.
    pub worst: Option<Vec<f64>>,
}

/// Tasks around the worst one of a region.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// Probability that the next task is one.
    pub probability: f64,
    /// Standard deviation along each axis.
    pub deviations: Vec<f64>,
}

fn within(field: &'static str, value: u32, low: u32, high: u32) -> Result<(), ParamError> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(ParamError::new(field, format!("is {value}; it must lie between {low} and {high}")))
    }
}
