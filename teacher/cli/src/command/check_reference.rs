//! `magister check-reference`: recomputes what a file of reference data holds with the code of this program.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use magister_core::{
    curriculum::{Curriculum, CurriculumSettings},
    history::{AlpComputer, largest_alp_difference},
    mixture::{
        Engine,
        reference::{Comparison, ReferenceError, ReferenceWindows, compare},
    },
    space::{Dimension, TaskSpace},
    teacher::{DistributionShape, EpisodeResult, TeacherParams, oracle::OracleParams},
};
use serde::Serialize;
use trajectory::TrajectoryFigures;

use crate::{
    Outcome, output,
    reference_file::{AlpTrace, OracleWindows, ReferenceFile},
    table::{Align, Table},
    welch::Summary,
};

mod trajectory;

/// Compare this program with reference data, file by file
///
/// Files are recognised by what they contain, and may be compressed with gzip. Traces of absolute learning
/// progress are recomputed exactly; windows of points are fitted with ten seeds and held against
/// scikit-learn's fits. Trajectories of a walker are walked again with every engine of this processor, on
/// the recorded terrain with the recorded push and actions: the hull must be in the same place in every bit,
/// observations and rewards may differ by 1e-12. The Oracle is told the recorded returns, and its window must be in
/// the same place each time. Hypercube scores and test sets are known, but nothing is recomputed from them.
///
/// Ends with exit code 1 if something differs, and 2 if a file could not be used or nothing was compared at
/// all.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Files of reference data
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
}

/// Largest difference of an ALP from the reference's.
const ALP_TOLERANCE: f64 = 1e-12;

/// Largest difference of a corner of the Oracle's window from the reference's, which adds up its steps in single
/// precision; a step is ten thousand times as long.
const WINDOW_TOLERANCE: f64 = 1e-5;

/// Seeds with which each window is fitted, as many as the reference's.
const SEEDS: u64 = 10;

/// What came of all files.
#[derive(Debug, Serialize)]
struct Report {
    files: Vec<FileReport>,
    verdict: Verdict,
}

/// What came of one file.
#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    verdict: Verdict,
    /// One line on what was found.
    summary: String,
    #[serde(flatten)]
    figures: Option<Figures>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Match,
    Mismatch,
    NotCompared,
    Error,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Figures {
    AlpTrace { dims: usize, episodes: usize, largest_difference: f64, tolerance: f64 },
    MixtureWindows { dims: usize, seeds: u64, cases: Vec<CaseFigures>, engines: Vec<EngineFigures> },
    OracleWindows { returns: usize, windows: usize, largest_difference: f64, tolerance: f64 },
    WalkerTrajectory(TrajectoryFigures),
}

/// The reference's figures of one window.
#[derive(Debug, Serialize)]
struct CaseFigures {
    episode: u64,
    best_aic: f64,
    best_aic_standard_deviation: f64,
    log_likelihood: f64,
    log_likelihood_standard_deviation: f64,
}

/// An engine's figures of all windows.
#[derive(Debug, Serialize)]
struct EngineFigures {
    engine: &'static str,
    /// Whether the file's verdict is this engine's.
    decides: bool,
    accepted: bool,
    #[serde(flatten)]
    result: EngineResult,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum EngineResult {
    Compared {
        median_aic_deviations: f64,
        median_log_likelihood_deviations: f64,
        cases: Vec<EngineCaseFigures>,
    },
    Failed {
        error: String,
    },
}

#[derive(Debug, Serialize)]
struct EngineCaseFigures {
    best_aic: f64,
    aic_deviations: f64,
    log_likelihood: f64,
    log_likelihood_deviations: f64,
    chosen_components: Vec<usize>,
    failed_candidates: usize,
}

/// Checks every file and prints what came of it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let progress = output::ProgressLine::new();
    let mut files = Vec::new();
    for file in &arguments.files {
        progress.show(&format!("checking {}", file.display()));
        files.push(check_file(file));
    }
    drop(progress);
    let report = Report { verdict: overall(&files), files };
    if arguments.json {
        output::print_json(&report)?;
    } else {
        print(&report)?;
    }
    for file in report.files.iter().filter(|file| file.verdict == Verdict::Error) {
        output::error(&format!("{} {}", file.file, file.summary));
    }
    Ok(match report.verdict {
        Verdict::Match => Outcome::Passed,
        Verdict::Mismatch => Outcome::Failed,
        Verdict::Error => Outcome::Incomplete,
        Verdict::NotCompared => {
            output::error("nothing was compared");
            Outcome::Incomplete
        }
    })
}

