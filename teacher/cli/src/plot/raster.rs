//! Pixels of a drawing.

use anyhow::Context;
use magister_envs::picture::{Image, Size};
use resvg::{tiny_skia, usvg};

/// The picture that a drawing for [`super::Medium::Pixels`] shows, so many times as large.
///
/// # Errors
/// If it would be too large.
pub(crate) fn image(drawing: &str, scale: f32) -> anyhow::Result<Image> {
    let tree = usvg::Tree::from_str(drawing, &usvg::Options::default()).context("cannot read the drawing")?;
    let side = |length: f32| (length * scale).ceil() as u32;
    let size = Size::new(side(tree.size().width()), side(tree.size().height()))?;
    let mut pixels = tiny_skia::Pixmap::new(size.width_px(), size.height_px()).context("the size is 0")?;
    pixels.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    Ok(Image::new(size, pixels.take()))
}
