//! The algorithms that sample tasks, and their parameters.

use magister_proto::v1::{self, alp_gmm as wire, teacher_spec::Algorithm};
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    task::{Parameters, read_parameters},
};

/// The algorithm that samples tasks.
///
/// As JSON or TOML: `{"algorithm": "alp_gmm", "fit_rate": 250}`; what is left out has the server's default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Teacher {
    /// Uniform sampling, the baseline.
    Random,
    /// ALP-GMM.
    AlpGmm(AlpGmm),
    /// Covar-GMM: the parameters of ALP-GMM but `history_limit` and `alp_scope`.
    CovarGmm(AlpGmm),
    /// RIAC.
    Riac(Riac),
    /// The Oracle: a window that goes the way from easy to hard that you know.
    Oracle(Oracle),
    /// CURROT.
    Currot(Currot),
}

/// Parameters of RIAC; what is `None` has the server's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Riac {
    /// Episodes that a region may hold: with one more it is cut; default 200.
    pub region_size: Option<u32>,
    /// Cuts that are tried, of which the best is kept; default 50.
    pub split_attempts: Option<u32>,
    /// Fewest episodes on either side of a cut, as a share of `region_size`; default a twentieth.
    pub min_population: Option<f64>,
    /// Shortest side of a region, as a share of the axis; default a fifteenth.
    pub min_side: Option<f64>,
    /// Share of `region_size` that a region forgets when no cut is valid; default a quarter.
    pub discard_ratio: Option<f64>,
    /// Share of tasks drawn uniformly over the space; default 0.2.
    pub random_task_ratio: Option<f64>,
    /// Share of tasks that are mutations of the worst task of a region; default 0.1.
    pub mutation_ratio: Option<f64>,
    /// Standard deviation of a mutation, as a share of each axis; default 0.1.
    pub mutation_deviation: Option<f64>,
}

/// Parameters of the Oracle; what is `None` has the server's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Oracle {
    /// How far the window moves, in shares of the axes, in the order of the space: above 0 from the low end to the high
    /// one, below 0 the other way; at 0 it spans the whole axis.
    pub window_step: Vec<f64>,
    /// Side of the window, as a share of each axis; default a sixth.
    pub window_size: Option<f64>,
    /// The mean return above which the window moves; default 230.
    pub threshold: Option<f64>,
    /// Returns from one decision to the next; default 50.
    pub step_rate: Option<u32>,
}

/// Parameters of CURROT; what is `None` has the server's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Currot {
    /// Points that tasks are drawn at, and most successes that are remembered; default 100.
    pub particles: Option<u32>,
    /// Most episodes that are remembered beside the successes; default 200.
    pub remembered_failures: Option<u32>,
    /// Accepted episodes from one update to the next; default 50.
    pub update_rate: Option<u32>,
    /// Expected return below which a task is not taught; default 0.66 of the way through the return range, and required where there is
    /// none.
    pub performance_threshold: Option<f64>,
    /// How far a point moves in an update at most, as a share of the space's diagonal; default 0.05.
    pub step_size: Option<f64>,
    /// What is sampled up to the first update; default the whole space, uniformly.
    pub initial: Option<InitialGaussian>,
}

/// Parameters of ALP-GMM and Covar-GMM; what is `None` has the server's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
    /// What the bootstrap samples from; default the whole space, uniformly.
    pub initial: Option<InitialGaussian>,
    /// Episodes from a fit's falling due to its effect; default 25.
    pub fit_lag_episodes: Option<u32>,
    /// Whose earlier returns an episode is compared with; default the whole curriculum's.
    pub alp_scope: Option<AlpScope>,
    /// Which code fits; default the server's own.
    pub engine: Option<Engine>,
    /// Added to the diagonal of every covariance; default 1e-6.
    pub regularisation: Option<f64>,
    /// Rise of the mean log-likelihood below which a fit ends; default 1e-3.
    pub tolerance: Option<f64>,
    /// Most iterations of one fit; default 100.
    pub max_iterations: Option<u32>,
}

