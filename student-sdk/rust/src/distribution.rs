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
    /// RIAC's tree of boxes: tasks are uniform in one of them, inner ones too, or mutations of its worst task.
    Regions {
        /// Probability that the next task is a mutation: Gaussian around the worst task of a region.
        mutation_probability: f64,
        /// Standard deviation of mutations along each axis, in the units of [`Component::standard_deviations`].
        mutation_deviations: Vec<f64>,
        /// In the order in which they came to be: the first is the space, the others are halves of earlier ones.
        regions: Vec<Region>,
    },
    /// The Oracle's box, in which tasks are uniform.
    Window {
        /// One per axis, as [`Region::low`].
        low: Vec<f64>,
        /// One per axis.
        high: Vec<f64>,
    },
    /// CURROT's points, equally likely: tasks are uniform in the box around one, and clipped to the space.
    Particles {
        /// One number per axis each, as [`Region::low`].
        points: Vec<Vec<f64>>,
        /// Half a side of the boxes along each axis, in the units of [`Component::standard_deviations`].
        reach: Vec<f64>,
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
    /// Mean absolute learning progress of its episodes; of Covar-GMM the covariance of time, 0 to 1 over the window, and
    /// return, 0 where it is negative.
    pub mean_alp: f64,
    /// The mean as parameters, clipped to the space.
    pub mean: Parameters,
    /// Standard deviation along each axis: in the dimension's units, or of the value's natural logarithm on a
    /// log-scaled one.
    pub standard_deviations: Vec<f64>,
    /// Covariance between each two axes, in the same units.
    pub covariance: Vec<Vec<f64>>,
}

/// One box of RIAC's tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Region {
    /// Index of the region of which it is a half; `None` for the space.
    pub parent: Option<u32>,
    /// Whether it has no halves: the leaves together are the space.
    pub leaf: bool,
    /// Absolute difference of the mean returns of the older and the newer half of its latest episodes.
    pub mean_alp: f64,
    /// Probability that a task not explored is drawn from it, or is a mutation of its worst one.
    pub odds: f64,
    /// Latest episodes within it that it is judged by.
    pub episodes: u64,
    /// Lowest value along each axis. An integer axis reaches from half below its lowest number to half above its
    /// highest, and what lies between two numbers counts as the nearer one.
    pub low: Vec<f64>,
    /// Highest value along each axis.
    pub high: Vec<f64>,
    /// The task with the lowest return of these episodes, one number per axis; `None` without episodes.
    pub worst: Option<Vec<f64>>,
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
            Some(wire::Distribution::Regions(regions)) => read_regions(&axes, regions)?,
            Some(wire::Distribution::Window(wire::Window { low, high })) => {
                Shape::Window { low: values(&axes, &low)?, high: values(&axes, &high)? }
            }
            Some(wire::Distribution::Particles(particles)) => read_particles(&axes, &particles)?,
            None => Shape::Other,
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
    let units = units(axes);
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

fn read_regions(axes: &[wire::Axis], written: wire::Regions) -> Result<Shape, Error> {
    if written.mutation_deviations.len() != axes.len() {
        return Err(Error::Answer("mutations have another number of axes than the space"));
    }
    let mut leaves = vec![true; written.regions.len()];
    for parent in written.regions.iter().filter_map(|region| region.parent) {
        *leaves.get_mut(parent as usize).ok_or(Error::Answer("a region is a half of none"))? = false;
    }
    let regions = written.regions.into_iter().zip(leaves).map(|(region, leaf)| {
        Ok(Region {
            parent: region.parent,
            leaf,
            mean_alp: region.mean_alp,
            odds: region.odds,
            episodes: region.episodes,
            low: values(axes, &region.low)?,
            high: values(axes, &region.high)?,
            worst: match region.worst.as_slice() {
                [] => None,
                worst => Some(values(axes, worst)?),
            },
        })
    });
    Ok(Shape::Regions {
        mutation_probability: written.mutation_probability,
        mutation_deviations: written
            .mutation_deviations
            .iter()
            .zip(units(axes))
            .map(|(deviation, unit)| deviation * unit)
            .collect(),
        regions: regions.collect::<Result<_, Error>>()?,
    })
}

fn read_particles(axes: &[wire::Axis], written: &wire::Particles) -> Result<Shape, Error> {
    if written.reach.len() != axes.len() {
        return Err(Error::Answer("particles have another number of axes than the space"));
    }
    Ok(Shape::Particles {
        points: written
            .particles
            .iter()
            .map(|particle| values(axes, &particle.point))
            .collect::<Result<_, _>>()?,
        reach: written.reach.iter().zip(units(axes)).map(|(reach, unit)| reach * unit).collect(),
    })
}

/// What internal coordinates are along the axes; between the whole numbers of an integer axis, too.
fn values(axes: &[wire::Axis], internal: &[f64]) -> Result<Vec<f64>, Error> {
    if internal.len() != axes.len() {
        return Err(Error::Answer("a corner has another number of axes than the space"));
    }
    let value = |(axis, at): (&wire::Axis, &f64)| {
        let share = at / axis.distance_scale;
        match (axis.log_scaled, axis.integer) {
            (true, _) => axis.low * (axis.high / axis.low).powf(share),
            (false, true) => axis.low - 0.5 + share * axis_length(axis),
            (false, false) => axis.low + share * axis_length(axis),
        }
    };
    Ok(axes.iter().zip(internal).map(value).collect())
}

