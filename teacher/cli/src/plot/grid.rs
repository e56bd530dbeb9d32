//! A share over two axes, in cells.

use super::{
    axis::Axis,
    panel::Panel,
    svg::{Anchor, Ink, Medium, Rect, Svg, Writing},
};

const SIDE: f64 = 320.0;

/// A share in each cell of two axes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    /// What the shares are.
    pub(crate) title: String,
    /// To the right.
    pub(crate) x: Axis,
    /// Upwards.
    pub(crate) y: Axis,
    /// Cells along each axis.
    pub(crate) cells: usize,
    /// 0 to 1, or none: column by column, each from below.
    pub(crate) shares: Vec<Option<f64>>,
}

impl Grid {
    /// Draws it, with the percentage in each cell.
    pub(crate) fn draw(&self, medium: Medium) -> String {
        let (width, height) = (SIDE + 96.0, SIDE + 96.0);
        let mut svg = Svg::new(medium, width, height, &self.title);
        let title = Writing::new(13.0, Ink::Text, Anchor::Start).bold();
        svg.write(&title.fitted(&self.title, width - 20.0), (10.0, 18.0), title);
        let rect = Rect { x: 76.0, y: 32.0, width: SIDE, height: SIDE };
        let cell = SIDE / self.cells as f64;
        let number = Writing::new(10.0, Ink::Text, Anchor::Middle).rimmed();
        for (index, share) in self.shares.iter().enumerate() {
            let (column, row) = (index / self.cells, index % self.cells);
            let x = rect.x + cell * column as f64;
            let y = rect.bottom() - cell * (row + 1) as f64;
            let Some(share) = share else { continue };
            svg.filled(Rect { x, y, width: cell, height: cell }, Ink::Scale(*share), 1.0);
            let text = format!("{:.0}", 100.0 * share);
            svg.write(&text, (x + cell / 2.0, y + cell / 2.0 + 3.6), number);
        }
        let panel = Panel { rect, x: (&self.x, 0), y: (&self.y, 1) };
        svg.framed(rect, Ink::Line);
        panel.draw_numbers_below(&mut svg, 5, 10.5);
        panel.draw_numbers_left(&mut svg, 5, 10.5);
        let name = Writing::new(11.0, Ink::Text, Anchor::Middle);
        svg.write(&name.fitted(&self.x.name, SIDE), (rect.x + SIDE / 2.0, rect.bottom() + 40.0), name);
        let left = (22.0, rect.y + SIDE / 2.0);
        svg.write(&name.fitted(&self.y.name, SIDE), left, name.turned(-90.0));
        svg.finish()
    }
}
