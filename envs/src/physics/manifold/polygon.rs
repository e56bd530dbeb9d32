//! A polygon on a polygon. Follows `b2CollidePolygons` of Box2D 2.3.0.
//!
//! The side of greatest separation is found by climbing from the side that faces the other's centre, not by trying them
//! all; where the climb stops at a lesser side, so does the original.

use super::{BETTER_BY, BETTER_SHARE, Clipped, Feature, Manifold, Part, Reference, TOUCHING, clip};
use crate::physics::math::Transform;
use crate::physics::shape::Polygon;

/// Where a body's polygon at `place` touches a polygon of the terrain.
pub(crate) fn with_polygon(terrain: &Polygon, polygon: &Polygon, place: Transform) -> Manifold {
    let ground = Placed { polygon: terrain, place: Transform::IDENTITY };
    let body = Placed { polygon, place };

    let (ground_side, ground_separation) = most_separating_side(&ground, &body);
    if ground_separation > TOUCHING {
        return Manifold::EMPTY;
    }
    let (body_side, body_separation) = most_separating_side(&body, &ground);
    if body_separation > TOUCHING {
        return Manifold::EMPTY;
    }

    if body_separation > BETTER_SHARE * ground_separation + BETTER_BY {
        clipped(Reference::Body, &body, body_side, &ground)
    } else {
        clipped(Reference::Terrain, &ground, ground_side, &body)
    }
}

/// A polygon at a place of the world.
struct Placed<'a> {
    polygon: &'a Polygon,
    place: Transform,
}

impl Placed<'_> {
    /// How far the other polygon is from the line of a side.
    fn separation(&self, side: usize, other: &Placed<'_>) -> f32 {
        let normal = self.place.rotation.apply(self.polygon.normals()[side]);
        let local = other.place.rotation.undo(normal);
        let mut deepest = 0;
        let mut least = f32::MAX;
        for (index, vertex) in other.polygon.vertices().iter().enumerate() {
            let value = vertex.dot(local);
            if value < least {
                least = value;
                deepest = index;
            }
        }
        let on_side = self.place.apply(self.polygon.vertices()[side]);
        let below = other.place.apply(other.polygon.vertices()[deepest]);
        (below - on_side).dot(normal)
    }
}

fn most_separating_side(one: &Placed<'_>, other: &Placed<'_>) -> (usize, f32) {
    let count = one.polygon.normals().len();
    let between = other.place.apply(other.polygon.centroid) - one.place.apply(one.polygon.centroid);
    let between = one.place.rotation.undo(between);
    let mut side = 0;
    let mut most = -f32::MAX;
    for (index, normal) in one.polygon.normals().iter().enumerate() {
        let value = normal.dot(between);
        if value > most {
            most = value;
            side = index;
        }
    }
    let separation = one.separation(side, other);
    let previous = (side + count - 1) % count;
    let separation_before = one.separation(previous, other);
    let next = (side + 1) % count;
    let separation_after = one.separation(next, other);

    let (step, mut best) = if separation_before > separation && separation_before > separation_after {
        (count - 1, (previous, separation_before))
    } else if separation_after > separation {
        (1, (next, separation_after))
    } else {
        return (side, separation);
    };
    loop {
        let side = (best.0 + step) % count;
        let separation = one.separation(side, other);
        if separation > best.1 {
            best = (side, separation);
        } else {
            return best;
        }
    }
}

/// Clips the side of `incident` that faces the reference side most.
fn clipped(reference: Reference, owner: &Placed<'_>, side: usize, incident: &Placed<'_>) -> Manifold {
    let count = owner.polygon.vertices().len();
    let next = (side + 1) % count;
    let (local_from, local_to) = (owner.polygon.vertices()[side], owner.polygon.vertices()[next]);
    let (local_along, _) = (local_to - local_from).normalized();
    let along = owner.place.rotation.apply(local_along);
    let normal = along.right();
    let (from, to) = (owner.place.apply(local_from), owner.place.apply(local_to));
    let front = normal.dot(from);
    let offset_before = -along.dot(from) + TOUCHING;
    let offset_after = along.dot(to) + TOUCHING;

    let segment = facing_side(owner, side, incident);
    let Some(segment) = clip(segment, -along, offset_before, side as u8) else {
        return Manifold::EMPTY;
    };
    let Some(segment) = clip(segment, along, offset_after, next as u8) else {
        return Manifold::EMPTY;
    };

    let mut manifold = Manifold {
        reference,
        normal: local_along.right(),
        point: 0.5 * (local_from + local_to),
        ..Manifold::EMPTY
    };
    for point in segment {
        if normal.dot(point.place) - front <= TOUCHING {
            let feature = match reference {
                Reference::Terrain => Feature { terrain: point.reference, body: point.incident },
                Reference::Body => Feature { terrain: point.incident, body: point.reference },
            };
            manifold.add(incident.place.undo(point.place), feature);
        }
    }
    manifold
}

fn facing_side(owner: &Placed<'_>, side: usize, incident: &Placed<'_>) -> [Clipped; 2] {
    let normal = owner.place.rotation.apply(owner.polygon.normals()[side]);
    let normal = incident.place.rotation.undo(normal);
    let mut first = 0;
    let mut least = f32::MAX;
    for (index, other) in incident.polygon.normals().iter().enumerate() {
        let value = normal.dot(*other);
        if value < least {
            least = value;
            first = index;
        }
    }
    let second = (first + 1) % incident.polygon.vertices().len();
    let corner = |index: usize| Clipped {
        place: incident.place.apply(incident.polygon.vertices()[index]),
        reference: Part::Face(side as u8),
        incident: Part::Vertex(index as u8),
    };
    [corner(first), corner(second)]
}
