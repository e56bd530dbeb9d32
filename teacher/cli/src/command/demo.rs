//! `magister demo`: a whole curriculum on the hypercube, over a real server, within seconds.
//!
//! The server is this process's own, on a free loopback port and a folder that goes afterwards unless it is to stay; the student
//! speaks to it through the Rust SDK like any other.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use magister_envs::hypercube::{Hypercube, HypercubeParams};
use magister_student::{CurriculumSpec, Dimension, Teacher};

use crate::{
    Outcome, components, output,
    own_server::{OwnServer, scalars},
};

/// Characters for cells from untouched to mastered.
const SHADES: [char; 5] = ['·', '░', '▒', '▓', '█'];
/// Competence above which a cell is mastered.
const MASTERED: u8 = 75;

/// Train a student on the publication's toy environment, through a server of its own
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Dimensions of the grid
    #[arg(long, default_value_t = 2)]
    dims: u32,

    /// Further dimensions that change nothing
    #[arg(long, default_value_t = 0)]
    irrelevant: u32,

    /// Cells along each dimension
    #[arg(long, default_value_t = 10)]
    cells: u32,

    /// Episodes to play
    #[arg(long, default_value_t = 20_000)]
    episodes: u64,

    /// Seed of the curriculum
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Who teaches
    #[arg(long, value_enum, default_value_t = Algorithm::AlpGmm)]
    teacher: Algorithm,

    /// Keep what the server knows in this folder, for `magister serve --data FOLDER` and every other command afterwards
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// Who teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Algorithm {
    AlpGmm,
    Random,
}

/// Plays the episodes, showing how the student gets on, and what the teacher has learned in the end.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let params =
        HypercubeParams { dims: arguments.dims, cells: arguments.cells, irrelevant: arguments.irrelevant };
    let mut hypercube = Hypercube::new(params)?;
    let server = match &arguments.data {
        None => OwnServer::start()?,
        Some(folder) => OwnServer::start_in(folder)?,
    };
    output::print(&format!("A server of its own listens at http://{}.", server.address()))?;
    let teacher = match arguments.teacher {
        Algorithm::AlpGmm => Teacher::AlpGmm(Default::default()),
        Algorithm::Random => Teacher::Random,
    };
    let names: Vec<String> = hypercube.dimension_names().collect();
    let spec = names.iter().fold(
        CurriculumSpec::new("hypercube", teacher).seed(arguments.seed).return_range(0.0, 1.0),
        |spec, name| spec.dimension(Dimension::continuous(name, 0.0, 1.0)),
    );
    let curriculum = server.curriculum(spec)?;

    let mut progress = Progress::new(arguments.episodes);
    for episode in 1..=arguments.episodes {
        let task = curriculum.ask()?;
        let return_ = hypercube.play(&scalars(&task, &names)?)?;
        curriculum.tell(&task, return_)?;
        progress.show(episode, &hypercube)?;
    }
    let seconds = progress.finish();

    output::print(&format!(
        "{} episodes in {seconds:.1} s, {:.0} a second, each asked for and reported over gRPC and kept on disk \
         before the answer.\n",
        arguments.episodes,
        arguments.episodes as f64 / seconds
    ))?;
    output::print(&describe_cells(arguments, &hypercube))?;
    output::print(&components::describe(&curriculum.distribution()?, output::width()))?;
    if let Some(folder) = &arguments.data {
        let folder = folder.display();
        output::print(&format!(
            "\nLook at it with `magister serve --data {folder}`, and beside it `magister inspect hypercube --plot \
             hypercube.svg`."
        ))?;
    }
    Ok(Outcome::Passed)
}

fn describe_cells(arguments: &Arguments, hypercube: &Hypercube) -> String {
    let mut text = format!(
        "Mastered: {} of {} cells, {:.1} %.",
        hypercube.mastered_cells(),
        hypercube.competence().len(),
        hypercube.mastered_percent()
    );
    if arguments.dims == 2 && arguments.cells <= 60 {
        text.push_str(
            "\nEach cell from untouched · to mastered █, relevant_1 to the right, relevant_2 upwards:\n",
        );
        for row in (0..arguments.cells).rev() {
            text.push_str("\n  ");
            for column in 0..arguments.cells {
                let shade = shade(hypercube.competence()[(column * arguments.cells + row) as usize]);
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
}

impl Progress {
    const EVERY: Duration = Duration::from_millis(100);

    fn new(episodes: u64) -> Self {
        let now = Instant::now();
        Self { line: output::ProgressLine::new(), started: now, shown: now, episodes }
    }

    fn show(&mut self, episode: u64, hypercube: &Hypercube) -> anyhow::Result<()> {
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
