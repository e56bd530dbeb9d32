//! `magister curriculum create`.

use std::{path::PathBuf, time::Duration};

use magister_student::{AlpGmm, Currot, Dimension, Oracle, ReturnRange, Riac, Teacher, TestSet};

use super::{
    dimension, read_duration, show,
    spec_file::{SpecFile, read_test_set},
    teacher_flags::{FixedFlags, LiveFlags, with_flags},
};
use crate::{
    Outcome,
    command::teacher_name::TeacherName,
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

    /// Who teaches; the parameters of RIAC, CURROT and of the Oracle's window come from --file [default: alp-gmm]
    #[arg(long, value_enum)]
    teacher: Option<TeacherName>,

    /// How far the Oracle's window moves, in shares of the axes, such as 0.033,-0.033; below 0 from the high end down
    #[arg(long, value_name = "SHARES", value_delimiter = ',', allow_hyphen_values = true)]
    window_step: Vec<f64>,

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

    /// Who was named, or who is in the file; with the file's parameters where it is the same algorithm, and the flags
    /// over them.
    fn teacher(&self, of_file: Option<Teacher>) -> Result<Option<Teacher>, Failure> {
        let asks_for_gmm = with_flags(&AlpGmm::default(), &self.live, &self.fixed).is_some();
        let there = of_file.as_ref().map(TeacherName::of);
        let Some(name) = self.teacher.or(there).or(asks_for_gmm.then_some(TeacherName::AlpGmm)) else {
            return Ok(None);
        };
        let refuse = |whose: &str| {
            let problem = format!("the teacher is {}, and the parameters of {whose} were given", name.name());
            Err(Failure::usage(problem))
        };
        let is_gmm = matches!(name, TeacherName::AlpGmm | TeacherName::CovarGmm);
        if asks_for_gmm && !is_gmm {
            return refuse("ALP-GMM");
        }
        if !self.window_step.is_empty() && name != TeacherName::Oracle {
            return refuse("the Oracle");
        }
        let with_flags = |params: AlpGmm| with_flags(&params, &self.live, &self.fixed).unwrap_or(params);
        Ok(Some(match (name, of_file) {
            (TeacherName::Random, _) => Teacher::Random,
            (TeacherName::AlpGmm, Some(Teacher::AlpGmm(params))) => Teacher::AlpGmm(with_flags(params)),
            (TeacherName::AlpGmm, _) => Teacher::AlpGmm(with_flags(AlpGmm::default())),
            (TeacherName::CovarGmm, Some(Teacher::CovarGmm(params))) => Teacher::CovarGmm(with_flags(params)),
            (TeacherName::CovarGmm, _) => Teacher::CovarGmm(with_flags(AlpGmm::default())),
            (TeacherName::Riac, Some(Teacher::Riac(params))) => Teacher::Riac(params),
            (TeacherName::Riac, _) => Teacher::Riac(Riac::default()),
            (TeacherName::Currot, Some(Teacher::Currot(params))) => Teacher::Currot(params),
            (TeacherName::Currot, _) => Teacher::Currot(Currot::default()),
            (TeacherName::Oracle, of_file) => {
                let mut params = match of_file {
                    Some(Teacher::Oracle(params)) => params,
                    _ => Oracle::default(),
                };
                if !self.window_step.is_empty() {
                    params.window_step.clone_from(&self.window_step);
                }
                Teacher::Oracle(params)
            }
        }))
    }
}

fn read_range(text: &str) -> Result<ReturnRange, String> {
    let bounds = text.split_once(':').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    let (low, high) = bounds.ok_or("write LOW:HIGH, such as -150:350")?;
    Ok(ReturnRange { low, high })
}
