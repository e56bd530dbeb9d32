//! `magister curriculum create`.

use std::{path::PathBuf, time::Duration};

use magister_student::{AlpGmm, Dimension, ReturnRange, Teacher, TestSet};

use super::{
    dimension, read_duration, show,
    spec_file::{SpecFile, read_test_set},
    teacher_flags::{FixedFlags, LiveFlags, with_flags},
};
use crate::{
    Outcome,
    config::Config,
    document,
    failure::{Failure, Format},
    output,
    remote::RemoteArguments,
};

/// Make a curriculum
///
/// From flags, from a file, or from a file with flags over it. With --json it prints the curriculum as `show --json`
/// does.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  magister curriculum create walker --dimension stump_height=0:3 \\\n      \
                        --dimension obstacle_spacing=0:6 --return-range=-150:350 --mastery-threshold 230"
)]
pub(super) struct Arguments {
    /// Its name, of letters, digits and the characters -_. after the first
    name: Option<String>,

    // No doc comment: rustdoc takes [SIZE] for a link.
    #[arg(long = "dimension", short, value_name = "DIMENSION", help = dimension::HELP, value_parser = dimension::read)]
    dimensions: Vec<Dimension>,

    /// The whole curriculum in TOML or JSON, as `show --json` prints it; flags win over what it says
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,

    /// A name for people
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,

    /// Who teaches [default: alp-gmm]
    #[arg(long, value_enum)]
    teacher: Option<TeacherName>,

    /// Seed of all randomness [default: 0]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Scale returns from this range to 0..1 and clip them
    #[arg(long, value_name = "LOW:HIGH", value_parser = read_range, allow_hyphen_values = true)]
    return_range: Option<ReturnRange>,

    /// A return above it is mastery
    #[arg(long, value_name = "RETURN", allow_negative_numbers = true)]
    mastery_threshold: Option<f64>,

    /// How long a worker may hold a task, such as 90s, 45m or 1h 30m [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = read_duration)]
    lease: Option<Duration>,

    /// Tasks that one student may hold open at once [default: 10000]
    #[arg(long, value_name = "NUMBER")]
    max_open_tasks: Option<u32>,

    /// Refuse reports of tasks older than this [default: never]
    #[arg(long, value_name = "EPISODES")]
    max_staleness_episodes: Option<u64>,

    /// Evaluate students on the tasks of this file: a list of {NAME: VALUE}, in TOML under `tasks`
    #[arg(long, value_name = "FILE")]
    test_set: Option<PathBuf>,

    /// Evaluate students on so many tasks, drawn uniformly once
    #[arg(long, value_name = "NUMBER", conflicts_with = "test_set")]
    test_tasks: Option<u32>,

    #[command(flatten)]
    pub(super) remote: RemoteArguments,

    #[command(flatten)]
    live: LiveFlags,

    #[command(flatten)]
    fixed: FixedFlags,
}

/// Who teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TeacherName {
    AlpGmm,
    Random,
}

/// Reads everything, then asks the server once.
pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let spec = arguments.read()?;
    let id = spec.id.clone().unwrap_or_default();
    let spec = spec.into_spec()?;
    let remote = arguments.remote.connect(&config.client)?;
    let created = remote.run(&id, remote.client.create(spec))?;
    match remote.format {
        Format::Json => output::print_json(&created)?,
        Format::Text => output::print(&format!("Made {}.\n\n{}", created.id, show::describe(&created)))?,
    }
    Ok(Outcome::Passed)
}

impl Arguments {
    fn read(&self) -> Result<SpecFile, Failure> {
        let mut spec: SpecFile = match &self.file {
            Some(path) => document::read(path)?,
            None => SpecFile::default(),
        };
        spec.id = self.name.clone().or(spec.id);
        if !self.dimensions.is_empty() {
            spec.dimensions = self.dimensions.clone();
        }
        spec.display_name = self.display_name.clone().unwrap_or(spec.display_name);
        spec.teacher = self.teacher(spec.teacher)?;
        spec.seed = self.seed.unwrap_or(spec.seed);
        spec.return_range = self.return_range.or(spec.return_range);
        spec.mastery_threshold = self.mastery_threshold.or(spec.mastery_threshold);
        spec.lease_seconds = self.lease.map(|lease| lease.as_secs_f64()).or(spec.lease_seconds);
        spec.max_open_tasks = self.max_open_tasks.or(spec.max_open_tasks);
        spec.max_staleness_episodes = self.max_staleness_episodes.or(spec.max_staleness_episodes);
        spec.test_set = match (&self.test_set, self.test_tasks) {
            (Some(path), _) => Some(read_test_set(path)?),
            (None, Some(tasks)) => Some(TestSet::UniformCount(tasks)),
            (None, None) => spec.test_set,
        };
        Ok(spec)
    }

    fn teacher(&self, of_file: Option<Teacher>) -> Result<Option<Teacher>, Failure> {
        let base = match &of_file {
            Some(Teacher::AlpGmm(params)) => params.clone(),
            _ => AlpGmm::default(),
        };
        let changed = with_flags(&base, &self.live, &self.fixed);
        match (self.teacher, of_file, changed) {
            (Some(TeacherName::Random), _, Some(_)) | (None, Some(Teacher::Random), Some(_)) => {
                Err(Failure::usage("the teacher is random, and the parameters of ALP-GMM were given"))
            }
            (Some(TeacherName::Random), _, None) => Ok(Some(Teacher::Random)),
            (_, _, Some(params)) => Ok(Some(Teacher::AlpGmm(params))),
            (Some(TeacherName::AlpGmm), _, None) => Ok(Some(Teacher::AlpGmm(base))),
            (None, of_file, None) => Ok(of_file),
        }
    }
}

fn read_range(text: &str) -> Result<ReturnRange, String> {
    let bounds = text.split_once(':').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    let (low, high) = bounds.ok_or("write LOW:HIGH, such as -150:350")?;
    Ok(ReturnRange { low, high })
}
