//! One moment as the camera sees it.

use super::{
    camera::{Camera, View},
    canvas::{Canvas, Pen, Writing},
    color,
    image::{Image, Size},
    scale,
    scene::{Caption, Scene},
    text::{self, Align, Font},
    world,
};
use crate::physics::Vec2;

/// The width in pixels at which a frame's lines and letters have their nominal size.
const NOMINAL_WIDTH_PX: f32 = 600.0;
/// The widest value that a caption expects, so that its panel keeps its width while numbers change.
const WIDEST_VALUE: &str = "−000.0 m";

/// Draws a scene with the camera at the hull, or at the start of the track if there is no hull.
pub fn frame(scene: &Scene, view: View, size: Size) -> Image {
    let mut canvas = Canvas::new(size, color::SKY);
    let unit = size.width_px() as f32 / NOMINAL_WIDTH_PX;
    let start = Vec2::new(scene.scenery.reach.0, 0.0);
    let camera = Camera::following(scene.hull().unwrap_or(start), &scene.scenery, view, size);
    world::draw_scenery(&mut canvas, &camera, &scene.scenery, unit);
    world::draw_walker(&mut canvas, &camera, &scene.bodies, unit);
    world::draw_lidar(&mut canvas, &camera, &scene.lidar, unit);
    let (width, height) = (canvas.width(), canvas.height());
    scale::draw_ruler_above(&mut canvas, &camera, height, unit);
    scale::draw_bar(&mut canvas, &camera, (width - 14.0 * unit, 28.0 * unit), unit);
    draw_caption(&mut canvas, &scene.caption, unit);
    canvas.finish()
}

