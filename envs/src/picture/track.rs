//! A whole track on one picture, in rows like lines of text.

use super::{
    camera::Camera,
    canvas::{Canvas, Line, Pen, Writing},
    color,
    error::PictureError,
    image::{Image, Size},
    scale,
    scene::{Caption, Scene},
    text::{self, Align, Font},
    world,
};

/// The width in pixels at which lines and letters have their nominal size.
const NOMINAL_WIDTH_PX: f32 = 900.0;
/// The most of a track that is drawn in one row, metres.
const ROW_M: f32 = 32.0;
/// What is shown before the track's start, behind its end and over the walker, metres.
const BEYOND_M: f32 = 0.5;
/// Sky above the highest point of a row, metres: a walker's height.
const ABOVE_M: f32 = 2.8;
/// Earth below the lowest point of a row, metres.
const BELOW_M: f32 = 0.7;

/// Draws the whole track of a scene, and the walker where it is, in rows of at most 32 m.
///
/// The picture is as high as it must be.
///
/// # Errors
/// If the width is no [`Size`]'s, or the picture would be higher than one.
pub fn track(scene: &Scene, width_px: u32) -> Result<Image, PictureError> {
    let unit = width_px as f32 / NOMINAL_WIDTH_PX;
    let rows = rows(scene, width_px);
    let heading = if scene.caption == Caption::default() { 0.0 } else { 26.0 * unit };
    let (ruler, gap) = (20.0 * unit, 6.0 * unit);
    let tops: Vec<f32> = rows
        .iter()
        .scan(heading + gap, |top, row| {
            let here = *top;
            *top += (row.height_px + ruler + gap).ceil();
            Some(here.ceil())
        })
        .collect();
    let height = tops.last().zip(rows.last()).map_or(0.0, |(top, row)| top + row.height_px + ruler + gap);
    let mut canvas = Canvas::new(Size::new(width_px, height.ceil() as u32)?, color::PAPER);
    draw_heading(&mut canvas, &scene.caption, unit);
    for (row, top) in rows.iter().zip(tops) {
        // The row's part of the canvas, its ruler with it.
        let size = Size::new(width_px, (row.height_px + ruler).ceil() as u32)?;
        let mut picture = Canvas::new(size, color::SKY);
        let camera = row.camera();
        let thickness = row.px_per_m / 30.0;
        world::draw_scenery(&mut picture, &camera, &scene.scenery, thickness);
        world::draw_walker(&mut picture, &camera, &scene.bodies, thickness);
        world::draw_lidar(&mut picture, &camera, &scene.lidar, thickness);
        let (width, height) = (picture.width(), picture.height());
        picture.rectangle((0.0, row.height_px), (width, height - row.height_px), color::PAPER);
        let pen = Pen { color: color::LABEL, width: unit };
        picture.line(&[(0.0, row.height_px), (width, row.height_px)], pen, Line::Whole);
        scale::draw_ruler_below(&mut picture, &camera, row.height_px, unit);
        canvas.lay(&picture, (0, top as u32));
    }
    Ok(canvas.finish())
}

/// A part of a track.
#[derive(Clone, Copy, Debug)]
struct Row {
    left_m: f32,
    bottom_m: f32,
    px_per_m: f32,
    height_px: f32,
}

impl Row {
    fn camera(&self) -> Camera {
        Camera::new(self.left_m, self.bottom_m, self.px_per_m, self.height_px)
    }
}

/// The track in rows of the same length and scale, each as high as its part needs.
fn rows(scene: &Scene, width_px: u32) -> Vec<Row> {
    let (start, end) = scene.scenery.reach;
    let (start, end) = (start - BEYOND_M, end + BEYOND_M);
    let count = ((end - start) / ROW_M).ceil().max(1.0);
    let width_m = (end - start) / count;
    let px_per_m = width_px as f32 / width_m;
    (0..count as u32)
        .map(|index| {
            let left_m = start + index as f32 * width_m;
            let (lowest, highest) = scene.scenery.heights(left_m, left_m + width_m);
            let bottom_m = lowest - BELOW_M;
            let corners = scene.bodies.iter().flat_map(|body| &body.outline);
            let here = corners.filter(|corner| (left_m..=left_m + width_m).contains(&corner.x));
            let top_m = here.map(|corner| corner.y + BEYOND_M).fold(highest + ABOVE_M, f32::max);
            Row { left_m, bottom_m, px_per_m, height_px: ((top_m - bottom_m) * px_per_m).ceil() }
        })
        .collect()
}

