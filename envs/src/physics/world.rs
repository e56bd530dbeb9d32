//! A world: jointed bodies over a terrain, stepped fifty times a second.

use super::aabb::Aabb;
use super::body::{Body, BodySpec};
use super::columns::{Columns, Fan};
use super::contact::{Contact, ContactEvent};
use super::joint::{Hinge, HingeSpec, Motor, solving_order};
use super::manifold::{Manifold, with_edge, with_polygon};
use super::math::{Rotation, Transform, Vec2, placed};
use super::shape::{Edge, Polygon, Ray, SKIN};
use super::solver::SolverInput;
use super::solver::impact::ImpactInput;
use super::time_of_impact::{SURELY_APART, time_of_impact};
use super::tree::{Leaf, Tree};
use super::{MAX_BODIES, lanes::Lanes};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The length of a step, seconds.
pub const STEP: f32 = 1.0 / 50.0;

pub(super) const GRAVITY: Vec2 = Vec2::new(0.0, -10.0);

/// How many impacts of one pair are solved within a step before what is left of it is given up.
const MOST_IMPACTS: u32 = 8;

/// How many contacts take part in solving one impact.
const MOST_CONTACTS_OF_IMPACT: usize = 32;

/// Bounds this far apart, metres, hold no point of contact: seen along the nearest normal of an outline whose corners are right or
/// obtuse, the outlines are then at least 0.7 times as far apart plus their skins, and touch at 0.02.
const NO_CONTACT_BEYOND: f32 = 0.02;

/// A piece of terrain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// A line of ground, solid from both sides.
    Edge(Edge),
    /// A solid polygon.
    Polygon(Box<Polygon>),
}

impl Piece {
    fn outline(&self) -> &[Vec2] {
        match self {
            Self::Edge(edge) => edge.ends(),
            Self::Polygon(polygon) => polygon.vertices(),
        }
    }

    /// Whether a body is farther than `distance` metres from the line of a side, on its outer side, at both ends of its sweep.
    fn is_beyond_a_side(&self, body: &Body, distance: f32) -> bool {
        let before = body.sweep.at(0.0);
        let beyond = |normal: Vec2, point: Vec2| {
            let least = distance + normal.dot(point);
            body.outline.vertices().iter().all(|vertex| normal.dot(*vertex) > least)
                && body.shape.vertices().iter().all(|&vertex| normal.dot(before.apply(vertex)) > least)
        };
        match self {
            Self::Edge(edge) => {
                let point = edge.ends()[0];
                beyond(edge.normal, point) || beyond(-edge.normal, point)
            }
            Self::Polygon(polygon) => polygon
                .normals()
                .iter()
                .zip(polygon.vertices())
                .any(|(&normal, &point)| beyond(normal, point)),
        }
    }

    fn ray_cast(&self, ray: &Ray) -> Option<f32> {
        match self {
            Self::Edge(edge) => edge.ray_cast(ray),
            Self::Polygon(polygon) => polygon.ray_cast(ray),
        }
    }
}

/// What does not move: pieces in the order in which they were made, and the tree that they form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Terrain {
    pieces: Arc<[Piece]>,
    bounds: Vec<Aabb>,
    friction: f32,
    tree: Tree,
    leaves: Vec<Leaf>,
    columns: Option<Columns>,
}

impl Terrain {
    /// A terrain of pieces with a common coefficient of friction. The order of the pieces decides which of them a ray meets first.
    pub fn new(pieces: Arc<[Piece]>, friction: f32) -> Self {
        let mut tree = Tree::with_room(pieces.len() + MAX_BODIES);
        let bounds: Vec<Aabb> = pieces.iter().map(|piece| Aabb::around(piece.outline())).collect();
        let leaves =
            bounds.iter().enumerate().map(|(index, bounds)| tree.insert(bounds, index as u32)).collect();
        let columns = Columns::new(&bounds);
        Self { pieces, bounds, friction, tree, leaves, columns }
    }

    /// The pieces in their order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

/// A body at the time of an impact.
#[derive(Clone, Debug, Default)]
struct Impact {
    body: usize,
    /// The contacts that take part, the one of the impact first.
    island: Vec<usize>,
    /// What is left of the step, seconds.
    left: f32,
}

/// Why a world cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// There are no bodies or too many.
    #[error("a world has 1 to {MAX_BODIES} bodies, not {0}")]
    BodyCount(usize),
    /// A body's density, friction, position or angle is not a number in its range.
    #[error("body {0} needs a positive density, a friction of at least 0 and a finite position and angle")]
    Body(usize),
    /// A body has an acute corner, whose contacts this engine would tell wrongly.
    #[error("body {0} has a corner of less than 90 degrees: cut it off")]
    AcuteCorner(usize),
    /// A hinge names a body that is not there, one body twice, or limits in the wrong order.
    #[error("hinge {0} must join two different bodies of the world, its lower angle below its upper one")]
    Hinge(usize),
    /// The hinges do not join all bodies.
    #[error("the hinges must join all bodies to one another")]
    Apart,
}

