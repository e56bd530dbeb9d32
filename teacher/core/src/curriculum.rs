//! One teacher, one seed, one order of episodes: the state machine that services and in-process runs share.
//!
//! It numbers tasks and episodes, gives every draw the generator of its number, and leaves time, leases,
//! storage and threads to its owner. Everything that can differ between two runs with the same order of calls
//! stays outside.

use std::sync::Arc;

use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};

use crate::{
    fit::{Fit, FitJob},
    space::{Task, TaskSpace},
    streams::Streams,
    teacher::{
        Episode, EpisodeResult, FitPending, InstallError, Observation, ObserveError, ParamError, PastEpisode,
        ReturnRange, Sample, TaskDistribution, Teacher, TeacherContext, TeacherEdit, TeacherParams,
        TeacherSnapshot,
    },
};

/// Raised whenever the same settings and calls would give other tasks than before.
pub const ALGORITHM_VERSION: u32 = 1;

/// What never changes in a curriculum, and the parameters that its teacher starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurriculumSettings {
    /// Where tasks are drawn from.
    pub space: Arc<TaskSpace>,
    /// The teacher's parameters at the start.
    pub teacher: TeacherParams,
    /// All randomness follows from it.
    pub seed: u64,
    /// How returns are scaled; `None`: taken as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_range: Option<ReturnRange>,
}

impl CurriculumSettings {
    fn context(&self) -> TeacherContext {
        TeacherContext { space: Arc::clone(&self.space), return_range: self.return_range }
    }
}

/// The seed of a curriculum that another, with another seed, was copied from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierSeed {
    /// What was sampled and fitted up to there follows from it.
    pub seed: u64,
    /// Position in the journal that it was copied up to.
    pub position: u64,
    /// Tasks with numbers up to this one follow from it.
    pub tasks: u64,
    /// Fits that fell due up to this episode follow from it.
    pub episodes: u64,
}

/// A running curriculum.
#[derive(Debug)]
pub struct Curriculum {
    settings: CurriculumSettings,
    streams: Streams,
    /// In the order of their positions.
    earlier_seeds: Vec<EarlierSeed>,
    teacher: Box<dyn Teacher>,
    tasks: u64,
    episodes: u64,
}

/// Bounded state of a curriculum; the history of episodes is not part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurriculumSnapshot {
    /// Tasks sampled.
    pub tasks: u64,
    /// Episodes observed.
    pub episodes: u64,
    /// The teacher's state.
    pub teacher: TeacherSnapshot,
}

/// A fit with its generator: run it anywhere.
#[derive(Debug)]
pub struct SeededFitJob {
    job: FitJob,
    rng: ChaCha12Rng,
}

impl SeededFitJob {
    /// Number of the fit, from 1.
    pub fn number(&self) -> u64 {
        self.job.number
    }

    /// Fits; takes milliseconds.
    pub fn run(mut self) -> Fit {
        self.job.run(&mut self.rng)
    }
}

impl Curriculum {
    /// Checks the settings and starts.
    ///
    /// # Errors
    /// [`ParamError`] where a parameter of the teacher is out of range.
    pub fn new(settings: CurriculumSettings) -> Result<Self, ParamError> {
        let teacher = settings.teacher.start(settings.context())?;
        Ok(Self {
            streams: Streams::new(settings.seed),
            earlier_seeds: Vec::new(),
            settings,
            teacher,
            tasks: 0,
            episodes: 0,
        })
    }

    /// Starts from a snapshot. Call [`Curriculum::remember`] with the episodes up to it, then replay what came
    /// after.
    ///
    /// # Errors
    /// [`ParamError`] where the snapshot does not fit the settings.
    pub fn restore(settings: CurriculumSettings, snapshot: CurriculumSnapshot) -> Result<Self, ParamError> {
        let teacher = TeacherParams::restore(settings.context(), snapshot.teacher)?;
        let streams = Streams::new(settings.seed);
        Ok(Self {
            streams,
            earlier_seeds: Vec::new(),
            settings,
            teacher,
            tasks: snapshot.tasks,
            episodes: snapshot.episodes,
        })
    }

    /// The same, but what came before a copy with another seed follows from the seed of the original: `earlier`
    /// has them in the order of their positions. A fit that fell due before the copy and is run after it is the
    /// original's.
    #[must_use]
    pub fn with_earlier_seeds(self, earlier: Vec<EarlierSeed>) -> Self {
        Self { earlier_seeds: earlier, ..self }
    }

    /// Settings as at the start.
    pub fn settings(&self) -> &CurriculumSettings {
        &self.settings
    }

    /// The task space.
    pub fn space(&self) -> &Arc<TaskSpace> {
        &self.settings.space
    }

