//! `magister experiment`: teachers × seeds × walkers × spaces as runs of the bundled student, and what they come to.
//!
//! The file says what ([`plan`]); each run lives in a folder as one of `magister train` does, on a curriculum of a server that all share, and
//! leaves a record ([`record`]) of which tables, curves and a page are made ([`report`]). A run with a record is over: records can be
//! committed, and the same command goes on from them on any machine.
//!
//! Several machines share an experiment through one server. Whoever begins a run takes its curriculum's first tasks, and the others leave it
//! alone. Should two begin at the same moment, both do the same: requests are numbered, so that both get the same tasks, and what they report
//! is counted once. So nothing needs to be locked, and another machine can do again what a lost one began.

mod only;
mod parts;
mod plan;
mod progress;
mod record;
mod report;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use magister_learner::Evaluation;
use magister_student::{Client, Curriculum, Error, Reason};
use serde::Serialize;
use tokio::runtime::Handle;

use self::{
    only::Only,
    plan::{Plan, PlannedRun},
    progress::Progress,
    record::{Made, Results, RunRecord},
    report::Report,
};
use crate::{
    Outcome,
    command::{
        curriculum::read_duration,
        train::{
            Belonging, Place,
            folder::{self, Folder},
            run::{Halt, Run, RunFile},
            walk,
        },
    },
    config::Config,
    failure::{Failure, Format},
    output,
    remote::RemoteArguments,
};

/// Run an experiment: teachers × seeds × walkers × spaces
///
/// Trains the bundled student under each, as many runs at a time as there are cores, and tells what they come to in a table, curves and a page.
/// Stopped or killed, the same command goes on where it was, with the same result.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// What is to be run: docs/experiments.md describes it, docs/results holds some
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where results are kept: small files that can be committed [default: the file's path without .toml]
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,

    /// Where runs live while they are under way [default: runs/experiments/NAME]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,

    /// Make only runs with one of these values, such as teacher=riac or seed=1,2; given twice, with both. The page tells of all
    #[arg(long, value_name = "PART=VALUES", value_parser = only::read)]
    only: Vec<Only>,

    /// Runs at a time [default: one for each core]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,

    /// How often a run's checkpoint is written: what a kill loses at most
    #[arg(long, value_name = "DURATION", value_parser = read_duration, default_value = "60s")]
    checkpoint_interval: Duration,

    /// Write table, curves and page of the records that are there, and run nothing
    #[arg(long)]
    only_report: bool,

    /// Also do the runs that another machine has begun on the server and will not end
    #[arg(long, requires = "server")]
    take_over: bool,

    #[command(flatten)]
    pub(crate) remote: RemoteArguments,
}

const AFTER_HELP: &str = "\
Without --server (or MAGISTER_SERVER, or magister.toml) the runs share a server of their own, over FOLDER/server. With one, several
machines can share an experiment: give each the same file and the same server.

