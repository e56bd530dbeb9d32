//! The distance between a piece of terrain and a body, by the algorithm of Gilbert, Johnson and Keerthi (1988).
//!
//! The difference of two convex shapes is searched for the point nearest to the origin by simplices of at most three
//! of its corners; each corner is a pair of corners of the shapes. Follows Box2D 2.3.0's `b2Distance` without radii.

use super::math::{Transform, Vec2};

/// The pairs of corners on which a search ended: the next one starts there, and they name the features that are nearest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NearestFeatures {
    pub(crate) count: usize,
    /// Corners of the terrain.
    pub(crate) terrain: [usize; 3],
    /// Corners of the body.
    pub(crate) body: [usize; 3],
    /// Length or area of the simplex, to see whether it still fits.
    metric: f32,
}

/// The distance in metres between the convex outlines of `terrain` (in the world) and `body` (at `place`); zero if they overlap.
pub(crate) fn distance(
    terrain: &[Vec2],
    body: &[Vec2],
    place: Transform,
    nearest: &mut NearestFeatures,
) -> f32 {
    /// More searches than any pair of polygons takes; a stop for what rounding could keep going.
    const MOST_SEARCHES: usize = 20;

    let mut simplex = Simplex::from_features(nearest, terrain, body, place);
    for _ in 0..MOST_SEARCHES {
        let before = simplex;
        match simplex.count {
            1 => {}
            2 => simplex.reduce_segment(),
            _ => simplex.reduce_triangle(),
        }
        if simplex.count == 3 {
            // The origin lies in the triangle: the shapes overlap.
            break;
        }
        let direction = simplex.search_direction();
        if direction.length_squared() < f32::EPSILON * f32::EPSILON {
            break;
        }
        let corner = Corner::new(
            support(terrain, -direction),
            support(body, place.rotation.undo(direction)),
            terrain,
            body,
            place,
        );
        let known = before.corners[..before.count].iter().any(|other| {
            other.terrain_index == corner.terrain_index && other.body_index == corner.body_index
        });
        if known {
            break;
        }
        simplex.corners[simplex.count] = corner;
        simplex.count += 1;
    }
    let distance = simplex.distance();
    *nearest = simplex.features();
    distance
}

/// The index of the first corner farthest along a direction.
#[inline]
pub(crate) fn support(corners: &[Vec2], direction: Vec2) -> usize {
    let mut best = 0;
    let mut most = corners[0].dot(direction);
    for (index, corner) in corners.iter().enumerate().skip(1) {
        let value = corner.dot(direction);
        if value > most {
            best = index;
            most = value;
        }
    }
    best
}

/// A corner of the difference of the shapes.
#[derive(Clone, Copy, Debug)]
struct Corner {
    on_terrain: Vec2,
    on_body: Vec2,
    /// From the terrain to the body.
    between: Vec2,
    /// The corner's share in the nearest point.
    weight: f32,
    terrain_index: usize,
    body_index: usize,
}

impl Corner {
    const EMPTY: Self = Self {
        on_terrain: Vec2::ZERO,
        on_body: Vec2::ZERO,
        between: Vec2::ZERO,
        weight: 0.0,
        terrain_index: 0,
        body_index: 0,
    };

    #[inline]
    fn new(
        terrain_index: usize,
        body_index: usize,
        terrain: &[Vec2],
        body: &[Vec2],
        place: Transform,
    ) -> Self {
        let on_terrain = terrain[terrain_index];
        let on_body = place.apply(body[body_index]);
        Self { on_terrain, on_body, between: on_body - on_terrain, weight: 0.0, terrain_index, body_index }
    }
}

/// One to three corners of the difference.
#[derive(Clone, Copy, Debug)]
struct Simplex {
    corners: [Corner; 3],
    count: usize,
}

impl Simplex {
    fn from_features(features: &NearestFeatures, terrain: &[Vec2], body: &[Vec2], place: Transform) -> Self {
        let mut simplex = Self { corners: [Corner::EMPTY; 3], count: features.count };
        for index in 0..features.count {
            simplex.corners[index] =
                Corner::new(features.terrain[index], features.body[index], terrain, body, place);
        }
        if simplex.count > 1 {
            let metric = simplex.metric();
            if metric < 0.5 * features.metric || 2.0 * features.metric < metric || metric < f32::EPSILON {
                simplex.count = 0;
            }
        }
        if simplex.count == 0 {
            simplex.corners[0] = Corner { weight: 1.0, ..Corner::new(0, 0, terrain, body, place) };
            simplex.count = 1;
        }
        simplex
    }

