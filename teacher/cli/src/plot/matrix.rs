//! Three to six axes: a panel for each pair, and how tasks are spread along each.

use super::{
    axis::{Axis, Scale},
    panel::{Panel, Sizes},
    picture::{Picture, TOP},
    svg::{Anchor, Ink, Medium, Rect, Svg, Writing},
};

/// Left of the panels and below them.
const MARGIN: f64 = 76.0;
/// Between two panels.
const GAP: f64 = 10.0;
/// Bars along an axis.
const BINS: usize = 24;
/// Numbers along an axis.
const NUMBERS: usize = 3;

/// Draws a picture of a few axes.
pub(crate) fn draw(picture: &Picture, medium: Medium) -> String {
    let count = picture.axes.len();
    let side = match count {
        ..=3 => 210.0,
        4 => 180.0,
        _ => 150.0,
    };
    let length = side * count as f64 + GAP * (count - 1) as f64;
    let (width, height) = (MARGIN + length + 24.0, TOP + length + MARGIN);
    let mut svg = picture.begin(medium, width, height);
    let rect = |column: usize, row: usize| Rect {
        x: MARGIN + (side + GAP) * column as f64,
        y: TOP + (side + GAP) * row as f64,
        width: side,
        height: side,
    };
    let name = Writing::new(12.0, Ink::Text, Anchor::Middle);
    for row in 0..count {
        for column in 0..=row {
            let rect = rect(column, row);
            let panel = Panel { rect, x: (&picture.axes[column], column), y: (&picture.axes[row], row) };
            if column == row {
                draw_histogram(&mut svg, picture, rect, row);
            } else {
                panel.draw_grid(&mut svg, NUMBERS, NUMBERS);
                panel.draw_data(&mut svg, picture, Sizes { radius: 1.9, rim: 1.6, label: 10.0 });
            }
            if row + 1 == count {
                panel.draw_numbers_below(&mut svg, NUMBERS, 10.0);
                let below = (rect.x + side / 2.0, rect.bottom() + 40.0);
                svg.write(&name.fitted(&panel.x.0.name, side), below, name);
            }
            if column == 0 && row > 0 {
                panel.draw_numbers_left(&mut svg, NUMBERS, 10.0);
                let left = (24.0, rect.y + side / 2.0);
                svg.write(&name.fitted(&panel.y.0.name, side), left, name.turned(-90.0));
            }
        }
    }
    picture.draw_emptiness(&mut svg, rect(0, 1));
    // The upper right half is free.
    let bar = rect(count - 1, 0);
    let bottom = rect(count - 1, count - 2).bottom();
    picture.draw_bar(&mut svg, (bar.right() - 80.0, bar.y), (bottom - bar.y).min(220.0));
    svg.finish()
}

/// How many of the tasks lie where along an axis.
fn draw_histogram(svg: &mut Svg, picture: &Picture, rect: Rect, index: usize) {
    let axis = &picture.axes[index];
    for tick in axis.ticks(NUMBERS) {
        let x = rect.x + rect.width * tick.share;
        svg.line((x, rect.y), (x, rect.bottom()), Ink::Grid, 1.0);
    }
    let counts = histogram(axis, picture.points.iter().map(|point| point.values[index]));
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = rect.width / counts.len() as f64;
    // Room at the top for the name.
    let highest = rect.height - 26.0;
    svg.group("class=\"bars\"", |svg| {
        for (place, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = highest * count as f64 / most as f64;
            let x = rect.x + bar * place as f64;
            let bar = Rect { x: x + 0.5, y: rect.bottom() - height, width: bar - 1.0, height };
            svg.filled(bar, Ink::Line, 0.75);
        }
    });
    svg.framed(rect, Ink::Line);
    let name = Writing::new(11.0, Ink::Label, Anchor::Middle);
    svg.write(&name.fitted(&axis.name, rect.width - 8.0), (rect.x + rect.width / 2.0, rect.y + 15.0), name);
}

/// Counts in equal parts of an axis; each of a few whole numbers has its own.
fn histogram(axis: &Axis, values: impl IntoIterator<Item = f64>) -> Vec<usize> {
    let whole = axis.high - axis.low + 1.0;
    let bins = if axis.scale == Scale::Integer && whole <= 2.0 * BINS as f64 { whole as usize } else { BINS };
    let mut counts = vec![0; bins];
    for value in values {
        let place = (axis.share(value) * bins as f64) as usize;
        counts[place.min(bins - 1)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_count_every_task() {
        let axis = |low, high, scale| Axis { name: String::new(), low, high, scale };
        let whole = histogram(&axis(2.0, 5.0, Scale::Integer), [2.0, 5.0, 5.0, 3.0]);
        assert_eq!(whole, [1, 1, 0, 2]);
        let even = histogram(&axis(0.0, 1.0, Scale::Linear), [0.0, 1.0, 1.0, 0.5]);
        assert_eq!((even.len(), even[0], even[12], even[23]), (24, 1, 1, 2));
        let many = histogram(&axis(0.0, 1e6, Scale::Integer), [0.0, 1e6]);
        assert_eq!((many.len(), many[0], many[23]), (24, 1, 1));
    }
}
