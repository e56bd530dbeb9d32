//! Many walkers of one kind that are stepped together, on a track each.
//!
//! Walkers that are stepped at once share registers ([`Engine`]), and parts of the whole are stepped by threads of their own. What a
//! walker does depends on none of that: every observation and reward equals that of a
//! [`WalkerEnvironment`](super::WalkerEnvironment) with the same seed, task and actions, rounded to `f32` where it is one.
//!
//! Whoever drives the walkers hands out tasks one by one ([`VectorEnvironment::queue`]). A queued task's track is made at once, so that
//! an infeasible one is an error there and then, and an episode that begins by itself cannot fail.

mod batch;
mod crew;
mod error;
mod shard;
mod state;

pub use batch::{Batch, BatchMut};
pub use error::{Infeasible, Refused, VectorError};
pub use state::VectorState;

use super::episode::Plan;
use super::{Episode, WalkerSettings};
use crate::environment::Task;
use crate::physics::{Engine, Stepper};
use crate::track::Track;
use core::ops::Range;
use crew::{Crew, Job};
use serde::{Deserialize, Serialize};
use shard::Shard;
use std::sync::Arc;

/// What distinguishes one set of walkers from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VectorSettings {
    /// What holds for each walker.
    pub walker: WalkerSettings,
    /// How many walkers there are; at least 1.
    pub count: usize,
    /// How many threads step them, the caller's included; at least 1. More than there are walkers count as so many.
    pub threads: usize,
    /// With which arithmetic; all give the same bits. Default: the fastest that the processor has.
    pub engine: Engine,
    /// What happens after an episode.
    pub autoreset: Autoreset,
}

/// What happens to a walker whose episode is over. The modes and names are Gymnasium's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Autoreset {
    /// The next step begins an episode: it ignores the action, brings reward 0 and the new episode's first observation.
    #[default]
    NextStep,
    /// The step with which the episode ends begins another one: it brings that one's first observation, and the last one of the
    /// old episode beside it.
    SameStep,
    /// The walker rests until it is reset: its observation stays, rewards are 0, and the flags stay as its last step set them.
    Disabled,
}

/// The seed and the task of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// From this follow the track, as far as the task leaves it open, and the first push.
    pub seed: u64,
    /// What the track is like.
    pub task: Task,
}

/// Many walkers of one kind that are stepped together.
///
/// Buffers hold one row after the other, in the order of the walkers. Actions and observations are `f32`, rewards and returns `f64`, as
/// in Gymnasium's vector environments.
///
/// **What is played next.** An episode that begins by itself takes what was queued first for its walker. Where nothing is queued, the
/// walker plays the task of its last episode again, with a seed that follows from the last one. If that cannot be built with the new
/// seed, [`VectorEnvironment::infeasible`] says so, and the walker plays on the track it was on.
///
/// ```
/// use magister_envs::environment::Task;
/// use magister_envs::walker::vector::{Assignment, Batch, VectorEnvironment, VectorSettings};
///
/// let mut walkers = VectorEnvironment::new(VectorSettings { count: 8, ..VectorSettings::default() })?;
/// let mut batch = Batch::new(&walkers);
/// let task = Task::from([("stump_height".to_owned(), 1.2), ("obstacle_spacing".to_owned(), 3.0)]);
/// let first: Vec<_> = (0..8).map(|seed| Some(Assignment { seed, task: task.clone() })).collect();
/// walkers.reset(&first, &mut batch.observations)?;
/// for _ in 0..10 {
///     walkers.step(&[0.5; 8 * 4], &mut batch.rows())?;
///     for walker in 0..8 {
///         if batch.is_over(walker) {
///             println!("walker {walker} returned {}", batch.returns[walker]);
///             walkers.queue(walker, Assignment { seed: 1, task: task.clone() })?;
///         }
///     }
/// }
/// # Ok::<(), magister_envs::walker::vector::VectorError>(())
/// ```
#[derive(Debug)]
pub struct VectorEnvironment {
    settings: VectorSettings,
    crew: Crew,
}

impl Default for VectorSettings {
    fn default() -> Self {
        Self {
            walker: WalkerSettings::default(),
            count: 1,
            threads: 1,
            engine: Engine::fastest(),
            autoreset: Autoreset::default(),
        }
    }
}

