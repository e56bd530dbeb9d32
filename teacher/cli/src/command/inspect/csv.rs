//! `magister inspect --csv`: every episode, every fit, and the boxes that tasks are drawn from, as tables for other programs.
//!
//! They are written page by page, so that a curriculum of any length takes no more memory than a page, under another
//! name first, so that no half table is taken for a whole one.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
    time::SystemTime,
};

use magister_student::{
    Axis, Curriculum, Distribution, End, Episode, EpisodeFilter, ExplorationReason, Fit, Origin, Shape,
    TaskState,
};
use tempfile::NamedTempFile;

use crate::{failure::Failure, output::ProgressLine};

/// Most episodes in a page, by the contract.
const PAGE: u32 = 10_000;
const EPISODES: &str = "episodes.csv";
const FITS: &str = "fits.csv";
const BOXES: &str = "boxes.csv";

/// Columns of an episode, around its axes.
const BEFORE_AXES: [&str; 2] = ["number", "task"];
const AFTER_AXES: [&str; 16] = [
    "state",
    "return",
    "alp",
    "length",
    "ended",
    "success",
    "student",
    "worker",
    "student_step",
    "origin",
    "exploration_reason",
    "fit",
    "component",
    "late",
    "accept_time",
    "message",
];

/// Columns of a fit, before its axes.
const OF_FIT: [&str; 13] = [
    "fit",
    "due_episode",
    "effect_episode",
    "create_time",
    "fit_seconds",
    "exploration_probability",
    "components",
    "criterion",
    "log_likelihood_per_episode",
    "component",
    "weight",
    "odds",
    "mean_alp",
];

/// Columns of a box, before its axes.
const OF_BOX: [&str; 6] = ["region", "parent", "leaf", "episodes", "mean_alp", "odds"];

/// What happens to files that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// They stay, and nothing is written.
    Keep,
    /// They are replaced.
    Replace,
}

/// Writes the tables into a folder, which is made if it is not there, and gives their paths.
pub(crate) async fn write(
    curriculum: &Curriculum,
    folder: &Path,
    existing: Existing,
) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = [EPISODES, FITS, BOXES].map(|name| folder.join(name)).to_vec();
    if let (Existing::Keep, Some(there)) = (existing, paths.iter().find(|path| path.exists())) {
        return Err(Failure::usage(format!("{} is there already", there.display()))
            .hint("choose another folder, or add --force to replace the tables"));
    }
    // An unknown curriculum leaves no folder behind.
    let distribution = curriculum.distribution().await?;
    let axes = &distribution.axes;
    let total = curriculum.describe().await?.episodes;
    fs::create_dir_all(folder)
        .map_err(|error| Failure::usage(format!("cannot make {}: {error}", folder.display())))?;
    let line = ProgressLine::new();

    let mut episodes = Table::new(folder, &paths[0])?;
    episodes.row(&episode_columns(axes))?;
    let mut pages = curriculum.episodes(EpisodeFilter { page_size: PAGE, ..Default::default() });
    while let Some(page) = pages.next().await? {
        for episode in &page {
            episodes.row(&episode_row(episode, axes))?;
        }
        if let Some(number) = page.last().and_then(|episode| episode.number) {
            line.show(&format!("{number} of {total} episodes"));
        }
    }
    let mut fits = Table::new(folder, &paths[1])?;
    fits.row(&fit_columns(axes))?;
    let mut pages = curriculum.fits_after(0);
    while let Some(page) = pages.next().await? {
        for fit in &page {
            for row in fit_rows(fit, axes) {
                fits.row(&row)?;
            }
        }
    }
    episodes.finish(existing)?;
    fits.finish(existing)?;
    let rows = box_rows(&distribution);
    if rows.is_empty() {
        paths.pop();
        return Ok(paths);
    }
    let mut boxes = Table::new(folder, &paths[2])?;
    boxes.row(&box_columns(axes))?;
    for row in rows {
        boxes.row(&row)?;
    }
    boxes.finish(existing)?;
    Ok(paths)
}

/// A table while it is written.
struct Table {
    path: PathBuf,
    writer: csv::Writer<BufWriter<NamedTempFile>>,
}

impl Table {
    fn new(folder: &Path, path: &Path) -> Result<Self, Failure> {
        let file = tempfile::Builder::new()
            .prefix(".magister-")
            .permissions(permissions())
            .tempfile_in(folder)
            .map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), writer: csv::Writer::from_writer(BufWriter::new(file)) })
    }

    fn row(&mut self, cells: &[String]) -> Result<(), Failure> {
        self.writer.write_record(cells).map_err(|error| unwritable(&self.path, &error))
    }

    /// Gives the table its name.
    fn finish(self, existing: Existing) -> Result<(), Failure> {
        let path = self.path;
        let file = self.writer.into_inner().map_err(|error| unwritable(&path, &error.to_string()))?;
        let file = file.into_inner().map_err(|error| unwritable(&path, &error.to_string()))?;
        let named = match existing {
            Existing::Keep => file.persist_noclobber(&path),
            Existing::Replace => file.persist(&path),
        };
        named.map(|_: File| ()).map_err(|error| unwritable(&path, &error.error))
    }
}

