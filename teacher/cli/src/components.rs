//! What a teacher samples from, in words and tables: a mixture's components, regions, a window.

use magister_student::{Axis, Component, Distribution, Region, Shape, Teacher};

use crate::{
    command::curriculum::show::count,
    number,
    table::{Align, Table},
};

/// Columns that say which component or region a line is about.
const REPEATED: usize = 1;
/// Regions that are listed.
const REGIONS: usize = 12;
/// Longest title of a column.
const TITLE: usize = 24;

/// What a teacher takes for the learning progress of a component or region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LearningProgress {
    /// Absolute learning progress.
    Alp,
    /// The covariance of time and return.
    Covariance,
}

impl LearningProgress {
    /// Of a teacher.
    pub(crate) fn of(teacher: Option<&Teacher>) -> Self {
        match teacher {
            Some(Teacher::CovarGmm(_)) => Self::Covariance,
            _ => Self::Alp,
        }
    }

    /// What it is called of a component.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Alp => "mean ALP",
            Self::Covariance => "covariance",
        }
    }
}

/// What a teacher samples from, in words and a table.
pub(crate) fn describe(distribution: &Distribution, progress: LearningProgress, width: usize) -> String {
    let share = 100.0 * distribution.exploration_probability;
    match &distribution.shape {
        Shape::Uniform => "The teacher draws every task uniformly from the space.".to_owned(),
        Shape::Mixture { fit, components } => {
            let mixture = match fit {
                0 => "its initial Gaussian".to_owned(),
                fit => format!("the mixture of fit {fit}"),
            };
            let rest = if share < 100.0 {
                format!("{share:.0} % of its tasks and draws the others from {mixture}")
            } else {
                format!("all of its tasks, for no component of {mixture} shows progress")
            };
            let table = table(&distribution.axes, components, progress).in_blocks(REPEATED, width);
            let units = if distribution.axes.iter().any(|axis| axis.log_scaled) {
                "\n  (mean ± standard deviation; mean ×÷ factor where the scale is logarithmic)"
            } else {
                "\n  (mean ± standard deviation)"
            };
            format!("The teacher explores with {rest}:\n\n{table}\n{units}")
        }
        Shape::Regions { mutation_probability, regions, .. } => {
            let leaves = regions.iter().filter(|region| region.leaf).count();
            let table = table_of_regions(&distribution.axes, regions).in_blocks(REPEATED, width);
            let listed = match regions.len() {
                ..=REGIONS => "They are".to_owned(),
                _ => format!("The {REGIONS} that are drawn most"),
            };
            format!(
                "The teacher explores with {share:.0} % of its tasks, mutates the worst task of a region for {:.0} %, and draws\n\
                 the others from within a region. It has {}, {leaves} of them leaves; those that were cut count too.\n\
                 {listed}:\n\n{table}",
                100.0 * mutation_probability,
                count(regions.len() as u64, "region"),
            )
        }
        Shape::Window { low, high } => {
            let mut table = Table::new(&[("dimension", Align::Left), ("window", Align::Right)]);
            for (index, axis) in distribution.axes.iter().enumerate() {
                table.row([axis.name(), extent(axis, low[index], high[index])]);
            }
            format!("The teacher draws every task uniformly from its window:\n\n{table}")
        }
        Shape::Particles { points, .. } => {
            let columns = [
                ("dimension", Align::Left),
                ("lowest", Align::Right),
                ("median", Align::Right),
                ("highest", Align::Right),
            ];
            let mut table = Table::new(&columns);
            for (index, axis) in distribution.axes.iter().enumerate() {
                let mut along: Vec<f64> = points.iter().map(|point| point[index]).collect();
                along.sort_by(f64::total_cmp);
                let at = |place: usize| {
                    along.get(place).map_or_else(String::new, |&value| along_axis(axis, value))
                };
                table.row([axis.name(), at(0), at(along.len() / 2), at(along.len().saturating_sub(1))]);
            }
            format!(
                "The teacher draws every task close to one of its {}, which lie:\n\n{table}",
                count(points.len() as u64, "particle")
            )
        }
        _ => format!(
            "The teacher explores with {share:.0} % of its tasks and draws the others from something that this release \
             of the command does not know."
        ),
    }
}

/// Indices of regions, those that are drawn most first.
pub(crate) fn drawn_most(regions: &[Region]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..regions.len()).collect();
    order.sort_by(|&one, &other| regions[other].odds.total_cmp(&regions[one].odds));
    order
}

