//! `magister check-hypercube`: plays whole curricula on the publication's hypercube and tests whether the
//! teacher does as well as the reference's.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};
use magister_core::{
    curriculum::{Curriculum, CurriculumSettings},
    mixture::Engine,
    space::{Dimension, TaskSpace},
    teacher::{
        EpisodeResult, ReturnRange, TeacherParams, alp_gmm::AlpGmmParams, currot::CurrotParams,
        riac::RiacParams,
    },
};
use magister_envs::hypercube::{Hypercube, HypercubeParams};
use magister_student::{AlpGmm, CurriculumSpec, Currot, Riac, Teacher};
use serde::Serialize;

use crate::{
    Outcome,
    command::teacher_name::TeacherName,
    hypercube_scores::{Configuration, EPISODES_BETWEEN_SCORES, HypercubeRun, HypercubeScores},
    output,
    own_server::{OwnServer, scalars},
    reference_file::ReferenceFile,
    table::{Align, Table},
    welch::{Equivalence, Summary},
};

/// Compare a teacher with the reference's on the publication's toy environment
///
/// Plays one curriculum per seed and prints how many per cent of the cells the student has mastered at the
/// end. Where the reference was measured on the same hypercube, two one-sided Welch t-tests decide whether
/// the means are equivalent: within 3 points, at a significance level of 0.05.
///
/// Ends with exit code 1 if the means are not shown to be equivalent.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Dimensions that matter
    #[arg(long, default_value_t = 2)]
    dims: u32,

    /// Further dimensions, which change nothing
    #[arg(long, default_value_t = 0)]
    irrelevant: u32,

    /// Cells a side
    #[arg(long, default_value_t = 10)]
    cells: u32,

    /// Episodes of each curriculum
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    episodes: u64,

    /// Number of curricula
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,

    /// Seed of the first curriculum; the others follow one by one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=u64::MAX - 10_000))]
    first_seed: u64,

    /// The teacher
    #[arg(long, value_enum, default_value_t = TeacherName::AlpGmm)]
    teacher: TeacherName,

    /// Episodes from a fit's falling due to its effect; 0 is the publication, which waits for the fit
    /// [default: 25]
    #[arg(long, value_name = "EPISODES")]
    fit_lag: Option<u32>,

    /// What fits the mixtures [default: em]
    #[arg(long, value_enum)]
    engine: Option<EngineName>,

    /// Scores to compare with, instead of those that come with the program; the output of --json is such a
    /// file
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,

    /// Curricula played at the same time; changes no result [default: one per core]
    #[arg(long)]
    jobs: Option<NonZeroUsize>,

    /// Play through a server of its own over gRPC instead of in this process, and check that it hands out
    /// the same tasks to the last bit
    #[arg(long)]
    service: bool,

    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
}

/// Difference of the means, in points, that does not matter.
const MARGIN: f64 = 3.0;

/// Chance of a false "equivalent" that is accepted.
const SIGNIFICANCE_LEVEL: f64 = 0.05;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// Magister's own expectation-maximisation
    Em,
    /// linfa-clustering
    Linfa,
}

/// What is played with each seed.
#[derive(Debug)]
struct Experiment {
    name: TeacherName,
    hypercube: Hypercube,
    space: Arc<TaskSpace>,
    teacher: TeacherParams,
    return_range: ReturnRange,
    episodes: u64,
}

/// A curriculum played to its end.
#[derive(Debug)]
struct Played {
    run: HypercubeRun,
    mastered_percent: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    settings: Settings,
    magister: Summary,
    reference: Option<Summary>,
    equivalence: Option<Equivalence>,
    verdict: Verdict,
    mastered_percent_per_seed: Vec<f64>,
    runs: Vec<HypercubeRun>,
}

#[derive(Debug, Serialize)]
struct Settings {
    teacher: &'static str,
    dims: u32,
    irrelevant: u32,
    cells: u32,
    episodes: u64,
    first_seed: u64,
    seeds: u64,
    /// Of ALP-GMM and Covar-GMM alone, as is the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    fit_lag_episodes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<Engine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Equivalent,
    NotShownEquivalent,
    NoReference,
}

