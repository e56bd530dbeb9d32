//! A task distribution at one moment: episodes, and the mixture or the boxes that tasks are drawn from.

use super::{
    axis::Axis,
    boxes::PlotBox,
    color::Range,
    matrix, panel, parallel, strip,
    svg::{Anchor, Ink, Medium, Rect, Svg, Writing},
};

/// Axes of which every pair gets a panel; beyond, they stand side by side.
const MOST_PAIRED: usize = 6;
/// From the left edge to the title.
const LEFT: f64 = 24.0;
/// Where the data may begin, below title and subtitle.
pub(crate) const TOP: f64 = 78.0;
/// What the colour bar takes at the right.
pub(crate) const BAR: f64 = 118.0;

/// A task distribution at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture {
    /// Whose, and when.
    pub(crate) title: String,
    /// What is shown.
    pub(crate) subtitle: String,
    /// The task space; at least one axis.
    pub(crate) axes: Vec<Axis>,
    /// Episodes.
    pub(crate) points: Vec<PlotPoint>,
    /// The mixture, if there is one.
    pub(crate) components: Vec<PlotComponent>,
    /// The regions in their order, or a window, if there are.
    pub(crate) boxes: Vec<PlotBox>,
    /// Points that tasks are drawn close to, if there are: one number per axis each.
    pub(crate) particles: Vec<Vec<f64>>,
    /// What the points' colours say.
    pub(crate) measure: Measure,
    /// What the ends of the colours are.
    pub(crate) range: Range,
    /// From where to where the measure goes where it is an axis.
    pub(crate) extent: Range,
}

/// An episode.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlotPoint {
    /// Its task: one per axis.
    pub(crate) values: Vec<f64>,
    /// ALP or return, if it has one.
    pub(crate) measured: Option<f64>,
}

/// A component of the mixture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlotComponent {
    /// Share of the window's episodes.
    pub(crate) weight: f64,
    /// Mean ALP of its episodes, or their covariance of time and return.
    pub(crate) mean_alp: f64,
    /// One per axis.
    pub(crate) mean: Vec<f64>,
    /// Between each two axes, in the units of [`Axis::length`].
    pub(crate) covariance: Vec<Vec<f64>>,
}

/// What is measured of an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Absolute learning progress, in these units.
    Alp { units: String },
    /// The covariance of time and return, which components have and episodes do not.
    Covariance,
    /// The return.
    Return,
}

impl Measure {
    /// What to write beside the colours.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Alp { units } => format!("ALP ({units})"),
            Self::Covariance => "covariance of time and return".to_owned(),
            Self::Return => "return".to_owned(),
        }
    }
}

impl Picture {
    /// Draws it.
    pub(crate) fn draw(&self, medium: Medium) -> String {
        match self.axes.len() {
            0 | 1 => strip::draw(self, medium),
            2 => panel::draw(self, medium),
            3..=MOST_PAIRED => matrix::draw(self, medium),
            _ => parallel::draw(self, medium),
        }
    }

    /// Points in the order in which they are drawn: those that matter most last, on top.
    pub(crate) fn points_by_measure(&self) -> Vec<&PlotPoint> {
        let mut points: Vec<&PlotPoint> = self.points.iter().collect();
        let rank = |point: &PlotPoint| point.measured.unwrap_or(f64::NEG_INFINITY);
        points.sort_by(|one, other| rank(one).total_cmp(&rank(other)));
        points
    }

    /// Components in the same order.
    pub(crate) fn components_by_measure(&self) -> Vec<&PlotComponent> {
        let mut components: Vec<&PlotComponent> = self.components.iter().collect();
        components.sort_by(|one, other| one.mean_alp.total_cmp(&other.mean_alp));
        components
    }

    /// The colour of a point.
    pub(crate) fn ink(&self, point: &PlotPoint) -> Ink {
        point.measured.map_or(Ink::Absent, |measured| Ink::Scale(self.range.share(measured)))
    }