/// Information criterion of a mixture; the lowest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Akaike's.
    Aic,
    /// The Bayesian.
    Bic,
    /// Akaike's, corrected for small samples.
    Aicc,
}

/// Whose history ALP compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlpScope {
    /// Of all students of the curriculum.
    Curriculum,
    /// Of the same student only.
    Student,
}

/// Code that fits mixtures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The server's own.
    Em,
    /// linfa-clustering's.
    Linfa,
}

/// A Gaussian over the task space, clipped to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitialGaussian {
    /// Its mean, a task of the space.
    pub mean: Parameters,
    /// In shares of the axes (0.01 is a standard deviation of a tenth of the range), in the order of the space:
    /// one variance per axis, or the whole covariance row by row.
    pub covariance: Vec<f64>,
}

impl Teacher {
    pub(crate) fn to_wire(&self) -> v1::TeacherSpec {
        let algorithm = match self {
            Self::Random => Algorithm::Random(v1::RandomTeacher {}),
            Self::AlpGmm(params) => Algorithm::AlpGmm(params.to_wire()),
            Self::CovarGmm(params) => Algorithm::CovarGmm(params.to_wire()),
            Self::Riac(params) => Algorithm::Riac(v1::Riac {
                region_size: params.region_size,
                split_attempts: params.split_attempts,
                min_population: params.min_population,
                min_side: params.min_side,
                discard_ratio: params.discard_ratio,
                random_task_ratio: params.random_task_ratio,
                mutation_ratio: params.mutation_ratio,
                mutation_deviation: params.mutation_deviation,
            }),
            Self::Oracle(params) => Algorithm::Oracle(v1::Oracle {
                window_step: params.window_step.clone(),
                window_size: params.window_size,
                threshold: params.threshold,
                step_rate: params.step_rate,
            }),
            Self::Currot(params) => Algorithm::Currot(v1::Currot {
                particles: params.particles,
                remembered_failures: params.remembered_failures,
                update_rate: params.update_rate,
                performance_threshold: params.performance_threshold,
                step_size: params.step_size,
                initial: InitialGaussian::to_wire(params.initial.as_ref()),
            }),
        };
        v1::TeacherSpec { algorithm: Some(algorithm) }
    }

    /// `None` if this release does not know the algorithm.
    pub(crate) fn from_wire(spec: Option<v1::TeacherSpec>) -> Result<Option<Self>, Error> {
        Ok(match spec.and_then(|spec| spec.algorithm) {
            None => None,
            Some(Algorithm::Random(v1::RandomTeacher {})) => Some(Self::Random),
            Some(Algorithm::AlpGmm(params)) => Some(Self::AlpGmm(AlpGmm::from_wire(params)?)),
            Some(Algorithm::CovarGmm(params)) => Some(Self::CovarGmm(AlpGmm::from_wire(params)?)),
            Some(Algorithm::Riac(params)) => Some(Self::Riac(Riac {
                region_size: params.region_size,
                split_attempts: params.split_attempts,
                min_population: params.min_population,
                min_side: params.min_side,
                discard_ratio: params.discard_ratio,
                random_task_ratio: params.random_task_ratio,
                mutation_ratio: params.mutation_ratio,
                mutation_deviation: params.mutation_deviation,
            })),
            Some(Algorithm::Oracle(params)) => Some(Self::Oracle(Oracle {
                window_step: params.window_step,
                window_size: params.window_size,
                threshold: params.threshold,
                step_rate: params.step_rate,
            })),
            Some(Algorithm::Currot(params)) => Some(Self::Currot(Currot {
                particles: params.particles,
                remembered_failures: params.remembered_failures,
                update_rate: params.update_rate,
                performance_threshold: params.performance_threshold,
                step_size: params.step_size,
                initial: InitialGaussian::from_wire(params.initial)?,
            })),
        })
    }
}

