//! What a curriculum is made with.

use std::time::Duration;

use magister_proto::v1;
use serde::{Deserialize, Serialize};

use crate::{
    dimension::Dimension,
    error::Error,
    task::{Parameters, read_parameters},
    teacher::{AlpGmm, Teacher},
};

/// Fixed tasks on which students are evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestSet {
    /// These, by dimension name.
    Tasks(Vec<Parameters>),
    /// As many, drawn uniformly from the space once, from the curriculum's seed.
    UniformCount(u32),
}

/// From where to where returns are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnRange {
    /// Return that becomes 0.
    pub low: f64,
    /// Return that becomes 1.
    pub high: f64,
}

/// What a curriculum is made with.
#[derive(Clone, Debug, PartialEq)]
pub struct CurriculumSpec {
    id: String,
    wire: v1::Curriculum,
}

impl CurriculumSpec {
    /// A curriculum with this id under a teacher; it still needs dimensions.
    pub fn new(id: impl Into<String>, teacher: Teacher) -> Self {
        let wire = v1::Curriculum {
            space: Some(v1::TaskSpace::default()),
            teacher: Some(teacher.to_wire()),
            ..Default::default()
        };
        Self { id: id.into(), wire }
    }

    /// A curriculum under ALP-GMM with its defaults.
    pub fn alp_gmm(id: impl Into<String>) -> Self {
        Self::new(id, Teacher::AlpGmm(AlpGmm::default()))
    }

    /// Adds a dimension to the task space.
    pub fn dimension(mut self, dimension: Dimension) -> Self {
        self.wire.space.get_or_insert_default().dimensions.push(dimension.to_wire());
        self
    }

    /// Seed of all randomness; default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.wire.seed = seed;
        self
    }

    /// Scales returns from `[low, high]` to `[0, 1]` and clips them.
    pub fn return_range(mut self, low: f64, high: f64) -> Self {
        self.wire.return_range = Some(v1::curriculum::ReturnRange { low, high });
        self
    }

    /// Return above which a task is mastered.
    pub fn mastery_threshold(mut self, threshold: f64) -> Self {
        self.wire.mastery_threshold = Some(threshold);
        self
    }

    /// Name for people, at most 256 bytes.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.wire.display_name = name.into();
        self
    }

    /// Evaluates students on these tasks.
    pub fn test_set(mut self, tasks: impl IntoIterator<Item = Parameters>) -> Self {
        self.wire.test_set = Some(TestSet::Tasks(tasks.into_iter().collect()).to_wire());
        self
    }

    /// Evaluates students on so many tasks, drawn uniformly from the space once.
    pub fn uniform_test_set(mut self, tasks: u32) -> Self {
        self.wire.test_set = Some(TestSet::UniformCount(tasks).to_wire());
        self
    }

    /// How long a worker may hold a task, 1 second to 30 days; default 1 hour.
    pub fn lease_duration(mut self, duration: Duration) -> Self {
        self.wire.lease_duration = Some(write_duration(duration));
        self
    }

    /// Tasks that one student may hold open at once; default 10,000.
    pub fn max_open_tasks(mut self, tasks: u32) -> Self {
        self.wire.max_open_tasks = Some(tasks);
        self
    }

    /// Refuses a report if more than this many episodes were accepted since its task was sampled; default
    /// never.
    pub fn max_staleness_episodes(mut self, episodes: u64) -> Self {
        self.wire.max_staleness_episodes = Some(episodes);
        self
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn to_wire(&self) -> v1::Curriculum {
        self.wire.clone()
    }

    /// What is asked for here and is otherwise in `existing`; what is left to the server does not count.
    pub(crate) fn differences(&self, existing: &v1::Curriculum) -> Vec<String> {
        let mut differences = Vec::new();
        let mut note = |what: &str, asked: String, there: String| {
            differences.push(format!("{what} is {there} there and {asked} here"));
        };
        let spaces = (&self.wire.space, &existing.space);
        if let (Some(asked), Some(there)) = spaces {
            let plain = |space: &v1::TaskSpace| -> Vec<v1::Dimension> {
                let scaled = space.dimensions.iter().cloned();
                scaled
                    .map(|dimension| v1::Dimension {
                        distance_scale: Some(dimension.distance_scale.unwrap_or(1.0)),
                        ..dimension
                    })
                    .collect()
            };
            let (asked, there) = (plain(asked), plain(there));
            if asked != there {
                note("the task space", describe_space(&asked), describe_space(&there));
            }
        }
        if self.wire.seed != existing.seed {
            note("the seed", self.wire.seed.to_string(), existing.seed.to_string());
        }
        if self.wire.return_range != existing.return_range {
            note(
                "the return range",
                describe_range(self.wire.return_range),
                describe_range(existing.return_range),
            );
        }
        if let Some(asked) = self.wire.mastery_threshold
            && existing.mastery_threshold != Some(asked)
        {
            let there =
                existing.mastery_threshold.map_or_else(|| "absent".to_owned(), |there| there.to_string());
            note("the mastery threshold", asked.to_string(), there);
        }
        if let Some(asked) = &self.wire.test_set
            && !fits_test_set(asked, existing.test_set.as_ref())
        {
            let describe = |set: Option<&v1::TestSet>| format!("one of {} tasks", test_tasks(set));
            note("the test set", describe(Some(asked)), describe(existing.test_set.as_ref()));
        }
        if let (Some(asked), Some(there)) = (&self.wire.teacher, &existing.teacher) {
            for (field, asked, there) in teacher_differences(asked, there) {
                note(field, asked, there);
            }
        }
        differences
    }
}

