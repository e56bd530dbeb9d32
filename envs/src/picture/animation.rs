//! Many scenes as one moving picture.

use super::{
    camera::View,
    error::PictureError,
    frame::frame,
    gif,
    image::{Image, Size},
    mp4, png,
    scene::Scene,
};
use std::{ffi::OsStr, path::Path};

/// Steps of a walker in a second.
const STEPS_PER_SECOND: u32 = 50;
/// How long the last frame stays, hundredths of a second, so that one sees how it ended.
const LAST_FRAME_CS: u16 = 100;

/// How many frames a second has: a whole number of steps lies between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRate {
    frames_per_second: u32,
}

impl FrameRate {
    /// 50, 25, 10, 5, 2 or 1 frames a second.
    ///
    /// # Errors
    /// With any other rate.
    pub fn new(frames_per_second: u32) -> Result<Self, PictureError> {
        if frames_per_second > 0 && STEPS_PER_SECOND.is_multiple_of(frames_per_second) {
            Ok(Self { frames_per_second })
        } else {
            Err(PictureError::FrameRate(frames_per_second))
        }
    }

    /// Frames in a second.
    pub fn frames_per_second(self) -> u32 {
        self.frames_per_second
    }

    /// Steps of the walker from one frame to the next.
    pub fn steps_per_frame(self) -> u32 {
        STEPS_PER_SECOND / self.frames_per_second
    }
}

impl Default for FrameRate {
    /// 25 frames a second.
    fn default() -> Self {
        Self { frames_per_second: 25 }
    }
}

/// What an animation's file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnimationFormat {
    /// Small, shown everywhere, at most 256 colours.
    Gif,
    /// Every colour; shown by browsers, and by others as its first frame.
    Apng,
    /// Smallest for long episodes; written by the program ffmpeg.
    Mp4,
}

impl AnimationFormat {
    /// The format that a file's name asks for: `.gif`, `.png` (or `.apng`), `.mp4`.
    ///
    /// # Errors
    /// If the name ends otherwise.
    pub fn of(path: &Path) -> Result<Self, PictureError> {
        let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("gif") => Ok(Self::Gif),
            Some("png" | "apng") => Ok(Self::Apng),
            Some("mp4") => Ok(Self::Mp4),
            _ => Err(PictureError::UnknownExtension {
                path: path.to_owned(),
                known: ".gif, .png (animated) or .mp4",
            }),
        }
    }
}

/// Scenes, one a frame, and how they are shown.
#[derive(Clone, Copy, Debug)]
pub struct Animation<'a> {
    scenes: &'a [Scene],
    view: View,
    size: Size,
    rate: FrameRate,
}

impl<'a> Animation<'a> {
    /// An animation of scenes that follow one another at a rate.
    ///
    /// # Errors
    /// Without a scene.
    pub fn new(scenes: &'a [Scene], view: View, size: Size, rate: FrameRate) -> Result<Self, PictureError> {
        if scenes.is_empty() { Err(PictureError::NoScenes) } else { Ok(Self { scenes, view, size, rate }) }
    }