/// Plays, compares, prints.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let experiment = arguments.experiment()?;
    let settings = arguments.settings(&experiment)?;
    let scores = arguments.scores()?;
    let played = play_all(&experiment, arguments)?;
    let report = report(settings, &scores, played);
    if arguments.json {
        output::print_json(&report)?;
    } else {
        output::print(&text(&report))?;
    }
    Ok(match report.verdict {
        Verdict::Equivalent | Verdict::NoReference => Outcome::Passed,
        Verdict::NotShownEquivalent => Outcome::Failed,
    })
}

impl Arguments {
    fn experiment(&self) -> anyhow::Result<Experiment> {
        let Self { dims, cells, irrelevant, .. } = *self;
        let hypercube = Hypercube::new(HypercubeParams { dims, cells, irrelevant })?;
        // Names are made one by one: of too many dimensions the space only needs to see that they are too
        // many.
        let names = hypercube.dimension_names().take(magister_core::space::MAX_AXES + 1);
        let space = TaskSpace::new(names.map(|name| Dimension::continuous(name, 0.0, 1.0)).collect())?;
        let teacher = match self.teacher {
            TeacherName::AlpGmm => TeacherParams::AlpGmm(self.gmm()),
            TeacherName::CovarGmm => TeacherParams::CovarGmm(self.gmm()),
            name => {
                for (given, flag) in
                    [(self.fit_lag.is_some(), "--fit-lag"), (self.engine.is_some(), "--engine")]
                {
                    if given {
                        bail!(
                            "{flag} belongs to ALP-GMM and Covar-GMM: leave it out with --teacher {}",
                            name.name()
                        );
                    }
                }
                match name {
                    TeacherName::Riac => TeacherParams::Riac(RiacParams::default()),
                    TeacherName::Currot => TeacherParams::Currot(CurrotParams::default()),
                    TeacherName::Oracle => bail!("the Oracle has no way through the hypercube"),
                    _ => TeacherParams::Random,
                }
            }
        };
        let return_range = ReturnRange::new(0.0, 1.0)?;
        let (name, episodes) = (self.teacher, self.episodes);
        Ok(Experiment { name, hypercube, space: Arc::new(space), teacher, return_range, episodes })
    }

    /// The parameters of ALP-GMM or Covar-GMM.
    fn gmm(&self) -> AlpGmmParams {
        AlpGmmParams {
            fit_lag_episodes: self.fit_lag,
            engine: self.engine.map_or(Engine::Em, EngineName::engine),
            ..AlpGmmParams::default()
        }
    }

    fn settings(&self, experiment: &Experiment) -> anyhow::Result<Settings> {
        let gmm = match &experiment.teacher {
            TeacherParams::AlpGmm(params) | TeacherParams::CovarGmm(params) => {
                Some(params.check(&experiment.space)?)
            }
            TeacherParams::Random
            | TeacherParams::Riac(_)
            | TeacherParams::Oracle(_)
            | TeacherParams::Currot(_) => None,
        };
        Ok(Settings {
            teacher: self.teacher.title(),
            dims: self.dims,
            irrelevant: self.irrelevant,
            cells: self.cells,
            episodes: self.episodes,
            first_seed: self.first_seed,
            seeds: self.seeds,
            fit_lag_episodes: gmm
                .as_ref()
                .map(|params| u64::from(params.params().effective_fit_lag_episodes())),
            engine: gmm.map(|params| params.params().engine),
        })
    }

    fn scores(&self) -> anyhow::Result<HypercubeScores> {
        let Some(path) = &self.reference else { return HypercubeScores::embedded() };
        // No context: a colon would come between the file and what is wrong with it.
        read_scores(path).map_err(|error| anyhow!("{} {error:#}", path.display()))
    }
}

fn read_scores(path: &Path) -> anyhow::Result<HypercubeScores> {
    match ReferenceFile::read(path)? {
        ReferenceFile::HypercubeScores(scores) => Ok(scores),
        other => bail!("is of the kind {}, not hypercube scores", other.kind_name()),
    }
}

impl EngineName {
    fn engine(self) -> Engine {
        match self {
            Self::Em => Engine::Em,
            Self::Linfa => Engine::Linfa,
        }
    }
}