/// From where to where a region or a window reaches along an axis; `any` where that is all of it.
pub(crate) fn extent(axis: &Axis, low: f64, high: f64) -> String {
    // Whole numbers of which at least a part lies between them.
    let (first, last) = ((low + 0.5).floor(), (high - 0.5).ceil());
    let is_whole = match axis.integer {
        true => first <= axis.low && last >= axis.high,
        false => low <= axis.low && high >= axis.high,
    };
    match (axis.log_scaled, axis.integer) {
        _ if is_whole => "any".to_owned(),
        (true, _) => format!("{} to {}", number::significant(low, 3), number::significant(high, 3)),
        (false, true) if first >= last => format!("{first:.0}"),
        (false, true) => format!("{first:.0} to {last:.0}"),
        (false, false) => {
            let short = |value| number::within(value, axis.low, axis.high);
            format!("{} to {}", short(low), short(high))
        }
    }
}

/// A value along an axis.
fn along_axis(axis: &Axis, value: f64) -> String {
    match (axis.log_scaled, axis.integer) {
        (true, _) => number::significant(value, 3),
        (false, true) => format!("{value:.0}"),
        (false, false) => number::within(value, axis.low, axis.high),
    }
}

/// One line per region, of those that are drawn most.
fn table_of_regions(axes: &[Axis], regions: &[Region]) -> Table {
    let columns = [
        ("region", Align::Right),
        ("", Align::Left),
        ("episodes", Align::Right),
        ("ALP", Align::Right),
        ("odds", Align::Right),
    ];
    let mut table = axes
        .iter()
        .fold(Table::new(&columns), |table, axis| table.column(shortened(&axis.name()), Align::Right));
    let largest = regions.iter().map(|region| region.mean_alp).fold(0.0, f64::max);
    for index in drawn_most(regions).into_iter().take(REGIONS) {
        let region = &regions[index];
        let mut cells = vec![
            index.to_string(),
            if region.leaf { String::new() } else { "cut".to_owned() },
            region.episodes.to_string(),
            progress_among(region.mean_alp, largest),
            format!("{:.3}", region.odds),
        ];
        let corners = region.low.iter().zip(&region.high);
        cells.extend(axes.iter().zip(corners).map(|(axis, (&low, &high))| extent(axis, low, high)));
        table.row(cells);
    }
    table
}

/// Learning progress among others, of which one is the largest.
fn progress_among(progress: f64, largest: f64) -> String {
    if largest > 0.0 { number::within(progress, 0.0, largest) } else { "0".to_owned() }
}

/// One line per component.
fn table(axes: &[Axis], components: &[Component], progress: LearningProgress) -> Table {
    let columns = [
        ("component", Align::Right),
        ("weight", Align::Right),
        (progress.title(), Align::Right),
        ("odds", Align::Right),
    ];
    let mut table = axes
        .iter()
        .fold(Table::new(&columns), |table, axis| table.column(shortened(&axis.name()), Align::Right));
    let largest = components.iter().map(|component| component.mean_alp).fold(0.0, f64::max);
    for (index, component) in components.iter().enumerate() {
        let mut cells = vec![
            index.to_string(),
            format!("{:.3}", component.weight),
            progress_among(component.mean_alp, largest),
            format!("{:.3}", component.odds),
        ];
        cells.extend(axes.iter().enumerate().map(|(axis_index, axis)| {
            spread(axis, component.mean_along(axis), component.standard_deviations[axis_index])
        }));
        table.row(cells);
    }
    table
}

/// Mean and standard deviation along an axis.
pub(crate) fn spread(axis: &Axis, mean: Option<f64>, deviation: f64) -> String {
    let Some(mean) = mean else { return "?".to_owned() };
    if axis.log_scaled {
        return format!(
            "{} ×÷ {}",
            number::significant(mean, 3),
            number::significant(libm::exp(deviation), 3)
        );
    }
    let deviation = number::within(deviation, axis.low, axis.high);
    if axis.integer {
        format!("{mean:.0} ± {deviation}")
    } else {
        format!("{} ± {deviation}", number::within(mean, axis.low, axis.high))
    }
}

