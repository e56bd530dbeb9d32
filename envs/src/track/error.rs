//! What is wrong with a track or with the parameters of one.

use super::Feature;
use crate::physics::ShapeError;

/// Why there is no track.
///
/// Whoever gave the parameters or the file must mend them; a retry with the same ones and the same seed never helps.
/// [`is_infeasible`](Self::is_infeasible) tells a task that cannot be built, which a teacher should learn, from a
/// mistake of the program that asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrackError {
    /// A number is NaN or outside of its limits.
    #[error("{name} is {value}: give a number from {least} to {most}")]
    OutOfRange {
        /// The parameter's name.
        name: &'static str,
        /// The number given.
        value: f64,
        /// The least that is allowed.
        least: f64,
        /// The most that is allowed.
        most: f64,
    },
    /// A surface cannot be built.
    #[error("surface {index}, {feature}, cannot be built: {reason}")]
    Surface {
        /// Its place in the order of creation, from 0.
        index: usize,
        /// What it is part of.
        feature: Feature,
        /// What is wrong with it.
        reason: SurfaceError,
    },
    /// Nothing to walk on.
    #[error("a track needs at least one surface")]
    NoSurface,
    /// More surfaces than a track may have.
    #[error(
        "a track has at most {most} surfaces, not {count}: join ground that is straight, or shorten the track"
    )]
    TooManySurfaces {
        /// How many were given.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// No family of tracks has this name.
    #[error("there is no family of tracks named `{name}`: the families are {}", .families.join(", "))]
    UnknownFamily {
        /// The name given.
        name: String,
        /// The names there are.
        families: Vec<&'static str>,
    },
    /// A task names a parameter that its family does not have.
    #[error("the family `{family}` has no parameter `{name}`: {}", listed(.valid))]
    UnknownParameter {
        /// The family's name.
        family: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        valid: Vec<&'static str>,
    },
    /// A task lacks a parameter that has no default.
    #[error("the family `{family}` needs `{name}`: {}", listed(.valid))]
    MissingParameter {
        /// The family's name.
        family: &'static str,
        /// The name that is missing.
        name: &'static str,
        /// The names there are.
        valid: Vec<&'static str>,
    },
    /// A task gives the deviation of something that it leaves out.
    #[error("`{name}` says how far `{needs}` varies: give that too, or leave this out")]
    DeviationAlone {
        /// The parameter given.
        name: &'static str,
        /// The one that is missing.
        needs: &'static str,
    },
    /// A text is not a saved track.
    #[error("this is not a track's JSON: {0}")]
    NotATrack(String),
    /// An entry in a saved list of surfaces is not an outline.
    #[error("entry {index} of the surfaces: {reason}")]
    Entry {
        /// Its place in the list, from 0.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A saved track is of another version of the format.
    #[error("the track is saved in version {found} of the format, and this release reads version {known}")]
    Version {
        /// The version in the file.
        found: u64,
        /// The version that can be read.
        known: u64,
    },
}

/// What is wrong with one surface.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurfaceError {
    /// An edge has two ends.
    #[error("an edge has 2 vertices, not {0}")]
    EdgeVertices(usize),
    /// A vertex is NaN, infinite or too far away.
    #[error("({x}, {y}) is not a point within {most} m of the origin")]
    Place {
        /// The vertex's first coordinate, metres.
        x: f64,
        /// Its second.
        y: f64,
        /// The most that a coordinate may be.
        most: f64,
    },
    /// The vertices do not make a convex polygon.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl TrackError {
    /// Whether the numbers ask for a track that cannot be built, so that the episode's outcome is *infeasible*.
    ///
    /// The others (an unknown name, a missing parameter, a broken file) would recur with every task: they are
    /// mistakes to be mended, not outcomes to report.
    pub fn is_infeasible(&self) -> bool {
        matches!(self, Self::OutOfRange { .. } | Self::Surface { .. } | Self::TooManySurfaces { .. })
    }
}

fn listed(valid: &[&str]) -> String {
    if valid.is_empty() {
        "it has none".to_owned()
    } else {
        format!("its parameters are {}", valid.join(", "))
    }
}
