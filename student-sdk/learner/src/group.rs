//! A group of walkers that collects experience: its episodes, the tasks it holds, the rollouts it makes.

use crate::bundled::{TaskError, TrackSpace};
use crate::error::LearnerError;
use crate::lessons::{Closed, Desk, HandIn, LAG, Report, TaskResult, number};
use crate::network::{Mlp, Pass};
use crate::normaliser::Scaling;
use crate::ppo::{STEPS_PER_EXCHANGE, WALKERS_PER_GROUP, log_density};
use crate::random::{Purpose, seed_of};
use magister_envs::track::Track;
use magister_envs::walker::vector::{
    Autoreset, Batch, VectorEnvironment, VectorError, VectorSettings, VectorState,
};
use magister_envs::walker::{WalkerKind, WalkerSettings};
use magister_student::Task;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tasks that each walker holds: one that it plays, one that it plays next.
pub(crate) const TASKS_PER_WALKER: usize = 2;

/// Walkers that are stepped together, on tasks of the teacher.
#[derive(Debug)]
pub(crate) struct Group {
    settings: GroupSettings,
    environment: VectorEnvironment,
    batch: Batch,
    ledger: Ledger,
    pass: Pass,
    actions: Vec<f32>,
}

/// What holds for every group of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GroupSettings {
    pub(crate) tracks: TrackSpace,
    pub(crate) walker: WalkerKind,
    pub(crate) seed: u64,
    pub(crate) discount: f64,
}

/// Who plays what. Between two rollouts nothing is owed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ledger {
    /// The task that each walker plays; none where it plays one again, for no other was there.
    playing: Vec<Option<String>>,
    /// The tasks that each plays next.
    queued: Vec<VecDeque<String>>,
    /// Walkers for which tasks were asked for, in the order in which the tasks come.
    owed: VecDeque<usize>,
    /// Walkers for which tasks are to be asked for at the next exchange.
    wanting: Vec<usize>,
    /// What is to be handed in at the next exchange.
    reports: Vec<Report>,
    /// The discounted sum of each walker's rewards in its episode so far.
    discounted: Vec<f64>,
}

/// Where a group is between two rollouts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupState {
    walkers: VectorState,
    ledger: Ledger,
}

/// Who chooses actions during a rollout.
#[derive(Debug)]
pub(crate) struct Guide<'a> {
    pub(crate) mlp: &'a Mlp,
    /// Of the network, then the logarithms of the deviations.
    pub(crate) parameters: &'a [f32],
    pub(crate) scaling: &'a Scaling,
    /// Environment steps that the learner had taken before the rollout.
    pub(crate) steps: u64,
    /// Environment steps that all groups take at once.
    pub(crate) walkers: u64,
}

/// What a group went through; entry `step * 64 + walker` each.
#[derive(Debug, Default)]
pub(crate) struct Rollout {
    /// As the environment gave them.
    pub(crate) raw_observations: Vec<f32>,
    /// As the networks see them.
    pub(crate) observations: Vec<f32>,
    pub(crate) actions: Vec<f32>,
    pub(crate) log_densities: Vec<f32>,
    pub(crate) rewards: Vec<f64>,
    /// The discounted sums of rewards since each episode's beginning.
    pub(crate) discounted: Vec<f64>,
    pub(crate) ended: Vec<bool>,
    /// The steps that truncated an episode, and its last observations as the networks see them.
    pub(crate) truncated: Vec<usize>,
    pub(crate) last_of_truncated: Vec<f32>,
    /// The observations after the last step, as the networks see them.
    pub(crate) last: Vec<f32>,
    /// Returns and lengths of the episodes that ended.
    pub(crate) episodes: Vec<(f64, u32)>,
    /// Episodes that were played again, for no task was there.
    pub(crate) repeated: u64,
    /// Tasks of which no track could be made.
    pub(crate) infeasible: u64,
    /// How long the group waited for the teacher.
    pub(crate) waited: Duration,
}

/// Why a rollout stopped.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The exchange was closed.
    Closed,
    /// This went wrong here.
    Failed(LearnerError),
}

impl From<Closed> for Stopped {
    fn from(Closed: Closed) -> Self {
        Self::Closed
    }
}

