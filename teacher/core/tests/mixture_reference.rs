//! The mixture engines against scikit-learn's fits of windows from real curricula.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and prints its figures")]

use magister_core::mixture::reference::{Comparison, ReferenceWindows, compare};
use magister_core::mixture::{Engine, MixtureEngine};

fn check(engine: &dyn MixtureEngine, file: &str) -> Comparison {
    let path = format!("{}/../../tests/reference/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let windows: ReferenceWindows = serde_json::from_str(&text).unwrap();
    let comparison = compare(engine, &windows, 10).unwrap();
    for case in &comparison.cases {
        println!(
            "{file} episode {:5}: AIC {:10.1} ({:+.2} deviations), log-likelihood {:8.4} ({:+.2}), \
             {} failed, components {:?}",
            case.episode,
            case.best_aic_mean,
            case.aic_deviations,
            case.log_likelihood_mean,
            case.log_likelihood_deviations,
            case.failed_candidates,
            case.chosen_components,
        );
    }
    println!(
        "{file} median deviations: AIC {:+.3}, log-likelihood {:+.3}",
        comparison.median_aic_deviations, comparison.median_log_likelihood_deviations
    );
    comparison
}

fn em_agrees(file: &str) {
    let comparison = check(&*Engine::Em.build().unwrap(), file);
    assert!(comparison.accepted(), "{comparison:?}");
    assert!(comparison.cases.iter().all(|case| case.failed_candidates == 0));
}

#[test]
fn em_agrees_with_scikit_learn_over_3_dimensions() {
    em_agrees("gmm_windows_d2.json");
}

#[test]
fn em_agrees_with_scikit_learn_over_7_dimensions() {
    em_agrees("gmm_windows_d6.json");
}

#[test]
fn em_agrees_with_scikit_learn_over_13_dimensions() {
    em_agrees("gmm_windows_d12.json");
}

#[cfg(feature = "linfa")]
#[test]
fn linfa_agrees_with_scikit_learn() {
    for file in ["gmm_windows_d2.json", "gmm_windows_d6.json", "gmm_windows_d12.json"] {
        assert!(check(&*Engine::Linfa.build().unwrap(), file).accepted());
    }
}
