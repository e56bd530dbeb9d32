//! What the tests of the physics compare it with: geometry of `f64` by the plainest methods there are, and shapes to try it on.

use super::body::{Body, BodySpec};
use super::joint::HingeSpec;
use super::math::{Rotation, Sweep, Transform, Vec2};
use super::shape::{Edge, Polygon};
use super::tree::Tree;
use super::world::World;
use core::f32::consts::{FRAC_PI_2, PI};
use proptest::prelude::*;

/// A point in `f64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    pub(crate) fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }

    pub(crate) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    pub(crate) fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    pub(crate) fn length(self) -> f64 {
        self.x.hypot(self.y)
    }
}

impl From<Vec2> for Point {
    fn from(vector: Vec2) -> Self {
        Self::new(f64::from(vector.x), f64::from(vector.y))
    }
}

/// An outline in `f64`.
pub(crate) fn exact(outline: &[Vec2]) -> Vec<Point> {
    outline.iter().map(|&corner| corner.into()).collect()
}

/// The corners of a body at a share of its sweep, each from the motion of the centre of mass and the angle.
pub(crate) fn swept(outline: &[Vec2], sweep: &Sweep, share: f64) -> Vec<Point> {
    let between = |from: f32, to: f32| (1.0 - share) * f64::from(from) + share * f64::from(to);
    let (sin, cos) = between(sweep.angle_before, sweep.angle).sin_cos();
    let x = between(sweep.center_before.x, sweep.center.x);
    let y = between(sweep.center_before.y, sweep.center.y);
    let turned =
        |corner: Point| Point::new(x + cos * corner.x - sin * corner.y, y + sin * corner.x + cos * corner.y);
    let center = Point::from(sweep.local_center);
    outline.iter().map(|&corner| turned(Point::from(corner).minus(center))).collect()
}

/// The convex hull of points, counterclockwise, without points on its sides (Andrew's monotone chain).
pub(crate) fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    sorted.dedup();
    let half = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && b.minus(a).cross(point.minus(a)) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut sorted.iter().copied());
    hull.extend(half(&mut sorted.iter().rev().copied()));
    hull
}

/// Area, centre of area and moment of inertia about the origin per density, by triangles at the first corner.
pub(crate) fn integrals(outline: &[Point]) -> (f64, Point, f64) {
    let (mut area, mut moment, mut inertia) = (0.0, Point::new(0.0, 0.0), 0.0);
    let a = outline[0];
    for pair in outline[1..].windows(2) {
        let [b, c] = [pair[0], pair[1]];
        let triangle = b.minus(a).cross(c.minus(a)) / 2.0;
        area += triangle;
        moment.x += triangle * (a.x + b.x + c.x) / 3.0;
        moment.y += triangle * (a.y + b.y + c.y) / 3.0;
        // The mean of squares over a triangle is that over the middles of its sides.
        for (one, other) in [(a, b), (b, c), (c, a)] {
            let middle = Point::new((one.x + other.x) / 2.0, (one.y + other.y) / 2.0);
            inertia += triangle / 3.0 * middle.dot(middle);
        }
    }
    (area, Point::new(moment.x / area, moment.y / area), inertia)
}

/// The sides of an outline; those of a segment are the segment there and back.
fn sides(outline: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    (0..outline.len()).map(|index| (outline[index], outline[(index + 1) % outline.len()]))
}

/// The distance of a point from a segment.
fn distance_to_segment(point: Point, (from, to): (Point, Point)) -> f64 {
    let along = to.minus(from);
    let length_squared = along.dot(along);
    let share = if length_squared == 0.0 {
        0.0
    } else {
        (point.minus(from).dot(along) / length_squared).clamp(0.0, 1.0)
    };
    point.minus(Point::new(from.x + share * along.x, from.y + share * along.y)).length()
}

/// The distance between two convex outlines; zero where they overlap.
pub(crate) fn distance(one: &[Point], other: &[Point]) -> f64 {
    let inside = |point: Point, outline: &[Point]| {
        outline.len() > 2 && sides(outline).all(|(from, to)| to.minus(from).cross(point.minus(from)) >= 0.0)
    };
    let crossing = sides(one).any(|side| sides(other).any(|across| cross_each_other(side, across)));
    if crossing || inside(one[0], other) || inside(other[0], one) {
        return 0.0;
    }
    let nearest = |corners: &[Point], outline: &[Point]| {
        let pairs = corners.iter().flat_map(|&corner| sides(outline).map(move |side| (corner, side)));
        pairs.map(|(corner, side)| distance_to_segment(corner, side)).fold(f64::INFINITY, f64::min)
    };
    nearest(one, other).min(nearest(other, one))
}

