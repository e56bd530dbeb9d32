//! What the teacher samples from.

use magister_proto::v1::{self, task_distribution as wire};
use serde::Serialize;

use crate::{
    error::Error,
    task::{Parameters, Value, read_parameters},
};

/// What the teacher samples from at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distribution {
    /// Accepted episodes at this moment.
    pub episodes: u64,
    /// Probability that the next task is drawn uniformly.
    pub exploration_probability: f64,
    /// The task space axis by axis, vectors element by element.
    pub axes: Vec<Axis>,
    /// What the rest is drawn from.
    pub shape: Shape,
}

/// One axis of the task space: a scalar dimension, or an element of a vector.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// Name of the dimension.
    pub dimension: String,
    /// Index within a vector.
    pub element: Option<u32>,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// Whether it is uniform in its logarithm.
    pub log_scaled: bool,
    /// Whether it takes whole numbers only.
    pub integer: bool,
}

/// What tasks that are not explored are drawn from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// Nothing but exploration.
    Uniform,
    /// A Gaussian mixture.
    Mixture {
        /// Number of the fit, from 1; 0 for an initial Gaussian.
        fit: u64,
        /// Its components.
        components: Vec<Component>,
    },
    /// Something that this release does not know.
    Other,
}

/// One Gaussian.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Component {
    /// Share of the window's episodes.
    pub weight: f64,
    /// Probability that a task not explored is drawn from it.
    pub odds: f64,
    /// Mean absolute learning progress of its episodes.
    pub mean_alp: f64,
    /// The mean as parameters, clipped to the space.
    pub mean: Parameters,
    /// Standard deviation along each axis: in the dimension's units, or of the value's natural logarithm on a
    /// log-scaled one.
    pub standard_deviations: Vec<f64>,
    /// Covariance between each two axes, in the same units.
    pub covariance: Vec<Vec<f64>>,
}

impl Axis {
    /// `dimension`, or `dimension[element]`.
    pub fn name(&self) -> String {
        match self.element {
            None => self.dimension.clone(),
            Some(element) => format!("{}[{element}]", self.dimension),
        }
    }

    /// Where parameters lie along it; `None` where that is no number.
    pub fn value_in(&self, parameters: &Parameters) -> Option<f64> {
        let element = self.element.map(|element| element as usize);
        match (parameters.get(&self.dimension)?, element) {
            (Value::Number(number), None) => Some(*number),
            (Value::Integer(integer), None) => Some(*integer as f64),
            (Value::Numbers(numbers), Some(element)) => numbers.get(element).copied(),
            (Value::Integers(integers), Some(element)) => {
                integers.get(element).map(|&integer| integer as f64)
            }
            _ => None,
        }
    }
}

impl Component {
    /// Its mean along an axis; `None` where that is no number.
    pub fn mean_along(&self, axis: &Axis) -> Option<f64> {
        axis.value_in(&self.mean)
    }
}

impl TryFrom<v1::TaskDistribution> for Distribution {
    type Error = Error;

    fn try_from(distribution: v1::TaskDistribution) -> Result<Self, Error> {
        let axes = distribution.axes;
        let shape = match distribution.distribution {
            Some(wire::Distribution::Uniform(_)) => Shape::Uniform,
            Some(wire::Distribution::Mixture(mixture)) => Shape::Mixture {
                fit: mixture.fit,
                components: mixture
                    .components
                    .into_iter()
                    .map(|component| read_component(&axes, component))
                    .collect::<Result<_, _>>()?,
            },
            _ => Shape::Other,
        };
        Ok(Self {
            episodes: distribution.episodes,
            exploration_probability: distribution.exploration_probability,
            shape,
            axes: read_axes(axes),
        })
    }
}

pub(crate) fn read_axes(axes: Vec<wire::Axis>) -> Vec<Axis> {
    axes.into_iter()
        .map(|axis| Axis {
            dimension: axis.dimension,
            element: axis.element,
            low: axis.low,
            high: axis.high,
            log_scaled: axis.log_scaled,
            integer: axis.integer,
        })
        .collect()
}

/// Reads a component of a distribution over these axes.
pub(crate) fn read_component(axes: &[wire::Axis], component: wire::Component) -> Result<Component, Error> {
    if component.covariance.len() != axes.len() * axes.len() {
        return Err(Error::Answer("a covariance has another size than the axes"));
    }
    let units: Vec<f64> = axes.iter().map(|axis| axis_length(axis) / axis.distance_scale).collect();
    let covariance: Vec<Vec<f64>> = units
        .iter()
        .enumerate()
        .map(|(row, unit)| {
            let shares = &component.covariance[row * axes.len()..(row + 1) * axes.len()];
            shares.iter().zip(&units).map(|(share, other)| share * unit * other).collect()
        })
        .collect();
    Ok(Component {
        weight: component.weight,
        odds: component.odds,
        mean_alp: component.mean_alp,
        mean: read_parameters(component.mean_parameters)?,
        standard_deviations: covariance.iter().enumerate().map(|(axis, row)| row[axis].sqrt()).collect(),
        covariance,
    })
}

/// How long an axis is, in the units of standard deviations along it.
fn axis_length(axis: &wire::Axis) -> f64 {
    match (axis.log_scaled, axis.integer) {
        (true, _) => (axis.high / axis.low).ln(),
        (false, true) => axis.high - axis.low + 1.0,
        (false, false) => axis.high - axis.low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_read_in_the_units_of_their_axes() {
        let axis = |dimension: &str, low, high, log_scaled, integer, distance_scale| wire::Axis {
            dimension: dimension.to_owned(),
            low,
            high,
            log_scaled,
            integer,
            distance_scale,
            ..Default::default()
        };
        let axes = [
            axis("plain", -1.0, 3.0, false, false, 2.0),
            axis("rate", 1e-4, 1.0, true, false, 1.0),
            axis("steps", 0.0, 9.0, false, true, 1.0),
        ];
        // Standard deviations of 0.1 of each axis, and a correlation of a half between the first two.
        let covariance = vec![0.04, 0.01, 0.0, 0.01, 0.01, 0.0, 0.0, 0.0, 0.01];
        let component = wire::Component {
            covariance,
            mean_parameters: Some(v1::Parameters::default()),
            ..Default::default()
        };
        let read = read_component(&axes, component.clone()).unwrap();
        let logarithm = 1e4_f64.ln();
        for (found, expected) in read.standard_deviations.iter().zip([0.4, 0.1 * logarithm, 1.0]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!((read.covariance[0][1] - 0.5 * 0.4 * 0.1 * logarithm).abs() < 1e-12);
        assert!(read_component(&axes[..2], component).is_err());
    }
}
