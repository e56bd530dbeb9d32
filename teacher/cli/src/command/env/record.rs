//! `magister env record`: an episode as an animation.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use magister_envs::{
    physics::STEP,
    picture::{
        Animation, AnimationFormat, Caption, FrameRate, PictureError, Scene, Scenery, Size, View, frame,
    },
    walker::WalkerKind,
};
use serde::Serialize;

use super::{
    WalkerName,
    episode::{Ending, Episode, POLICY_HELP, Policy},
    picture_failure,
    track_flags::{ChosenTrack, TrackFlags},
};
use crate::{Outcome, failure::Failure, output};

/// Play an episode and make an animation of it
///
/// With --json it prints {"file", "frames", "width_px", "height_px", "walker", "policy", "seed", "task", "steps", "return",
/// "position_m", "ending"}; "task" holds all of the track's parameters by name, "ending" is one of "fell", "finished",
/// "left", "time_limit" and "recorded" (--steps ran out first).
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    track: TrackFlags,

    /// Who walks [default: the one that the policy was learned with, else default]
    #[arg(long, value_enum)]
    walker: Option<WalkerName>,

    #[arg(long, value_name = "POLICY", help = POLICY_HELP, value_parser = Policy::read, default_value = "heuristic")]
    policy: Policy,

    /// What is left to chance follows from it: track, first push, random torques
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Most steps to record, 50 a second; an episode has at most 2000
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=i64::from(Episode::MOST_STEPS)))]
    steps: u32,

    /// The animation: .gif, .png (animated) or .mp4, which needs ffmpeg
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Write only the picture after this many steps, as .png
    #[arg(long, value_name = "STEPS", conflicts_with = "steps")]
    frame: Option<u32>,

    /// Width and height of the picture, pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = read_size, default_value = "600x400")]
    size: Size,

    /// What a picture shows from left to right, metres
    #[arg(long, value_name = "METRES", default_value_t = 14.0)]
    view: f32,

    /// Frames a second: 50, 25, 10, 5, 2 or 1
    #[arg(long, value_name = "NUMBER", default_value_t = 25)]
    frame_rate: u32,

    /// Print the result as JSON, and errors too
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Recorded<'a> {
    file: &'a Path,
    frames: usize,
    width_px: u32,
    height_px: u32,
    walker: &'static str,
    policy: &'a str,
    seed: u64,
    task: &'a BTreeMap<String, f64>,
    steps: u32,
    #[serde(rename = "return")]
    return_: f64,
    position_m: f64,
    ending: Ending,
}

/// Plays, draws, says how it went.
pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let view = View::new(arguments.view).map_err(picture_failure)?;
    let rate = FrameRate::new(arguments.frame_rate).map_err(picture_failure)?;
    if arguments.frame.is_none() {
        AnimationFormat::of(&arguments.out).map_err(picture_failure)?;
    }
    let policy = &arguments.policy;
    let kind = arguments.walker.map(WalkerName::kind).or(policy.walker()).unwrap_or_default();
    let chosen = arguments.track.track(arguments.seed)?;
    let recording = Recording {
        chosen: &chosen,
        kind,
        policy,
        seed: arguments.seed,
        steps: arguments.steps,
        view,
        size: arguments.size,
        rate,
    };
    let (episode, frames) = match arguments.frame {
        Some(step) => (recording.picture(step, &arguments.out)?, 1),
        None => recording.animation(&arguments.out)?,
    };
    let recorded = Recorded {
        file: &arguments.out,
        frames,
        width_px: arguments.size.width_px(),
        height_px: arguments.size.height_px(),
        walker: kind.name(),
        policy: policy.name(),
        seed: arguments.seed,
        task: &chosen.task,
        steps: episode.steps(),
        return_: episode.return_(),
        position_m: episode.position_m(),
        ending: episode.ending(),
    };
    if arguments.json {
        output::print_json(&recorded)?;
    } else {
        output::print(&text(&recorded))?;
    }
    Ok(Outcome::Passed)
}

/// An episode to be played and drawn.
pub(crate) struct Recording<'a> {
    pub(crate) chosen: &'a ChosenTrack,
    pub(crate) kind: WalkerKind,
    pub(crate) policy: &'a Policy,
    pub(crate) seed: u64,
    /// Most steps.
    pub(crate) steps: u32,
    pub(crate) view: View,
    pub(crate) size: Size,
    pub(crate) rate: FrameRate,
}

