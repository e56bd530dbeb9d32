//! The way in which the reference lays its parametric tracks: a start pad, then obstacles with gaps between them.
//!
//! Source: `_generate_terrain` of teachDeepRL's `bipedal_walker_continuous.py`. What follows from it and is kept:
//! the ground's line has its points where obstacles and gaps begin, so it runs under an obstacle in one piece and rises or
//! falls there, not in the gap; the start pad's end is a point twice, which makes an edge without length; the
//! track ends with the first obstacle or gap that begins before [`LENGTH_M`] and ends beyond it.
//!
//! One thing is not kept. The reference leaves out the point at which the last obstacle or gap ends, so with wide ones its
//! ground can stop before the finish, and a walker that falls there never lands. Here that point is added
//! where the ground would otherwise end before [`FINISH_X_M`](super::FINISH_X_M).

use super::{
    FINISH_X_M, Outline, START_HEIGHT_M, START_PAD_STEPS, TERRAIN_STEP_M, TERRAIN_STEPS, Track, TrackError,
    built, draws::Draws, params::Parameter,
};

/// Where the last obstacle or gap may begin, metres.
const LENGTH_M: f64 = TERRAIN_STEPS as f64 * TERRAIN_STEP_M;

/// The least distance between two obstacles, metres: the reference's.
const LEAST_SPACING_M: f64 = 0.01;

/// How the ground lies between obstacles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gaps {
    /// The length of a gap, metres.
    pub(super) obstacle_spacing: f64,
    /// How far the slope may change at a gap, thirtieths of a metre.
    pub(super) roughness: f64,
}

impl Gaps {
    /// The spacing that the reference takes where a task does not give it, metres.
    pub(super) const REFERENCE_SPACING_M: f64 = 8.0;

    pub(super) const OBSTACLE_SPACING: Parameter = Parameter::up_to(
        "obstacle_spacing",
        100.0,
        "length of the gaps between obstacles, metres; at least 0.01",
    );

    pub(super) const ROUGHNESS: Parameter = Parameter::up_to(
        "roughness",
        10.0,
        "how far the slope of the ground may change at a gap, thirtieths of a metre",
    )
    .or(0.0);
}

/// An obstacle, and how far it reaches.
pub(super) struct Obstacle {
    /// Its polygons, in the order of creation.
    pub(super) outlines: Vec<Outline>,
    /// Where it ends and the next gap begins, metres; to the right of its place.
    pub(super) end_x_m: f64,
}

/// Lays a track whose obstacles come from `obstacle`, which is given the place on the ground where one begins.
pub(super) fn laid(
    gaps: Gaps,
    draws: &mut Draws,
    mut obstacle: impl FnMut([f64; 2], &mut Draws) -> Obstacle,
) -> Result<Track, TrackError> {
    let spacing_m = gaps.obstacle_spacing.max(LEAST_SPACING_M);
    let mut outlines = Vec::new();
    let mut velocity = 0.0;
    let mut x = f64::from(START_PAD_STEPS) * TERRAIN_STEP_M;
    let mut y = START_HEIGHT_M;
    let mut ground = vec![[0.0, y], [x, y]];
    while x < LENGTH_M {
        ground.push([x, y]);
        let next = obstacle([x, y], draws);
        outlines.extend(next.outlines);
        x = next.end_x_m;
        if x < LENGTH_M {
            velocity = 0.8 * velocity + 0.01 * sign(START_HEIGHT_M - y);
            velocity += draws.uniform(-gaps.roughness, gaps.roughness) / 30.0;
            y += velocity;
            ground.push([x, y]);
            x += spacing_m;
        }
    }
    let reached = ground.last().map_or(0.0, |&[x, _]| f64::from(x as f32));
    if reached <= FINISH_X_M {
        ground.push([x, y]);
    }
    built(outlines, &ground)
}

/// -1, 0 or 1, where [`f64::signum`] has no 0.
pub(super) fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}
