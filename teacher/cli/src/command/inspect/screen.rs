//! What the live view shows, drawn from plain values.

use magister_student::{
    Bucket, Component, CurriculumInfo, Diagnosis, Distribution, Progress, Region, Severity, Shape,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    symbols::Marker,
    text::{Line, Span},
    widgets::{
        Block, Paragraph, Row, Sparkline, Table, Wrap,
        canvas::{Canvas, Context, Points},
    },
};

use crate::{
    command::curriculum::show::{count, describe_state},
    components::{LearningProgress, drawn_most, extent},
    moment::{Coding, ColourBy, Moment, boxes, mixture, plot_axis},
    number,
    plot::{Axis, NUMBERED, OUTLINED, PlotBox, PlotComponent},
};

/// Colours of ALP from nothing to most, of the 256 that terminals have: bright is most, as on every dark ground.
const COLORS: [Color; 6] = [
    Color::Indexed(60),
    Color::Indexed(61),
    Color::Indexed(31),
    Color::Indexed(36),
    Color::Indexed(113),
    Color::Indexed(226),
];
/// Dots along the rim of an ellipse, and along each side of a box.
const RIM: usize = 180;

/// All that is shown.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    pub(super) info: CurriculumInfo,
    pub(super) moment: Moment,
    pub(super) progress: Progress,
    pub(super) diagnosis: Diagnosis,
    /// Indices of the axis to the right and the one upwards.
    pub(super) axes: (usize, usize),
    pub(super) question: Question,
}

/// Whether something waits for a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    None,
    /// Pause, or resume if it is paused.
    Pause,
}

