//! Settings of curricula as they come from Python.

use magister_student::{
    AlpGmmEdit, Criterion, CurriculumEdit, CurriculumSpec, Dimension, ReturnRange, Teacher, TestSet,
};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::client::seconds;

/// What a curriculum is made with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    id: String,
    dimensions: Vec<Dimension>,
    teacher: Teacher,
    seed: u64,
    #[serde(default)]
    display_name: String,
    return_range: Option<ReturnRange>,
    test_set: Option<TestSet>,
    mastery_threshold: Option<f64>,
    lease_s: Option<f64>,
    max_open_tasks: Option<u32>,
    max_staleness_episodes: Option<u64>,
}

/// What of it can be edited while it lives.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    paused: Option<bool>,
    display_name: Option<String>,
    mastery_threshold: Option<f64>,
    lease_s: Option<f64>,
    max_open_tasks: Option<u32>,
    max_staleness_episodes: Option<u64>,
    alp_gmm: Option<EditOfAlpGmm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditOfAlpGmm {
    fit_rate: Option<u32>,
    random_task_ratio: Option<f64>,
    min_components: Option<u32>,
    max_components: Option<u32>,
    criterion: Option<Criterion>,
    em_initialisations: Option<u32>,
    fit_lag_episodes: Option<u32>,
}

impl Settings {
    pub(crate) fn into_spec(self) -> PyResult<CurriculumSpec> {
        let mut spec =
            CurriculumSpec::new(self.id, self.teacher).seed(self.seed).display_name(self.display_name);
        for dimension in self.dimensions {
            spec = spec.dimension(dimension);
        }
        if let Some(ReturnRange { low, high }) = self.return_range {
            spec = spec.return_range(low, high);
        }
        spec = match self.test_set {
            None => spec,
            Some(TestSet::Tasks(tasks)) => spec.test_set(tasks),
            Some(TestSet::UniformCount(count)) => spec.uniform_test_set(count),
        };
        if let Some(threshold) = self.mastery_threshold {
            spec = spec.mastery_threshold(threshold);
        }
        if let Some(lease) = self.lease_s {
            spec = spec.lease_duration(seconds("lease_s", lease)?);
        }
        if let Some(tasks) = self.max_open_tasks {
            spec = spec.max_open_tasks(tasks);
        }
        if let Some(episodes) = self.max_staleness_episodes {
            spec = spec.max_staleness_episodes(episodes);
        }
        Ok(spec)
    }
}

impl Edit {
    pub(crate) fn into_edit(self) -> PyResult<CurriculumEdit> {
        Ok(CurriculumEdit {
            paused: self.paused,
            display_name: self.display_name,
            mastery_threshold: self.mastery_threshold,
            lease_duration: self.lease_s.map(|lease| seconds("lease_s", lease)).transpose()?,
            max_open_tasks: self.max_open_tasks,
            max_staleness_episodes: self.max_staleness_episodes,
            alp_gmm: self.alp_gmm.map(|edit| AlpGmmEdit {
                fit_rate: edit.fit_rate,
                random_task_ratio: edit.random_task_ratio,
                min_components: edit.min_components,
                max_components: edit.max_components,
                criterion: edit.criterion,
                em_initialisations: edit.em_initialisations,
                fit_lag_episodes: edit.fit_lag_episodes,
            }),
        })
    }
}