fn draw_caption(canvas: &mut Canvas, caption: &Caption, unit: f32) {
    if *caption == Caption::default() {
        return;
    }
    let line_height = 15.0 * unit;
    let (margin, padding, gap) = (10.0 * unit, 8.0 * unit, 14.0 * unit);
    let writing = |font, color, align| Writing { font, size: 11.0 * unit, color, align };
    let title = writing(Font::Bold, color::TEXT, Align::Left);
    let name = writing(Font::Regular, color::LABEL, Align::Left);
    let value = writing(Font::Regular, color::TEXT, Align::Right);
    let width = |text: &str, writing: Writing| text::width(text, writing.font, writing.size);
    let names = caption.rows.iter().map(|row| width(&row.0, name)).fold(0.0, f32::max);
    let values = caption.rows.iter().map(|row| width(&row.1, value));
    let columns = names + gap + values.fold(width(WIDEST_VALUE, value), f32::max);
    let rows = if caption.rows.is_empty() { 0.0 } else { columns };
    let inner = rows.max(width(&caption.title, title));
    let titles = if caption.title.is_empty() { 0 } else { 1 };
    let height = line_height * (titles + caption.rows.len()) as f32 + 2.0 * padding - 3.0 * unit;
    let pen = Pen { color: color::LABEL.with_opacity(90), width: unit };
    let fill = color::PAPER.with_opacity(225);
    canvas.panel((margin, margin), (inner + 2.0 * padding, height), 5.0 * unit, fill, pen);
    let left = margin + padding;
    let mut baseline = margin + padding + 9.0 * unit;
    if titles == 1 {
        canvas.text(&caption.title, (left, baseline), title);
        baseline += line_height;
    }
    for (name_text, value_text) in &caption.rows {
        canvas.text(name_text, (left, baseline), name);
        canvas.text(value_text, (left + inner, baseline), value);
        baseline += line_height;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Scenery, color::Color, fixture};
    use std::collections::HashSet;

    const SIZES: [(u32, u32); 3] = [(600, 400), (1200, 800), (901, 503)];

    /// The camera of [`frame`] on the fixture.
    fn camera(x_m: f32, size: Size) -> Camera {
        Camera::following(Vec2::new(x_m, 3.0), &fixture::scenery(), View::default(), size)
    }

    fn pixel(image: &Image, (x, y): (f32, f32)) -> [u8; 4] {
        let index = (y as usize * image.size().width_px() as usize + x as usize) * 4;
        image.rgba()[index..index + 4].try_into().unwrap()
    }

    fn opaque(color: Color) -> [u8; 4] {
        [color.red, color.green, color.blue, 255]
    }

    #[test]
    fn every_part_has_its_colour_at_its_place_in_every_size() {
        for (width, height) in SIZES {
            let size = Size::new(width, height).unwrap();
            let image = frame(&fixture::scene(9.0), View::default(), size);
            let camera = camera(9.0, size);
            for (what, x, y, color) in [
                ("sky", 11.0, 4.5, color::SKY),
                ("earth", 9.0, -0.8, color::EARTH),
                ("ground line", 14.5, 0.0, color::GROUND_LINE),
                ("pillar", 12.5, 1.5, color::OBSTACLE),
                ("hull", 8.4, 3.2, color::HULL),
                ("near upper leg", 9.35, 1.3, color::NEAR_LEG),
                ("near leg over far leg", 9.3, 1.6, color::NEAR_LEG),
                ("far upper leg", 8.75, 1.8, color::FAR_LEG),
                ("far lower leg", 8.7, 0.5, color::FAR_LEG),
                ("hull over far leg", 8.7, 2.45, color::HULL),
                ("dot of a hit", 12.0, 1.0, color::LIDAR),
            ] {
                let found = pixel(&image, camera.place(Vec2::new(x, y)));
                assert_eq!(found, opaque(color), "{what} at {width} x {height}");
            }
            let outline = pixel(&image, camera.place(Vec2::new(13.0, 1.5)));
            assert!(outline < opaque(color::OBSTACLE), "an outline is darker: {outline:?}");
            // A ray is seen through, and one that meets nothing ends without a dot.
            let ray = pixel(&image, camera.place(Vec2::new(10.5, 2.0)));
            assert!(ray != opaque(color::SKY) && ray != opaque(color::LIDAR), "{ray:?}");
            assert_ne!(pixel(&image, camera.place(Vec2::new(14.0, 4.0))), opaque(color::LIDAR));
        }
    }

    #[test]
    fn flags_stand_at_start_and_finish_only() {
        let size = Size::default();
        let count = |x_m: f32, scenery: Scenery, color: Color| {
            let scene =
                Scene { scenery: scenery.into(), bodies: vec![], lidar: vec![], ..fixture::scene(x_m) };
            // Without a hull the camera stays at the start.
            let image = frame(&scene, View::new(50.0).unwrap(), size);
            image.rgba().chunks_exact(4).filter(|pixel| **pixel == opaque(color)).count()
        };
        let bare = || Scenery { start_m: None, finish_m: None, ..fixture::scenery() };
        assert!(count(9.0, fixture::scenery(), color::START) > 20);
        assert_eq!(count(9.0, bare(), color::START), 0);
        let (without, with) =
            (count(9.0, bare(), color::TEXT), count(9.0, bare().with_finish(38.0), color::TEXT));
        assert!(with > without + 20, "{with} {without}");
    }

    #[test]
    fn the_camera_follows_by_whole_pixels_and_stays_on_the_track() {
        let size = Size::default();
        let pillar = Vec2::new(12.0, 0.0);
        let at = |x_m| camera(x_m, size).place(pillar).0;
        for x_m in [9.0, 9.013, 9.1, 10.0] {
            let moved = at(9.0) - at(x_m);
            assert!((moved - moved.round()).abs() < 1e-3, "{moved}");
        }
        assert!(at(10.0) < at(9.0));
        // Beyond the ends it goes no further.
        for (one, further) in [(1.0, -5.0), (39.0, 60.0)] {
            assert!((at(one) - at(further)).abs() < 1e-3, "{one}");
        }
    }

    #[test]
    fn the_caption_is_written_in_its_corner_and_changes_nothing_else() {
        let size = Size::default();
        let bare = fixture::scene(9.0);
        let caption = Caption {
            title: "stump tracks".to_owned(),
            rows: vec![("stump_height".to_owned(), "1.20 m".to_owned())],
        };
        let captioned = Scene { caption, ..bare.clone() };
        let view = View::default();
        let (bare, captioned) = (frame(&bare, view, size), frame(&captioned, view, size));
        let changed = |x: u32, y: u32| {
            let place = (x as f32, y as f32);
            pixel(&bare, place) != pixel(&captioned, place)
        };
        let places = || (0..400).flat_map(|y| (0..600).map(move |x| (x, y)));
        let places: HashSet<(u32, u32)> = places().filter(|&(x, y)| changed(x, y)).collect();
        assert!(places.len() > 3_000, "{}", places.len());
        assert!(places.iter().all(|&(x, y)| x < 220 && y < 70));
        let dark = |pixel: [u8; 4]| pixel[..3].iter().all(|&part| part < 100);
        let written = places.iter().filter(|&&(x, y)| dark(pixel(&captioned, (x as f32, y as f32)))).count();
        assert!(written > 200, "{written}");
    }
}
