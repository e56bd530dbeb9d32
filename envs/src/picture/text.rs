//! Text as outlines, from two fonts that are part of the program.
//!
//! The fonts are DejaVu Sans and its bold, cut down with fonttools to Latin, Greek and Cyrillic letters and what captions need
//! beside them: `pyftsubset DejaVuSans.ttf --no-hinting --layout-features='' --name-IDs='*'
//! --unicodes=U+0020-007E,U+00A0-017F,U+0370-03FF,U+0400-045F,U+2010-2026,U+2030,U+2032,U+2033,U+2070-208E,U+2190-2193,U+2200-2265`.
//! Their licence lies beside them. A character that they lack is drawn as a question mark.

use std::{fmt::Write, sync::LazyLock};
use tiny_skia::{Path, PathBuilder, PathSegment};
use ttf_parser::{Face, OutlineBuilder};

/// A font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// DejaVu Sans.
    Regular,
    /// DejaVu Sans Bold.
    Bold,
}

/// Where a line of text is, seen from the place it is written at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Middle,
    Right,
}

static REGULAR: LazyLock<Face<'static>> = LazyLock::new(|| face(include_bytes!("font/DejaVuSans.ttf")));
static BOLD: LazyLock<Face<'static>> = LazyLock::new(|| face(include_bytes!("font/DejaVuSans-Bold.ttf")));

/// How wide a line of text is, for a font whose capitals' line is `size` pixels from one to the next.
pub fn width(text: &str, font: Font, size: f32) -> f32 {
    let face = font.face();
    text.chars().map(|character| advance(face, glyph(face, character))).sum::<f32>() * scale(face, size)
}

/// The outlines of a line of text whose baseline is at a place, in pixels; none if nothing is to be seen.
pub(crate) fn outline(text: &str, font: Font, size: f32, (x, y): (f32, f32), align: Align) -> Option<Path> {
    let face = font.face();
    let left = match align {
        Align::Left => x,
        Align::Middle => x - width(text, font, size) / 2.0,
        Align::Right => x - width(text, font, size),
    };
    let mut outliner = Outliner { path: PathBuilder::new(), x: left, y, scale: scale(face, size) };
    for character in text.chars() {
        let glyph = glyph(face, character);
        face.outline_glyph(glyph, &mut outliner);
        outliner.x += advance(face, glyph) * outliner.scale;
    }
    outliner.path.finish()
}

/// The outlines of a line of text that begins at the origin with its baseline, as the data of an SVG path in pixels; empty if
/// nothing is to be seen.
pub fn svg_path(text: &str, font: Font, size: f32) -> String {
    let mut data = String::new();
    for segment in outline(text, font, size, (0.0, 0.0), Align::Left).iter().flat_map(Path::segments) {
        let (command, points) = match segment {
            PathSegment::MoveTo(to) => ('M', vec![to]),
            PathSegment::LineTo(to) => ('L', vec![to]),
            PathSegment::QuadTo(by, to) => ('Q', vec![by, to]),
            PathSegment::CubicTo(by, and, to) => ('C', vec![by, and, to]),
            PathSegment::Close => ('Z', vec![]),
        };
        data.push(command);
        for point in points {
            write!(data, "{:.2} {:.2} ", point.x, point.y).expect("a string takes all");
        }
    }
    data
}

impl Font {
    fn face(self) -> &'static Face<'static> {
        match self {
            Self::Regular => &REGULAR,
            Self::Bold => &BOLD,
        }
    }
}

fn face(bytes: &'static [u8]) -> Face<'static> {
    Face::parse(bytes, 0).expect("the embedded font is whole")
}

fn glyph(face: &Face<'_>, character: char) -> ttf_parser::GlyphId {
    let question_mark = || face.glyph_index('?').expect("the embedded font has ASCII");
    face.glyph_index(character).unwrap_or_else(question_mark)
}

fn advance(face: &Face<'_>, glyph: ttf_parser::GlyphId) -> f32 {
    f32::from(face.glyph_hor_advance(glyph).unwrap_or_default())
}

fn scale(face: &Face<'_>, size: f32) -> f32 {
    size / f32::from(face.units_per_em())
}

/// Turns a glyph's outline, upwards from the baseline, into a path of pixels, downwards.
struct Outliner {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Outliner {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Outliner {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_wide_as_their_glyphs_and_stand_where_they_are_aligned() {
        for font in [Font::Regular, Font::Bold] {
            let digits: Vec<f32> = ('0'..='9').map(|digit| width(&digit.to_string(), font, 100.0)).collect();
            assert!(digits.iter().all(|width| (width - digits[0]).abs() < 1e-3), "digits share a width");
            assert!(width("mm", font, 20.0) > 2.0 * width("ii", font, 20.0));
            let bounds = |align| outline("HH", font, 20.0, (100.0, 50.0), align).unwrap().bounds();
            let (left, middle, right) = (bounds(Align::Left), bounds(Align::Middle), bounds(Align::Right));
            assert!(left.left() > 100.0 && right.right() < 100.0);
            assert!((f32::midpoint(middle.left(), middle.right()) - 100.0).abs() < 1.0);
            assert!((left.bottom() - 50.0).abs() < 1e-3, "capitals stand on the baseline");
            assert!((30.0..40.0).contains(&left.top()), "and reach upwards");
        }
    }

    #[test]
    fn outlines_become_paths_of_svg() {
        let path = svg_path("l", Font::Regular, 100.0);
        assert_eq!(path.matches('M').count(), 1, "{path}");
        assert!(path.starts_with('M') && path.ends_with('Z') && path.contains('L'), "{path}");
        assert_eq!(svg_path(" ", Font::Regular, 100.0), "");
    }

    #[test]
    fn every_character_of_captions_is_there_and_others_become_question_marks() {
        for character in (' '..='~').chain("°±²·×÷σ−–…→≥≤αµΔßжÉ".chars()) {
            for font in [Font::Regular, Font::Bold] {
                assert!(font.face().glyph_index(character).is_some(), "{character:?} {font:?}");
            }
        }
        assert!((width("語", Font::Bold, 9.0) - width("?", Font::Bold, 9.0)).abs() < 1e-6);
        assert!(outline(" ", Font::Regular, 20.0, (0.0, 0.0), Align::Left).is_none());
    }
}
