//! A picture while it is drawn: shapes, lines and text in pixels.

use super::{
    color::Color,
    image::{Image, Size},
    text::{self, Align, Font},
};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Rect, Stroke, StrokeDash,
    Transform,
};

/// Pixels from the left and from the top.
pub(crate) type Point = (f32, f32);

/// A line's width in pixels, and its colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    pub(crate) color: Color,
    pub(crate) width: f32,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Line {
    Whole,
    /// In dashes of a length in pixels.
    Dashed(f32),
}

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writing {
    pub(crate) font: Font,
    pub(crate) size: f32,
    pub(crate) color: Color,
    pub(crate) align: Align,
}

/// A picture while it is drawn.
pub(crate) struct Canvas {
    pixmap: Pixmap,
}

impl Canvas {
    /// A canvas of one opaque colour.
    pub(crate) fn new(size: Size, color: Color) -> Self {
        let mut pixmap = Pixmap::new(size.width_px(), size.height_px()).expect("sizes are checked");
        pixmap.fill(tiny_skia::Color::from_rgba8(color.red, color.green, color.blue, 255));
        Self { pixmap }
    }

    pub(crate) fn width(&self) -> f32 {
        self.pixmap.width() as f32
    }

    pub(crate) fn height(&self) -> f32 {
        self.pixmap.height() as f32
    }

    /// Fills the outline of a polygon.
    pub(crate) fn polygon(&mut self, outline: &[Point], fill: Color) {
        if let Some(path) = path_of(outline, Ends::Joined) {
            self.fill(&path, fill);
        }
    }

    /// Fills the outline of a polygon with rounded corners and draws a line on it.
    pub(crate) fn outlined(&mut self, outline: &[Point], fill: Color, pen: Pen) {
        if let Some(path) = path_of(outline, Ends::Joined) {
            self.fill(&path, fill);
            self.stroke(&path, pen, Line::Whole);
        }
    }

    /// Draws a line through several points.
    pub(crate) fn line(&mut self, points: &[Point], pen: Pen, line: Line) {
        if let Some(path) = path_of(points, Ends::Open) {
            self.stroke(&path, pen, line);
        }
    }

    /// Fills a circle.
    pub(crate) fn disc(&mut self, (x, y): Point, radius: f32, fill: Color) {
        if let Some(path) = PathBuilder::from_circle(x, y, radius) {
            self.fill(&path, fill);
        }
    }

    /// Fills a rectangle with rounded corners, and draws a line on it.
    pub(crate) fn panel(
        &mut self,
        (x, y): Point,
        (width, height): Point,
        radius: f32,
        fill: Color,
        pen: Pen,
    ) {
        // A quarter of a circle as one cubic curve: the share of the radius that its handles take.
        const HANDLE: f32 = 0.552_284_8;
        let (right, bottom, inset) = (x + width, y + height, radius * (1.0 - HANDLE));
        let mut path = PathBuilder::new();
        path.move_to(x + radius, y);
        path.line_to(right - radius, y);
        path.cubic_to(right - inset, y, right, y + inset, right, y + radius);
        path.line_to(right, bottom - radius);
        path.cubic_to(right, bottom - inset, right - inset, bottom, right - radius, bottom);
        path.line_to(x + radius, bottom);
        path.cubic_to(x + inset, bottom, x, bottom - inset, x, bottom - radius);
        path.line_to(x, y + radius);
        path.cubic_to(x, y + inset, x + inset, y, x + radius, y);
        path.close();
        if let Some(path) = path.finish() {
            self.fill(&path, fill);
            self.stroke(&path, pen, Line::Whole);
        }
    }

    /// Fills a rectangle.
    pub(crate) fn rectangle(&mut self, (x, y): Point, (width, height): Point, fill: Color) {
        if let Some(rectangle) = Rect::from_xywh(x, y, width, height) {
            self.pixmap.fill_rect(rectangle, &paint(fill), Transform::identity(), None);
        }
    }

    /// Writes a line of text with its baseline at a place.
    pub(crate) fn text(&mut self, text: &str, place: Point, writing: Writing) {
        if let Some(path) = text::outline(text, writing.font, writing.size, place, writing.align) {
            self.fill(&path, writing.color);
        }
    }

    /// Lays another canvas on this one, with whole pixels.
    pub(crate) fn lay(&mut self, other: &Self, (x, y): (u32, u32)) {
        let (x, y) = (x.cast_signed(), y.cast_signed());
        let (paint, still) = (PixmapPaint::default(), Transform::identity());
        self.pixmap.draw_pixmap(x, y, other.pixmap.as_ref(), &paint, still, None);
    }

    /// The finished picture.
    pub(crate) fn finish(self) -> Image {
        let size = Size::new(self.pixmap.width(), self.pixmap.height()).expect("a canvas has a size");
        // Opaque pixels are the same with and without their opacity multiplied in.
        Image::new(size, self.pixmap.take())
    }

    fn fill(&mut self, path: &Path, color: Color) {
        self.pixmap.fill_path(path, &paint(color), FillRule::Winding, Transform::identity(), None);
    }

    fn stroke(&mut self, path: &Path, pen: Pen, line: Line) {
        let dash = match line {
            Line::Whole => None,
            Line::Dashed(length) => StrokeDash::new(vec![length, length], 0.0),
        };
        let stroke = Stroke {
            width: pen.width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            dash,
            ..Stroke::default()
        };
        self.pixmap.stroke_path(path, &paint(pen.color), &stroke, Transform::identity(), None);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Joined,
    Open,
}

fn path_of(points: &[Point], ends: Ends) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (&(x, y), rest) = points.split_first()?;
    path.move_to(x, y);
    for &(x, y) in rest {
        path.line_to(x, y);
    }
    if ends == Ends::Joined {
        path.close();
    }
    path.finish()
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(color.red, color.green, color.blue, color.opacity);
    paint
}
