//! Edges and convex polygons: their outlines, bounds and masses, and where a ray meets them.
//!
//! Shapes have a thin skin of [`SKIN`] metres around them, in which contacts are made before outlines overlap. Convex hulls are
//! built as Box2D 2.3.0's `b2PolygonShape::Set` does, by gift wrapping from the rightmost point, without welding
//! points that lie close together (which 2.3.1 does, and which turns thin stumps into something else).

use super::math::Vec2;
use serde::{Deserialize, Serialize};

/// The thickness of the skin around every outline, metres.
pub(crate) const SKIN: f32 = 2.0 * super::LINEAR_SLOP;

/// The most vertices of a polygon.
pub const MAX_VERTICES: usize = 16;

/// Why a shape cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A polygon needs three to [`MAX_VERTICES`] points.
    #[error("a polygon has 3 to {MAX_VERTICES} points, not {0}: leave out points or split it")]
    PointCount(usize),
    /// A coordinate is not a finite number of metres below a million.
    #[error("({x}, {y}) is not a point within 1e6 m of the origin")]
    OutOfRange {
        /// The point's first coordinate.
        x: f32,
        /// Its second.
        y: f32,
    },
    /// Two points that follow one another on the outline are the same.
    #[error("the outline has an edge without length at ({x}, {y}): its points must differ")]
    NoLength {
        /// The edge's first coordinate.
        x: f32,
        /// Its second.
        y: f32,
    },
    /// The points lie on one line.
    #[error("the polygon has no area: its points must not lie on one line")]
    NoArea,
}

/// A line segment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    ends: [Vec2; 2],
    /// The unit normal on the right of the way from the first end to the second; zero for an edge without length.
    pub(crate) normal: Vec2,
}

impl Edge {
    /// A segment between two points, which may be the same: the publication's ground has such edges, and only rays pass them by.
    ///
    /// # Errors
    /// If a point is out of range.
    pub fn new(from: Vec2, to: Vec2) -> Result<Self, ShapeError> {
        check_point(from)?;
        check_point(to)?;
        let (normal, _) = (to - from).right().normalized();
        Ok(Self { ends: [from, to], normal })
    }

    /// Both ends, metres.
    #[inline(always)]
    pub fn ends(&self) -> &[Vec2; 2] {
        &self.ends
    }

    /// The share of the way along a ray at which it meets the edge, from either side.
    pub(crate) fn ray_cast(&self, ray: &Ray) -> Option<f32> {
        let direction = ray.to - ray.from;
        let [v1, v2] = self.ends;
        let along = v2 - v1;
        let numerator = self.normal.dot(v1 - ray.from);
        let denominator = self.normal.dot(direction);
        if denominator == 0.0 {
            return None;
        }
        let share = numerator / denominator;
        if share < 0.0 || ray.reach < share {
            return None;
        }
        let met = ray.from + share * direction;
        let length_squared = along.dot(along);
        if length_squared == 0.0 {
            return None;
        }
        let place = (met - v1).dot(along) / length_squared;
        (0.0..=1.0).contains(&place).then_some(share)
    }
}

/// A convex polygon, its vertices in counterclockwise order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polygon {
    vertices: [Vec2; MAX_VERTICES],
    normals: [Vec2; MAX_VERTICES],
    count: usize,
    pub(crate) centroid: Vec2,
}

impl Polygon {
    /// The convex hull of 3 to [`MAX_VERTICES`] points.
    ///
    /// # Errors
    /// If there are too few or too many points, one is out of range, or they span no area.
    pub fn hull_of(points: &[Vec2]) -> Result<Self, ShapeError> {
        if !(3..=MAX_VERTICES).contains(&points.len()) {
            return Err(ShapeError::PointCount(points.len()));
        }
        points.iter().try_for_each(|&point| check_point(point))?;
        let (hull, count) = gift_wrapped(points).ok_or(ShapeError::NoArea)?;
        let mut normals = [Vec2::ZERO; MAX_VERTICES];
        for index in 0..count {
            let edge = hull[(index + 1) % count] - hull[index];
            let (normal, length) = edge.right().normalized();
            if length == 0.0 {
                return Err(ShapeError::NoLength { x: hull[index].x, y: hull[index].y });
            }
            normals[index] = normal;
        }
        let centroid = centroid_of(&hull[..count]).ok_or(ShapeError::NoArea)?;
        Ok(Self { vertices: hull, normals, count, centroid })
    }

