//! Known situations with their points, and what holds of the points of any.

use super::*;
use crate::physics::body::Body;
use crate::physics::math::{Rotation, Transform};
use crate::physics::oracle::{self, any_body, any_edge, any_place, any_polygon};
use crate::physics::shape::{Edge, Polygon};
use core::f32::consts::{FRAC_1_SQRT_2, FRAC_PI_2, FRAC_PI_4};
use proptest::prelude::*;

fn edge(from: (f32, f32), to: (f32, f32)) -> Edge {
    Edge::new(Vec2::new(from.0, from.1), Vec2::new(to.0, to.1)).unwrap()
}

fn on_edge(edge: &Edge, body: &Body) -> Manifold {
    with_edge(edge, &body.shape, body.place, &body.outline)
}

/// A box one metre wide and high.
fn unit_box(x: f32, y: f32, angle: f32) -> Body {
    oracle::body(Polygon::rectangle(0.5, 0.5).unwrap(), Vec2::new(x, y), angle)
}

/// The points in the world, from left to right.
fn places(manifold: &Manifold, body: Transform) -> Vec<Vec2> {
    let mut places: Vec<Vec2> = manifold
        .points()
        .iter()
        .map(|point| match manifold.reference {
            Reference::Terrain => body.apply(point.place),
            Reference::Body => point.place,
        })
        .collect();
    places.sort_by(|one, other| one.x.total_cmp(&other.x));
    places
}

/// Checks the owner of the reference face, the normal in the owner's coordinates, and the points in the world.
#[track_caller]
fn assert_touches(
    manifold: &Manifold,
    body: &Body,
    reference: Reference,
    normal: (f32, f32),
    points: &[(f32, f32)],
) {
    let near = |place: Vec2, (x, y): (f32, f32)| (place.x - x).abs() < 1e-5 && (place.y - y).abs() < 1e-5;
    let found = places(manifold, body.place);
    assert_eq!(found.len(), points.len(), "{found:?}");
    assert!(found.iter().zip(points).all(|(&place, &point)| near(place, point)), "{found:?}");
    assert_eq!(manifold.reference, reference);
    assert!(near(manifold.normal, normal), "{:?}", manifold.normal);
}

#[test]
fn a_box_stands_on_an_edge_with_two_corners_on_whichever_side_it_is() {
    let ground = edge((-2.0, 0.0), (2.0, 0.0));
    //     ┌───┐
    //     └───┘
    //  ───•───•───
    let above = unit_box(0.25, 0.505, 0.0);
    let points = [(-0.25, 0.005), (0.75, 0.005)];
    assert_touches(&on_edge(&ground, &above), &above, Reference::Terrain, (0.0, 1.0), &points);
    // Drawn from right to left the edge is as solid.
    let back = edge((2.0, 0.0), (-2.0, 0.0));
    assert_touches(&on_edge(&back, &above), &above, Reference::Terrain, (0.0, 1.0), &points);
    //  ───•───•───
    //     ┌───┐
    //     └───┘
    let below = unit_box(0.25, -0.505, 0.0);
    let points = [(-0.25, -0.005), (0.75, -0.005)];
    assert_touches(&on_edge(&ground, &below), &below, Reference::Terrain, (0.0, -1.0), &points);
}

#[test]
fn a_box_on_its_corner_has_one_point() {
    //     ╱╲
    //     ╲╱
    //  ────•────
    let ground = edge((-2.0, 0.0), (2.0, 0.0));
    let body = unit_box(0.0, FRAC_1_SQRT_2 - 0.01, FRAC_PI_4);
    assert_touches(&on_edge(&ground, &body), &body, Reference::Terrain, (0.0, 1.0), &[(0.0, -0.01)]);
}

#[test]
fn a_box_over_the_end_of_an_edge_touches_it_as_far_as_it_goes() {
    let ground = edge((-2.0, 0.0), (0.0, 0.0));
    //     ┌───┐
    //     └───┘
    //  ───•─•
    let over_the_end = unit_box(0.0, 0.505, 0.0);
    let manifold = on_edge(&ground, &over_the_end);
    let points = [(-0.5, 0.005), (0.0, 0.005)];
    assert_touches(&manifold, &over_the_end, Reference::Terrain, (0.0, 1.0), &points);
    // The cut point is made by the edge's second end, the other one by the box's first corner.
    let features: Vec<Feature> = manifold.points().iter().map(|point| point.feature).collect();
    assert!(features.iter().any(|feature| feature.terrain == Part::Vertex(1)));
    assert!(features.contains(&Feature { terrain: Part::Face(0), body: Part::Vertex(0) }));
    //        ┌───┐
    //        └───┘
    //  ────
    assert_eq!(on_edge(&ground, &unit_box(0.6, 0.505, 0.0)), Manifold::EMPTY);
}

