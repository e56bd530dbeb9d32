//! The scenery as lines and outlines to draw: the one place that knows how tracks store it.

use super::error::PictureError;
use crate::{
    physics::Vec2,
    track::{Surface, TERRAIN_STEP_M, Track},
};

/// Ends of edges that are nearer than this belong together, metres.
const SAME_PLACE_M: f32 = 1e-3;

/// Where a track's start flag stands, terrain steps: where the reference's stands, behind the walker.
const START_FLAG_STEPS: f64 = 3.0;

/// What a walker walks on, made ready to draw.
#[derive(Clone, Debug)]
pub struct Scenery {
    /// Lines of ground, each from the end of one edge to the start of the next.
    pub(crate) ground: Vec<Vec<Vec2>>,
    /// Outlines of the obstacles.
    pub(crate) obstacles: Vec<Vec<Vec2>>,
    pub(crate) start_m: Option<f32>,
    pub(crate) finish_m: Option<f32>,
    /// The least and the greatest x, metres.
    pub(crate) reach: (f32, f32),
}

impl Scenery {
    /// The scenery of a track, with a flag at its start and one at its finish.
    ///
    /// # Errors
    /// Never: a track has surfaces.
    pub fn of_track(track: &Track) -> Result<Self, PictureError> {
        let start_m = START_FLAG_STEPS * TERRAIN_STEP_M;
        let finish_m = track.finish_x_m();
        Ok(Self::of(track.surfaces())?.with_start(start_m as f32).with_finish(finish_m as f32))
    }

    /// The scenery of a track's surfaces, in the order of the track.
    ///
    /// # Errors
    /// If there is none.
    pub fn of(surfaces: &[Surface]) -> Result<Self, PictureError> {
        let mut ground: Vec<Vec<Vec2>> = Vec::new();
        let mut obstacles = Vec::new();
        for surface in surfaces {
            match surface {
                Surface::Edge(edge) => {
                    let &[from, to] = edge.ends();
                    match ground.last_mut() {
                        Some(line) if line.last().is_some_and(|&end| near(end, from)) => line.push(to),
                        _ => ground.push(vec![from, to]),
                    }
                }
                Surface::Polygon(polygon) => obstacles.push(polygon.vertices().to_vec()),
            }
        }
        let points = || ground.iter().chain(&obstacles).flatten();
        if points().next().is_none() {
            return Err(PictureError::EmptyTrack);
        }
        let reach = points().fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), point| {
            (least.min(point.x), most.max(point.x))
        });
        Ok(Self { ground, obstacles, start_m: None, finish_m: None, reach })
    }

    /// The same with a flag where the walker starts, metres.
    #[must_use]
    pub fn with_start(self, x_m: f32) -> Self {
        Self { start_m: Some(x_m), ..self }
    }

    /// The same with a flag where the episode is won, metres.
    #[must_use]
    pub fn with_finish(self, x_m: f32) -> Self {
        Self { finish_m: Some(x_m), ..self }
    }

    /// The height of the ground, metres, where there is ground.
    pub(crate) fn height(&self, x_m: f32) -> Option<f32> {
        let sections = self.ground.iter().flat_map(|line| line.windows(2));
        let heights = sections.filter_map(|section| {
            let (left, right) = ordered(section[0], section[1]);
            let inside = (left.x..=right.x).contains(&x_m) && left.x < right.x;
            inside.then(|| left.y + (right.y - left.y) * (x_m - left.x) / (right.x - left.x))
        });
        heights.reduce(f32::max)
    }

    /// The mean height of the ground between two places, metres, as far as there is ground.
    pub(crate) fn mean_height(&self, from_m: f32, to_m: f32) -> Option<f32> {
        let (mut area, mut length) = (0.0, 0.0);
        for section in self.ground.iter().flat_map(|line| line.windows(2)) {
            let (left, right) = ordered(section[0], section[1]);
            let (from, to) = (left.x.max(from_m), right.x.min(to_m));
            if from < to {
                let height = |x| left.y + (right.y - left.y) * (x - left.x) / (right.x - left.x);
                area += (to - from) * f32::midpoint(height(from), height(to));
                length += to - from;
            }
        }
        (length > 0.0).then(|| area / length)
    }

    /// The lowest and the highest point between two places, metres: ground and obstacles.
    pub(crate) fn heights(&self, from_m: f32, to_m: f32) -> (f32, f32) {
        let lines = self.ground.iter().chain(&self.obstacles);
        let points = lines.flatten().filter(|point| (from_m..=to_m).contains(&point.x)).map(|point| point.y);
        let ends = [from_m, to_m].into_iter().filter_map(|x_m| self.height(x_m));
        let (least, most) = points
            .chain(ends)
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), y| (least.min(y), most.max(y)));
        if least <= most { (least, most) } else { (0.0, 0.0) }
    }
}

fn near(one: Vec2, other: Vec2) -> bool {
    (one.x - other.x).abs() < SAME_PLACE_M && (one.y - other.y).abs() < SAME_PLACE_M
}

fn ordered(one: Vec2, other: Vec2) -> (Vec2, Vec2) {
    if one.x <= other.x { (one, other) } else { (other, one) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{Edge, Polygon};

    fn edge(from: (f32, f32), to: (f32, f32)) -> Surface {
        Surface::Edge(Edge::new(Vec2::new(from.0, from.1), Vec2::new(to.0, to.1)).unwrap())
    }

    fn step_and_pillar() -> Scenery {
        let pillar = [(2.0, 0.0), (2.5, 0.0), (2.5, 3.0), (2.0, 3.0)].map(|(x, y)| Vec2::new(x, y));
        Scenery::of(&[
            edge((0.0, 0.0), (4.0, 0.0)),
            edge((4.0, 0.0), (6.0, 2.0)),
            Surface::Polygon(Box::new(Polygon::hull_of(&pillar).unwrap())),
            edge((7.0, 2.0), (8.0, 2.0)),
        ])
        .unwrap()
    }

    #[test]
    fn edges_that_touch_are_one_line() {
        let scenery = step_and_pillar();
        assert_eq!(scenery.ground.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(scenery.obstacles.len(), 1);
        assert_eq!(scenery.reach, (0.0, 8.0));
    }

    #[test]
    fn heights_are_the_grounds() {
        let scenery = step_and_pillar();
        for (x_m, expected) in [
            (-0.1, None),
            (0.0, Some(0.0)),
            (2.2, Some(0.0)),
            (5.0, Some(1.0)),
            (6.5, None),
            (7.5, Some(2.0)),
        ] {
            assert_eq!(scenery.height(x_m), expected, "{x_m}");
        }
        assert_eq!(scenery.mean_height(3.0, 5.0), Some(0.25));
        assert_eq!(scenery.mean_height(6.2, 6.8), None);
        assert_eq!(scenery.heights(1.0, 3.0), (0.0, 3.0));
        assert_eq!(scenery.heights(3.0, 5.0), (0.0, 1.0));
    }

    #[test]
    fn a_track_without_surfaces_is_refused() {
        assert!(matches!(Scenery::of(&[]), Err(PictureError::EmptyTrack)));
    }
}