impl Screen {
    /// Draws it.
    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let findings = u16::try_from(self.diagnosis.findings.len().clamp(1, 3)).unwrap_or(3);
        let [header, middle, returns, below, footer] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Fill(1),
            Constraint::Length(4),
            Constraint::Length(findings),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let [space, table] =
            Layout::horizontal([Constraint::Percentage(58), Constraint::Percentage(42)]).areas(middle);
        frame.render_widget(Paragraph::new(self.header()), header);
        self.draw_space(frame, space);
        self.draw_sources(frame, table);
        self.draw_returns(frame, returns);
        frame.render_widget(Paragraph::new(self.findings()), below);
        frame.render_widget(Paragraph::new(self.footer()), footer);
    }

    /// Chooses the axis to the right, or upwards, that is so many places on.
    pub(super) fn turn(&mut self, right: usize, up: usize) {
        let count = self.moment.distribution.axes.len();
        if count > 1 {
            let (x, y) = self.axes;
            self.axes = ((x + right) % count, (y + up) % count);
            if self.axes.0 == self.axes.1 {
                // Two different ones: the next in the same direction.
                self.turn(right, up);
            }
        }
    }

    fn header(&self) -> Vec<Line<'_>> {
        let info = &self.info;
        let name = if info.display_name.is_empty() { &info.id } else { &info.display_name };
        let distribution = &self.moment.distribution;
        let fit = match &distribution.shape {
            Shape::Mixture { fit, .. } => format!("fit {fit}"),
            Shape::Uniform => "no fit".to_owned(),
            Shape::Regions { regions, .. } => count(regions.len() as u64, "region"),
            Shape::Window { .. } => "a window".to_owned(),
            Shape::Particles { points, .. } => count(points.len() as u64, "particle"),
            _ => "another teacher".to_owned(),
        };
        let state = if info.paused { Color::Yellow } else { Color::Green };
        let students = count(self.progress.students.len() as u64, "student");
        vec![
            Line::from(vec![
                Span::styled(plain(name), Modifier::BOLD),
                Span::raw("  "),
                Span::styled(describe_state(info), state),
            ]),
            Line::from(format!(
                "{}, {:.1} a second, {students} within the hour, {} open, {fit}, {:.0} % drawn uniformly",
                count(info.episodes, "episode"),
                self.progress.episodes_per_second,
                count(info.open_tasks, "task"),
                100.0 * distribution.exploration_probability
            )),
        ]
    }

    fn draw_space(&self, frame: &mut Frame<'_>, area: Rect) {
        let distribution = &self.moment.distribution;
        let axes: Vec<Axis> = distribution.axes.iter().map(plot_axis).collect();
        let coding = Coding::of([&self.moment], Some(ColourBy::Alp));
        let (x, y) = self.axes;
        let ends = |axis: &Axis| {
            let short = |value: f64| number::significant(value, 4);
            format!("{} {} to {}", plain(&axis.name), short(axis.low), short(axis.high))
        };
        let upwards = if axes.len() > 1 { ends(&axes[y]) } else { format!("ALP 0 to {:.3}", coding.most()) };
        let block = Block::bordered()
            .title(format!(" ↑ {upwards} "))
            .title_bottom(Line::from(format!(" {} → ", ends(&axes[x]))).right_aligned());
        let place = |values: &[f64], alp: Option<f64>| {
            let up = if axes.len() > 1 { axes[y].share(values[y]) } else { coding.share(alp.unwrap_or(0.0)) };
            (axes[x].share(values[x]).clamp(0.0, 1.0), up.clamp(0.0, 1.0))
        };
        let components = mixture(distribution).1;
        let boxes = shown_boxes(distribution);
        let canvas = Canvas::default()
            .block(block)
            .marker(Marker::Braille)
            .x_bounds([0.0, 1.0])
            .y_bounds([0.0, 1.0])
            .paint(|context| {
                for (step, color) in COLORS.into_iter().enumerate() {
                    let of_color = self
                        .moment
                        .points
                        .iter()
                        .filter(|point| step_of(coding.share(point.alp.unwrap_or(0.0))) == step);
                    let coords: Vec<(f64, f64)> =
                        of_color.map(|point| place(&point.values, point.alp)).collect();
                    context.draw(&Points { coords: &coords, color });
                }
                context.layer();
                for component in &components {
                    let color = COLORS[step_of(coding.share(component.mean_alp))];
                    let coords = rim(component, &axes, self.axes);
                    context.draw(&Points { coords: &coords, color });
                }
                for drawn in &boxes {
                    let color = drawn.mean_alp.map_or(Color::White, |alp| COLORS[step_of(coding.share(alp))]);
                    context.draw(&Points { coords: &sides(drawn, &axes, self.axes), color });
                }
                context.layer();
                for (index, component) in components.iter().enumerate() {
                    print_number(context, index, place(&component.mean, Some(component.mean_alp)));
                }
                for drawn in boxes.iter().rev().take(NUMBERED) {
                    if let Some(number) = drawn.number {
                        print_number(context, number, middle(drawn, &axes, self.axes));
                    }
                }
                if self.moment.points.is_empty() && components.is_empty() && boxes.is_empty() {
                    context.print(0.4, 0.5, "no episodes yet");
                }
            });
        frame.render_widget(canvas, area);
    }

    /// What tasks are drawn from, as a table.
    fn draw_sources(&self, frame: &mut Frame<'_>, area: Rect) {
        let chosen =
            if self.moment.distribution.axes.len() > 1 { vec![self.axes.0, self.axes.1] } else { vec![0] };
        match &self.moment.distribution.shape {
            Shape::Mixture { components, .. } => self.draw_components(frame, area, components, &chosen),
            Shape::Regions { regions, .. } => self.draw_regions(frame, area, regions, &chosen),
            Shape::Window { low, high } => self.draw_window(frame, area, low, high),
            other => {
                let (title, text) = match other {
                    Shape::Particles { .. } => (" particles ", "Every task is drawn close to a particle."),
                    _ => (" components ", "Every task is drawn uniformly."),
                };
                let block = Block::bordered().title(title);
                frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }).block(block), area);
            }
        }
    }

    fn draw_components(&self, frame: &mut Frame<'_>, area: Rect, components: &[Component], chosen: &[usize]) {
        let axes = &self.moment.distribution.axes;
        let names = chosen.iter().map(|&index| plain(&axes[index].name()));
        let progress = match LearningProgress::of(self.info.teacher.as_ref()) {
            LearningProgress::Alp => "ALP",
            LearningProgress::Covariance => "covar.",
        };
        let titles = ["", "weight", progress, "odds"].into_iter().map(str::to_owned).chain(names);
        let rows = components.iter().enumerate().map(|(index, component)| {
            let mut cells = vec![
                index.to_string(),
                format!("{:.2}", component.weight),
                number::significant(component.mean_alp, 2),
                format!("{:.2}", component.odds),
            ];
            cells.extend(chosen.iter().map(|&index| {
                component.mean_along(&axes[index]).map_or("?".to_owned(), |mean| number::significant(mean, 3))
            }));
            Row::new(cells)
        });
        let widths = [3, 6, 6, 5]
            .map(Constraint::Length)
            .into_iter()
            .chain(chosen.iter().map(|_| Constraint::Fill(1)));
        let header = Row::new(titles).style(Style::new().fg(Color::Gray));
        let block = Block::bordered().title(" components ");
        frame.render_widget(Table::new(rows, widths).header(header).block(block), area);
    }

    fn draw_regions(&self, frame: &mut Frame<'_>, area: Rect, regions: &[Region], chosen: &[usize]) {
        let axes = &self.moment.distribution.axes;
        let names = chosen.iter().map(|&index| plain(&axes[index].name()));
        let titles = ["", "", "ALP", "odds"].into_iter().map(str::to_owned).chain(names);
        let rows = drawn_most(regions).into_iter().map(|index| {
            let region = &regions[index];
            let mut cells = vec![
                index.to_string(),
                if region.leaf { String::new() } else { "cut".to_owned() },
                number::significant(region.mean_alp, 2),
                format!("{:.2}", region.odds),
            ];
            let reach = |&axis: &usize| extent(&axes[axis], region.low[axis], region.high[axis]);
            cells.extend(chosen.iter().map(reach));
            Row::new(cells)
        });
        let widths = [5, 3, 6, 5]
            .map(Constraint::Length)
            .into_iter()
            .chain(chosen.iter().map(|_| Constraint::Fill(1)));
        let header = Row::new(titles).style(Style::new().fg(Color::Gray));
        let block = Block::bordered().title(" regions drawn most ");
        // No more than there is room for: there may be thousands.
        let rows = rows.take(usize::from(area.height));
        frame.render_widget(Table::new(rows, widths).header(header).block(block), area);
    }

    fn draw_window(&self, frame: &mut Frame<'_>, area: Rect, low: &[f64], high: &[f64]) {
        let axes = &self.moment.distribution.axes;
        let rows = axes
            .iter()
            .enumerate()
            .map(|(index, axis)| Row::new([plain(&axis.name()), extent(axis, low[index], high[index])]));
        let block = Block::bordered().title(" window ");
        frame.render_widget(Table::new(rows, [Constraint::Fill(1); 2]).block(block), area);
    }

    fn draw_returns(&self, frame: &mut Frame<'_>, area: Rect) {
        let means: Vec<f64> = self.progress.buckets.iter().filter_map(|bucket| bucket.mean_return).collect();
        let (low, high) = means
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &mean| (low.min(mean), high.max(mean)));
        let last = self.progress.recent.as_ref().and_then(|recent: &Bucket| recent.mean_return);
        let title = match last {
            None => " mean return: none yet ".to_owned(),
            Some(last) => format!(
                " mean return {} over the last {}; {} to {} since the beginning ",
                number::significant(last, 4),
                self.progress.recent.as_ref().map_or(0, |recent| recent.completed),
                number::significant(low, 4),
                number::significant(high, 4)
            ),
        };
        let block = Block::bordered().title(title);
        // As many as fit, the latest ones; the lowest keeps a mark.
        let room = usize::from(area.width.saturating_sub(2));
        let height =
            |mean: f64| if high > low { 1 + (100.0 * ((mean - low) / (high - low))) as u64 } else { 50 };
        let heights: Vec<u64> =
            means.iter().skip(means.len().saturating_sub(room)).map(|&mean| height(mean)).collect();
        frame
            .render_widget(Sparkline::default().data(heights).max(101).block(block).style(Color::Cyan), area);
    }

    fn findings(&self) -> Vec<Line<'_>> {
        if self.diagnosis.findings.is_empty() {
            return vec![Line::styled("nothing stands in the way", Color::Gray)];
        }
        let line = |finding: &magister_student::Finding| {
            let color = match finding.severity {
                Severity::Problem => Color::Red,
                Severity::Warning => Color::Yellow,
                _ => Color::Gray,
            };
            Line::from(vec![
                Span::styled(format!("{}: ", plain(&finding.statement)), color),
                Span::raw(plain(&finding.advice)),
            ])
        };
        self.diagnosis.findings.iter().take(3).map(line).collect()
    }

    fn footer(&self) -> Line<'_> {
        let verb = if self.info.paused { "resume" } else { "pause" };
        match self.question {
            Question::Pause => Line::styled(
                format!("{verb} {}? y: yes, any other key: no", self.info.id),
                Style::new().fg(Color::Black).bg(Color::Yellow),
            ),
            Question::None => Line::styled(format!("q quit   ← → ↑ ↓ Tab axes   p {verb}"), Color::Gray),
        }
    }
}

