//! Learning curves of several teachers: each run as a thin line, their mean as a thick one, one standard deviation around it.

use super::{
    axis::{Axis, Scale},
    panel::Panel,
    svg::{Anchor, Ink, Medium, Rect, Svg, Writing},
};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Between the names of teachers.
const GAP: f64 = 26.0;
/// Of the line before a name.
const SAMPLE: f64 = 22.0;
/// From one line of names to the next.
const NAME_HEIGHT: f64 = 20.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 22.0;
const NAME: Writing = Writing::new(12.0, Ink::Text, Anchor::Start);

/// What students learned under several teachers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LearningCurves {
    /// What it shows.
    pub(crate) title: String,
    /// What is to the right, from 0.
    pub(crate) across: String,
    /// Up to where it goes.
    pub(crate) end: f64,
    /// What is upwards, a number from 0 to 100.
    pub(crate) up: String,
    /// In the order in which they are named.
    pub(crate) teachers: Vec<Learned>,
}

/// What students learned under one teacher.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Learned {
    /// The teacher.
    pub(crate) name: String,
    /// Places from left to right for each run.
    pub(crate) runs: Vec<Vec<(f64, f64)>>,
}

/// A teacher's name above the curves.
#[derive(Clone, Debug, PartialEq)]
struct Name {
    text: String,
    /// Where the piece of its line begins.
    x: f64,
    line: usize,
}

/// The runs of a teacher at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Middle {
    x: f64,
    mean: f64,
    deviation: f64,
}

impl LearningCurves {
    /// Draws them.
    pub(crate) fn draw(&self, medium: Medium) -> String {
        let names: Vec<&str> = self.teachers.iter().map(|teacher| teacher.name.as_str()).collect();
        let legend = self.legend();
        let more = NAME_HEIGHT * legend.last().map_or(0, |name| name.line) as f64;
        let height = HEIGHT + more;
        let mut svg = Svg::new(medium, WIDTH, height, &format!("{}. {}", self.title, names.join(", ")));
        let title = Writing::new(15.0, Ink::Text, Anchor::Start).bold();
        svg.write(&title.fitted(&self.title, WIDTH - 40.0), (20.0, 28.0), title);
        let y = 76.0 + more;
        let rect = Rect { x: LEFT, y, width: WIDTH - LEFT - RIGHT, height: height - y - 54.0 };
        let top = self.highest();
        let across = Axis { name: self.across.clone(), low: 0.0, high: self.end, scale: Scale::Linear };
        let up = Axis { name: self.up.clone(), low: 0.0, high: top, scale: Scale::Linear };
        let panel = Panel { rect, x: (&across, 0), y: (&up, 1) };
        panel.draw_grid(&mut svg, 8, 6);
        panel.draw_numbers_below(&mut svg, 8, 12.0);
        panel.draw_numbers_left(&mut svg, 6, 12.0);
        let name = Writing::new(12.5, Ink::Text, Anchor::Middle);
        svg.write(&self.across, (rect.x + rect.width / 2.0, rect.bottom() + 42.0), name);
        let left = (22.0, rect.y + rect.height / 2.0);
        svg.write(&name.fitted(&self.up, rect.height), left, name.turned(-90.0));
        draw_names(&mut svg, &legend);
        if self.teachers.iter().all(|teacher| teacher.runs.is_empty()) {
            let place = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
            svg.write("no run has ended yet", place, name);
            return svg.finish();
        }
        svg.clipped(rect, |svg| {
            // All spreads below all lines, so that none hides another teacher's mean.
            for (index, teacher) in self.teachers.iter().enumerate() {
                teacher.draw_spread(svg, &panel, index);
            }
            for (index, teacher) in self.teachers.iter().enumerate() {
                teacher.draw_runs(svg, &panel, index);
            }
            for (index, teacher) in self.teachers.iter().enumerate() {
                teacher.draw_mean(svg, &panel, index);
            }
        });
        svg.finish()
    }

    /// The least multiple of ten above all runs.
    fn highest(&self) -> f64 {
        let values = self.teachers.iter().flat_map(|teacher| teacher.runs.iter().flatten());
        let most = values.map(|&(_, y)| y).fold(0.0, f64::max);
        (10.0 * (most / 10.0).floor() + 10.0).min(100.0)
    }

    /// The teachers' names with the number of their runs, on as many lines as they need.
    fn legend(&self) -> Vec<Name> {
        let (mut x, mut line) = (LEFT, 0);
        let names = self.teachers.iter().map(|teacher| {
            let text = match teacher.runs.len() {
                0 => format!("{} (no run yet)", teacher.name),
                1 => format!("{} (1 seed)", teacher.name),
                count => format!("{} ({count} seeds)", teacher.name),
            };
            let width = SAMPLE + 6.0 + NAME.width(&text);
            if x > LEFT && x + width > WIDTH - RIGHT {
                (x, line) = (LEFT, line + 1);
            }
            let name = Name { text, x, line };
            x += width + GAP;
            name
        });
        names.collect()
    }
}

/// Names beside a piece of their lines.
fn draw_names(svg: &mut Svg, legend: &[Name]) {
    for (index, Name { text, x, line }) in legend.iter().enumerate() {
        let y = 54.0 + NAME_HEIGHT * *line as f64;
        svg.line((*x, y), (x + SAMPLE, y), Ink::Series(index), 3.0);
        svg.write(text, (x + SAMPLE + 6.0, y + 4.0), NAME);
    }
}

