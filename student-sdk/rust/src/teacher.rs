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
}

/// Parameters of ALP-GMM; what is `None` has the server's default.
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
        };
        v1::TeacherSpec { algorithm: Some(algorithm) }
    }

    /// `None` if this release does not know the algorithm.
    pub(crate) fn from_wire(spec: Option<v1::TeacherSpec>) -> Result<Option<Self>, Error> {
        Ok(match spec.and_then(|spec| spec.algorithm) {
            None => None,
            Some(Algorithm::Random(v1::RandomTeacher {})) => Some(Self::Random),
            Some(Algorithm::AlpGmm(params)) => Some(Self::AlpGmm(AlpGmm::from_wire(params)?)),
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
            initial: self.initial.as_ref().map(|initial| wire::InitialGaussian {
                mean: Some(initial.mean.to_wire()),
                covariance: initial.covariance.clone(),
            }),
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
            initial: params
                .initial
                .map(|initial| {
                    let mean = read_parameters(initial.mean)?;
                    Ok::<_, Error>(InitialGaussian { mean, covariance: initial.covariance })
                })
                .transpose()?,
            fit_lag_episodes: params.fit_lag_episodes,
            regularisation: params.regularisation,
            tolerance: params.tolerance,
            max_iterations: params.max_iterations,
        })
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
}

impl From<Written> for Teacher {
    fn from(written: Written) -> Self {
        match written {
            Written::Random {} => Self::Random,
            Written::AlpGmm(params) => Self::AlpGmm(params),
        }
    }
}

impl From<Teacher> for Written {
    fn from(teacher: Teacher) -> Self {
        match teacher {
            Teacher::Random => Self::Random {},
            Teacher::AlpGmm(params) => Self::AlpGmm(params),
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
        for teacher in [Teacher::Random, Teacher::AlpGmm(AlpGmm::default()), Teacher::AlpGmm(everything)] {
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
