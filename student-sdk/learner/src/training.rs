//! A training run: collect experience, learn from it, evaluate now and then.

use crate::checkpoint::{Checkpoint, Counters};
use crate::crew::{Member, play_all};
use crate::error::LearnerError;
use crate::evaluation::{Evaluation, play_tests};
use crate::group::{Group, Guide, Rollout, Stopped};
use crate::judge::Judge;
use crate::lessons::Teacher;
use crate::normaliser::{ObservationNormaliser, RewardScale};
use crate::policy::{About, Policy};
use crate::ppo::{self, Actor, CheckedPpoSettings, Critic, Order, Rates, STEPS_PER_EXCHANGE, Update};
use crate::random::{Purpose, stream};
use crate::settings::Settings;
use magister_student::{Curriculum, TestTask};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How often tasks are asked for before a walker has its first, at most.
const MOST_FIRST_ASKS: usize = 100;
/// Updates over whose episodes a run's mean return is taken.
const RECENT_UPDATES: usize = 5;

/// A run under way. It blocks: use it from a thread that is not one of the runtime's.
///
/// After an error it is of no use; go on from its last [`Checkpoint`].
#[derive(Debug)]
pub struct Training {
    settings: Settings,
    ppo: CheckedPpoSettings,
    teacher: Teacher,
    runtime: Handle,
    threads: usize,
    groups: Vec<Group>,
    actor: Actor,
    critic: Critic,
    observations: ObservationNormaliser,
    rewards: RewardScale,
    counters: Counters,
    evaluations: Vec<Evaluation>,
    updates: Vec<UpdateRecord>,
    times: Times,
}

/// How an update, and the rollout before it, went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateRecord {
    /// Environment steps up to here.
    pub steps: u64,
    /// Episodes that ended up to here.
    pub episodes: u64,
    /// Mean return of those that ended during the rollout; none if none did.
    pub mean_return: Option<f64>,
    /// Their mean length, steps.
    pub mean_length: Option<f64>,
    /// The policy's standard deviation, the mean over its torques.
    pub deviation: f64,
    /// An estimate of how far the update moved the policy: the mean Kullback-Leibler divergence over its minibatches, nats.
    pub divergence: f64,
    /// The share of samples that were clipped.
    pub clipped_share: f64,
    /// Mean squared error of the value function, in the scale of the normalised rewards.
    pub value_error: f64,
}

/// Where this process's wall time went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// Collecting experience, waiting for the teacher included.
    pub collecting: Duration,
    /// Waiting for the teacher, per thread.
    pub waiting: Duration,
    /// Learning.
    pub learning: Duration,
    /// Evaluating.
    pub evaluating: Duration,
}

impl Training {
    /// Begins a run on a curriculum: settings are checked, first tasks asked for, and nothing else has happened yet.
    ///
    /// `run` names the run's requests: the same name on the same curriculum gets the same answers, so that a run can be begun again as
    /// long as it has no checkpoint. `threads` changes the speed alone; more than there are groups of 64 walkers are of no use.
    /// A `start` is a policy to begin with instead of one that knows nothing.
    ///
    /// # Errors
    /// If a setting must be mended, `start` is of another shape, or the teacher or its tasks fail.
    pub fn begin(
        settings: Settings,
        run: impl Into<String>,
        start: Option<&Policy>,
        curriculum: Curriculum,
        runtime: Handle,
        threads: usize,
    ) -> Result<Self, LearnerError> {
        let ppo = settings.checked()?;
        let (observations, actions) = (settings.walker.observation_count(), settings.walker.action_count());
        let mut actor = Actor::new(settings.seed, 0, observations, &ppo.hidden, actions);
        let mut normaliser = ObservationNormaliser::new(observations);
        if let Some(policy) = start {
            normaliser = policy.hand_over(&mut actor)?;
        }
        let critic = Critic::new(settings.seed, 0, observations, &ppo.hidden);
        let groups = (0..ppo.groups())
            .map(|_| Group::new(settings.of_groups(), &actor.mlp))
            .collect::<Result<Vec<_>, _>>()?;
        let mut training = Self {
            settings,
            ppo,
            teacher: Teacher { curriculum, run: run.into() },
            runtime,
            threads: threads.max(1),
            groups,
            actor,
            critic,
            observations: normaliser,
            rewards: RewardScale::default(),
            counters: Counters::default(),
            evaluations: Vec::new(),
            updates: Vec::new(),
            times: Times::default(),
        };
        training.ask_first()?;
        Ok(training)
    }

