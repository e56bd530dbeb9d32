//! Times of impact against distances at many times of the sweep.

use super::*;
use crate::physics::oracle::{self, any_body, any_edge, any_polygon, any_sweep};
use crate::physics::shape::Polygon;
use proptest::prelude::*;

/// How many times of a sweep are looked at. At the greatest speed a body moves 14 mm between two of them, seldom more than 5.
const SAMPLES: u32 = 200;

fn any_terrain() -> impl Strategy<Value = Vec<Vec2>> {
    prop_oneof![
        any_edge(1.0).prop_map(|edge| edge.ends().to_vec()),
        any_polygon(1.0).prop_map(|polygon| polygon.vertices().to_vec()),
    ]
}

fn apart(terrain: &[Vec2], body: &Polygon, sweep: &Sweep, share: f64) -> f64 {
    oracle::distance(&oracle::exact(terrain), &oracle::swept(body.vertices(), sweep, share))
}

fn falling(from: f32, to: f32, turn: f32) -> Sweep {
    Sweep {
        local_center: Vec2::ZERO,
        center_before: Vec2::new(0.0, from),
        center: Vec2::new(0.0, to),
        angle_before: 0.0,
        angle: turn,
        start: 0.0,
    }
}

const GROUND: [Vec2; 2] = [Vec2::new(-2.0, 0.0), Vec2::new(2.0, 0.0)];

#[test]
fn a_falling_box_touches_when_its_lower_side_is_at_the_target() {
    let body = Polygon::rectangle(0.5, 0.5).unwrap();
    let time = time_of_impact(&GROUND, body.vertices(), &falling(1.5, -0.5, 0.0)).unwrap();
    // Its lower side falls from 1 m to -1 m.
    assert!((1.0 - 2.0 * time - TARGET).abs() <= TOLERANCE);
    // So does a plate that is far thinner than it falls.
    let plate = Polygon::rectangle(0.5, 0.001).unwrap();
    let time = time_of_impact(&GROUND, plate.vertices(), &falling(1.001, -0.999, 0.0)).unwrap();
    assert!((1.0 - 2.0 * time - TARGET).abs() <= TOLERANCE);
}

#[test]
fn a_turning_plank_touches_though_both_ends_of_its_motion_are_clear() {
    // Level, half a metre over the ground, it turns through upright: its end sweeps the ground.
    let plank = Polygon::rectangle(0.6, 0.01).unwrap();
    let sweep = Sweep { angle_before: 0.4, angle: 2.7, ..falling(0.5, 0.5, 0.0) };
    assert!(apart(&GROUND, &plank, &sweep, 0.0) > 0.2 && apart(&GROUND, &plank, &sweep, 1.0) > 0.2);
    // The search looks at the end first and along one axis: there they are apart, so the turn goes unseen.
    assert_eq!(time_of_impact(&GROUND, plank.vertices(), &sweep), None);
}

#[test]
fn what_overlaps_or_parts_has_no_time() {
    let body = Polygon::rectangle(0.5, 0.5).unwrap();
    assert_eq!(time_of_impact(&GROUND, body.vertices(), &falling(0.4, 0.0, 0.0)), None);
    assert_eq!(time_of_impact(&GROUND, body.vertices(), &falling(0.6, 2.0, 0.0)), None);
    // What begins at the target touches at once, even where it leaves.
    assert_eq!(time_of_impact(&GROUND, body.vertices(), &falling(0.505, 2.0, 0.0)), Some(0.0));
}

proptest! {
    /// Between two times at which a body that turns is apart along an axis, it may be nearer by what its path is bent.
    #[test]
    fn bodies_are_at_the_target_when_they_touch_and_pass_through_nothing(
        terrain in any_terrain(), body in any_body(), sweep in any_sweep(2.0),
    ) {
        let (target, tolerance) = (f64::from(TARGET), f64::from(TOLERANCE) + 3e-5);
        let start = apart(&terrain, &body, &sweep, 0.0);
        let found = time_of_impact(&terrain, body.vertices(), &sweep);
        let until = match found {
            Some(time) => {
                let then = apart(&terrain, &body, &sweep, f64::from(time));
                prop_assert!(then <= target + tolerance, "{then} m apart at {time}");
                prop_assert!(then >= target - tolerance || time == 0.0, "{then} m apart at {time}");
                f64::from(time)
            }
            None => 1.0,
        };
        let center = oracle::Point::from(sweep.local_center);
        let radii = oracle::exact(body.vertices()).into_iter().map(|corner| corner.minus(center).length());
        let radius = radii.fold(0.0, f64::max);
        let travel = oracle::Point::from(sweep.center - sweep.center_before).length();
        let turn = f64::from(sweep.angle - sweep.angle_before).abs();
        let bend = (radius + travel) * turn * turn / 8.0 + travel * turn / 4.0;
        if start > 1e-5 {
            for sample in 0..=SAMPLES {
                let share = until * f64::from(sample) / f64::from(SAMPLES);
                let then = apart(&terrain, &body, &sweep, share);
                prop_assert!(then >= (target - tolerance).min(start) - bend, "{then} m apart at {share}, before {found:?}");
            }
        }
    }
}
