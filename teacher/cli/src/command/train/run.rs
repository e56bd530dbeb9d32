//! One run of walkers: the learner in its folder, on its curriculum.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use magister_learner::{Checkpoint, LearnerError, Policy, Settings, Training};
use magister_student::{Client, Curriculum, Teacher};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::{Belonging, LEASE, failure, folder::Folder, open_curriculum};
use crate::failure::Failure;

/// What a run was begun with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunFile {
    pub(crate) settings: Settings,
    pub(crate) teacher: Teacher,
    /// The curriculum's name on the server.
    pub(crate) curriculum: String,
    /// `None` for one of its own.
    pub(crate) server: Option<String>,
}

/// A run that has begun.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) training: Training,
    pub(crate) curriculum: Curriculum,
    pub(crate) folder: Folder,
}

/// Why a run does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// All of its steps are taken.
    Over,
    /// It was told to stop; its checkpoint is written.
    Stopped,
}

impl Run {
    /// Begins it, or goes on with the one that the folder holds. A `start` is the policy that it begins with.
    pub(crate) fn open(
        file: &RunFile,
        folder: Folder,
        start: Option<&Policy>,
        belonging: Belonging,
        (client, runtime): (&Client, Handle),
        threads: usize,
    ) -> Result<Self, Failure> {
        let RunFile { settings, teacher, curriculum: id, .. } = file;
        let checkpoint = Checkpoint::load(&folder.checkpoint()).map_err(failure)?;
        let spec = settings
            .space
            .curriculum(id, teacher.clone(), settings.seed)
            .lease_duration(LEASE)
            .max_open_tasks(2 * settings.ppo.walkers as u32);
        let curriculum = runtime.block_on(open_curriculum(client, spec, id, folder.is_new(), belonging))?;
        folder.begin(file, start)?;
        let training = match checkpoint {
            None => Training::begin(settings.clone(), "train", start, curriculum.clone(), runtime, threads),
            Some(checkpoint) => Training::restore(checkpoint, curriculum.clone(), runtime, threads),
        }
        .map_err(failure)?;
        Ok(Self { training, curriculum, folder })
    }

    /// Takes all steps or stops when it is told to, keeps checkpoints meanwhile, and shows itself after every update.
    pub(crate) fn learn(
        &mut self,
        checkpoint_interval: Duration,
        stop: &AtomicBool,
        mut show: impl FnMut(&Training),
    ) -> Result<Halt, Failure> {
        let mut kept = Instant::now();
        while !self.training.is_over() && !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.training.advance() {
                return Err(self.failed(error));
            }
            show(&self.training);
            if kept.elapsed() >= checkpoint_interval {
                self.keep()?;
                kept = Instant::now();
            }
        }
        self.keep()?;
        if !self.training.is_over() {
            return Ok(Halt::Stopped);
        }
        self.training.close().map_err(failure)?;
        Ok(Halt::Over)
    }

    fn keep(&self) -> Result<(), Failure> {
        self.training.policy().save(&self.folder.policy()).map_err(failure)?;
        self.training.checkpoint().save(&self.folder.checkpoint()).map_err(failure)
    }

    /// Says what there still is after an error.
    fn failed(&self, error: LearnerError) -> Failure {
        if !matches!(error, LearnerError::Diverged { .. }) {
            return failure(error);
        }
        let checkpoint = self.folder.checkpoint();
        let hint = match Checkpoint::load(&checkpoint) {
            Ok(Some(good)) => format!(
                "{} holds its last good checkpoint, of {} steps, and {} the policy of then",
                checkpoint.display(),
                good.steps(),
                self.folder.policy().display()
            ),
            Ok(None) => "there was no checkpoint yet".to_owned(),
            Err(unreadable) => unreadable.to_string(),
        };
        failure(error).hint(hint)
    }
}