/// Bodies, hinges and the terrain under them.
///
/// A clone goes on exactly as the original does, and so does what is read back from its serialized form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct World {
    terrain: Arc<Terrain>,
    bodies: Vec<Body>,
    hinges: Vec<Hinge>,
    /// The order in which hinges are solved.
    order: Vec<usize>,
    /// Pairs that may touch, from the oldest to the newest.
    contacts: Vec<Contact>,
    /// The terrain's tree with the bodies in it.
    tree: Tree,
    /// The leaves that have moved since pairs were last sought, as bodies.
    moved: Vec<usize>,
    /// Ratio of the next step's length to that of the last: 0 before the first.
    step_ratio: f32,
    #[serde(skip)]
    events: Vec<ContactEvent>,
    /// How far the sweep of each piece of terrain has been taken while impacts are solved.
    #[serde(skip)]
    terrain_times: Vec<f32>,
    /// The impact that is being solved.
    #[serde(skip)]
    impact: Impact,
}

impl World {
    /// A world of bodies at rest.
    ///
    /// # Errors
    /// If a body or hinge is not possible, or the hinges leave bodies apart.
    pub fn new(terrain: Arc<Terrain>, bodies: &[BodySpec], hinges: &[HingeSpec]) -> Result<Self, WorldError> {
        check(bodies, hinges)?;
        let mut tree = terrain.tree.clone();
        let first_item = terrain.pieces.len();
        let bodies: Vec<Body> = bodies
            .iter()
            .enumerate()
            .map(|(index, spec)| Body::new(spec, |bounds| tree.insert(bounds, (first_item + index) as u32)))
            .collect();
        let hinges: Vec<Hinge> = hinges
            .iter()
            .map(|spec| Hinge::new(spec, bodies[spec.first].sweep.angle, bodies[spec.second].sweep.angle))
            .collect();
        let order = solving_order(bodies.len(), &hinges);
        Ok(Self {
            moved: (0..bodies.len()).collect(),
            terrain,
            bodies,
            hinges,
            order,
            contacts: Vec::new(),
            tree,
            step_ratio: 0.0,
            events: Vec::new(),
            terrain_times: Vec::new(),
            impact: Impact::default(),
        })
    }

    /// Pushes a body at its centre of mass during the next step, by a force in N, and wakes all bodies.
    pub fn push(&mut self, body: usize, force: Vec2) {
        self.bodies.iter_mut().for_each(Body::wake);
        self.bodies[body].force += force;
    }

    /// The contacts that began and ended during the last step, in their order.
    pub fn events(&self) -> &[ContactEvent] {
        &self.events
    }

    /// The terrain.
    pub fn terrain(&self) -> &Terrain {
        &self.terrain
    }

    /// Where a body is.
    pub fn place(&self, body: usize) -> Transform {
        self.bodies[body].place
    }

    /// The angle of a body, radians; whole turns count.
    pub fn angle(&self, body: usize) -> f32 {
        self.bodies[body].sweep.angle
    }

    /// The velocity of a body's centre of mass, m/s.
    pub fn velocity(&self, body: usize) -> Vec2 {
        self.bodies[body].velocity
    }

    /// The angular velocity of a body, radians per second.
    pub fn spin(&self, body: usize) -> f32 {
        self.bodies[body].spin
    }

    /// The corners of a body in the world, metres.
    pub fn outline(&self, body: usize) -> &[Vec2] {
        self.bodies[body].outline.vertices()
    }

    /// The angle of a hinge, radians.
    pub fn hinge_angle(&self, hinge: usize) -> f32 {
        let hinge = &self.hinges[hinge];
        self.bodies[hinge.second].sweep.angle - self.bodies[hinge.first].sweep.angle - hinge.reference_angle
    }

    /// The angular velocity of a hinge, radians per second.
    pub fn hinge_speed(&self, hinge: usize) -> f32 {
        let hinge = &self.hinges[hinge];
        self.bodies[hinge.second].spin - self.bodies[hinge.first].spin
    }

