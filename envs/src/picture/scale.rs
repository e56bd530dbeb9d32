//! Lengths to read off: rulers with round numbers, and the scale bar.

use super::{
    camera::Camera,
    canvas::{Canvas, Line, Pen, Point, Writing},
    color,
    text::{Align, Font},
};
use crate::physics::Vec2;

/// Steps of a ruler: between its ticks, and how many of them lie between two numbers.
const STEPS: [(f32, u32); 5] = [(0.5, 4), (1.0, 5), (2.0, 5), (5.0, 4), (10.0, 5)];

/// Draws a ruler over the whole width, its ticks upwards from `y` pixels, with numbers of metres above them.
pub(crate) fn draw_ruler_above(canvas: &mut Canvas, camera: &Camera, y: f32, unit: f32) {
    draw_ruler(canvas, camera, y, unit, -1.0, -10.5 * unit);
}

/// Draws a ruler over the whole width, its ticks downwards from `y` pixels, with numbers of metres below them.
pub(crate) fn draw_ruler_below(canvas: &mut Canvas, camera: &Camera, y: f32, unit: f32) {
    draw_ruler(canvas, camera, y, unit, 1.0, 16.5 * unit);
}

/// Draws a bar of a round length that ends at a place, with its length above it.
pub(crate) fn draw_bar(canvas: &mut Canvas, camera: &Camera, (right, y): Point, unit: f32) {
    let lengths = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
    let most = canvas.width() * 0.18;
    let length_m = lengths.into_iter().rev().find(|m| m * camera.px_per_m() <= most).unwrap_or(lengths[0]);
    let left = right - length_m * camera.px_per_m();
    let pen = Pen { color: color::TEXT, width: 1.6 * unit };
    let cap = 3.5 * unit;
    canvas.line(&[(left, y), (right, y)], pen, Line::Whole);
    for x in [left, right] {
        canvas.line(&[(x, y - cap), (x, y + cap)], pen, Line::Whole);
    }
    let writing =
        Writing { font: Font::Regular, size: 11.0 * unit, color: color::TEXT, align: Align::Middle };
    canvas.text(&format!("{length_m} m"), (f32::midpoint(left, right), y - 5.0 * unit), writing);
}

fn draw_ruler(canvas: &mut Canvas, camera: &Camera, y: f32, unit: f32, direction: f32, text_offset: f32) {
    let (from_m, to_m) = camera.shown_m(canvas.width());
    // Numbers of metres take about 30 units of width.
    let (step_m, between) = STEPS
        .into_iter()
        .find(|&(step_m, between)| step_m * between as f32 * camera.px_per_m() >= 60.0 * unit)
        .unwrap_or((20.0, 5));
    let writing =
        Writing { font: Font::Regular, size: 10.0 * unit, color: color::LABEL, align: Align::Middle };
    let (first, last) = ((from_m / step_m).ceil().max(0.0) as u32, (to_m / step_m).floor().max(0.0) as u32);
    for tick in first..=last {
        let (x, _) = camera.place(Vec2::new(tick as f32 * step_m, 0.0));
        let is_numbered = tick % between == 0;
        let length = if is_numbered { 6.5 } else { 3.5 } * unit;
        let pen = Pen { color: color::LABEL, width: unit };
        canvas.line(&[(x, y), (x, y + direction * length)], pen, Line::Whole);
        // A number that the edge would cut is left out.
        let room = 14.0 * unit;
        if is_numbered && (room..=canvas.width() - room).contains(&x) {
            canvas.text(&format!("{} m", tick as f32 * step_m), (x, y + text_offset), writing);
        }
    }
}
