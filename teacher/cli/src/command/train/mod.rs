//! `magister train`: the bundled student learns under a curriculum.
//!
//! A run lives in a folder ([`folder`]): what it was begun with, its last checkpoint, the store of its own server if it has one, and
//! in the end what came of it ([`ending`]). The same command goes on where it was stopped, however that happened.

mod count;
mod ending;
mod folder;
mod learner_flags;
mod watch;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use magister_learner::{Checkpoint, LearnerError, Policy, Range, Settings, Space, TrackSpace, Training};
use magister_student::{AlpGmm, Client, Curriculum, Teacher};
use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};

use self::{
    folder::{Folder, RunFile},
    learner_flags::LearnerFlags,
    watch::Watch,
};
use crate::{
    Outcome,
    command::env::WalkerName,
    config::Config,
    failure::{Failure, Format},
    output,
    own_server::OwnServer,
    remote::{Remote, RemoteArguments},
};

/// How long a server that has gone away is waited for.
const RETRY_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a task may be held: as long as a curriculum allows, for a run may be stopped for days.
const LEASE: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often a checkpoint is written: what a kill loses at most.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(20);

/// Train the bundled student under a curriculum
///
/// A PPO learner plays the teacher's tasks with many walkers at once, is evaluated on the publication's test set now and then, and leaves what it
/// learned in a folder. Stopped or killed, the same command goes on where it was, with the same result.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// On which tracks
    #[arg(long = "env", value_enum, default_value_t = EnvironmentName::StumpTracks)]
    environment: EnvironmentName,

    /// Who walks
    #[arg(long, value_enum, default_value_t = WalkerName::Default)]
    walker: WalkerName,

    /// Who teaches
    #[arg(long, value_enum, default_value_t = TeacherName::AlpGmm)]
    teacher: TeacherName,

    /// Environment steps, such as 500k or 20M
    #[arg(long, value_name = "NUMBER", value_parser = count::read, default_value = "20M")]
    steps: u64,

    /// The learner's and the curriculum's randomness follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Another range of a dimension than the publication's, as NAME=LOW:HIGH; the test set is stretched with it
    #[arg(long = "range", value_name = "RANGE", value_parser = read_range)]
    ranges: Vec<Range>,

    /// Begin with this policy instead of one that knows nothing
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// Steps between evaluations on the test set
    #[arg(long, value_name = "NUMBER", value_parser = count::read, default_value = "500k")]
    evaluation_interval: u64,

    /// Where the run lives [default: runs/ENV-WALKER-TEACHER-SEED]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,

    /// Threads that walk and learn; they change the speed and nothing else [default: one for each core]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// The curriculum's name on the server [default: ENV-WALKER-TEACHER-SEED]
    #[arg(long, value_name = "NAME")]
    curriculum: Option<String>,

    #[command(flatten)]
    learner: LearnerFlags,

    // Last, for it sets a heading of its own.
    #[command(flatten)]
    pub(crate) remote: RemoteArguments,
}

const AFTER_HELP: &str = "\
Without --server (or MAGISTER_SERVER, or magister.toml) the run has a server of its own, over FOLDER/server.

What FOLDER holds in the end: policy.safetensors (docs/policy-format.md), distribution.svg, easy.gif, hard.gif,
evaluations.csv and updates.csv of the student, episodes.csv and fits.csv of the curriculum.";

/// On which tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum EnvironmentName {
    /// The publication's Stump Tracks: stump_height 0 to 3, obstacle_spacing 0 to 6
    StumpTracks,
    /// The publication's Hexagon Tracks: hexagon, twelve numbers 0 to 4
    HexagonTracks,
    /// Gymnasium's BipedalWalker and BipedalWalkerHardcore
    Gymnasium,
}

/// Who teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TeacherName {
    /// Samples where the student's absolute learning progress is
    AlpGmm,
    /// Samples uniformly
    Random,
}

/// Who answers the learner's calls.
enum Server {
    Own(OwnServer),
    Remote(Remote),
}

/// Trains, then writes what came of it.
pub(crate) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let settings = arguments.settings()?;
    let start = arguments.from.as_deref().map(Policy::load).transpose().map_err(failure)?;
    let name = arguments.name();
    let path = arguments.folder.clone().unwrap_or_else(|| PathBuf::from("runs").join(&name));
    let run = RunFile {
        settings: settings.clone(),
        teacher: arguments.teacher.teacher(),
        curriculum: arguments.curriculum.clone().unwrap_or_else(|| name.clone()),
        server: arguments.remote.server(&config.client).map(str::to_owned),
    };
    let folder = Folder::open(&path, &run, start.as_ref())?;
    let checkpoint = Checkpoint::load(&folder.checkpoint()).map_err(failure)?;
    let quiet = arguments.remote.format() == Format::Json;
    let say = |text: String| if quiet { Ok(()) } else { output::print(&text) };

    let server = match &run.server {
        None => Server::Own(OwnServer::open(&folder.server())?),
        Some(_) => Server::Remote(arguments.remote.connect_for(&config.client, RETRY_FOR)?),
    };
    if let Server::Own(own) = &server {
        let page = own.dashboard_url().map_or_else(String::new, |url| format!("; see it learn at {url}"));
        say(format!("The run's own server listens at http://{}{page}", own.address()))?;
    }
    let (client, runtime) = (server.client(), server.runtime());
    let curriculum = runtime.block_on(open_curriculum(client, &run, folder.is_new()))?;
    folder.begin(&run, start.as_ref())?;
    let threads = arguments.threads.map_or_else(cores, usize::from);
    let mut training = match checkpoint {
        None => {
            Training::begin(settings, "train", start.as_ref(), curriculum.clone(), runtime.clone(), threads)
        }
        Some(checkpoint) => {
            let steps = count::written(checkpoint.steps());
            say(format!("Going on with the run in {} after {steps} steps.", path.display()))?;
            Training::restore(checkpoint, curriculum.clone(), runtime.clone(), threads)
        }
    }
    .map_err(failure)?;
    let stop = stop_on_signals(&runtime);
    let watch = Watch::start(&training, quiet);
    let learned = learn(&mut training, &folder, &watch, &stop);
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
        say(format!("Stopped after {steps} steps. The same command goes on."))?;
        return Ok(Outcome::Incomplete);
    }
    let ended = runtime.block_on(ending::write(&training, &curriculum, &folder, quiet))?;
    match arguments.remote.format() {
        Format::Json => output::print_json(&ended)?,
        Format::Text => {
            let distribution = runtime.block_on(curriculum.distribution())?;
            output::print(&ending::describe(&ended, &training, &distribution, seconds))?;
        }
    }
    Ok(Outcome::Passed)
}