impl AlpGmm {
    fn to_wire(&self) -> v1::AlpGmm {
        v1::AlpGmm {
            fit_rate: self.fit_rate,
            bootstrap_episodes: self.bootstrap_episodes,
            random_task_ratio: self.random_task_ratio,
            min_components: self.min_components,
            max_components: self.max_components,
            criterion: Criterion::to_wire(self.criterion).into(),
            em_initialisations: self.em_initialisations,
            warm_start: self.warm_start,
            history_limit: self.history_limit,
            initial: InitialGaussian::to_wire(self.initial.as_ref()),
            fit_lag_episodes: self.fit_lag_episodes,
            alp_scope: match self.alp_scope {
                None => wire::AlpScope::Unspecified,
                Some(AlpScope::Curriculum) => wire::AlpScope::Curriculum,
                Some(AlpScope::Student) => wire::AlpScope::Student,
            }
            .into(),
            engine: match self.engine {
                None => wire::MixtureEngine::Unspecified,
                Some(Engine::Em) => wire::MixtureEngine::Em,
                Some(Engine::Linfa) => wire::MixtureEngine::Linfa,
            }
            .into(),
            regularisation: self.regularisation,
            tolerance: self.tolerance,
            max_iterations: self.max_iterations,
        }
    }

    fn from_wire(params: v1::AlpGmm) -> Result<Self, Error> {
        Ok(Self {
            criterion: match params.criterion() {
                wire::Criterion::Unspecified => None,
                wire::Criterion::Aic => Some(Criterion::Aic),
                wire::Criterion::Bic => Some(Criterion::Bic),
                wire::Criterion::Aicc => Some(Criterion::Aicc),
            },
            alp_scope: match params.alp_scope() {
                wire::AlpScope::Unspecified => None,
                wire::AlpScope::Curriculum => Some(AlpScope::Curriculum),
                wire::AlpScope::Student => Some(AlpScope::Student),
            },
            engine: match params.engine() {
                wire::MixtureEngine::Unspecified => None,
                wire::MixtureEngine::Em => Some(Engine::Em),
                wire::MixtureEngine::Linfa => Some(Engine::Linfa),
            },
            fit_rate: params.fit_rate,
            bootstrap_episodes: params.bootstrap_episodes,
            random_task_ratio: params.random_task_ratio,
            min_components: params.min_components,
            max_components: params.max_components,
            em_initialisations: params.em_initialisations,
            warm_start: params.warm_start,
            history_limit: params.history_limit,
            initial: InitialGaussian::from_wire(params.initial)?,
            fit_lag_episodes: params.fit_lag_episodes,
            regularisation: params.regularisation,
            tolerance: params.tolerance,
            max_iterations: params.max_iterations,
        })
    }
}

impl InitialGaussian {
    fn to_wire(initial: Option<&Self>) -> Option<wire::InitialGaussian> {
        initial.map(|initial| wire::InitialGaussian {
            mean: Some(initial.mean.to_wire()),
            covariance: initial.covariance.clone(),
        })
    }

    fn from_wire(initial: Option<wire::InitialGaussian>) -> Result<Option<Self>, Error> {
        let read = |initial: wire::InitialGaussian| {
            let mean = read_parameters(initial.mean)?;
            Ok(Self { mean, covariance: initial.covariance })
        };
        initial.map(read).transpose()
    }
}

impl Criterion {
    pub(crate) fn to_wire(criterion: Option<Self>) -> wire::Criterion {
        match criterion {
            None => wire::Criterion::Unspecified,
            Some(Self::Aic) => wire::Criterion::Aic,
            Some(Self::Bic) => wire::Criterion::Bic,
            Some(Self::Aicc) => wire::Criterion::Aicc,
        }
    }
}

