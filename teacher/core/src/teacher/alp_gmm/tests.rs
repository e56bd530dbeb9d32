//! What ALP-GMM does beyond the promises of every teacher.

use std::sync::Arc;

use super::*;
use crate::{
    curriculum::{Curriculum, CurriculumSettings},
    space::{Dimension, Task, TaskSpace},
    teacher::ReturnRange,
};

fn curriculum(change: impl FnOnce(&mut AlpGmmParams)) -> Curriculum {
    curriculum_in(None, change)
}

fn curriculum_in(return_range: Option<ReturnRange>, change: impl FnOnce(&mut AlpGmmParams)) -> Curriculum {
    let mut params = AlpGmmParams { fit_rate: 50, max_components: 4, ..Default::default() };
    change(&mut params);
    let space = TaskSpace::new(vec![Dimension::continuous("a", 0.0, 1.0)]).unwrap();
    let teacher = TeacherParams::AlpGmm(params);
    Curriculum::new(CurriculumSettings { space: Arc::new(space), teacher, seed: 3, return_range }).unwrap()
}

fn play(curriculum: &mut Curriculum, episodes: u64, play: impl Fn(u64, f64) -> EpisodeResult) -> Vec<Sample> {
    (0..episodes)
        .map(|_| {
            curriculum.run_fits();
            let sample = curriculum.sample().unwrap();
            let result = play(curriculum.episodes(), sample.task.values()[0]);
            curriculum.observe(&sample.task, result, "").unwrap();
            sample
        })
        .collect()
}

/// Learns only in the upper fifth of the space.
fn corner(number: u64, x: f64) -> EpisodeResult {
    EpisodeResult::Completed(if x > 0.8 { (number as f64).sin() } else { 0.0 })
}

#[test]
fn tasks_go_where_progress_is() {
    let mut curriculum = curriculum(|_| ());
    play(&mut curriculum, 200, corner);
    let later = play(&mut curriculum, 400, corner);
    let there = later.iter().filter(|sample| sample.task.values()[0] > 0.7).count();
    assert!(there > 250, "{there} of 400 tasks");
}

#[test]
fn a_fit_takes_effect_exactly_at_its_lag() {
    let mut curriculum = curriculum(|params| params.fit_lag_episodes = Some(7));
    let samples = play(&mut curriculum, 120, corner);
    for (given, sample) in samples.iter().enumerate() {
        let expected = match given {
            ..57 => 0,
            57..107 => 1,
            _ => 2,
        };
        match sample.origin {
            Origin::Component { fit, .. } => assert_eq!(fit, expected, "task {given}"),
            Origin::Exploration(ExplorationReason::Bootstrap) => assert_eq!(expected, 0, "task {given}"),
            Origin::Exploration(_) => assert!(expected > 0, "task {given}"),
            other => panic!("{other:?} is not of this teacher without an initial Gaussian"),
        }
    }
}