/// As a file has that is simply created.
fn permissions() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o666)
}

fn unwritable(path: &Path, error: &impl std::fmt::Display) -> Failure {
    Failure::usage(format!("{} cannot be written: {error}", path.display()))
}

fn episode_columns(axes: &[Axis]) -> Vec<String> {
    let own = || BEFORE_AXES.iter().chain(&AFTER_AXES).map(|&name| name.to_owned());
    let mut taken: Vec<String> = own().collect();
    let named = axes.iter().map(|axis| {
        let mut name = axis.name();
        while taken.contains(&name) {
            name.insert_str(0, "task_");
        }
        taken.push(name.clone());
        name
    });
    let named: Vec<String> = named.collect();
    let mut columns: Vec<String> = own().take(BEFORE_AXES.len()).collect();
    columns.extend(named);
    columns.extend(own().skip(BEFORE_AXES.len()));
    columns
}

fn episode_row(episode: &Episode, axes: &[Axis]) -> Vec<String> {
    let (origin, reason, fit, component) = match episode.origin {
        Origin::Exploration { reason } => ("exploration", exploration(reason), None, None),
        Origin::Initial => ("initial", "", None, None),
        Origin::Component { fit, component } => ("component", "", Some(fit), Some(component)),
        Origin::Region { region } => ("region", "", None, Some(region)),
        Origin::Mutation { region } => ("mutation", "", None, Some(region)),
        Origin::Window => ("window", "", None, None),
        Origin::Particle { particle } => ("particle", "", None, Some(particle)),
        Origin::Unsolicited => ("unsolicited", "", None, None),
        _ => ("", "", None, None),
    };
    let task = episode.task.rsplit('/').next().unwrap_or_default().to_owned();
    let mut row = vec![text(episode.number), task];
    row.extend(axes.iter().map(|axis| {
        let value = axis.value_in(&episode.parameters);
        if axis.integer { text(value.map(|value| value as i64)) } else { number(value) }
    }));
    let state = match episode.state {
        TaskState::Completed => "completed",
        TaskState::Infeasible => "infeasible",
        TaskState::Abandoned => "abandoned",
        TaskState::Expired => "expired",
        _ => "",
    };
    let ended = match episode.end {
        Some(End::Terminated) => "terminated",
        Some(End::Truncated) => "truncated",
        None => "",
    };
    row.extend([
        state.to_owned(),
        number(episode.return_),
        number(episode.alp),
        text(episode.length),
        ended.to_owned(),
        text(episode.success),
        episode.student.clone(),
        episode.worker.clone(),
        text(episode.student_step),
        origin.to_owned(),
        reason.to_owned(),
        text(fit),
        text(component),
        episode.late.to_string(),
        time(episode.accept_time),
        episode.message.clone(),
    ]);
    row
}

fn fit_columns(axes: &[Axis]) -> Vec<String> {
    let mut columns: Vec<String> = OF_FIT.iter().map(|&name| name.to_owned()).collect();
    for prefix in ["mean", "standard_deviation"] {
        columns.extend(axes.iter().map(|axis| format!("{prefix}_{}", axis.name())));
    }
    columns
}

/// One for each component; one without a component where nothing could be fitted.
fn fit_rows(fit: &Fit, axes: &[Axis]) -> Vec<Vec<String>> {
    let chosen = fit.chosen();
    let common = [
        fit.number.to_string(),
        fit.due_episode.to_string(),
        fit.effect_episode.to_string(),
        time(fit.create_time),
        number(Some(fit.fit_seconds)),
        number(fit.distribution.as_ref().map(|distribution| distribution.exploration_probability)),
        text(chosen.map(|chosen| chosen.components)),
        number(chosen.and_then(|chosen| chosen.criterion)),
        number(chosen.and_then(|chosen| chosen.log_likelihood_per_episode)),
    ];
    let components = match fit.distribution.as_ref().map(|distribution| &distribution.shape) {
        Some(Shape::Mixture { components, .. }) => components.as_slice(),
        _ => &[],
    };
    if components.is_empty() {
        let mut row = common.to_vec();
        row.resize(OF_FIT.len() + 2 * axes.len(), String::new());
        return vec![row];
    }
    let rows = components.iter().enumerate().map(|(index, component)| {
        let mut row = common.to_vec();
        row.push(index.to_string());
        row.extend([component.weight, component.odds, component.mean_alp].map(|value| number(Some(value))));
        row.extend(axes.iter().map(|axis| number(component.mean_along(axis))));
        row.extend(component.standard_deviations.iter().map(|&deviation| number(Some(deviation))));
        row
    });
    rows.collect()
}

