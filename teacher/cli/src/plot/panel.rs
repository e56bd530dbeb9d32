//! Two axes: tasks as points, components as ellipses, regions as boxes.

use super::{
    axis::Axis,
    boxes,
    ellipse::Ellipse,
    picture::{BAR, Picture, PlotComponent, TOP},
    svg::{Anchor, Ink, Medium, Rect, Svg, Writing},
};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 640.0;

/// A rectangle with an axis to the right and one upwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel<'a> {
    pub(crate) rect: Rect,
    /// To the right: the axis and its index in the space.
    pub(crate) x: (&'a Axis, usize),
    /// Upwards.
    pub(crate) y: (&'a Axis, usize),
}

/// How large things are in a panel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Of a point.
    pub(crate) radius: f64,
    /// Of a rim.
    pub(crate) rim: f64,
    /// Of a component's number.
    pub(crate) label: f64,
}

/// Draws a picture of two axes.
pub(crate) fn draw(picture: &Picture, medium: Medium) -> String {
    let mut svg = picture.begin(medium, WIDTH, HEIGHT);
    let rect = Rect { x: 84.0, y: TOP, width: WIDTH - 84.0 - BAR, height: HEIGHT - TOP - 66.0 };
    let panel = Panel { rect, x: (&picture.axes[0], 0), y: (&picture.axes[1], 1) };
    panel.draw_grid(&mut svg, 7, 7);
    panel.draw_numbers_below(&mut svg, 7, 12.0);
    panel.draw_numbers_left(&mut svg, 7, 12.0);
    let name = Writing::new(13.0, Ink::Text, Anchor::Middle);
    let below = (rect.x + rect.width / 2.0, rect.bottom() + 44.0);
    svg.write(&name.fitted(&panel.x.0.name, rect.width), below, name);
    let left = (26.0, rect.y + rect.height / 2.0);
    svg.write(&name.fitted(&panel.y.0.name, rect.height), left, name.turned(-90.0));
    panel.draw_data(&mut svg, picture, Sizes { radius: 3.2, rim: 2.4, label: 12.0 });
    picture.draw_emptiness(&mut svg, rect);
    picture.draw_bar(&mut svg, (rect.right() + 22.0, rect.y), rect.height);
    svg.finish()
}

