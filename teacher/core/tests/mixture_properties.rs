//! Invariants of the mixtures over random and degenerate windows.
#![allow(clippy::float_cmp, reason = "equality bit for bit is what is tested")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use magister_core::mixture::{
    CheckedFitSettings, Criterion, EmEngine, FitSettings, Mixture, Selection, fit_best,
};
use ndarray::{Array2, ArrayView2, Axis};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Windows as curricula produce them, and worse: each coordinate is random, one of few values, or constant.
fn window() -> impl Strategy<Value = Array2<f64>> {
    (1usize..=6, 1usize..=60).prop_flat_map(|(width, points)| {
        let column = prop_oneof![
            prop::collection::vec(-1.0..1.0f64, points),
            prop::collection::vec(prop_oneof![3 => Just(0.0), 1 => 0.0..1.0f64], points),
            prop::collection::vec(prop::sample::select(vec![0.0, 0.5, 1.0]), points),
            (-1e3..1e3f64).prop_map(move |value| vec![value; points]),
        ];
        prop::collection::vec(column, width).prop_map(move |columns| {
            Array2::from_shape_fn((points, width), |(point, dimension)| columns[dimension][point])
        })
    })
}

fn select(points: ArrayView2<f64>, warm: &[Mixture], seed: u64) -> Selection {
    let settings = FitSettings { min_components: 1, max_components: 6, ..FitSettings::default() };
    let settings = settings.check().unwrap();
    fit_best(&EmEngine, points, &settings, warm, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
}

fn check_mixture(mixture: &Mixture, points: ArrayView2<f64>) {
    assert_eq!(mixture.width(), points.ncols());
    assert!((mixture.weights().sum() - 1.0).abs() < 1e-12);
    assert!(mixture.weights().iter().all(|&weight| weight > 0.0));
    for (component, covariance) in mixture.covariances().outer_iter().enumerate() {
        assert_eq!(covariance, covariance.t());
        assert!(covariance.diag().iter().all(|&variance| variance >= 1e-6 * (1.0 - 1e-9)));
        for (dimension, column) in points.axis_iter(Axis(1)).enumerate() {
            let mean = mixture.means()[[component, dimension]];
            let (low, high) = column.iter().fold((f64::MAX, f64::MIN), |(l, h), &x| (l.min(x), h.max(x)));
            let rounding = 1e-9 * low.abs().max(high.abs());
            assert!(mean >= low - rounding && mean <= high + rounding, "{low} {mean} {high}");
        }
        // Positive definite: no direction tried has a negative variance.
        for sign in 0..1u32 << mixture.width() {
            let direction: Vec<f64> =
                (0..mixture.width()).map(|bit| if sign >> bit & 1 == 1 { 1.0 } else { -1.0 }).collect();
            let variance: f64 = covariance
                .indexed_iter()
                .map(|((row, column), entry)| entry * direction[row] * direction[column])
                .sum();
            assert!(variance > 0.0, "{covariance}");
        }
    }
    assert!(mixture.log_likelihoods(points).iter().all(|value| value.is_finite()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_window_gives_valid_mixtures(points in window(), seed in 0u64..1000) {
        let selection = select(points.view(), &[], seed);
        // Only numbers of components above the number of points are left out.
        prop_assert_eq!(selection.candidates().len(), points.nrows().min(6));
        prop_assert_eq!(selection.failures().len(), 6 - points.nrows().min(6));
        let lowest = selection.candidates().iter().map(|c| c.criterion).fold(f64::INFINITY, f64::min);
        prop_assert_eq!(selection.chosen().criterion, lowest);
        for candidate in selection.candidates() {
            check_mixture(&candidate.mixture, points.view());
            prop_assert!(candidate.mean_log_likelihood.is_finite());
            let n = points.nrows();
            let parameters = Criterion::parameters(candidate.components(), points.ncols());
            let expected = Criterion::Aic.score(candidate.mean_log_likelihood * n as f64, parameters, n);
            prop_assert_eq!(candidate.criterion, expected);
        }
    }

    #[test]
    fn equal_inputs_give_equal_bits(points in window(), seed in 0u64..1000) {
        let first = select(points.view(), &[], seed);
        prop_assert_eq!(&first, &select(points.view(), &[], seed));
        let warm = first.into_mixtures();
        let second = select(points.view(), &warm, seed);
        for candidate in second.candidates() {
            check_mixture(&candidate.mixture, points.view());
        }
        prop_assert_eq!(&second, &select(points.view(), &warm, seed));
    }

    #[test]
    fn the_order_of_the_points_does_not_change_the_shape(points in window(), seed in 0u64..1000) {
        let mut reversed = points.clone();
        reversed.invert_axis(Axis(0));
        let (a, b) = (select(points.view(), &[], seed), select(reversed.view(), &[], seed));
        prop_assert_eq!(a.candidates().len(), b.candidates().len());
        // One component has one solution, whatever the order.
        let (a, b) = (a.candidates()[0].mean_log_likelihood, b.candidates()[0].mean_log_likelihood);
        prop_assert!((a - b).abs() <= 1e-6 * a.abs().max(1.0), "{} {}", a, b);
    }

    #[test]
    fn samples_are_finite_and_repeatable(points in window(), seed in 0u64..1000) {
        let mixture = select(points.view(), &[], seed).chosen().mixture.clone();
        for component in 0..mixture.components() {
            let sample = || mixture.sample_component(component, &mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert!(sample().iter().all(|x| x.is_finite()));
            prop_assert_eq!(sample(), sample());
        }
    }

    #[test]
    fn json_keeps_every_bit(points in window(), seed in 0u64..1000) {
        let mixture = select(points.view(), &[], seed).chosen().mixture.clone();
        let text = serde_json::to_string(&mixture).unwrap();
        prop_assert_eq!(serde_json::from_str::<Mixture>(&text).unwrap(), mixture);
    }
}

#[test]
fn one_fit_has_these_bits_in_every_build_and_on_every_machine() {
    // A change of these bits changes every curriculum: it needs a new algorithm version.
    let points = Array2::from_shape_fn((250, 4), |(i, j)| {
        let x = ((i * 7919 + j * 104_729) % 1009) as f64 / 1009.0;
        if j == 3 && i % 3 > 0 { 0.0 } else { x * (1.0 + (i % 2) as f64) }
    });
    let settings = CheckedFitSettings::default();
    let selection =
        fit_best(&EmEngine, points.view(), &settings, &[], &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut hash = 0u64;
    for candidate in selection.candidates() {
        let mixture = &candidate.mixture;
        let sample = mixture.sample_component(0, &mut rng);
        let numbers =
            mixture.weights().iter().chain(mixture.means()).chain(mixture.covariances()).chain(&sample);
        for number in numbers.chain([&candidate.criterion]) {
            hash = hash.rotate_left(5).wrapping_mul(0x0100_0000_01b3) ^ number.to_bits();
        }
    }
    assert_eq!(hash, 0x935a_c759_8d34_a21d, "{hash:#x}");
}
