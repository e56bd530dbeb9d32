//! What a curriculum is made with.

use magister_proto::v1;

use crate::task::Parameters;

/// One named dimension of the task space, or a vector of equal ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension(v1::Dimension);

impl Dimension {
    /// Real numbers in `[low, high]`.
    pub fn continuous(name: impl Into<String>, low: f64, high: f64) -> Self {
        Self::new(name, v1::dimension::Kind::Continuous(v1::dimension::Continuous { low, high }))
    }

    /// Positive real numbers in `[low, high]`, uniform in their logarithm.
    pub fn log_scaled(name: impl Into<String>, low: f64, high: f64) -> Self {
        Self::new(name, v1::dimension::Kind::LogScaled(v1::dimension::LogScaled { low, high }))
    }

    /// Integers from `low` to `high`, both included.
    pub fn integer(name: impl Into<String>, low: i64, high: i64) -> Self {
        Self::new(name, v1::dimension::Kind::Integer(v1::dimension::Integer { low, high }))
    }

    /// The same as a vector of `size` elements.
    pub fn vector(mut self, size: u32) -> Self {
        self.0.size = Some(size);
        self
    }

    /// The same with another distance scale; `high - low` gives the metric of raw units.
    pub fn distance_scale(mut self, scale: f64) -> Self {
        self.0.distance_scale = Some(scale);
        self
    }

    fn new(name: impl Into<String>, kind: v1::dimension::Kind) -> Self {
        Self(v1::Dimension { name: name.into(), kind: Some(kind), size: None, distance_scale: None })
    }
}

/// Parameters of ALP-GMM; what is `None` has the server's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlpGmm {
    /// Episodes between two fits, and length of the window of one; default 250.
    pub fit_rate: Option<u32>,
    /// Episodes before the first fit may fall due; default `fit_rate`.
    pub bootstrap_episodes: Option<u32>,
    /// Share of tasks drawn uniformly; default 0.2.
    pub random_task_ratio: Option<f64>,
    /// Fewest components tried; default 2.
    pub min_components: Option<u32>,
    /// Most components tried; default 10.
    pub max_components: Option<u32>,
    /// What chooses between numbers of components; default AIC.
    pub criterion: Option<Criterion>,
    /// Random starts for each number of components; default 1.
    pub em_initialisations: Option<u32>,
    /// Whether a fit starts from the one before; default no.
    pub warm_start: Option<bool>,
    /// Episodes that ALP looks back on; default all.
    pub history_limit: Option<u64>,
    /// Episodes from a fit's falling due to its effect; default 25.
    pub fit_lag_episodes: Option<u32>,
    /// Which code fits; default the server's own.
    pub engine: Option<Engine>,
}

/// Information criterion of a mixture; the lowest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Akaike's.
    Aic,
    /// The Bayesian.
    Bic,
    /// Akaike's, corrected for small samples.
    Aicc,
}

/// Code that fits mixtures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The server's own.
    Em,
    /// linfa-clustering's.
    Linfa,
}

/// The algorithm that samples tasks.
#[derive(Clone, Debug, PartialEq)]
pub enum Teacher {
    /// Uniform sampling, the baseline.
    Random,
    /// ALP-GMM.
    AlpGmm(AlpGmm),
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
        self.wire.space.get_or_insert_default().dimensions.push(dimension.0);
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

    /// Evaluates students on these tasks.
    pub fn test_set(mut self, tasks: impl IntoIterator<Item = Parameters>) -> Self {
        let tasks = tasks.into_iter().map(|task| task.to_wire()).collect();
        self.wire.test_set =
            Some(v1::TestSet { tasks: Some(v1::test_set::Tasks::List(v1::test_set::TaskList { tasks })) });
        self
    }

    /// Evaluates students on so many tasks, drawn uniformly from the space once.
    pub fn uniform_test_set(mut self, tasks: u32) -> Self {
        self.wire.test_set = Some(v1::TestSet { tasks: Some(v1::test_set::Tasks::UniformCount(tasks)) });
        self
    }

    /// Tasks that one student may hold open at once.
    pub fn max_open_tasks(mut self, tasks: u32) -> Self {
        self.wire.max_open_tasks = Some(tasks);
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

impl Teacher {
    fn to_wire(&self) -> v1::TeacherSpec {
        use v1::{alp_gmm as wire, teacher_spec::Algorithm};
        let algorithm = match self {
            Self::Random => Algorithm::Random(v1::RandomTeacher {}),
            Self::AlpGmm(params) => Algorithm::AlpGmm(v1::AlpGmm {
                fit_rate: params.fit_rate,
                bootstrap_episodes: params.bootstrap_episodes,
                random_task_ratio: params.random_task_ratio,
                min_components: params.min_components,
                max_components: params.max_components,
                criterion: match params.criterion {
                    None => wire::Criterion::Unspecified,
                    Some(Criterion::Aic) => wire::Criterion::Aic,
                    Some(Criterion::Bic) => wire::Criterion::Bic,
                    Some(Criterion::Aicc) => wire::Criterion::Aicc,
                }
                .into(),
                em_initialisations: params.em_initialisations,
                warm_start: params.warm_start,
                history_limit: params.history_limit,
                fit_lag_episodes: params.fit_lag_episodes,
                engine: match params.engine {
                    None => wire::MixtureEngine::Unspecified,
                    Some(Engine::Em) => wire::MixtureEngine::Em,
                    Some(Engine::Linfa) => wire::MixtureEngine::Linfa,
                }
                .into(),
                ..Default::default()
            }),
        };
        v1::TeacherSpec { algorithm: Some(algorithm) }
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
    let (asked, there) = match (asked, there) {
        (Algorithm::AlpGmm(asked), Algorithm::AlpGmm(there)) => (asked, there),
        (Algorithm::Random(_), Algorithm::Random(_)) => return Vec::new(),
        (Algorithm::Random(_), Algorithm::AlpGmm(_)) => {
            return vec![("the teacher", "Random".to_owned(), "ALP-GMM".to_owned())];
        }
        (Algorithm::AlpGmm(_), Algorithm::Random(_)) => {
            return vec![("the teacher", "ALP-GMM".to_owned(), "Random".to_owned())];
        }
    };
    let mut differences = Vec::new();
    macro_rules! compare {
        ($($field:ident),*) => {$(
            if asked.$field.is_some() && asked.$field != there.$field {
                let show = |value| format!("{value:?}");
                let asked = asked.$field.map_or_else(String::new, show);
                differences.push((stringify!($field), asked, there.$field.map_or_else(|| "absent".to_owned(), show)));
            }
        )*};
    }
    compare!(
        fit_rate,
        bootstrap_episodes,
        random_task_ratio,
        min_components,
        max_components,
        em_initialisations,
        warm_start,
        history_limit,
        fit_lag_episodes
    );
    if asked.criterion != 0 && asked.criterion != there.criterion {
        differences.push((
            "criterion",
            format!("{:?}", asked.criterion()),
            format!("{:?}", there.criterion()),
        ));
    }
    if asked.engine != 0 && asked.engine != there.engine {
        differences.push(("engine", format!("{:?}", asked.engine()), format!("{:?}", there.engine())));
    }
    differences
}
