//! Where a step's results go.

use super::{VectorEnvironment, VectorError, check_length, row};

/// What a step of many walkers brought, in memory of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// See [`BatchMut::observations`].
    pub observations: Vec<f32>,
    /// See [`BatchMut::rewards`].
    pub rewards: Vec<f64>,
    /// See [`BatchMut::terminated`].
    pub terminated: Vec<bool>,
    /// See [`BatchMut::truncated`].
    pub truncated: Vec<bool>,
    /// See [`BatchMut::returns`].
    pub returns: Vec<f64>,
    /// See [`BatchMut::lengths`].
    pub lengths: Vec<u32>,
    /// See [`BatchMut::final_observations`].
    pub final_observations: Vec<f32>,
}

/// Where the caller wants what a step brings; one entry or row for each walker.
#[derive(Debug)]
pub struct BatchMut<'a> {
    /// The observations.
    pub observations: &'a mut [f32],
    /// The step's rewards.
    pub rewards: &'a mut [f64],
    /// Whether the episode has come to an end that is part of the environment.
    pub terminated: &'a mut [bool],
    /// Whether the episode has reached the limit of steps. At the limit both may hold; then it has terminated.
    pub truncated: &'a mut [bool],
    /// The sum of rewards, up to this step, of the episode to which it belongs: where the episode ended, its return.
    pub returns: &'a mut [f64],
    /// The steps, up to this one, of the episode to which it belongs: where the episode ended, its length.
    pub lengths: &'a mut [u32],
    /// The last observations of the episodes that ended in this step; other rows are left as they are. Only
    /// [`Autoreset::SameStep`](super::Autoreset::SameStep) writes here, and an empty slice stands for no interest.
    pub final_observations: &'a mut [f32],
}

impl Batch {
    /// Memory that fits an environment.
    pub fn new(environment: &VectorEnvironment) -> Self {
        Self::sized(environment.count(), environment.observation_count())
    }

    pub(super) fn sized(count: usize, observation_count: usize) -> Self {
        Self {
            observations: vec![0.0; count * observation_count],
            rewards: vec![0.0; count],
            terminated: vec![false; count],
            truncated: vec![false; count],
            returns: vec![0.0; count],
            lengths: vec![0; count],
            final_observations: vec![0.0; count * observation_count],
        }
    }

    /// The memory as a step wants it.
    pub fn rows(&mut self) -> BatchMut<'_> {
        BatchMut {
            observations: &mut self.observations,
            rewards: &mut self.rewards,
            terminated: &mut self.terminated,
            truncated: &mut self.truncated,
            returns: &mut self.returns,
            lengths: &mut self.lengths,
            final_observations: &mut self.final_observations,
        }
    }

    /// Writes for a walker that no step has been taken in its episode.
    pub(super) fn forget_step(&mut self, walker: usize) {
        self.rewards[walker] = 0.0;
        self.terminated[walker] = false;
        self.truncated[walker] = false;
        self.returns[walker] = 0.0;
        self.lengths[walker] = 0;
    }

    /// Whether a walker's episode ended with this step (or, resting, with an earlier one).
    ///
    /// # Panics
    /// If there is no such walker.
    pub fn is_over(&self, walker: usize) -> bool {
        self.terminated[walker] || self.truncated[walker]
    }
}

impl BatchMut<'_> {
    pub(super) fn check(&self, count: usize, observation_count: usize) -> Result<(), VectorError> {
        check_length("observations", self.observations.len(), count * observation_count)?;
        check_length("rewards", self.rewards.len(), count)?;
        check_length("terminated", self.terminated.len(), count)?;
        check_length("truncated", self.truncated.len(), count)?;
        check_length("returns", self.returns.len(), count)?;
        check_length("lengths", self.lengths.len(), count)?;
        if self.final_observations.is_empty() {
            return Ok(());
        }
        check_length("final_observations", self.final_observations.len(), count * observation_count)
    }

    /// Takes over the results of the walkers from `first` on.
    pub(super) fn take_over(
        &mut self,
        first: usize,
        batch: &Batch,
        ended: &[usize],
        observation_count: usize,
    ) {
        let walkers = first..first + batch.rewards.len();
        let rows = walkers.start * observation_count..walkers.end * observation_count;
        self.observations[rows].copy_from_slice(&batch.observations);
        self.rewards[walkers.clone()].copy_from_slice(&batch.rewards);
        self.terminated[walkers.clone()].copy_from_slice(&batch.terminated);
        self.truncated[walkers.clone()].copy_from_slice(&batch.truncated);
        self.returns[walkers.clone()].copy_from_slice(&batch.returns);
        self.lengths[walkers].copy_from_slice(&batch.lengths);
        if !self.final_observations.is_empty() {
            for &index in ended {
                let from = &batch.final_observations[row(index, observation_count)];
                self.final_observations[row(first + index, observation_count)].copy_from_slice(from);
            }
        }
    }
}
