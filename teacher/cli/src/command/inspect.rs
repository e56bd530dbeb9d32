//! `magister inspect`: what the teacher samples from, now or as it changes, in words, pictures and tables of data.

pub(crate) mod animate;
pub(crate) mod csv;
mod live;
pub(crate) mod plot;
mod screen;
mod table;

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
};

use anyhow::Context;
use magister_student::{Curriculum, CurriculumInfo, Distribution, Error, Fit};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Outcome,
    config::Config,
    failure::{Failure, Format},
    moment::ColourBy,
    output::{self, Reader},
    remote::{Remote, RemoteArguments},
};
use animate::Frames;
use csv::Existing;
use plot::{Drawn, PictureFile};
use table::describe;

/// Fits that are shown, the latest ones.
const LAST_FITS: u64 = 5;

/// Show what a curriculum's teacher samples from
///
/// With --json: {"curriculum", "distribution", "fits"}: as `curriculum show --json` prints it; "episodes",
/// "exploration_probability", "axes" and "shape" with "kind" and, for a mixture, "fit" and "components" ("weight", "odds",
/// "mean_alp", "mean", "standard_deviations" and "covariance" per axis), for regions "mutation_probability",
/// "mutation_deviations" and "regions" ("parent", "leaf", "mean_alp", "odds", "episodes", "low", "high" and "worst" per
/// axis), for a window "low" and "high"; the last fits. With --watch --json: one line
/// {"fit", "distribution"} for each fit that takes effect. With --plot, --animate or --csv and --json: {"curriculum": NAME,
/// "files": [PATH, ...]}.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The curriculum
    name: String,

    /// Go on until Ctrl-C: on a terminal a live view with keys; elsewhere it is shown anew at every fit, until nobody reads
    #[arg(long)]
    watch: bool,

    /// As of this fit instead of now
    #[arg(long, value_name = "NUMBER", conflicts_with = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    fit: Option<u64>,

    /// Draw the task distribution, as .svg or .png: episodes as points, the mixture's components as ellipses,
    /// regions and windows as boxes. With --fit:
    /// the episodes of its window
    #[arg(long, value_name = "FILE", conflicts_with = "watch", value_parser = PictureFile::parse)]
    plot: Option<PictureFile>,

    /// Draw how a mixture came along, one frame a fit, as .gif
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch", "fit"], value_parser = animate::read_path)]
    animate: Option<PathBuf>,

    /// Write every episode and every fit into this folder, as episodes.csv and fits.csv; of RIAC, the Oracle and CURROT the
    /// regions, the window or the particles as they are now, as boxes.csv
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["watch", "fit"])]
    csv: Option<PathBuf>,

    /// With --csv: replace files that are there
    #[arg(long, requires = "csv")]
    force: bool,

    /// What the colours of --plot and --animate say [default: alp where the teacher knows it, otherwise return]
    #[arg(long, value_enum, value_name = "MEASURE", alias = "color-by")]
    colour_by: Option<ColourBy>,

    /// Episodes that --plot shows, the latest ones
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    points: u32,

    /// Frames of --animate; where there are more fits, some are left out evenly
    #[arg(long, value_name = "NUMBER", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    frames: u32,

    /// Frames a second of --animate
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=50))]
    fps: u16,

    /// Width of a PNG or GIF [default: 2 pixels a unit of the SVG for a PNG, 1 for a GIF]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(100..=8_000))]
    width: Option<u32>,

    #[command(flatten)]
    pub(crate) remote: RemoteArguments,
}

