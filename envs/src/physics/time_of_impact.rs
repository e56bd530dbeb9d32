//! When, within a step, a moving body first comes so near to a piece of terrain that it touches.
//!
//! Conservative advancement along separating axes (Catto, Continuous Collision, GDC 2013; Box2D 2.3.0's `b2TimeOfImpact`): from the
//! features that are nearest at a time, an axis is chosen; the time at which the separation along it falls to the target is found by
//! secants and bisection; there the nearest features are sought anew, until the distance itself is at the target or
//! the shapes stay apart.

use super::distance::{NearestFeatures, distance, support};
use super::math::{Sweep, Vec2};
use super::{LINEAR_SLOP, shape::SKIN};

/// The distance of outlines at which a body counts as touching, metres.
const TARGET: f32 = {
    let kept = 2.0 * SKIN - 3.0 * LINEAR_SLOP;
    if LINEAR_SLOP > kept { LINEAR_SLOP } else { kept }
};
const TOLERANCE: f32 = 0.25 * LINEAR_SLOP;

/// Outlines that stay at least this far apart, metres, need no search: they touch at 0.00625, and the rest is room for rounding.
pub(crate) const SURELY_APART: f32 = 0.008;

/// The time at which the body touches, from 0 (where the sweep starts) to 1 (its end), or none.
///
/// None too if they overlap already or if the search fails: such a contact is the ordinary solver's.
pub(crate) fn time_of_impact(terrain: &[Vec2], body: &[Vec2], sweep: &Sweep) -> Option<f32> {
    const MOST_AXES: usize = 20;

    let sweep = sweep.normalized();
    let mut nearest = NearestFeatures::default();
    let mut safe_until = 0.0_f32;
    for _ in 0..MOST_AXES {
        let distance = distance(terrain, body, sweep.at(safe_until), &mut nearest);
        if distance <= 0.0 {
            return None;
        }
        if distance < TARGET + TOLERANCE {
            return Some(safe_until);
        }
        let axis = Axis::new(&nearest, terrain, body, &sweep, safe_until);
        match axis.advance(safe_until) {
            Advance::Apart | Advance::Failed => return None,
            Advance::Touching => return Some(safe_until),
            Advance::SafeUntil(time) => safe_until = time,
        }
    }
    None
}

/// What a search along one axis brings.
enum Advance {
    /// The shapes are apart along it at the end of the step.
    Apart,
    /// They touch along it where the search began.
    Touching,
    /// They are apart until then, as far as this axis tells.
    SafeUntil(f32),
    /// They were nearer than they should be where the search began.
    Failed,
}

/// The feature along whose normal separation is measured.
#[derive(Clone, Copy)]
enum Feature {
    /// The line between two corners, fixed in the world.
    Corners { normal: Vec2 },
    /// A side of the terrain.
    TerrainSide { normal: Vec2, point: Vec2 },
    /// A side of the body, in its own coordinates.
    BodySide { normal: Vec2, point: Vec2 },
}

/// A separating axis and the shapes on both sides of it.
struct Axis<'a> {
    terrain: &'a [Vec2],
    body: &'a [Vec2],
    sweep: &'a Sweep,
    feature: Feature,
}

/// The corners that are deepest along an axis: one of the terrain, one of the body, as far as the feature leaves them open.
#[derive(Clone, Copy)]
struct Witness {
    terrain: usize,
    body: usize,
}

impl<'a> Axis<'a> {
    fn new(
        nearest: &NearestFeatures,
        terrain: &'a [Vec2],
        body: &'a [Vec2],
        sweep: &'a Sweep,
        time: f32,
    ) -> Self {
        let place = sweep.at(time);
        let feature = if nearest.count == 1 {
            let between = place.apply(body[nearest.body[0]]) - terrain[nearest.terrain[0]];
            Feature::Corners { normal: between.normalized().0 }
        } else if nearest.terrain[0] == nearest.terrain[1] {
            let (b1, b2) = (body[nearest.body[0]], body[nearest.body[1]]);
            let (normal, _) = (b2 - b1).right().normalized();
            let point = 0.5 * (b1 + b2);
            let towards = terrain[nearest.terrain[0]] - place.apply(point);
            let inward = towards.dot(place.rotation.apply(normal)) < 0.0;
            Feature::BodySide { normal: if inward { -normal } else { normal }, point }
        } else {
            let (a1, a2) = (terrain[nearest.terrain[0]], terrain[nearest.terrain[1]]);
            let (normal, _) = (a2 - a1).right().normalized();
            let point = 0.5 * (a1 + a2);
            let towards = place.apply(body[nearest.body[0]]) - point;
            let inward = towards.dot(normal) < 0.0;
            Feature::TerrainSide { normal: if inward { -normal } else { normal }, point }
        };
        Self { terrain, body, sweep, feature }
    }