/// How a teacher is written down. Its `Random` has braces, so that serde refuses parameters there.
#[derive(Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case", deny_unknown_fields)]
enum Written {
    Random {},
    AlpGmm(AlpGmm),
    CovarGmm(AlpGmm),
    Riac(Riac),
    Oracle(Oracle),
    Currot(Currot),
}

impl From<Written> for Teacher {
    fn from(written: Written) -> Self {
        match written {
            Written::Random {} => Self::Random,
            Written::AlpGmm(params) => Self::AlpGmm(params),
            Written::CovarGmm(params) => Self::CovarGmm(params),
            Written::Riac(params) => Self::Riac(params),
            Written::Oracle(params) => Self::Oracle(params),
            Written::Currot(params) => Self::Currot(params),
        }
    }
}

impl From<Teacher> for Written {
    fn from(teacher: Teacher) -> Self {
        match teacher {
            Teacher::Random => Self::Random {},
            Teacher::AlpGmm(params) => Self::AlpGmm(params),
            Teacher::CovarGmm(params) => Self::CovarGmm(params),
            Teacher::Riac(params) => Self::Riac(params),
            Teacher::Oracle(params) => Self::Oracle(params),
            Teacher::Currot(params) => Self::Currot(params),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teachers_survive_the_wire_and_json() {
        let everything = AlpGmm {
            fit_rate: Some(50),
            bootstrap_episodes: Some(100),
            random_task_ratio: Some(0.1),
            min_components: Some(3),
            max_components: Some(4),
            criterion: Some(Criterion::Aicc),
            em_initialisations: Some(2),
            warm_start: Some(true),
            history_limit: Some(1000),
            initial: Some(InitialGaussian {
                mean: Parameters::from_iter([("a", 0.5)]),
                covariance: vec![0.01],
            }),
            fit_lag_episodes: Some(0),
            alp_scope: Some(AlpScope::Student),
            engine: Some(Engine::Linfa),
            regularisation: Some(1e-5),
            tolerance: Some(1e-4),
            max_iterations: Some(7),
        };
        let riac = Riac {
            region_size: Some(100),
            split_attempts: Some(20),
            min_population: Some(0.1),
            min_side: Some(0.2),
            discard_ratio: Some(0.3),
            random_task_ratio: Some(0.4),
            mutation_ratio: Some(0.5),
            mutation_deviation: Some(0.6),
        };
        let oracle = Oracle {
            window_step: vec![0.1, -0.2],
            window_size: Some(0.3),
            threshold: Some(100.0),
            step_rate: Some(7),
        };
        let currot = Currot {
            particles: Some(50),
            remembered_failures: Some(60),
            update_rate: Some(10),
            performance_threshold: Some(180.0),
            step_size: Some(0.1),
            initial: everything.initial.clone(),
        };
        for teacher in [
            Teacher::Random,
            Teacher::AlpGmm(AlpGmm::default()),
            Teacher::AlpGmm(everything.clone()),
            Teacher::CovarGmm(everything),
            Teacher::Riac(Riac::default()),
            Teacher::Riac(riac),
            Teacher::Oracle(oracle),
            Teacher::Currot(currot),
        ] {
            assert_eq!(Teacher::from_wire(Some(teacher.to_wire())).unwrap(), Some(teacher.clone()));
            let json = serde_json::to_string(&teacher).unwrap();
            assert_eq!(serde_json::from_str::<Teacher>(&json).unwrap(), teacher, "{json}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (json, expected) in [
            (r#"{"algorithm": "alp_gmm", "fit_rat": 3}"#, "unknown field `fit_rat`"),
            (r#"{"algorithm": "random", "fit_rate": 3}"#, "unknown field `fit_rate`"),
            (r#"{"algorithm": "alpgmm"}"#, "unknown variant `alpgmm`"),
            (r#"{"fit_rate": 3}"#, "missing field `algorithm`"),
        ] {
            let error = serde_json::from_str::<Teacher>(json).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
