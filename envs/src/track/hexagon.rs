//! Hexagon Tracks: obstacles whose six corners the task moves.
//!
//! Source: Portelas et al. 2019. A task is twelve numbers, the x and y by which each corner of a flat hexagon is moved, in
//! terrain steps; the first and the last corner stay on the ground, so their y does nothing. What the physics
//! sees is the convex hull. The reference clips the numbers to 0..4; here up to 10 they are taken as they are.

use super::{
    Feature, Outline, TERRAIN_STEP_M, Track, TrackError,
    course::{Gaps, Obstacle, laid},
    draws::Draws,
    params::{Parameter, Parametric, Spread},
};

/// Parameters of a Hexagon Track; [`Family::Hexagon`](super::Family::Hexagon) lists their names and limits.
#[derive(Clone, Debug, PartialEq)]
pub struct HexagonTrack {
    /// By how much the corners are moved: x and y of each, from the left end of the foot over the top to its right end,
    /// terrain steps of 14/30 m. 0 to 10, published 0 to 4.
    pub offsets: [f64; 12],
    /// The standard deviation of each of these numbers, drawn anew for every hexagon, terrain steps. 0 to 10, reference 0.1.
    pub deviation: f64,
    /// From one metre beyond a hexagon's place (the middle of its foot before that is moved) to the next place, metres; less
    /// than 0.01 counts as 0.01. 0 to 100, reference 8.
    pub obstacle_spacing: f64,
    /// How far the slope of the ground may change at a gap, thirtieths of a metre. 0 to 10, default 0.
    pub roughness: f64,
}

impl HexagonTrack {
    /// The publication's track with these numbers: see the field.
    pub const fn new(offsets: [f64; 12]) -> Self {
        Self {
            offsets,
            deviation: Spread::REFERENCE_DEVIATION,
            obstacle_spacing: Gaps::REFERENCE_SPACING_M,
            roughness: 0.0,
        }
    }
}

/// The corners before they are moved, terrain steps from the obstacle's place.
const CORNERS: [[f64; 2]; 6] =
    [[-0.5, 0.0], [-0.5, 0.25], [-0.25, 0.5], [0.25, 0.5], [0.5, 0.25], [0.5, 0.0]];

/// How much of the ground a hexagon takes, metres.
const LENGTH_M: f64 = 1.0;

const fn offset(name: &'static str, meaning: &'static str) -> Parameter {
    Parameter::up_to(name, 10.0, meaning).published(0.0, 4.0)
}