    /// A box about the origin.
    ///
    /// # Errors
    /// If a half length is not a positive number.
    pub fn rectangle(half_width: f32, half_height: f32) -> Result<Self, ShapeError> {
        check_point(Vec2::new(half_width, half_height))?;
        if half_width <= f32::EPSILON || half_height <= f32::EPSILON {
            return Err(ShapeError::NoArea);
        }
        let mut vertices = [Vec2::ZERO; MAX_VERTICES];
        vertices[..4].copy_from_slice(&[
            Vec2::new(-half_width, -half_height),
            Vec2::new(half_width, -half_height),
            Vec2::new(half_width, half_height),
            Vec2::new(-half_width, half_height),
        ]);
        let mut normals = [Vec2::ZERO; MAX_VERTICES];
        normals[..4].copy_from_slice(&[
            Vec2::new(0.0, -1.0),
            Vec2::new(1.0, 0.0),
            Vec2::new(0.0, 1.0),
            Vec2::new(-1.0, 0.0),
        ]);
        Ok(Self { vertices, normals, count: 4, centroid: Vec2::ZERO })
    }

    /// The corners in counterclockwise order, metres.
    #[inline(always)]
    pub fn vertices(&self) -> &[Vec2] {
        &self.vertices[..self.count]
    }

    /// The outward unit normals; normal i belongs to the side from vertex i to the next.
    #[inline(always)]
    pub fn normals(&self) -> &[Vec2] {
        &self.normals[..self.count]
    }

    /// Mass, centre of mass and moment of inertia about the origin, at a density in kg/m².
    ///
    /// The integrals are sums over triangles that share the mean of the vertices.
    pub(crate) fn mass(&self, density: f32) -> Mass {
        let vertices = self.vertices();
        let mut middle = Vec2::ZERO;
        for &vertex in vertices {
            middle += vertex;
        }
        middle = (1.0 / vertices.len() as f32) * middle;
        let third = 1.0_f32 / 3.0;
        let mut center = Vec2::ZERO;
        let mut area = 0.0_f32;
        let mut inertia = 0.0_f32;
        for index in 0..vertices.len() {
            let e1 = vertices[index] - middle;
            let e2 = vertices[(index + 1) % vertices.len()] - middle;
            let doubled = e1.cross(e2);
            let triangle = 0.5 * doubled;
            area += triangle;
            center += (triangle * third) * (e1 + e2);
            let xx = e1.x * e1.x + e2.x * e1.x + e2.x * e2.x;
            let yy = e1.y * e1.y + e2.y * e1.y + e2.y * e2.y;
            inertia += (0.25 * third * doubled) * (xx + yy);
        }
        let mass = density * area;
        center = (1.0 / area) * center;
        let moved = center + middle;
        let inertia = density * inertia + mass * (moved.dot(moved) - center.dot(center));
        Mass { mass, center: moved, inertia }
    }

    /// The share of the way along a ray at which it enters the polygon, which lies at the world's origin.
    pub(crate) fn ray_cast(&self, ray: &Ray) -> Option<f32> {
        let direction = ray.to - ray.from;
        let (mut lower, mut upper) = (0.0_f32, ray.reach);
        let mut enters = false;
        for (&vertex, &normal) in self.vertices().iter().zip(self.normals()) {
            let numerator = normal.dot(vertex - ray.from);
            let denominator = normal.dot(direction);
            if denominator == 0.0 {
                if numerator < 0.0 {
                    return None;
                }
            } else if denominator < 0.0 && numerator < lower * denominator {
                lower = numerator / denominator;
                enters = true;
            } else if denominator > 0.0 && numerator < upper * denominator {
                upper = numerator / denominator;
            }
            if upper < lower {
                return None;
            }
        }
        enters.then_some(lower)
    }
}

/// A segment along which the world is searched, up to a share of its length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ray {
    pub(crate) from: Vec2,
    pub(crate) to: Vec2,
    pub(crate) reach: f32,
}

/// Mass (kg), centre of mass (m) and moment of inertia about the origin (kg m²) of a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mass {
    pub(crate) mass: f32,
    pub(crate) center: Vec2,
    pub(crate) inertia: f32,
}

fn check_point(point: Vec2) -> Result<(), ShapeError> {
    let inside = |value: f32| value.abs() <= 1e6;
    if inside(point.x) && inside(point.y) {
        Ok(())
    } else {
        Err(ShapeError::OutOfRange { x: point.x, y: point.y })
    }
}