    fn features(&self) -> NearestFeatures {
        let mut features = NearestFeatures { count: self.count, metric: self.metric(), ..Default::default() };
        for (index, corner) in self.corners[..self.count].iter().enumerate() {
            features.terrain[index] = corner.terrain_index;
            features.body[index] = corner.body_index;
        }
        features
    }

    fn metric(&self) -> f32 {
        let [c1, c2, c3] = &self.corners;
        match self.count {
            2 => (c1.between - c2.between).length(),
            3 => (c2.between - c1.between).cross(c3.between - c1.between),
            _ => 0.0,
        }
    }

    /// Towards the origin, from the one or two corners left.
    fn search_direction(&self) -> Vec2 {
        let [c1, c2, _] = &self.corners;
        if self.count == 1 {
            return -c1.between;
        }
        let along = c2.between - c1.between;
        if along.cross(-c1.between) > 0.0 { along.left() } else { along.right() }
    }

    fn distance(&self) -> f32 {
        let [c1, c2, _] = &self.corners;
        match self.count {
            1 => (c1.on_terrain - c1.on_body).length(),
            2 => {
                let on_terrain = c1.weight * c1.on_terrain + c2.weight * c2.on_terrain;
                let on_body = c1.weight * c1.on_body + c2.weight * c2.on_body;
                (on_terrain - on_body).length()
            }
            _ => 0.0,
        }
    }

    fn keep(&mut self, corners: &[usize], weights: &[f32]) {
        let old = self.corners;
        for (index, (&corner, &weight)) in corners.iter().zip(weights).enumerate() {
            self.corners[index] = Corner { weight, ..old[corner] };
        }
        self.count = corners.len();
    }

    /// Keeps what is nearest to the origin of a segment: an end or both.
    fn reduce_segment(&mut self) {
        let w1 = self.corners[0].between;
        let w2 = self.corners[1].between;
        let along = w2 - w1;
        let towards_second = -w1.dot(along);
        if towards_second <= 0.0 {
            return self.keep(&[0], &[1.0]);
        }
        let towards_first = w2.dot(along);
        if towards_first <= 0.0 {
            return self.keep(&[1], &[1.0]);
        }
        let inverse = 1.0 / (towards_first + towards_second);
        self.keep(&[0, 1], &[towards_first * inverse, towards_second * inverse]);
    }

    /// Keeps what is nearest to the origin of a triangle: a corner, a side or, if the origin is inside, all of it.
    ///
    /// Each region of the plane is told by the signs of barycentric coordinates on sides and triangle.
    fn reduce_triangle(&mut self) {
        let w1 = self.corners[0].between;
        let w2 = self.corners[1].between;
        let w3 = self.corners[2].between;

        let e12 = w2 - w1;
        let (d12_1, d12_2) = (w2.dot(e12), -w1.dot(e12));
        let e13 = w3 - w1;
        let (d13_1, d13_2) = (w3.dot(e13), -w1.dot(e13));
        let e23 = w3 - w2;
        let (d23_1, d23_2) = (w3.dot(e23), -w2.dot(e23));

        let area = e12.cross(e13);
        let d123_1 = area * w2.cross(w3);
        let d123_2 = area * w3.cross(w1);
        let d123_3 = area * w1.cross(w2);

        if d12_2 <= 0.0 && d13_2 <= 0.0 {
            return self.keep(&[0], &[1.0]);
        }
        if d12_1 > 0.0 && d12_2 > 0.0 && d123_3 <= 0.0 {
            let inverse = 1.0 / (d12_1 + d12_2);
            return self.keep(&[0, 1], &[d12_1 * inverse, d12_2 * inverse]);
        }
        if d13_1 > 0.0 && d13_2 > 0.0 && d123_2 <= 0.0 {
            let inverse = 1.0 / (d13_1 + d13_2);
            return self.keep(&[0, 2], &[d13_1 * inverse, d13_2 * inverse]);
        }
        if d12_1 <= 0.0 && d23_2 <= 0.0 {
            return self.keep(&[1], &[1.0]);
        }
        if d13_1 <= 0.0 && d23_1 <= 0.0 {
            return self.keep(&[2], &[1.0]);
        }
        if d23_1 > 0.0 && d23_2 > 0.0 && d123_1 <= 0.0 {
            let inverse = 1.0 / (d23_1 + d23_2);
            // The third corner takes the first place.
            return self.keep(&[2, 1], &[d23_2 * inverse, d23_1 * inverse]);
        }
        let inverse = 1.0 / (d123_1 + d123_2 + d123_3);
        self.keep(&[0, 1, 2], &[d123_1 * inverse, d123_2 * inverse, d123_3 * inverse]);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "bits are what is compared")]