impl VectorEnvironment {
    /// Walkers without episodes, and the threads that will step them.
    ///
    /// # Errors
    /// If there would be no walker or no thread, or the processor lacks the engine.
    pub fn new(settings: VectorSettings) -> Result<Self, VectorError> {
        let VectorSettings { walker, count, threads, engine, autoreset } = settings;
        if count == 0 {
            return Err(VectorError::NoWalker);
        }
        if threads == 0 {
            return Err(VectorError::NoThread);
        }
        let threads = threads.min(count);
        let ends = (0..=threads).map(|thread| thread * count / threads).collect::<Vec<_>>();
        let shards = ends
            .windows(2)
            .map(|ends| Ok(Box::new(Shard::new(walker, autoreset, ends[0]..ends[1], Stepper::new(engine)?))))
            .collect::<Result<Vec<_>, VectorError>>()?;
        Ok(Self { settings, crew: Crew::new(shards)? })
    }

    /// The settings.
    pub fn settings(&self) -> &VectorSettings {
        &self.settings
    }

    /// How many walkers there are.
    pub fn count(&self) -> usize {
        self.settings.count
    }

    /// How many numbers an observation of one walker has.
    pub fn observation_count(&self) -> usize {
        self.settings.walker.kind.observation_count()
    }

    /// How many numbers an action of one walker has.
    pub fn action_count(&self) -> usize {
        self.settings.walker.kind.action_count()
    }

    /// Begins an episode in every walker for which there is an assignment, and writes these walkers' first observations.
    ///
    /// `assignments` holds one entry for each walker, `observations` one row for each; rows of the others are left as they are. What is
    /// queued stays queued.
    ///
    /// # Errors
    /// If a length does not fit, or assignments are refused (the error names each). Then nothing has changed.
    pub fn reset(
        &mut self,
        assignments: &[Option<Assignment>],
        observations: &mut [f32],
    ) -> Result<(), VectorError> {
        check_length("assignments", assignments.len(), self.count())?;
        check_length("observations", observations.len(), self.count() * self.observation_count())?;
        let mut plans = Vec::new();
        let mut refused = Vec::new();
        for (walker, assignment) in assignments.iter().enumerate() {
            let Some(assignment) = assignment else { continue };
            match self.plan(assignment) {
                Ok(plan) => plans.push((walker, plan)),
                Err(error) => refused.push(Refused { walker, error }),
            }
        }
        if !refused.is_empty() {
            return Err(VectorError::Refused(refused));
        }
        self.begin(plans, observations);
        Ok(())
    }

    /// Begins an episode on a ready-made track in one walker, and writes its row of `observations`. The seed decides the first push only.
    ///
    /// # Errors
    /// If there is no such walker or `observations` does not have one row for each walker.
    pub fn reset_on(
        &mut self,
        walker: usize,
        track: Arc<Track>,
        seed: u64,
        observations: &mut [f32],
    ) -> Result<(), VectorError> {
        self.check_walker(walker)?;
        check_length("observations", observations.len(), self.count() * self.observation_count())?;
        self.begin(vec![(walker, Plan::on_track(track, seed))], observations);
        Ok(())
    }

    /// Lets a walker play a task once what was queued for it before is over.
    ///
    /// # Errors
    /// If there is no such walker, or the task is refused: then tell the teacher ([`VectorError::infeasible_tasks`]) and queue another.
    pub fn queue(&mut self, walker: usize, assignment: Assignment) -> Result<(), VectorError> {
        self.check_walker(walker)?;
        match self.plan(&assignment) {
            Ok(plan) => {
                self.crew.shard_mut(walker).queue(walker, plan);
                Ok(())
            }
            Err(error) => Err(VectorError::Refused(vec![Refused { walker, error }])),
        }
    }

    /// Lets a walker play on a ready-made track once what was queued for it before is over. The seed decides the first push only.
    ///
    /// # Errors
    /// If there is no such walker.
    pub fn queue_on(&mut self, walker: usize, track: Arc<Track>, seed: u64) -> Result<(), VectorError> {
        self.check_walker(walker)?;
        self.crew.shard_mut(walker).queue(walker, Plan::on_track(track, seed));
        Ok(())
    }

    /// Lets a walker play a task next, in place of all that was queued for it.
    ///
    /// # Errors
    /// As [`VectorEnvironment::queue`]; what was queued stays then.
    pub fn replace_queue(&mut self, walker: usize, assignment: Assignment) -> Result<(), VectorError> {
        self.check_walker(walker)?;
        match self.plan(&assignment) {
            Ok(plan) => {
                let shard = self.crew.shard_mut(walker);
                shard.clear_queue(walker);
                shard.queue(walker, plan);
                Ok(())
            }
            Err(error) => Err(VectorError::Refused(vec![Refused { walker, error }])),
        }
    }