/// A name that leaves room for others: its beginning and its end, where an element's number stands.
fn shortened(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= TITLE {
        return name.to_owned();
    }
    let (begin, end) = (TITLE / 2, TITLE - TITLE / 2 - 1);
    letters[..begin].iter().chain(&['…']).chain(&letters[letters.len() - end..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64) -> Axis {
        Axis { dimension: "a".to_owned(), element: None, low, high, log_scaled: false, integer: false }
    }

    #[test]
    fn spreads_have_the_units_of_their_axes() {
        let logarithmic = Axis { log_scaled: true, ..axis(1e-5, 0.1) };
        let integer = Axis { integer: true, ..axis(1.0, 5.0) };
        for (axis, mean, deviation, expected) in [
            (axis(0.0, 3.0), Some(1.5), 0.25, "1.500 ± 0.250"),
            (axis(-150.0, 350.0), Some(-20.0), 12.0, "-20.0 ± 12.0"),
            (logarithmic, Some(3e-4), 2.0_f64.ln(), "0.0003 ×÷ 2"),
            (integer, Some(3.0), 1.25, "3 ± 1.250"),
            (axis(0.0, 3.0), None, 0.25, "?"),
        ] {
            assert_eq!(spread(&axis, mean, deviation), expected);
        }
    }

    #[test]
    fn extents_have_the_units_of_their_axes() {
        let logarithmic = Axis { log_scaled: true, ..axis(1e-5, 0.1) };
        let integer = Axis { integer: true, ..axis(1.0, 5.0) };
        for (axis, low, high, expected) in [
            (axis(0.0, 3.0), 0.0, 3.0, "any"),
            (axis(0.0, 3.0), 0.0, 1.5, "0.000 to 1.500"),
            (logarithmic.clone(), 1e-5, 0.1, "any"),
            (logarithmic, 1e-5, 2.5e-3, "1e-5 to 0.0025"),
            (integer.clone(), 0.5, 5.5, "any"),
            // A part of its 3 lies in each half.
            (integer.clone(), 0.5, 3.2, "1 to 3"),
            (integer.clone(), 3.2, 5.5, "3 to 5"),
            (integer.clone(), 2.5, 4.5, "3 to 4"),
            (integer, 2.6, 3.1, "3"),
        ] {
            assert_eq!(extent(&axis, low, high), expected);
        }
    }

    #[test]
    fn particles_are_told_by_where_they_lie() {
        let distribution = Distribution {
            episodes: 100,
            exploration_probability: 0.0,
            axes: vec![axis(0.0, 3.0)],
            shape: Shape::Particles { points: vec![vec![2.0], vec![0.5], vec![1.0]], reach: vec![0.003] },
        };
        let text = describe(&distribution, LearningProgress::Alp, 100);
        assert!(
            text.starts_with("The teacher draws every task close to one of its 3 particles, which lie:"),
            "{text}"
        );
        assert!(text.ends_with("a           0.500   1.000    2.000"), "{text}");
    }

    #[test]
    fn a_tree_is_told_by_the_regions_that_are_drawn_most() {
        let region = |index: u32| Region {
            parent: index.checked_sub(1).map(|earlier| earlier / 2),
            leaf: index > 9,
            mean_alp: f64::from(index) / 100.0,
            odds: f64::from(index) / 210.0,
            episodes: 200,
            low: vec![0.0],
            high: vec![if index == 0 { 3.0 } else { 1.5 }],
            worst: None,
        };
        let told = |count: u32| {
            let shape = Shape::Regions {
                mutation_probability: 0.1,
                mutation_deviations: vec![0.3],
                regions: (0..count).map(region).collect(),
            };
            let axes = vec![axis(0.0, 3.0)];
            let distribution = Distribution { episodes: 5000, exploration_probability: 0.2, axes, shape };
            describe(&distribution, LearningProgress::Alp, 100)
        };
        let all = told(21);
        let lines: Vec<&str> = all.lines().collect();
        assert!(lines[0].contains("explores with 20 %") && lines[0].contains("for 10 %"), "{all}");
        assert!(lines[1].contains("It has 21 regions, 11 of them leaves"), "{all}");
        assert_eq!(lines[2], "The 12 that are drawn most:");
        assert!(lines[5].contains("20            200  0.2000  0.095"), "{all}");
        assert!(lines[16].starts_with("       9  cut"), "{all}");
        assert_eq!(lines.len(), 5 + 12, "{all}");
        let few = told(1);
        assert!(few.contains("They are:") && few.ends_with("any"), "{few}");
    }

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(shortened("stump_height"), "stump_height");
        let name = format!("{}[11]", "x".repeat(64));
        assert_eq!(shortened(&name), "xxxxxxxxxxxx…xxxxxxx[11]");
    }
}
