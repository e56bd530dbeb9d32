//! Tracks: what a walker walks on, as a value.
//!
//! A [`Track`] is a list of surfaces that never move, in the order in which the physics is to create them, with the
//! height at which the walker starts and the place at which it has arrived. It is made from the parameters of one of the
//! families and a seed ([`TrackParams`], [`Family`]), from a list of outlines ([`Track::new`]), or from a file
//! ([`Track::from_json`]). The order matters: the walker's lidar reports the first surface in the order of the physics'
//! tree, and the tree follows from the order of creation.
//!
//! A track knows nothing of walkers, motion or pictures. Coordinates are metres, x to the right, y upwards; they are kept as `f64`, as the reference computes them, and rounded to `f32` when a surface is built.
//!
//! Sources: the parametric tracks are those of Portelas, Colas, Hofmann, Oudeyer, "Teacher algorithms for curriculum learning
//! of Deep RL in continuously parameterized environments", CoRL 2019, and its code teachDeepRL; the others are
//! Gymnasium's BipedalWalker-v3. Neither's random numbers are repeated: the same parameters give tracks of the same
//! distribution, not the same tracks.
//!
//! ```
//! use magister_envs::track::{Family, Track, TrackParams};
//! use std::collections::BTreeMap;
//!
//! let task = BTreeMap::from([("stump_height".to_owned(), 1.2), ("obstacle_spacing".to_owned(), 3.0)]);
//! let track = TrackParams::from_task(Family::Stump, &task)?.build(7)?;
//! assert_eq!(Track::from_json(&track.to_json())?, track);
//! # Ok::<(), magister_envs::track::TrackError>(())
//! ```

mod course;
mod draws;
mod error;
mod file;
mod flat;
mod gymnasium;
mod hexagon;
mod params;
mod stump;
mod stump_sequence;

pub use error::{SurfaceError, TrackError};
pub use hexagon::HexagonTrack;
pub use params::{Absent, Family, Parameter, Spread, TrackParams};
pub use stump::StumpTrack;
pub use stump_sequence::StumpSequence;

/// A solid thing of a track: a piece of the physics' terrain.
pub use crate::physics::Piece as Surface;

use crate::physics::{Edge, MAX_VERTICES, Polygon, ShapeError, Terrain, Vec2};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// The reference's unit of length for terrain, metres: heights and widths of obstacles are multiples of it.
pub const TERRAIN_STEP_M: f64 = 14.0 / 30.0;

/// The height of the ground on which every made track starts, metres.
pub const START_HEIGHT_M: f64 = 400.0 / 30.0 / 4.0;

/// Where the walker's hull starts: in the middle of the start pad, metres.
pub const START_X_M: f64 = TERRAIN_STEP_M * START_PAD_STEPS as f64 / 2.0;

/// The hull's x beyond which the walker has arrived, metres.
pub const FINISH_X_M: f64 = (TERRAIN_STEPS - 10) as f64 * TERRAIN_STEP_M;

/// The most surfaces of a track.
pub const MAX_SURFACES: usize = 10_000;

/// The greatest magnitude of a coordinate, metres.
pub const MAX_COORDINATE_M: f64 = 10_000.0;

/// The coefficient of friction of every track.
const FRICTION: f32 = 2.5;

/// The reference's length of a track, terrain steps.
const TERRAIN_STEPS: u32 = 200;

/// How much of it is flat for the start, terrain steps.
const START_PAD_STEPS: u32 = 20;

/// What a surface is part of: for pictures and for people, without effect on the physics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Feature {
    /// The line that the walker follows.
    Ground,
    /// A stump.
    Stump,
    /// A hexagon.
    Hexagon,
    /// A stair.
    Stairs,
    /// The wall of a pit.
    Pit,
    /// An obstacle of which nothing else is known.
    Obstacle,
}

/// Which shape an outline makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlineKind {
    /// A line between two vertices, which may coincide.
    Edge,
    /// The convex hull of 3 to [`MAX_VERTICES`] vertices in any order.
    Polygon,
}

/// From what a surface is built: the plain form in which tracks are given and saved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outline {
    /// Edge or polygon.
    pub kind: OutlineKind,
    /// What it is part of.
    pub feature: Feature,
    /// Its vertices [x, y], metres.
    pub vertices: Vec<[f64; 2]>,
}

/// What a walker walks on: surfaces, a start and an end.
#[derive(Clone, Debug)]
pub struct Track {
    outlines: Vec<Outline>,
    surfaces: Arc<[Surface]>,
    start_height_m: f64,
    finish_x_m: f64,
    /// The surfaces as the physics needs them, once it has asked.
    terrain: OnceLock<Arc<Terrain>>,
}

impl PartialEq for Track {
    /// Whether both are made of the same outlines, start and end; everything else follows from these.
    fn eq(&self, other: &Self) -> bool {
        self.outlines == other.outlines
            && self.start_height_m == other.start_height_m
            && self.finish_x_m == other.finish_x_m
    }
}

