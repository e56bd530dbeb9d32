//! What every teacher must do, as one suite to run over any of them.
//!
//! [`check`] drives a teacher through [`Curriculum`] as a service would, with students that learn, stall,
//! fail and lie, and says which promise of [`crate::teacher::Teacher`] is broken. A new algorithm calls it in
//! its tests with a few of its settings.

use std::sync::Arc;

use crate::{
    curriculum::{Curriculum, CurriculumSettings},
    fit::Fit,
    space::{Dimension, Task, TaskSpace},
    teacher::{EpisodeResult, ObserveError, PastEpisode, ReturnRange, Sample, TeacherParams},
};

/// A broken promise.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{promise}: {detail} (student {student}, {space} space)")]
pub struct Violation {
    /// The promise of the trait that was broken.
    pub promise: &'static str,
    /// What was seen.
    pub detail: String,
    /// The student it was seen with.
    pub student: &'static str,
    /// The space it was seen in.
    pub space: &'static str,
}

/// Runs `episodes` episodes for every pair of a space and a student and checks every promise.
///
/// # Errors
/// The first broken promise.
///
/// # Panics
/// Where the parameters are refused: give valid ones.
pub fn check(params: &TeacherParams, episodes: u64) -> Result<(), Violation> {
    spaces().iter().try_for_each(|(name, space)| check_in(name, space, params, episodes))
}

/// [`check`] in one space, for parameters that fit no other.
fn check_in(
    space_name: &'static str,
    space: &Arc<TaskSpace>,
    params: &TeacherParams,
    episodes: u64,
) -> Result<(), Violation> {
    for student in &STUDENTS {
        for return_range in [None, Some(ReturnRange::new(0.0, 1.0).expect("0 is below 1"))] {
            let settings = CurriculumSettings {
                space: Arc::clone(space),
                teacher: params.clone(),
                seed: 7,
                return_range,
            };
            Run { settings, student, episodes }.check().map_err(|(promise, detail)| Violation {
                promise,
                detail,
                student: student.name,
                space: space_name,
            })?;
        }
    }
    Ok(())
}

type Broken = (&'static str, String);

struct Student {
    name: &'static str,
    /// Result of the episode with this number on internal coordinates.
    play: fn(u64, &[f64]) -> EpisodeResult,
}

const STUDENTS: [Student; 6] = [
    Student {
        name: "learning",
        play: |number, x| EpisodeResult::Completed((number as f64 / 400.0).min(1.0) * (1.0 - x[0])),
    },
    Student { name: "constant", play: |_, _| EpisodeResult::Completed(0.25) },
    Student { name: "noisy", play: |number, x| EpisodeResult::Completed(hash(number, x)) },
    Student {
        name: "extreme",
        play: |number, x| EpisodeResult::Completed(if hash(number, x) < 0.5 { -f64::MAX } else { f64::MAX }),
    },
    Student { name: "infeasible", play: |_, _| EpisodeResult::Infeasible },
    Student {
        name: "mostly infeasible",
        play: |number, x| match number.is_multiple_of(9) {
            true => EpisodeResult::Completed(hash(number, x)),
            false => EpisodeResult::Infeasible,
        },
    },
];

fn spaces() -> Vec<(&'static str, Arc<TaskSpace>)> {
    let space = |dimensions| Arc::new(TaskSpace::new(dimensions).expect("a valid space"));
    vec![
        ("one-dimensional", space(vec![Dimension::continuous("a", -1.0, 1.0)])),
        (
            "mixed",
            space(vec![
                Dimension::continuous("a", 0.0, 3.0).with_distance_scale(3.0),
                Dimension::log_scaled("b", 1e-3, 10.0),
                Dimension::integer("c", -2, 4),
                Dimension::continuous("d", 0.0, 4.0).vector(3),
            ]),
        ),
        ("integer", space(vec![Dimension::integer("a", 0, 1).vector(2)])),
    ]
}

struct Run<'a> {
    settings: CurriculumSettings,
    student: &'a Student,
    episodes: u64,
}

/// What a run left behind: enough to restore another one from.
struct Record {
    samples: Vec<Sample>,
    episodes: Vec<(Task, EpisodeResult, Option<f64>)>,
    fits: Vec<Fit>,
}

