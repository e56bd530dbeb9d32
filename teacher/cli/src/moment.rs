//! A curriculum at one moment: what is drawn of it, taken from the server's answers.

use magister_student::{
    Axis, Curriculum, CurriculumInfo, Distribution, EpisodePoint, Error, Parameters, PointFilter, Shape,
};

use crate::{
    command::curriculum::show::count,
    components::LearningProgress,
    plot::{self, Measure, OUTLINED, Picture, PlotBox, PlotComponent, PlotPoint, Range, Scale},
};

/// Points that one answer may have, by the contract.
const MOST_POINTS: u32 = 5_000;

/// What the colours of episodes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColourBy {
    /// Their absolute learning progress; of components and regions what their teacher goes by
    Alp,
    /// Their return
    Return,
}

/// A distribution and episodes of about the same time.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// What the teacher sampled from.
    pub(crate) distribution: Distribution,
    /// Accepted episodes, in their order.
    pub(crate) points: Vec<EpisodePoint>,
}

/// What colours and axes stand for, the same for all pictures that are to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Coding {
    colour_by: ColourBy,
    range: Range,
    extent: Range,
}

impl Moment {
    /// Draws it.
    pub(crate) fn picture(&self, info: &CurriculumInfo, coding: &Coding) -> Picture {
        let Distribution { axes, exploration_probability, episodes, shape } = &self.distribution;
        let (fit, components) = mixture(&self.distribution);
        let boxes = boxes(&self.distribution);
        let name = if info.display_name.is_empty() { &info.id } else { &info.display_name };
        let which = match (fit, shape) {
            (Some(fit @ 1..), _) => format!(", fit {fit}"),
            (_, Shape::Regions { regions, .. }) => format!(", {}", count(regions.len() as u64, "region")),
            (_, Shape::Particles { points, .. }) => format!(", {}", count(points.len() as u64, "particle")),
            _ => String::new(),
        };
        let points = match self.points.as_slice() {
            [] => String::new(),
            [only] => format!("Point: episode {}. ", only.episode),
            [first, .., last] => format!("Points: episodes {} to {}. ", first.episode, last.episode),
        };
        let shapes = match (shape, axes.len()) {
            (Shape::Mixture { .. }, _) if components.is_empty() => String::new(),
            (Shape::Mixture { .. }, 1) => "Bands: components ± 2 standard deviations. ".to_owned(),
            (Shape::Mixture { .. }, 2..=6) => "Ellipses: components, 2 standard deviations. ".to_owned(),
            (Shape::Mixture { .. }, _) => "Thick lines: means of components. ".to_owned(),
            (Shape::Regions { .. }, 1) => "Bars: regions, fuller if likelier. ".to_owned(),
            (Shape::Regions { .. }, 2) => "Boxes: regions, fuller if likelier. ".to_owned(),
            (Shape::Regions { .. }, 3..=6) => {
                format!("Boxes: the {} regions drawn most. ", boxes.len().min(OUTLINED))
            }
            (Shape::Regions { .. }, _) => {
                format!("Bars: the {} regions drawn most. ", boxes.len().min(OUTLINED))
            }
            (Shape::Window { .. }, 1) => "Band: the window. ".to_owned(),
            (Shape::Window { .. }, 2..=6) => "Box: the window. ".to_owned(),
            (Shape::Window { .. }, _) => "Bars: the window. ".to_owned(),
            (Shape::Particles { .. }, 1) => "Ticks: particles. ".to_owned(),
            (Shape::Particles { .. }, 2..=6) => "Diamonds: particles. ".to_owned(),
            (Shape::Particles { .. }, _) => "Dark lines: particles. ".to_owned(),
            _ => String::new(),
        };
        let explored = format!("Tasks drawn uniformly: {:.0} %", 100.0 * exploration_probability);
        let drawn = match shape {
            Shape::Regions { mutation_probability, .. } => {
                format!("{explored}, mutated: {:.0} %.", 100.0 * mutation_probability)
            }
            Shape::Window { .. } | Shape::Particles { .. } => "All tasks are drawn from there.".to_owned(),
            _ => format!("{explored}."),
        };
        let measured = |point: &EpisodePoint| match coding.colour_by {
            ColourBy::Alp => point.alp,
            ColourBy::Return => point.return_,
        };
        let points_drawn = self
            .points
            .iter()
            .map(|point| PlotPoint { values: point.values.clone(), measured: measured(point) });
        Picture {
            title: format!("{name} after {}{which}", count(*episodes, "episode")),
            subtitle: format!("{points}{shapes}{drawn}"),
            axes: axes.iter().map(plot_axis).collect(),
            points: points_drawn.collect(),
            components,
            boxes,
            particles: particles(&self.distribution).to_vec(),
            measure: match (coding.colour_by, LearningProgress::of(info.teacher.as_ref())) {
                (ColourBy::Return, _) => Measure::Return,
                (ColourBy::Alp, LearningProgress::Covariance) => Measure::Covariance,
                (ColourBy::Alp, LearningProgress::Alp) => Measure::Alp {
                    units: match info.return_range {
                        Some(_) => "share of the return range".to_owned(),
                        None => "units of the return".to_owned(),
                    },
                },
            },
            range: coding.range,
            extent: coding.extent,
        }
    }
}

