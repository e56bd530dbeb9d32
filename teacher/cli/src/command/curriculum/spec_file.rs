//! What a curriculum is made with, as a file in TOML or JSON.

use std::{path::Path, time::Duration};

use magister_student::{CurriculumSpec, Dimension, Parameters, ReturnRange, Teacher, TestSet};
use serde::{Deserialize, de::IgnoredAny};

use crate::{document, failure::Failure};

/// The fields of the file; also what flags fill in. What `show --json` prints beside the settings is taken and ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SpecFile {
    pub(super) id: Option<String>,
    pub(super) display_name: String,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) teacher: Option<Teacher>,
    pub(super) seed: u64,
    pub(super) return_range: Option<ReturnRange>,
    pub(super) test_set: Option<TestSet>,
    pub(super) mastery_threshold: Option<f64>,
    pub(super) lease_seconds: Option<f64>,
    pub(super) max_open_tasks: Option<u32>,
    pub(super) max_staleness_episodes: Option<u64>,
    #[serde(rename = "paused")]
    _paused: IgnoredAny,
    #[serde(rename = "create_time")]
    _create_time: IgnoredAny,
    #[serde(rename = "position")]
    _position: IgnoredAny,
    #[serde(rename = "tasks")]
    _tasks: IgnoredAny,
    #[serde(rename = "episodes")]
    _episodes: IgnoredAny,
    #[serde(rename = "open_tasks")]
    _open_tasks: IgnoredAny,
    #[serde(rename = "fits")]
    _fits: IgnoredAny,
    #[serde(rename = "algorithm_version")]
    _algorithm_version: IgnoredAny,
    #[serde(rename = "forked_from")]
    _forked_from: IgnoredAny,
}

/// Tasks in a file of their own: a bare list in JSON, or under `tasks`.
#[derive(Deserialize)]
#[serde(untagged)]
enum TestSetFile {
    Bare(Vec<Parameters>),
    Named { tasks: Vec<Parameters> },
}

impl SpecFile {
    /// What to ask the server for.
    pub(super) fn into_spec(self) -> Result<CurriculumSpec, Failure> {
        let id = self.id.ok_or_else(|| {
            Failure::usage("the curriculum has no name: give it as NAME, or as `id` in the file")
        })?;
        if self.dimensions.is_empty() {
            return Err(Failure::usage("the task space is empty").hint(
                "add dimensions such as --dimension stump_height=0:3, or --file with the whole curriculum",
            ));
        }
        let teacher = self.teacher.unwrap_or_else(|| Teacher::AlpGmm(Default::default()));
        let mut spec = CurriculumSpec::new(id, teacher).display_name(self.display_name).seed(self.seed);
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
        if let Some(seconds) = self.lease_seconds {
            let lease = Duration::try_from_secs_f64(seconds)
                .map_err(|error| Failure::usage(format!("lease_seconds is {seconds}: {error}")))?;
            spec = spec.lease_duration(lease);
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

/// Reads the tasks of a test set.
pub(super) fn read_test_set(path: &Path) -> Result<TestSet, Failure> {
    let tasks = match document::read(path)? {
        TestSetFile::Bare(tasks) | TestSetFile::Named { tasks } => tasks,
    };
    Ok(TestSet::Tasks(tasks))
}