/// Places along the rim of a component, two standard deviations from its mean.
fn rim(component: &PlotComponent, axes: &[Axis], (x, y): (usize, usize)) -> Vec<(f64, f64)> {
    const DEVIATIONS: f64 = 2.0;
    let mean = |index: usize| axes[index].share(component.mean[index]);
    let scaled = |one: usize, other: usize| {
        component.covariance[one][other] / axes[one].length() / axes[other].length()
    };
    if axes.len() < 2 {
        // The ends of the band, over all heights.
        let half = DEVIATIONS * scaled(0, 0).max(0.0).sqrt();
        let side = |x: f64| (0..RIM).map(move |step| (x, step as f64 / RIM as f64));
        return side(mean(0) - half).chain(side(mean(0) + half)).collect();
    }
    // The Cholesky factor turns a circle into the ellipse.
    let first = scaled(x, x).max(0.0).sqrt();
    let shared = if first > 0.0 { scaled(x, y) / first } else { 0.0 };
    let second = (scaled(y, y) - shared * shared).max(0.0).sqrt();
    let angles = (0..RIM).map(|step| std::f64::consts::TAU * step as f64 / RIM as f64);
    angles
        .map(|angle| {
            let (sine, cosine) = angle.sin_cos();
            (mean(x) + DEVIATIONS * first * cosine, mean(y) + DEVIATIONS * (shared * cosine + second * sine))
        })
        .collect()
}

