//! Distributions.

use magister_core::{
    space::{DimensionKind, TaskSpace},
    teacher::{Component, DistributionShape, Region},
};
use magister_proto::v1;
use v1::task_distribution as wire;

use super::{names, space, timestamp};
use crate::{owner::DatedDistribution, records::FitRecord};

/// Writes what tasks are drawn from.
pub(crate) fn write(
    curriculum: &str,
    task_space: &TaskSpace,
    dated: &DatedDistribution,
) -> v1::TaskDistribution {
    let distribution = match &dated.distribution.shape {
        DistributionShape::Uniform => wire::Distribution::Uniform(wire::Uniform {}),
        DistributionShape::Mixture { fit, components } => wire::Distribution::Mixture(wire::Mixture {
            fit: *fit,
            components: components.iter().map(|component| write_component(task_space, component)).collect(),
        }),
        DistributionShape::Regions { regions, mutation } => wire::Distribution::Regions(wire::Regions {
            regions: regions.iter().map(write_region).collect(),
            mutation_probability: mutation.probability,
            mutation_deviations: mutation.deviations.clone(),
        }),
        DistributionShape::Window { low, high } => {
            wire::Distribution::Window(wire::Window { low: low.clone(), high: high.clone() })
        }
        DistributionShape::Particles { points, reach } => wire::Distribution::Particles(wire::Particles {
            particles: points.iter().map(|point| wire::Particle { point: point.clone() }).collect(),
            reach: reach.clone(),
        }),
    };
    v1::TaskDistribution {
        curriculum: names::of_curriculum(curriculum),
        episodes: dated.episodes,
        exploration_probability: dated.distribution.exploration_probability,
        axes: write_axes(task_space),
        distribution: Some(distribution),
    }
}

/// Writes a finished fit with the distribution that it brought.
pub(crate) fn write_fit(
    curriculum: &str,
    task_space: &TaskSpace,
    record: &FitRecord,
    exploration_ratio: f64,
) -> v1::Fit {
    let fit = &record.fit;
    let dated = DatedDistribution::of_fit(fit, task_space.width(), exploration_ratio);
    v1::Fit {
        number: fit.number,
        due_episode: fit.due_episode,
        effect_episode: fit.effect_episode,
        create_time: Some(timestamp(record.created_ms)),
        distribution: fit.mixture.is_some().then(|| write(curriculum, task_space, &dated)),
        candidates: fit
            .candidates
            .iter()
            .map(|candidate| v1::fit::Candidate {
                components: candidate.components,
                criterion: candidate.criterion,
                log_likelihood_per_episode: candidate.mean_log_likelihood,
            })
            .collect(),
        fit_seconds: record.seconds,
    }
}

/// Writes one Gaussian.
pub(crate) fn write_component(task_space: &TaskSpace, component: &Component) -> wire::Component {
    wire::Component {
        weight: component.weight,
        odds: component.odds,
        mean_alp: component.mean_alp,
        mean: component.mean.clone(),
        covariance: component.covariance.clone(),
        mean_parameters: Some(space::write_task(task_space, &task_space.task_at(&component.mean))),
    }
}

fn write_region(region: &Region) -> wire::Region {
    wire::Region {
        low: region.low.clone(),
        high: region.high.clone(),
        mean_alp: region.mean_alp,
        odds: region.odds,
        episodes: region.episodes,
        parent: region.parent,
        worst: region.worst.clone().unwrap_or_default(),
    }
}

fn write_axes(task_space: &TaskSpace) -> Vec<wire::Axis> {
    task_space
        .axes()
        .iter()
        .map(|axis| {
            let (low, high) = axis.bounds();
            wire::Axis {
                dimension: task_space.dimensions()[axis.dimension()].name.clone(),
                element: axis.element(),
                low,
                high,
                log_scaled: matches!(axis.kind(), DimensionKind::LogScaled { .. }),
                integer: matches!(axis.kind(), DimensionKind::Integer { .. }),
                distance_scale: axis.distance_scale(),
            }
        })
        .collect()
}