impl Learned {
    /// Mean and deviation wherever all of the runs have a value: they are evaluated after the same steps.
    fn middle(&self) -> Vec<Middle> {
        let Some(first) = self.runs.first() else { return Vec::new() };
        let at = |place: usize| {
            let x = first[place].0;
            let values: Vec<f64> = self
                .runs
                .iter()
                .filter_map(|run| run.get(place).filter(|(there, _)| (there - x).abs() < 1e-9))
                .map(|&(_, y)| y)
                .collect();
            if values.len() < self.runs.len() {
                return None;
            }
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
            let deviation = if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
            Some(Middle { x, mean, deviation })
        };
        (0..first.len()).map_while(at).collect()
    }

    fn draw_spread(&self, svg: &mut Svg, panel: &Panel<'_>, index: usize) {
        let middle = self.middle();
        if self.runs.len() < 2 || middle.len() < 2 {
            return;
        }
        let there = middle.iter().map(|point| panel.place(&[point.x, point.mean + point.deviation]));
        let back =
            middle.iter().rev().map(|point| panel.place(&[point.x, (point.mean - point.deviation).max(0.0)]));
        let outline: Vec<(f64, f64)> = there.chain(back).collect();
        let color = svg.color(Ink::Series(index));
        svg.polygon(&outline, &color, 0.12);
    }

    fn draw_runs(&self, svg: &mut Svg, panel: &Panel<'_>, index: usize) {
        if self.runs.len() < 2 {
            return;
        }
        let color = svg.color(Ink::Series(index));
        let attributes = format!("stroke=\"{color}\" stroke-width=\"0.7\" stroke-opacity=\"0.45\"");
        svg.group(&attributes, |svg| {
            for run in &self.runs {
                svg.polyline(run.iter().map(|&(x, y)| panel.place(&[x, y])));
            }
        });
    }

    fn draw_mean(&self, svg: &mut Svg, panel: &Panel<'_>, index: usize) {
        let color = svg.color(Ink::Series(index));
        let attributes = format!("stroke=\"{color}\" stroke-width=\"2.6\" stroke-linejoin=\"round\"");
        let places: Vec<(f64, f64)> =
            self.middle().iter().map(|point| panel.place(&[point.x, point.mean])).collect();
        svg.group(&attributes, |svg| svg.polyline(places));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(runs: &[&[(f64, f64)]]) -> Learned {
        Learned { name: "riac".to_owned(), runs: runs.iter().map(|run| run.to_vec()).collect() }
    }

    fn curves(teachers: Vec<Learned>) -> LearningCurves {
        LearningCurves {
            title: "Stumps".to_owned(),
            across: "million steps".to_owned(),
            end: 2.0,
            up: "mastered, %".to_owned(),
            teachers,
        }
    }

    #[test]
    fn the_mean_is_over_all_runs_and_ends_where_one_ends() {
        let middle = learned(&[&[(1.0, 10.0), (2.0, 30.0)], &[(1.0, 20.0)]]).middle();
        assert_eq!(middle.len(), 1);
        assert!((middle[0].mean - 15.0).abs() < 1e-12);
        assert!((middle[0].deviation - 50.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(learned(&[]).middle(), []);
    }

    #[test]
    fn every_run_is_a_thin_line_and_their_mean_a_thick_one() {
        let two = learned(&[&[(1.0, 10.0), (2.0, 30.0)], &[(1.0, 20.0), (2.0, 25.0)]]);
        let one = learned(&[&[(1.0, 0.0), (2.0, 5.0)]]);
        let drawing = curves(vec![two, one, learned(&[])]).draw(Medium::File);
        assert_eq!(drawing.matches("<polyline").count(), 2 + 1 + 1 + 1);
        assert_eq!(drawing.matches("<polygon").count(), 1);
        for name in ["riac (2 seeds)", "riac (1 seed)", "riac (no run yet)"] {
            assert!(drawing.contains(name), "{name}");
        }
        roxmltree::Document::parse(&drawing).unwrap();
        let empty = curves(vec![learned(&[])]).draw(Medium::Page);
        assert!(empty.contains("no run has ended yet") && empty.contains("var(--c0)"));
    }

    #[test]
    fn names_that_do_not_fit_go_on_another_line() {
        let end = |name: &Name| name.x + SAMPLE + 6.0 + NAME.width(&name.text);
        for (count, lines) in [(1, 1), (4, 1), (7, 2), (13, 3)] {
            let curves = curves(vec![learned(&[&[(1.0, 10.0)]]); count]);
            let legend = curves.legend();
            assert_eq!(legend.last().map(|name| name.line + 1), Some(lines), "{count} names");
            assert!(legend.iter().all(|name| end(name) <= WIDTH - RIGHT), "{legend:?}");
            let height = HEIGHT + NAME_HEIGHT * (lines - 1) as f64;
            assert!(curves.draw(Medium::File).contains(&format!("viewBox=\"0 0 760 {height}\"")), "{count}");
        }
    }

    #[test]
    fn the_axis_reaches_above_the_highest_run() {
        for (value, expected) in [(0.0, 10.0), (9.0, 10.0), (50.0, 60.0), (100.0, 100.0)] {
            let highest = curves(vec![learned(&[&[(1.0, value)]])]).highest();
            assert!((highest - expected).abs() < 1e-12, "{value}: {highest}");
        }
    }
}