fn box_columns(axes: &[Axis]) -> Vec<String> {
    let mut columns: Vec<String> = OF_BOX.iter().map(|&name| name.to_owned()).collect();
    for prefix in ["low", "high"] {
        columns.extend(axes.iter().map(|axis| format!("{prefix}_{}", axis.name())));
    }
    columns
}

/// One for each region or particle, or for the window; none of other distributions.
fn box_rows(distribution: &Distribution) -> Vec<Vec<String>> {
    let row = |own: [String; OF_BOX.len()], low: &[f64], high: &[f64]| {
        own.into_iter().chain(low.iter().chain(high).map(|&value| number(Some(value)))).collect()
    };
    match &distribution.shape {
        Shape::Regions { regions, .. } => {
            let rows = regions.iter().enumerate().map(|(index, region)| {
                let own = [
                    index.to_string(),
                    text(region.parent),
                    region.leaf.to_string(),
                    region.episodes.to_string(),
                    number(Some(region.mean_alp)),
                    number(Some(region.odds)),
                ];
                row(own, &region.low, &region.high)
            });
            rows.collect()
        }
        Shape::Window { low, high } => vec![row(alone(None, 1.0), low, high)],
        Shape::Particles { points, reach } => {
            let odds = 1.0 / points.len() as f64;
            let rows = points.iter().enumerate().map(|(index, point)| {
                let [low, high] = particle_box(&distribution.axes, point, reach);
                row(alone(Some(index), odds), &low, &high)
            });
            rows.collect()
        }
        _ => Vec::new(),
    }
}

/// The columns of a box that is in no tree.
fn alone(index: Option<usize>, odds: f64) -> [String; OF_BOX.len()] {
    let nothing = String::new;
    [text(index), nothing(), "true".to_owned(), nothing(), nothing(), number(Some(odds))]
}

/// The box around a particle, clipped to the space: its lowest and highest values.
fn particle_box(axes: &[Axis], point: &[f64], reach: &[f64]) -> [Vec<f64>; 2] {
    [-1.0, 1.0].map(|side| {
        let values = axes.iter().zip(point).zip(reach).map(|((axis, &at), reach)| {
            let end = if axis.log_scaled { at * (side * reach).exp() } else { at + side * reach };
            // Each whole number has as much room as the others.
            let margin = if axis.integer { 0.5 } else { 0.0 };
            end.clamp(axis.low - margin, axis.high + margin)
        });
        values.collect()
    })
}

fn exploration(reason: ExplorationReason) -> &'static str {
    match reason {
        ExplorationReason::Bootstrap => "bootstrap",
        ExplorationReason::RandomTaskRatio => "random_task_ratio",
        ExplorationReason::NoProgress => "no_progress",
        ExplorationReason::RandomTeacher => "random_teacher",
        _ => "",
    }
}

/// With every digit, and such that it is read as a real number even where all are whole.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:?}"))
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn time(time: Option<SystemTime>) -> String {
    time.map_or_else(String::new, |time| humantime::format_rfc3339_micros(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_distinct_names() {
        let axis = |dimension: &str, element| Axis {
            dimension: dimension.to_owned(),
            element,
            low: 0.0,
            high: 1.0,
            log_scaled: false,
            integer: false,
        };
        let axes =
            [axis("height", None), axis("return", None), axis("task_return", None), axis("shape", Some(1))];
        let columns = episode_columns(&axes);
        assert_eq!(
            columns[..7],
            ["number", "task", "height", "task_return", "task_task_return", "shape[1]", "state"]
        );
        let mut distinct = columns.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), columns.len());
    }

    #[test]
    fn the_box_of_a_particle_is_clipped_to_the_space() {
        let axis = |low, high| Axis {
            dimension: "a".to_owned(),
            element: None,
            low,
            high,
            log_scaled: false,
            integer: false,
        };
        let logarithmic = Axis { log_scaled: true, ..axis(1e-5, 1e5) };
        let axes = [axis(0.0, 3.0), logarithmic, Axis { integer: true, ..axis(1.0, 5.0) }];
        let [low, high] = particle_box(&axes, &[2.9, 10.0, 1.0], &[0.25, 10f64.ln(), 0.75]);
        for (at, expected) in low.iter().zip([2.65, 1.0, 0.5]).chain(high.iter().zip([3.0, 100.0, 1.75])) {
            assert!((at - expected).abs() < 1e-9, "{at} is not {expected}");
        }
    }

    #[test]
    fn numbers_keep_every_digit() {
        for (value, expected) in [
            (Some(1.0), "1.0"),
            (Some(0.1 + 0.2), "0.30000000000000004"),
            (Some(1e-300), "1e-300"),
            (None, ""),
        ] {
            assert_eq!(number(value), expected);
        }
    }
}
