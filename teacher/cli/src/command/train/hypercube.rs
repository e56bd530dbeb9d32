//! The publication's toy environment, whose artificial student learns within seconds.
//!
//! It needs no checkpoint: begun again, the run makes the same calls, gets the recorded answers, and so goes the way that it went.

use std::time::{Duration, Instant};

use magister_envs::hypercube::{Hypercube, HypercubeParams};
use magister_student::{CurriculumInfo, CurriculumSpec, Dimension, Teacher};
use serde::{Deserialize, Serialize};

use super::{Arguments, Belonging, LEASE, Place, folder::Folder, open_curriculum};
use crate::{
    Outcome,
    components::{self, LearningProgress},
    config::Config,
    failure::{Failure, Format},
    output,
    own_server::scalars,
};

/// Characters for cells from untouched to mastered.
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
/// Competence above which a cell is mastered.
const MASTERED: u8 = 75;
/// Episodes that the publication plays, a fifth of them: enough to see the frontier move.
const DEFAULT_EPISODES: u64 = 20_000;

/// The environment's shape.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Hypercube")]
pub(super) struct HypercubeFlags {
    /// Dimensions of the grid [default: 2]
    #[arg(long, value_name = "NUMBER")]
    dims: Option<u32>,

    /// Further dimensions that change nothing [default: 0]
    #[arg(long, value_name = "NUMBER")]
    irrelevant: Option<u32>,

    /// Cells along each dimension [default: 10]
    #[arg(long, value_name = "NUMBER")]
    cells: Option<u32>,
}

/// What a run was begun with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RunFile {
    dims: u32,
    irrelevant: u32,
    cells: u32,
    episodes: u64,
    seed: u64,
    teacher: Teacher,
    curriculum: String,
    server: Option<String>,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Ended {
    curriculum: CurriculumInfo,
    mastered_percent: f64,
}

/// Plays the episodes, showing how the student gets on, and what the teacher has learned in the end.
pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let flags = &arguments.hypercube;
    let params = HypercubeParams {
        dims: flags.dims.unwrap_or(2),
        cells: flags.cells.unwrap_or(10),
        irrelevant: flags.irrelevant.unwrap_or(0),
    };
    let mut hypercube = Hypercube::new(params).map_err(|error| Failure::usage(error.to_string()))?;
    let run = RunFile {
        dims: params.dims,
        irrelevant: params.irrelevant,
        cells: params.cells,
        episodes: arguments.steps.unwrap_or(DEFAULT_EPISODES),
        seed: arguments.seed,
        teacher: arguments.teacher()?,
        curriculum: arguments.curriculum(),
        server: arguments.server(config),
    };
    let folder = Folder::open(&arguments.folder(), &run, None)?;
    let place = Place::open(&arguments.remote, config, &folder.server())?;
    let names: Vec<String> = hypercube.dimension_names().collect();
    let spec = names.iter().fold(
        CurriculumSpec::new(&run.curriculum, run.teacher.clone())
            .seed(run.seed)
            .return_range(0.0, 1.0)
            .lease_duration(LEASE),
        |spec, name| spec.dimension(Dimension::continuous(name, 0.0, 1.0)),
    );
    let runtime = place.runtime();
    let curriculum = runtime.block_on(open_curriculum(
        place.client(),
        spec,
        &run.curriculum,
        folder.is_new(),
        Belonging::Own,
    ))?;
    folder.begin(&run, None)?;

    let mut progress = Progress::new(run.episodes, place.quiet());
    for episode in 1..=run.episodes {
        let tasks = runtime.block_on(curriculum.ask_again(1, format!("train/{episode}")))?;
        let task = tasks.first().ok_or_else(|| Failure::failed(&anyhow::anyhow!("no task came")))?;
        let return_ =
            hypercube.play(&scalars(task, &names)?).map_err(|error| Failure::failed(&error.into()))?;
        runtime.block_on(curriculum.tell(task, magister_student::Outcome::completed(return_)))?;
        progress.show(episode, &hypercube)?;
    }
    let seconds = progress.finish();

    let info = runtime.block_on(curriculum.describe())?;
    if arguments.remote.format() == Format::Json {
        let mastered_percent = hypercube.mastered_percent();
        output::print_json(&Ended { curriculum: info, mastered_percent })?;
        return Ok(Outcome::Passed);
    }
    output::print(&format!(
        "{} episodes in {seconds:.1} s, {:.0} a second, each asked for and reported over gRPC and kept on disk \
         before the answer.\n",
        run.episodes,
        run.episodes as f64 / seconds
    ))?;
    output::print(&describe_cells(params, &hypercube))?;
    let distribution = runtime.block_on(curriculum.distribution())?;
    let progress = LearningProgress::of(Some(&run.teacher));
    output::print(&components::describe(&distribution, progress, output::width()))?;
    if run.server.is_none() {
        output::print(&format!(
            "\nLook at it with `magister serve --data {}`, and beside it `magister inspect {} --plot hypercube.svg`.",
            folder.server().display(),
            run.curriculum
        ))?;
    }
    Ok(Outcome::Passed)
}

fn describe_cells(params: HypercubeParams, hypercube: &Hypercube) -> String {
    let mut text = format!(
        "Mastered: {} of {} cells, {:.1} %.",
        hypercube.mastered_cells(),
        hypercube.competence().len(),
        hypercube.mastered_percent()
    );
    if params.dims == 2 && params.cells <= 60 {
        text.push_str(
            "\nEach cell from untouched · to mastered █, relevant_1 to the right, relevant_2 upwards:\n",
        );
        for row in (0..params.cells).rev() {
            text.push_str("\n  ");
            for column in 0..params.cells {
                let shade = shade(hypercube.competence()[(column * params.cells + row) as usize]);
                text.extend([shade, shade]);
            }
        }
        text.push('\n');
    }
    text
}

fn shade(competence: u8) -> char {
    match competence {
        0 => SHADES[0],
        competence if competence > MASTERED => SHADES[4],
        competence => SHADES[1 + usize::from(competence - 1) * 3 / usize::from(MASTERED)],
    }
}

/// A progress line on a terminal; elsewhere a line of text now and then.
#[derive(Debug)]
struct Progress {
    line: output::ProgressLine,
    started: Instant,
    shown: Instant,
    episodes: u64,
    quiet: bool,
}

impl Progress {
    const EVERY: Duration = Duration::from_millis(100);

    fn new(episodes: u64, quiet: bool) -> Self {
        let now = Instant::now();
        Self { line: output::ProgressLine::new(), started: now, shown: now, episodes, quiet }
    }

    fn show(&mut self, episode: u64, hypercube: &Hypercube) -> anyhow::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let text = || {
            let rate = episode as f64 / self.started.elapsed().as_secs_f64();
            let mastered = hypercube.mastered_percent();
            format!(
                "{episode:>8} of {} episodes, {rate:>6.0} a second, {mastered:>5.1} % mastered",
                self.episodes
            )
        };
        if self.line.is_shown() {
            if self.shown.elapsed() >= Self::EVERY || episode == self.episodes {
                self.line.show(&text());
                self.shown = Instant::now();
            }
        } else if episode.is_multiple_of((self.episodes / 10).max(1)) {
            output::print(&text())?;
        }
        Ok(())
    }

    /// Clears the line and gives the seconds since the start.
    fn finish(self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}
