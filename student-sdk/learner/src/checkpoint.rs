//! A run at one moment, from which it goes on exactly.

use crate::error::LearnerError;
use crate::evaluation::Evaluation;
use crate::files;
use crate::group::GroupState;
use crate::normaliser::{ObservationNormaliser, RewardScale};
use crate::ppo::Weights;
use crate::settings::Settings;
use crate::training::UpdateRecord;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Raised when what a checkpoint holds changes.
const FORMAT: u32 = 1;

/// A run between two rollouts: all that decides what follows, but for the curriculum, which the teacher keeps.
///
/// What is read from its file is the same to the bit. It holds where the curriculum was, so that calls made after it are made
/// again with the same names and get the same answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    pub(crate) format: u32,
    pub(crate) run: String,
    pub(crate) settings: Settings,
    pub(crate) counters: Counters,
    pub(crate) actor: Weights,
    pub(crate) critic: Weights,
    pub(crate) observations: ObservationNormaliser,
    pub(crate) rewards: RewardScale,
    pub(crate) groups: Vec<GroupState>,
    pub(crate) evaluations: Vec<Evaluation>,
    pub(crate) updates: Vec<UpdateRecord>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counters {
    /// Rollouts, and so many updates.
    pub(crate) rollouts: u64,
    /// Environment steps.
    pub(crate) steps: u64,
    /// Episodes that ended.
    pub(crate) episodes: u64,
    /// Episodes of these that no task was there for.
    pub(crate) repeated: u64,
    /// Tasks of which no track could be made.
    pub(crate) infeasible: u64,
    /// Exchanges with the teacher.
    pub(crate) exchanges: u64,
}

/// The beginning of every format.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

impl Checkpoint {
    pub(crate) const FORMAT: u32 = FORMAT;

    /// The run's name among the teacher's requests.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What the run was begun with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Environment steps taken.
    pub fn steps(&self) -> u64 {
        self.counters.steps
    }

    /// Writes it to a file, which is replaced as a whole.
    ///
    /// # Errors
    /// [`LearnerError::File`]; the old file is untouched then.
    pub fn save(&self, path: &Path) -> Result<(), LearnerError> {
        let bytes = serde_json::to_vec(self).expect("plain values can be written");
        files::replace(path, &bytes)
    }

    /// Reads it from a file; none if there is no such file.
    ///
    /// # Errors
    /// [`LearnerError::File`] if it cannot be read or is no checkpoint of this release.
    pub fn load(path: &Path) -> Result<Option<Self>, LearnerError> {
        let failed = |problem: String| LearnerError::File { path: path.to_owned(), problem };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(format!("cannot be read: {error}"))),
        };
        let is_none = |error: serde_json::Error| failed(format!("is no checkpoint: {error}"));
        let Header { format } = serde_json::from_slice(&bytes).map_err(is_none)?;
        if format != FORMAT {
            let problem = format!("is a checkpoint of format {format}, and this release knows {FORMAT}");
            return Err(failed(problem));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(is_none)
    }
}
