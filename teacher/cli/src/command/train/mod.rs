//! `magister train`: the bundled student learns under a curriculum.
//!
//! A run lives in a folder ([`folder`]): what it was begun with, its last checkpoint, the store of its own server if it has one, and
//! in the end what came of it ([`ending`]). The same command goes on where it was stopped, however that happened.

pub(crate) mod count;
mod ending;
pub(crate) mod folder;
mod hypercube;
mod learner_flags;
pub(crate) mod run;
pub(crate) mod walk;
pub(crate) mod watch;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use magister_learner::{LearnerError, Range, TrackSpace};
use magister_student::{Client, Curriculum, CurriculumSpec, Oracle, Teacher};
use tokio::runtime::Handle;

use self::{hypercube::HypercubeFlags, learner_flags::LearnerFlags};
use crate::{
    Outcome,
    command::{curriculum::read_duration, env::WalkerName, teacher_name::TeacherName},
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

/// Train the bundled student under a curriculum
///
/// A PPO learner plays the teacher's tasks with many walkers at once, is evaluated on the publication's test set now and then, and leaves what it
/// learned in a folder. Stopped or killed, the same command goes on where it was, with the same result.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// On what
    #[arg(long = "env", value_enum, default_value_t = EnvironmentName::StumpTracks)]
    environment: EnvironmentName,

    /// Who walks
    #[arg(long, value_enum, default_value_t = WalkerName::Default)]
    walker: WalkerName,

    /// Who teaches
    #[arg(long, value_enum, default_value_t = TeacherName::AlpGmm)]
    teacher: TeacherName,

    /// Environment steps, such as 500k or 20M; episodes of the hypercube [default: 20M; 20k of the hypercube]
    #[arg(long, value_name = "NUMBER", value_parser = count::read)]
    steps: Option<u64>,

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

    /// Steps after which the networks begin anew, again and again: a student that forgets [default: never]
    #[arg(long, value_name = "NUMBER", value_parser = count::read)]
    forget_interval: Option<u64>,

    /// How often a checkpoint is written: what a kill loses at most
    #[arg(long, value_name = "DURATION", value_parser = read_duration, default_value = "20s")]
    checkpoint_interval: Duration,

    /// Where the run lives [default: runs/ENV-WALKER-TEACHER-SEED, without walker for the hypercube]
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

    #[command(flatten)]
    hypercube: HypercubeFlags,

    // Last, for it sets a heading of its own.
    #[command(flatten)]
    pub(crate) remote: RemoteArguments,
}

const AFTER_HELP: &str = "\
Without --server (or MAGISTER_SERVER, or magister.toml) the run has a server of its own, over FOLDER/server.

What FOLDER holds in the end: policy.safetensors (docs/policy-format.md), distribution.svg, easy.gif, hard.gif,
evaluations.csv and updates.csv of the student, episodes.csv and fits.csv of the curriculum, with RIAC, the Oracle and
CURROT boxes.csv.";

/// On what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum EnvironmentName {
    /// The publication's Stump Tracks: stump_height 0 to 3, obstacle_spacing 0 to 6
    StumpTracks,
    /// The publication's Hexagon Tracks: hexagon, twelve numbers 0 to 4
    HexagonTracks,
    /// Gymnasium's BipedalWalker and BipedalWalkerHardcore
    Gymnasium,
    /// The publication's toy environment with its artificial student: seconds, and no walker
    Hypercube,
}

/// Whose a run's curriculum is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belonging {
    /// The run's: nobody else has had tasks of it.
    Own,
    /// Every machine's that is at the same run or was: what one has asked and told, another asks and tells again and is answered as the first
    /// was.
    Shared,
}

/// Who answers the learner's calls, and to whom it talks.
pub(crate) struct Place {
    server: Server,
    quiet: bool,
}

enum Server {
    Own(OwnServer),
    Remote(Remote),
}

/// Trains, then writes what came of it.
pub(crate) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    match arguments.environment.tracks() {
        Some(tracks) if arguments.hypercube != HypercubeFlags::default() => Err(Failure::usage(format!(
            "--dims, --irrelevant and --cells are of --env hypercube, not of --env {tracks}"
        ))),
        Some(tracks) => walk::run(arguments, tracks, config),
        None if arguments.names_a_walker() => Err(Failure::usage(
            "the hypercube's student is an artificial one: --env hypercube takes no --walker, --range, --from and no \
             setting of PPO",
        )),
        None => hypercube::run(arguments, config),
    }
}

