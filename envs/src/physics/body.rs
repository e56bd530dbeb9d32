//! A moving body: a convex polygon with a mass.

use super::aabb::Aabb;
use super::math::{Rotation, Sweep, Transform, Vec2, placed};
use super::shape::{MAX_VERTICES, Polygon};
use super::tree::Leaf;
use serde::{Deserialize, Serialize};

/// What a body is made of and where it starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BodySpec {
    /// Its outline, in its own coordinates.
    pub shape: Polygon,
    /// Its mass per area, kg/m²; greater than zero.
    pub density: f32,
    /// Its coefficient of friction.
    pub friction: f32,
    /// Where its own origin is, metres.
    pub position: Vec2,
    /// How it is turned, radians.
    pub angle: f32,
}

/// A body of a world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) shape: Polygon,
    pub(crate) friction: f32,
    pub(crate) inverse_mass: f32,
    pub(crate) inverse_inertia: f32,
    pub(crate) sweep: Sweep,
    pub(crate) place: Transform,
    /// The outline at `place`.
    pub(crate) outline: Outline,
    /// The bounds of the outline at `place`.
    pub(crate) bounds: Aabb,
    /// Where the body's origin was before the last step, metres.
    pub(crate) position_before: Vec2,
    /// The bounds of the outline on its way through the last step or what is left of it.
    pub(crate) swept_bounds: Aabb,
    pub(crate) velocity: Vec2,
    /// The angular velocity, radians per second.
    pub(crate) spin: f32,
    /// The force on the centre of mass during the next step, N.
    pub(crate) force: Vec2,
    pub(crate) awake: bool,
    /// How long the body has been still, seconds.
    pub(crate) still_for: f32,
    pub(crate) leaf: Leaf,
    /// The greatest distance of a vertex from the centre of mass, metres.
    pub(crate) radius: f32,
}

impl Body {
    /// The body, and the bounds by which it enters the tree; `leaf` names its place there.
    pub(crate) fn new(spec: &BodySpec, leaf: impl FnOnce(&Aabb) -> Leaf) -> Self {
        let place = Transform { position: spec.position, rotation: Rotation::by(spec.angle) };
        let mass = spec.shape.mass(spec.density);
        let inverse_mass = 1.0 / mass.mass;
        let local_center = inverse_mass * (mass.mass * mass.center);
        let inertia = mass.inertia - mass.mass * local_center.dot(local_center);
        let center = place.apply(local_center);
        let outline = Outline::of(&spec.shape, place);
        let bounds = outline.bounds();
        let radius =
            spec.shape.vertices().iter().fold(0.0_f32, |most, &v| most.max((v - local_center).length()));
        Self {
            shape: spec.shape,
            friction: spec.friction,
            inverse_mass,
            inverse_inertia: 1.0 / inertia,
            sweep: Sweep {
                local_center,
                center_before: center,
                center,
                angle_before: spec.angle,
                angle: spec.angle,
                start: 0.0,
            },
            place,
            outline,
            bounds,
            position_before: place.position,
            swept_bounds: bounds,
            velocity: Vec2::ZERO,
            spin: 0.0,
            force: Vec2::ZERO,
            awake: true,
            still_for: 0.0,
            leaf: leaf(&bounds),
            radius,
        }
    }

    pub(crate) fn wake(&mut self) {
        if !self.awake {
            self.awake = true;
            self.still_for = 0.0;
        }
    }

    pub(crate) fn sleep(&mut self) {
        self.awake = false;
        self.still_for = 0.0;
        self.velocity = Vec2::ZERO;
        self.spin = 0.0;
        self.force = Vec2::ZERO;
    }

    /// Puts the body where its sweep ends.
    pub(crate) fn settle(&mut self) {
        let rotation = Rotation::by(self.sweep.angle);
        self.settle_at(placed(self.sweep.center, rotation, self.sweep.local_center));
    }

    /// Puts the body at the place where its sweep ends, which is already known.
    #[inline]
    pub(crate) fn settle_at(&mut self, place: Transform) {
        self.place = place;
        self.outline.follow(&self.shape, place);
        self.bounds = self.outline.bounds();
    }

    /// Ends the body's sweep at a time and puts it there.
    pub(crate) fn advance(&mut self, time: f32) {
        self.sweep.advance(time);
        self.sweep.center = self.sweep.center_before;
        self.sweep.angle = self.sweep.angle_before;
        self.settle();
    }

    /// The bounds of the outline at another place.
    pub(crate) fn shape_bounds(&self, place: Transform) -> Aabb {
        Outline::of(&self.shape, place).bounds()
    }

    /// Whether the body is so near the origin that places in the world are exact to a hundredth of a millimetre or two.
    ///
    /// Tests of distance that leave work out keep margins for such errors, not for those of places far away.
    #[inline]
    pub(crate) fn is_near_origin(&self) -> bool {
        let Vec2 { x, y } = self.sweep.center;
        x.abs() < 200.0 && y.abs() < 200.0
    }

    /// How far a vertex may leave the bounds of both ends of the sweep by turning, metres: the sagitta of its arc.
    pub(crate) fn bulge(&self) -> f32 {
        let turn = self.sweep.angle - self.sweep.angle_before;
        self.radius * turn * turn / 8.0
    }
}

/// The vertices and normals of a polygon in the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outline {
    vertices: [Vec2; MAX_VERTICES],
    normals: [Vec2; MAX_VERTICES],
    count: usize,
}

impl Outline {
    fn of(shape: &Polygon, place: Transform) -> Self {
        let mut outline =
            Self { vertices: [Vec2::ZERO; MAX_VERTICES], normals: [Vec2::ZERO; MAX_VERTICES], count: 0 };
        outline.follow(shape, place);
        outline
    }

    #[inline]
    fn follow(&mut self, shape: &Polygon, place: Transform) {
        self.count = shape.vertices().len();
        for (here, &vertex) in self.vertices.iter_mut().zip(shape.vertices()) {
            *here = place.apply(vertex);
        }
        for (here, &normal) in self.normals.iter_mut().zip(shape.normals()) {
            *here = place.rotation.apply(normal);
        }
    }

    #[inline(always)]
    pub(crate) fn vertices(&self) -> &[Vec2] {
        &self.vertices[..self.count]
    }

    #[inline(always)]
    pub(crate) fn normals(&self) -> &[Vec2] {
        &self.normals[..self.count]
    }

    #[inline]
    fn bounds(&self) -> Aabb {
        Aabb::around(self.vertices())
    }
}