impl Run<'_> {
    fn check(&self) -> Result<(), Broken> {
        let mut curriculum = self.start();
        let record = self.play(&mut curriculum, self.episodes)?;
        self.same_calls_give_the_same_samples(&record)?;
        self.late_fits_change_nothing(&record)?;
        self.a_bad_return_changes_nothing(curriculum)?;
        for cut in [0, 1, self.episodes / 3, self.episodes / 2 + 7, self.episodes] {
            self.a_restored_twin_continues(&record, cut)?;
        }
        Ok(())
    }

    fn start(&self) -> Curriculum {
        Curriculum::new(self.settings.clone()).expect("valid parameters")
    }

    fn result(&self, number: u64, task: &Task) -> EpisodeResult {
        (self.student.play)(number, &self.settings.space.internal(task))
    }

    /// Plays on for `episodes`, fitting at once, and checks each sample and distribution.
    fn play(&self, curriculum: &mut Curriculum, episodes: u64) -> Result<Record, Broken> {
        let mut record = Record { samples: Vec::new(), episodes: Vec::new(), fits: Vec::new() };
        for _ in 0..episodes {
            while let Some(job) = curriculum.next_fit_job() {
                let fit = job.run();
                record.fits.push(fit.clone());
                curriculum.install(fit).map_err(|error| ("its own fits are taken", error.to_string()))?;
            }
            let sample = curriculum
                .sample()
                .map_err(|error| ("it samples once its fits are installed", error.to_string()))?;
            if let Err(error) = self.settings.space.task(sample.task.values()) {
                return Err(("samples lie in the space", error.to_string()));
            }
            if !(0.0..=1.0).contains(&sample.origin_probability) {
                return Err(("probabilities lie between 0 and 1", format!("{sample:?}")));
            }
            let result = self.result(curriculum.episodes() + 1, &sample.task);
            let observation = curriculum
                .observe(&sample.task, result, "student")
                .map_err(|error| ("finite returns are taken", error.to_string()))?;
            if observation.alp.is_some_and(|alp| !alp.is_finite() || alp < 0.0) {
                return Err(("ALP is finite and not negative", format!("{observation:?}")));
            }
            record.episodes.push((sample.task.clone(), result, observation.alp));
            record.samples.push(sample);
        }
        let distribution = curriculum.distribution();
        if !(0.0..=1.0).contains(&distribution.exploration_probability) {
            return Err(("a degenerate window explores and says so", format!("{distribution:?}")));
        }
        Ok(record)
    }

    fn same_calls_give_the_same_samples(&self, record: &Record) -> Result<(), Broken> {
        let again = self.play(&mut self.start(), self.episodes)?;
        compare("the same calls give the same samples", &record.samples, &again.samples)
    }

    /// Fits run only when sampling asks for them: a slow machine.
    fn late_fits_change_nothing(&self, record: &Record) -> Result<(), Broken> {
        let promise = "when a fit arrives changes nothing";
        let mut curriculum = self.start();
        let mut samples = Vec::new();
        while samples.len() < record.samples.len() {
            let Ok(sample) = curriculum.sample() else {
                if curriculum.fits_outstanding() == 0 {
                    return Err((promise, "it waits for a fit and none is outstanding".to_owned()));
                }
                let Some(job) = curriculum.next_fit_job() else {
                    return Err((promise, "it waits for a fit and offers no job".to_owned()));
                };
                curriculum.install(job.run()).map_err(|error| (promise, error.to_string()))?;
                continue;
            };
            let result = self.result(curriculum.episodes() + 1, &sample.task);
            curriculum
                .observe(&sample.task, result, "student")
                .map_err(|error| (promise, error.to_string()))?;
            samples.push(sample);
        }
        compare(promise, &record.samples, &samples)
    }

    fn a_bad_return_changes_nothing(&self, mut curriculum: Curriculum) -> Result<(), Broken> {
        let promise = "a return that is not finite is refused and changes nothing";
        curriculum.run_fits();
        let task = curriculum.sample().map_err(|error| (promise, error.to_string()))?.task;
        let before = curriculum.snapshot();
        for return_ in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            match curriculum.observe(&task, EpisodeResult::Completed(return_), "student") {
                Err(ObserveError::ReturnNotFinite(_)) => {}
                Ok(observation) => return Err((promise, format!("{return_} gave {observation:?}"))),
            }
        }
        if curriculum.snapshot() != before {
            return Err((promise, "the snapshot differs".to_owned()));
        }
        Ok(())
    }

    /// A twin restored from the snapshot after `cut` episodes plus the journal of a few more goes on as the
    /// original did.
    fn a_restored_twin_continues(&self, record: &Record, cut: u64) -> Result<(), Broken> {
        let promise = "a restored twin continues identically";
        let refused = |error: &dyn std::fmt::Display| (promise, error.to_string());
        let mut original = self.start();
        self.play(&mut original, cut)?;
        let mut twin = Curriculum::restore(self.settings.clone(), original.snapshot())
            .map_err(|error| refused(&error))?;
        let past = record.episodes[..cut as usize].iter().enumerate();
        let past = past.filter_map(|(index, (task, result, _))| match *result {
            EpisodeResult::Completed(return_) => Some(PastEpisode {
                number: index as u64 + 1,
                task: task.clone(),
                return_,
                student: "student".into(),
            }),
            EpisodeResult::Infeasible => None,
        });
        // The order in which it hears of them must not matter.
        twin.remember(&mut past.rev());
        if twin.snapshot() != original.snapshot() {
            return Err((promise, "a snapshot of it differs from its own".to_owned()));
        }
        // Half of the rest comes from the journal, half is played.
        let journalled = cut + (self.episodes - cut) / 2;
        for (task, result, alp) in &record.episodes[cut as usize..journalled as usize] {
            twin.skip_task();
            twin.replay(task, *result, "student", *alp);
            let next = twin.episodes();
            for fit in record.fits.iter().filter(|fit| fit.due_episode == next) {
                twin.install(fit.clone()).map_err(|error| refused(&error))?;
            }
        }
        let rest = self.play(&mut twin, self.episodes - journalled)?;
        compare(promise, &record.samples[journalled as usize..], &rest.samples)
    }
}