mod tests {
    use super::*;
    use crate::physics::math::Sweep;
    use crate::physics::oracle::{self, any_body, any_edge, any_polygon, any_sweep};
    use crate::physics::shape::Polygon;
    use proptest::prelude::*;

    fn any_terrain() -> impl Strategy<Value = Vec<Vec2>> {
        prop_oneof![
            any_edge(2.0).prop_map(|edge| edge.ends().to_vec()),
            any_polygon(2.0).prop_map(|polygon| polygon.vertices().to_vec()),
        ]
    }

    /// Checks the distance at a share of a sweep, searched from where the last search ended.
    fn assert_is_the_distance(
        terrain: &[Vec2],
        body: &Polygon,
        sweep: &Sweep,
        share: f32,
        nearest: &mut NearestFeatures,
    ) {
        let found = f64::from(distance(terrain, body.vertices(), sweep.at(share), nearest));
        let placed = oracle::swept(body.vertices(), sweep, f64::from(share));
        let expected = oracle::distance(&oracle::exact(terrain), &placed);
        assert!((found - expected).abs() < 2e-5, "{found} is not {expected}");

        // The features hold what is nearest.
        let on = |corners: &[usize], outline: &[oracle::Point]| -> Vec<_> {
            corners[..nearest.count].iter().map(|&index| outline[index]).collect()
        };
        let (on_terrain, on_body) =
            (on(&nearest.terrain, &oracle::exact(terrain)), on(&nearest.body, &placed));
        if expected > 1e-3 {
            assert!((1..=2).contains(&nearest.count));
            assert!((oracle::distance(&on_terrain, &on_body) - expected).abs() < 2e-5);
        }
    }

    proptest! {
        #[test]
        fn it_is_the_distance_of_the_nearest_corner_and_side(
            terrain in any_terrain(), body in any_body(), sweep in any_sweep(3.0),
            shares in prop::collection::vec(0.0..=1.0_f32, 1..5),
        ) {
            let mut nearest = NearestFeatures::default();
            for share in shares {
                assert_is_the_distance(&terrain, &body, &sweep, share, &mut nearest);
            }
        }
    }

    #[test]
    fn nearest_features_are_named() {
        //         ┌──┐ 2..3
        //   ────┐ └──┘
        //  box  │          beside each other: two sides; above each other: two corners
        let terrain = Polygon::rectangle(1.0, 1.0).unwrap();
        let body = Polygon::rectangle(0.5, 0.5).unwrap();
        let at = |x: f32, y: f32| {
            let mut nearest = NearestFeatures::default();
            let place = Transform { position: Vec2::new(x, y), ..Transform::IDENTITY };
            (distance(terrain.vertices(), body.vertices(), place, &mut nearest), nearest)
        };
        let (beside, nearest) = at(2.5, 0.25);
        assert_eq!((beside, nearest.count), (1.0, 2));
        // The upper and the lower right corner, or one of them against the body's left side.
        assert!(nearest.terrain[..2].iter().all(|&corner| corner == 1 || corner == 2));

        let (across, nearest) = at(4.5, 5.5);
        assert_eq!((across, nearest.count), (5.0, 1));
        assert_eq!((nearest.terrain[0], nearest.body[0]), (2, 0));

        assert_eq!(at(1.25, 0.0).0, 0.0);
    }

    #[test]
    fn of_corners_equally_far_along_a_direction_the_first_is_taken() {
        let corners = Polygon::rectangle(1.0, 1.0).unwrap();
        assert_eq!(support(corners.vertices(), Vec2::new(1.0, 0.5)), 2);
        assert_eq!(support(corners.vertices(), Vec2::new(0.0, 1.0)), 2);
        assert_eq!(support(corners.vertices(), Vec2::new(-1.0, 0.0)), 0);
    }
}