/// What one internal unit along each axis is, in the units of standard deviations along it.
fn units(axes: &[wire::Axis]) -> Vec<f64> {
    axes.iter().map(|axis| axis_length(axis) / axis.distance_scale).collect()
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
#[allow(clippy::float_cmp, reason = "numbers that are passed on keep every bit")]
mod tests {
    use super::*;

    fn axes() -> [wire::Axis; 3] {
        let axis = |dimension: &str, low, high, log_scaled, integer, distance_scale| wire::Axis {
            dimension: dimension.to_owned(),
            low,
            high,
            log_scaled,
            integer,
            distance_scale,
            ..Default::default()
        };
        [
            axis("plain", -1.0, 3.0, false, false, 2.0),
            axis("rate", 1e-4, 1.0, true, false, 1.0),
            axis("steps", 0.0, 9.0, false, true, 1.0),
        ]
    }

    fn check(found: &[f64], expected: [f64; 3]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn boxes_are_read_in_the_units_of_their_axes() {
        let region = |low: [f64; 3], high: [f64; 3], parent, worst: &[f64]| wire::Region {
            low: low.to_vec(),
            high: high.to_vec(),
            mean_alp: 0.1,
            odds: 0.25,
            episodes: 7,
            parent,
            worst: worst.to_vec(),
        };
        let written = wire::Regions {
            regions: vec![
                region([0.0; 3], [2.0, 1.0, 1.0], None, &[1.5, 0.25, 0.35]),
                region([0.0; 3], [1.0, 1.0, 1.0], Some(0), &[]),
                region([1.0, 0.0, 0.0], [2.0, 1.0, 1.0], Some(0), &[]),
                region([1.0, 0.5, 0.25], [2.0, 0.75, 0.5], Some(2), &[]),
            ],
            mutation_probability: 0.1,
            mutation_deviations: vec![0.2, 0.1, 0.1],
        };
        let distribution = |distribution| v1::TaskDistribution {
            axes: axes().to_vec(),
            distribution: Some(distribution),
            ..Default::default()
        };
        let read = |shape| Distribution::try_from(distribution(wire::Distribution::Regions(shape)));
        let shape = read(written.clone()).unwrap().shape;
        let Shape::Regions { mutation_probability: 0.1, mutation_deviations, regions } = shape else {
            panic!("{shape:?}")
        };
        check(&mutation_deviations, [0.4, 0.1 * 1e4_f64.ln(), 1.0]);
        let found: Vec<_> = regions.iter().map(|region| (region.parent, region.leaf)).collect();
        assert_eq!(found, [(None, false), (Some(0), true), (Some(0), false), (Some(2), true)]);
        check(&regions[0].low, [-1.0, 1e-4, -0.5]);
        check(&regions[0].high, [3.0, 1.0, 9.5]);
        check(regions[0].worst.as_ref().unwrap(), [2.0, 1e-3, 3.0]);
        check(&regions[3].low, [1.0, 1e-2, 2.0]);
        check(&regions[3].high, [3.0, 1e-1, 4.5]);
        assert_eq!((regions[3].mean_alp, regions[3].odds, regions[3].episodes), (0.1, 0.25, 7));
        assert_eq!(regions[3].worst, None);

        let (mut flat, mut stray, mut short) = (written.clone(), written.clone(), written);
        flat.regions[1].low.pop();
        stray.regions[1].parent = Some(4);
        short.mutation_deviations.pop();
        for wrong in [flat, stray, short] {
            assert!(read(wrong.clone()).is_err(), "{wrong:?}");
        }

        let window = wire::Window { low: vec![0.5, 0.0, 0.5], high: vec![1.0, 0.5, 1.0] };
        let read = Distribution::try_from(distribution(wire::Distribution::Window(window))).unwrap();
        let Shape::Window { low, high } = read.shape else { panic!("{read:?}") };
        check(&low, [0.0, 1e-4, 4.5]);
        check(&high, [1.0, 1e-2, 9.5]);

        let particles = wire::Particles {
            particles: vec![
                wire::Particle { point: vec![0.5, 0.5, 0.35] },
                wire::Particle { point: vec![2.0, 1.0, 1.0] },
            ],
            reach: vec![0.2, 0.1, 0.1],
        };
        let read = |particles| Distribution::try_from(distribution(wire::Distribution::Particles(particles)));
        let shape = read(particles.clone()).unwrap().shape;
        let Shape::Particles { points, reach } = shape else { panic!("{shape:?}") };
        check(&points[0], [0.0, 1e-2, 3.0]);
        check(&points[1], [3.0, 1.0, 9.5]);
        check(&reach, [0.4, 0.1 * 1e4_f64.ln(), 1.0]);
        let (mut flat, mut short) = (particles.clone(), particles);
        flat.particles[1].point.pop();
        short.reach.pop();
        assert!(read(flat).is_err() && read(short).is_err());
    }

    #[test]
    fn components_are_read_in_the_units_of_their_axes() {
        let axes = axes();
        // Standard deviations of 0.1 of each axis, and a correlation of a half between the first two.
        let covariance = vec![0.04, 0.01, 0.0, 0.01, 0.01, 0.0, 0.0, 0.0, 0.01];
        let component = wire::Component {
            covariance,
            mean_parameters: Some(v1::Parameters::default()),
            ..Default::default()
        };
        let read = read_component(&axes, component.clone()).unwrap();
        let logarithm = 1e4_f64.ln();
        check(&read.standard_deviations, [0.4, 0.1 * logarithm, 1.0]);
        assert!((read.covariance[0][1] - 0.5 * 0.4 * 0.1 * logarithm).abs() < 1e-12);
        assert!(read_component(&axes[..2], component).is_err());
    }
}