    /// The colour of a component: that of its mean ALP, where colours are ALP.
    pub(crate) fn component_ink(&self, component: &PlotComponent) -> Ink {
        match self.measure {
            Measure::Alp { .. } | Measure::Covariance => Ink::Scale(self.range.share(component.mean_alp)),
            Measure::Return => Ink::Text,
        }
    }

    /// How opaque a component is, by its weight among the others.
    pub(crate) fn opacity(&self, component: &PlotComponent) -> f64 {
        let largest = self.components.iter().map(|component| component.weight).fold(0.0, f64::max);
        if largest > 0.0 { 0.55 + 0.45 * (component.weight / largest).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// An empty drawing with its title.
    pub(crate) fn begin(&self, medium: Medium, width: f64, height: f64) -> Svg {
        let mut svg = Svg::new(medium, width, height, &format!("{}. {}", self.title, self.subtitle));
        let title = Writing::new(17.0, Ink::Text, Anchor::Start).bold();
        svg.write(&title.fitted(&self.title, width - 2.0 * LEFT), (LEFT, 32.0), title);
        let subtitle = Writing::new(12.0, Ink::Label, Anchor::Start);
        svg.write(&subtitle.fitted(&self.subtitle, width - 2.0 * LEFT), (LEFT, 53.0), subtitle);
        svg
    }

    /// What the colours say: a bar with numbers to its right and its meaning beside them.
    pub(crate) fn draw_bar(&self, svg: &mut Svg, (x, y): (f64, f64), height: f64) {
        const WIDTH: f64 = 14.0;
        const PARTS: usize = 32;
        let part = height / PARTS as f64;
        for index in 0..PARTS {
            let share = (index as f64 + 0.5) / PARTS as f64;
            // A little more than its part, so that no line of paper shows between two.
            let top = y + height - (index + 1) as f64 * part;
            let rect = Rect { x, y: top, width: WIDTH, height: part + if index > 0 { 0.5 } else { 0.0 } };
            svg.filled(rect, Ink::Scale(share), 1.0);
        }
        svg.framed(Rect { x, y, width: WIDTH, height }, Ink::Line);
        let writing = Writing::new(11.0, Ink::Text, Anchor::Start);
        let axis = Axis {
            name: String::new(),
            low: self.range.low,
            high: self.range.high,
            scale: super::Scale::Linear,
        };
        let measured = || self.points.iter().filter_map(|point| point.measured);
        let beyond = measured().any(|measured| measured > self.range.high);
        let mut ticks = axis.ticks((height / 45.0).clamp(2.0, 8.0) as usize);
        if beyond {
            // The end of the colours stands for all that is beyond it.
            ticks.retain(|tick| tick.share < 1.0 - 16.0 / height);
            let end = format!("≥ {}", crate::number::significant(self.range.high, 2).replace('-', "−"));
            svg.write(&end, (x + WIDTH + 7.0, y + 4.0), writing);
        }
        for tick in ticks {
            let place = y + height * (1.0 - tick.share);
            svg.line((x + WIDTH, place), (x + WIDTH + 4.0, place), Ink::Line, 1.0);
            svg.write(&tick.label, (x + WIDTH + 7.0, place + 4.0), writing);
        }
        let label = Writing::new(11.0, Ink::Label, Anchor::Middle).turned(90.0);
        let text = label.fitted(&self.measure.label(), height.max(120.0));
        svg.write(&text, (x + WIDTH + 62.0, y + height / 2.0), label);
    }

    /// Says in the middle of a rectangle that there is nothing.
    pub(crate) fn draw_emptiness(&self, svg: &mut Svg, within: Rect) {
        // A window is there before the first episode.
        if self.points.is_empty() && self.components.is_empty() && self.boxes.len() < 2 {
            let writing = Writing::new(13.0, Ink::Label, Anchor::Middle);
            let place = (within.x + within.width / 2.0, within.y + within.height / 2.0);
            svg.write("no episodes yet", place, writing.rimmed());
        }
    }
}