impl TestSet {
    fn to_wire(&self) -> v1::TestSet {
        use v1::test_set as wire;
        let tasks = match self {
            Self::Tasks(tasks) => {
                wire::Tasks::List(wire::TaskList { tasks: tasks.iter().map(Parameters::to_wire).collect() })
            }
            Self::UniformCount(count) => wire::Tasks::UniformCount(*count),
        };
        v1::TestSet { tasks: Some(tasks) }
    }

    /// `None` if there is none, or none that this release knows.
    pub(crate) fn from_wire(test_set: Option<v1::TestSet>) -> Result<Option<Self>, Error> {
        use v1::test_set as wire;
        Ok(match test_set.and_then(|test_set| test_set.tasks) {
            None => None,
            Some(wire::Tasks::UniformCount(count)) => Some(Self::UniformCount(count)),
            Some(wire::Tasks::List(list)) => {
                let tasks = list.tasks.into_iter().map(|task| read_parameters(Some(task)));
                Some(Self::Tasks(tasks.collect::<Result<_, _>>()?))
            }
        })
    }
}

/// A duration for the wire; what is too long for it is too long for every call too.
pub(crate) fn write_duration(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: duration.subsec_nanos() as i32,
    }
}

fn describe_space(dimensions: &[v1::Dimension]) -> String {
    let lines: Vec<String> = dimensions
        .iter()
        .map(|dimension| {
            let size = dimension.size.map_or_else(String::new, |size| format!(" x {size}"));
            let range = match &dimension.kind {
                Some(v1::dimension::Kind::Continuous(range)) => format!("[{}, {}]", range.low, range.high),
                Some(v1::dimension::Kind::LogScaled(range)) => format!("log [{}, {}]", range.low, range.high),
                Some(v1::dimension::Kind::Integer(range)) => {
                    format!("integers {} to {}", range.low, range.high)
                }
                _ => "of another kind".to_owned(),
            };
            format!("{} {range}{size}", dimension.name)
        })
        .collect();
    lines.join(", ")
}

fn describe_range(range: Option<v1::curriculum::ReturnRange>) -> String {
    range.map_or_else(|| "absent".to_owned(), |range| format!("[{}, {}]", range.low, range.high))
}

/// Whether a test set is what was asked for; the server lists the tasks that it drew uniformly.
fn fits_test_set(asked: &v1::TestSet, there: Option<&v1::TestSet>) -> bool {
    match &asked.tasks {
        Some(v1::test_set::Tasks::UniformCount(count)) => test_tasks(there) == *count as usize,
        _ => there == Some(asked),
    }
}

fn test_tasks(set: Option<&v1::TestSet>) -> usize {
    match set.and_then(|set| set.tasks.as_ref()) {
        Some(v1::test_set::Tasks::List(list)) => list.tasks.len(),
        Some(v1::test_set::Tasks::UniformCount(count)) => *count as usize,
        None => 0,
    }
}

fn teacher_differences(
    asked: &v1::TeacherSpec,
    there: &v1::TeacherSpec,
) -> Vec<(&'static str, String, String)> {
    use v1::teacher_spec::Algorithm;
    let (Some(asked), Some(there)) = (&asked.algorithm, &there.algorithm) else { return Vec::new() };
    let name = |algorithm: &Algorithm| match algorithm {
        Algorithm::Random(_) => "Random",
        Algorithm::AlpGmm(_) => "ALP-GMM",
        Algorithm::CovarGmm(_) => "Covar-GMM",
        Algorithm::Riac(_) => "RIAC",
        Algorithm::Oracle(_) => "Oracle",
        Algorithm::Currot(_) => "CURROT",
    };
    let mut differences = Vec::new();
    macro_rules! compare {
        ($asked:ident, $there:ident: $($field:ident),*) => {$(
            if $asked.$field.is_some() && $asked.$field != $there.$field {
                let show = |value| format!("{value:?}");
                let asked = $asked.$field.map_or_else(String::new, show);
                let there = $there.$field.map_or_else(|| "absent".to_owned(), show);
                differences.push((stringify!($field), asked, there));
            }
        )*};
    }
    match (asked, there) {
        (Algorithm::Random(_), Algorithm::Random(_)) => {}
        (Algorithm::AlpGmm(asked), Algorithm::AlpGmm(there))
        | (Algorithm::CovarGmm(asked), Algorithm::CovarGmm(there)) => {
            compare!(
                asked, there: fit_rate, bootstrap_episodes, random_task_ratio, min_components, max_components,
                em_initialisations, warm_start, history_limit, fit_lag_episodes
            );
            if asked.criterion != 0 && asked.criterion != there.criterion {
                differences.push((
                    "criterion",
                    format!("{:?}", asked.criterion()),
                    format!("{:?}", there.criterion()),
                ));
            }
            if asked.engine != 0 && asked.engine != there.engine {
                differences.push((
                    "engine",
                    format!("{:?}", asked.engine()),
                    format!("{:?}", there.engine()),
                ));
            }
        }
        (Algorithm::Riac(asked), Algorithm::Riac(there)) => {
            compare!(
                asked, there: region_size, split_attempts, min_population, min_side, discard_ratio,
                random_task_ratio, mutation_ratio, mutation_deviation
            );
        }
        (Algorithm::Oracle(asked), Algorithm::Oracle(there)) => {
            compare!(asked, there: window_size, threshold, step_rate);
            if asked.window_step != there.window_step {
                let show = |steps: &[f64]| format!("{steps:?}");
                differences.push(("window_step", show(&asked.window_step), show(&there.window_step)));
            }
        }
        (Algorithm::Currot(asked), Algorithm::Currot(there)) => {
            compare!(
                asked, there: particles, remembered_failures, update_rate, performance_threshold, step_size
            );
        }
        _ => differences.push(("the teacher", name(asked).to_owned(), name(there).to_owned())),
    }
    differences
}
