//! `magister train` with walkers: what flags say, and whoever tells a run to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use magister_learner::{Policy, Settings, Space, TrackSpace};
use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};

use super::{
    Arguments, Belonging, Place, count, ending, failure,
    folder::Folder,
    run::{Halt, Run, RunFile},
    watch::Watch,
};
use crate::{
    Outcome,
    components::LearningProgress,
    config::Config,
    failure::{Failure, Format},
    output,
};

/// Environment steps unless the user says otherwise.
const DEFAULT_STEPS: u64 = 20_000_000;

/// Trains, then writes what came of it.
pub(super) fn run(arguments: &Arguments, tracks: TrackSpace, config: &Config) -> Result<Outcome, Failure> {
    let settings = settings(arguments, tracks)?;
    let start = arguments.from.as_deref().map(Policy::load).transpose().map_err(failure)?;
    let file = RunFile {
        settings,
        teacher: arguments.teacher()?,
        curriculum: arguments.curriculum(),
        server: arguments.server(config),
    };
    let folder = Folder::open(&arguments.folder(), &file, start.as_ref())?;
    let place = Place::open(&arguments.remote, config, &folder.server())?;
    let runtime = place.runtime();
    let threads = arguments.threads.map_or_else(cores, usize::from);
    let reached = (place.client(), runtime.clone());
    let mut run = Run::open(&file, folder, start.as_ref(), Belonging::Own, reached, threads)?;
    if run.training.steps() > 0 {
        let steps = count::written(run.training.steps());
        place
            .say(&format!("Going on with the run in {} after {steps} steps.", run.folder.path().display()))?;
    }
    let stop = stop_on_signals(&runtime);
    let watch = Watch::start(&run.training, place.quiet());
    let learned = run.learn(arguments.checkpoint_interval, &stop, |training| watch.show(training));
    let seconds = watch.finish();
    let halt = learned?;
    let Run { training, curriculum, folder } = run;
    if halt == Halt::Stopped {
        let steps = count::written(training.steps());
        place.say(&format!("Stopped after {steps} steps. The same command goes on."))?;
        return Ok(Outcome::Stopped);
    }
    let ended = runtime.block_on(ending::write(&training, &curriculum, &folder, place.quiet()))?;
    match arguments.remote.format() {
        Format::Json => output::print_json(&ended)?,
        Format::Text => {
            let distribution = runtime.block_on(curriculum.distribution())?;
            let progress = LearningProgress::of(Some(&file.teacher));
            output::print(&ending::describe(&ended, &training, &distribution, progress, seconds))?;
        }
    }
    Ok(Outcome::Passed)
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
        forget_interval: arguments.forget_interval,
        ppo: arguments.learner.settings(),
    };
    settings.check().map_err(usage)?;
    Ok(settings)
}

/// Becomes true with the first signal to end; the second one ends the process, which loses nothing but time.
pub(crate) fn stop_on_signals(runtime: &Handle) -> Arc<AtomicBool> {
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

pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