/// Writes title and values in one line, the title to the left, the values to the right of it.
fn draw_heading(canvas: &mut Canvas, caption: &Caption, unit: f32) {
    let baseline = 19.0 * unit;
    let size = 12.0 * unit;
    let mut x = 10.0 * unit;
    let mut write = |text: &str, font, color, gap: f32| {
        canvas.text(text, (x, baseline), Writing { font, size, color, align: Align::Left });
        x += text::width(text, font, size) + gap * unit;
    };
    write(&caption.title, Font::Bold, color::TEXT, 18.0);
    for (name, value) in &caption.rows {
        write(name, Font::Regular, color::LABEL, 5.0);
        write(value, Font::Regular, color::TEXT, 16.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Scenery, fixture};

    fn scene() -> Scene {
        Scene { lidar: vec![], ..fixture::scene(5.0) }
    }

    #[test]
    fn rows_cover_the_track_one_after_another() {
        let rows = rows(&scene(), 900);
        assert_eq!(rows.len(), 2);
        let width_m = 900.0 / rows[0].px_per_m;
        assert!(rows[0].left_m <= 0.0 && rows[1].left_m + width_m >= 40.0);
        assert!((rows[0].left_m + width_m - rows[1].left_m).abs() < 1e-4);
        // The pillar stands in the first.
        let higher = (rows[0].height_px - rows[1].height_px) / rows[0].px_per_m;
        assert!((higher - 2.0).abs() < 0.1, "{higher}");
    }

    #[test]
    fn a_row_is_as_high_as_the_walker_in_it() {
        let standing = Scene { bodies: vec![], ..scene() };
        let jumping = fixture::scene(5.0);
        let high = jumping.bodies.iter().cloned().map(|mut body| {
            body.outline.iter_mut().for_each(|corner| corner.y += 10.0);
            body
        });
        let jumping = Scene { bodies: high.collect(), ..jumping };
        let heights = |scene: &Scene| rows(scene, 900).iter().map(|row| row.height_px).collect::<Vec<_>>();
        let (low, high) = (heights(&standing), heights(&jumping));
        let px_per_m = rows(&jumping, 900)[0].px_per_m;
        // 13.6 m to the top of the hull, half a metre over it, 0.7 m of earth.
        assert!((high[0] - 14.8 * px_per_m).abs() < 2.0 && high[0] > low[0], "{high:?} {low:?}");
        assert!((high[1] - low[1]).abs() < 1e-3, "the other row is as it was");
    }

    #[test]
    fn everything_is_drawn_in_its_row() {
        let image = track(&scene(), 900).unwrap();
        assert_eq!(image.size().width_px(), 900);
        let rows = rows(&scene(), 900);
        let first = rows[0].height_px as usize * 900 * 4;
        let count = |pixels: &[u8], color: color::Color| {
            let color = [color.red, color.green, color.blue, 255];
            pixels.chunks_exact(4).filter(|pixel| **pixel == color).count()
        };
        let (top, bottom) = image.rgba().split_at(first);
        for (color, in_first, in_second) in [
            (color::OBSTACLE, true, false),
            (color::HULL, true, false),
            (color::NEAR_LEG, true, false),
            (color::START, true, false),
            (color::SKY, true, true),
            (color::EARTH, true, true),
            (color::GROUND_LINE, true, true),
        ] {
            let found = (count(top, color) > 30, count(bottom, color) > 30);
            assert_eq!(found, (in_first, in_second), "{color:?}");
        }
    }

    #[test]
    fn a_caption_takes_a_line_at_the_top() {
        let plain = track(&scene(), 900).unwrap().size().height_px();
        let caption = Caption { title: "stump tracks".to_owned(), rows: vec![] };
        let captioned = track(&Scene { caption, ..scene() }, 900).unwrap().size().height_px();
        assert_eq!(captioned, plain + 26);
    }

    #[test]
    fn what_has_no_size_is_refused() {
        for width_px in [0, 15, 8_001] {
            assert!(matches!(track(&scene(), width_px), Err(PictureError::Size { .. })), "{width_px}");
        }
        let abyss = [(0.0, 0.0), (1.0, -5_000.0)].map(|(x, y)| crate::physics::Vec2::new(x, y));
        let abyss = crate::track::Surface::Edge(crate::physics::Edge::new(abyss[0], abyss[1]).unwrap());
        let deep = Scene { scenery: Scenery::of(&[abyss]).unwrap().into(), ..scene() };
        assert!(matches!(track(&deep, 900), Err(PictureError::Size { .. })));
    }
}
