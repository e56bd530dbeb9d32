//! `magister inspect`: what the teacher samples from, now or as it changes.

use std::io::{self, IsTerminal};

use anyhow::Context;
use magister_student::{AlpGmm, Criterion, Curriculum, CurriculumInfo, Distribution, Error, Fit, Teacher};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::curriculum::show::{count, describe_state};
use crate::{
    Outcome, components,
    config::Config,
    failure::{Failure, Format},
    output::{self, Reader},
    remote::{Remote, RemoteArguments},
    table::{Align, Table},
};

/// Fits that are shown, the latest ones.
const LAST_FITS: u64 = 5;
/// Clears a terminal and begins at its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Show what a curriculum's teacher samples from
///
/// With --json: {"curriculum", "distribution", "fits"}: as `curriculum show --json` prints it; "episodes",
/// "exploration_probability", "axes" and "shape" with "kind" and, for a mixture, "fit" and "components" ("weight", "odds",
/// "mean_alp", "mean", "standard_deviations" and "covariance" per axis); the last fits. With --watch --json: one line
/// {"fit", "distribution"} for each fit that takes effect.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The curriculum
    name: String,

    /// Go on, and show it anew at every fit, until Ctrl-C or until nobody reads
    #[arg(long)]
    watch: bool,

    /// As of this fit instead of now
    #[arg(long, value_name = "NUMBER", conflicts_with = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    fit: Option<u64>,

    #[command(flatten)]
    pub(crate) remote: RemoteArguments,
}

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
        let watched = remote.wait(watch(&remote, &curriculum));
        return remote.finish(&arguments.name, watched);
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

async fn watch(remote: &Remote, curriculum: &Curriculum) -> Result<Outcome, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let clear = if io::stdout().is_terminal() { CLEAR } else { "" };
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
                // An empty line parts it from the next one where nothing clears the screen.
                format!("{clear}{}\n", describe(&inspection))
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

fn describe(inspection: &Inspection) -> String {
    let Inspection { curriculum, distribution, fits } = inspection;
    let title = match curriculum.display_name.as_str() {
        "" => curriculum.id.clone(),
        display_name => format!("{}: {display_name}", curriculum.id),
    };
    let counts = format!(
        "{}, {}, {} handed out, {} of them open, {}",
        describe_state(curriculum),
        count(curriculum.episodes, "episode"),
        count(curriculum.tasks, "task"),
        curriculum.open_tasks,
        count(curriculum.fits, "fit"),
    );
    let then = if distribution.episodes == curriculum.episodes {
        String::new()
    } else {
        format!("As of episode {}:\n\n", distribution.episodes)
    };
    let components = components::describe(distribution, output::width());
    let fits = match fits.as_slice() {
        [] => describe_no_fits(curriculum),
        fits => format!("The last fits:\n\n{}", table_of_fits(curriculum, fits)),
    };
    format!("{title}\n{counts}\n\n{then}{components}\n\n{fits}")
}

fn describe_no_fits(curriculum: &CurriculumInfo) -> String {
    match &curriculum.teacher {
        Some(Teacher::AlpGmm(AlpGmm { bootstrap_episodes: Some(bootstrap), .. })) => {
            format!(
                "There is no fit yet: the first may fall due after {}.",
                count(u64::from(*bootstrap), "episode")
            )
        }
        Some(Teacher::Random) => "Random never fits.".to_owned(),
        _ => "There is no fit yet.".to_owned(),
    }
}

fn table_of_fits(curriculum: &CurriculumInfo, fits: &[Fit]) -> Table {
    let criterion = match &curriculum.teacher {
        Some(Teacher::AlpGmm(AlpGmm { criterion: Some(Criterion::Aic), .. })) => "AIC",
        Some(Teacher::AlpGmm(AlpGmm { criterion: Some(Criterion::Bic), .. })) => "BIC",
        Some(Teacher::AlpGmm(AlpGmm { criterion: Some(Criterion::Aicc), .. })) => "AICc",
        _ => "criterion",
    };
    let mut table = Table::new(&[
        ("fit", Align::Right),
        ("due at episode", Align::Right),
        ("in effect at", Align::Right),
        ("components", Align::Right),
        (criterion, Align::Right),
        ("log-likelihood", Align::Right),
        ("took", Align::Right),
    ]);
    for fit in fits {
        let chosen = fit.chosen();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        table.row([
            fit.number.to_string(),
            fit.due_episode.to_string(),
            fit.effect_episode.to_string(),
            or_none(chosen.map(|chosen| chosen.components.to_string())),
            or_none(chosen.and_then(|chosen| chosen.criterion).map(|criterion| format!("{criterion:.1}"))),
            or_none(
                chosen
                    .and_then(|chosen| chosen.log_likelihood_per_episode)
                    .map(|likelihood| format!("{likelihood:.3}")),
            ),
            format!("{:.1} ms", 1000.0 * fit.fit_seconds),
        ]);
    }
    table
}
