//! The components of a mixture as a table.

use magister_student::{Axis, Component, Distribution, Shape};

use crate::{
    number,
    table::{Align, Table},
};

/// Columns that say which component a line is about.
const REPEATED: usize = 1;
/// Longest title of a column.
const TITLE: usize = 24;

/// What a teacher samples from, in words and a table.
pub(crate) fn describe(distribution: &Distribution, width: usize) -> String {
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
            let table = table(&distribution.axes, components).in_blocks(REPEATED, width);
            let units = if distribution.axes.iter().any(|axis| axis.log_scaled) {
                "\n  (mean ± standard deviation; mean ×÷ factor where the scale is logarithmic)"
            } else {
                "\n  (mean ± standard deviation)"
            };
            format!("The teacher explores with {rest}:\n\n{table}\n{units}")
        }
        _ => format!(
            "The teacher explores with {share:.0} % of its tasks and draws the others from something that this release \
             of the command does not know."
        ),
    }
}

/// One line per component.
pub(crate) fn table(axes: &[Axis], components: &[Component]) -> Table {
    let columns = [
        ("component", Align::Right),
        ("weight", Align::Right),
        ("mean ALP", Align::Right),
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
            if largest > 0.0 { number::within(component.mean_alp, 0.0, largest) } else { "0".to_owned() },
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
    fn long_names_keep_their_end() {
        assert_eq!(shortened("stump_height"), "stump_height");
        let name = format!("{}[11]", "x".repeat(64));
        assert_eq!(shortened(&name), "xxxxxxxxxxxx…xxxxxxx[11]");
    }
}
