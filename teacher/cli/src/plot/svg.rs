//! SVG as it is written: elements, colours and text.

use std::fmt::{Display, Write};

use magister_envs::picture::{Font, svg_path, text_width};

use super::color;

/// Fonts that are alike, where the first is not installed.
const FAMILY: &str = "'DejaVu Sans', Verdana, sans-serif";

/// What a drawing is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// A file of its own, on white.
    File,
    /// Pixels, on white: text becomes outlines, so that no font need be installed.
    Pixels,
    /// Within a page, whose style sheet gives the colours ([`super::page_colors`]).
    Page,
}

/// What is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ink {
    /// Titles and numbers.
    Text,
    /// What is said beside.
    Label,
    /// Frames and ticks.
    Line,
    /// Lines behind the data.
    Grid,
    /// Behind everything.
    Paper,
    /// What has no value.
    Absent,
    /// A value between the ends of the colour scale, 0 to 1.
    Scale(f64),
    /// One of several things that are told apart; beyond the last colour they begin again.
    Series(usize),
}

/// Where a line of text is, seen from its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writing {
    pub(crate) font: Font,
    pub(crate) size: f64,
    pub(crate) ink: Ink,
    pub(crate) anchor: Anchor,
    /// Degrees clockwise.
    pub(crate) turned: f64,
    /// With a rim of paper, where it lies on data.
    pub(crate) rim: Rim,
}

/// Whether a text has a rim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rim {
    None,
    Paper,
}

/// A rectangle, pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A drawing while it is made.
#[derive(Debug)]
pub(crate) struct Svg {
    medium: Medium,
    text: String,
}

impl Rect {
    pub(crate) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(self) -> f64 {
        self.y + self.height
    }

    /// The same with a margin inside.
    pub(crate) fn inset(self, margin: f64) -> Self {
        Self {
            x: self.x + margin,
            y: self.y + margin,
            width: self.width - 2.0 * margin,
            height: self.height - 2.0 * margin,
        }
    }
}

impl Writing {
    pub(crate) const fn new(size: f64, ink: Ink, anchor: Anchor) -> Self {
        Self { font: Font::Regular, size, ink, anchor, turned: 0.0, rim: Rim::None }
    }

    pub(crate) fn bold(self) -> Self {
        Self { font: Font::Bold, ..self }
    }

    pub(crate) fn turned(self, degrees: f64) -> Self {
        Self { turned: degrees, ..self }
    }

    pub(crate) fn rimmed(self) -> Self {
        Self { rim: Rim::Paper, ..self }
    }

    /// How wide a text is.
    pub(crate) fn width(&self, text: &str) -> f64 {
        f64::from(text_width(text, self.font, self.size as f32))
    }

    /// The text, or as much of its beginning and end as fits into a width.
    pub(crate) fn fitted(&self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        let shortened = |kept: usize| -> String {
            let begin = kept.div_ceil(2);
            letters[..begin].iter().chain(&['…']).chain(&letters[letters.len() - (kept - begin)..]).collect()
        };
        let kept = (0..letters.len()).rev().find(|&kept| self.width(&shortened(kept)) <= width);
        shortened(kept.unwrap_or(0))
    }
}

impl Svg {
    /// A drawing of a size, with a sentence for those who cannot see it.
    pub(crate) fn new(medium: Medium, width: f64, height: f64, description: &str) -> Self {
        let description = escaped(description);
        let (width, height) = (px(width), px(height));
        let mut svg = Self { medium, text: String::new() };
        svg.push(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
             {height}\" role=\"img\" aria-label=\"{description}\" font-family=\"{FAMILY}\">"
        ));
        if medium != Medium::Page {
            svg.push(format_args!("<title>{description}</title>"));
            let paper = svg.color(Ink::Paper);
            svg.push(format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>"));
        }
        svg
    }

