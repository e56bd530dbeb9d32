//! Teachers and their parameters.

use magister_core::{
    mixture::{Criterion, Engine},
    space::TaskSpace,
    teacher::{
        TeacherEdit, TeacherParams,
        alp_gmm::{AlpGmmEdit, AlpGmmParams, AlpScope, InitialGaussian},
        currot::CurrotParams,
        oracle::OracleParams,
        riac::RiacParams,
    },
};
use magister_proto::v1;
use v1::alp_gmm as wire;
use v1::teacher_spec::Algorithm;

use super::space;
use crate::error::{Invalid, ServiceError};

/// Reads a teacher; its parameters are checked when it is started.
pub(crate) fn read(
    task_space: &TaskSpace,
    spec: Option<v1::TeacherSpec>,
) -> Result<TeacherParams, ServiceError> {
    match spec.and_then(|spec| spec.algorithm) {
        None => Err(ServiceError::invalid(
            Invalid::Teacher,
            "teacher.algorithm",
            "is missing: give random, alp_gmm, covar_gmm, riac, oracle or currot",
        )),
        Some(Algorithm::Random(v1::RandomTeacher {})) => Ok(TeacherParams::Random),
        Some(Algorithm::AlpGmm(given)) => {
            Ok(TeacherParams::AlpGmm(read_gmm(task_space, "teacher.alp_gmm", given)?))
        }
        Some(Algorithm::CovarGmm(given)) => {
            Ok(TeacherParams::CovarGmm(read_gmm(task_space, "teacher.covar_gmm", given)?))
        }
        Some(Algorithm::Riac(given)) => {
            let defaults = RiacParams::default();
            Ok(TeacherParams::Riac(RiacParams {
                region_size: given.region_size.unwrap_or(defaults.region_size),
                split_attempts: given.split_attempts.unwrap_or(defaults.split_attempts),
                min_population: given.min_population.unwrap_or(defaults.min_population),
                min_side: given.min_side.unwrap_or(defaults.min_side),
                discard_ratio: given.discard_ratio.unwrap_or(defaults.discard_ratio),
                random_task_ratio: given.random_task_ratio.unwrap_or(defaults.random_task_ratio),
                mutation_ratio: given.mutation_ratio.unwrap_or(defaults.mutation_ratio),
                mutation_deviation: given.mutation_deviation.unwrap_or(defaults.mutation_deviation),
            }))
        }
        Some(Algorithm::Oracle(given)) => {
            let defaults = OracleParams::default();
            Ok(TeacherParams::Oracle(OracleParams {
                window_step: given.window_step,
                window_size: given.window_size.unwrap_or(defaults.window_size),
                threshold: given.threshold.unwrap_or(defaults.threshold),
                step_rate: given.step_rate.unwrap_or(defaults.step_rate),
            }))
        }
        Some(Algorithm::Currot(given)) => {
            let defaults = CurrotParams::default();
            Ok(TeacherParams::Currot(CurrotParams {
                particles: given.particles.unwrap_or(defaults.particles),
                remembered_failures: given.remembered_failures.unwrap_or(defaults.remembered_failures),
                update_rate: given.update_rate.unwrap_or(defaults.update_rate),
                performance_threshold: given.performance_threshold,
                step_size: given.step_size.unwrap_or(defaults.step_size),
                initial: read_initial(task_space, "teacher.currot", given.initial)?,
            }))
        }
    }
}

/// Reads a Gaussian to begin with; `teacher` is the teacher's field.
fn read_initial(
    task_space: &TaskSpace,
    teacher: &str,
    given: Option<wire::InitialGaussian>,
) -> Result<Option<InitialGaussian>, ServiceError> {
    let read = |initial: wire::InitialGaussian| {
        let field = format!("{teacher}.initial.mean");
        let mean = space::read_task(task_space, &field, initial.mean.unwrap_or_default())?;
        Ok(InitialGaussian { mean: mean.values().to_vec(), covariance: initial.covariance })
    };
    given.map(read).transpose()
}

/// Reads the parameters of ALP-GMM or Covar-GMM.
fn read_gmm(task_space: &TaskSpace, field: &str, given: v1::AlpGmm) -> Result<AlpGmmParams, ServiceError> {
    let defaults = AlpGmmParams::default();
    Ok(AlpGmmParams {
        fit_rate: given.fit_rate.unwrap_or(defaults.fit_rate),
        bootstrap_episodes: given.bootstrap_episodes,
        random_task_ratio: given.random_task_ratio.unwrap_or(defaults.random_task_ratio),
        min_components: given.min_components.unwrap_or(defaults.min_components),
        max_components: given.max_components.unwrap_or(defaults.max_components),
        criterion: criterion(&format!("{field}.criterion"), given.criterion)?,
        em_initialisations: given.em_initialisations.unwrap_or(defaults.em_initialisations),
        warm_start: given.warm_start.unwrap_or(defaults.warm_start),
        history_limit: given.history_limit,
        initial: read_initial(task_space, field, given.initial)?,
        fit_lag_episodes: given.fit_lag_episodes,
        alp_scope: match wire::AlpScope::try_from(given.alp_scope) {
            Ok(wire::AlpScope::Unspecified | wire::AlpScope::Curriculum) => AlpScope::Curriculum,
            Ok(wire::AlpScope::Student) => AlpScope::Student,
            Err(_) => return Err(unknown(&format!("{field}.alp_scope"), given.alp_scope)),
        },
        engine: match wire::MixtureEngine::try_from(given.engine) {
            Ok(wire::MixtureEngine::Unspecified | wire::MixtureEngine::Em) => Engine::Em,
            Ok(wire::MixtureEngine::Linfa) => Engine::Linfa,
            Err(_) => return Err(unknown(&format!("{field}.engine"), given.engine)),
        },
        regularisation: given.regularisation.unwrap_or(defaults.regularisation),
        tolerance: given.tolerance.unwrap_or(defaults.tolerance),
        max_iterations: given.max_iterations.unwrap_or(defaults.max_iterations),
    })
}