impl Recording<'_> {
    /// Writes an animation of it, and gives the episode as it ended and the number of frames.
    pub(crate) fn animation(&self, out: &Path) -> Result<(Episode, usize), Failure> {
        let (mut episode, painter) = self.begin()?;
        let scenes = play(&mut episode, self.steps, self.rate, &painter);
        write(&scenes, self.view, self.size, self.rate, out).map_err(picture_failure)?;
        Ok((episode, scenes.len()))
    }

    /// Writes a picture of it after this many steps.
    fn picture(&self, step: u32, out: &Path) -> Result<Episode, Failure> {
        let (mut episode, painter) = self.begin()?;
        play_to(&mut episode, step)?;
        frame(&painter.scene(&episode), self.view, self.size).write(out).map_err(picture_failure)?;
        Ok(episode)
    }

    fn begin(&self) -> Result<(Episode, Painter<'_>), Failure> {
        let Self { chosen, kind, policy, seed, .. } = *self;
        let episode = Episode::new(&chosen.track, kind, policy, seed)?;
        let scenery = Arc::new(Scenery::of_track(&chosen.track).map_err(picture_failure)?);
        Ok((episode, Painter { scenery, chosen, kind, policy }))
    }
}

/// What does not change from scene to scene.
struct Painter<'a> {
    scenery: Arc<Scenery>,
    chosen: &'a ChosenTrack,
    kind: WalkerKind,
    policy: &'a Policy,
}

impl Painter<'_> {
    fn scene(&self, episode: &Episode) -> Scene {
        let mut rows = self.chosen.caption_rows();
        rows.extend(
            [
                ("policy", self.policy.caption().to_owned()),
                ("time", format!("{:.1} s", episode.seconds())),
                ("position", format!("{:.1} m", episode.position_m())),
                ("return", format!("{:.1}", episode.return_())),
            ]
            .map(|(name, value)| (name.to_owned(), value.replace('-', "−"))),
        );
        let title = format!("{}, {} walker", self.chosen.title, self.kind.name());
        Scene::of(episode.walker(), &self.scenery, Caption { title, rows })
    }
}

/// A scene every so many steps, from the start to the last step played.
fn play(episode: &mut Episode, most_steps: u32, rate: FrameRate, painter: &Painter<'_>) -> Vec<Scene> {
    let mut scenes = vec![painter.scene(episode)];
    while episode.goes_on() && episode.steps() < most_steps {
        episode.step();
        let is_last = !episode.goes_on() || episode.steps() == most_steps;
        if is_last || episode.steps().is_multiple_of(rate.steps_per_frame()) {
            scenes.push(painter.scene(episode));
        }
    }
    scenes
}

fn play_to(episode: &mut Episode, step: u32) -> Result<(), Failure> {
    while episode.steps() < step {
        if !episode.goes_on() {
            let steps = episode.steps();
            return Err(Failure::usage(format!(
                "the episode ends after {steps} steps: --frame takes 0 to {steps} here"
            )));
        }
        episode.step();
    }
    Ok(())
}

fn write(scenes: &[Scene], view: View, size: Size, rate: FrameRate, out: &Path) -> Result<(), PictureError> {
    let line = output::ProgressLine::new();
    line.show(&format!("drawing {} frames", scenes.len()));
    Animation::new(scenes, view, size, rate)?.write(out)
}

fn text(recorded: &Recorded<'_>) -> String {
    let Recorded { file, frames, width_px, height_px, steps, return_, position_m, .. } = recorded;
    let pictures = if *frames == 1 { "a picture" } else { &format!("{frames} frames") };
    let ending = match recorded.ending {
        Ending::Fell => "fell",
        Ending::Finished => "arrived at the finish",
        Ending::Left => "left the track at its start",
        Ending::TimeLimit => "ran out of time",
        Ending::Recorded => "was still going",
    };
    format!(
        "{}: {pictures} of {width_px} x {height_px} pixels.\nThe walker {ending} after {steps} steps ({:.1} s) at \
         {position_m:.1} m; return {return_:.2}.",
        file.display(),
        f64::from(*steps) * f64::from(STEP)
    )
}

/// Reads `600x400`.
fn read_size(text: &str) -> Result<Size, String> {
    let sides = text.split_once('x').and_then(|(width, height)| {
        let side = |text: &str| text.trim().parse::<u32>().ok();
        Some((side(width)?, side(height)?))
    });
    let (width_px, height_px) = sides.ok_or("write WIDTHxHEIGHT in pixels, such as 600x400")?;
    Size::new(width_px, height_px).map_err(|error| error.to_string())
}