impl<E: Into<LearnerError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Group {
    /// Walkers without episodes.
    pub(crate) fn new(settings: GroupSettings, policy: &Mlp) -> Result<Self, LearnerError> {
        let walker = WalkerSettings { kind: settings.walker, ..WalkerSettings::default() };
        let environment = VectorEnvironment::new(VectorSettings {
            walker,
            count: WALKERS_PER_GROUP,
            autoreset: Autoreset::SameStep,
            ..VectorSettings::default()
        })?;
        let batch = Batch::new(&environment);
        let actions = vec![0.0; WALKERS_PER_GROUP * environment.action_count()];
        let pass = Pass::new(policy, WALKERS_PER_GROUP);
        Ok(Self { settings, environment, batch, ledger: Ledger::new(), pass, actions })
    }

    /// Goes on where a group was.
    pub(crate) fn restore(&mut self, state: GroupState) -> Result<(), LearnerError> {
        self.environment.restore(state.walkers, &mut self.batch.observations)?;
        self.ledger = state.ledger;
        Ok(())
    }

    pub(crate) fn state(&self) -> GroupState {
        GroupState { walkers: self.environment.state(), ledger: self.ledger.clone() }
    }

    /// The tasks that it holds between two rollouts.
    pub(crate) fn held(&self) -> impl Iterator<Item = &str> {
        let Ledger { playing, queued, .. } = &self.ledger;
        playing.iter().flatten().chain(queued.iter().flatten()).map(String::as_str)
    }

    /// What it brings to the next exchange; the walkers for which it asks are owed from then on.
    pub(crate) fn hand_in(&mut self) -> HandIn {
        let Ledger { wanting, owed, reports, .. } = &mut self.ledger;
        let hand_in = HandIn { reports: core::mem::take(reports), wanted: wanting.len() };
        owed.extend(wanting.drain(..));
        hand_in
    }