impl Parametric for HexagonTrack {
    const PARAMETERS: &'static [Parameter] = &[
        offset("hexagon[0]", "move of the foot's left end to the right, terrain steps of 14/30 m"),
        offset("hexagon[1]", "nothing: the foot's left end stays on the ground"),
        offset("hexagon[2]", "move of the lower left corner to the right, terrain steps"),
        offset("hexagon[3]", "move of the lower left corner upwards, terrain steps"),
        offset("hexagon[4]", "move of the upper left corner to the right, terrain steps"),
        offset("hexagon[5]", "move of the upper left corner upwards, terrain steps"),
        offset("hexagon[6]", "move of the upper right corner to the right, terrain steps"),
        offset("hexagon[7]", "move of the upper right corner upwards, terrain steps"),
        offset("hexagon[8]", "move of the lower right corner to the right, terrain steps"),
        offset("hexagon[9]", "move of the lower right corner upwards, terrain steps"),
        offset("hexagon[10]", "move of the foot's right end to the right, terrain steps"),
        offset("hexagon[11]", "nothing: the foot's right end stays on the ground"),
        Parameter::up_to("hexagon_deviation", 10.0, "standard deviation of every move, terrain steps")
            .or(Spread::REFERENCE_DEVIATION),
        Gaps::OBSTACLE_SPACING.or(Gaps::REFERENCE_SPACING_M),
        Gaps::ROUGHNESS,
    ];

    fn of_values(values: &[Option<f64>]) -> Result<Self, TrackError> {
        let [offsets @ .., deviation, obstacle_spacing, roughness] = values else {
            unreachable!("there is a value for each parameter");
        };
        let always = |value: &Option<f64>| value.expect("no parameter of hexagons can be left out");
        Ok(Self {
            offsets: core::array::from_fn(|index| always(&offsets[index])),
            deviation: always(deviation),
            obstacle_spacing: always(obstacle_spacing),
            roughness: always(roughness),
        })
    }

    fn values(&self) -> Vec<Option<f64>> {
        let others = [self.deviation, self.obstacle_spacing, self.roughness];
        self.offsets.into_iter().chain(others).map(Some).collect()
    }

    fn lay(&self, draws: &mut Draws) -> Result<Track, TrackError> {
        let gaps = Gaps { obstacle_spacing: self.obstacle_spacing, roughness: self.roughness };
        laid(gaps, draws, |[x, y], draws| {
            let mut corners = Vec::with_capacity(CORNERS.len());
            for (index, (corner, offset)) in CORNERS.iter().zip(self.offsets.chunks_exact(2)).enumerate() {
                // Drawn for the corners on the ground too, so that a corner's numbers don't depend on the others.
                let right = draws.normal(offset[0], self.deviation) * TERRAIN_STEP_M;
                let up = draws.normal(offset[1], self.deviation) * TERRAIN_STEP_M;
                let on_ground = index == 0 || index == CORNERS.len() - 1;
                let height = if on_ground { 0.0 } else { up };
                corners
                    .push([x + corner[0] * TERRAIN_STEP_M + right, y + corner[1] * TERRAIN_STEP_M + height]);
            }
            Obstacle { outlines: vec![Outline::polygon(Feature::Hexagon, corners)], end_x_m: x + LENGTH_M }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ground, obstacles};
    use super::*;
    use crate::track::TrackParams;

    /// The recorded track `default_hexagon_heuristic`.
    const RECORDED: [f64; 12] = [
        2.328_015_049_222_554,
        0.062_248_068_875_870_03,
        1.501_372_293_660_306_2,
        2.375_323_751_034_114,
        0.575_757_197_552_412_1,
        1.371_224_798_090_076,
        2.272_820_937_216_828,
        0.332_923_614_398_125_4,
        1.308_531_451_684_414_6,
        1.876_024_647_755_087,
        1.672_533_102_209_784_5,
        1.169_382_149_362_451_9,
    ];

    fn recorded(deviation: f64) -> Track {
        let hexagon = HexagonTrack {
            deviation,
            obstacle_spacing: 2.877_106_582_360_793_8,
            ..HexagonTrack::new(RECORDED)
        };
        TrackParams::Hexagon(hexagon).build(9).unwrap()
    }

    #[test]
    fn hexagons_and_ground_lie_where_the_reference_has_them() {
        let track = recorded(0.0);
        assert_eq!(obstacles(&track).len(), 22);
        let ground = ground(&track);
        assert_eq!(ground.len(), 46);
        let x: Vec<f32> = ground.iter().map(|point| point.x).collect();
        assert_eq!(x[..5], [0.0, 9.333_333, 9.333_333, 10.333_333, 13.210_44]);
        assert_eq!(x[43..], [87.875_465, 90.752_57, 91.752_57]);
    }

    #[test]
    fn corners_vary_about_those_of_the_reference() {
        // The first hexagon of the recording, which was drawn with a deviation of 0.1.
        let first = [
            [10.272_693_251_858_385, 3.333_333_333_333_333_5],
            [9.753_793_708_220_169, 4.515_744_386_809_476],
            [9.498_980_362_175_95, 4.191_114_527_112_774],
            [10.484_561_166_200_246, 3.757_429_865_247_654],
            [10.144_214_965_092_39, 4.238_233_182_810_252],
            [10.379_866_974_185_59, 3.333_333_333_333_333_5],
        ];
        for (track, tolerance) in [(recorded(0.0), 0.4), (recorded(0.1), 0.8)] {
            let corners = &obstacles(&track)[0].vertices;
            for (corner, expected) in corners.iter().zip(first) {
                let apart = [0, 1].map(|axis| (corner[axis] - expected[axis]).abs() / TERRAIN_STEP_M);
                assert!(apart[0] < tolerance && apart[1] < tolerance, "{corner:?} {expected:?}");
            }
            assert_eq!((corners[0][1], corners[5][1]), (first[0][1], first[5][1]));
        }
        let [one, other] = [recorded(0.0), recorded(0.1)].map(|track| {
            let hexagons = obstacles(&track);
            (hexagons[1].vertices[2][1] - hexagons[0].vertices[2][1]).abs()
        });
        assert!(one < 1e-9 && other > 1e-3, "{one} {other}");
    }

    #[test]
    fn a_hexagon_without_area_is_named() {
        // Every corner on the ground.
        let mut offsets = [0.0; 12];
        for corner in 1..5 {
            offsets[2 * corner + 1] = -CORNERS[corner][1];
        }
        let flat = HexagonTrack { deviation: 0.0, ..HexagonTrack::new(offsets) };
        // The limits keep such offsets out of reach, so the check of the shape is asked directly.
        let error = flat.lay(&mut Draws::new(0)).unwrap_err();
        assert!(error.is_infeasible());
        assert!(
            error.to_string().starts_with("surface 0, a hexagon, cannot be built: the polygon has no area"),
            "{error}"
        );
    }
}