fn cross_each_other((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let side = |from: Point, to: Point, point: Point| to.minus(from).cross(point.minus(from));
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

/// Whether and where a ray crosses a segment.
pub(crate) enum Crossing {
    /// At this share of the ray.
    At(f64),
    /// Nowhere near.
    None,
    /// At an end, or along it: rounding decides.
    Unclear,
}

/// Where a ray crosses a segment.
pub(crate) fn crossing(ray: (Point, Point), segment: (Point, Point)) -> Crossing {
    const CLEAR: f64 = 1e-3;
    if distance(&[ray.0, ray.1], &[segment.0, segment.1]) > CLEAR {
        return Crossing::None;
    }
    let (along_ray, along) = (ray.1.minus(ray.0), segment.1.minus(segment.0));
    let sine = along_ray.cross(along) / (along_ray.length() * along.length());
    let share_of_ray = segment.0.minus(ray.0).cross(along) / along_ray.cross(along);
    let share = segment.0.minus(ray.0).cross(along_ray) / along_ray.cross(along);
    let within = |share: f64, length: f64| share * length > CLEAR && (1.0 - share) * length > CLEAR;
    // Without lengths, shares are no numbers and lie within nothing.
    let clear =
        sine.abs() > CLEAR && within(share_of_ray, along_ray.length()) && within(share, along.length());
    if clear { Crossing::At(share_of_ray) } else { Crossing::Unclear }
}

/// A number of metres, some of them whole and some tiny, so that what lies exactly on something is tried too.
pub(crate) fn any_coordinate(most: f32) -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -most..most,
        1 => (-most..most).prop_map(f32::round),
        1 => (-most..most).prop_map(|value| value * 1e-3),
    ]
}

pub(crate) fn any_point(most: f32) -> impl Strategy<Value = Vec2> {
    (any_coordinate(most), any_coordinate(most)).prop_map(|(x, y)| Vec2::new(x, y))
}

/// An edge: any, level, upright, short (but at least a millimetre long) or without length.
pub(crate) fn any_edge(most: f32) -> impl Strategy<Value = Edge> {
    let along = prop_oneof![
        4 => any_point(2.0),
        1 => any_coordinate(2.0).prop_map(|x| Vec2::new(x, 0.0)),
        1 => any_coordinate(2.0).prop_map(|y| Vec2::new(0.0, y)),
        1 => any_point(0.01),
        1 => Just(Vec2::ZERO),
    ];
    let along = along.prop_filter("shorter", |along| *along == Vec2::ZERO || along.length() >= 1e-3);
    (any_point(most), along).prop_map(|(from, along)| Edge::new(from, from + along).unwrap())
}

/// The hull of a few points, whose corners may be acute.
pub(crate) fn any_polygon(most: f32) -> impl Strategy<Value = Polygon> {
    prop::collection::vec(any_point(most), 3..=12)
        .prop_filter_map("no area", |points| Polygon::hull_of(&points).ok())
        .prop_filter("almost no area", |polygon| integrals(&exact(polygon.vertices())).0 > 1e-3)
}

/// A body as a world takes it, with no acute corner: a box, or one with some corners cut off.
pub(crate) fn any_body() -> impl Strategy<Value = Polygon> {
    let half_length = || prop_oneof![0.02..1.5_f32, Just(0.05_f32), Just(1.0_f32)];
    let cut = || prop_oneof![Just(0.0_f32), 0.001..0.9_f32, Just(0.5_f32)];
    let cuts = prop::collection::vec((cut(), cut()), 4);
    (half_length(), half_length(), cuts, any_point(0.5)).prop_map(|(width, height, cuts, middle)| {
        let corners = [(1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)];
        let points = corners.into_iter().zip(cuts).flat_map(|((x, y), (cut_x, cut_y))| {
            let corner = |shorter_x: f32, shorter_y: f32| {
                middle + Vec2::new(x * (width - width * shorter_x), y * (height - height * shorter_y))
            };
            // A cut takes something of both sides or leaves the corner.
            let cut = cut_x > 0.0 && cut_y > 0.0;
            if cut { vec![corner(cut_x, 0.0), corner(0.0, cut_y)] } else { vec![corner(0.0, 0.0)] }
        });
        Polygon::hull_of(&points.collect::<Vec<_>>()).unwrap()
    })
}