    /// For each of a fan of rays from a body's origin the share of its length at which it meets terrain, or none. Rays are at most
    /// 6 m long.
    ///
    /// Of several pieces on the way it is the **first in the order of the tree**, not the nearest: the callback of the
    /// publication's lidar ends the search at the first answer, and its students have learned with that.
    pub fn rays<const N: usize>(&self, body: usize, ends: &[Vec2; N]) -> [Option<f32>; N] {
        let body = &self.bodies[body];
        match &self.terrain.columns {
            Some(columns) if body.is_near_origin() => {
                self.rays_by_columns(columns, body.place.position, ends)
            }
            _ => ends.map(|end| self.ray_by_tree(body.place.position, end)),
        }
    }

    fn ray_by_tree(&self, from: Vec2, to: Vec2) -> Option<f32> {
        let ray = Ray { from, to, reach: 1.0 };
        self.tree.first_along(&ray, |item| self.terrain.pieces.get(item as usize)?.ray_cast(&ray))
    }

    fn rays_by_columns<const N: usize>(
        &self,
        columns: &Columns,
        from: Vec2,
        ends: &[Vec2; N],
    ) -> [Option<f32>; N] {
        let fan = Fan::new(from, ends);
        let (mut left, mut right) = (from.x, from.x);
        for end in ends {
            left = left.lesser(end.x);
            right = right.greater(end.x);
        }
        let mut met: [Option<(Leaf, f32)>; N] = [None; N];
        columns.between(left, right, |piece| {
            let leaf = self.terrain.leaves[piece as usize];
            let piece = &self.terrain.pieces[piece as usize];
            let may_cross = fan.may_cross(piece.outline());
            for index in (0..N).filter(|&index| may_cross[index]) {
                let Some(share) = piece.ray_cast(&Ray { from, to: ends[index], reach: 1.0 }) else {
                    continue;
                };
                if met[index].is_none_or(|(other, _)| self.tree.visits_before(leaf, other)) {
                    met[index] = Some((leaf, share));
                }
            }
        });
        met.map(|met| met.map(|(_, share)| share))
    }

    /// Tells every motor what to do from the next step on, and wakes all bodies.
    ///
    /// # Panics
    /// If there is not one command for each hinge.
    pub fn command(&mut self, motors: &[Motor]) {
        assert_eq!(motors.len(), self.hinges.len(), "one command for each motor");
        for (hinge, &motor) in self.hinges.iter_mut().zip(motors) {
            hinge.motor = motor;
        }
        self.bodies.iter_mut().for_each(Body::wake);
    }

    /// What comes before the solver: new pairs, and who touches whom.
    pub(crate) fn begin_step(&mut self) {
        self.events.clear();
        self.find_new_contacts();
        self.collide();
    }

