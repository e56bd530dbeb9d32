//! The terrains of Gymnasium: BipedalWalker-v3 (grass) and BipedalWalkerHardcore-v3 (stumps, stairs and pits in it).
//!
//! Source: `_generate_terrain` of Gymnasium 1.4's `bipedal_walker.py`. The ground has a point at every terrain step. Grass
//! rises and falls by a slope that changes at random and leans back to the start's height; the hardcore terrain has a
//! stretch of 5 to 9 steps of it between two obstacles, each of which is
//!
//! - a stump as wide as high, of one or two steps,
//! - three or four stairs of four steps' width, each one step up or each one step down, or
//! - a pit of three or four steps' width and four steps' depth between two walls.

use super::{
    Feature, Outline, START_HEIGHT_M, START_PAD_STEPS, TERRAIN_STEP_M, TERRAIN_STEPS, Track, TrackError,
    built, course::sign, draws::Draws, stump::rectangle,
};

/// The length of the shortest stretch of grass, terrain steps; the longest is one short of twice that.
const LEAST_GRASS_STEPS: u32 = 5;

/// The depth of a pit, terrain steps.
const PIT_DEPTH: f64 = 4.0;

/// The width of a stair, terrain steps.
const STAIR_STEPS: u32 = 4;

/// The ground of BipedalWalker-v3.
pub(super) fn grass(draws: &mut Draws) -> Result<Track, TrackError> {
    let mut terrain = Terrain::new();
    while terrain.goes_on() {
        terrain.grass(draws);
    }
    built(terrain.obstacles, &terrain.ground)
}

/// The ground and obstacles of BipedalWalkerHardcore-v3.
pub(super) fn hardcore(draws: &mut Draws) -> Result<Track, TrackError> {
    let mut terrain = Terrain::new();
    while terrain.goes_on() {
        match draws.whole(0, 3) {
            0 => terrain.stump(draws),
            1 => terrain.stairs(draws),
            _ => terrain.pit(draws),
        }
        terrain.grass(draws);
    }
    built(terrain.obstacles, &terrain.ground)
}

/// A terrain as far as it has been laid, a ground point a step.
struct Terrain {
    ground: Vec<[f64; 2]>,
    obstacles: Vec<Outline>,
    y: f64,
    slope: f64,
}

impl Terrain {
    /// The start pad, up to the point before its end.
    fn new() -> Self {
        let ground =
            (0..START_PAD_STEPS).map(|step| [f64::from(step) * TERRAIN_STEP_M, START_HEIGHT_M]).collect();
        Self { ground, obstacles: Vec::new(), y: START_HEIGHT_M, slope: 0.0 }
    }

    fn goes_on(&self) -> bool {
        self.ground.len() < TERRAIN_STEPS as usize
    }

    /// Where the next point will be.
    fn x(&self) -> f64 {
        self.ground.len() as f64 * TERRAIN_STEP_M
    }

    /// A point of the ground, unless the terrain is as long as it may be.
    fn point(&mut self) {
        if self.goes_on() {
            self.ground.push([self.x(), self.y]);
        }
    }

    /// A stretch whose first point is level with the one before.
    fn grass(&mut self, draws: &mut Draws) {
        let steps = draws.whole(LEAST_GRASS_STEPS, 2 * LEAST_GRASS_STEPS);
        self.point();
        for _ in 1..steps {
            if !self.goes_on() {
                return;
            }
            self.slope = 0.8 * self.slope + 0.01 * sign(START_HEIGHT_M - self.y);
            self.slope += draws.uniform(-1.0, 1.0) / 30.0;
            self.y += self.slope;
            self.point();
        }
    }

    fn stump(&mut self, draws: &mut Draws) {
        let steps = draws.whole(1, 3);
        let side_m = f64::from(steps) * TERRAIN_STEP_M;
        let corners = rectangle([self.x(), self.y], side_m, side_m);
        self.obstacles.push(Outline::polygon(Feature::Stump, corners.to_vec()));
        for _ in 0..steps {
            self.point();
        }
    }

    fn stairs(&mut self, draws: &mut Draws) {
        let rise = if draws.uniform(0.0, 1.0) > 0.5 { 1.0 } else { -1.0 };
        let count = draws.whole(3, 5);
        let (x, foot) = (self.x(), self.y);
        let width_m = f64::from(STAIR_STEPS) * TERRAIN_STEP_M;
        for stair in 0..count {
            let top = foot + f64::from(stair) * rise * TERRAIN_STEP_M;
            let left = x + f64::from(stair) * width_m;
            let corners = rectangle([left, top], width_m, -TERRAIN_STEP_M).to_vec();
            self.obstacles.push(Outline::polygon(Feature::Stairs, corners));
        }
        self.point();
        for step in 1..count * STAIR_STEPS {
            let climbed = (f64::from(step) - rise) / f64::from(STAIR_STEPS);
            self.y = foot + climbed * rise * TERRAIN_STEP_M;
            self.point();
        }
    }

    fn pit(&mut self, draws: &mut Draws) {
        let width = draws.whole(3, 5);
        let (x, edge) = (self.x(), self.y);
        for left in [x, x + f64::from(width) * TERRAIN_STEP_M] {
            let corners = rectangle([left, edge], TERRAIN_STEP_M, -PIT_DEPTH * TERRAIN_STEP_M);
            self.obstacles.push(Outline::polygon(Feature::Pit, corners.to_vec()));
        }
        self.point();
        self.y = edge - PIT_DEPTH * TERRAIN_STEP_M;
        for _ in 0..width {
            self.point();
        }
        self.y = edge;
        self.point();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ground, obstacles};
    use super::*;

