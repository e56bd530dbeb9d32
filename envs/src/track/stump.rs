//! Stump Tracks: rectangles at equal distances.
//!
//! Source: Portelas et al. 2019, whose tasks are the height and the spacing; width, rotation and roughness are options of
//! its code. A height drawn below 0.05 steps counts as 0.05, so does a width; a rotation is kept within a full
//! turn. (There, widths come from a generator that no seed reaches; here everything follows from the seed.)

use super::{
    Feature, Outline, TERRAIN_STEP_M, Track, TrackError,
    course::{Gaps, Obstacle, laid},
    draws::Draws,
    params::{Parameter, Parametric, Spread},
};
use core::f64::consts::TAU;

/// Parameters of a Stump Track; [`Family::Stump`](super::Family::Stump) lists their names and limits.
#[derive(Clone, Debug, PartialEq)]
pub struct StumpTrack {
    /// The height of stumps, terrain steps of 14/30 m. Mean -100 to 100 (below 0 for spaces of mostly trivial tasks),
    /// published 0 to 3; deviation 0 to 10, reference 0.1.
    pub stump_height: Spread,
    /// From the right side of a stump to the left of the next, metres; less than 0.01 counts as 0.01. 0 to 100,
    /// published 0 to 6.
    pub obstacle_spacing: f64,
    /// The width of stumps, terrain steps; without it, 1. Mean 0 to 100, deviation 0 to 10, by default 0.1.
    pub stump_width: Option<Spread>,
    /// How far stumps are turned to the left about the middle of their foot, radians; without it, they stand. Mean and
    /// deviation 0 to a full turn, deviation by default 0.1.
    pub stump_rotation: Option<Spread>,
    /// How far the slope of the ground may change at a gap, thirtieths of a metre. 0 to 10, default 0.
    pub roughness: f64,
}

impl StumpTrack {
    /// The publication's track with these two numbers: see the fields.
    pub const fn new(stump_height: f64, obstacle_spacing: f64) -> Self {
        Self {
            stump_height: Spread::around(stump_height),
            obstacle_spacing,
            stump_width: None,
            stump_rotation: None,
            roughness: 0.0,
        }
    }
}

/// The least height and width of a stump, in the unit in which they are drawn: the reference's.
pub(super) const LEAST_SIZE: f64 = 0.05;

impl Parametric for StumpTrack {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::up_to(
            "stump_height",
            100.0,
            "mean height of the stumps, terrain steps of 14/30 m; at least 0.05",
        )
        .down_to(-100.0)
        .published(0.0, 3.0),
        Parameter::up_to("stump_height_deviation", 10.0, "standard deviation of the height, terrain steps")
            .or(Spread::REFERENCE_DEVIATION),
        Gaps::OBSTACLE_SPACING.published(0.0, 6.0),
        Parameter::up_to("stump_width", 100.0, "mean width of the stumps, terrain steps; else exactly 1")
            .optional(),
        Parameter::up_to(
            "stump_width_deviation",
            10.0,
            "standard deviation of the width, terrain steps; 0.1 for a width without one",
        )
        .optional(),
        Parameter::up_to("stump_rotation", TAU, "mean turn of the stumps to the left, radians").optional(),
        Parameter::up_to(
            "stump_rotation_deviation",
            TAU,
            "standard deviation of the turn, radians; 0.1 for a turn without one",
        )
        .optional(),
        Gaps::ROUGHNESS,
    ];

    fn of_values(values: &[Option<f64>]) -> Result<Self, TrackError> {
        let [
            height,
            height_deviation,
            spacing,
            width,
            width_deviation,
            rotation,
            rotation_deviation,
            roughness,
        ] = *values
        else {
            unreachable!("there is a value for each parameter");
        };
        let always = |value: Option<f64>| value.expect("only widths and rotations are left out");
        Ok(Self {
            stump_height: Spread { mean: always(height), deviation: always(height_deviation) },
            obstacle_spacing: always(spacing),
            stump_width: spread(["stump_width", "stump_width_deviation"], width, width_deviation)?,
            stump_rotation: spread(
                ["stump_rotation", "stump_rotation_deviation"],
                rotation,
                rotation_deviation,
            )?,
            roughness: always(roughness),
        })
    }

    fn values(&self) -> Vec<Option<f64>> {
        let mean = |spread: Option<Spread>| spread.map(|spread| spread.mean);
        let deviation = |spread: Option<Spread>| spread.map(|spread| spread.deviation);
        vec![
            Some(self.stump_height.mean),
            Some(self.stump_height.deviation),
            Some(self.obstacle_spacing),
            mean(self.stump_width),
            deviation(self.stump_width),
            mean(self.stump_rotation),
            deviation(self.stump_rotation),
            Some(self.roughness),
        ]
    }

    fn lay(&self, draws: &mut Draws) -> Result<Track, TrackError> {
        let gaps = Gaps { obstacle_spacing: self.obstacle_spacing, roughness: self.roughness };
        laid(gaps, draws, |foot, draws| {
            let height_m = self.stump_height.draw(draws).max(LEAST_SIZE) * TERRAIN_STEP_M;
            let width_m =
                TERRAIN_STEP_M * self.stump_width.map_or(1.0, |width| width.draw(draws).max(LEAST_SIZE));
            let mut corners = rectangle(foot, width_m, height_m);
            if let Some(rotation) = self.stump_rotation {
                corners = turned(corners, rotation.draw(draws).clamp(0.0, TAU));
            }
            let stump = Outline::polygon(Feature::Stump, corners.to_vec());
            Obstacle { outlines: vec![stump], end_x_m: foot[0] + width_m }
        })
    }
}