#[test]
fn what_is_farther_than_both_skins_does_not_touch() {
    let ground = edge((-2.0, 0.0), (2.0, 0.0));
    assert_eq!(on_edge(&ground, &unit_box(0.0, 0.5199, 0.0)).count, 2);
    assert_eq!(on_edge(&ground, &unit_box(0.0, 0.5201, 0.0)), Manifold::EMPTY);
    let block = Polygon::rectangle(2.0, 1.0).unwrap();
    let on_block = |body: Body| with_polygon(&block, &body.shape, body.place);
    assert_eq!(on_block(unit_box(0.0, 1.5199, 0.0)).count, 2);
    assert_eq!(on_block(unit_box(0.0, 1.5201, 0.0)), Manifold::EMPTY);
}

#[test]
fn the_end_of_a_post_touches_the_side_of_the_box() {
    //   ┌───┐
    //   └───┘
    //     •
    //     │
    let post = edge((0.1, -1.0), (0.1, 0.0));
    let body = unit_box(0.0, 0.505, 0.0);
    assert_touches(&on_edge(&post, &body), &body, Reference::Body, (0.0, -1.0), &[(0.1, 0.0)]);
}

#[test]
fn of_two_polygons_the_ground_is_the_reference_unless_the_body_is_clearly_better() {
    //    ┌──┐
    //    └──┘
    //  ┌─•──•─┐
    //  └──────┘
    let block = Polygon::rectangle(2.0, 1.0).unwrap();
    let body = unit_box(0.0, 1.505, 0.0);
    let manifold = with_polygon(&block, &body.shape, body.place);
    let points = [(-0.5, 1.005), (0.5, 1.005)];
    assert_touches(&manifold, &body, Reference::Terrain, (0.0, 1.0), &points);
    //    ┌──┐
    //    └──┘
    //     ╱•╲
    //    ╱   ╲
    let diamond =
        Polygon::hull_of(&[(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)].map(|(x, y)| Vec2::new(x, y)));
    let body = unit_box(0.0, 1.49, 0.0);
    let manifold = with_polygon(&diamond.unwrap(), &body.shape, body.place);
    assert_touches(&manifold, &body, Reference::Body, (0.0, -1.0), &[(0.0, 1.0)]);
}

#[test]
fn points_find_the_impulses_of_the_same_features() {
    let ground = edge((-2.0, 0.0), (2.0, 0.0));
    let block = Polygon::rectangle(2.0, 1.0).unwrap();
    let on_edge_at = |body: Body| on_edge(&ground, &body);
    let on_block_at = |mut body: Body| {
        body.place.position.y += 1.0;
        with_polygon(&block, &body.shape, body.place)
    };
    for touching in [&on_edge_at as &dyn Fn(Body) -> Manifold, &on_block_at] {
        let mut earlier = touching(unit_box(0.0, 0.505, 0.0));
        for (index, point) in earlier.points.iter_mut().enumerate() {
            (point.normal_impulse, point.tangent_impulse) = (1.0 + index as f32, 0.1);
        }
        let impulse_of = |manifold: &Manifold, corner: u8| {
            let point = manifold.points().iter().find(|point| point.feature.body == Part::Vertex(corner));
            point.map(|point| (point.normal_impulse, point.tangent_impulse))
        };
        // A slide keeps both.
        let mut slid = touching(unit_box(0.1, 0.506, 0.001));
        slid.inherit(&earlier);
        for corner in [0, 1] {
            assert!(impulse_of(&slid, corner).is_some());
            assert_eq!(impulse_of(&slid, corner), impulse_of(&earlier, corner));
        }
        // Tipped over its first corner to the left, that one stays and the next is new.
        let mut tipped = touching(unit_box(-1.0, 0.505, FRAC_PI_2));
        tipped.inherit(&earlier);
        assert_eq!(impulse_of(&tipped, 3), Some((0.0, 0.0)));
        assert_eq!(impulse_of(&tipped, 1), None);
        // The ground's number of the face is part of the feature, and both stand on the same face.
        assert_eq!(impulse_of(&tipped, 0), impulse_of(&earlier, 0));
    }
}

