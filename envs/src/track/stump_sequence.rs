//! Stump sequences: groups of five stumps that touch, each with its height and width.
//!
//! Source: teachDeepRL's option `stump_seq`, ten numbers in 0..6: height and width of the first stump, of the second, and so
//! on. As there, heights are in terrain steps and widths in metres, and what is drawn below 0.05 counts as 0.05.

use super::{
    Feature, Outline, TERRAIN_STEP_M, Track, TrackError,
    course::{Gaps, Obstacle, laid},
    draws::Draws,
    params::{Parameter, Parametric, Spread},
    stump::{LEAST_SIZE, rectangle},
};

/// Parameters of a stump sequence; [`Family::StumpSequence`](super::Family::StumpSequence) lists their names and limits.
#[derive(Clone, Debug, PartialEq)]
pub struct StumpSequence {
    /// Of the five stumps from left to right: mean height in terrain steps of 14/30 m, mean width in metres. 0 to 100, in the
    /// reference 0 to 6.
    pub stumps: [[f64; 2]; 5],
    /// The standard deviation of heights and widths, drawn anew for every stump, in their units. 0 to 10, reference 0.1.
    pub deviation: f64,
    /// From the right side of a group to the left of the next, metres; less than 0.01 counts as 0.01. 0 to 100, reference 8.
    pub obstacle_spacing: f64,
    /// How far the slope of the ground may change at a gap, thirtieths of a metre. 0 to 10, default 0.
    pub roughness: f64,
}

impl StumpSequence {
    /// The reference's track with these numbers: see the field.
    pub const fn new(stumps: [[f64; 2]; 5]) -> Self {
        Self {
            stumps,
            deviation: Spread::REFERENCE_DEVIATION,
            obstacle_spacing: Gaps::REFERENCE_SPACING_M,
            roughness: 0.0,
        }
    }
}

const fn height(name: &'static str) -> Parameter {
    Parameter::up_to(name, 100.0, "mean height of this stump of five, terrain steps of 14/30 m")
        .published(0.0, 6.0)
}

const fn width(name: &'static str) -> Parameter {
    Parameter::up_to(name, 100.0, "mean width of this stump of five, metres").published(0.0, 6.0)
}

impl Parametric for StumpSequence {
    const PARAMETERS: &'static [Parameter] = &[
        height("stump_heights[0]"),
        width("stump_widths[0]"),
        height("stump_heights[1]"),
        width("stump_widths[1]"),
        height("stump_heights[2]"),
        width("stump_widths[2]"),
        height("stump_heights[3]"),
        width("stump_widths[3]"),
        height("stump_heights[4]"),
        width("stump_widths[4]"),
        Parameter::up_to("stump_deviation", 10.0, "standard deviation of heights and widths, in their units")
            .or(Spread::REFERENCE_DEVIATION),
        Gaps::OBSTACLE_SPACING.or(Gaps::REFERENCE_SPACING_M),
        Gaps::ROUGHNESS,
    ];

    fn of_values(values: &[Option<f64>]) -> Result<Self, TrackError> {
        let [stumps @ .., deviation, obstacle_spacing, roughness] = values else {
            unreachable!("there is a value for each parameter");
        };
        let always = |value: &Option<f64>| value.expect("no parameter of sequences can be left out");
        Ok(Self {
            stumps: core::array::from_fn(|stump| {
                [always(&stumps[2 * stump]), always(&stumps[2 * stump + 1])]
            }),
            deviation: always(deviation),
            obstacle_spacing: always(obstacle_spacing),
            roughness: always(roughness),
        })
    }

    fn values(&self) -> Vec<Option<f64>> {
        let others = [self.deviation, self.obstacle_spacing, self.roughness];
        self.stumps.into_iter().flatten().chain(others).map(Some).collect()
    }

    fn lay(&self, draws: &mut Draws) -> Result<Track, TrackError> {
        let gaps = Gaps { obstacle_spacing: self.obstacle_spacing, roughness: self.roughness };
        laid(gaps, draws, |[start, y], draws| {
            let mut x = start;
            let mut outlines = Vec::with_capacity(self.stumps.len());
            for [height, width] in self.stumps {
                let height_m = draws.normal(height, self.deviation).max(LEAST_SIZE) * TERRAIN_STEP_M;
                let width_m = draws.normal(width, self.deviation).max(LEAST_SIZE);
                outlines
                    .push(Outline::polygon(Feature::Stump, rectangle([x, y], width_m, height_m).to_vec()));
                x += width_m;
            }
            Obstacle { outlines, end_x_m: x }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ground, obstacles};
    use super::*;
    use crate::track::{FINISH_X_M, TrackParams};

    const STUMPS: [[f64; 2]; 5] = [[1.5, 0.7], [1.2, 0.6], [0.9, 0.8], [0.0, 0.0], [1.0, 1.5]];

    fn built(sequence: StumpSequence) -> Track {
        TrackParams::StumpSequence(sequence).build(5).unwrap()
    }

    #[test]
    fn the_stumps_of_a_group_touch_and_the_ground_runs_under_all_five() {
        let track =
            built(StumpSequence { deviation: 0.0, obstacle_spacing: 5.0, ..StumpSequence::new(STUMPS) });
        let stumps = obstacles(&track);
        let ground = ground(&track);
        let length: f64 = 0.7 + 0.6 + 0.8 + 0.05 + 1.5;
        assert_eq!(stumps.len() % 5, 0);
        let mut x = 20.0 * TERRAIN_STEP_M;
        for (group, stumps) in stumps.chunks(5).enumerate() {
            assert!((f64::from(ground[2 + 2 * group].x) - x).abs() < 1e-5);
            for (stump, [height, width]) in stumps.iter().zip(STUMPS) {
                let [left, _, top, _] = stump.vertices[..] else { unreachable!() };
                assert!((left[0] - x).abs() < 1e-9);
                x += width.max(0.05);
                assert!((top[0] - x).abs() < 1e-9);
                assert!((top[1] - left[1] - height.max(0.05) * TERRAIN_STEP_M).abs() < 1e-9);
            }
            x += 5.0;
        }
        assert_eq!(stumps.len() / 5, (84.0 / (length + 5.0)).ceil() as usize);
    }

    #[test]
    fn sizes_vary_from_group_to_group() {
        let stumps = obstacles(&built(StumpSequence::new(STUMPS)));
        let width = |stump: &Outline| stump.vertices[1][0] - stump.vertices[0][0];
        assert!((width(&stumps[0]) - width(&stumps[5])).abs() > 1e-6);
        assert!(stumps.iter().all(|stump| width(stump) > 0.049));
    }

    #[test]
    fn the_ground_goes_on_to_the_finish_where_the_last_group_is_wide() {
        // Groups of 50 m: the last one begins at 67 m, where the reference's ground would end.
        let track = built(StumpSequence { deviation: 0.0, ..StumpSequence::new([[1.0, 10.0]; 5]) });
        let ground = ground(&track);
        assert!((ground[ground.len() - 2].x - 67.333_33).abs() < 1e-4);
        assert!(f64::from(ground[ground.len() - 1].x) > FINISH_X_M);
    }
}