/// The window, or the leaves; over more than two axes the regions that are drawn most, as projections of all leaves would cover
/// everything. The most last, on top.
fn shown_boxes(distribution: &Distribution) -> Vec<PlotBox> {
    let mut shown = boxes(distribution);
    let has_room = distribution.axes.len() <= 2;
    shown.retain(|drawn| drawn.leaf || !has_room);
    shown.sort_by(|one, other| one.odds.total_cmp(&other.odds));
    let left_out = if has_room { 0 } else { shown.len().saturating_sub(OUTLINED) };
    shown.split_off(left_out)
}

/// Places along the sides of a box; over one axis those of its ends, over all heights.
fn sides(drawn: &PlotBox, axes: &[Axis], (x, y): (usize, usize)) -> Vec<(f64, f64)> {
    let (left, right) = drawn.shares(&axes[x], x);
    let (below, above) = if axes.len() > 1 { drawn.shares(&axes[y], y) } else { (0.0, 1.0) };
    let along =
        |(from, to): (f64, f64)| (0..=RIM).map(move |step| from + (to - from) * step as f64 / RIM as f64);
    let upright = along((below, above)).flat_map(|up| [(left, up), (right, up)]);
    let level = along((left, right)).flat_map(|across| [(across, below), (across, above)]);
    if axes.len() > 1 { upright.chain(level).collect() } else { upright.collect() }
}