#[test]
fn sampling_waits_for_the_fit_that_it_needs() {
    let mut curriculum = curriculum(|params| params.fit_lag_episodes = Some(0));
    let task = curriculum.space().task(&[0.5]).unwrap();
    let observe = |curriculum: &mut Curriculum| {
        curriculum.observe(&task, EpisodeResult::Completed(1.0), "").unwrap();
    };
    for _ in 0..100 {
        observe(&mut curriculum);
    }
    let jobs: Vec<_> = std::iter::from_fn(|| curriculum.next_fit_job()).collect();
    assert_eq!(jobs.iter().map(|job| job.number()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(curriculum.sample(), Err(FitPending { number: 1 }));
    assert!(curriculum.fit_awaited());
    let mut fits: Vec<_> = jobs.into_iter().map(|job| job.run()).collect();
    curriculum.install(fits.pop().unwrap()).unwrap();
    assert_eq!(curriculum.sample(), Err(FitPending { number: 1 }));
    let first = fits.pop().unwrap();
    curriculum.install(first.clone()).unwrap();
    assert!(!curriculum.fit_awaited());
    assert!(curriculum.sample().is_ok());
    assert_eq!(curriculum.install(first), Err(InstallError::NotAwaited(1)));
}

#[test]
fn without_progress_it_explores_and_says_so() {
    for result in [EpisodeResult::Completed(0.5), EpisodeResult::Infeasible] {
        let mut curriculum = curriculum(|_| ());
        let samples = play(&mut curriculum, 120, |_, _| result);
        assert_eq!(samples[119].origin, Origin::Exploration(ExplorationReason::NoProgress));
        assert!((curriculum.distribution().exploration_probability - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_bootstrap_can_sample_a_gaussian() {
    let mut curriculum = curriculum(|params| {
        params.initial = Some(InitialGaussian { mean: vec![0.1], covariance: vec![1e-4] });
        params.bootstrap_episodes = Some(60);
    });
    let DistributionShape::Mixture { fit: 0, components } = curriculum.distribution().shape else {
        panic!("the initial Gaussian is a mixture of one")
    };
    assert!((components[0].mean[0] - 0.1).abs() < 1e-12);
    let samples = play(&mut curriculum, 100, corner);
    for sample in &samples[..60] {
        assert_eq!(sample.origin, Origin::Initial);
        assert!((sample.task.values()[0] - 0.1).abs() < 0.06);
    }
    // The first fit falls due at 100, the first multiple of the fit rate after the bootstrap.
    assert_eq!(samples[60].origin, Origin::Exploration(ExplorationReason::Bootstrap));
    assert_eq!(curriculum.fits_outstanding(), 1);
}

#[test]
fn students_can_have_histories_of_their_own() {
    for (scope, expected) in [(AlpScope::Curriculum, Some(2.0)), (AlpScope::Student, Some(0.0))] {
        let mut curriculum = curriculum(|params| params.alp_scope = scope);
        let task = curriculum.space().task(&[0.5]).unwrap();
        let mut alp = None;
        for (student, return_) in [("a", 1.0); 7].into_iter().chain([("b", 3.0)]) {
            alp = curriculum.observe(&task, EpisodeResult::Completed(return_), student).unwrap().alp;
        }
        assert_eq!(alp, expected);
    }
}

#[test]
fn returns_are_scaled_and_clipped_by_their_range() {
    let range = ReturnRange::new(-150.0, 350.0).unwrap();
    let mut curriculum = curriculum_in(Some(range), |_| ());
    let task = curriculum.space().task(&[0.5]).unwrap();
    let mut alps = Vec::new();
    for return_ in [-150.0, -150.0, -150.0, -150.0, -150.0, -150.0, 100.0, 1e9] {
        alps.push(curriculum.observe(&task, EpisodeResult::Completed(return_), "").unwrap().alp);
    }
    assert_eq!(alps[5..], [Some(0.0), Some(0.5), Some(0.5)]);
}

#[test]
fn edits_take_effect_or_change_nothing() {
    let mut curriculum = curriculum(|_| ());
    play(&mut curriculum, 60, corner);
    let before = curriculum.snapshot();
    let edit = |fit_rate, ratio| {
        TeacherEdit::AlpGmm(AlpGmmEdit { fit_rate, random_task_ratio: ratio, ..Default::default() })
    };
    assert_eq!(curriculum.edit(&edit(Some(20), Some(2.0))).unwrap_err().field, "random_task_ratio");
    assert_eq!(curriculum.snapshot(), before);
    curriculum.edit(&edit(Some(20), Some(1.0))).unwrap();
    // The last fit fell due at 50, so the next one does at 70.
    play(&mut curriculum, 9, corner);
    assert_eq!(curriculum.fits_outstanding(), 0);
    play(&mut curriculum, 1, corner);
    assert_eq!(curriculum.fits_outstanding(), 1);
    let samples = play(&mut curriculum, 30, corner);
    assert_eq!(samples[29].origin, Origin::Exploration(ExplorationReason::RandomTaskRatio));
}

#[test]
fn a_snapshot_survives_json_bit_for_bit() {
    let mut curriculum = curriculum(|params| params.warm_start = true);
    play(&mut curriculum, 170, corner);
    let snapshot = curriculum.snapshot();
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<crate::curriculum::CurriculumSnapshot>(&json).unwrap(), snapshot);
}

#[test]
fn the_tasks_of_a_seed_never_change() {
    // Other numbers here mean another algorithm: raise ALGORITHM_VERSION. Equal in debug and release
    // builds.
    let mut curriculum = curriculum(|_| ());
    let samples = play(&mut curriculum, 400, corner);
    let hash = samples.iter().fold(0_u64, |hash, Sample { task, .. }: &Sample| {
        (hash ^ Task::values(task)[0].to_bits()).wrapping_mul(0x100_0000_01b3)
    });
    assert_eq!(hash, 17_254_754_369_586_762_966);
}

#[test]
fn covar_gmm_goes_where_returns_rise_and_not_where_they_fall() {
    let space = TaskSpace::new(vec![Dimension::continuous("a", 0.0, 1.0)]).unwrap();
    let teacher = TeacherParams::CovarGmm(AlpGmmParams { fit_rate: 100, ..Default::default() });
    let settings = CurriculumSettings { space: Arc::new(space), teacher, seed: 3, return_range: None };
    let mut curriculum = Curriculum::new(settings).unwrap();
    let student = |number: u64, x: f64| {
        let time = number as f64 / 100.0;
        EpisodeResult::Completed(if x > 0.7 {
            time
        } else if x < 0.3 {
            -time
        } else {
            0.0
        })
    };
    play(&mut curriculum, 200, student);
    let later = play(&mut curriculum, 400, student);
    let drawn = later.iter().filter(|sample| matches!(sample.origin, Origin::Component { .. }));
    let rising = drawn.clone().filter(|sample| sample.task.values()[0] > 0.6).count();
    assert!(rising * 10 > drawn.count() * 9, "{rising} of 400 tasks");
}

#[test]
fn covar_gmm_has_no_history_to_set() {
    let space = TaskSpace::new(vec![Dimension::continuous("a", 0.0, 1.0)]).unwrap();
    for (field, params) in [
        ("history_limit", AlpGmmParams { history_limit: Some(5), ..Default::default() }),
        ("alp_scope", AlpGmmParams { alp_scope: AlpScope::Student, ..Default::default() }),
    ] {
        assert_eq!(Progress::Covariance.check(&params, &space).unwrap_err().field, field);
        Progress::Alp.check(&params, &space).unwrap();
    }
}