    const TOLERANCE_M: f64 = 1e-4;

    /// The heights of the ground's points in terrain steps above the start.
    fn heights(track: &Track) -> Vec<f64> {
        ground(track).iter().map(|point| (f64::from(point.y) - START_HEIGHT_M) / TERRAIN_STEP_M).collect()
    }

    #[test]
    fn grass_has_a_point_at_every_step_and_level_stretches_ends() {
        let track = grass(&mut Draws::new(1)).unwrap();
        assert!(obstacles(&track).is_empty());
        let points = ground(&track);
        assert_eq!(points.len(), 200);
        for (index, point) in points.iter().enumerate() {
            assert!((f64::from(point.x) - index as f64 * TERRAIN_STEP_M).abs() < TOLERANCE_M);
        }
        let rises: Vec<f64> = heights(&track).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(rises[..20].iter().all(|rise| rise.abs() < TOLERANCE_M), "the pad and the first point");
        // A stretch of 5 to 9 points begins with a level one.
        let level: Vec<usize> =
            (0..rises.len()).filter(|&index| index >= 19 && rises[index].abs() < 1e-9).collect();
        assert_eq!(level[0], 19);
        assert!(level.windows(2).all(|pair| (5..=9).contains(&(pair[1] - pair[0]))), "{level:?}");
        // Slopes stay within what the change of 1/30 m and the pull of 0.01 m a step allow.
        let most = (1.0 / 30.0 + 0.01) / 0.2 / TERRAIN_STEP_M;
        assert!(rises.iter().all(|rise| rise.abs() <= most));
        assert!(rises.iter().any(|rise| rise.abs() > 0.01));
    }

    #[test]
    fn hardcore_lays_all_obstacles_as_gymnasium_does() {
        let (mut stumps, mut stairs, mut pits) = (0, 0, 0);
        for seed in 0..20 {
            let track = hardcore(&mut Draws::new(seed)).unwrap();
            let heights = heights(&track);
            assert_eq!(heights.len(), 200);
            let polygons = obstacles(&track);
            let mut rest = &polygons[..];
            while let Some(first) = rest.first() {
                let [[left, foot], [right, _], [_, top], _] = first.vertices[..] else { unreachable!() };
                let steps = |length: f64| length / TERRAIN_STEP_M;
                let begin = steps(left).round() as usize;
                assert!(begin >= 20 && (steps(left) - begin as f64).abs() < TOLERANCE_M);
                let level = steps(foot - START_HEIGHT_M);
                let ground = |step: usize| heights.get(begin + step).map(|height| height - level);
                let near = |height: Option<f64>, expected: f64| {
                    height.is_none_or(|height| (height - expected).abs() < TOLERANCE_M)
                };
                match first.feature {
                    Feature::Stump => {
                        stumps += 1;
                        let side = steps(right - left).round();
                        assert!([1, 2].contains(&(side as i32)));
                        assert!((steps(top - foot) - side).abs() < TOLERANCE_M);
                        assert!((0..=side as usize).all(|step| near(ground(step), 0.0)));
                        rest = &rest[1..];
                    }
                    Feature::Pit => {
                        pits += 1;
                        let width = steps(rest[1].vertices[0][0] - left).round() as usize;
                        assert!(width == 3 || width == 4);
                        assert!((steps(top - foot) + 4.0).abs() < TOLERANCE_M);
                        assert!(near(ground(0), 0.0) && near(ground(width + 1), 0.0));
                        assert!((1..=width).all(|step| near(ground(step), -4.0)));
                        rest = &rest[2..];
                    }
                    Feature::Stairs => {
                        stairs += 1;
                        let next = steps(rest[1].vertices[0][1] - foot).round();
                        assert!([1, -1].contains(&(next as i32)));
                        let group = |polygon: &&Outline| polygon.feature == Feature::Stairs;
                        let mut count = rest.iter().take_while(group).count().min(4);
                        // Two flights are apart by grass: a flight ends where the next stair doesn't touch.
                        count = (1..count)
                            .find(|&stair| {
                                let [before, after] = [stair - 1, stair].map(|index| &rest[index].vertices);
                                after[0][0] - before[1][0] > TOLERANCE_M
                            })
                            .unwrap_or(count);
                        assert!(count == 3 || count == 4, "{count}");
                        for (stair, polygon) in rest[..count].iter().enumerate() {
                            let [[a, height], [b, _], [_, bottom], _] = polygon.vertices[..] else {
                                unreachable!()
                            };
                            assert!((steps(a - left) - 4.0 * stair as f64).abs() < TOLERANCE_M);
                            assert!((steps(b - a) - 4.0).abs() < TOLERANCE_M);
                            assert!((steps(height - foot) - stair as f64 * next).abs() < TOLERANCE_M);
                            assert!((steps(height - bottom) - 1.0).abs() < TOLERANCE_M);
                        }
                        assert!(near(ground(0), 0.0));
                        for step in 1..4 * count {
                            assert!(near(ground(step), (step as f64 - next) / 4.0 * next), "{step}");
                        }
                        rest = &rest[count..];
                    }
                    other => panic!("{other}"),
                }
            }
        }
        assert!(stumps > 30 && stairs > 30 && pits > 30, "{stumps} {stairs} {pits}");
    }
}