fn middle(drawn: &PlotBox, axes: &[Axis], (x, y): (usize, usize)) -> (f64, f64) {
    let middle = |(low, high): (f64, f64)| f64::midpoint(low, high);
    let up = if axes.len() > 1 { middle(drawn.shares(&axes[y], y)) } else { 0.5 };
    (middle(drawn.shares(&axes[x], x)), up)
}

fn print_number(context: &mut Context<'_>, number: usize, (x, y): (f64, f64)) {
    context.print(x, y, Span::styled(number.to_string(), Modifier::BOLD));
}

fn step_of(share: f64) -> usize {
    ((share * COLORS.len() as f64) as usize).min(COLORS.len() - 1)
}

/// Without what a terminal would take for a command.
fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use magister_student::{AlpGmm, Client, CurriculumSpec, Dimension, Oracle, Outcome, Riac, Teacher};
    use magister_tests::TestServer;
    use ratatui::{
        Terminal,
        backend::TestBackend,
        crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    };

    use super::*;
    use crate::command::inspect::live::{Wish, read};

    /// What a curriculum over these dimensions shows after so many episodes.
    async fn screen(dimensions: usize, episodes: u32) -> Screen {
        screen_of(Teacher::AlpGmm(AlpGmm::default()), dimensions, episodes).await
    }

    async fn screen_of(teacher: Teacher, dimensions: usize, episodes: u32) -> Screen {
        let server = TestServer::start().await;
        let client = Client::connect(server.uri()).await.unwrap();
        let spec = (0..dimensions).fold(CurriculumSpec::new("walker", teacher).seed(1), |spec, index| {
            spec.dimension(Dimension::continuous(format!("x{index}"), 0.0, 2.0))
        });
        let spec = spec.display_name("Wal\u{1b}[31mker");
        let curriculum = client.create_or_open(spec).await.unwrap();
        for episode in 0..episodes {
            let task = curriculum.ask().await.unwrap();
            curriculum.tell(&task, Outcome::completed(f64::from(episode % 7))).await.unwrap();
        }
        read(&curriculum).await.unwrap()
    }

    /// The lines of a terminal of a size.
    fn drawn(screen: &Screen, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| screen.draw(frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let cells = buffer.content.chunks(usize::from(width));
        cells.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect()).collect()
    }

    fn dots(lines: &[String]) -> usize {
        lines
            .iter()
            .flat_map(|line| line.chars())
            .filter(|letter| ('\u{2801}'..='\u{28ff}').contains(letter))
            .count()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_empty_curriculum_says_so() {
        let screen = screen(2, 0).await;
        let lines = drawn(&screen, 110, 30);
        let all = lines.join("\n");
        for expected in [
            "Wal\u{fffd}[31mker  active",
            "0 episodes, 0.0 a second, 0 students within the hour, 0 tasks open, no fit, 100 % drawn uniformly",
            "no episodes yet",
            "Every task is drawn uniformly.",
            "mean return: none yet",
            "q quit   ← → ↑ ↓ Tab axes   p pause",
        ] {
            assert!(all.contains(expected), "{expected:?} is missing in\n{all}");
        }
        assert_eq!(dots(&lines), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn points_ellipses_and_components_are_shown() {
        let screen = screen(3, 300).await;
        let lines = drawn(&screen, 110, 30);
        let all = lines.join("\n");
        let Shape::Mixture { components, .. } = &screen.moment.distribution.shape else {
            panic!("it has fitted")
        };
        for expected in [
            "300 episodes",
            "fit 1",
            "↑ x1 0 to 2",
            "x0 0 to 2 →",
            "weight",
            "mean return 3.03 over the last 100;",
        ] {
            assert!(all.contains(expected), "{expected:?} is missing in\n{all}");
        }
        assert!(dots(&lines) > 100, "{all}");
        let odds = format!("{:.2}", components[0].odds);
        assert!(lines.iter().any(|line| line.contains("│0 ") && line.contains(&odds)), "{all}");
        // No size breaks it.
        for (width, height) in [(1, 1), (20, 5), (40, 12), (300, 90)] {
            drawn(&screen, width, height);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn regions_and_a_window_are_shown() {
        for dimensions in [1, 2, 3] {
            let riac = Teacher::Riac(Riac { region_size: Some(20), ..Riac::default() });
            let screen = screen_of(riac, dimensions, 200).await;
            let lines = drawn(&screen, 110, 30);
            let all = lines.join("\n");
            let Shape::Regions { regions, .. } = &screen.moment.distribution.shape else {
                panic!("it has cut")
            };
            let most = drawn_most(regions)[0];
            let row = format!("{:.2}", regions[most].odds);
            for expected in ["regions drawn most", &format!("{} regions, 20 % drawn", regions.len()), "cut"] {
                assert!(all.contains(expected), "{expected:?} is missing in\n{all}");
            }
            assert!(
                lines.iter().any(|line| line.contains(&format!("│{most} ")) && line.contains(&row)),
                "{all}"
            );
            assert!(dots(&lines) > 100, "{all}");

            let oracle = Oracle { window_step: vec![0.1; dimensions], ..Oracle::default() };
            let screen = screen_of(Teacher::Oracle(oracle), dimensions, 0).await;
            let lines = drawn(&screen, 110, 30);
            let all = lines.join("\n");
            for expected in ["a window, 0 % drawn", " window ", "0.000 to 0.333"] {
                assert!(all.contains(expected), "{expected:?} is missing in\n{all}");
            }
            assert!(dots(&lines) > 10, "{all}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_axis_is_shown_against_alp() {
        let screen = screen(1, 300).await;
        let lines = drawn(&screen, 80, 24);
        assert!(lines.iter().any(|line| line.contains("↑ ALP 0 to ")), "{lines:?}");
        assert!(dots(&lines) > 50, "{lines:?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn keys_choose_axes_ask_and_quit() {
        let mut screen = screen(3, 0).await;
        let mut press = |code| {
            let wish = screen.press(KeyEvent::new(code, KeyModifiers::NONE));
            (wish, screen.axes, screen.question)
        };
        use KeyCode::{Char, Down, Enter, Esc, Left, Right, Tab, Up};
        for (code, wish, axes, question) in [
            (Right, Wish::Nothing, (2, 1), Question::None),
            (Right, Wish::Nothing, (0, 1), Question::None),
            (Left, Wish::Nothing, (2, 1), Question::None),
            (Up, Wish::Nothing, (2, 0), Question::None),
            (Down, Wish::Nothing, (2, 1), Question::None),
            (Tab, Wish::Nothing, (0, 2), Question::None),
            (Char('p'), Wish::Nothing, (0, 2), Question::Pause),
            (Enter, Wish::Nothing, (0, 2), Question::None),
            (Char('p'), Wish::Nothing, (0, 2), Question::Pause),
            (Char('q'), Wish::Nothing, (0, 2), Question::None),
            (Char('p'), Wish::Nothing, (0, 2), Question::Pause),
            (Char('y'), Wish::Pause, (0, 2), Question::None),
            (Char('y'), Wish::Nothing, (0, 2), Question::None),
            (Char('q'), Wish::Quit, (0, 2), Question::None),
            (Esc, Wish::Quit, (0, 2), Question::None),
        ] {
            assert_eq!(press(code), (wish, axes, question), "{code:?}");
        }
        screen.question = Question::Pause;
        assert!(drawn(&screen, 80, 24).join("\n").contains("pause walker? y: yes, any other key: no"));
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(screen.press(control_c), Wish::Quit);
    }
}