/// Checks points of outlines that don't overlap: on the clipped outline, and within `reach` of the reference's.
fn assert_points_between(manifold: &Manifold, terrain: &[Vec2], body: &Body, reach: f64) {
    let (terrain, outline) = (oracle::exact(terrain), oracle::swept(body.shape.vertices(), &body.sweep, 1.0));
    let apart = oracle::distance(&terrain, &outline);
    if manifold.count > 0 {
        assert!(apart <= reach + 1e-5, "outlines {apart} m apart touch");
    }
    for place in places(manifold, body.place) {
        let point = [oracle::Point::from(place); 2];
        let (to_terrain, to_body) = (oracle::distance(&point, &terrain), oracle::distance(&point, &outline));
        let (to_reference, to_clipped) = match manifold.reference {
            Reference::Terrain => (to_terrain, to_body),
            Reference::Body => (to_body, to_terrain),
        };
        assert!(to_clipped < 1e-5, "a point is {to_clipped} m off its outline");
        assert!(apart == 0.0 || to_reference <= reach + 1e-5, "a point is {to_reference} m from the face");
    }
    let normal = manifold.normal.length();
    assert!(manifold.count == 0 || (normal - 1.0).abs() < 1e-5);
}

proptest! {
    #[test]
    fn points_on_edges_are_within_both_skins(edge in any_edge(1.0), shape in any_body(), place in any_place(2.0)) {
        prop_assume!(edge.ends()[0] != edge.ends()[1]);
        let body = near(edge.ends(), shape, place);
        assert_points_between(&on_edge(&edge, &body), edge.ends(), &body, f64::from(TOUCHING));
    }

    #[test]
    fn points_on_polygons_are_within_both_skins(
        terrain in any_polygon(1.0), shape in any_body(), place in any_place(2.0),
    ) {
        let body = near(terrain.vertices(), shape, place);
        let manifold = with_polygon(&terrain, &body.shape, body.place);
        // Faces of polygons are longer by both skins at either end.
        assert_points_between(&manifold, terrain.vertices(), &body, f64::from(TOUCHING) * 2.0_f64.sqrt());
    }

    #[test]
    fn where_a_corner_of_a_box_stands_over_the_inside_of_an_edge_they_touch(
        edge in any_edge(1.0), width in 0.05..1.0_f32, height_of_box in 0.05..1.0_f32,
        angle in oracle::any_angle(), share in 0.01..0.99_f32, tenths_of_mm in -50..=199_i16, front in any::<bool>(),
    ) {
        let [from, to] = *edge.ends();
        prop_assume!((to - from).length() > 0.1);
        let height = f32::from(tenths_of_mm) * 1e-4;
        let shape = Polygon::rectangle(width, height_of_box).unwrap();
        let up = if front { edge.normal } else { -edge.normal };
        let turned = Rotation::by(angle);
        let lowest = shape.vertices().iter().map(|&vertex| turned.apply(vertex));
        let lowest = lowest.min_by(|one, other| one.dot(up).total_cmp(&other.dot(up))).unwrap();
        let body = oracle::body(shape, from + share * (to - from) + height * up - lowest, angle);
        prop_assert!(on_edge(&edge, &body).count > 0);
    }
}

/// A body moved along the line between outlines until they are nearly within their skins, if they are apart.
fn near(terrain: &[Vec2], shape: Polygon, place: Transform) -> Body {
    let angle = place.rotation.sin.atan2(place.rotation.cos);
    let mut body = oracle::body(shape, place.position, angle);
    let middle = 0.5 * (terrain[0] + terrain[1]);
    for _ in 0..8 {
        let outline = oracle::swept(body.shape.vertices(), &body.sweep, 1.0);
        let apart = oracle::distance(&oracle::exact(terrain), &outline) as f32;
        if apart < 0.015 {
            break;
        }
        let (towards, _) = (middle - body.sweep.center).normalized();
        body = oracle::body(shape, body.place.position + (apart - 0.01) * towards, angle);
    }
    body
}
