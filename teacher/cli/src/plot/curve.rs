//! A number over episodes.

use super::{
    axis::{Axis, Scale},
    color::Range,
    panel::Panel,
    svg::{Anchor, Ink, Medium, Rect, Svg, Writing},
};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 200.0;

/// A number over another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Curve {
    /// What it shows.
    pub(crate) title: String,
    /// What is to the right.
    pub(crate) across: String,
    /// From left to right.
    pub(crate) points: Vec<CurvePoint>,
    /// From where to where upwards; what the points ask for if this is `None`.
    pub(crate) range: Option<Range>,
    /// How the values between two points are to be thought.
    pub(crate) between: Between,
}

/// How the values between two points are to be thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Between {
    /// On a straight line.
    Straight,
    /// As before, until the next one.
    Steps,
}

/// A value, and where others lay around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CurvePoint {
    pub(crate) x: f64,
    /// `None` where there is none: the line is interrupted.
    pub(crate) y: Option<f64>,
    /// Lowest and highest.
    pub(crate) spread: Option<(f64, f64)>,
}

impl Curve {
    /// Draws it.
    pub(crate) fn draw(&self, medium: Medium) -> String {
        let mut svg = Svg::new(medium, WIDTH, HEIGHT, &self.title);
        let title = Writing::new(13.0, Ink::Text, Anchor::Start).bold();
        svg.write(&title.fitted(&self.title, WIDTH - 20.0), (10.0, 18.0), title);
        let rect = Rect { x: 62.0, y: 30.0, width: WIDTH - 62.0 - 16.0, height: HEIGHT - 30.0 - 46.0 };
        let values = self.points.iter().flat_map(|point| {
            point.y.into_iter().chain(point.spread.into_iter().flat_map(|(low, high)| [low, high]))
        });
        let Range { low, high } = self.range.unwrap_or_else(|| Range::around(values));
        let last = self.points.last().map_or(1.0, |point| point.x).max(1.0);
        let across = Axis { name: self.across.clone(), low: 0.0, high: last, scale: Scale::Linear };
        let up = Axis { name: String::new(), low, high, scale: Scale::Linear };
        let panel = Panel { rect, x: (&across, 0), y: (&up, 1) };
        panel.draw_grid(&mut svg, 6, 4);
        panel.draw_numbers_below(&mut svg, 6, 10.5);
        panel.draw_numbers_left(&mut svg, 4, 10.5);
        let name = Writing::new(11.0, Ink::Label, Anchor::Middle);
        svg.write(&self.across, (rect.x + rect.width / 2.0, HEIGHT - 8.0), name);
        if self.points.iter().all(|point| point.y.is_none()) {
            let place = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
            svg.write("nothing to show yet", place, name);
            return svg.finish();
        }
        svg.clipped(Rect { y: rect.y - 2.0, height: rect.height + 4.0, ..rect }, |svg| {
            let color = svg.color(Ink::Scale(0.45));
            for part in self.points.split(|point| point.y.is_none()).filter(|part| !part.is_empty()) {
                self.draw_part(svg, &panel, part, &color);
            }
        });
        svg.finish()
    }

    fn draw_part(&self, svg: &mut Svg, panel: &Panel<'_>, part: &[CurvePoint], color: &str) {
        let spread = part.iter().filter_map(|point| point.spread.map(|spread| (point.x, spread)));
        let there = spread.clone().map(|(x, (_, high))| panel.place(&[x, high]));
        let back = spread.rev().map(|(x, (low, _))| panel.place(&[x, low]));
        let outline: Vec<(f64, f64)> = there.chain(back).collect();
        if outline.len() > 3 {
            svg.polygon(&outline, color, 0.18);
        }
        let mut places = Vec::new();
        for point in part {
            let place = panel.place(&[point.x, point.y.expect("the others part the curve")]);
            if let (Between::Steps, Some(&(_, before))) = (self.between, places.last()) {
                places.push((place.0, before));
            }
            places.push(place);
        }
        if let [alone] = places.as_slice() {
            let alone = *alone;
            svg.group(&format!("fill=\"{color}\""), |svg| svg.disc(alone, 2.5));
            return;
        }
        svg.group(&format!("stroke=\"{color}\" stroke-width=\"1.8\" stroke-linejoin=\"round\""), |svg| {
            svg.polyline(places);
        });
    }
}
