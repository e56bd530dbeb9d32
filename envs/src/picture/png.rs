//! Still pictures as PNG, and animations as APNG: every colour exact, and files larger than GIF's.

use super::{
    animation::{Animation, Area},
    error::PictureError,
    image::Image,
};
use png::{BitDepth, ColorType, Compression, Encoder};
use std::{fs, path::Path};

/// Refuses a name for a still picture that does not end in `.png`.
pub(crate) fn check_name(path: &Path) -> Result<(), PictureError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        return Ok(());
    }
    Err(PictureError::UnknownExtension { path: path.to_owned(), known: ".png" })
}

/// Writes the whole file.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), PictureError> {
    fs::write(path, bytes).map_err(|source| PictureError::Write { path: path.to_owned(), source })
}

/// A still picture's file.
pub(crate) fn still(image: &Image) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = encoder(&mut bytes, image).write_header().expect(IN_MEMORY);
    writer.write_image_data(&rgb(image, Area::whole(image.size()))).expect(IN_MEMORY);
    writer.finish().expect(IN_MEMORY);
    bytes
}

/// An animation's file: the first frame whole, of the others the part that changed.
pub(crate) fn animation(animation: &Animation<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = animation.image(0);
    let mut encoder = encoder(&mut bytes, &before);
    encoder.set_animated(animation.len() as u32, 0).expect("an animation has scenes");
    let mut writer = encoder.write_header().expect(IN_MEMORY);
    for index in 0..animation.len() {
        let image = if index == 0 { before.clone() } else { animation.image(index) };
        let area = if index == 0 {
            Area::whole(image.size())
        } else {
            Area::changed(&before, &image).unwrap_or(Area::PIXEL)
        };
        writer.set_frame_delay(animation.delay_cs(index), 100).expect(IN_MEMORY);
        writer.reset_frame_position().expect(IN_MEMORY);
        writer.set_frame_dimension(area.width, area.height).expect(IN_MEMORY);
        writer.set_frame_position(area.left, area.top).expect(IN_MEMORY);
        writer.write_image_data(&rgb(&image, area)).expect(IN_MEMORY);
        before = image;
    }
    writer.finish().expect(IN_MEMORY);
    bytes
}

const IN_MEMORY: &str = "memory takes what is written, and sizes fit";

fn encoder<'a>(bytes: &'a mut Vec<u8>, image: &Image) -> Encoder<'a, &'a mut Vec<u8>> {
    let mut encoder = Encoder::new(bytes, image.size().width_px(), image.size().height_px());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    encoder
}

fn rgb(image: &Image, area: Area) -> Vec<u8> {
    area.of(image.pixels(), image.size()).flat_map(|&[red, green, blue, _]| [red, green, blue]).collect()
}