    /// Takes the tasks that are owed. Those of which no track can be made are to be reported, and others asked for.
    pub(crate) fn take(&mut self, tasks: Vec<Task>) -> Result<u64, LearnerError> {
        let mut infeasible = 0;
        for task in tasks {
            let walker = self.ledger.owed.pop_front().expect("no more tasks come than were asked for");
            let seed = seed_of(self.settings.seed, Purpose::Episode, number(&task)?);
            match self.settings.tracks.track(task.parameters(), seed) {
                Ok(track) => self.queue(walker, task.name(), track, seed)?,
                Err(TaskError::Track(error)) if error.is_infeasible() => {
                    infeasible += 1;
                    let result = TaskResult::Infeasible { message: error.to_string() };
                    self.ledger.reports.push(Report { task: task.name().to_owned(), result });
                    self.ledger.wanting.push(walker);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(infeasible)
    }

    /// Whether every walker has begun an episode.
    pub(crate) fn is_ready(&self) -> bool {
        (0..WALKERS_PER_GROUP).all(|walker| self.environment.episode(walker).is_some())
    }

    fn queue(&mut self, walker: usize, name: &str, track: Arc<Track>, seed: u64) -> Result<(), VectorError> {
        if self.environment.episode(walker).is_none() {
            self.environment.reset_on(walker, track, seed, &mut self.batch.observations)?;
            self.ledger.playing[walker] = Some(name.to_owned());
        } else {
            self.environment.queue_on(walker, track, seed)?;
            self.ledger.queued[walker].push_back(name.to_owned());
        }
        Ok(())
    }

    /// Plays up to the `exchange`th exchange of a rollout, from 0: picks up what is due, takes the steps, hands in.
    pub(crate) fn play(
        &mut self,
        exchange: usize,
        guide: &Guide<'_>,
        noise: &mut ChaCha8Rng,
        desk: &mut Desk,
        rollout: &mut Rollout,
    ) -> Result<(), Stopped> {
        if exchange >= LAG {
            self.pick_up(desk, rollout)?;
        }
        for step in 0..STEPS_PER_EXCHANGE {
            self.step(guide, noise, rollout)?;
            let taken = (exchange * STEPS_PER_EXCHANGE + step + 1) as u64;
            self.settle(guide.steps + taken * guide.walkers, rollout);
        }
        Ok(desk.hand_in(self.hand_in())?)
    }

    /// Picks up all that is still owed at a rollout's end of so many exchanges.
    pub(crate) fn finish(
        &mut self,
        exchanges: usize,
        guide: &Guide<'_>,
        desk: &mut Desk,
        rollout: &mut Rollout,
    ) -> Result<(), Stopped> {
        for _ in 0..LAG.min(exchanges) {
            self.pick_up(desk, rollout)?;
        }
        rollout.last = guide.scaling.applied(&self.batch.observations);
        rollout.last_of_truncated = guide.scaling.applied(&rollout.last_of_truncated);
        Ok(())
    }

    fn pick_up(&mut self, desk: &mut Desk, rollout: &mut Rollout) -> Result<(), Stopped> {
        let begin = Instant::now();
        let tasks = desk.pick_up()?;
        rollout.waited += begin.elapsed();
        rollout.infeasible += self.take(tasks)?;
        Ok(())
    }

    /// Takes a step in every walker and writes down what it was and brought.
    fn step(
        &mut self,
        guide: &Guide<'_>,
        noise: &mut ChaCha8Rng,
        rollout: &mut Rollout,
    ) -> Result<(), LearnerError> {
        let Self { environment, batch, ledger, pass, actions, .. } = self;
        let action_count = guide.mlp.outputs();
        let (_, log_deviations) = guide.parameters.split_at(guide.mlp.parameter_count());
        let deviations: Vec<f32> = log_deviations.iter().map(|log| log.exp()).collect();
        rollout.raw_observations.extend_from_slice(&batch.observations);
        let mut inputs = pass.inputs(WALKERS_PER_GROUP);
        let inputs = inputs.as_slice_mut().expect("whole rows of memory in standard order");
        guide.scaling.apply(&batch.observations, inputs);
        rollout.observations.extend_from_slice(inputs);
        let means = guide.mlp.forward(guide.parameters, pass);
        for (means, actions) in means.rows().into_iter().zip(actions.chunks_exact_mut(action_count)) {
            let mut distances = [0.0; magister_envs::walker::MAX_ACTIONS];
            let distances = &mut distances[..action_count];
            for (((distance, action), mean), deviation) in
                distances.iter_mut().zip(actions).zip(means).zip(&deviations)
            {
                *distance = StandardNormal.sample(noise);
                *action = mean + deviation * *distance;
            }
            rollout.log_densities.push(log_density(distances.iter().copied(), log_deviations));
        }
        rollout.actions.extend_from_slice(actions);
        environment.step(actions, &mut batch.rows()).map_err(|error| match error {
            VectorError::ActionValue { .. } => {
                LearnerError::Diverged { steps: guide.steps, what: "an action" }
            }
            error => error.into(),
        })?;
        rollout.rewards.extend_from_slice(&batch.rewards);
        for ((sum, reward), walker) in ledger.discounted.iter_mut().zip(&batch.rewards).zip(0..) {
            *sum = *sum * self.settings.discount + reward;
            rollout.discounted.push(*sum);
            rollout.ended.push(batch.is_over(walker));
        }
        Ok(())
    }

    /// Settles the episodes that ended with the step that was the learner's `student_step`th.
    fn settle(&mut self, student_step: u64, rollout: &mut Rollout) {
        let Self { batch, ledger, environment, .. } = self;
        let width = environment.observation_count();
        for walker in 0..WALKERS_PER_GROUP {
            if !batch.is_over(walker) {
                continue;
            }
            let terminated = batch.terminated[walker];
            let (return_, length) = (batch.returns[walker], batch.lengths[walker]);
            if !terminated {
                rollout.truncated.push(rollout.ended.len() - WALKERS_PER_GROUP + walker);
                let row = walker * width..(walker + 1) * width;
                rollout.last_of_truncated.extend_from_slice(&batch.final_observations[row]);
            }
            rollout.episodes.push((return_, length));
            ledger.discounted[walker] = 0.0;
            if let Some(task) = ledger.playing[walker].take() {
                let result = TaskResult::Played { return_, length, terminated, student_step };
                ledger.reports.push(Report { task, result });
                ledger.wanting.push(walker);
            } else {
                rollout.repeated += 1;
            }
            ledger.playing[walker] = ledger.queued[walker].pop_front();
        }
    }
}

impl Ledger {
    /// Nobody plays, and everybody wants all that a walker holds: first one each, then another.
    fn new() -> Self {
        Self {
            playing: vec![None; WALKERS_PER_GROUP],
            queued: vec![VecDeque::new(); WALKERS_PER_GROUP],
            owed: VecDeque::new(),
            wanting: (0..TASKS_PER_WALKER).flat_map(|_| 0..WALKERS_PER_GROUP).collect(),
            reports: Vec::new(),
            discounted: vec![0.0; WALKERS_PER_GROUP],
        }
    }
}