    /// The teacher's parameters as they are now.
    pub fn teacher_params(&self) -> TeacherParams {
        self.teacher.params()
    }

    /// Tasks sampled so far.
    pub fn tasks(&self) -> u64 {
        self.tasks
    }

    /// Episodes observed so far.
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// Samples the next task; its number is [`Curriculum::tasks`] afterwards.
    ///
    /// # Errors
    /// [`FitPending`] while a fit that must take effect first is not installed; nothing has changed then.
    pub fn sample(&mut self) -> Result<Sample, FitPending> {
        let number = self.tasks + 1;
        let earlier = self.earlier_seeds.iter().find(|earlier| number <= earlier.tasks);
        let streams = earlier.map_or(self.streams, |earlier| Streams::new(earlier.seed));
        let sample = self.teacher.sample(&mut streams.task(number))?;
        self.tasks = number;
        Ok(sample)
    }

    /// Counts a task that the journal says was sampled or given a number, without sampling it.
    pub fn skip_task(&mut self) {
        self.tasks += 1;
    }

    /// Accepts an episode; its number is [`Curriculum::episodes`] afterwards.
    ///
    /// # Errors
    /// [`ObserveError`] for a return that is not finite; nothing has changed then.
    pub fn observe(
        &mut self,
        task: &Task,
        result: EpisodeResult,
        student: &str,
    ) -> Result<Observation, ObserveError> {
        if let EpisodeResult::Completed(return_) = result
            && !return_.is_finite()
        {
            return Err(ObserveError::ReturnNotFinite(return_));
        }
        self.episodes += 1;
        let number = self.episodes;
        let mut rng = self.episode_rng(number);
        Ok(self.teacher.observe(&Episode { number, task, result, student }, &mut rng))
    }

    /// Accepts an episode from the journal, with its recorded ALP.
    pub fn replay(&mut self, task: &Task, result: EpisodeResult, student: &str, recorded_alp: Option<f64>) {
        self.episodes += 1;
        let number = self.episodes;
        let mut rng = self.episode_rng(number);
        self.teacher.replay(&Episode { number, task, result, student }, recorded_alp, &mut rng);
    }

    fn episode_rng(&self, number: u64) -> ChaCha12Rng {
        let earlier = self.earlier_seeds.iter().find(|earlier| number <= earlier.episodes);
        earlier.map_or(self.streams, |earlier| Streams::new(earlier.seed)).episode(number)
    }

    /// Takes all episodes from before the snapshot into the history, in any order, before anything else.
    pub fn remember(&mut self, history: &mut dyn Iterator<Item = PastEpisode>) {
        self.teacher.remember(history);
    }

    /// The next fit that can be run now, if one is due.
    pub fn next_fit_job(&mut self) -> Option<SeededFitJob> {
        let job = self.teacher.next_fit_job()?;
        let earlier = self.earlier_seeds.iter().find(|earlier| job.due_episode <= earlier.episodes);
        let streams = earlier.map_or(self.streams, |earlier| Streams::new(earlier.seed));
        Some(SeededFitJob { rng: streams.fit(job.number), job })
    }

    /// Takes the result of a fit.
    ///
    /// # Errors
    /// [`InstallError`] for a fit that is not awaited; nothing has changed then.
    pub fn install(&mut self, fit: Fit) -> Result<(), InstallError> {
        self.teacher.install(fit)
    }

    /// Fits that fell due and have not been installed.
    pub fn fits_outstanding(&self) -> usize {
        self.teacher.fits_outstanding()
    }

    /// Whether a fit must be installed before the next sample; until then [`Curriculum::distribution`] is out of
    /// date.
    pub fn fit_awaited(&self) -> bool {
        self.teacher.fit_awaited()
    }

    /// Runs every fit that is due, here and now: for runs within one process.
    pub fn run_fits(&mut self) {
        while let Some(job) = self.next_fit_job() {
            self.install(job.run()).expect("a job that was just handed out is awaited");
        }
    }

    /// Number of the fit that took effect last; 0 before the first.
    pub fn fit_in_effect(&self) -> u64 {
        self.teacher.fit_in_effect()
    }

    /// What the next task is drawn from.
    pub fn distribution(&self) -> TaskDistribution {
        self.teacher.distribution()
    }

    /// Changes live parameters of the teacher, all or none.
    ///
    /// # Errors
    /// [`ParamError`] where one is out of range.
    pub fn edit(&mut self, edit: &TeacherEdit) -> Result<(), ParamError> {
        self.teacher.edit(edit)
    }

    /// Bounded state, for a restart.
    pub fn snapshot(&self) -> CurriculumSnapshot {
        CurriculumSnapshot { tasks: self.tasks, episodes: self.episodes, teacher: self.teacher.snapshot() }
    }
}