impl Experiment {
    /// The same curriculum for a service.
    fn spec(&self, seed: u64) -> CurriculumSpec {
        let gmm = |params: &AlpGmmParams| AlpGmm {
            fit_lag_episodes: params.fit_lag_episodes,
            engine: Some(match params.engine {
                Engine::Em => magister_student::Engine::Em,
                Engine::Linfa => magister_student::Engine::Linfa,
            }),
            ..AlpGmm::default()
        };
        let teacher = match &self.teacher {
            TeacherParams::AlpGmm(params) => Teacher::AlpGmm(gmm(params)),
            TeacherParams::CovarGmm(params) => Teacher::CovarGmm(gmm(params)),
            TeacherParams::Riac(_) => Teacher::Riac(Riac::default()),
            TeacherParams::Currot(_) => Teacher::Currot(Currot::default()),
            TeacherParams::Random | TeacherParams::Oracle(_) => Teacher::Random,
        };
        let (low, high) = self.return_range.bounds();
        let spec = CurriculumSpec::new(format!("seed-{seed}"), teacher).seed(seed).return_range(low, high);
        self.space.dimensions().iter().fold(spec, |spec, dimension| {
            spec.dimension(magister_student::Dimension::continuous(&dimension.name, 0.0, 1.0))
        })
    }

    fn curriculum(&self, seed: u64) -> anyhow::Result<Curriculum> {
        Ok(Curriculum::new(CurriculumSettings {
            space: Arc::clone(&self.space),
            teacher: self.teacher.clone(),
            seed,
            return_range: Some(self.return_range),
        })?)
    }

    /// Plays a curriculum in this process and, if there is a service, the same one there step by step.
    fn play(&self, seed: u64, service: Option<&OwnServer>) -> anyhow::Result<Played> {
        let mut curriculum = self.curriculum(seed)?;
        let served = service.map(|service| service.curriculum(self.spec(seed))).transpose()?;
        let mut hypercube = self.hypercube.clone();
        let mut scores = vec![hypercube.mastered_percent()];
        for episode in 1..=self.episodes {
            curriculum.run_fits();
            let task = curriculum.sample()?.task;
            let return_ = hypercube.play(task.values())?;
            curriculum.observe(&task, EpisodeResult::Completed(return_), "hypercube")?;
            if let Some(served) = &served {
                let names = self.space.dimensions().iter().map(|dimension| &dimension.name);
                let given = served.ask()?;
                let values = scalars(&given, names)?;
                served.tell(&given, return_)?;
                if values.iter().zip(task.values()).any(|(one, two)| one.to_bits() != two.to_bits()) {
                    let task = task.values();
                    bail!(
                        "seed {seed}: task {episode} is {values:?} from the service and {task:?} in this process"
                    );
                }
            }
            if episode.is_multiple_of(EPISODES_BETWEEN_SCORES) {
                scores.push(hypercube.mastered_percent());
            }
        }
        let HypercubeParams { dims, cells, irrelevant } = hypercube.params();
        let run = HypercubeRun {
            teacher: self.name.title().to_owned(),
            seed,
            dims,
            irrelevant,
            cubes: cells,
            episodes: self.episodes,
            mastered_percent_every_1000_episodes: scores,
        };
        Ok(Played { run, mastered_percent: hypercube.mastered_percent() })
    }
}

/// Plays every seed, several at the same time, and gives the results in the order of the seeds.
fn play_all(experiment: &Experiment, arguments: &Arguments) -> anyhow::Result<Vec<Played>> {
    let service = arguments.service.then(OwnServer::start).transpose()?;
    let seeds = arguments.seeds;
    let jobs = match arguments.jobs {
        Some(jobs) => jobs.get(),
        None => thread::available_parallelism().map_or(1, NonZeroUsize::get),
    };
    let (next, finished) = (AtomicU64::new(0), AtomicU64::new(0));
    let progress = output::ProgressLine::new();
    progress.show(&format!("0 of {seeds} seeds played"));
    let worker = || {
        let mut played = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= seeds {
                return played;
            }
            played.push((index, experiment.play(arguments.first_seed + index, service.as_ref())));
            let finished = finished.fetch_add(1, Ordering::Relaxed) + 1;
            progress.show(&format!("{finished} of {seeds} seeds played"));
        }
    };
    let mut played: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.min(seeds as usize)).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a curriculum on the hypercube never panics"))
            .collect()
    });
    played.sort_by_key(|(index, _)| *index);
    played.into_iter().map(|(_, played)| played).collect()
}

