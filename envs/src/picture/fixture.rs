//! A scene that the tests share: flat ground at 0 m, a pillar, a walker of boxes and two rays.

use super::{Body, Caption, LidarRay, Role, Scene, Scenery, Side};
use crate::{
    physics::{Edge, Polygon, Vec2},
    track::Surface,
};
use std::sync::Arc;

/// The scene with the hull's middle at (x, 3): legs below it (the near ones further right), a ray that ends at the pillar
/// (12 to 13 m, 2 m high) and one that ends in the sky.
pub(crate) fn scene(x_m: f32) -> Scene {
    Scene {
        scenery: Arc::new(scenery()),
        bodies: vec![
            body(Role::LowerLeg(Side::Near), (x_m + 0.3, 0.5), (0.2, 0.5)),
            body(Role::UpperLeg(Side::Near), (x_m + 0.3, 1.8), (0.2, 0.7)),
            body(Role::Hull, (x_m, 3.0), (1.0, 0.6)),
            body(Role::LowerLeg(Side::Far), (x_m - 0.3, 0.5), (0.2, 0.5)),
            body(Role::UpperLeg(Side::Far), (x_m, 1.8), (0.5, 0.7)),
        ],
        lidar: vec![
            LidarRay::Hit { from: Vec2::new(x_m, 3.0), at: Vec2::new(12.0, 1.0) },
            LidarRay::Miss { from: Vec2::new(x_m, 3.0), to: Vec2::new(x_m + 5.0, 4.0) },
        ],
        caption: Caption::default(),
    }
}

/// Ground from 0 to 40 m with the flags at 2 and 38 m.
pub(crate) fn scenery() -> Scenery {
    let edges = (0..40_u8).map(|index| {
        let [from, to] = [index, index + 1].map(|x| Vec2::new(f32::from(x), 0.0));
        Surface::Edge(Edge::new(from, to).unwrap())
    });
    let pillar = [(12.0, 0.0), (13.0, 0.0), (13.0, 2.0), (12.0, 2.0)].map(|(x, y)| Vec2::new(x, y));
    let pillar = Surface::Polygon(Box::new(Polygon::hull_of(&pillar).unwrap()));
    let surfaces: Vec<Surface> = [pillar].into_iter().chain(edges).collect();
    Scenery::of(&surfaces).unwrap().with_start(2.0).with_finish(38.0)
}

fn body(role: Role, (x, y): (f32, f32), (half_width, half_height): (f32, f32)) -> Body {
    let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
    let outline = corners.map(|(right, up)| Vec2::new(x + right * half_width, y + up * half_height));
    Body { role, outline: outline.to_vec() }
}