    pub(crate) fn solver_input(&mut self) -> SolverInput<'_> {
        SolverInput {
            bodies: &mut self.bodies,
            hinges: &mut self.hinges,
            order: &self.order,
            contacts: &mut self.contacts,
            step_ratio: self.step_ratio,
            settled: false,
        }
    }

    /// What comes after the solver and before the impacts on the way: new pairs.
    pub(crate) fn follow_bodies(&mut self) {
        for index in (0..self.bodies.len()).rev() {
            let body = &self.bodies[index];
            // The solver has left the bounds from before the step in `swept_bounds`.
            let swept = body.swept_bounds.joined(&body.bounds);
            let displacement = body.place.position - body.position_before;
            self.follow(index, swept, displacement);
        }
        self.find_new_contacts();
        for body in &mut self.bodies {
            body.force = Vec2::ZERO;
            body.sweep.start = 0.0;
        }
        self.step_ratio = (1.0 / STEP) * STEP;
        self.terrain_times.clear();
        self.terrain_times.resize(self.terrain.pieces.len(), 0.0);
        for contact in &mut self.contacts {
            contact.impact_time = None;
            contact.impacts = 0;
            contact.in_island = false;
        }
    }

    /// Tells the tree where a body is and may go.
    fn follow(&mut self, index: usize, swept: Aabb, displacement: Vec2) {
        let body = &mut self.bodies[index];
        body.swept_bounds = swept;
        if self.tree.follow(body.leaf, &swept, displacement) {
            self.moved.push(index);
        }
    }

    /// Makes pairs of the bodies whose leaves have moved with the terrain under them.
    fn find_new_contacts(&mut self) {
        if self.moved.is_empty() {
            return;
        }
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for body in self.moved.drain(..) {
            let bounds = *self.tree.bounds(self.bodies[body].leaf);
            let pieces = self.terrain.pieces.len() as u32;
            self.tree.query(&bounds, |item| {
                if item < pieces {
                    pairs.push((item, body as u32));
                }
            });
        }
        pairs.sort_unstable();
        pairs.dedup();
        for (terrain, body) in pairs {
            if self.contacts.iter().any(|contact| contact.terrain == terrain && contact.body == body) {
                continue;
            }
            let friction = (self.terrain.friction * self.bodies[body as usize].friction).sqrt();
            self.contacts.push(Contact::new(terrain, body, friction));
            self.bodies[body as usize].wake();
        }
    }

    /// Drops the pairs whose bounds have parted and sees where the others touch, from the newest to the oldest.
    fn collide(&mut self) {
        let mut parted = false;
        for index in (0..self.contacts.len()).rev() {
            let contact = &self.contacts[index];
            let body = &self.bodies[contact.body as usize];
            let apart = {
                let terrain = self.terrain.bounds[contact.terrain as usize].grown(super::tree::MARGIN);
                !terrain.overlaps(self.tree.bounds(body.leaf))
            };
            if apart {
                let contact = &mut self.contacts[index];
                if contact.touches() {
                    self.events.push(ContactEvent { body: contact.body as usize, touches: false });
                }
                contact.terrain = u32::MAX;
                parted = true;
            } else {
                self.update(index);
            }
        }
        if parted {
            self.contacts.retain(|contact| contact.terrain != u32::MAX);
        }
    }

    /// Sees anew where a pair touches.
    fn update(&mut self, index: usize) {
        let contact = &mut self.contacts[index];
        let body = &mut self.bodies[contact.body as usize];
        let touched = contact.touches();
        contact.disabled = false;
        let manifold = match &self.terrain.pieces[contact.terrain as usize] {
            Piece::Edge(_)
                if body.is_near_origin()
                    && self.terrain.bounds[contact.terrain as usize].gap(&body.bounds)
                        > NO_CONTACT_BEYOND =>
            {
                Manifold::EMPTY
            }
            Piece::Edge(edge) => with_edge(edge, &body.shape, body.place, &body.outline),
            Piece::Polygon(polygon) => with_polygon(polygon, &body.shape, body.place),
        };
        let earlier = core::mem::replace(&mut contact.manifold, manifold);
        contact.manifold.inherit(&earlier);
        if contact.touches() != touched {
            body.wake();
            self.events.push(ContactEvent { body: contact.body as usize, touches: !touched });
        }
    }

    /// Takes the body of the next impact within the step to it, if there is one, for [`World::impact_input`] to be solved.
    ///
    /// Impacts are found in the order of their times, and each is solved for the rest of the step, as in Box2D 2.3.0's `b2World::SolveTOI`.
    pub(crate) fn find_impact(&mut self) -> bool {
        while let Some((index, time)) = self.next_impact() {
            if self.go_to_impact(index, time) {
                return true;
            }
        }
        false
    }

    pub(crate) fn impact_input(&mut self) -> ImpactInput<'_> {
        ImpactInput {
            body: &mut self.bodies[self.impact.body],
            contacts: &self.contacts,
            island: &self.impact.island,
            left: self.impact.left,
        }
    }

    /// The pair that touches first in what is left of the step, and when.
    fn next_impact(&mut self) -> Option<(usize, f32)> {
        let mut first = None;
        let mut least = 1.0_f32;
        for index in (0..self.contacts.len()).rev() {
            let contact = &self.contacts[index];
            if contact.disabled || contact.impacts > MOST_IMPACTS {
                continue;
            }
            let time = match contact.impact_time {
                Some(time) => time,
                None if !self.bodies[contact.body as usize].awake => continue,
                None => {
                    let time = self.impact_time(index);
                    self.contacts[index].impact_time = Some(time);
                    time
                }
            };
            if time < least {
                first = Some(index);
                least = time;
            }
        }
        first.filter(|_| least <= 1.0 - 10.0 * f32::EPSILON).map(|index| (index, least))
    }

    /// The time within the step at which a pair touches, 1 for none.
    fn impact_time(&mut self, index: usize) -> f32 {
        let contact = &self.contacts[index];
        let body = &mut self.bodies[contact.body as usize];
        let terrain_time = &mut self.terrain_times[contact.terrain as usize];
        // Both are put on the same interval, the terrain too, which another body's impact may have taken further.
        if *terrain_time < body.sweep.start {
            *terrain_time = body.sweep.start;
        } else if body.sweep.start < *terrain_time {
            body.sweep.advance(*terrain_time);
        }
        let start = *terrain_time;
        let piece = &self.terrain.pieces[contact.terrain as usize];
        if body.is_near_origin() {
            let apart = SURELY_APART + body.bulge();
            let gap = self.terrain.bounds[contact.terrain as usize].gap(&body.swept_bounds) + 2.0 * SKIN;
            if gap > apart || piece.is_beyond_a_side(body, apart) {
                return 1.0;
            }
        }
        let outline = piece.outline();
        match time_of_impact(outline, body.shape.vertices(), &body.sweep) {
            Some(share) => (start + (1.0 - start) * share).lesser(1.0),
            None => 1.0,
        }
    }

    /// Takes a body to the time of an impact and gathers what it touches there; tells if it touches at all.
    fn go_to_impact(&mut self, index: usize, time: f32) -> bool {
        let body_index = self.contacts[index].body as usize;
        let terrain = self.contacts[index].terrain as usize;
        let (sweep_before, terrain_before) = (self.bodies[body_index].sweep, self.terrain_times[terrain]);
        self.bodies[body_index].advance(time);
        self.terrain_times[terrain] = time;

        self.update(index);
        self.contacts[index].impact_time = None;
        self.contacts[index].impacts += 1;
        if !self.contacts[index].touches() {
            self.contacts[index].disabled = true;
            self.bodies[body_index].sweep = sweep_before;
            self.terrain_times[terrain] = terrain_before;
            self.bodies[body_index].settle();
            return false;
        }
        self.bodies[body_index].wake();

        let mut island = core::mem::take(&mut self.impact.island);
        island.clear();
        island.push(index);
        self.contacts[index].in_island = true;
        for other in (0..self.contacts.len()).rev() {
            if island.len() == MOST_CONTACTS_OF_IMPACT {
                break;
            }
            if self.contacts[other].body as usize != body_index || self.contacts[other].in_island {
                continue;
            }
            self.update(other);
            if self.contacts[other].touches() {
                let terrain = self.contacts[other].terrain as usize;
                self.terrain_times[terrain] = time;
                self.contacts[other].in_island = true;
                island.push(other);
            }
        }

        self.impact = Impact { body: body_index, island, left: (1.0 - time) * STEP };
        true
    }

    /// What comes after an impact was solved: new pairs.
    pub(crate) fn finish_impact(&mut self) {
        let body_index = self.impact.body;
        let body = &self.bodies[body_index];
        let before = Rotation::by(body.sweep.angle_before);
        let before = placed(body.sweep.center_before, before, body.sweep.local_center);
        let swept = body.shape_bounds(before).joined(&body.bounds);
        let displacement = body.place.position - before.position;
        self.follow(body_index, swept, displacement);
        for contact in self.contacts.iter_mut().filter(|contact| contact.body as usize == body_index) {
            contact.impact_time = None;
            contact.in_island = false;
        }
        self.find_new_contacts();
    }
}