impl Panel<'_> {
    /// Where a task lies.
    pub(crate) fn place(&self, values: &[f64]) -> (f64, f64) {
        let Rect { x, y, width, height } = self.rect;
        let across = self.x.0.share(values[self.x.1]).clamp(-1.0, 2.0);
        let up = self.y.0.share(values[self.y.1]).clamp(-1.0, 2.0);
        (x + width * across, y + height * (1.0 - up))
    }

    /// Lines at round numbers, and the frame.
    pub(crate) fn draw_grid(&self, svg: &mut Svg, across: usize, up: usize) {
        let rect = self.rect;
        for tick in self.x.0.ticks(across) {
            let x = rect.x + rect.width * tick.share;
            svg.line((x, rect.y), (x, rect.bottom()), Ink::Grid, 1.0);
        }
        for tick in self.y.0.ticks(up) {
            let y = rect.bottom() - rect.height * tick.share;
            svg.line((rect.x, y), (rect.right(), y), Ink::Grid, 1.0);
        }
        svg.framed(rect, Ink::Line);
    }

    /// Numbers of the axis to the right, below.
    pub(crate) fn draw_numbers_below(&self, svg: &mut Svg, most: usize, size: f64) {
        let rect = self.rect;
        let writing = Writing::new(size, Ink::Label, Anchor::Middle);
        // Beside small panels there are others, with numbers of their own.
        let beyond = if rect.width < 250.0 { 4.0 } else { 20.0 };
        let mut free_from = f64::NEG_INFINITY;
        for tick in self.x.0.ticks(most) {
            let x = rect.x + rect.width * tick.share;
            svg.line((x, rect.bottom()), (x, rect.bottom() + 4.0), Ink::Line, 1.0);
            let half = writing.width(&tick.label) / 2.0;
            let x =
                x.clamp(rect.x - beyond + half, (rect.right() + beyond - half).max(rect.x - beyond + half));
            if x - half > free_from {
                svg.write(&tick.label, (x, rect.bottom() + size + 8.0), writing);
                free_from = x + half + 4.0;
            }
        }
    }

    /// Numbers of the axis upwards, to the left.
    pub(crate) fn draw_numbers_left(&self, svg: &mut Svg, most: usize, size: f64) {
        let rect = self.rect;
        let writing = Writing::new(size, Ink::Label, Anchor::End);
        for tick in self.y.0.ticks(most) {
            let y = rect.bottom() - rect.height * tick.share;
            svg.line((rect.x - 4.0, y), (rect.x, y), Ink::Line, 1.0);
            svg.write(&tick.label, (rect.x - 7.0, y + size * 0.36), writing);
        }
    }

    /// Boxes, points and ellipses, cut off at the frame.
    pub(crate) fn draw_data(&self, svg: &mut Svg, picture: &Picture, sizes: Sizes) {
        svg.clipped(self.rect, |svg| {
            boxes::draw_beneath(svg, self, picture);
            svg.group("fill-opacity=\"0.8\" stroke=\"none\" class=\"points\"", |svg| {
                let points = picture.points_by_measure().into_iter();
                let colored: Vec<_> = points.map(|point| (svg.color(picture.ink(point)), point)).collect();
                let radius = picture.radius(sizes.radius);
                // Neighbours in this order mostly share their colour.
                for same in colored.chunk_by(|(one, _), (other, _)| one == other) {
                    svg.group(&format!("fill=\"{}\"", same[0].0), |svg| {
                        for (_, point) in same {
                            svg.disc(self.place(&point.values), radius);
                        }
                    });
                }
            });
            svg.group("fill-opacity=\"0.1\" class=\"components\"", |svg| {
                for component in picture.components_by_measure() {
                    self.draw_component(svg, picture, component, sizes.rim);
                }
            });
            boxes::draw_above(svg, self, picture, sizes);
            self.draw_particles(svg, picture, sizes);
        });
        self.draw_labels(svg, picture, sizes.label);
    }

    /// Particles as diamonds with a rim of paper, so that they are seen on points.
    fn draw_particles(&self, svg: &mut Svg, picture: &Picture, sizes: Sizes) {
        if picture.particles.is_empty() {
            return;
        }
        svg.group("class=\"particles\"", |svg| {
            for (ink, reach) in [(Ink::Paper, sizes.radius * 1.6), (Ink::Text, sizes.radius)] {
                let color = svg.color(ink);
                for particle in &picture.particles {
                    let (x, y) = self.place(particle);
                    let corners = [(x - reach, y), (x, y - reach), (x + reach, y), (x, y + reach)];
                    svg.polygon(&corners, &color, 1.0);
                }
            }
        });
    }

    fn draw_component(&self, svg: &mut Svg, picture: &Picture, component: &PlotComponent, rim: f64) {
        let ((x_axis, x), (y_axis, y)) = (self.x, self.y);
        let covariance = &component.covariance;
        let ellipse = Ellipse::of(
            ((covariance[x][x], covariance[x][y]), covariance[y][y]),
            (x_axis, self.rect.width),
            (y_axis, self.rect.height),
        );
        let place = self.place(&component.mean);
        let (color, paper) = (svg.color(picture.component_ink(component)), svg.color(Ink::Paper));
        let opacity = picture.opacity(component);
        // A rim of paper below the rim, so that it is seen on points of its own colour.
        for (stroke, width) in [(&paper, rim + 1.8), (&color, rim)] {
            let fill = if stroke == &color { &color } else { "none" };
            let attributes = format!(
                "fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{width:.1}\" stroke-opacity=\"{opacity:.2}\""
            );
            svg.group(&attributes, |svg| svg.ellipse(place, ellipse.radii, ellipse.turned));
        }
    }

    /// The numbers of components at their means and of boxes at their middles, moved aside where they would cover each other.
    fn draw_labels(&self, svg: &mut Svg, picture: &Picture, size: f64) {
        let writing = Writing::new(size, Ink::Text, Anchor::Middle).bold().rimmed();
        let within = self.rect.inset(size * 0.7);
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let means = picture.components.iter().enumerate();
        let components = means.map(|(index, component)| (index, self.place(&component.mean)));
        svg.group("class=\"labels\"", |svg| {
            for (index, (x, y)) in components.chain(boxes::labels(self, picture)) {
                let wide = 0.5 + 0.65 * f64::from(index.max(1).ilog10() + 1);
                let held = |(x, y): (f64, f64)| {
                    (x.clamp(within.x, within.right()), y.clamp(within.y, within.bottom()))
                };
                let candidates = (0..24).map(|turn: u32| {
                    let (ring, angle) = (f64::from(turn.div_ceil(8)), f64::from(turn) * 0.785);
                    held((x + size * 1.2 * ring * angle.cos(), y + size * 1.2 * ring * angle.sin()))
                });
                let free = |&(x, y): &(f64, f64)| {
                    taken.iter().all(|&(other_x, other_y)| {
                        (x - other_x).abs() > size * wide || (y - other_y).abs() > size * 1.05
                    })
                };
                let place = candidates.clone().find(free).unwrap_or_else(|| held((x, y)));
                taken.push(place);
                svg.write(&index.to_string(), (place.0, place.1 + size * 0.36), writing);
            }
        });
    }
}
