//! A curriculum at one moment: what is drawn of it, taken from the server's answers.

use magister_student::{
    Axis, Curriculum, CurriculumInfo, Distribution, Episode, EpisodeFilter, EpisodeOrder, Error, Parameters,
    Shape, Value,
};

use crate::{
    command::curriculum::show::count,
    plot::{self, Measure, Picture, PlotComponent, PlotPoint, Range, Scale},
};

/// Most episodes in a page.
pub(crate) const PAGE: u32 = 10_000;

/// What the colours of episodes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColourBy {
    /// Their absolute learning progress
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
    pub(crate) points: Vec<Point>,
    /// Numbers of the first and the last episode of which these are; `None` without one.
    pub(crate) episodes: Option<(u64, u64)>,
}

/// An episode as a point of the task space.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    values: Vec<f64>,
    return_: Option<f64>,
    alp: Option<f64>,
}

/// What colours and axes stand for, the same for all pictures that are to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Coding {
    colour_by: ColourBy,
    range: Range,
    extent: Range,
}

impl Moment {
    /// Takes from episodes what is drawn of them.
    pub(crate) fn new(distribution: Distribution, episodes: &[Episode]) -> Self {
        let numbers = || episodes.iter().filter_map(|episode| episode.number);
        let point = |episode: &Episode| {
            Some(Point {
                values: values(&episode.parameters, &distribution.axes)?,
                return_: episode.return_,
                alp: episode.alp,
            })
        };
        Self {
            points: episodes.iter().filter_map(point).collect(),
            episodes: numbers().min().zip(numbers().max()),
            distribution,
        }
    }

    /// Draws it.
    pub(crate) fn picture(&self, info: &CurriculumInfo, coding: &Coding) -> Picture {
        let Distribution { axes, exploration_probability, episodes, .. } = &self.distribution;
        let (fit, components) = mixture(&self.distribution);
        let name = if info.display_name.is_empty() { &info.id } else { &info.display_name };
        let fit = match fit {
            None | Some(0) => String::new(),
            Some(fit) => format!(", fit {fit}"),
        };
        let points = match self.episodes {
            None => String::new(),
            Some((first, last)) if first == last => format!("Point: episode {first}. "),
            Some((first, last)) => format!("Points: episodes {first} to {last}. "),
        };
        let shapes = match (components.is_empty(), axes.len()) {
            (true, _) => "",
            (false, 1) => "Bands: components ± 2 standard deviations. ",
            (false, 2..=6) => "Ellipses: components, 2 standard deviations. ",
            (false, _) => "Thick lines: means of components. ",
        };
        let explored = 100.0 * exploration_probability;
        let measured = |point: &Point| match coding.colour_by {
            ColourBy::Alp => point.alp,
            ColourBy::Return => point.return_,
        };
        let points_drawn = self
            .points
            .iter()
            .map(|point| PlotPoint { values: point.values.clone(), measured: measured(point) });
        Picture {
            title: format!("{name} after {}{fit}", count(*episodes, "episode")),
            subtitle: format!("{points}{shapes}Tasks drawn uniformly: {explored:.0} %."),
            axes: axes.iter().map(plot_axis).collect(),
            points: points_drawn.collect(),
            components,
            measure: match coding.colour_by {
                ColourBy::Return => Measure::Return,
                ColourBy::Alp => Measure::Alp {
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
    /// A coding in which all of these moments can be seen.
    pub(crate) fn of<'a>(moments: impl IntoIterator<Item = &'a Moment> + Clone, colour_by: ColourBy) -> Self {
        let points = || moments.clone().into_iter().flat_map(|moment| &moment.points);
        match colour_by {
            ColourBy::Return => {
                let range = Range::around(points().filter_map(|point| point.return_));
                Self { colour_by, range, extent: range }
            }
            ColourBy::Alp => {
                let alps = || points().filter_map(|point| point.alp);
                let components =
                    moments.clone().into_iter().flat_map(|moment| mixture(&moment.distribution).1);
                let range = Range::from_zero(alps(), components.map(|component| component.mean_alp));
                Self { colour_by, range, extent: Range::around(alps().chain([0.0, range.high])) }
            }
        }
    }
}

/// The last episodes, in their order.
///
/// # Errors
/// As [`magister_student::EpisodePages::next`].
pub(crate) async fn latest(curriculum: &Curriculum, most: usize) -> Result<Vec<Episode>, Error> {
    let mut pages = curriculum.episodes(EpisodeFilter {
        order: EpisodeOrder::NewestFirst,
        page_size: u32::try_from(most).unwrap_or(PAGE).clamp(1, PAGE),
        ..Default::default()
    });
    let mut episodes = Vec::new();
    while episodes.len() < most {
        let Some(page) = pages.next().await? else { break };
        episodes.extend(page);
    }
    episodes.truncate(most);
    episodes.reverse();
    Ok(episodes)
}

/// The episodes with these numbers, both included.
///
/// # Errors
/// As [`magister_student::EpisodePages::next`].
pub(crate) async fn between(curriculum: &Curriculum, first: u64, last: u64) -> Result<Vec<Episode>, Error> {
    let mut pages = curriculum.episodes(EpisodeFilter {
        from_episode: Some(first),
        before_episode: Some(last + 1),
        page_size: PAGE,
        ..Default::default()
    });
    let mut episodes = Vec::new();
    while let Some(page) = pages.next().await? {
        episodes.extend(page);
    }
    Ok(episodes)
}

/// A value for each axis; `None` where one is no number.
pub(crate) fn values(parameters: &Parameters, axes: &[Axis]) -> Option<Vec<f64>> {
    axes.iter().map(|axis| value(parameters, axis)).collect()
}

/// The value along an axis; `None` where it is no number.
pub(crate) fn value(parameters: &Parameters, axis: &Axis) -> Option<f64> {
    let element = axis.element.map(|element| element as usize);
    match (parameters.get(&axis.dimension)?, element) {
        (Value::Number(number), None) => Some(*number),
        (Value::Integer(integer), None) => Some(*integer as f64),
        (Value::Numbers(numbers), Some(element)) => numbers.get(element).copied(),
        (Value::Integers(integers), Some(element)) => integers.get(element).map(|&integer| integer as f64),
        _ => None,
    }
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