What RESULTS holds: runs/*.json, a record of each finished run; results.csv, every evaluation; README.md and a picture for each walker
and space.";

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Ended<'a> {
    experiment: &'a str,
    results: &'a Path,
    runs: Vec<RunLine<'a>>,
    failures: &'a [RunFailure],
}

#[derive(Debug, Serialize)]
struct RunLine<'a> {
    space: &'a str,
    walker: &'a str,
    teacher: &'a str,
    seed: u64,
    /// Mean over the last five evaluations, per cent; none while the run has not ended.
    mastered_percent: Option<f64>,
}

/// A run that could not go on.
#[derive(Clone, Debug, Serialize)]
struct RunFailure {
    run: String,
    failure: Failure,
}

/// What became of the runs that were missing.
#[derive(Debug, Default)]
struct Became {
    failures: Vec<RunFailure>,
    /// Names of runs that other machines are at.
    elsewhere: Vec<String>,
    stopped: bool,
}

/// What became of one run.
enum Came {
    /// It is over, and its record is kept.
    Over(Box<RunRecord>),
    /// It was told to stop.
    Stopped,
    /// Another machine is at it.
    Elsewhere,
}

/// What all runs share.
struct Matrix<'a> {
    plan: &'a Plan,
    results: &'a Results,
    file: &'a Path,
    folder: &'a Path,
    client: &'a Client,
    runtime: Handle,
    /// `None` for one of its own.
    server: Option<String>,
    checkpoint_interval: Duration,
    take_over: bool,
    threads: usize,
    /// What is written down of where runs are made.
    made: Made,
    stop: &'a AtomicBool,
    progress: &'a Progress,
}

/// Runs what is missing, then tells what there is.
pub(crate) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let plan = Plan::read(&arguments.file)?;
    let results =
        Results::new(arguments.results.clone().unwrap_or_else(|| arguments.file.with_extension("")));
    if results.path() == arguments.file {
        return Err(Failure::usage("the file has no ending: say with --results where results are kept"));
    }
    let runs = results.read_all(&plan)?;
    arguments.only.iter().try_for_each(|only| only.check(&plan))?;
    let wanted = runs.iter().filter(|(run, _)| arguments.only.iter().all(|only| only.holds(run)));
    let all = wanted.clone().count();
    let missing: Vec<&PlannedRun> =
        wanted.filter(|(_, record)| record.is_none()).map(|&(run, _)| run).collect();
    let became = match missing.is_empty() || arguments.only_report {
        true => Became::default(),
        false => run_missing(arguments, config, &plan, &results, (all, missing))?,
    };
    let runs = results.read_all(&plan)?;
    let report = Report::new(&plan, &runs, &arguments.file);
    report.write(results.path())?;
    let Became { failures, elsewhere, stopped } = &became;
    match arguments.remote.format() {
        Format::Json => {
            let lines = runs.iter().map(|(run, record)| RunLine {
                space: &run.scene.space,
                walker: run.scene.walker,
                teacher: &run.teacher,
                seed: run.settings.seed,
                mastered_percent: record.as_ref().and_then(|record| record.mastered_percent(plan.steps)),
            });
            let runs = lines.collect();
            output::print_json(&Ended { experiment: &plan.name, results: results.path(), runs, failures })?;
        }
        Format::Text => {
            output::print(&report.describe())?;
            output::print(&format!(
                "{} holds the page, the curves and the table.",
                results.path().display()
            ))?;
            if !elsewhere.is_empty() {
                output::print(&format!(
                    "Other machines are at {}. The same command gathers them when they are over; --take-over does them \
                     here.",
                    elsewhere.join(", ")
                ))?;
            }
            for RunFailure { run, failure } in failures {
                output::print(&format!("{run} could not go on: {failure}"))?;
            }
            if *stopped {
                output::print("Stopped. The same command goes on.")?;
            }
        }
    }
    Ok(match (stopped, failures.is_empty(), elsewhere.is_empty()) {
        (true, _, _) => Outcome::Stopped,
        (false, true, true) => Outcome::Passed,
        (false, _, _) => Outcome::Failed,
    })
}

/// Plays those of all wanted runs that have no record.
fn run_missing(
    arguments: &Arguments,
    config: &Config,
    plan: &Plan,
    results: &Results,
    (all, missing): (usize, Vec<&PlannedRun>),
) -> Result<Became, Failure> {
    let folder = arguments.folder.clone().unwrap_or_else(|| Path::new("runs/experiments").join(&plan.name));
    let _lock = folder::lock(&folder)?;
    let quiet = arguments.remote.format() == Format::Json;
    let place = Place::open(&arguments.remote, config, &folder.join("server"))?;
    let runtime = place.runtime();
    let stop = walk::stop_on_signals(&runtime);
    let jobs = arguments.jobs.map_or_else(walk::cores, usize::from).min(missing.len());
    let steps = missing.iter().map(|run| run.settings.steps).sum();
    let server = arguments.remote.server(&config.client).map(str::to_owned);
    let progress = Progress::new(all, all - missing.len(), steps, quiet);
    progress.say(&format!("{} of {all} runs are to be done, {jobs} at a time.", missing.len()));
    let matrix = Matrix {
        plan,
        results,
        file: &arguments.file,
        folder: &folder,
        client: place.client(),
        runtime,
        checkpoint_interval: arguments.checkpoint_interval,
        // Nobody else can be at the runs of a server of one's own.
        take_over: arguments.take_over || server.is_none(),
        server,
        threads: (walk::cores() / jobs).max(1),
        // At the beginning: a repository may go on while runs are made.
        made: Made::here(&arguments.file),
        stop: &stop,
        progress: &progress,
    };
    let queue = Mutex::new(VecDeque::from(missing));
    let became = Mutex::new(Became::default());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| matrix.work(&queue, &became));
        }
    });
    Ok(became.into_inner().unwrap_or_else(PoisonError::into_inner))
}

impl Matrix<'_> {
    /// Plays one run after the other until none is left or it is told to stop.
    fn work(&self, queue: &Mutex<VecDeque<&PlannedRun>>, became: &Mutex<Became>) {
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        while let Some(run) = next() {
            if self.stop.load(Ordering::Relaxed) {
                became.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
                return;
            }
            let name = run.name();
            let came = self.play(run);
            // One worker at a time from here on: all of them write the same page.
            let mut became = became.lock().unwrap_or_else(PoisonError::into_inner);
            let came = came.and_then(|came| match came {
                Came::Over(record) => self.report().map(|()| Came::Over(record)),
                other => Ok(other),
            });
            match came {
                Ok(Came::Over(record)) => {
                    let mastered = record.mastered_percent(self.plan.steps).unwrap_or(0.0);
                    self.progress.end(&name, &format!("{mastered:.1} % mastered"));
                }
                Ok(Came::Stopped) => became.stopped = true,
                Ok(Came::Elsewhere) => {
                    self.progress.end(&name, "another machine is at it");
                    became.elsewhere.push(name);
                }
                Err(failure) => {
                    self.progress.end(&name, &format!("could not go on: {failure}"));
                    became.failures.push(RunFailure { run: name, failure });
                }
            }
        }
    }

    fn play(&self, planned: &PlannedRun) -> Result<Came, Failure> {
        let name = planned.name();
        let file = RunFile {
            settings: planned.settings.clone(),
            teacher: planned.algorithm.clone(),
            curriculum: self.plan.curriculum(planned),
            server: self.server.clone(),
        };
        let path = self.folder.join("runs").join(&name);
        let folder = Folder::open(&path, &file, None)?;
        if !folder.checkpoint().exists()
            && let Some(taught) = self.taught(&file.curriculum)?
        {
            if let Some(record) = self.gather(planned, &taught)? {
                return Ok(Came::Over(record.into()));
            }
            if folder.is_new() && !self.take_over {
                return Ok(Came::Elsewhere);
            }
        }
        let reached = (self.client, self.runtime.clone());
        let mut run = Run::open(&file, folder, None, Belonging::Shared, reached, self.threads)?;
        let (began, steps_before) = (Instant::now(), run.training.steps());
        self.progress.begin(&name, steps_before);
        let halt = run.learn(self.checkpoint_interval, self.stop, |training| {
            self.progress.show(&name, training.steps());
        })?;
        if halt == Halt::Stopped {
            return Ok(Came::Stopped);
        }
        let steps = run.training.steps() - steps_before;
        let rate = (steps > 0).then(|| (steps as f64 / began.elapsed().as_secs_f64()) as u64);
        let made = Made { steps_per_second: rate, ..self.made.clone() };
        let record = RunRecord::new(planned, made, run.training.evaluations());
        self.results.write(planned, &record)?;
        run.folder.remove_checkpoint()?;
        Ok(Came::Over(record.into()))
    }

    /// The curriculum of a run, if somebody has had tasks of it.
    fn taught(&self, id: &str) -> Result<Option<Curriculum>, Failure> {
        let described = self.runtime.block_on(async {
            let curriculum = self.client.open(id).await?.on_behalf_of("learner", "train");
            let info = curriculum.describe().await?;
            Ok((curriculum, info.tasks))
        });
        match described {
            Ok((curriculum, tasks)) => Ok((tasks > 0).then_some(curriculum)),
            Err(error) if Error::reason(&error) == Some(&Reason::CurriculumNotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The record of a run that has ended, on another machine or without leaving one, from what the server knows of it.
    fn gather(&self, planned: &PlannedRun, taught: &Curriculum) -> Result<Option<RunRecord>, Failure> {
        let evaluations = self.runtime.block_on(async {
            let rounds = taught.mastery().await?.evaluations;
            let mut evaluations = Vec::new();
            for round in 1..=rounds {
                let told = taught.evaluation(round).await?;
                let mut results = told.results;
                results.sort_by_key(|result| result.index);
                evaluations.push(Evaluation {
                    steps: told.student_step,
                    mastered_share: told.mastered_share.unwrap_or(0.0),
                    mean_return: told.mean_return.unwrap_or(0.0),
                    returns: results.into_iter().map(|result| result.return_).collect(),
                });
            }
            Ok::<_, Error>(evaluations)
        })?;
        if evaluations.last().is_none_or(|last| last.steps < planned.settings.steps) {
            return Ok(None);
        }
        // Nobody but this folder's runs uses a server of its own.
        let made = self.made.clone();
        let made = if self.server.is_some() { made.elsewhere() } else { made };
        let record = RunRecord::new(planned, made, &evaluations);
        self.results.write(planned, &record)?;
        Ok(Some(record))
    }

    /// Brings the page up to date.
    fn report(&self) -> Result<(), Failure> {
        let runs = self.results.read_all(self.plan)?;
        Report::new(self.plan, &runs, self.file).write(self.results.path())
    }
}