/// An error outweighs a mismatch, as it leaves the answer open; files that cannot be compared count only if
/// there is nothing else.
fn overall(files: &[FileReport]) -> Verdict {
    [Verdict::Error, Verdict::Mismatch, Verdict::Match]
        .into_iter()
        .find(|verdict| files.iter().any(|file| file.verdict == *verdict))
        .unwrap_or(Verdict::NotCompared)
}

fn check_file(path: &Path) -> FileReport {
    let file = path.display().to_string();
    let reference = match ReferenceFile::read(path) {
        Ok(reference) => reference,
        Err(error) => {
            let summary = format!("{error:#}");
            return FileReport { file, kind: None, verdict: Verdict::Error, summary, figures: None };
        }
    };
    let (verdict, summary, figures) = match &reference {
        ReferenceFile::AlpTrace(trace) => check_trace(trace),
        ReferenceFile::MixtureWindows(windows) => check_windows(windows),
        ReferenceFile::HypercubeScores(scores) => {
            let summary =
                format!("{} runs; `magister check-hypercube` compares with them", scores.runs.len());
            (Verdict::NotCompared, summary, None)
        }
        ReferenceFile::OracleWindows(oracle) => match largest_window_difference(oracle) {
            Ok(difference) => check_oracle(oracle, difference),
            Err(error) => (Verdict::Error, format!("{error:#}"), None),
        },
        ReferenceFile::TestSets(tests) => {
            let tasks: usize = tests.sets.values().map(Vec::len).sum();
            let summary =
                format!("{} sets, {tasks} tasks; nothing to recompute in this release", tests.sets.len());
            (Verdict::NotCompared, summary, None)
        }
        ReferenceFile::WalkerTrajectory(trajectory) => {
            let figures = TrajectoryFigures::of(trajectory);
            let verdict = if figures.all_equal() { Verdict::Match } else { Verdict::Mismatch };
            (verdict, figures.summary(), Some(Figures::WalkerTrajectory(figures)))
        }
    };
    FileReport { file, kind: Some(reference.kind_name()), verdict, summary, figures }
}

fn check_trace(trace: &AlpTrace) -> (Verdict, String, Option<Figures>) {
    let episodes = trace.episodes.iter().map(|(task, return_, alp)| (task, *return_, *alp));
    let largest_difference = largest_alp_difference(episodes);
    let verdict = if largest_difference <= ALP_TOLERANCE { Verdict::Match } else { Verdict::Mismatch };
    let mut summary = format!(
        "{} episodes, {} dimensions; largest difference {largest_difference:.1e}, \
         accepted {ALP_TOLERANCE:.0e}",
        trace.episodes.len(),
        trace.dims
    );
    if let Some(episode) = first_difference(trace).filter(|_| verdict == Verdict::Mismatch) {
        summary.push_str(&format!("; first at episode {episode}, counted from 0"));
    }
    let figures = Figures::AlpTrace {
        dims: trace.dims,
        episodes: trace.episodes.len(),
        largest_difference,
        tolerance: ALP_TOLERANCE,
    };
    (verdict, summary, Some(figures))
}

fn check_oracle(oracle: &OracleWindows, difference: f64) -> (Verdict, String, Option<Figures>) {
    let verdict = if difference <= WINDOW_TOLERANCE { Verdict::Match } else { Verdict::Mismatch };
    let (returns, windows) = (oracle.returns.len(), oracle.windows.len());
    let summary = format!(
        "{windows} windows from {returns} returns; largest difference {difference:.1e}, accepted \
         {WINDOW_TOLERANCE:.0e}"
    );
    let figures = Figures::OracleWindows {
        returns,
        windows,
        largest_difference: difference,
        tolerance: WINDOW_TOLERANCE,
    };
    (verdict, summary, Some(figures))
}

