//! Animations as GIF: one palette for all frames, and of each frame only what changed.

use super::{
    animation::{Animation, Area},
    error::PictureError,
    image::{Image, Size},
    png,
};
use color_quant::NeuQuant;
use gif::{DisposalMethod, Encoder, Frame, Repeat};
use std::{collections::HashMap, path::Path};

/// Frames from which the palette is made, evenly spread over the animation.
const SAMPLED_FRAMES: usize = 24;
/// Colours of the palette; one more index stands for a pixel that did not change.
const COLORS: usize = 255;
const UNCHANGED: u8 = 255;
/// How many of them are kept exactly, the most frequent ones; the others share the rest.
const EXACT_COLORS: usize = 128;

/// Pictures of one size that follow one another; at least one. Each is asked for once or twice.
pub trait Frames {
    /// How many there are.
    fn count(&self) -> usize;

    /// The size of every one.
    fn size(&self) -> Size;

    /// One of them, by its index.
    fn image(&self, index: usize) -> Image;

    /// How long one is shown, hundredths of a second.
    fn delay_cs(&self, index: usize) -> u16;
}

/// Writes pictures as an animation in GIF, whatever the file's name.
///
/// # Errors
/// If the file cannot be written.
///
/// # Panics
/// Without a frame.
pub fn write_gif(frames: &impl Frames, path: &Path) -> Result<(), PictureError> {
    png::write_file(path, &animation(frames))
}

/// An animation's file.
pub(crate) fn animation(frames: &impl Frames) -> Vec<u8> {
    let mut palette = Palette::of(frames);
    let (width, height) = (frames.size().width_px() as u16, frames.size().height_px() as u16);
    let mut encoder = Encoder::new(Vec::new(), width, height, &palette.rgb).expect(IN_MEMORY);
    encoder.set_repeat(Repeat::Infinite).expect(IN_MEMORY);
    let mut before: Option<(Image, Vec<u8>)> = None;
    for index in 0..frames.count() {
        let image = frames.image(index);
        let indices = palette.indices(&image);
        let frame = match &before {
            None => encoded(Area::whole(image.size()), indices.clone()),
            Some((image_before, indices_before)) => {
                let area = Area::changed(image_before, &image).unwrap_or(Area::PIXEL);
                change(area, image.size(), indices_before, &indices)
            }
        };
        let frame = Frame { delay: frames.delay_cs(index), ..frame };
        encoder.write_lzw_pre_encoded_frame(&frame).expect(IN_MEMORY);
        before = Some((image, indices));
    }
    encoder.into_inner().expect(IN_MEMORY)
}

const IN_MEMORY: &str = "memory takes what is written, and sizes fit";

/// What changed, in whichever of two ways is smaller: all of the area that holds the change, or only its changed pixels.
fn change(area: Area, size: Size, before: &[u8], after: &[u8]) -> Frame<'static> {
    let all: Vec<u8> = area.of(after, size).copied().collect();
    let pairs = area.of(before, size).zip(&all);
    let changed = pairs.map(|(before, &after)| if *before == after { UNCHANGED } else { after }).collect();
    let (all, changed) = (encoded(area, all), encoded(area, changed));
    if all.buffer.len() < changed.buffer.len() { all } else { changed }
}

fn encoded(area: Area, indices: Vec<u8>) -> Frame<'static> {
    let mut frame = Frame {
        dispose: DisposalMethod::Keep,
        transparent: Some(UNCHANGED),
        left: area.left as u16,
        top: area.top as u16,
        width: area.width as u16,
        height: area.height as u16,
        buffer: indices.into(),
        ..Frame::default()
    };
    frame.make_lzw_pre_encoded();
    frame
}

impl Frames for Animation<'_> {
    fn count(&self) -> usize {
        self.len()
    }

    fn size(&self) -> Size {
        Animation::size(self)
    }

    fn image(&self, index: usize) -> Image {
        Animation::image(self, index)
    }

    fn delay_cs(&self, index: usize) -> u16 {
        Animation::delay_cs(self, index)
    }
}

/// The colours of all frames.
struct Palette {
    /// Three bytes a colour, [`COLORS`] of them, and three for [`UNCHANGED`].
    rgb: Vec<u8>,
    nearest: HashMap<[u8; 4], u8>,
}

impl Palette {
    /// Keeps the most frequent colours, which fill whole surfaces, and finds some between for what lies on their edges.
    fn of(frames: &impl Frames) -> Self {
        let mut counts: HashMap<[u8; 4], u64> = HashMap::new();
        let samples = frames.count().min(SAMPLED_FRAMES);
        for sample in 0..samples {
            let image = frames.image(sample * frames.count() / samples);
            for pixel in image.pixels() {
                *counts.entry(*pixel).or_default() += 1;
            }
        }
        let mut colors: Vec<([u8; 4], u64)> = counts.into_iter().collect();
        colors.sort_by_key(|&(pixel, count)| (std::cmp::Reverse(count), pixel));
        let exact = if colors.len() <= COLORS { colors.len() } else { EXACT_COLORS };
        let (exact, others) = colors.split_at(exact);
        let mut rgb: Vec<u8> = exact.iter().flat_map(|(pixel, _)| pixel[..3].to_vec()).collect();
        if !others.is_empty() {
            let pixels: Vec<u8> = others.iter().flat_map(|(pixel, _)| *pixel).collect();
            let found = NeuQuant::new(1, COLORS - EXACT_COLORS, &pixels).color_map_rgb();
            rgb.extend(found);
        }
        rgb.resize(3 * (COLORS + 1), 0);
        let nearest = exact.iter().zip(0..).map(|((pixel, _), index)| (*pixel, index)).collect();
        Self { rgb, nearest }
    }

    /// The index of every pixel.
    fn indices(&mut self, image: &Image) -> Vec<u8> {
        let mut last = ([0; 4], self.index([0; 4]));
        let of = |pixel: &[u8; 4]| {
            // Neighbours are mostly the same.
            if *pixel != last.0 {
                last = (*pixel, self.index(*pixel));
            }
            last.1
        };
        image.pixels().iter().map(of).collect()
    }

    fn index(&mut self, pixel: [u8; 4]) -> u8 {
        let Self { rgb, nearest } = self;
        *nearest.entry(pixel).or_insert_with(|| {
            let distance = |color: &[u8]| -> u32 {
                color.iter().zip(pixel).map(|(&one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
            };
            let colors = rgb.chunks_exact(3).take(COLORS).zip(0..);
            colors.min_by_key(|(color, _)| distance(color)).map_or(0, |(_, index)| index)
        })
    }
}