/// Takes all steps or stops when it is told to, and keeps checkpoints meanwhile.
fn learn(
    training: &mut Training,
    folder: &Folder,
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
        if kept.elapsed() >= CHECKPOINT_INTERVAL {
            keep(training)?;
            kept = Instant::now();
        }
    }
    keep(training)
}

/// The run's curriculum: made if it is new, and nobody else's.
async fn open_curriculum(client: &Client, run: &RunFile, is_new: bool) -> Result<Curriculum, Failure> {
    let spec = run
        .settings
        .space
        .curriculum(&run.curriculum, run.teacher.clone(), run.settings.seed)
        .lease_duration(LEASE)
        .max_open_tasks(2 * run.settings.ppo.walkers as u32);
    let curriculum = client.create_or_open(spec).await?.on_behalf_of("learner", "train");
    let info = curriculum.describe().await?;
    if is_new && info.tasks > 0 {
        let hint = "choose another --curriculum, or the --folder of the run that it belongs to";
        return Err(Failure::usage(format!(
            "the curriculum {} has given {} tasks already, and not to a run in this folder",
            run.curriculum, info.tasks
        ))
        .hint(hint));
    }
    Ok(curriculum)
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

impl Arguments {
    fn settings(&self) -> Result<Settings, Failure> {
        let space = Space::published(self.environment.tracks());
        let space = self
            .ranges
            .iter()
            .try_fold(space, |space, range| space.with_range(range.clone()))
            .map_err(|error| Failure::usage(error.to_string()))?;
        let settings = Settings {
            space,
            walker: self.walker.kind(),
            steps: self.steps,
            seed: self.seed,
            evaluation_interval: self.evaluation_interval,
            ppo: self.learner.settings(),
        };
        settings.check().map_err(|error| Failure::usage(error.to_string()))?;
        Ok(settings)
    }

    /// What the run is called unless the user calls it otherwise.
    fn name(&self) -> String {
        let tracks = self.environment.tracks().name();
        format!("{tracks}-{}-{}-{}", self.walker.kind().name(), self.teacher.name(), self.seed)
    }
}

impl EnvironmentName {
    fn tracks(self) -> TrackSpace {
        match self {
            Self::StumpTracks => TrackSpace::StumpTracks,
            Self::HexagonTracks => TrackSpace::HexagonTracks,
            Self::Gymnasium => TrackSpace::Gymnasium,
        }
    }
}

impl TeacherName {
    fn name(self) -> &'static str {
        match self {
            Self::AlpGmm => "alp-gmm",
            Self::Random => "random",
        }
    }

    fn teacher(self) -> Teacher {
        match self {
            Self::AlpGmm => Teacher::AlpGmm(AlpGmm::default()),
            Self::Random => Teacher::Random,
        }
    }
}

impl Server {
    fn client(&self) -> &Client {
        match self {
            Self::Own(own) => own.client(),
            Self::Remote(remote) => &remote.client,
        }
    }

    fn runtime(&self) -> Handle {
        match self {
            Self::Own(own) => own.runtime().handle().clone(),
            Self::Remote(remote) => remote.runtime().handle().clone(),
        }
    }
}

/// Whose fault it is.
fn failure(error: LearnerError) -> Failure {
    match error {
        LearnerError::Setting(_) | LearnerError::File { .. } | LearnerError::OtherRun(_) => {
            Failure::usage(error.to_string())
        }
        LearnerError::Teacher(error) => error.into(),
        error => Failure::failed(&error.into()),
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Reads `stump_height=0:4`.
fn read_range(text: &str) -> Result<Range, String> {
    let parts = text.split_once('=').and_then(|(name, ends)| {
        let (low, high) = ends.split_once(':')?;
        Some((name, low.trim().parse().ok()?, high.trim().parse().ok()?))
    });
    let (dimension, low, high) = parts.ok_or("write NAME=LOW:HIGH, such as stump_height=0:4")?;
    Ok(Range { dimension: dimension.trim().to_owned(), low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let expected = Range { dimension: "stump_height".to_owned(), low: 0.5, high: 4.0 };
        assert_eq!(read_range("stump_height=0.5:4"), Ok(expected));
        for wrong in ["", "stump_height", "stump_height=1", "stump_height=a:b", "=:"] {
            assert!(read_range(wrong).is_err(), "{wrong}");
        }
    }
}
