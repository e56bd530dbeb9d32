//! Pixels of a drawing.

use anyhow::Context;
use magister_envs::picture::{Image, Size};
use resvg::{tiny_skia, usvg};

/// How large the pixels' picture is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scaling {
    /// So many times as large as the drawing.
    Times(f32),
    /// So many pixels wide.
    WidthPx(u32),
}

impl Scaling {
    /// To a width, or where none is asked for so many times as large.
    pub(crate) fn to(width_px: Option<u32>, times: f32) -> Self {
        width_px.map_or(Self::Times(times), Self::WidthPx)
    }
}

/// The picture that a drawing for [`super::Medium::Pixels`] shows.
///
/// # Errors
/// If it would be too small or too large.
pub(crate) fn image(drawing: &str, scaling: Scaling) -> anyhow::Result<Image> {
    let tree = usvg::Tree::from_str(drawing, &usvg::Options::default()).context("cannot read the drawing")?;
    let scale = match scaling {
        Scaling::Times(times) => times,
        Scaling::WidthPx(width) => width as f32 / tree.size().width(),
    };
    let side = |length: f32| (length * scale).round() as u32;
    let size = Size::new(side(tree.size().width()), side(tree.size().height()))?;
    let mut pixels = tiny_skia::Pixmap::new(size.width_px(), size.height_px()).context("the size is 0")?;
    pixels.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    Ok(Image::new(size, pixels.take()))
}