    /// Drops what is queued for a walker and says how much that was.
    ///
    /// # Errors
    /// If there is no such walker.
    pub fn clear_queue(&mut self, walker: usize) -> Result<usize, VectorError> {
        self.check_walker(walker)?;
        Ok(self.crew.shard_mut(walker).clear_queue(walker))
    }

    /// How many episodes are queued for a walker; none if there is no such walker.
    pub fn queued(&self, walker: usize) -> Option<usize> {
        (walker < self.count()).then(|| self.crew.shard(walker).queued(walker))
    }

    /// Takes a step in every walker and writes what it brought.
    ///
    /// # Errors
    /// If a length does not fit, an action is not finite, or a walker has never been reset. Then nothing has changed.
    pub fn step(&mut self, actions: &[f32], into: &mut BatchMut<'_>) -> Result<(), VectorError> {
        let action_count = self.action_count();
        check_length("actions", actions.len(), self.count() * action_count)?;
        into.check(self.count(), self.observation_count())?;
        if let Some(index) = actions.iter().position(|action| !action.is_finite()) {
            return Err(VectorError::ActionValue {
                walker: index / action_count,
                index: index % action_count,
                value: actions[index],
            });
        }
        if let Some(walker) = self.crew.shards().find_map(Shard::first_not_reset) {
            return Err(VectorError::NotReset { walker });
        }
        for shard in self.crew.shards_mut() {
            shard.take_actions(actions);
        }
        self.crew.run(Job::Step);
        for shard in self.crew.shards() {
            shard.write(into);
        }
        Ok(())
    }

    /// Where all walkers are and what they are going to play, to go on from it later.
    pub fn state(&self) -> VectorState {
        VectorState::new(&self.settings, self.crew.shards().flat_map(Shard::states).collect())
    }

    /// Goes on from a state: what follows is what would have followed there. Writes the observations of walkers that have begun an
    /// episode.
    ///
    /// # Errors
    /// If the state is of other walkers, another number of them or another [`Autoreset`], or a length does not fit. Then nothing has
    /// changed.
    pub fn restore(&mut self, state: VectorState, observations: &mut [f32]) -> Result<(), VectorError> {
        check_length("observations", observations.len(), self.count() * self.observation_count())?;
        let slots = state.into_slots(&self.settings)?;
        for (walker, slot) in slots.into_iter().enumerate() {
            self.crew.shard_mut(walker).restore(walker, slot);
        }
        let begun = (0..self.count()).filter(|&walker| self.episode(walker).is_some());
        self.write_observations(begun, observations);
        Ok(())
    }

    /// The episode that a walker began last; none if it never has.
    pub fn episode(&self, walker: usize) -> Option<&Episode> {
        (walker < self.count()).then(|| self.crew.shard(walker).episode(walker)).flatten()
    }

    /// The seeds and tasks that could not be built where the last step would have repeated a task.
    pub fn infeasible(&self) -> impl Iterator<Item = &Infeasible> {
        self.crew.shards().flat_map(Shard::infeasible)
    }

    fn plan(&self, assignment: &Assignment) -> Result<Plan, crate::environment::ResetError> {
        Ok(Plan::of_task(self.settings.walker.family, assignment.seed, &assignment.task)?)
    }

    fn begin(&mut self, plans: Vec<(usize, Plan)>, observations: &mut [f32]) {
        let begun: Vec<usize> = plans.iter().map(|&(walker, _)| walker).collect();
        for (walker, plan) in plans {
            self.crew.shard_mut(walker).assign(walker, plan);
        }
        self.crew.run(Job::Begin);
        self.write_observations(begun, observations);
    }

    fn write_observations(&self, walkers: impl IntoIterator<Item = usize>, observations: &mut [f32]) {
        for walker in walkers {
            let row = row(walker, self.observation_count());
            observations[row].copy_from_slice(self.crew.shard(walker).observation(walker));
        }
    }

    fn check_walker(&self, walker: usize) -> Result<(), VectorError> {
        if walker < self.count() {
            Ok(())
        } else {
            Err(VectorError::NoSuchWalker { walker, count: self.count() })
        }
    }
}

fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), VectorError> {
    if found == expected { Ok(()) } else { Err(VectorError::Length { what, expected, found }) }
}

/// Where the numbers of a walker lie.
fn row(walker: usize, width: usize) -> Range<usize> {
    walker * width..(walker + 1) * width
}

#[cfg(test)]
mod tests;