impl Coding {
    /// A coding in which all of these moments can be seen. What colours say is chosen here unless it is given: ALP where
    /// anything has one, otherwise returns.
    pub(crate) fn of<'a>(
        moments: impl IntoIterator<Item = &'a Moment> + Clone,
        colour_by: Option<ColourBy>,
    ) -> Self {
        let points = || moments.clone().into_iter().flat_map(|moment| &moment.points);
        let progress = || moments.clone().into_iter().flat_map(|moment| progress(&moment.distribution));
        let colour_by = colour_by.unwrap_or_else(|| {
            let has_alp = points().any(|point| point.alp.is_some()) || progress().next().is_some();
            if has_alp || points().next().is_none() { ColourBy::Alp } else { ColourBy::Return }
        });
        match colour_by {
            ColourBy::Return => {
                let range = Range::around(points().filter_map(|point| point.return_));
                Self { colour_by, range, extent: range }
            }
            ColourBy::Alp => {
                let alps = || points().filter_map(|point| point.alp);
                let range = Range::from_zero(alps(), progress());
                Self { colour_by, range, extent: Range::around(alps().chain([0.0, range.high])) }
            }
        }
    }
}

impl Coding {
    /// Where a value is between the ends of the colours, 0 to 1.
    pub(crate) fn share(&self, value: f64) -> f64 {
        self.range.share(value)
    }

    /// The value at the end of the colours.
    pub(crate) fn most(&self) -> f64 {
        self.range.high
    }
}

/// The last episodes, at most 10,000, in their order.
///
/// # Errors
/// As [`Curriculum::points`].
pub(crate) async fn latest(
    curriculum: &Curriculum,
    episodes: u64,
    most: u32,
) -> Result<Vec<EpisodePoint>, Error> {
    between(curriculum, (episodes + 1).saturating_sub(u64::from(most)).max(1), episodes).await
}

/// The episodes with these numbers, both included; where they are more than 10,000, some are left out evenly.
///
/// # Errors
/// As [`Curriculum::points`].
pub(crate) async fn between(
    curriculum: &Curriculum,
    first: u64,
    last: u64,
) -> Result<Vec<EpisodePoint>, Error> {
    let filter =
        PointFilter { from_episode: Some(first), before_episode: Some(last + 1), max_points: MOST_POINTS };
    Ok(curriculum.points(filter).await?.points)
}

/// A value for each axis; `None` where one is no number.
pub(crate) fn values(parameters: &Parameters, axes: &[Axis]) -> Option<Vec<f64>> {
    axes.iter().map(|axis| axis.value_in(parameters)).collect()
}

/// An axis as it is drawn.
pub(crate) fn plot_axis(axis: &Axis) -> plot::Axis {
    let scale = match (axis.log_scaled, axis.integer) {
        (true, _) => Scale::Logarithmic,
        (false, true) => Scale::Integer,
        (false, false) => Scale::Linear,
    };
    plot::Axis { name: axis.name(), low: axis.low, high: axis.high, scale }
}

/// The fit and the components of a mixture; nothing of other distributions.
pub(crate) fn mixture(distribution: &Distribution) -> (Option<u64>, Vec<PlotComponent>) {
    let Shape::Mixture { fit, components } = &distribution.shape else { return (None, Vec::new()) };
    let drawn = components.iter().filter_map(|component| {
        Some(PlotComponent {
            weight: component.weight,
            mean_alp: component.mean_alp,
            mean: values(&component.mean, &distribution.axes)?,
            covariance: component.covariance.clone(),
        })
    });
    (Some(*fit), drawn.collect())
}

/// The regions or the window; nothing of other distributions.
pub(crate) fn boxes(distribution: &Distribution) -> Vec<PlotBox> {
    match &distribution.shape {
        Shape::Regions { regions, .. } => {
            let drawn = regions.iter().enumerate().map(|(number, region)| PlotBox {
                number: Some(number),
                parent: region.parent.map(|parent| parent as usize),
                leaf: region.leaf,
                mean_alp: Some(region.mean_alp),
                odds: region.odds,
                low: region.low.clone(),
                high: region.high.clone(),
            });
            drawn.collect()
        }
        Shape::Window { low, high } => vec![PlotBox {
            number: None,
            parent: None,
            leaf: true,
            mean_alp: None,
            odds: 1.0,
            low: low.clone(),
            high: high.clone(),
        }],
        _ => Vec::new(),
    }
}

/// The particles; none of other distributions.
pub(crate) fn particles(distribution: &Distribution) -> &[Vec<f64>] {
    match &distribution.shape {
        Shape::Particles { points, .. } => points,
        _ => &[],
    }
}

/// Learning progress of the components or regions.
fn progress(distribution: &Distribution) -> Vec<f64> {
    match &distribution.shape {
        Shape::Mixture { components, .. } => components.iter().map(|component| component.mean_alp).collect(),
        Shape::Regions { regions, .. } => regions.iter().map(|region| region.mean_alp).collect(),
        _ => Vec::new(),
    }
}