    /// Writes the file in the format that its name asks for. Nothing is written if that fails.
    ///
    /// # Errors
    /// If the name asks for no known format, the file cannot be written, or ffmpeg is needed and missing.
    pub fn write(&self, path: &Path) -> Result<(), PictureError> {
        match AnimationFormat::of(path)? {
            AnimationFormat::Gif => png::write_file(path, &gif::animation(self)),
            AnimationFormat::Apng => png::write_file(path, &png::animation(self)),
            AnimationFormat::Mp4 => mp4::write(self, path, OsStr::new("ffmpeg")),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.scenes.len()
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    pub(crate) fn rate(&self) -> FrameRate {
        self.rate
    }

    pub(crate) fn image(&self, index: usize) -> Image {
        frame(&self.scenes[index], self.view, self.size)
    }

    /// How long a frame is shown, hundredths of a second.
    pub(crate) fn delay_cs(&self, index: usize) -> u16 {
        if index + 1 == self.scenes.len() {
            LAST_FRAME_CS
        } else {
            // Every rate divides 50, and so 100.
            (100 / self.rate.frames_per_second) as u16
        }
    }
}

/// A part of a picture, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Area {
    /// The smallest part: the pixel in the upper left corner.
    pub(crate) const PIXEL: Self = Self { left: 0, top: 0, width: 1, height: 1 };

    pub(crate) fn whole(size: Size) -> Self {
        Self { left: 0, top: 0, width: size.width_px(), height: size.height_px() }
    }

    /// The least part outside which two pictures of one size are the same; none if they are the same everywhere.
    pub(crate) fn changed(before: &Image, after: &Image) -> Option<Self> {
        let width = after.size().width_px() as usize;
        let rows = || before.rgba().chunks_exact(width * 4).zip(after.rgba().chunks_exact(width * 4));
        let top = rows().position(|(before, after)| before != after)?;
        let bottom = rows().rposition(|(before, after)| before != after)?;
        let (mut left, mut right) = (width, 0);
        for (before, after) in rows().skip(top).take(bottom - top + 1) {
            let pixels = || before.chunks_exact(4).zip(after.chunks_exact(4));
            if let Some(first) = pixels().position(|(before, after)| before != after) {
                left = left.min(first);
            }
            if let Some(last) = pixels().rposition(|(before, after)| before != after) {
                right = right.max(last);
            }
        }
        Some(Self {
            left: left as u32,
            top: top as u32,
            width: (right - left + 1) as u32,
            height: (bottom - top + 1) as u32,
        })
    }

    /// The part's values among those of a picture's pixels, row by row.
    pub(crate) fn of<T>(self, values: &[T], size: Size) -> impl Iterator<Item = &T> {
        let rows = values.chunks_exact(size.width_px() as usize);
        let rows = rows.skip(self.top as usize).take(self.height as usize);
        rows.flat_map(move |row| &row[self.left as usize..(self.left + self.width) as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Caption, fixture};
    use std::fs;

    fn scenes() -> Vec<Scene> {
        (0..6_u8).map(|index| fixture::scene(8.0 + 0.4 * f32::from(index))).collect()
    }

    fn animation(scenes: &[Scene]) -> Animation<'_> {
        let size = Size::new(301, 200).unwrap();
        Animation::new(scenes, View::default(), size, FrameRate::new(10).unwrap()).unwrap()
    }

    /// The pictures of a GIF with their delays, each laid on those before it.
    fn played_gif(bytes: &[u8]) -> Vec<(Vec<u8>, u16)> {
        let mut options = ::gif::DecodeOptions::new();
        options.set_color_output(::gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes).unwrap();
        assert_eq!((decoder.width(), decoder.height()), (301, 200));
        assert_eq!(decoder.repeat(), ::gif::Repeat::Infinite);
        let mut screen = vec![0; 301 * 200 * 4];
        let mut played = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            let (left, width) = (usize::from(frame.left), usize::from(frame.width));
            for (row, pixels) in frame.buffer.chunks_exact(width * 4).enumerate() {
                for (column, pixel) in pixels.chunks_exact(4).enumerate().filter(|(_, pixel)| pixel[3] == 255)
                {
                    let index = ((usize::from(frame.top) + row) * 301 + left + column) * 4;
                    screen[index..index + 4].copy_from_slice(pixel);
                }
            }
            played.push((screen.clone(), frame.delay));
        }
        played
    }

    /// The same of an APNG.
    fn played_apng(bytes: &[u8]) -> Vec<(Vec<u8>, u16)> {
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (301, 200));
        let control = *reader.info().animation_control().unwrap();
        assert_eq!(control.num_plays, 0);
        let mut screen = vec![255; 301 * 200 * 4];
        let mut played = Vec::new();
        for _ in 0..control.num_frames {
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let frame = reader.next_frame(&mut pixels).unwrap();
            let control = *reader.info().frame_control().unwrap();
            assert_eq!(control.delay_den, 100);
            for (row, line) in pixels[..frame.buffer_size()].chunks_exact(frame.line_size).enumerate() {
                for (column, pixel) in line.chunks_exact(3).enumerate() {
                    let index =
                        ((control.y_offset as usize + row) * 301 + control.x_offset as usize + column) * 4;
                    screen[index..index + 3].copy_from_slice(pixel);
                }
            }
            played.push((screen.clone(), control.delay_num));
        }
        played
    }

