//! What stands and moves on a track: earth, obstacles, flags, the walker and its lidar.

use super::{
    camera::Camera,
    canvas::{Canvas, Line, Pen, Point},
    color::{self, Color},
    scene::{Body, LidarRay, Role, Side},
    scenery::Scenery,
};
use crate::physics::Vec2;

/// The height of a flag's pole, metres.
const POLE_M: f32 = 2.0;
/// The side of a square of the finish flag, metres.
const SQUARE_M: f32 = 0.22;

/// Draws the scenery with its flags. Lines are as wide as `unit` says, in pixels.
pub(crate) fn draw_scenery(canvas: &mut Canvas, camera: &Camera, scenery: &Scenery, unit: f32) {
    let (from_m, to_m) = camera.shown_m(canvas.width());
    let is_shown = |line: &[Vec2]| {
        let (least, most) = line
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), p| (least.min(p.x), most.max(p.x)));
        least <= to_m && from_m <= most
    };
    draw_flags(canvas, camera, scenery, unit);
    let placed = |line: &[Vec2]| line.iter().map(|&point| camera.place(point)).collect::<Vec<Point>>();
    let below = canvas.height() + 4.0 * unit;
    for line in scenery.ground.iter().filter(|line| is_shown(line)) {
        let mut outline = placed(line);
        if let (Some(&(first, _)), Some(&(last, _))) = (outline.first(), outline.last()) {
            outline.extend([(last, below), (first, below)]);
        }
        canvas.polygon(&outline, color::EARTH);
    }
    let pen = Pen { color: color::GROUND_LINE, width: 2.0 * unit };
    for line in scenery.ground.iter().filter(|line| is_shown(line)) {
        canvas.line(&placed(line), pen, Line::Whole);
    }
    // Over the ground's line, which runs through stairs and the walls of pits.
    let pen = Pen { color: color::OBSTACLE_LINE, width: 1.2 * unit };
    for outline in scenery.obstacles.iter().filter(|outline| is_shown(outline)) {
        canvas.outlined(&placed(outline), color::OBSTACLE, pen);
    }
}

/// Draws the walker: far legs, hull, near legs.
pub(crate) fn draw_walker(canvas: &mut Canvas, camera: &Camera, bodies: &[Body], unit: f32) {
    let mut bodies: Vec<&Body> = bodies.iter().collect();
    bodies.sort_by_key(|body| depth(body.role));
    for body in bodies {
        let outline: Vec<Point> = body.outline.iter().map(|&point| camera.place(point)).collect();
        let (fill, line) = colors(body.role);
        canvas.outlined(&outline, fill, Pen { color: line, width: 1.2 * unit });
    }
}

/// Draws the lidar: thin rays, with a dot where one meets something.
pub(crate) fn draw_lidar(canvas: &mut Canvas, camera: &Camera, rays: &[LidarRay], unit: f32) {
    for &ray in rays {
        match ray {
            LidarRay::Hit { from, at } => {
                let pen = Pen { color: color::LIDAR.with_opacity(140), width: unit };
                canvas.line(&[camera.place(from), camera.place(at)], pen, Line::Whole);
                canvas.disc(camera.place(at), 2.4 * unit, color::LIDAR);
            }
            LidarRay::Miss { from, to } => {
                let pen = Pen { color: color::LIDAR.with_opacity(95), width: unit };
                canvas.line(&[camera.place(from), camera.place(to)], pen, Line::Dashed(3.0 * unit));
            }
        }
    }
}

/// What is drawn first has the least.
fn depth(role: Role) -> u8 {
    match role {
        Role::LowerLeg(Side::Far) => 0,
        Role::UpperLeg(Side::Far) => 1,
        Role::Hull => 2,
        Role::LowerLeg(Side::Near) => 3,
        Role::UpperLeg(Side::Near) => 4,
    }
}

/// Its fill and its line.
fn colors(role: Role) -> (Color, Color) {
    match role {
        Role::Hull => (color::HULL, color::HULL_LINE),
        Role::UpperLeg(Side::Near) | Role::LowerLeg(Side::Near) => (color::NEAR_LEG, color::NEAR_LEG_LINE),
        Role::UpperLeg(Side::Far) | Role::LowerLeg(Side::Far) => (color::FAR_LEG, color::FAR_LEG_LINE),
    }
}

fn draw_flags(canvas: &mut Canvas, camera: &Camera, scenery: &Scenery, unit: f32) {
    let mut pole = |x_m: f32| -> Option<Vec2> {
        let foot = Vec2::new(x_m, scenery.height(x_m)?);
        let top = foot + Vec2::new(0.0, POLE_M);
        let pen = Pen { color: color::TEXT, width: 1.6 * unit };
        canvas.line(&[camera.place(foot), camera.place(top)], pen, Line::Whole);
        Some(top)
    };
    let start = scenery.start_m.and_then(&mut pole);
    let finish = scenery.finish_m.and_then(&mut pole);
    if let Some(top) = start {
        let corners = [(0.0, 0.0), (0.85, -0.3), (0.0, -0.6)];
        let outline = corners.map(|(x, y)| camera.place(top + Vec2::new(x, y)));
        canvas.polygon(&outline, color::START);
    }
    if let Some(top) = finish {
        let square = |column: i16, row: i16| {
            let corners = [(0, 0), (1, 0), (1, -1), (0, -1)];
            corners.map(|(x, y): (i16, i16)| {
                camera.place(top + SQUARE_M * Vec2::new(f32::from(column + x), f32::from(y - row)))
            })
        };
        let (columns, rows) = (4, 3);
        let flag = [square(0, 0)[0], square(columns, 0)[0], square(columns, rows)[0], square(0, rows)[0]];
        canvas.outlined(&flag, color::PAPER, Pen { color: color::TEXT, width: 0.8 * unit });
        for (column, row) in (0..columns).flat_map(|column| (0..rows).map(move |row| (column, row))) {
            if (column + row) % 2 == 0 {
                canvas.polygon(&square(column, row), color::TEXT);
            }
        }
    }
}