/// Reads changes of a teacher's live parameters.
pub(crate) fn read_edit(
    teacher: &TeacherParams,
    edit: v1::update_curriculum_request::AlpGmmEdit,
) -> Result<TeacherEdit, ServiceError> {
    let (TeacherParams::AlpGmm(_) | TeacherParams::CovarGmm(_)) = teacher else {
        let problem = format!("does not fit: the curriculum's teacher is {}", teacher.algorithm());
        return Err(ServiceError::invalid(Invalid::Teacher, "alp_gmm", problem));
    };
    let criterion = match wire::Criterion::try_from(edit.criterion) {
        Ok(wire::Criterion::Unspecified) => None,
        _ => Some(criterion("alp_gmm.criterion", edit.criterion)?),
    };
    Ok(TeacherEdit::AlpGmm(AlpGmmEdit {
        fit_rate: edit.fit_rate,
        random_task_ratio: edit.random_task_ratio,
        min_components: edit.min_components,
        max_components: edit.max_components,
        criterion,
        em_initialisations: edit.em_initialisations,
        fit_lag_episodes: edit.fit_lag_episodes,
    }))
}

/// Writes a teacher with every default filled in.
pub(crate) fn write(task_space: &TaskSpace, params: &TeacherParams) -> v1::TeacherSpec {
    let algorithm = match params {
        TeacherParams::Random => Algorithm::Random(v1::RandomTeacher {}),
        TeacherParams::AlpGmm(params) => Algorithm::AlpGmm(write_gmm(task_space, params)),
        TeacherParams::CovarGmm(params) => Algorithm::CovarGmm(write_gmm(task_space, params)),
        TeacherParams::Riac(params) => Algorithm::Riac(v1::Riac {
            region_size: Some(params.region_size),
            split_attempts: Some(params.split_attempts),
            min_population: Some(params.min_population),
            min_side: Some(params.min_side),
            discard_ratio: Some(params.discard_ratio),
            random_task_ratio: Some(params.random_task_ratio),
            mutation_ratio: Some(params.mutation_ratio),
            mutation_deviation: Some(params.mutation_deviation),
        }),
        TeacherParams::Oracle(params) => Algorithm::Oracle(v1::Oracle {
            window_step: params.window_step.clone(),
            window_size: Some(params.window_size),
            threshold: Some(params.threshold),
            step_rate: Some(params.step_rate),
        }),
        TeacherParams::Currot(params) => Algorithm::Currot(v1::Currot {
            particles: Some(params.particles),
            remembered_failures: Some(params.remembered_failures),
            update_rate: Some(params.update_rate),
            performance_threshold: params.performance_threshold,
            step_size: Some(params.step_size),
            initial: write_initial(task_space, params.initial.as_ref()),
        }),
    };
    v1::TeacherSpec { algorithm: Some(algorithm) }
}

fn write_initial(task_space: &TaskSpace, initial: Option<&InitialGaussian>) -> Option<wire::InitialGaussian> {
    initial.map(|initial| wire::InitialGaussian {
        mean: task_space.task(&initial.mean).ok().map(|mean| space::write_task(task_space, &mean)),
        covariance: initial.covariance.clone(),
    })
}

/// Writes the parameters of ALP-GMM or Covar-GMM.
fn write_gmm(task_space: &TaskSpace, params: &AlpGmmParams) -> v1::AlpGmm {
    v1::AlpGmm {
        fit_rate: Some(params.fit_rate),
        bootstrap_episodes: Some(params.effective_bootstrap_episodes()),
        random_task_ratio: Some(params.random_task_ratio),
        min_components: Some(params.min_components),
        max_components: Some(params.max_components),
        criterion: match params.criterion {
            Criterion::Aic => wire::Criterion::Aic,
            Criterion::Bic => wire::Criterion::Bic,
            Criterion::Aicc => wire::Criterion::Aicc,
        }
        .into(),
        em_initialisations: Some(params.em_initialisations),
        warm_start: Some(params.warm_start),
        history_limit: params.history_limit,
        initial: write_initial(task_space, params.initial.as_ref()),
        fit_lag_episodes: Some(params.effective_fit_lag_episodes()),
        alp_scope: match params.alp_scope {
            AlpScope::Curriculum => wire::AlpScope::Curriculum,
            AlpScope::Student => wire::AlpScope::Student,
        }
        .into(),
        engine: match params.engine {
            Engine::Em => wire::MixtureEngine::Em,
            Engine::Linfa => wire::MixtureEngine::Linfa,
        }
        .into(),
        regularisation: Some(params.regularisation),
        tolerance: Some(params.tolerance),
        max_iterations: Some(params.max_iterations),
    }
}

fn criterion(field: &str, given: i32) -> Result<Criterion, ServiceError> {
    match wire::Criterion::try_from(given) {
        Ok(wire::Criterion::Unspecified | wire::Criterion::Aic) => Ok(Criterion::Aic),
        Ok(wire::Criterion::Bic) => Ok(Criterion::Bic),
        Ok(wire::Criterion::Aicc) => Ok(Criterion::Aicc),
        Err(_) => Err(unknown(field, given)),
    }
}

fn unknown(field: &str, value: i32) -> ServiceError {
    ServiceError::invalid(Invalid::Teacher, field, format!("{value} is not a value that this release knows"))
}
