//! The walkers of one thread.

use super::crew::Job;
use super::state::SlotState;
use super::{Autoreset, Batch, BatchMut, Infeasible, row};
use crate::physics::{Stepper, World};
use crate::walker::episode::Plan;
use crate::walker::{Episode, MAX_OBSERVATIONS, StepResult, Walker, WalkerSettings};
use core::{fmt, ops::Range};
use std::collections::VecDeque;

/// The walkers of one thread, with what they are to do and what they have done.
pub(super) struct Shard {
    settings: WalkerSettings,
    autoreset: Autoreset,
    first_walker: usize,
    slots: Vec<Slot>,
    actions: Vec<f64>,
    results: Vec<StepResult>,
    batch: Batch,
    /// Those of its walkers whose episodes ended in the last step and were followed by others in the same one.
    ended: Vec<usize>,
    /// Those of its walkers that begin an episode in this step.
    starting: Vec<usize>,
    /// The actions of those that are stepped apart from the others.
    chosen_actions: Vec<f64>,
    infeasible: Vec<Infeasible>,
    stepper: Stepper,
}

/// A walker and what it is going to play.
#[derive(Default)]
struct Slot {
    episode: Option<Episode>,
    /// What is to begin with the next [`Job::Begin`].
    assigned: Option<Plan>,
    queue: VecDeque<Plan>,
}

impl Shard {
    pub(super) fn new(
        settings: WalkerSettings,
        autoreset: Autoreset,
        walkers: Range<usize>,
        stepper: Stepper,
    ) -> Self {
        let count = walkers.len();
        Self {
            settings,
            autoreset,
            first_walker: walkers.start,
            slots: (0..count).map(|_| Slot::default()).collect(),
            actions: vec![0.0; count * settings.kind.action_count()],
            results: vec![StepResult { reward: 0.0, terminated: false }; count],
            batch: Batch::sized(count, settings.kind.observation_count()),
            ended: Vec::with_capacity(count),
            starting: Vec::with_capacity(count),
            chosen_actions: Vec::new(),
            infeasible: Vec::new(),
            stepper,
        }
    }

    /// Its walkers among all.
    pub(super) fn walkers(&self) -> Range<usize> {
        self.first_walker..self.first_walker + self.slots.len()
    }

    /// The first walker that has never begun an episode.
    pub(super) fn first_not_reset(&self) -> Option<usize> {
        let index = self.slots.iter().position(|slot| slot.episode.is_none())?;
        Some(self.first_walker + index)
    }

    pub(super) fn assign(&mut self, walker: usize, plan: Plan) {
        self.slot_mut(walker).assigned = Some(plan);
    }

    pub(super) fn queue(&mut self, walker: usize, plan: Plan) {
        self.slot_mut(walker).queue.push_back(plan);
    }

    pub(super) fn clear_queue(&mut self, walker: usize) -> usize {
        self.slot_mut(walker).queue.drain(..).count()
    }

    pub(super) fn queued(&self, walker: usize) -> usize {
        self.slots[walker - self.first_walker].queue.len()
    }

    pub(super) fn episode(&self, walker: usize) -> Option<&Episode> {
        self.slots[walker - self.first_walker].episode.as_ref()
    }

    pub(super) fn observation(&self, walker: usize) -> &[f32] {
        &self.batch.observations[row(walker - self.first_walker, self.settings.kind.observation_count())]
    }

    pub(super) fn infeasible(&self) -> &[Infeasible] {
        &self.infeasible
    }

    /// Where each of its walkers is.
    pub(super) fn states(&self) -> impl Iterator<Item = SlotState> {
        self.slots.iter().enumerate().map(|(index, slot)| SlotState {
            episode: slot.episode.clone(),
            queue: slot.queue.clone(),
            terminated: self.batch.terminated[index],
            truncated: self.batch.truncated[index],
        })
    }

    /// Puts a walker where it was.
    pub(super) fn restore(&mut self, walker: usize, state: SlotState) {
        let SlotState { episode, queue, terminated, truncated } = state;
        let slot = self.slot_mut(walker);
        *slot = Slot { episode, assigned: None, queue };
        let Some(episode) = &slot.episode else { return };
        let (return_, length) = (episode.return_so_far(), episode.length());
        let index = walker - self.first_walker;
        self.batch.terminated[index] = terminated;
        self.batch.truncated[index] = truncated;
        self.batch.returns[index] = return_;
        self.batch.lengths[index] = length;
        self.observe(index);
    }

    /// Takes its part of all walkers' actions.
    pub(super) fn take_actions(&mut self, actions: &[f32]) {
        let from = self.first_walker * self.settings.kind.action_count();
        for (action, &given) in self.actions.iter_mut().zip(&actions[from..]) {
            *action = f64::from(given);
        }
    }

    /// Writes its part of all walkers' results.
    pub(super) fn write(&self, into: &mut BatchMut<'_>) {
        into.take_over(self.first_walker, &self.batch, &self.ended, self.settings.kind.observation_count());
    }

    pub(super) fn run(&mut self, job: Job) {
        match job {
            Job::Begin => self.begin_assigned(),
            Job::Step => self.step(),
        }
    }

    fn slot_mut(&mut self, walker: usize) -> &mut Slot {
        &mut self.slots[walker - self.first_walker]
    }