/// Tells the Oracle every return and compares its window wherever the reference's is known.
fn largest_window_difference(oracle: &OracleWindows) -> anyhow::Result<f64> {
    let ends = || oracle.mins.iter().copied().zip(oracle.maxs.iter().copied());
    let dimensions = ends().enumerate();
    let dimensions =
        dimensions.map(|(axis, (low, high))| Dimension::continuous(format!("axis {axis}"), low, high));
    let space = Arc::new(TaskSpace::new(dimensions.collect())?);
    let steps = oracle.window_step.iter().zip(ends());
    let window_step = steps.map(|(step, (low, high))| step / (high - low)).collect();
    let teacher = TeacherParams::Oracle(OracleParams { window_step, ..OracleParams::default() });
    let settings = CurriculumSettings { space, teacher, seed: 0, return_range: None };
    let mut curriculum = Curriculum::new(settings)?;
    let mut largest = 0.0_f64;
    let mut windows = oracle.windows.iter().peekable();
    for (index, return_) in oracle.returns.iter().enumerate() {
        let task = curriculum.sample()?.task;
        curriculum.observe(&task, EpisodeResult::Completed(*return_), "")?;
        let Some((_, expected)) = windows.next_if(|(returns, _)| *returns == index as u64 + 1) else {
            continue;
        };
        let DistributionShape::Window { low, .. } = curriculum.distribution().shape else {
            anyhow::bail!("the Oracle has no window");
        };
        for ((share, (low, high)), expected) in low.iter().zip(ends()).zip(expected) {
            largest = largest.max((low + share * (high - low) - expected).abs());
        }
    }
    Ok(largest)
}

/// The first episode whose ALP is not the reference's.
fn first_difference(trace: &AlpTrace) -> Option<usize> {
    let mut computer = AlpComputer::new(trace.dims, None);
    trace.episodes.iter().enumerate().position(|(index, (task, return_, alp))| {
        (computer.observe(index as u64 + 1, task, *return_).alp - alp).abs() > ALP_TOLERANCE
    })
}

fn check_windows(windows: &ReferenceWindows) -> (Verdict, String, Option<Figures>) {
    let (own, linfa) = (compare_engine(Engine::Em, windows), compare_engine(Engine::Linfa, windows));
    let (verdict, finding) = match &own {
        Ok(comparison) => (
            if comparison.accepted() { Verdict::Match } else { Verdict::Mismatch },
            format!(
                "median deviations of AIC {:+.2}, of log-likelihood {:+.2}, accepted ±1",
                comparison.median_aic_deviations, comparison.median_log_likelihood_deviations
            ),
        ),
        Err(error @ ReferenceError::Fit { .. }) => (Verdict::Mismatch, chain(error)),
        Err(error) => return (Verdict::Error, chain(error), None),
    };
    let cases = windows.cases.iter().map(|case| {
        let likelihoods = Summary::of(&case.chosen_log_likelihood_per_sample_per_seed);
        let likelihoods = likelihoods.expect("a checked case has log-likelihoods");
        CaseFigures {
            episode: case.episode,
            best_aic: case.best_aic_mean,
            best_aic_standard_deviation: case.best_aic_std,
            log_likelihood: likelihoods.mean,
            log_likelihood_standard_deviation: likelihoods.standard_deviation,
        }
    });
    let figures = Figures::MixtureWindows {
        dims: windows.dims,
        seeds: SEEDS,
        cases: cases.collect(),
        engines: vec![EngineFigures::new("em", true, own), EngineFigures::new("linfa", false, linfa)],
    };
    let summary = format!("{} windows, {} dimensions; {finding}", windows.cases.len(), windows.dims);
    (verdict, summary, Some(figures))
}

fn compare_engine(engine: Engine, windows: &ReferenceWindows) -> Result<Comparison, ReferenceError> {
    let engine = engine.build().expect("this program is built with both engines");
    compare(engine.as_ref(), windows, SEEDS)
}

impl EngineFigures {
    fn new(engine: &'static str, decides: bool, result: Result<Comparison, ReferenceError>) -> Self {
        let accepted = result.as_ref().is_ok_and(Comparison::accepted);
        let result = match result {
            Err(error) => EngineResult::Failed { error: chain(&error) },
            Ok(comparison) => EngineResult::Compared {
                median_aic_deviations: comparison.median_aic_deviations,
                median_log_likelihood_deviations: comparison.median_log_likelihood_deviations,
                cases: comparison
                    .cases
                    .into_iter()
                    .map(|case| EngineCaseFigures {
                        best_aic: case.best_aic_mean,
                        aic_deviations: case.aic_deviations,
                        log_likelihood: case.log_likelihood_mean,
                        log_likelihood_deviations: case.log_likelihood_deviations,
                        chosen_components: case.chosen_components,
                        failed_candidates: case.failed_candidates,
                    })
                    .collect(),
            },
        };
        Self { engine, decides, accepted, result }
    }
}