fn report(settings: Settings, scores: &HypercubeScores, played: Vec<Played>) -> Report {
    let configuration = Configuration {
        teacher: settings.teacher,
        dims: settings.dims,
        irrelevant: settings.irrelevant,
        cubes: settings.cells,
    };
    let mastered_percent_per_seed: Vec<f64> = played.iter().map(|played| played.mastered_percent).collect();
    let magister = Summary::of(&mastered_percent_per_seed).expect("at least one seed is played");
    let reference = Summary::of(&scores.after(settings.episodes, &configuration));
    let equivalence =
        reference.and_then(|reference| Equivalence::test(magister, reference, MARGIN, SIGNIFICANCE_LEVEL));
    let verdict = match (reference, equivalence) {
        (None, _) => Verdict::NoReference,
        (Some(_), Some(equivalence)) if equivalence.equivalent => Verdict::Equivalent,
        (Some(_), _) => Verdict::NotShownEquivalent,
    };
    let runs = played.into_iter().map(|played| played.run).collect();
    Report { settings, magister, reference, equivalence, verdict, mastered_percent_per_seed, runs }
}

fn text(report: &Report) -> String {
    let Settings { teacher, dims, irrelevant, cells, episodes, .. } = &report.settings;
    let mut title = format!(
        "{teacher} on the hypercube: dimensions {dims} relevant + {irrelevant} irrelevant, \
         {cells} cells a side, {episodes} episodes"
    );
    if let (Some(lag), Some(engine)) = (report.settings.fit_lag_episodes, report.settings.engine) {
        let engine = match engine {
            Engine::Em => "em",
            Engine::Linfa => "linfa",
        };
        title.push_str(&format!(", fit lag {lag}, engine {engine}"));
    }
    let mut samples = Table::new(&[
        ("", Align::Left),
        ("mastered %", Align::Right),
        ("sd", Align::Right),
        ("seeds", Align::Right),
    ]);
    for (name, summary) in [("magister", Some(report.magister)), ("reference", report.reference)] {
        if let Some(Summary { count, mean, standard_deviation }) = summary {
            samples.row([
                name.to_owned(),
                format!("{mean:.2}"),
                format!("{standard_deviation:.2}"),
                count.to_string(),
            ]);
        }
    }
    let mut sections = vec![title, samples.to_string()];
    if let Some(test) = &report.equivalence {
        let [low, high] = test.confidence_interval;
        let mut table = Table::new(&[("two one-sided Welch t-tests", Align::Left), ("", Align::Right)]);
        for (name, value) in [
            ("difference of the means".to_owned(), format!("{:+.2}", test.difference)),
            (
                format!("its {:.0}% confidence interval", 100.0 * test.confidence_level),
                format!("[{low:+.2}, {high:+.2}]"),
            ),
            (format!("p, not {} or more below", test.margin), format!("{:.2e}", test.p_lower)),
            (format!("p, not {} or more above", test.margin), format!("{:.2e}", test.p_higher)),
        ] {
            table.row([name, value]);
        }
        sections.push(table.to_string());
    }
    sections.push(match report.verdict {
        Verdict::NoReference => "verdict: no reference for this hypercube, teacher and length".to_owned(),
        Verdict::Equivalent => {
            format!("verdict: equivalent (within {MARGIN} points, α = {SIGNIFICANCE_LEVEL})")
        }
        Verdict::NotShownEquivalent if report.equivalence.is_none() => {
            "verdict: not shown equivalent (each side needs at least two seeds)".to_owned()
        }
        Verdict::NotShownEquivalent => {
            format!("verdict: not shown equivalent (within {MARGIN} points, α = {SIGNIFICANCE_LEVEL})")
        }
    });
    sections.join("\n\n")
}