/// A body of 1 kg/m² with its own tree.
pub(crate) fn body(shape: Polygon, position: Vec2, angle: f32) -> Body {
    let spec = BodySpec { shape, density: 1.0, friction: 1.0, position, angle };
    Body::new(&spec, |bounds| Tree::with_room(1).insert(bounds, 0))
}

/// The parts of a small creature with its hull's middle here: a hull on two legs, each of an upper and a lower part.
pub(crate) fn creature(position: Vec2) -> (Vec<BodySpec>, Vec<HingeSpec>) {
    let part = |shape: Polygon, density: f32, down: f32, angle: f32| BodySpec {
        shape,
        density,
        friction: 0.3,
        position: position - Vec2::new(0.0, down),
        angle,
    };
    let hull = [(-1.0, 0.3), (0.2, 0.3), (1.1, 0.0), (1.1, -0.3), (-1.0, -0.3)];
    let hull = Polygon::hull_of(&hull.map(|(x, y)| Vec2::new(x, y))).unwrap();
    let leg = Polygon::rectangle(0.12, 0.5).unwrap();
    let hinge = |first: usize, second: usize, down: f32, lower_angle: f32, upper_angle: f32| HingeSpec {
        first,
        second,
        anchor_on_first: Vec2::new(0.0, -down),
        anchor_on_second: Vec2::new(0.0, 0.5),
        lower_angle,
        upper_angle,
    };
    let mut bodies = vec![part(hull, 5.0, 0.0, 0.0)];
    let mut hinges = Vec::new();
    for angle in [-0.05, 0.05] {
        hinges.push(hinge(0, bodies.len(), 0.2, -0.8, 1.1));
        bodies.push(part(leg, 1.0, 0.7, angle));
        hinges.push(hinge(bodies.len() - 1, bodies.len(), 0.5, -1.6, 0.5));
        bodies.push(part(leg, 1.0, 1.7, angle));
    }
    (bodies, hinges)
}

/// The bits of where all bodies of a world are and how they move.
pub(crate) fn bits(world: &World, bodies: usize) -> Vec<u32> {
    let numbers = (0..bodies).flat_map(|body| {
        let (place, velocity) = (world.place(body), world.velocity(body));
        let Vec2 { x, y } = place.position;
        let Rotation { sin, cos } = place.rotation;
        [x, y, sin, cos, world.angle(body), velocity.x, velocity.y, world.spin(body)]
    });
    numbers.map(f32::to_bits).collect()
}

/// An angle: any, or one at which sides are parallel to the axes or nearly so.
pub(crate) fn any_angle() -> impl Strategy<Value = f32> {
    let quarter = (-4..=4_i8).prop_map(|quarters| f32::from(quarters) * FRAC_PI_2);
    prop_oneof![3 => -PI..PI, 1 => quarter.clone(), 1 => (quarter, -0.01..0.01_f32).prop_map(|(a, b)| a + b)]
}

pub(crate) fn any_place(most: f32) -> impl Strategy<Value = Transform> {
    (any_point(most), any_angle())
        .prop_map(|(position, angle)| Transform { position, rotation: Rotation::by(angle) })
}

/// The motion of a body of one step, as fast as bodies can be.
pub(crate) fn any_sweep(most: f32) -> impl Strategy<Value = Sweep> {
    let translation = prop_oneof![any_point(0.05), any_point(1.4)];
    let turn = prop_oneof![1 => Just(0.0_f32), 2 => -0.1..0.1_f32, 2 => -FRAC_PI_2..FRAC_PI_2];
    (any_point(0.3), any_point(most), translation, any_angle(), turn).prop_map(
        |(local_center, center_before, translation, angle_before, turn)| Sweep {
            local_center,
            center_before,
            center: center_before + translation,
            angle_before,
            angle: angle_before + turn,
            start: 0.0,
        },
    )
}

/// How many floats apart two numbers are.
pub(crate) fn floats_between(one: f32, other: f32) -> u32 {
    // Bits of floats count away from zero on either side of it.
    let place = |value: f32| {
        let magnitude = (value.to_bits() & 0x7FFF_FFFF) as i32;
        if value.is_sign_negative() { -magnitude } else { magnitude }
    };
    place(one).abs_diff(place(other))
}
