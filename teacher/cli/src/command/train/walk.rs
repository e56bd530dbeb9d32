//! A run of walkers: the learner, its checkpoints, and whoever tells it to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use magister_learner::{Checkpoint, LearnerError, Policy, Settings, Space, TrackSpace, Training};
use magister_student::Teacher;
use serde::{Deserialize, Serialize};
use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};

use super::{Arguments, LEASE, Place, count, ending, failure, folder::Folder, open_curriculum, watch::Watch};
use crate::{
    Outcome,
    components::LearningProgress,
    config::Config,
    failure::{Failure, Format},
    output,
};

/// Environment steps unless the user says otherwise.
const DEFAULT_STEPS: u64 = 20_000_000;

/// What a run was begun with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RunFile {
    settings: Settings,
    teacher: Teacher,
    /// The curriculum's name on the server.
    curriculum: String,
    /// `None` for one of its own.
    server: Option<String>,
}

/// Trains, then writes what came of it.
pub(super) fn run(arguments: &Arguments, tracks: TrackSpace, config: &Config) -> Result<Outcome, Failure> {
    let settings = settings(arguments, tracks)?;
    let start = arguments.from.as_deref().map(Policy::load).transpose().map_err(failure)?;
    let run = RunFile {
        settings: settings.clone(),
        teacher: arguments.teacher()?,
        curriculum: arguments.curriculum(),
        server: arguments.server(config),
    };
    let folder = Folder::open(&arguments.folder(), &run, start.as_ref())?;
    let checkpoint = Checkpoint::load(&folder.checkpoint()).map_err(failure)?;
    let place = Place::open(arguments, config, &folder)?;
    let runtime = place.runtime();
    let spec = settings
        .space
        .curriculum(&run.curriculum, run.teacher.clone(), settings.seed)
        .lease_duration(LEASE)
        .max_open_tasks(2 * settings.ppo.walkers as u32);
    let curriculum =
        runtime.block_on(open_curriculum(place.client(), spec, &run.curriculum, folder.is_new()))?;
    folder.begin(&run, start.as_ref())?;
    let threads = arguments.threads.map_or_else(cores, usize::from);
    let mut training = match checkpoint {
        None => {
            Training::begin(settings, "train", start.as_ref(), curriculum.clone(), runtime.clone(), threads)
        }
        Some(checkpoint) => {
            let steps = count::written(checkpoint.steps());
            place
                .say(&format!("Going on with the run in {} after {steps} steps.", folder.path().display()))?;
            Training::restore(checkpoint, curriculum.clone(), runtime.clone(), threads)
        }
    }
    .map_err(failure)?;
    let stop = stop_on_signals(&runtime);
    let watch = Watch::start(&training, place.quiet());
    let learned = learn(&mut training, &folder, arguments.checkpoint_interval, &watch, &stop);
    let seconds = watch.finish();
    match learned {
        Ok(()) => {}
        Err(error @ LearnerError::Diverged { .. }) => {
            let hint = match Checkpoint::load(&folder.checkpoint()).map_err(failure)? {
                Some(good) => format!(
                    "{} holds its last good checkpoint, of {} steps, and {} the policy of then",
                    folder.checkpoint().display(),
                    good.steps(),
                    folder.policy().display()
                ),
                None => "there was no checkpoint yet".to_owned(),
            };
            return Err(failure(error).hint(hint));
        }
        Err(error) => return Err(failure(error)),
    }
    if !training.is_over() {
        let steps = count::written(training.steps());
        place.say(&format!("Stopped after {steps} steps. The same command goes on."))?;
        return Ok(Outcome::Stopped);
    }
    training.close().map_err(failure)?;
    let ended = runtime.block_on(ending::write(&training, &curriculum, &folder, place.quiet()))?;
    match arguments.remote.format() {
        Format::Json => output::print_json(&ended)?,
        Format::Text => {
            let distribution = runtime.block_on(curriculum.distribution())?;
            let progress = LearningProgress::of(Some(&run.teacher));
            output::print(&ending::describe(&ended, &training, &distribution, progress, seconds))?;
        }
    }
    Ok(Outcome::Passed)
}

/// Takes all steps or stops when it is told to, and keeps checkpoints meanwhile.
fn learn(
    training: &mut Training,
    folder: &Folder,
    checkpoint_interval: Duration,
    watch: &Watch,
    stop: &AtomicBool,
) -> Result<(), LearnerError> {
    let keep = |training: &Training| {
        training.policy().save(&folder.policy())?;
        training.checkpoint().save(&folder.checkpoint())
    };
    let mut kept = Instant::now();
    while !training.is_over() && !stop.load(Ordering::Relaxed) {
        training.advance()?;
        watch.show(training);
        if kept.elapsed() >= checkpoint_interval {
            keep(training)?;
            kept = Instant::now();
        }
    }
    keep(training)
}

fn settings(arguments: &Arguments, tracks: TrackSpace) -> Result<Settings, Failure> {
    let usage = |error: magister_learner::SettingError| Failure::usage(error.to_string());
    let space = arguments
        .ranges
        .iter()
        .try_fold(Space::published(tracks), |space, range| space.with_range(range.clone()))
        .map_err(usage)?;
    let settings = Settings {
        space,
        walker: arguments.walker.kind(),
        steps: arguments.steps.unwrap_or(DEFAULT_STEPS),
        seed: arguments.seed,
        evaluation_interval: arguments.evaluation_interval,
        ppo: arguments.learner.settings(),
    };
    settings.check().map_err(usage)?;
    Ok(settings)
}

/// Becomes true with the first signal to end; the second one ends the process, which loses nothing but time.
fn stop_on_signals(runtime: &Handle) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    runtime.spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if told.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        }
    });
    stop
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
