//! A learned policy: what chooses a walker's torques, without what is needed to learn on.

mod file;

use crate::bundled::TrackSpace;
use crate::network::{Mlp, Pass};
use crate::normaliser::{ObservationNormaliser, Scaling};
use crate::ppo::{Actor, SettingError};
use magister_envs::walker::WalkerKind;

/// A learned policy, which chooses the mean of its distribution: the same action for the same observation always.
#[derive(Clone, Debug)]
pub struct Policy {
    about: About,
    mlp: Mlp,
    /// Of the network, and the logarithms of the deviations.
    parameters: Vec<f32>,
    means: Vec<f32>,
    variances: Vec<f32>,
}

/// What a policy was learned on.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// Who walks.
    pub walker: WalkerKind,
    /// On what.
    pub tracks: TrackSpace,
    /// Environment steps from which it was learned.
    pub steps: u64,
}

/// A policy with memory for so many observations at once.
#[derive(Clone, Debug)]
pub struct Player {
    mlp: Mlp,
    parameters: Vec<f32>,
    scaling: Scaling,
    pass: Pass,
    most_rows: usize,
}

impl Policy {
    pub(crate) fn new(
        about: About,
        mlp: Mlp,
        parameters: Vec<f32>,
        means: Vec<f32>,
        variances: Vec<f32>,
    ) -> Self {
        Self { about, mlp, parameters, means, variances }
    }

    /// What it was learned on.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// How many numbers an observation has.
    pub fn observation_count(&self) -> usize {
        self.mlp.inputs()
    }

    /// How many numbers an action has.
    pub fn action_count(&self) -> usize {
        self.mlp.outputs()
    }

    /// Gives its weights to a learner, and what it knows of observations as if it were of so many of them.
    ///
    /// # Errors
    /// If the learner's network has another shape.
    pub(crate) fn hand_over(&self, actor: &mut Actor) -> Result<ObservationNormaliser, SettingError> {
        if self.mlp != actor.mlp {
            return Err(SettingError {
                name: "the policy to begin with",
                value: format!("a network of {}", self.mlp),
                rule: format!("the settings want one of {}", actor.mlp),
            });
        }
        actor.weights.parameters.clone_from(&self.parameters);
        Ok(ObservationNormaliser::as_if_seen(&self.means, &self.variances))
    }

    /// Gets ready to act for up to so many walkers at once.
    pub fn player(&self, most_rows: usize) -> Player {
        Player {
            mlp: self.mlp.clone(),
            parameters: self.parameters.clone(),
            scaling: Scaling::new(&self.means, &self.variances),
            pass: Pass::new(&self.mlp, most_rows),
            most_rows,
        }
    }
}

impl Player {
    /// Chooses an action for each observation, row after row. Torques beyond -1 and 1 mean what -1 and 1 do.
    ///
    /// # Panics
    /// If there are more rows than it was made for, or not as many of actions as of observations.
    pub fn act(&mut self, observations: &[f32], actions: &mut [f32]) {
        let rows = observations.len() / self.mlp.inputs();
        assert!(rows <= self.most_rows, "{rows} observations for a player of {}", self.most_rows);
        let mut inputs = self.pass.inputs(rows);
        self.scaling
            .apply(observations, inputs.as_slice_mut().expect("whole rows of memory in standard order"));
        let means = self.mlp.forward(&self.parameters, &mut self.pass);
        actions.copy_from_slice(means.as_slice().expect("whole rows of memory in standard order"));
    }
}
