//! What the teacher samples from.

use std::collections::BTreeMap;

use magister_proto::v1::{self, task_distribution as wire};

use crate::{
    error::Error,
    task::{Value, read_parameters},
};

/// What the teacher samples from at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Accepted episodes at this moment.
    pub episodes: u64,
    /// Probability that the next task is drawn uniformly.
    pub exploration_probability: f64,
    /// What the rest is drawn from.
    pub shape: Shape,
    /// Names of the axes, vectors element by element.
    pub axes: Vec<String>,
}

/// What tasks that are not explored are drawn from.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Share of the window's episodes.
    pub weight: f64,
    /// Probability that a task not explored is drawn from it.
    pub odds: f64,
    /// Mean absolute learning progress of its episodes.
    pub mean_alp: f64,
    /// The mean as parameters, clipped to the space.
    pub mean: BTreeMap<String, Value>,
    /// Standard deviation along each axis: in the dimension's units, or of the value's natural logarithm on a
    /// log-scaled one.
    pub standard_deviations: Vec<f64>,
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
            axes: axes
                .into_iter()
                .map(|axis| match axis.element {
                    None => axis.dimension,
                    Some(element) => format!("{}[{element}]", axis.dimension),
                })
                .collect(),
        })
    }
}

fn read_component(axes: &[wire::Axis], component: wire::Component) -> Result<Component, Error> {
    if component.covariance.len() != axes.len() * axes.len() {
        return Err(Error::Answer("a covariance has another size than the axes"));
    }
    let standard_deviations = axes
        .iter()
        .enumerate()
        .map(|(index, axis)| {
            let share = component.covariance[index * axes.len() + index].sqrt() / axis.distance_scale;
            let length = match (axis.log_scaled, axis.integer) {
                (true, _) => (axis.high / axis.low).ln(),
                (false, true) => axis.high - axis.low + 1.0,
                (false, false) => axis.high - axis.low,
            };
            share * length
        })
        .collect();
    Ok(Component {
        weight: component.weight,
        odds: component.odds,
        mean_alp: component.mean_alp,
        mean: read_parameters(component.mean_parameters)?,
        standard_deviations,
    })
}