impl Track {
    /// A track of these outlines, in the order in which the physics is to create them.
    ///
    /// `start_height_m` is the height of the ground under the start ([`START_X_M`]), from which the walker's first position
    /// follows; `finish_x_m` is the hull's x beyond which the episode is over.
    ///
    /// # Errors
    /// If there is no outline or more than [`MAX_SURFACES`], if a number is not finite or beyond [`MAX_COORDINATE_M`], or if
    /// an outline makes no shape; the message names it.
    pub fn new(outlines: Vec<Outline>, start_height_m: f64, finish_x_m: f64) -> Result<Self, TrackError> {
        check_range("start_height_m", start_height_m, -MAX_COORDINATE_M, MAX_COORDINATE_M)?;
        check_range("finish_x_m", finish_x_m, 0.0, MAX_COORDINATE_M)?;
        check_count(outlines.len())?;
        let surfaces = outlines
            .iter()
            .enumerate()
            .map(|(index, outline)| {
                Surface::of(outline).map_err(|reason| TrackError::Surface {
                    index,
                    feature: outline.feature,
                    reason,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { outlines, surfaces, start_height_m, finish_x_m, terrain: OnceLock::new() })
    }

    /// The surfaces, in the order in which the physics is to create them; at least one.
    pub fn surfaces(&self) -> &[Surface] {
        &self.surfaces
    }

    /// From what the surfaces are built, one for each.
    pub fn outlines(&self) -> &[Outline] {
        &self.outlines
    }

    /// The surfaces as the physics needs them: made when first asked for, and shared from then on.
    pub fn terrain(&self) -> &Arc<Terrain> {
        self.terrain.get_or_init(|| Arc::new(Terrain::new(Arc::clone(&self.surfaces), FRICTION)))
    }

    /// The height of the ground under the start, metres.
    pub fn start_height_m(&self) -> f64 {
        self.start_height_m
    }

    /// The hull's x beyond which the episode is over, metres.
    pub fn finish_x_m(&self) -> f64 {
        self.finish_x_m
    }
}

impl Surface {
    fn of(outline: &Outline) -> Result<Self, SurfaceError> {
        for &[x, y] in &outline.vertices {
            let inside = |value: f64| value.abs() <= MAX_COORDINATE_M;
            if !(inside(x) && inside(y)) {
                return Err(SurfaceError::Place { x, y, most: MAX_COORDINATE_M });
            }
        }
        let count = outline.vertices.len();
        if count > MAX_VERTICES {
            return Err(ShapeError::PointCount(count).into());
        }
        let mut vertices = [Vec2::ZERO; MAX_VERTICES];
        for (vertex, &[x, y]) in vertices.iter_mut().zip(&outline.vertices) {
            *vertex = Vec2::new(x as f32, y as f32);
        }
        match (outline.kind, &vertices[..count]) {
            (OutlineKind::Edge, &[from, to]) => Ok(Self::Edge(Edge::new(from, to)?)),
            (OutlineKind::Edge, _) => Err(SurfaceError::EdgeVertices(count)),
            (OutlineKind::Polygon, vertices) => Ok(Self::Polygon(Box::new(Polygon::hull_of(vertices)?))),
        }
    }
}

impl Outline {
    /// An edge of the ground.
    pub fn ground(from: [f64; 2], to: [f64; 2]) -> Self {
        Self { kind: OutlineKind::Edge, feature: Feature::Ground, vertices: vec![from, to] }
    }

    /// A convex polygon.
    pub fn polygon(feature: Feature, vertices: Vec<[f64; 2]>) -> Self {
        Self { kind: OutlineKind::Polygon, feature, vertices }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ground => "a piece of ground",
            Self::Stump => "a stump",
            Self::Hexagon => "a hexagon",
            Self::Stairs => "a stair",
            Self::Pit => "the wall of a pit",
            Self::Obstacle => "an obstacle",
        })
    }
}

/// The obstacles, then the line of the ground as edges: the reference's order of creation.
fn built(obstacles: Vec<Outline>, ground: &[[f64; 2]]) -> Result<Track, TrackError> {
    let mut outlines = obstacles;
    outlines.extend(ground.windows(2).map(|ends| Outline::ground(ends[0], ends[1])));
    Track::new(outlines, START_HEIGHT_M, FINISH_X_M)
}

fn check_range(name: &'static str, value: f64, least: f64, most: f64) -> Result<(), TrackError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(TrackError::OutOfRange { name, value, least, most })
    }
}

fn check_count(count: usize) -> Result<(), TrackError> {
    match count {
        0 => Err(TrackError::NoSurface),
        1..=MAX_SURFACES => Ok(()),
        _ => Err(TrackError::TooManySurfaces { count, most: MAX_SURFACES }),
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "tracks are compared bit for bit")]
mod tests;