    fn begin_assigned(&mut self) {
        self.starting.clear();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if let Some(plan) = slot.assigned.take() {
                slot.episode = Some(Episode::begin(self.settings.kind, plan));
                self.starting.push(index);
            }
        }
        self.take_first_steps();
        for &index in &self.starting {
            self.batch.forget_step(index);
        }
    }

    fn step(&mut self) {
        self.ended.clear();
        self.starting.clear();
        self.infeasible.clear();
        match self.autoreset {
            Autoreset::NextStep => {
                self.begin_where_over();
                let count = self.settings.kind.action_count();
                for &index in &self.starting {
                    self.actions[row(index, count)].fill(0.0);
                }
                self.step_all();
            }
            Autoreset::SameStep => {
                self.step_all();
                self.begin_where_over();
                let width = self.settings.kind.observation_count();
                for &index in &self.starting {
                    let last = &self.batch.observations[row(index, width)];
                    self.batch.final_observations[row(index, width)].copy_from_slice(last);
                }
                self.take_first_steps();
                core::mem::swap(&mut self.ended, &mut self.starting);
            }
            Autoreset::Disabled => self.step_those_not_over(),
        }
    }

    /// Begins the next episode where one is over.
    fn begin_where_over(&mut self) {
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let Some(episode) = slot.episode.as_ref().filter(|episode| episode.is_over()) else { continue };
            let plan = slot.queue.pop_front().unwrap_or_else(|| {
                episode.plan().again(self.settings.family).unwrap_or_else(|(assignment, reason)| {
                    let walker = self.first_walker + index;
                    self.infeasible.push(Infeasible { walker, assignment, reason });
                    episode.plan().on_same_track()
                })
            });
            slot.episode = Some(Episode::begin(self.settings.kind, plan));
            self.starting.push(index);
        }
    }

    /// Takes a step in every walker: in those that are starting the one with which an episode begins.
    fn step_all(&mut self) {
        Walker::step_all(&mut self.slots, &self.actions, &mut self.results, &mut self.stepper);
        for index in 0..self.slots.len() {
            if self.starting.binary_search(&index).is_ok() {
                self.observe(index);
                self.batch.forget_step(index);
            } else {
                self.count(index, self.results[index]);
            }
        }
    }

    /// Takes the step with which an episode begins in those that are starting, and observes them.
    fn take_first_steps(&mut self) {
        let chosen = &self.starting;
        let slots =
            self.slots.iter_mut().enumerate().filter(|(index, _)| chosen.binary_search(index).is_ok());
        let mut slots: Vec<&mut Slot> = slots.map(|(_, slot)| slot).collect();
        self.chosen_actions.clear();
        self.chosen_actions.resize(slots.len() * self.settings.kind.action_count(), 0.0);
        let results = &mut self.results[..slots.len()];
        Walker::step_all(&mut slots, &self.chosen_actions, results, &mut self.stepper);
        for place in 0..self.starting.len() {
            self.observe(self.starting[place]);
        }
    }

    fn step_those_not_over(&mut self) {
        let count = self.settings.kind.action_count();
        let mut playing = Vec::with_capacity(self.slots.len());
        let mut slots: Vec<&mut Slot> = Vec::with_capacity(self.slots.len());
        self.chosen_actions.clear();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.is_over() {
                self.batch.rewards[index] = 0.0;
            } else {
                self.chosen_actions.extend_from_slice(&self.actions[row(index, count)]);
                playing.push(index);
                slots.push(slot);
            }
        }
        let results = &mut self.results[..slots.len()];
        Walker::step_all(&mut slots, &self.chosen_actions, results, &mut self.stepper);
        for (place, index) in playing.into_iter().enumerate() {
            self.count(index, self.results[place]);
        }
    }

    /// Counts a walker's step and writes what it brought.
    fn count(&mut self, index: usize, result: StepResult) {
        let episode = self.slots[index].episode_mut();
        let step = episode.count(result, self.settings.step_limit);
        self.batch.rewards[index] = step.reward;
        self.batch.terminated[index] = step.terminated;
        self.batch.truncated[index] = step.truncated;
        self.batch.returns[index] = episode.return_so_far();
        self.batch.lengths[index] = episode.length();
        self.observe(index);
    }

    fn observe(&mut self, index: usize) {
        let width = self.settings.kind.observation_count();
        let mut observation = [0.0; MAX_OBSERVATIONS];
        self.slots[index].episode_mut().walker().observe(&mut observation[..width]);
        for (to, &from) in self.batch.observations[row(index, width)].iter_mut().zip(&observation) {
            *to = from as f32;
        }
    }
}

impl Slot {
    fn is_over(&self) -> bool {
        self.episode.as_ref().is_some_and(Episode::is_over)
    }

    fn episode_mut(&mut self) -> &mut Episode {
        self.episode.as_mut().expect("walkers are stepped only once all have begun an episode")
    }
}

impl AsMut<Walker> for Slot {
    fn as_mut(&mut self) -> &mut Walker {
        self.episode_mut().as_mut()
    }
}

impl AsMut<World> for Slot {
    fn as_mut(&mut self) -> &mut World {
        self.episode_mut().as_mut()
    }
}

impl fmt::Debug for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shard").field("walkers", &self.walkers()).finish_non_exhaustive()
    }
}
