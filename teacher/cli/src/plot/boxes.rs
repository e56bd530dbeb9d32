//! Boxes that tasks are drawn from: the regions of a tree, or one window.
//!
//! Over one or two axes all regions have room: leaves are filled, the fuller the more tasks are drawn there. Over more axes
//! projections of hundreds of boxes would cover each other, so that only those that are drawn most are outlined.

use super::{
    axis::Axis,
    panel::{Panel, Sizes},
    picture::{Measure, Picture},
    svg::{Ink, Rect, Svg},
};

/// Leaves that have a number where all are drawn.
pub(crate) const NUMBERED: usize = 10;
/// Boxes that are drawn where not all have room.
pub(crate) const OUTLINED: usize = 5;
/// How opaque a leaf is: where no tasks are drawn, and what is added where most are.
const FILL: (f64, f64) = (0.05, 0.45);

/// A box that tasks are drawn from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlotBox {
    /// What its label says; none of a window.
    pub(crate) number: Option<usize>,
    /// Index of the box of which it is a half, before it.
    pub(crate) parent: Option<usize>,
    /// Whether it has no halves.
    pub(crate) leaf: bool,
    /// Learning progress within it; none of a window.
    pub(crate) mean_alp: Option<f64>,
    /// Probability that a task not explored is drawn from it.
    pub(crate) odds: f64,
    /// One per axis, in the units of the axes; between whole numbers, too.
    pub(crate) low: Vec<f64>,
    /// One per axis.
    pub(crate) high: Vec<f64>,
}

impl PlotBox {
    /// Where it begins and ends along an axis, 0 to 1.
    pub(crate) fn shares(&self, axis: &Axis, index: usize) -> (f64, f64) {
        let share = |value: f64| axis.share(value).clamp(0.0, 1.0);
        (share(self.low[index]), share(self.high[index]))
    }
}

impl Picture {
    /// The colour of a box: that of its ALP, where colours are ALP.
    pub(crate) fn box_ink(&self, drawn: &PlotBox) -> Ink {
        match (&self.measure, drawn.mean_alp) {
            (Measure::Alp { .. } | Measure::Covariance, Some(alp)) => Ink::Scale(self.range.share(alp)),
            _ => Ink::Text,
        }
    }

    /// How large a point is: where only boxes have colours, it must not hide them.
    pub(crate) fn radius(&self, usual: f64) -> f64 {
        let is_grey = self.points.iter().all(|point| point.measured.is_none());
        if is_grey && !self.boxes.is_empty() { 0.6 * usual } else { usual }
    }

    /// So many boxes that are drawn most, the most last, on top.
    pub(crate) fn boxes_drawn_most(&self, most: usize) -> Vec<&PlotBox> {
        most_drawn(self.boxes.iter(), most)
    }

    /// So many leaves that are drawn most.
    pub(crate) fn leaves_drawn_most(&self, most: usize) -> Vec<&PlotBox> {
        most_drawn(self.boxes.iter().filter(|drawn| drawn.leaf), most)
    }

    /// The leaves, and how opaque each is: by how densely tasks are drawn there, from it and from the boxes that it lies in.
    pub(crate) fn filled_leaves(&self) -> Vec<(&PlotBox, f64)> {
        let mut densities: Vec<f64> = Vec::with_capacity(self.boxes.len());
        for drawn in &self.boxes {
            let sides = self.axes.iter().enumerate().map(|(index, axis)| drawn.shares(axis, index));
            let volume: f64 = sides.map(|(low, high)| high - low).product();
            let around = drawn.parent.map_or(0.0, |parent| densities[parent]);
            densities.push(around + drawn.odds / volume.max(f64::MIN_POSITIVE));
        }
        let leaves = || self.boxes.iter().zip(&densities).filter(|(drawn, _)| drawn.leaf);
        let densest = leaves().map(|(_, &density)| density).fold(f64::MIN_POSITIVE, f64::max);
        // Densities differ by orders of magnitude: their roots are told apart.
        let opacity = |density: f64| FILL.0 + FILL.1 * (density / densest).sqrt();
        leaves().map(|(drawn, &density)| (drawn, opacity(density))).collect()
    }
}