/// The run's curriculum: made if it is new, and nobody else's unless it is shared.
async fn open_curriculum(
    client: &Client,
    spec: CurriculumSpec,
    id: &str,
    is_new: bool,
    belonging: Belonging,
) -> Result<Curriculum, Failure> {
    let curriculum = client.create_or_open(spec).await?.on_behalf_of("learner", "train");
    let info = curriculum.describe().await?;
    if is_new && belonging == Belonging::Own && info.tasks > 0 {
        let tasks = info.tasks;
        let problem =
            format!("the curriculum {id} has given {tasks} tasks already, and not to a run in this folder");
        return Err(Failure::usage(problem)
            .hint("choose another --curriculum, or the --folder of the run that it belongs to"));
    }
    Ok(curriculum)
}

impl Place {
    /// The server that was named anywhere, or one of its own over a folder.
    pub(crate) fn open(
        remote: &RemoteArguments,
        config: &Config,
        own_folder: &Path,
    ) -> Result<Self, Failure> {
        let quiet = remote.format() == Format::Json;
        let server = match remote.server(&config.client) {
            None => Server::Own(OwnServer::open(own_folder)?),
            Some(_) => Server::Remote(remote.connect_for(&config.client, RETRY_FOR)?),
        };
        let place = Self { server, quiet };
        if let Server::Own(own) = &place.server {
            let page = own.dashboard_url().map_or_else(String::new, |url| format!("; see it learn at {url}"));
            place.say(&format!("The run's own server listens at http://{}{page}", own.address()))?;
        }
        Ok(place)
    }

    /// Whether only the result is to be printed.
    fn quiet(&self) -> bool {
        self.quiet
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { Ok(output::print(text)?) }
    }

    pub(crate) fn client(&self) -> &Client {
        match &self.server {
            Server::Own(own) => own.client(),
            Server::Remote(remote) => &remote.client,
        }
    }

    pub(crate) fn runtime(&self) -> Handle {
        match &self.server {
            Server::Own(own) => own.runtime().handle().clone(),
            Server::Remote(remote) => remote.runtime().handle().clone(),
        }
    }
}

impl Arguments {
    /// What the run is called unless the user calls it otherwise.
    fn name(&self) -> String {
        let (teacher, seed) = (self.teacher.name(), self.seed);
        match self.environment.tracks() {
            Some(tracks) => format!("{tracks}-{}-{teacher}-{seed}", self.walker.kind().name()),
            None => format!("hypercube-{teacher}-{seed}"),
        }
    }

    fn curriculum(&self) -> String {
        self.curriculum.clone().unwrap_or_else(|| self.name())
    }

    fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| PathBuf::from("runs").join(self.name()))
    }

    /// The teacher with its defaults; the Oracle's way is the publication's.
    fn teacher(&self) -> Result<Teacher, Failure> {
        match (self.teacher.with_defaults(), self.environment) {
            (Some(teacher), _) => Ok(teacher),
            (None, environment) => environment.tracks().and_then(oracle).ok_or_else(|| {
                Failure::usage(format!(
                    "--teacher {} knows the way from easy to hard on --env stump-tracks only",
                    self.teacher.name()
                ))
            }),
        }
    }

    fn server(&self, config: &Config) -> Option<String> {
        self.remote.server(&config.client).map(str::to_owned)
    }

    /// Whether anything was said that only a walker understands.
    fn names_a_walker(&self) -> bool {
        self.walker != WalkerName::Default
            || !self.ranges.is_empty()
            || self.from.is_some()
            || self.forget_interval.is_some()
            || self.learner != LearnerFlags::default()
    }
}

impl EnvironmentName {
    /// `None` for the hypercube.
    fn tracks(self) -> Option<TrackSpace> {
        match self {
            Self::StumpTracks => Some(TrackSpace::StumpTracks),
            Self::HexagonTracks => Some(TrackSpace::HexagonTracks),
            Self::Gymnasium => Some(TrackSpace::Gymnasium),
            Self::Hypercube => None,
        }
    }
}

/// The Oracle with the publication's way from easy to hard, where it has one.
pub(crate) fn oracle(tracks: TrackSpace) -> Option<Teacher> {
    // To higher stumps by 0.1 of 3, and closer ones by 0.2 of 6.
    let window_step = match tracks {
        TrackSpace::StumpTracks => vec![1.0 / 30.0, -1.0 / 30.0],
        TrackSpace::HexagonTracks | TrackSpace::Gymnasium => return None,
    };
    Some(Teacher::Oracle(Oracle { window_step, ..Oracle::default() }))
}

/// Whose fault it is.
pub(crate) fn failure(error: LearnerError) -> Failure {
    match error {
        LearnerError::Setting(_) | LearnerError::File { .. } | LearnerError::OtherRun(_) => {
            Failure::usage(error.to_string())
        }
        LearnerError::Teacher(error) => error.into(),
        error => Failure::failed(&error.into()),
    }
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
