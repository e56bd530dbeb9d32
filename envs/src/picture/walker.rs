//! A walker as a scene.

use super::{Body, Caption, LidarRay, Role, Scene, Scenery, Side};
use crate::walker::Walker;
use std::sync::Arc;

impl Scene {
    /// The walker where it is. The first leg of each pair is the far one.
    pub fn of(walker: &Walker, scenery: &Arc<Scenery>, caption: Caption) -> Self {
        // The hull, then of each leg the upper and the lower part.
        let bodies = (0..=walker.kind().action_count())
            .map(|body| Body { role: role(body), outline: walker.outline(body).to_vec() });
        let from = walker.place(0).position;
        let lidar = walker.lidar_reach().into_iter().zip(walker.lidar()).map(|(to, share)| {
            if share < 1.0 {
                LidarRay::Hit { from, at: from + share * (to - from) }
            } else {
                LidarRay::Miss { from, to }
            }
        });
        Self { scenery: Arc::clone(scenery), bodies: bodies.collect(), lidar: lidar.collect(), caption }
    }
}

fn role(body: usize) -> Role {
    let Some(part) = body.checked_sub(1) else { return Role::Hull };
    let side = if part / 2 % 2 == 0 { Side::Far } else { Side::Near };
    if part % 2 == 0 { Role::UpperLeg(side) } else { Role::LowerLeg(side) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        physics::Vec2,
        track::{Family, START_HEIGHT_M, START_X_M, TrackParams},
        walker::{Ground, WalkerKind},
    };
    use std::collections::BTreeMap;

    fn scene(kind: WalkerKind) -> Scene {
        let track = TrackParams::from_task(Family::Flat, &BTreeMap::new()).unwrap().build(1).unwrap();
        let walker = Walker::new(kind, &Ground::from(&track), 0.0);
        let scenery = Arc::new(Scenery::of_track(&track).unwrap());
        Scene::of(&walker, &scenery, Caption::default())
    }

    #[test]
    fn a_walker_has_a_hull_and_two_sides_with_as_many_legs() {
        for (kind, legs_a_side) in
            [(WalkerKind::Short, 1), (WalkerKind::Default, 1), (WalkerKind::Quadrupedal, 2)]
        {
            let scene = scene(kind);
            let count = |role| scene.bodies.iter().filter(|body| body.role == role).count();
            assert_eq!(count(Role::Hull), 1, "{kind:?}");
            for side in [Side::Far, Side::Near] {
                assert_eq!(count(Role::UpperLeg(side)), legs_a_side, "{kind:?} {side:?}");
                assert_eq!(count(Role::LowerLeg(side)), legs_a_side, "{kind:?} {side:?}");
            }
            let lowest = |wanted: fn(Role) -> bool| {
                let bodies = scene.bodies.iter().filter(|body| wanted(body.role));
                bodies.flat_map(|body| &body.outline).map(|point| point.y).fold(f32::INFINITY, f32::min)
            };
            let hull = lowest(|role| role == Role::Hull);
            let upper = lowest(|role| matches!(role, Role::UpperLeg(_)));
            let lower = lowest(|role| matches!(role, Role::LowerLeg(_)));
            assert!(lower < upper && upper < hull, "{kind:?}: {lower} {upper} {hull}");
        }
    }

    #[test]
    fn the_lidar_reaches_the_ground_under_the_hull_and_not_the_sky() {
        let scene = scene(WalkerKind::Default);
        let on_ground = |at: Vec2| (f64::from(at.y) - START_HEIGHT_M).abs() < 1e-3;
        assert_eq!(scene.lidar.len(), 10);
        match scene.lidar[0] {
            LidarRay::Hit { from, at } => {
                assert!((f64::from(from.x) - START_X_M).abs() < 0.1);
                assert!((at.x - from.x).abs() < 1e-3 && on_ground(at), "{at:?}");
            }
            LidarRay::Miss { .. } => panic!("straight down is ground"),
        }
        assert!(matches!(scene.lidar[9], LidarRay::Miss { from, to } if to.x > from.x + 5.0));
    }
}