const AFTER_HELP: &str = "\
What --csv writes:
  episodes.csv  an episode a row: number, task, its parameters under their names (an element of a vector as name[0]), state,
                return, alp, length, ended, success, student, worker, student_step, origin, exploration_reason, fit and
                component that it was drawn from, late, accept_time (UTC), message. A parameter with the name of one of
                these has task_ before it.
  fits.csv      a component a row: fit, due_episode, effect_episode, create_time, fit_seconds, exploration_probability,
                components, criterion, log_likelihood_per_episode, component, weight, odds, mean_alp, and mean_ and
                standard_deviation_ of each parameter (of the logarithm of a log-scaled one). A fit that failed has one
                row without a component. Of Covar-GMM mean_alp is a covariance of time and return.
  boxes.csv     a region or a particle a row, or the window as the only one: region (or particle), parent, leaf, episodes,
                mean_alp, odds, and low_ and high_ of each parameter.

  python    pandas.read_csv(\"data/episodes.csv\", parse_dates=[\"accept_time\"])
  duckdb    SELECT origin, avg(alp) FROM 'data/episodes.csv' GROUP BY origin";

/// What `--json` prints.
#[derive(Serialize)]
struct Inspection {
    curriculum: CurriculumInfo,
    distribution: Distribution,
    fits: Vec<Fit>,
}

/// Shows it once, or until it is told to stop.
pub(crate) fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, Failure> {
    let remote = arguments.remote.connect(&config.client)?;
    let curriculum = remote.client.curriculum(&arguments.name);
    if arguments.watch {
        let on_a_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let watched = if on_a_terminal && remote.format == Format::Text {
            remote.wait(live::watch(&curriculum))
        } else {
            remote.wait(watch(&remote, &curriculum))
        };
        return remote.finish(&arguments.name, watched);
    }
    if let Some(files) = remote.finish(&arguments.name, remote.wait(write_files(arguments, &curriculum)))? {
        match remote.format {
            Format::Json => {
                output::print_json(&serde_json::json!({ "curriculum": arguments.name, "files": files }))?;
            }
            Format::Text => {
                for file in files {
                    output::print(&format!("Wrote {}.", file.display()))?;
                }
            }
        }
        return Ok(Outcome::Passed);
    }
    let inspection = remote.run(&arguments.name, async {
        let distribution = match arguments.fit {
            None => curriculum.distribution().await?,
            Some(fit) => curriculum.distribution_of_fit(fit).await?,
        };
        inspect(&curriculum, distribution).await
    })?;
    match remote.format {
        Format::Json => output::print_json(&inspection)?,
        Format::Text => output::print(&describe(&inspection))?,
    }
    Ok(Outcome::Passed)
}

/// Writes what is wanted as files, if anything is, and gives their paths.
async fn write_files(
    arguments: &Arguments,
    curriculum: &Curriculum,
) -> Result<Option<Vec<PathBuf>>, Failure> {
    let mut files = Vec::new();
    if let Some(file) = &arguments.plot {
        let drawn = Drawn {
            fit: arguments.fit,
            points: arguments.points,
            colour_by: arguments.colour_by,
            width_px: arguments.width,
        };
        plot::write(curriculum, file, drawn).await?;
        files.push(file.path().to_owned());
    }
    if let Some(file) = &arguments.animate {
        let frames = Frames {
            most: arguments.frames as usize,
            per_second: arguments.fps,
            colour_by: arguments.colour_by,
            width_px: arguments.width,
        };
        animate::write(curriculum, file, frames).await?;
        files.push(file.clone());
    }
    if let Some(folder) = &arguments.csv {
        let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
        files.extend(csv::write(curriculum, folder, existing).await?);
    }
    Ok((!files.is_empty()).then_some(files))
}

async fn watch(remote: &Remote, curriculum: &Curriculum) -> Result<Outcome, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut watch = curriculum.watch();
    let reader_gone = output::reader_gone();
    tokio::pin!(reader_gone);
    loop {
        let change = tokio::select! {
            change = watch.next() => change?,
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            () = &mut reader_gone => break,
        };
        let text = match remote.format {
            Format::Json => serde_json::to_string(&change).context("cannot write the result as JSON")?,
            Format::Text => {
                let inspection = inspect(curriculum, change.distribution).await?;
                // An empty line parts it from the next one.
                format!("{}\n", describe(&inspection))
            }
        };
        if output::print_to_reader(&text)? == Reader::Gone {
            break;
        }
    }
    Ok(Outcome::Passed)
}

async fn inspect(curriculum: &Curriculum, distribution: Distribution) -> Result<Inspection, Error> {
    let info = curriculum.describe().await?;
    let mut pages = curriculum.fits_after(info.fits.saturating_sub(LAST_FITS));
    let mut fits = Vec::new();
    while let Some(page) = pages.next().await? {
        fits.extend(page);
    }
    Ok(Inspection { curriculum: info, distribution, fits })
}