/// The points of the hull from the rightmost (and lowest) one on, or none if they cannot be wrapped.
#[allow(clippy::float_cmp, reason = "points on one line are told by an exact zero, as in the original")]
fn gift_wrapped(points: &[Vec2]) -> Option<([Vec2; MAX_VERTICES], usize)> {
    let mut first = 0;
    for (index, point) in points.iter().enumerate() {
        let best = points[first];
        if point.x > best.x || (point.x == best.x && point.y < best.y) {
            first = index;
        }
    }
    let mut hull = [Vec2::ZERO; MAX_VERTICES];
    let mut count = 0;
    let mut here = first;
    loop {
        if count == points.len() {
            return None;
        }
        hull[count] = points[here];
        count += 1;
        let mut next = 0;
        for (index, &point) in points.iter().enumerate().skip(1) {
            if next == here {
                next = index;
                continue;
            }
            let best = points[next] - points[here];
            let other = point - points[here];
            let side = best.cross(other);
            if side < 0.0 || (side == 0.0 && other.length_squared() > best.length_squared()) {
                next = index;
            }
        }
        here = next;
        if here == first {
            break;
        }
    }
    (count >= 3).then_some((hull, count))
}

/// The centre of area, summed over triangles at the world's origin; none without an area.
fn centroid_of(vertices: &[Vec2]) -> Option<Vec2> {
    let third = 1.0_f32 / 3.0;
    let mut center = Vec2::ZERO;
    let mut area = 0.0_f32;
    for index in 0..vertices.len() {
        let p2 = vertices[index];
        let p3 = vertices[(index + 1) % vertices.len()];
        let triangle = 0.5 * p2.cross(p3);
        area += triangle;
        center += (triangle * third) * (Vec2::ZERO + p2 + p3);
    }
    (area > f32::EPSILON).then(|| (1.0 / area) * center)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::oracle::{self, any_edge, any_point, any_polygon};
    use proptest::prelude::*;

    fn points(coordinates: &[(f32, f32)]) -> Vec<Vec2> {
        coordinates.iter().map(|&(x, y)| Vec2::new(x, y)).collect()
    }

    #[test]
    fn a_hull_starts_at_the_lowest_of_the_rightmost_points_and_leaves_out_inner_ones() {
        let hull =
            Polygon::hull_of(&points(&[(0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (1.0, 0.0), (0.0, 1.0)])).unwrap();
        assert_eq!(hull.vertices(), points(&[(1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]));
        assert_eq!(hull.normals()[0], Vec2::new(1.0, 0.0));
        assert_eq!(hull.centroid, Vec2::new(0.5, 0.5));
    }

    #[test]
    fn thin_polygons_keep_points_that_lie_close_together() {
        let hull = Polygon::hull_of(&points(&[(0.0, 0.0), (0.02, 0.0), (0.02, 1.0), (0.0, 1.0)])).unwrap();
        assert_eq!(hull.vertices().len(), 4);
    }

    #[test]
    fn what_is_no_polygon_is_refused_with_its_reason() {
        let cases = [
            (
                points(&[(0.0, 0.0), (1.0, 1.0)]),
                "a polygon has 3 to 16 points, not 2: leave out points or split it",
            ),
            (
                points(&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]),
                "the polygon has no area: its points must not lie on one line",
            ),
            (
                points(&[(0.0, 0.0), (0.0, 0.0), (0.0, 0.0)]),
                "the polygon has no area: its points must not lie on one line",
            ),
            (
                points(&[(f32::NAN, 0.0), (1.0, 1.0), (0.0, 1.0)]),
                "(NaN, 0) is not a point within 1e6 m of the origin",
            ),
        ];
        for (points, expected) in cases {
            assert_eq!(Polygon::hull_of(&points).unwrap_err().to_string(), expected);
        }
        assert!(Edge::new(Vec2::new(1.0, 1.0), Vec2::new(1.0, f32::INFINITY)).is_err());
    }

    #[test]
    fn the_mass_of_a_rectangle_is_known() {
        let mass = Polygon::rectangle(1.0, 2.0).unwrap().mass(3.0);
        assert!((mass.mass - 24.0).abs() < 1e-5);
        assert_eq!(mass.center, Vec2::ZERO);
        assert!((mass.inertia - 24.0 * (4.0 + 16.0) / 12.0).abs() < 1e-4);
    }

    #[test]
    fn rays_meet_edges_from_both_sides_and_polygons_from_outside_only() {
        let down = Ray { from: Vec2::new(0.0, 3.0), to: Vec2::new(0.0, -1.0), reach: 1.0 };
        let up = Ray { from: Vec2::new(0.0, -1.0), to: Vec2::new(0.0, 3.0), reach: 1.0 };
        let edge = Edge::new(Vec2::new(-1.0, 0.0), Vec2::new(1.0, 0.0)).unwrap();
        assert_eq!(edge.ray_cast(&down), Some(0.75));
        assert_eq!(edge.ray_cast(&up), Some(0.25));
        assert_eq!(edge.ray_cast(&Ray { reach: 0.7, ..down }), None);
        let polygon = Polygon::rectangle(1.0, 1.0).unwrap();
        assert_eq!(polygon.ray_cast(&down), Some(0.5));
        let inside = Ray { from: Vec2::ZERO, ..down };
        assert_eq!(polygon.ray_cast(&inside), None);
    }

    fn any_grid_points() -> impl Strategy<Value = Vec<Vec2>> {
        // Quarters of metres are exact, so that equal points and points on one line occur and are told.
        let quarters = || (-8..=8_i8).prop_map(|quarters| f32::from(quarters) / 4.0);
        let point = (quarters(), quarters()).prop_map(|(x, y)| Vec2::new(x, y));
        prop::collection::vec(point, 3..=MAX_VERTICES)
    }

    proptest! {
        #[test]
        fn a_hull_is_that_of_another_method(points in any_grid_points()) {
            let mut expected = oracle::hull(&oracle::exact(&points));
            match Polygon::hull_of(&points) {
                Err(error) => {
                    prop_assert!(expected.len() < 3, "{error}, but there is a hull");
                    prop_assert_eq!(error, ShapeError::NoArea);
                }
                Ok(polygon) => {
                    let first = expected
                        .iter()
                        .enumerate()
                        .max_by(|(_, a), (_, b)| a.x.total_cmp(&b.x).then(b.y.total_cmp(&a.y)))
                        .map_or(0, |(index, _)| index);
                    expected.rotate_left(first);
                    prop_assert_eq!(oracle::exact(polygon.vertices()), expected);
                }
            }
        }

        #[test]
        fn no_point_is_outside_the_hull_and_normals_are_units(polygon in any_polygon(3.0)) {
            for (&vertex, &normal) in polygon.vertices().iter().zip(polygon.normals()) {
                prop_assert!((normal.length() - 1.0).abs() < 1e-6);
                prop_assert!(polygon.vertices().iter().all(|&other| normal.dot(other - vertex) < 1e-5));
            }
        }

        #[test]
        fn masses_are_sums_over_triangles(polygon in any_polygon(3.0), density in 0.1..10.0_f32) {
            let (area, center, inertia) = oracle::integrals(&oracle::exact(polygon.vertices()));
            let density = f64::from(density);
            let mass = polygon.mass(density as f32);
            prop_assert!((f64::from(mass.mass) - density * area).abs() < 1e-5 * density);
            prop_assert!((f64::from(mass.inertia) - density * inertia).abs() < 1e-4 * density);
            // Centres divide by the area, which may be small.
            for found in [mass.center, polygon.centroid] {
                prop_assert!(oracle::Point::from(found).minus(center).length() < 1e-5 / area.min(1.0));
            }
        }

        #[test]
        fn rays_meet_edges_where_lines_cross(edge in any_edge(2.0), from in any_point(3.0), to in any_point(3.0)) {
            let found = edge.ray_cast(&Ray { from, to, reach: 1.0 });
            let [a, b, from, to] = [edge.ends()[0], edge.ends()[1], from, to].map(oracle::Point::from);
            match oracle::crossing((from, to), (a, b)) {
                oracle::Crossing::At(share) => {
                    let found = found.expect("the lines cross well within both");
                    prop_assert!((f64::from(found) - share).abs() < 1e-3);
                }
                oracle::Crossing::None => prop_assert_eq!(found, None),
                oracle::Crossing::Unclear => {}
            }
        }

        #[test]
        fn rays_enter_polygons_at_the_first_side_that_they_cross(
            polygon in any_polygon(2.0), from in any_point(3.0), to in any_point(3.0),
        ) {
            let outline = oracle::exact(polygon.vertices());
            let found = polygon.ray_cast(&Ray { from, to, reach: 1.0 });
            let [from, to] = [from, to].map(oracle::Point::from);
            let mut shares = Vec::new();
            for index in 0..outline.len() {
                let side = (outline[index], outline[(index + 1) % outline.len()]);
                match oracle::crossing((from, to), side) {
                    oracle::Crossing::At(share) => shares.push(share),
                    oracle::Crossing::None => {}
                    oracle::Crossing::Unclear => return Ok(()),
                }
            }
            let outside = oracle::distance(&[from, from], &outline) > 0.0;
            match shares.into_iter().reduce(f64::min).filter(|_| outside) {
                Some(share) => {
                    let found = found.expect("the ray crosses a side well within it");
                    prop_assert!((f64::from(found) - share).abs() < 1e-3);
                }
                None => prop_assert_eq!(found, None),
            }
        }
    }
}
