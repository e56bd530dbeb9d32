//! Why a picture could not be made.

use std::{io, path::PathBuf};

/// Why a picture could not be made or written. Nothing is left at the path if writing failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The file's name does not say what to write; the caller must choose another name.
    #[error("{} does not say which kind of picture to write: end the name in {known}", path.display())]
    UnknownExtension {
        /// The file as given.
        path: PathBuf,
        /// The endings that are known, as a phrase.
        known: &'static str,
    },
    /// A picture's side is too short to show anything, or longer than any screen or print needs.
    #[error("a picture of {width_px} x {height_px} pixels cannot be drawn: each side has {least} to {most}")]
    Size {
        /// The width asked for, pixels.
        width_px: u32,
        /// The height asked for, pixels.
        height_px: u32,
        /// The shortest side, pixels.
        least: u32,
        /// The longest side, pixels.
        most: u32,
    },
    /// A view shows too little or too much of the track.
    #[error("a view {width_m} m wide cannot be drawn: choose {least} to {most} m")]
    View {
        /// The width asked for, metres.
        width_m: f32,
        /// The narrowest view, metres.
        least: f32,
        /// The widest view, metres.
        most: f32,
    },
    /// The rate of frames cannot be kept exactly.
    #[error("{0} frames a second cannot be kept exactly at 50 steps a second: choose 50, 25, 10, 5, 2 or 1")]
    FrameRate(u32),
    /// There is nothing to show.
    #[error("an animation needs at least one scene")]
    NoScenes,
    /// The scenery has neither ground nor obstacles.
    #[error("the track has no surfaces: there is nothing to draw")]
    EmptyTrack,
    /// MP4 is written by ffmpeg, which is not there.
    #[error(
        "writing .mp4 needs the program ffmpeg, which is not in PATH: install it, or write a .gif or .png instead"
    )]
    NoFfmpeg,
    /// ffmpeg is there and could not do it.
    #[error("ffmpeg could not write {}: {message}", path.display())]
    Ffmpeg {
        /// The file that was to be written.
        path: PathBuf,
        /// What ffmpeg said last.
        message: String,
    },
    /// The file could not be written; a retry helps once the cause is mended.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