    /// The finished text.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    /// Draws what lies within a rectangle, and cuts off what would be beyond.
    pub(crate) fn clipped(&mut self, within: Rect, draw: impl FnOnce(&mut Self)) {
        let (x, y, width, height) = (px(within.x), px(within.y), px(within.width), px(within.height));
        self.push(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\" \
             overflow=\"hidden\">"
        ));
        draw(self);
        self.push(format_args!("</svg>"));
    }

    /// Draws what shares attributes; the values must be safe as they are.
    pub(crate) fn group(&mut self, attributes: &str, draw: impl FnOnce(&mut Self)) {
        self.push(format_args!("<g {attributes}>"));
        draw(self);
        self.push(format_args!("</g>"));
    }

    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), ink: Ink, width: f64) {
        let (x1, y1, x2, y2, width) = (px(x1), px(y1), px(x2), px(y2), px(width));
        let color = self.color(ink);
        self.push(format_args!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{color}\" stroke-width=\"{width}\"/>"
        ));
    }

    /// A line through places; colour and width come from its group.
    pub(crate) fn polyline(&mut self, places: impl IntoIterator<Item = (f64, f64)>) {
        let places: Vec<String> = places.into_iter().map(|(x, y)| format!("{},{}", px(x), px(y))).collect();
        self.push(format_args!("<polyline fill=\"none\" points=\"{}\"/>", places.join(" ")));
    }

    pub(crate) fn filled(&mut self, rect: Rect, ink: Ink, opacity: f64) {
        let Rect { x, y, width, height } = rect;
        let (x, y, width, height) = (px(x), px(y), px(width.max(0.0)), px(height.max(0.0)));
        let color = self.color(ink);
        let opacity = if opacity < 1.0 { format!(" fill-opacity=\"{opacity:.2}\"") } else { String::new() };
        self.push(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{color}\"{opacity}/>"
        ));
    }

    pub(crate) fn framed(&mut self, rect: Rect, ink: Ink) {
        let Rect { x, y, width, height } = rect;
        let (x, y, width, height, color) = (px(x), px(y), px(width), px(height), self.color(ink));
        self.push(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"{color}\"/>"
        ));
    }

    /// A surface.
    pub(crate) fn polygon(&mut self, places: &[(f64, f64)], color: &str, opacity: f64) {
        let places: Vec<String> = places.iter().map(|&(x, y)| format!("{},{}", px(x), px(y))).collect();
        let places = places.join(" ");
        self.push(format_args!(
            "<polygon points=\"{places}\" fill=\"{color}\" fill-opacity=\"{opacity:.2}\"/>"
        ));
    }

    /// A disc; everything but its place comes from its group.
    pub(crate) fn disc(&mut self, (x, y): (f64, f64), radius: f64) {
        let (x, y, radius) = (px(x), px(y), px(radius));
        self.push(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
    }

    /// An ellipse turned by degrees clockwise; its colours come from its group.
    pub(crate) fn ellipse(&mut self, (x, y): (f64, f64), (rx, ry): (f64, f64), turned: f64) {
        let (x, y, rx, ry, turned) = (px(x), px(y), px(rx), px(ry), px(turned));
        self.push(format_args!(
            "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\" transform=\"rotate({turned} {x} {y})\"/>"
        ));
    }

    /// A line of text with its baseline at a place.
    pub(crate) fn write(&mut self, text: &str, (x, y): (f64, f64), writing: Writing) {
        let color = self.color(writing.ink);
        let rim = match writing.rim {
            Rim::None => String::new(),
            Rim::Paper => format!(
                " stroke=\"{}\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
                self.color(Ink::Paper)
            ),
        };
        let turned =
            if writing.turned == 0.0 { String::new() } else { format!(" rotate({})", px(writing.turned)) };
        let (x, y) = (px(x), px(y));
        if self.medium == Medium::Pixels {
            let left = match writing.anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => -writing.width(text) / 2.0,
                Anchor::End => -writing.width(text),
            };
            let outlines = svg_path(text, writing.font, writing.size as f32);
            let left = px(left);
            if !outlines.is_empty() {
                self.push(format_args!(
                    "<path transform=\"translate({x} {y}){turned} translate({left} 0)\" fill=\"{color}\"{rim} \
                     d=\"{outlines}\"/>"
                ));
            }
            return;
        }
        let anchor = match writing.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if writing.font == Font::Bold { " font-weight=\"bold\"" } else { "" };
        let size = px(writing.size);
        let place = if turned.is_empty() {
            format!("x=\"{x}\" y=\"{y}\"")
        } else {
            format!("transform=\"translate({x} {y}){turned}\"")
        };
        let text = escaped(text);
        self.push(format_args!(
            "<text {place} font-size=\"{size}\" fill=\"{color}\"{anchor}{weight}{rim}>{text}</text>"
        ));
    }

    /// A colour as an attribute's value.
    pub(crate) fn color(&self, ink: Ink) -> String {
        color::attribute(ink, self.medium)
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        self.text.write_fmt(element).expect("a string takes all");
    }
}

/// A length with as many digits as can be seen.
pub(crate) fn px(length: f64) -> String {
    debug_assert!(length.is_finite(), "what is drawn has a place");
    let written = format!("{length:.1}");
    match written.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => written,
    }
}

/// Text that means itself in XML and HTML, also within quotes. What XML cannot hold becomes a question mark in a box.
pub(crate) fn escaped(text: impl Display) -> String {
    let mut escaped = String::new();
    for character in text.to_string().chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            character => escaped.push(character),
        }
    }
    escaped
}