fn check(bodies: &[BodySpec], hinges: &[HingeSpec]) -> Result<(), WorldError> {
    if !(1..=MAX_BODIES).contains(&bodies.len()) {
        return Err(WorldError::BodyCount(bodies.len()));
    }
    for (index, body) in bodies.iter().enumerate() {
        let finite = [body.position.x, body.position.y, body.angle].iter().all(|value| value.is_finite());
        if !(finite && body.density > 0.0 && body.density.is_finite() && body.friction >= 0.0) {
            return Err(WorldError::Body(index));
        }
        let normals = body.shape.normals();
        // Neighbouring normals of an acute corner point away from each other.
        if (0..normals.len()).any(|i| normals[i].dot(normals[(i + 1) % normals.len()]) < -1e-3) {
            return Err(WorldError::AcuteCorner(index));
        }
    }
    for (index, hinge) in hinges.iter().enumerate() {
        let joined = hinge.first != hinge.second && hinge.first.max(hinge.second) < bodies.len();
        let ordered = hinge.lower_angle < hinge.upper_angle;
        if !joined || !ordered {
            return Err(WorldError::Hinge(index));
        }
    }
    if joins_all(bodies.len(), hinges) { Ok(()) } else { Err(WorldError::Apart) }
}

/// Whether hinges lead from the first body to every other.
fn joins_all(bodies: usize, hinges: &[HingeSpec]) -> bool {
    let mut reached = vec![false; bodies];
    reached[0] = true;
    // Each round reaches at least one more body, or none is left that can be.
    for _ in 1..bodies {
        for hinge in hinges {
            let either = reached[hinge.first] || reached[hinge.second];
            (reached[hinge.first], reached[hinge.second]) = (either, either);
        }
    }
    reached.into_iter().all(|reached| reached)
}

#[cfg(test)]
mod tests;
