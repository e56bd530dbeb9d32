//! Sizes and pixels.

use super::{error::PictureError, png};
use std::path::Path;

/// A picture's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    width_px: u32,
    height_px: u32,
}

impl Size {
    /// The shortest side, pixels.
    pub const LEAST: u32 = 16;
    /// The longest side, pixels.
    pub const MOST: u32 = 8_000;

    /// A size in pixels, each side [`Size::LEAST`] to [`Size::MOST`].
    ///
    /// # Errors
    /// If a side is outside.
    pub fn new(width_px: u32, height_px: u32) -> Result<Self, PictureError> {
        let sides = Self::LEAST..=Self::MOST;
        if sides.contains(&width_px) && sides.contains(&height_px) {
            Ok(Self { width_px, height_px })
        } else {
            Err(PictureError::Size { width_px, height_px, least: Self::LEAST, most: Self::MOST })
        }
    }

    /// The width, pixels.
    pub fn width_px(self) -> u32 {
        self.width_px
    }

    /// The height, pixels.
    pub fn height_px(self) -> u32 {
        self.height_px
    }
}

impl Default for Size {
    /// 600 x 400 pixels, as the reference's viewer.
    fn default() -> Self {
        Self { width_px: 600, height_px: 400 }
    }
}

/// A drawn picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    size: Size,
    rgba: Vec<u8>,
}

impl Image {
    /// A picture of red, green, blue and 255 for each pixel, row by row from the top.
    ///
    /// # Panics
    /// If there are not as many bytes as the size asks for.
    pub fn new(size: Size, rgba: Vec<u8>) -> Self {
        assert_eq!(rgba.len(), size.width_px as usize * size.height_px as usize * 4, "four bytes a pixel");
        Self { size, rgba }
    }

    /// The size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Red, green, blue and 255 of every pixel, row by row from the top.
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// The same, a pixel an element.
    pub(crate) fn pixels(&self) -> &[[u8; 4]] {
        self.rgba.as_chunks().0
    }

    /// Writes a still picture; the name must end in `.png`.
    ///
    /// # Errors
    /// If the name ends otherwise or the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), PictureError> {
        png::check_name(path)?;
        png::write_file(path, &png::still(self))
    }
}