/// An error with its causes, in one line.
fn chain(error: &ReferenceError) -> String {
    format!("{:#}", anyhow::Error::new(error.clone()))
}

fn print(report: &Report) -> anyhow::Result<()> {
    let trajectories = report.files.iter().filter_map(|file| match &file.figures {
        Some(Figures::WalkerTrajectory(figures)) => Some((file.file.as_str(), figures)),
        _ => None,
    });
    trajectory::print(trajectories)?;
    let mut table = Table::new(&[
        ("file", Align::Left),
        ("kind", Align::Left),
        ("verdict", Align::Left),
        ("found", Align::Left),
    ]);
    for file in &report.files {
        if let Some(Figures::MixtureWindows { cases, engines, .. }) = &file.figures {
            print_windows(&file.file, cases, engines)?;
        }
        table.row([
            file.file.clone(),
            file.kind.unwrap_or("unknown").to_owned(),
            file.verdict.name().to_owned(),
            file.summary.clone(),
        ]);
    }
    output::print(&table.to_string())
}

fn print_windows(file: &str, cases: &[CaseFigures], engines: &[EngineFigures]) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        ("episode", Align::Right),
        ("engine", Align::Left),
        ("best AIC", Align::Right),
        ("deviations", Align::Right),
        ("log-likelihood", Align::Right),
        ("deviations", Align::Right),
        ("failed fits", Align::Right),
    ]);
    for (index, case) in cases.iter().enumerate() {
        table.row([
            case.episode.to_string(),
            "scikit-learn".to_owned(),
            format!("{:.1}", case.best_aic),
            format!("sd {:.1}", case.best_aic_standard_deviation),
            format!("{:.3}", case.log_likelihood),
            format!("sd {:.3}", case.log_likelihood_standard_deviation),
            String::new(),
        ]);
        for engine in engines {
            if let EngineResult::Compared { cases, .. } = &engine.result {
                let case = &cases[index];
                table.row([
                    String::new(),
                    engine.engine.to_owned(),
                    format!("{:.1}", case.best_aic),
                    format!("{:+.2}", case.aic_deviations),
                    format!("{:.3}", case.log_likelihood),
                    format!("{:+.2}", case.log_likelihood_deviations),
                    case.failed_candidates.to_string(),
                ]);
            }
        }
    }
    let mut lines = vec![format!("{file}: means over {SEEDS} seeds"), table.to_string()];
    for engine in engines {
        let role = if engine.decides { "decides" } else { "for information" };
        lines.push(match &engine.result {
            EngineResult::Compared { median_aic_deviations, median_log_likelihood_deviations, .. } => {
                format!(
                    "  {} ({role}): median deviations of AIC {median_aic_deviations:+.2}, of log-likelihood \
                 {median_log_likelihood_deviations:+.2}: {}",
                    engine.engine,
                    if engine.accepted { "within ±1" } else { "NOT within ±1" },
                )
            }
            EngineResult::Failed { error } => format!("  {} ({role}): FAILED: {error}", engine.engine),
        });
    }
    output::print(&(lines.join("\n") + "\n"))
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "MISMATCH",
            Self::NotCompared => "not compared",
            Self::Error => "ERROR",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_verdict_counts() {
        let verdict = |verdicts: &[Verdict]| {
            let report = |&verdict| FileReport {
                file: String::new(),
                kind: None,
                verdict,
                summary: String::new(),
                figures: None,
            };
            overall(&verdicts.iter().map(report).collect::<Vec<_>>())
        };
        use Verdict::{Error, Match, Mismatch, NotCompared};
        for (verdicts, expected) in [
            (&[NotCompared][..], NotCompared),
            (&[NotCompared, Match], Match),
            (&[Match, Mismatch, NotCompared], Mismatch),
            (&[Mismatch, Error, Match], Error),
        ] {
            assert_eq!(verdict(verdicts), expected);
        }
    }
}