fn compare(promise: &'static str, expected: &[Sample], found: &[Sample]) -> Result<(), Broken> {
    match expected.iter().zip(found).position(|(expected, found)| expected != found) {
        None if expected.len() == found.len() => Ok(()),
        None => Err((promise, format!("{} samples instead of {}", found.len(), expected.len()))),
        Some(at) => Err((promise, format!("sample {at} is {:?} instead of {:?}", found[at], expected[at]))),
    }
}

/// A number in [0, 1) that looks random but follows from its arguments.
fn hash(number: u64, point: &[f64]) -> f64 {
    let mixed = point
        .iter()
        .fold(number, |hash, x| (hash ^ x.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mixture::{Criterion, Engine},
        teacher::{
            alp_gmm::{AlpGmmParams, AlpScope, InitialGaussian},
            currot::CurrotParams,
            oracle::OracleParams,
            riac::RiacParams,
        },
    };

    fn alp_gmm(change: impl FnOnce(&mut AlpGmmParams)) -> TeacherParams {
        let mut params = AlpGmmParams { fit_rate: 60, max_components: 5, ..Default::default() };
        change(&mut params);
        TeacherParams::AlpGmm(params)
    }

    #[test]
    fn random_keeps_its_promises() {
        check(&TeacherParams::Random, 100).unwrap();
    }

    #[test]
    fn alp_gmm_keeps_its_promises() {
        check(&alp_gmm(|_| ()), 400).unwrap();
    }

    #[test]
    fn sequential_alp_gmm_keeps_its_promises() {
        check(&alp_gmm(|params| params.fit_lag_episodes = Some(0)), 300).unwrap();
    }

    #[test]
    fn alp_gmm_with_many_fits_at_once_keeps_its_promises() {
        check(
            &alp_gmm(|params| {
                params.fit_rate = 12;
                params.fit_lag_episodes = Some(70);
                params.criterion = Criterion::Bic;
                params.em_initialisations = 2;
            }),
            300,
        )
        .unwrap();
    }

    #[test]
    fn alp_gmm_with_every_option_keeps_its_promises() {
        check(
            &alp_gmm(|params| {
                params.warm_start = true;
                params.history_limit = Some(50);
                params.bootstrap_episodes = Some(100);
                params.alp_scope = AlpScope::Student;
                params.criterion = Criterion::Aicc;
                params.random_task_ratio = 0.0;
            }),
            400,
        )
        .unwrap();
    }

    #[test]
    fn covar_gmm_keeps_its_promises() {
        let params = AlpGmmParams { fit_rate: 60, max_components: 5, ..Default::default() };
        check(&TeacherParams::CovarGmm(params.clone()), 400).unwrap();
        check(&TeacherParams::CovarGmm(AlpGmmParams { warm_start: true, ..params }), 400).unwrap();
    }

    #[test]
    fn riac_keeps_its_promises() {
        check(&TeacherParams::Riac(RiacParams { region_size: 40, ..Default::default() }), 600).unwrap();
        check(&TeacherParams::Riac(RiacParams { region_size: 16, min_side: 0.0, ..Default::default() }), 600)
            .unwrap();
    }

    #[test]
    fn oracle_keeps_its_promises() {
        for (name, space) in spaces() {
            let window_step = (0..space.width()).map(|axis| [0.2, -0.1, 0.0][axis % 3]).collect();
            let params = OracleParams { window_step, threshold: 0.3, step_rate: 20, ..Default::default() };
            check_in(name, &space, &TeacherParams::Oracle(params), 300).unwrap();
        }
    }

    #[test]
    fn currot_keeps_its_promises() {
        let params = CurrotParams {
            particles: 20,
            remembered_failures: 30,
            update_rate: 10,
            performance_threshold: Some(0.4),
            ..Default::default()
        };
        check(&TeacherParams::Currot(params.clone()), 300).unwrap();
        check(&TeacherParams::Currot(CurrotParams { step_size: 1.0, update_rate: 1, ..params.clone() }), 100)
            .unwrap();
        for (name, space) in spaces() {
            let mean = space.axes().iter().map(|axis| axis.bounds().0).collect();
            let initial = InitialGaussian { mean, covariance: vec![0.02; space.width()] };
            let params = CurrotParams { initial: Some(initial), ..params.clone() };
            check_in(name, &space, &TeacherParams::Currot(params), 200).unwrap();
        }
    }

    #[cfg(feature = "linfa")]
    #[test]
    fn alp_gmm_on_linfa_keeps_its_promises() {
        check(&alp_gmm(|params| params.engine = Engine::Linfa), 200).unwrap();
    }

    #[cfg(not(feature = "linfa"))]
    #[test]
    fn an_engine_that_is_not_built_in_is_refused() {
        let space = &spaces()[0].1;
        let params = AlpGmmParams { engine: Engine::Linfa, ..Default::default() };
        assert_eq!(params.check(space).unwrap_err().field, "engine");
    }
}