    /// Goes on from a checkpoint of the same run.
    ///
    /// # Errors
    /// If the checkpoint is damaged or the machine cannot step its walkers.
    pub fn restore(
        checkpoint: Checkpoint,
        curriculum: Curriculum,
        runtime: Handle,
        threads: usize,
    ) -> Result<Self, LearnerError> {
        let Checkpoint {
            format: _,
            run,
            settings,
            counters,
            actor,
            critic,
            observations,
            rewards,
            groups: states,
            evaluations,
            updates,
        } = checkpoint;
        let ppo = settings.checked()?;
        let width = settings.walker.observation_count();
        let mut new_actor = Actor::new(settings.seed, 0, width, &ppo.hidden, settings.walker.action_count());
        let mut new_critic = Critic::new(settings.seed, 0, width, &ppo.hidden);
        let fits = new_actor.weights.parameters.len() == actor.parameters.len()
            && new_critic.weights.parameters.len() == critic.parameters.len()
            && observations.width() == width
            && states.len() == ppo.groups();
        if !fits {
            return Err(LearnerError::OtherRun(
                "its networks or walkers are not those of its settings".to_owned(),
            ));
        }
        new_actor.weights = actor;
        new_critic.weights = critic;
        let mut groups = Vec::with_capacity(states.len());
        for state in states {
            let mut group = Group::new(settings.of_groups(), &new_actor.mlp)?;
            group.restore(state)?;
            groups.push(group);
        }
        Ok(Self {
            settings,
            ppo,
            teacher: Teacher { curriculum, run },
            runtime,
            threads: threads.max(1),
            groups,
            actor: new_actor,
            critic: new_critic,
            observations,
            rewards,
            counters,
            evaluations,
            updates,
            times: Times::default(),
        })
    }

