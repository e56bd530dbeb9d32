//! A polygon on an edge of the ground. Follows Box2D 2.3.0's `b2EPCollider` for edges without neighbours.

use super::{BETTER_BY, BETTER_SHARE, Clipped, Feature, Manifold, Part, Reference, TOUCHING, clip};
use crate::physics::body::Outline;
use crate::physics::math::{Transform, Vec2};
use crate::physics::shape::{Edge, Polygon};

/// Where a polygon touches an edge; `outline` is the polygon in the world, at `place`.
pub(crate) fn with_edge(edge: &Edge, polygon: &Polygon, place: Transform, outline: &Outline) -> Manifold {
    let [v1, v2] = *edge.ends();
    let vertices = outline.vertices();
    let normals = outline.normals();
    let front = edge.normal.dot(place.apply(polygon.centroid) - v1) >= 0.0;
    let normal = if front { edge.normal } else { -edge.normal };

    let mut edge_separation = f32::MAX;
    for &vertex in vertices {
        let separation = normal.dot(vertex - v1);
        if separation < edge_separation {
            edge_separation = separation;
        }
    }
    if edge_separation > TOUCHING {
        return Manifold::EMPTY;
    }
    let Some((side, side_separation)) = deepest_side(vertices, normals, v1, v2) else {
        return Manifold::EMPTY;
    };

    if side_separation > BETTER_SHARE * edge_separation + BETTER_BY {
        on_side_of_polygon(edge, polygon, side, vertices, normals)
    } else {
        on_edge(edge, front, normal, place, vertices, normals)
    }
}

/// The side of the polygon from which the edge is farthest, or none if it is beyond touching.
fn deepest_side(vertices: &[Vec2], normals: &[Vec2], v1: Vec2, v2: Vec2) -> Option<(usize, f32)> {
    let mut best = (0, -f32::MAX);
    for (index, (&vertex, &normal)) in vertices.iter().zip(normals).enumerate() {
        let inward = -normal;
        let s1 = inward.dot(vertex - v1);
        let s2 = inward.dot(vertex - v2);
        let separation = if s1 < s2 { s1 } else { s2 };
        if separation > TOUCHING {
            return None;
        }
        if separation > best.1 {
            best = (index, separation);
        }
    }
    Some(best)
}

/// The edge is the reference; the polygon's side that faces it most is clipped.
fn on_edge(
    edge: &Edge,
    front: bool,
    normal: Vec2,
    place: Transform,
    vertices: &[Vec2],
    normals: &[Vec2],
) -> Manifold {
    let [v1, v2] = *edge.ends();
    let mut first = 0;
    let mut least = normal.dot(normals[0]);
    for (index, &other) in normals.iter().enumerate().skip(1) {
        let value = normal.dot(other);
        if value < least {
            least = value;
            first = index;
        }
    }
    let second = (first + 1) % vertices.len();
    let corner = |index: usize| Clipped {
        place: vertices[index],
        reference: Part::Face(0),
        incident: Part::Vertex(index as u8),
    };
    let (from, to, start, end) = if front { (v1, v2, 0, 1) } else { (v2, v1, 1, 0) };
    let Some(points) = clipped_to_face([corner(first), corner(second)], normal, (from, to), (start, end))
    else {
        return Manifold::EMPTY;
    };
    let mut manifold = Manifold { reference: Reference::Terrain, normal, point: from, ..Manifold::EMPTY };
    for point in points {
        if normal.dot(point.place - from) <= TOUCHING {
            manifold.add(place.undo(point.place), Feature { terrain: point.reference, body: point.incident });
        }
    }
    manifold
}

/// A side of the polygon is the reference; the edge is clipped.
fn on_side_of_polygon(
    edge: &Edge,
    polygon: &Polygon,
    side: usize,
    vertices: &[Vec2],
    normals: &[Vec2],
) -> Manifold {
    let next = (side + 1) % vertices.len();
    // The original numbers both ends 0 and keeps the side's number through the clipping; impulses are found again by these.
    let end = |place: Vec2| Clipped { place, reference: Part::Vertex(0), incident: Part::Face(side as u8) };
    let [v1, v2] = *edge.ends();
    let normal = normals[side];
    let from = vertices[side];
    let Some(points) =
        clipped_to_face([end(v1), end(v2)], normal, (from, vertices[next]), (side as u8, next as u8))
    else {
        return Manifold::EMPTY;
    };
    let mut manifold = Manifold {
        reference: Reference::Body,
        normal: polygon.normals()[side],
        point: polygon.vertices()[side],
        ..Manifold::EMPTY
    };
    for point in points {
        if normal.dot(point.place - from) <= TOUCHING {
            manifold.add(point.place, Feature { terrain: point.incident, body: point.reference });
        }
    }
    manifold
}

/// Clips a segment to the strip above a face between two corners with these numbers.
fn clipped_to_face(
    segment: [Clipped; 2],
    normal: Vec2,
    (from, to): (Vec2, Vec2),
    (start, end): (u8, u8),
) -> Option<[Clipped; 2]> {
    let side = normal.right();
    let segment = clip(segment, side, side.dot(from), start)?;
    clip(segment, -side, (-side).dot(to), end)
}