    #[test]
    fn a_file_played_again_shows_the_frames_for_as_long_as_they_lasted() {
        let scenes = scenes();
        let animation = animation(&scenes);
        for (played, most_off) in
            [(played_gif(&gif::animation(&animation)), 64), (played_apng(&png::animation(&animation)), 0)]
        {
            assert_eq!(played.len(), 6);
            let delays: Vec<u16> = played.iter().map(|(_, delay)| *delay).collect();
            assert_eq!(delays, [10, 10, 10, 10, 10, 100]);
            for (index, (screen, _)) in played.iter().enumerate() {
                let image = animation.image(index);
                let off = |(one, other): (&u8, &u8)| one.abs_diff(*other);
                let differences: Vec<u8> = screen.iter().zip(image.rgba()).map(off).collect();
                let worst = differences.iter().max().copied();
                assert!(worst <= Some(most_off), "frame {index} is off by {worst:?}");
                // What a palette changes are a few pixels on the edges of things.
                let wrong = differences.iter().filter(|&&off| off > 8).count();
                assert!(wrong * 200 < differences.len(), "frame {index} has {wrong} wrong values");
            }
        }
    }

    #[test]
    fn what_stays_the_same_costs_nothing() {
        let still = vec![fixture::scene(9.0); 30];
        let captions = (0..30).map(|index| {
            let caption = Caption { title: format!("step {index}"), rows: vec![] };
            Scene { caption, ..fixture::scene(9.0) }
        });
        let captions: Vec<Scene> = captions.collect();
        for write in [gif::animation, png::animation] {
            let one = write(&animation(&still[..1])).len();
            let same = write(&animation(&still)).len();
            assert!(same < one + 30 * 150, "30 frames {same}, one {one}");
            let counting = write(&animation(&captions)).len();
            assert!(counting < one + 30 * 1_000, "30 captions {counting}, one {one}");
        }
    }

    #[test]
    fn the_name_says_what_is_written() {
        for (name, expected) in [
            ("a.gif", Some(AnimationFormat::Gif)),
            ("folder.x/A.GIF", Some(AnimationFormat::Gif)),
            ("a.png", Some(AnimationFormat::Apng)),
            ("a.apng", Some(AnimationFormat::Apng)),
            ("a.b.mp4", Some(AnimationFormat::Mp4)),
            ("a.webm", None),
            ("gif", None),
            ("", None),
        ] {
            assert_eq!(AnimationFormat::of(Path::new(name)).ok(), expected, "{name}");
        }
        let error = AnimationFormat::of(Path::new("walk.webm")).unwrap_err().to_string();
        assert_eq!(
            error,
            "walk.webm does not say which kind of picture to write: end the name in .gif, .png (animated) or .mp4"
        );
    }

    #[test]
    fn files_are_what_their_names_say() {
        let folder = tempfile::tempdir().unwrap();
        let scenes = scenes();
        let animation = animation(&scenes[..2]);
        for (name, start) in [("a.gif", &b"GIF89a"[..]), ("a.png", b"\x89PNG\r\n\x1a\n")] {
            let path = folder.path().join(name);
            animation.write(&path).unwrap();
            assert!(fs::read(&path).unwrap().starts_with(start), "{name}");
        }
        let still = folder.path().join("still.png");
        animation.image(0).write(&still).unwrap();
        let mut reader =
            ::png::Decoder::new(std::io::Cursor::new(fs::read(&still).unwrap())).read_info().unwrap();
        assert!(reader.info().animation_control().is_none());
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let image = animation.image(0);
        let (rgba, _) = image.rgba().as_chunks::<4>();
        assert!(pixels.chunks_exact(3).eq(rgba.iter().map(|pixel| &pixel[..3])));
        for (path, expected) in
            [("still.jpg", "end the name in .png"), ("no/folder/still.png", "cannot be written")]
        {
            let error = animation.image(0).write(&folder.path().join(path)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn rates_are_those_that_can_be_kept() {
        for (rate, steps) in
            [(50, Some(1)), (25, Some(2)), (10, Some(5)), (1, Some(50)), (30, None), (0, None), (100, None)]
        {
            assert_eq!(FrameRate::new(rate).ok().map(FrameRate::steps_per_frame), steps, "{rate}");
        }
        assert!(matches!(
            Animation::new(&[], View::default(), Size::default(), FrameRate::default()),
            Err(PictureError::NoScenes)
        ));
    }
}