    /// All that is needed to go on from here.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            format: Checkpoint::FORMAT,
            run: self.teacher.run.clone(),
            settings: self.settings.clone(),
            counters: self.counters,
            actor: self.actor.weights.clone(),
            critic: self.critic.weights.clone(),
            observations: self.observations.clone(),
            rewards: self.rewards.clone(),
            groups: self.groups.iter().map(Group::state).collect(),
            evaluations: self.evaluations.clone(),
            updates: self.updates.clone(),
        }
    }

    /// The policy as it is now.
    pub fn policy(&self) -> Policy {
        let about = About {
            walker: self.settings.walker,
            tracks: self.settings.space.tracks(),
            steps: self.counters.steps,
        };
        Policy::new(
            about,
            self.actor.mlp.clone(),
            self.actor.weights.parameters.clone(),
            self.observations.means(),
            self.observations.variances(),
        )
    }

    /// What it was begun with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Environment steps taken.
    pub fn steps(&self) -> u64 {
        self.counters.steps
    }

    /// Whether all steps are taken.
    pub fn is_over(&self) -> bool {
        self.counters.steps >= self.settings.steps
    }

    /// Episodes that ended.
    pub fn episodes(&self) -> u64 {
        self.counters.episodes
    }

    /// Episodes of these that were played again and not reported, because the teacher's next task had not come yet.
    pub fn repeated_episodes(&self) -> u64 {
        self.counters.repeated
    }

    /// Tasks of which no track could be made.
    pub fn infeasible_tasks(&self) -> u64 {
        self.counters.infeasible
    }

    /// Evaluations so far, in their order.
    pub fn evaluations(&self) -> &[Evaluation] {
        &self.evaluations
    }

    /// Updates so far, in their order.
    pub fn updates(&self) -> &[UpdateRecord] {
        &self.updates
    }

    /// Mean return of the episodes that ended lately, during the last five rollouts; none if none did.
    pub fn recent_return(&self) -> Option<f64> {
        let recent = &self.updates[self.updates.len().saturating_sub(RECENT_UPDATES)..];
        let returns: Vec<f64> = recent.iter().filter_map(|update| update.mean_return).collect();
        (!returns.is_empty()).then(|| returns.iter().sum::<f64>() / returns.len() as f64)
    }

    /// Where this process's time went.
    pub fn times(&self) -> Times {
        self.times
    }

    /// Collects a rollout, learns from it and, if that is due, evaluates. Nothing if the run is over.
    ///
    /// # Errors
    /// If the learner diverges or the teacher gives up; then go on from the last checkpoint.
    pub fn advance(&mut self) -> Result<(), LearnerError> {
        if self.is_over() {
            return Ok(());
        }
        self.forget();
        let begin = Instant::now();
        let rollouts = self.collect()?;
        let collected = Instant::now();
        let waited: Duration = rollouts.iter().map(|rollout| rollout.waited).sum();
        self.learn(rollouts)?;
        let learned = Instant::now();
        if self.is_over() || self.has_passed(self.settings.evaluation_interval) {
            self.evaluate()?;
        }
        self.times.collecting += collected - begin;
        self.times.waiting += waited / self.threads_used() as u32;
        self.times.learning += learned - collected;
        self.times.evaluating += learned.elapsed();
        Ok(())
    }

    /// Gives the tasks back that the walkers were at, once the run is over: they need not stay leased. Doing so again changes nothing.
    ///
    /// # Errors
    /// If the teacher gives up.
    pub fn close(&self) -> Result<(), LearnerError> {
        let held = self.groups.iter().flat_map(Group::held);
        Ok(self.runtime.block_on(self.teacher.give_back(held))?)
    }

    /// Whether the last update went over a multiple of an interval.
    fn has_passed(&self, interval: u64) -> bool {
        let before = self.counters.steps.saturating_sub(self.ppo.steps_per_update());
        before / interval < self.counters.steps / interval
    }

    /// Begins with new networks where that is due. Before a rollout and not after an update, so that what was learned is evaluated first and
    /// stands in the checkpoint.
    fn forget(&mut self) {
        let Some(interval) = self.settings.forget_interval else { return };
        if self.has_passed(interval) {
            let (seed, life) = (self.settings.seed, self.counters.steps / interval);
            let (observations, actions) =
                (self.settings.walker.observation_count(), self.settings.walker.action_count());
            self.actor = Actor::new(seed, life, observations, &self.ppo.hidden, actions);
            self.critic = Critic::new(seed, life, observations, &self.ppo.hidden);
        }
    }

    fn threads_used(&self) -> usize {
        self.threads.min(self.groups.len())
    }

    /// Gives every walker its first tasks.
    fn ask_first(&mut self) -> Result<(), LearnerError> {
        for _ in 0..MOST_FIRST_ASKS {
            let hand_ins: Vec<_> = self.groups.iter_mut().map(Group::hand_in).collect();
            let reports = hand_ins.iter().flat_map(|hand_in| hand_in.reports.clone()).collect();
            let wanted = hand_ins.iter().map(|hand_in| hand_in.wanted).sum();
            let exchange = self.teacher.exchange(self.counters.exchanges, reports, wanted);
            let mut tasks = self.runtime.block_on(exchange)?.into_iter();
            self.counters.exchanges += 1;
            for (group, hand_in) in self.groups.iter_mut().zip(hand_ins) {
                self.counters.infeasible += group.take(tasks.by_ref().take(hand_in.wanted).collect())?;
            }
            if self.groups.iter().all(Group::is_ready) {
                return Ok(());
            }
        }
        Err(LearnerError::NothingFeasible { tried: self.counters.infeasible as usize })
    }

    fn collect(&mut self) -> Result<Vec<Rollout>, LearnerError> {
        let exchanges = self.ppo.rollout_steps / STEPS_PER_EXCHANGE;
        let group_count = self.groups.len();
        let (desks, kept) = self.teacher.open(&self.runtime, self.counters.exchanges, exchanges, group_count);
        let scaling = self.observations.scaling();
        let guide = Guide {
            mlp: &self.actor.mlp,
            parameters: &self.actor.weights.parameters,
            scaling: &scaling,
            steps: self.counters.steps,
            walkers: self.ppo.walkers as u64,
        };
        let (seed, rollout) = (self.settings.seed, self.counters.rollouts);
        let threads = self.threads_used();
        let member = |(index, (group, desk))| {
            let noise = stream(seed, Purpose::Noise, rollout * group_count as u64 + index as u64);
            Member { group, desk, noise, rollout: Rollout::default() }
        };
        let members = self.groups.iter_mut().zip(desks).enumerate().map(member).collect();
        let outcomes = play_all(members, threads, exchanges, &guide);
        let kept = self.runtime.block_on(kept).expect("the exchange does not panic");
        let mut rollouts = Vec::with_capacity(group_count);
        let mut closed = false;
        for outcome in outcomes {
            match outcome {
                Ok(of_crew) => rollouts.extend(of_crew),
                Err(Stopped::Failed(error)) => return Err(error),
                Err(Stopped::Closed) => closed = true,
            }
        }
        kept?;
        assert!(!closed, "an exchange that goes well stays open to its end");
        self.counters.exchanges += exchanges as u64;
        Ok(rollouts)
    }

    fn learn(&mut self, mut rollouts: Vec<Rollout>) -> Result<(), LearnerError> {
        for rollout in &rollouts {
            self.rewards.observe(rollout.discounted.iter().copied());
        }
        let judge = Judge {
            critic: &self.critic,
            rewards: &self.rewards,
            settings: &self.ppo,
            widths: (self.settings.walker.observation_count(), self.settings.walker.action_count()),
        };
        let samples = judge.all_samples(&mut rollouts, self.threads_used());
        let order = Order { seed: self.settings.seed, update: self.counters.rollouts };
        let rates = self.rates();
        let Self { actor, critic, ppo, threads, .. } = self;
        let update = ppo::update(actor, critic, &samples, ppo, rates, order, *threads);
        for rollout in &rollouts {
            self.observations.observe(&rollout.raw_observations);
            self.counters.episodes += rollout.episodes.len() as u64;
            self.counters.repeated += rollout.repeated;
            self.counters.infeasible += rollout.infeasible;
        }
        self.counters.rollouts += 1;
        self.counters.steps += self.ppo.steps_per_update();
        let finite = [
            ("the policy", self.actor.weights.is_finite()),
            ("the value function", self.critic.weights.is_finite()),
            ("an observation", self.observations.is_finite()),
            ("a reward", self.rewards.is_finite()),
        ];
        if let Some((what, _)) = finite.into_iter().find(|(_, is_finite)| !is_finite) {
            return Err(LearnerError::Diverged { steps: self.counters.steps, what });
        }
        self.note(&rollouts, update);
        Ok(())
    }

    /// Both fall evenly: the learning rate to its last share, the entropy's weight to nothing.
    fn rates(&self) -> Rates {
        let done = self.counters.steps as f64 / self.settings.steps as f64;
        let share = 1.0 - (1.0 - self.ppo.final_learning_rate_share) * done;
        Rates {
            learning_rate: (self.ppo.learning_rate * share) as f32,
            entropy: self.ppo.entropy * (1.0 - done),
        }
    }

    fn note(&mut self, rollouts: &[Rollout], update: Update) {
        let episodes = || rollouts.iter().flat_map(|rollout| &rollout.episodes);
        let mean = |sum: f64| {
            let count = episodes().count();
            (count > 0).then(|| sum / count as f64)
        };
        let deviations = self.actor.log_deviations();
        self.updates.push(UpdateRecord {
            steps: self.counters.steps,
            episodes: self.counters.episodes,
            mean_return: mean(episodes().map(|(return_, _)| return_).sum()),
            mean_length: mean(episodes().map(|(_, length)| f64::from(*length)).sum()),
            deviation: deviations.iter().map(|log| f64::from(log.exp())).sum::<f64>()
                / deviations.len() as f64,
            divergence: update.actor.divergence,
            clipped_share: update.actor.clipped,
            value_error: update.value_error,
        });
    }

    fn evaluate(&mut self) -> Result<(), LearnerError> {
        let steps = self.counters.steps;
        let id = format!("{}/evaluation/{steps}", self.teacher.run);
        let curriculum = self.teacher.curriculum.clone();
        let round = self.runtime.block_on(curriculum.sample_test_tasks_again(steps, id))?;
        let results = play_tests(&self.policy(), self.settings.space.tracks(), &round.tasks, self.threads)?;
        let told = round
            .tasks
            .iter()
            .zip(&results)
            .map(|(task, &(return_, length)): (&TestTask, _)| task.result(return_).length(length.into()));
        let evaluation =
            self.runtime.block_on(curriculum.report_evaluations(round.evaluation.round, told))?;
        self.evaluations.push(Evaluation {
            steps,
            mastered_share: evaluation.mastered_share.unwrap_or(0.0),
            mean_return: evaluation.mean_return.unwrap_or(0.0),
            returns: results.into_iter().map(|(return_, _)| return_).collect(),
        });
        Ok(())
    }
}
