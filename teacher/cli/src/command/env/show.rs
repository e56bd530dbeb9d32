//! `magister env show`: a picture of a whole track.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use magister_envs::picture::{Caption, Scene, Scenery, track};
use serde::Serialize;

use super::{
    WalkerName,
    episode::{Episode, Policy},
    picture_failure,
    track_flags::TrackFlags,
};
use crate::{Outcome, failure::Failure, output};

/// Draw a track
///
/// With --json it prints {"file", "width_px", "height_px", "surfaces", "finish_x_m", "task"}; "task" holds all of the
/// track's parameters by name.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    track: TrackFlags,

    /// Who stands at the start, for scale
    #[arg(long, value_enum, default_value_t = WalkerName::Default)]
    walker: WalkerName,

    /// What is left to chance follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The picture, whose name ends in .png
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Its width, pixels; the height follows
    #[arg(long, value_name = "PIXELS", default_value_t = 1200)]
    width: u32,

    /// Also save the track as JSON, for --track-file
    #[arg(long, value_name = "FILE")]
    save_track: Option<PathBuf>,

    /// Print the result as JSON, and errors too
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    file: &'a Path,
    width_px: u32,
    height_px: u32,
    surfaces: usize,
    finish_x_m: f64,
    task: &'a BTreeMap<String, f64>,
}

/// Draws the track, saves it if asked to, and says what it is.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let chosen = arguments.track.track(arguments.seed)?;
    let scenery = Scenery::of_track(&chosen.track).map_err(picture_failure)?;
    let mut rows = chosen.caption_rows();
    rows.extend(chosen.seeded.then(|| ("seed".to_owned(), arguments.seed.to_string())));
    let caption = Caption { title: chosen.title.clone(), rows };
    let episode = Episode::new(&chosen.track, arguments.walker.kind(), &Policy::Still, arguments.seed)?;
    let scene = Scene { lidar: Vec::new(), ..Scene::of(episode.walker(), &Arc::new(scenery), caption) };
    let image = track(&scene, arguments.width).map_err(picture_failure)?;
    image.write(&arguments.out).map_err(picture_failure)?;
    if let Some(path) = &arguments.save_track {
        fs::write(path, chosen.track.to_json() + "\n")
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let (width_px, height_px) = (image.size().width_px(), image.size().height_px());
    let (surfaces, finish_x_m) = (chosen.track.surfaces().len(), chosen.track.finish_x_m());
    if arguments.json {
        let file = &arguments.out;
        output::print_json(&Shown { file, width_px, height_px, surfaces, finish_x_m, task: &chosen.task })?;
        return Ok(Outcome::Passed);
    }
    output::print(&format!(
        "{}: {surfaces} surfaces, finish at {finish_x_m:.2} m; {width_px} x {height_px} pixels.",
        arguments.out.display()
    ))?;
    if let Some(path) = &arguments.save_track {
        output::print(&format!("{}: the track, for --track-file.", path.display()))?;
    }
    Ok(Outcome::Passed)
}
