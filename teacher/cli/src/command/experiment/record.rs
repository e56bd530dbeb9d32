//! What is kept of a finished run: small enough to be committed, and all that tables and curves are made of.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use magister_learner::{Evaluation, replace_file};
use serde::{Deserialize, Serialize};

use super::plan::{Plan, PlannedRun, RunKey};
use crate::{command::train, failure::Failure};

/// Raised when what a record holds changes.
const FORMAT: u32 = 1;
/// Evaluations whose mean is taken: single ones move by some points.
pub(super) const LAST_EVALUATIONS: usize = 5;

/// A finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunRecord {
    format: u32,
    /// Which run it is.
    pub(super) run: RunKey,
    pub(super) made: Made,
    /// In their order.
    pub(super) evaluations: Vec<EvaluationRecord>,
}

/// An evaluation on the test set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EvaluationRecord {
    pub(super) steps: u64,
    pub(super) mastered_share: f64,
    pub(super) mean_return: f64,
    /// The return on each test task, to a tenth.
    pub(super) returns: Vec<f64>,
}

/// Where a run was made, and with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    pub(super) release: String,
    /// That the experiment's file was in, if it was in a git repository.
    pub(super) commit: Option<String>,
    /// `None` if another machine made it, and the server told of it.
    pub(super) machine: Option<String>,
    /// In the process that ended it; `None` where that is not known.
    pub(super) steps_per_second: Option<u64>,
}

/// The folder of an experiment's results.
#[derive(Debug)]
pub(super) struct Results {
    path: PathBuf,
}

impl RunRecord {
    pub(super) fn new(run: &PlannedRun, made: Made, evaluations: &[Evaluation]) -> Self {
        let evaluations = evaluations.iter().map(|evaluation| EvaluationRecord {
            steps: evaluation.steps,
            mastered_share: evaluation.mastered_share,
            mean_return: evaluation.mean_return,
            returns: evaluation.returns.iter().map(|return_| (return_ * 10.0).round() / 10.0).collect(),
        });
        Self { format: FORMAT, run: run.into(), made, evaluations: evaluations.collect() }
    }

    /// The last evaluations up to so many steps, at most five; those of the update that reached them count.
    pub(super) fn last_evaluations(&self, steps: u64) -> &[EvaluationRecord] {
        let most = steps + self.run.settings.ppo.steps_per_update();
        let until = self.evaluations.iter().take_while(|evaluation| evaluation.steps < most).count();
        &self.evaluations[until.saturating_sub(LAST_EVALUATIONS)..until]
    }

    /// Mastered share up to so many steps, per cent: the mean of the last five evaluations.
    pub(super) fn mastered_percent(&self, steps: u64) -> Option<f64> {
        let last = self.last_evaluations(steps);
        let sum: f64 = last.iter().map(|evaluation| evaluation.mastered_share).sum();
        (!last.is_empty()).then(|| 100.0 * sum / last.len() as f64)
    }
}

impl Results {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The runs of a plan, each with its record if that is there.
    ///
    /// # Errors
    /// If a record cannot be read, or is that of another run.
    pub(super) fn read_all<'a>(
        &self,
        plan: &'a Plan,
    ) -> Result<Vec<(&'a PlannedRun, Option<RunRecord>)>, Failure> {
        plan.runs.iter().map(|run| Ok((run, self.read(run)?))).collect()
    }

    fn read(&self, run: &PlannedRun) -> Result<Option<RunRecord>, Failure> {
        let path = self.file(run);
        let wrong = |problem: String| Failure::usage(format!("{}: {problem}", path.display()));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
        };
        let record: RunRecord = serde_json::from_str(&text)
            .map_err(|error| wrong(format!("is no record of this release: {error}")))?;
        if record.format != FORMAT {
            return Err(wrong(format!("has format {}, and this release knows {FORMAT}", record.format)));
        }
        let differences = train::folder::differences(&record.run, &RunKey::from(run));
        if !differences.is_empty() {
            let problem = format!("holds another run: {}", differences.join("; "));
            return Err(wrong(problem)
                .hint("give the experiment another name or another --results, or remove the file"));
        }
        Ok(Some(record))
    }

    /// Keeps the record of a run.
    pub(super) fn write(&self, run: &PlannedRun, record: &RunRecord) -> Result<(), Failure> {
        let mut text = serde_json::to_string(record).expect("plain values can be written");
        text.push('\n');
        let path = self.file(run);
        let folder = path.parent().expect("it is in a folder of the results");
        fs::create_dir_all(folder)
            .map_err(|error| Failure::usage(format!("{} cannot be made: {error}", folder.display())))?;
        replace_file(&path, text.as_bytes()).map_err(train::failure)
    }

    fn file(&self, run: &PlannedRun) -> PathBuf {
        self.path.join("runs").join(format!("{}.json", run.name()))
    }
}

impl Made {
    /// By this machine with this binary, for an experiment that is described in `file`.
    pub(super) fn here(file: &Path) -> Self {
        Self {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            commit: commit(file),
            machine: Some(machine()),
            steps_per_second: None,
        }
    }

    /// The same by another machine.
    pub(super) fn elsewhere(self) -> Self {
        Self { machine: None, ..self }
    }
}

/// The commit that a file's repository is at.
fn commit(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let told =
        Command::new("git").arg("-C").arg(folder).args(["rev-parse", "--short=10", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && !commit.is_empty()).then_some(commit)
}

/// The processor's name and how many cores there are.
fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = named.map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    format!("{name}, {} cores", train::walk::cores())
}