fn most_drawn<'p>(boxes: impl Iterator<Item = &'p PlotBox>, most: usize) -> Vec<&'p PlotBox> {
    let mut boxes: Vec<&PlotBox> = boxes.collect();
    boxes.sort_by(|one, other| other.odds.total_cmp(&one.odds));
    boxes.truncate(most);
    boxes.reverse();
    boxes
}

/// Draws what of boxes over two axes lies beneath the points.
pub(super) fn draw_beneath(svg: &mut Svg, panel: &Panel<'_>, picture: &Picture) {
    if is_tiled(picture) {
        draw_tree(svg, panel, picture);
    } else if !picture.boxes.is_empty() {
        svg.group("class=\"boxes\"", |svg| {
            for drawn in picture.boxes_drawn_most(OUTLINED) {
                svg.filled(rect_of(panel, drawn), picture.box_ink(drawn), 0.08);
            }
        });
    }
}

/// Draws what of them lies on the points: the rims of those that do not fill the space side by side.
pub(super) fn draw_above(svg: &mut Svg, panel: &Panel<'_>, picture: &Picture, sizes: Sizes) {
    if is_tiled(picture) || picture.boxes.is_empty() {
        return;
    }
    svg.group("class=\"outlines\"", |svg| {
        for drawn in picture.boxes_drawn_most(OUTLINED) {
            // A rim of paper below the rim, so that it is seen on points and on other rims.
            for (ink, width) in [(Ink::Paper, sizes.rim + 1.8), (picture.box_ink(drawn), sizes.rim)] {
                svg.group(&format!("stroke-width=\"{width:.1}\""), |svg| {
                    svg.framed(rect_of(panel, drawn), ink)
                });
            }
        }
    });
}

/// Where the numbers of boxes stand, and what they are.
pub(super) fn labels(panel: &Panel<'_>, picture: &Picture) -> Vec<(usize, (f64, f64))> {
    // A number in the middle of an inner box would seem to be a leaf's.
    let numbered = match picture.axes.len() {
        2 => picture.leaves_drawn_most(NUMBERED),
        _ => picture.boxes_drawn_most(OUTLINED),
    };
    let middle = |rect: Rect| (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
    numbered
        .into_iter()
        .rev()
        .filter_map(|drawn| Some((drawn.number?, middle(rect_of(panel, drawn)))))
        .collect()
}

/// Every region: leaves filled, and all outlined, the thicker the earlier they were cut.
fn draw_tree(svg: &mut Svg, panel: &Panel<'_>, picture: &Picture) {
    let is_alp = !matches!(picture.measure, Measure::Return);
    svg.group("class=\"boxes\"", |svg| {
        for (leaf, opacity) in picture.filled_leaves() {
            let ink = if is_alp { picture.box_ink(leaf) } else { Ink::Line };
            svg.filled(rect_of(panel, leaf), ink, opacity);
        }
    });
    let mut widths: Vec<f64> = Vec::with_capacity(picture.boxes.len());
    for drawn in &picture.boxes {
        widths.push(drawn.parent.map_or(2.6, |parent| (widths[parent] * 0.8).max(0.7)));
    }
    svg.group("class=\"outlines\" stroke-opacity=\"0.7\"", |svg| {
        // From the last to the first, so that thick lines lie on thin ones; the first is the frame.
        for (drawn, width) in picture.boxes.iter().zip(widths).skip(1).rev() {
            svg.group(&format!("stroke-width=\"{width:.1}\""), |svg| {
                svg.framed(rect_of(panel, drawn), Ink::Label);
            });
        }
    });
}

/// Whether all regions are drawn, so that the leaves fill the space.
fn is_tiled(picture: &Picture) -> bool {
    picture.boxes.len() > 1 && picture.axes.len() == 2
}

fn rect_of(panel: &Panel<'_>, drawn: &PlotBox) -> Rect {
    let (left, right) = drawn.shares(panel.x.0, panel.x.1);
    let (below, above) = drawn.shares(panel.y.0, panel.y.1);
    let Rect { x, y, width, height } = panel.rect;
    Rect {
        x: x + width * left,
        y: y + height * (1.0 - above),
        width: width * (right - left),
        height: height * (above - below),
    }
}
