//! The three bodies of the publication: measures, masses and motors.

use crate::physics::{BodySpec, HingeSpec, Polygon, Vec2};
use serde::{Deserialize, Serialize};

/// Length units of the drawings in which the walkers are defined, per metre.
pub(super) const SCALE: f64 = 30.0;

/// Which body walks.
///
/// Source: `my_init` of the publication's environment (Portelas et al., CoRL 2019); the default one is OpenAI's BipedalWalker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalkerKind {
    /// Two legs of half the length.
    Short,
    /// Two legs: OpenAI's BipedalWalker.
    #[default]
    Default,
    /// Four longer legs under a longer hull, with stronger motors.
    Quadrupedal,
}

impl WalkerKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Short, Self::Default, Self::Quadrupedal];

    /// How many numbers an action has: a torque for each hip and each knee, -1 to 1.
    pub const fn action_count(self) -> usize {
        4 * self.pairs()
    }

    /// How many numbers an observation has. See [`super::Walker::observe`].
    pub const fn observation_count(self) -> usize {
        4 + 10 * self.pairs() + super::LIDAR_RAYS
    }

    /// The name by which commands and tasks know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Default => "default",
            Self::Quadrupedal => "quadrupedal",
        }
    }

    const fn pairs(self) -> usize {
        match self {
            Self::Short | Self::Default => 1,
            Self::Quadrupedal => 2,
        }
    }

    pub(super) fn morphology(self) -> Morphology {
        let default = Morphology {
            hull: &[(-30.0, 9.0), (6.0, 9.0), (34.0, 1.0), (34.0, -8.0), (-30.0, -8.0)],
            hull_width: 64.0,
            leg_width: 8.0 / SCALE,
            leg_height: 34.0 / SCALE,
            pairs: &[0.0],
            max_torque: 80.0,
            torque_penalty: 0.00035,
        };
        match self {
            Self::Short => Morphology { leg_height: 17.0 / SCALE, ..default },
            Self::Default => default,
            Self::Quadrupedal => Morphology {
                hull: &[(-46.0, 13.0), (6.0, 13.0), (50.0, 5.0), (50.0, -12.0), (-46.0, -12.0)],
                hull_width: 96.0,
                leg_width: 10.0 / SCALE,
                leg_height: 51.0 / SCALE,
                pairs: &[-1.2, 0.85],
                max_torque: 300.0,
                torque_penalty: 0.00035 / 8.0,
            },
        }
    }
}

/// The measures of a walker.
pub(super) struct Morphology {
    /// The hull's corners, in units of the drawing.
    hull: &'static [(f64, f64)],
    hull_width: f64,
    /// Metres.
    leg_width: f64,
    /// The length of the upper and of the lower part of a leg, metres.
    leg_height: f64,
    /// Where the pairs of legs hang on the hull, metres from its middle.
    pairs: &'static [f64],
    /// N m.
    pub(super) max_torque: f64,
    /// The cost of a step at full torque, per N m.
    pub(super) torque_penalty: f64,
}

impl Morphology {
    /// The parts above ground of this height, with the hull's middle over `x`: the hull, then for each leg its upper and lower part.
    pub(super) fn parts(&self, x: f64, ground: f64) -> (Vec<BodySpec>, Vec<HingeSpec>) {
        const LEG_DOWN: f64 = -8.0 / SCALE;

        let y = ground + 2.0 * self.leg_height;
        let corners: Vec<Vec2> = self.hull.iter().map(|&(x, y)| point(x / SCALE, y / SCALE)).collect();
        let hull = Polygon::hull_of(&corners).expect("the hull's corners are a convex polygon");
        let rectangle = |half_width: f64| {
            Polygon::rectangle(half_width as f32, (self.leg_height / 2.0) as f32).expect("legs have an area")
        };
        let upper = rectangle(self.leg_width / 2.0);
        let lower = rectangle(0.8 * self.leg_width / 2.0);

        let mut bodies =
            vec![BodySpec { shape: hull, density: 5.0, friction: 0.1, position: point(x, y), angle: 0.0 }];
        let mut hinges = Vec::new();
        for &pair in self.pairs {
            let half = self.hull_width / 2.0 / SCALE;
            // A pair outside the hull stands at its end, and hangs where it should be.
            let x = x + if pair < -1.0 { -half } else { half * (pair + 1.0) - half };
            for side in [-1.0, 1.0] {
                let leg = |shape: Polygon, y: f64| BodySpec {
                    shape,
                    density: 1.0,
                    friction: 0.2,
                    position: point(x, y),
                    angle: (side * 0.05) as f32,
                };
                hinges.push(HingeSpec {
                    first: 0,
                    second: bodies.len(),
                    anchor_on_first: point(pair, LEG_DOWN),
                    anchor_on_second: point(0.0, self.leg_height / 2.0),
                    lower_angle: -0.8,
                    upper_angle: 1.1,
                });
                bodies.push(leg(upper, y - self.leg_height / 2.0 - LEG_DOWN));
                hinges.push(HingeSpec {
                    first: bodies.len() - 1,
                    second: bodies.len(),
                    anchor_on_first: point(0.0, -self.leg_height / 2.0),
                    anchor_on_second: point(0.0, self.leg_height / 2.0),
                    lower_angle: -1.6,
                    upper_angle: -0.1,
                });
                bodies.push(leg(lower, y - self.leg_height * 3.0 / 2.0 - LEG_DOWN));
            }
        }
        (bodies, hinges)
    }
}

fn point(x: f64, y: f64) -> Vec2 {
    Vec2::new(x as f32, y as f32)
}
