//! One axis: the value against what was measured, components as bands, regions as bars, particles as ticks.

use super::{
    axis::{Axis, Scale},
    boxes::NUMBERED,
    color::Range,
    ellipse::DEVIATIONS,
    panel::Panel,
    picture::{BAR, Measure, Picture, TOP},
    svg::{Anchor, Ink, Medium, Rect, Svg, Writing},
};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 480.0;
/// A line of numbers of components or regions above the data.
const LABELS: f64 = 15.0;
/// How high the tick of a particle is.
const PARTICLE: f64 = 14.0;

/// Draws a picture of one axis.
pub(crate) fn draw(picture: &Picture, medium: Medium) -> String {
    let mut svg = picture.begin(medium, WIDTH, HEIGHT);
    let axis = &picture.axes[0];
    let Range { low, high } = picture.extent;
    let rim = (high / 2.0 - low / 2.0) * 0.04;
    let upwards =
        Axis { name: picture.measure.label(), low: low - rim, high: high + rim, scale: Scale::Linear };
    let width = WIDTH - 84.0 - BAR;
    let across = |value: f64| 84.0 + width * axis.share(value).clamp(0.0, 1.0);

    let writing = Writing::new(12.0, Ink::Text, Anchor::Middle).bold();
    // In which line each number stands: the first in which its neighbour leaves room.
    let means = picture.components.iter().enumerate();
    let mut numbered: Vec<(usize, f64)> =
        means.map(|(index, component)| (index, across(component.mean[0]))).collect();
    numbered.extend(picture.leaves_drawn_most(NUMBERED).into_iter().filter_map(|leaf| {
        let (left, right) = leaf.shares(axis, 0);
        Some((leaf.number?, 84.0 + width * f64::midpoint(left, right)))
    }));
    numbered.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut ends: Vec<f64> = Vec::new();
    let mut labels = Vec::new();
    for (index, x) in numbered {
        let half = writing.width(&index.to_string()) / 2.0;
        let line = ends.iter().position(|&end| x - half > end).unwrap_or(ends.len());
        ends.resize(ends.len().max(line + 1), 0.0);
        ends[line] = x + half + 5.0;
        labels.push((index, x, line));
    }
    let top = TOP + LABELS * ends.len() as f64;
    let rect = Rect { x: 84.0, y: top, width, height: HEIGHT - top - 66.0 };
    let panel = Panel { rect, x: (axis, 0), y: (&upwards, 1) };
    panel.draw_grid(&mut svg, 8, 6);
    svg.clipped(rect, |svg| {
        draw_boxes(svg, picture, &panel);
        svg.group("class=\"components\"", |svg| {
            for component in picture.components_by_measure() {
                let deviation = component.covariance[0][0].max(0.0).sqrt() / axis.length();
                let half = (DEVIATIONS * deviation * width).clamp(1.0, 1e5);
                let x = across(component.mean[0]);
                let (ink, opacity) = (picture.component_ink(component), picture.opacity(component));
                let band = Rect { x: x - half, y: rect.y, width: 2.0 * half, height: rect.height };
                svg.filled(band, ink, 0.22 * opacity);
                svg.group(&format!("stroke-opacity=\"{opacity:.2}\""), |svg| {
                    svg.line((x, rect.y), (x, rect.bottom()), ink, 2.4);
                });
            }
        });
        svg.group("class=\"points\" fill-opacity=\"0.8\"", |svg| {
            for point in picture.points_by_measure() {
                // What was not measured lies on the ground.
                let place = panel.place(&[point.values[0], point.measured.unwrap_or(upwards.low)]);
                let color = svg.color(picture.ink(point));
                svg.group(&format!("fill=\"{color}\""), |svg| svg.disc(place, 3.2));
            }
        });
    });
    if !picture.particles.is_empty() {
        svg.group("class=\"particles\"", |svg| {
            for particle in &picture.particles {
                let x = across(particle[0]);
                svg.line((x, rect.bottom() - PARTICLE), (x, rect.bottom()), Ink::Text, 1.2);
            }
        });
    }
    svg.group("class=\"labels\"", |svg| {
        for (index, x, line) in labels {
            svg.write(&index.to_string(), (x, rect.y - 5.0 - LABELS * line as f64), writing);
        }
    });
    panel.draw_numbers_below(&mut svg, 8, 12.0);
    panel.draw_numbers_left(&mut svg, 6, 12.0);
    let name = Writing::new(13.0, Ink::Text, Anchor::Middle);
    let below = (rect.x + rect.width / 2.0, rect.bottom() + 44.0);
    svg.write(&name.fitted(&axis.name, rect.width), below, name);
    let left = (26.0, rect.y + rect.height / 2.0);
    svg.write(&name.fitted(&upwards.name, rect.height), left, name.turned(-90.0));
    picture.draw_emptiness(&mut svg, rect);
    picture.draw_bar(&mut svg, (rect.right() + 22.0, rect.y), rect.height);
    svg.finish()
}

/// Leaves as bars as high as their ALP, the fuller the more tasks are drawn there, and the regions that they were cut from as
/// lines; over returns, and where there is no ALP, as bands.
fn draw_boxes(svg: &mut Svg, picture: &Picture, panel: &Panel<'_>) {
    if picture.boxes.is_empty() {
        return;
    }
    let (axis, upwards, rect) = (panel.x.0, panel.y.0, panel.rect);
    let is_alp = !matches!(picture.measure, Measure::Return);
    svg.group("class=\"boxes\"", |svg| {
        for (leaf, opacity) in picture.filled_leaves() {
            let (left, right) = leaf.shares(axis, 0);
            let top = match leaf.mean_alp.filter(|_| is_alp) {
                Some(alp) => rect.bottom() - rect.height * upwards.share(alp).clamp(0.0, 1.0),
                None => rect.y,
            };
            let (x, width) = (rect.x + rect.width * left, rect.width * (right - left));
            let bar = Rect { x, y: top, width, height: rect.bottom() - top };
            // Grey is no colour of the scale, and heavy where it is a whole band.
            let (ink, opacity) =
                if is_alp { (picture.box_ink(leaf), opacity) } else { (Ink::Line, 0.6 * opacity) };
            svg.filled(bar, ink, opacity);
            svg.framed(bar, Ink::Label);
        }
    });
    svg.group("class=\"outlines\"", |svg| {
        for inner in picture.boxes.iter().filter(|drawn| is_alp && !drawn.leaf) {
            let Some(alp) = inner.mean_alp else { continue };
            let (left, right) = inner.shares(axis, 0);
            let y = rect.bottom() - rect.height * upwards.share(alp).clamp(0.0, 1.0);
            let place = |share: f64| (rect.x + rect.width * share, y);
            svg.line(place(left), place(right), picture.box_ink(inner), 1.6);
        }
    });
}