/// The corners of a rectangle on the ground, from the left end of its foot round to the left.
pub(super) fn rectangle([x, y]: [f64; 2], width_m: f64, height_m: f64) -> [[f64; 2]; 4] {
    [[x, y], [x + width_m, y], [x + width_m, y + height_m], [x, y + height_m]]
}

/// The corners turned to the left about the middle between the first two.
fn turned(corners: [[f64; 2]; 4], angle: f64) -> [[f64; 2]; 4] {
    let (sine, cosine) = libm::sincos(angle);
    let [left, right, ..] = corners;
    let anchor = [(left[0] + right[0]) / 2.0, (left[1] + right[1]) / 2.0];
    corners.map(|corner| {
        let [x, y] = [corner[0] - anchor[0], corner[1] - anchor[1]];
        [x * cosine - y * sine + anchor[0], x * sine + y * cosine + anchor[1]]
    })
}

fn spread(
    [name, deviation_name]: [&'static str; 2],
    mean: Option<f64>,
    deviation: Option<f64>,
) -> Result<Option<Spread>, TrackError> {
    match (mean, deviation) {
        (Some(mean), Some(deviation)) => Ok(Some(Spread { mean, deviation })),
        (Some(mean), None) => Ok(Some(Spread::around(mean))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(TrackError::DeviationAlone { name: deviation_name, needs: name }),
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the layout is compared bit for bit")]
mod tests {
    use super::super::tests::{ground, obstacles};
    use super::*;
    use crate::{physics::Vec2, track::TrackParams};

    /// A stump of the reference's recordings: its left and right x, and the height of its foot.
    const PLACES: [[f64; 3]; 3] = [
        [9.333_333_333_333_334, 9.8, 3.333_333_333_333_333_5],
        [12.598_932_619_213_095, 13.065_599_285_879_761, 3.333_333_333_333_333_5],
        [15.864_531_905_092_853, 16.331_198_571_759_52, 3.333_333_333_333_333_5],
    ];

    fn built(track: StumpTrack) -> Track {
        TrackParams::Stump(track).build(4).unwrap()
    }

    fn exactly(mean: f64) -> Spread {
        Spread { mean, deviation: 0.0 }
    }

    #[test]
    fn stumps_and_ground_lie_where_the_reference_has_them() {
        // The recorded track `default_stump_heuristic`.
        let height = exactly(2.170_395_533_492_823_8);
        let track = built(StumpTrack { stump_height: height, ..StumpTrack::new(0.0, 2.798_932_619_213_093) });
        let stumps = obstacles(&track);
        assert_eq!(stumps.len(), 26);
        for ([left, right, foot], stump) in PLACES.into_iter().zip(&stumps) {
            let top = foot + height.mean * TERRAIN_STEP_M;
            assert_eq!(stump.vertices, [[left, foot], [right, foot], [right, top], [left, top]]);
        }
        let ground = ground(&track);
        assert_eq!(ground.len(), 54);
        let points = [
            (0, 0.0),
            (1, 9.333_333),
            (2, 9.333_333),
            (3, 9.8),
            (4, 12.598_932),
            (50, 87.707_72),
            (51, 88.174_385),
            (52, 90.973_31),
            (53, 91.439_98),
        ];
        for (index, x) in points {
            assert_eq!(ground[index], Vec2::new(x, 3.333_333_3), "point {index}");
        }
    }

    #[test]
    fn close_stumps_lie_where_the_reference_has_them() {
        // The recorded track `default_stump_random`.
        let track = built(StumpTrack::new(2.339_756_376_720_343_8, 0.734_957_249_431_555_9));
        assert_eq!(obstacles(&track).len(), 70);
        let ground = ground(&track);
        assert_eq!(
            ground[ground.len() - 3..].iter().map(|point| point.x).collect::<Vec<_>>(),
            [91.510_43, 92.245_384, 92.712_05]
        );
        let heights = obstacles(&track)
            .into_iter()
            .map(|stump| (stump.vertices[2][1] - stump.vertices[1][1]) / TERRAIN_STEP_M);
        let (least, most) =
            heights.fold((f64::MAX, f64::MIN), |(least, most), height| (least.min(height), most.max(height)));
        assert!(1.8 < least && least < 2.3 && 2.4 < most && most < 2.9, "{least} {most}");
    }

    #[test]
    fn gaps_are_between_a_stumps_right_and_the_next_ones_left_side() {
        let width = Some(Spread { mean: 1.6, deviation: 0.2 });
        let track = built(StumpTrack { stump_width: width, roughness: 1.1, ..StumpTrack::new(1.2, 1.5) });
        let stumps = obstacles(&track);
        let ground = track.outlines()[stumps.len()..].iter().map(|edge| edge.vertices.clone());
        for (pair, edges) in stumps.windows(2).zip(ground.skip(2).collect::<Vec<_>>().chunks(2)) {
            let [left, right, ..] = pair[0].vertices[..] else { unreachable!() };
            assert!((pair[1].vertices[0][0] - right[0] - 1.5).abs() < 1e-12);
            // The ground bends at the end of the stump, under which it has left the stump's own foot.
            assert_eq!(edges[0][0], left);
            assert_eq!(edges[0][1][0], right[0]);
            assert_eq!(edges[1][1], pair[1].vertices[0]);
            assert_eq!(edges[1][0][1], edges[1][1][1]);
        }
        let widths: Vec<f64> =
            stumps.iter().map(|stump| stump.vertices[1][0] - stump.vertices[0][0]).collect();
        assert!(widths.windows(2).all(|pair| (pair[0] - pair[1]).abs() > 1e-9), "{widths:?}");
    }

    #[test]
    fn a_turned_stump_keeps_the_middle_of_its_foot() {
        let rotation = Some(exactly(1.0));
        let upright = StumpTrack { stump_height: exactly(2.0), ..StumpTrack::new(0.0, 3.0) };
        let turned = built(StumpTrack { stump_rotation: rotation, ..upright.clone() });
        for (stump, upright) in obstacles(&turned).iter().zip(obstacles(&built(upright))) {
            let middle =
                |corners: &[[f64; 2]]| [0, 1].map(|axis| (corners[0][axis] + corners[1][axis]) / 2.0);
            let (middle, expected) = (middle(&stump.vertices), middle(&upright.vertices));
            assert!((middle[0] - expected[0]).abs() + (middle[1] - expected[1]).abs() < 1e-12);
            // To the left: the side that stood upright leans by 1 radian towards the start.
            let [_, bottom, top, _] = stump.vertices[..] else { unreachable!() };
            let height = 2.0 * TERRAIN_STEP_M;
            assert!((top[0] - bottom[0] + height * 0.841_470_984_807_896_5).abs() < 1e-12);
            assert!((top[1] - bottom[1] - height * 0.540_302_305_868_139_8).abs() < 1e-12);
        }
    }

    #[test]
    fn small_and_overturned_draws_are_held() {
        let track = built(StumpTrack {
            stump_height: exactly(0.0),
            stump_width: Some(exactly(0.0)),
            stump_rotation: Some(Spread { mean: 0.0, deviation: 6.0 }),
            ..StumpTrack::new(0.0, 0.0)
        });
        let side = LEAST_SIZE * TERRAIN_STEP_M;
        let stumps = obstacles(&track);
        assert!(stumps.windows(2).all(|pair| {
            let middle = |stump: &Outline| (stump.vertices[0][0] + stump.vertices[1][0]) / 2.0;
            (middle(&pair[1]) - middle(&pair[0]) - 0.01 - side).abs() < 1e-9
        }));
        // Draws below 0 are held at 0: about half of the stumps stand.
        let upright = stumps.iter().filter(|stump| stump.vertices[0][1] == stump.vertices[1][1]).count();
        assert!((stumps.len() * 2 / 5..stumps.len() * 9 / 10).contains(&upright), "{upright}");
    }
}