    /// How long, from `safe_until` on, the shapes stay apart along this axis.
    fn advance(&self, safe_until: f32) -> Advance {
        let mut end = 1.0_f32;
        for _ in 0..super::MAX_VERTICES {
            let (separation_at_end, witness) = self.deepest(end);
            if separation_at_end > TARGET + TOLERANCE {
                return Advance::Apart;
            }
            if separation_at_end > TARGET - TOLERANCE {
                return Advance::SafeUntil(end);
            }
            let separation = self.separation(witness, safe_until);
            if separation < TARGET - TOLERANCE {
                return Advance::Failed;
            }
            if separation <= TARGET + TOLERANCE {
                return Advance::Touching;
            }
            end = self.root(witness, (safe_until, separation), (end, separation_at_end)).unwrap_or(end);
        }
        Advance::SafeUntil(safe_until)
    }

    /// The time between two at which the witness reaches the target, by bisection and secants in turn.
    fn root(&self, witness: Witness, before: (f32, f32), after: (f32, f32)) -> Option<f32> {
        const MOST_TRIALS: u32 = 50;

        let ((mut a1, mut s1), (mut a2, mut s2)) = (before, after);
        for trial in 0..MOST_TRIALS {
            let time =
                if trial % 2 == 1 { a1 + (TARGET - s1) * (a2 - a1) / (s2 - s1) } else { 0.5 * (a1 + a2) };
            let separation = self.separation(witness, time);
            let off = separation - TARGET;
            if (if off > 0.0 { off } else { -off }) < TOLERANCE {
                return Some(time);
            }
            if separation > TARGET {
                (a1, s1) = (time, separation);
            } else {
                (a2, s2) = (time, separation);
            }
        }
        None
    }

    /// The least separation along the axis at a time, with the corners that have it.
    fn deepest(&self, time: f32) -> (f32, Witness) {
        let place = self.sweep.at(time);
        match self.feature {
            Feature::Corners { normal } => {
                let terrain = support(self.terrain, normal);
                let body = support(self.body, place.rotation.undo(-normal));
                let between = place.apply(self.body[body]) - self.terrain[terrain];
                (between.dot(normal), Witness { terrain, body })
            }
            Feature::TerrainSide { normal, point } => {
                let body = support(self.body, place.rotation.undo(-normal));
                let between = place.apply(self.body[body]) - point;
                (between.dot(normal), Witness { terrain: 0, body })
            }
            Feature::BodySide { normal, point } => {
                let normal = place.rotation.apply(normal);
                let terrain = support(self.terrain, -normal);
                let between = self.terrain[terrain] - place.apply(point);
                (between.dot(normal), Witness { terrain, body: 0 })
            }
        }
    }

    /// The separation of given corners along the axis at a time.
    fn separation(&self, witness: Witness, time: f32) -> f32 {
        let place = self.sweep.at(time);
        match self.feature {
            Feature::Corners { normal } => {
                (place.apply(self.body[witness.body]) - self.terrain[witness.terrain]).dot(normal)
            }
            Feature::TerrainSide { normal, point } => {
                (place.apply(self.body[witness.body]) - point).dot(normal)
            }
            Feature::BodySide { normal, point } => {
                let normal = place.rotation.apply(normal);
                (self.terrain[witness.terrain] - place.apply(point)).dot(normal)
            }
        }
    }
}

#[cfg(test)]
mod tests;
