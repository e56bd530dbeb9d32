//! Many axes: they stand side by side, and each task is a line through all of them. Regions are bars on the axes along which
//! they were cut, and lines through their middles.

use super::{
    boxes::{OUTLINED, PlotBox},
    picture::{BAR, Picture, TOP},
    svg::{Anchor, Ink, Medium, Rect, Writing},
};

const LEFT: f64 = 64.0;
const HEIGHT: f64 = 420.0;
/// Between two axes, at the least and at the most.
const APART: (f64, f64) = (34.0, 90.0);
/// A picture of a few axes is as wide as this.
const WIDTH: f64 = 840.0;
/// From one box on an axis to the next.
const BESIDE: f64 = 5.0;
/// For names that stand upright.
const NAMES: f64 = 130.0;

/// Draws a picture of many axes.
pub(crate) fn draw(picture: &Picture, medium: Medium) -> String {
    let count = picture.axes.len();
    let apart = ((WIDTH - LEFT - BAR - 30.0) / (count - 1) as f64).clamp(APART.0, APART.1);
    let length = apart * (count - 1) as f64;
    let name = Writing::new(12.0, Ink::Text, Anchor::End).turned(-40.0);
    let longest = picture.axes.iter().map(|axis| name.width(&axis.name)).fold(40.0, f64::max).min(NAMES);
    let below = 34.0 + longest * 0.75;
    let (width, height) = (LEFT + length + 30.0 + BAR, TOP + HEIGHT + below);
    let mut svg = picture.begin(medium, width, height);
    let top = TOP + 14.0;
    let rect = Rect { x: LEFT, y: top, width: length, height: TOP + HEIGHT - top };
    let along = |values: &[f64]| -> Vec<(f64, f64)> {
        let places = picture.axes.iter().zip(values).enumerate();
        places
            .map(|(index, (axis, &value))| {
                let up = axis.share(value).clamp(0.0, 1.0);
                (rect.x + apart * index as f64, rect.bottom() - rect.height * up)
            })
            .collect()
    };
    let through = |drawn: &PlotBox| -> Vec<(f64, f64)> {
        let axes = picture.axes.iter().enumerate();
        axes.map(|(index, axis)| {
            let (low, high) = drawn.shares(axis, index);
            (rect.x + apart * index as f64, rect.bottom() - rect.height * f64::midpoint(low, high))
        })
        .collect()
    };
    // Many lines together must not become one surface.
    let opacity = (60.0 / picture.points.len().max(1) as f64).clamp(0.12, 0.6);
    svg.group(&format!("class=\"points\" stroke-width=\"1\" stroke-opacity=\"{opacity:.2}\""), |svg| {
        for point in picture.points_by_measure() {
            let color = svg.color(picture.ink(point));
            svg.group(&format!("stroke=\"{color}\""), |svg| svg.polyline(along(&point.values)));
        }
    });
    if !picture.particles.is_empty() {
        let color = svg.color(Ink::Text);
        let attributes =
            format!("class=\"particles\" stroke=\"{color}\" stroke-width=\"1\" stroke-opacity=\"0.35\"");
        svg.group(&attributes, |svg| {
            for particle in &picture.particles {
                svg.polyline(along(particle));
            }
        });
    }
    for (index, axis) in picture.axes.iter().enumerate() {
        let x = rect.x + apart * index as f64;
        svg.line((x, rect.y), (x, rect.bottom()), Ink::Text, 1.2);
        let numbers = Writing::new(10.0, Ink::Label, Anchor::Middle).rimmed();
        let ticks = axis.ticks(3);
        for tick in &ticks {
            let y = rect.bottom() - rect.height * tick.share;
            svg.line((x - 3.0, y), (x + 3.0, y), Ink::Text, 1.0);
        }
        if let [first, .., last] = ticks.as_slice() {
            // The ends' numbers alone: those between would lie on the lines.
            for (tick, beside) in [(first, 13.0), (last, -6.0)] {
                let y = rect.bottom() - rect.height * tick.share + beside;
                svg.write(&numbers.fitted(&tick.label, apart + 8.0), (x, y), numbers);
            }
        }
        let place = (x + 5.0, rect.bottom() + 28.0);
        // What stands at the left must not go beyond the edge.
        let room = longest.min((place.0 - 6.0) / 40_f64.to_radians().cos());
        svg.write(&name.fitted(&axis.name, room), place, name);
    }
    svg.group("class=\"components\" stroke-linejoin=\"round\"", |svg| {
        for component in picture.components_by_measure() {
            let (color, paper) = (svg.color(picture.component_ink(component)), svg.color(Ink::Paper));
            let opacity = picture.opacity(component);
            for (stroke, width) in [(paper, 5.0), (color, 3.0)] {
                let attributes =
                    format!("stroke=\"{stroke}\" stroke-width=\"{width}\" stroke-opacity=\"{opacity:.2}\"");
                svg.group(&attributes, |svg| svg.polyline(along(&component.mean)));
            }
        }
    });
    let boxes = picture.boxes_drawn_most(OUTLINED);
    if !boxes.is_empty() {
        svg.group("class=\"boxes\" stroke-linejoin=\"round\"", |svg| {
            for (place, drawn) in boxes.iter().enumerate() {
                let beside = BESIDE * (place as f64 - (boxes.len() - 1) as f64 / 2.0);
                let (color, paper) = (svg.color(picture.box_ink(drawn)), svg.color(Ink::Paper));
                for (stroke, width) in [(&paper, 4.0), (&color, 2.0)] {
                    let attributes = format!("stroke=\"{stroke}\" stroke-width=\"{width}\"");
                    svg.group(&attributes, |svg| svg.polyline(through(drawn)));
                }
                for (index, axis) in picture.axes.iter().enumerate() {
                    let (low, high) = drawn.shares(axis, index);
                    // What reaches over the whole axis says nothing.
                    if low > 0.0 || high < 1.0 {
                        let x = rect.x + apart * index as f64 + beside;
                        let y = |share: f64| rect.bottom() - rect.height * share;
                        for (ink, width) in [(Ink::Paper, 7.0), (picture.box_ink(drawn), 5.0)] {
                            svg.line((x, y(low)), (x, y(high)), ink, width);
                        }
                    }
                }
            }
        });
    }
    // The numbers of components and boxes at the right, apart from each other.
    let number = Writing::new(12.0, Ink::Text, Anchor::Start).bold().rimmed();
    let means = picture.components.iter().enumerate().map(|(index, component)| (index, &component.mean));
    let mut ends: Vec<(usize, f64)> = means.map(|(index, mean)| (index, along(mean)[count - 1].1)).collect();
    let end = |drawn: &&PlotBox| Some((drawn.number?, through(drawn)[count - 1].1));
    ends.extend(boxes.iter().filter_map(end));
    ends.sort_by(|one, other| one.1.total_cmp(&other.1));
    svg.group("class=\"labels\"", |svg| {
        let mut free_from = f64::NEG_INFINITY;
        // Beside the bars of boxes.
        let aside = if boxes.is_empty() { 6.0 } else { 6.0 + BESIDE * boxes.len() as f64 / 2.0 };
        for (index, y) in ends {
            let y = y.max(free_from);
            free_from = y + 13.0;
            svg.write(&index.to_string(), (rect.right() + aside, y + 4.0), number);
        }
    });
    picture.draw_emptiness(&mut svg, rect);
    picture.draw_bar(&mut svg, (rect.right() + 44.0, rect.y), rect.height);
    svg.finish()
}
