//! Times the sweep over 2 to 10 components on windows of 250 points, for every engine of the build.
//!
//! Prints one JSON object a line, as `tests/peers/bench.py` reads them: `{"bench": "mixture", "case": …,
//! "median": …, "unit": "ms", "engine": …, "width": …, "points": 250, "sweeps": …, "fastest_ms": …}`. `width`
//! counts the dimensions of the points, the task's and ALP. With a directory as argument, the windows are also
//! written there as `width_<width>.json` (a list of windows, each a list of points), for another program to time.
//!
//! `cargo run --release -p magister-core --features linfa --example bench_mixture [DIRECTORY]`
#![allow(clippy::print_stdout, reason = "the figures are this program's output")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use magister_core::mixture::{CheckedFitSettings, Engine, MixtureEngine, fit_best};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

const POINTS: usize = 250;
const WINDOWS: usize = 5;
const SWEEPS: usize = 25;

fn main() {
    let directory = std::env::args().nth(1);
    let engines: Vec<(&str, Box<dyn MixtureEngine>)> = [("em", Engine::Em), ("linfa", Engine::Linfa)]
        .into_iter()
        .filter_map(|(name, engine)| Some((name, engine.build().ok()?)))
        .collect();
    for width in [3, 5, 13] {
        let windows: Vec<Array2<f64>> = (0..WINDOWS as u64).map(|seed| window(width, seed)).collect();
        if let Some(directory) = &directory {
            let nested: Vec<Vec<Vec<f64>>> = windows
                .iter()
                .map(|window| window.outer_iter().map(|point| point.to_vec()).collect())
                .collect();
            let text = serde_json::to_string(&nested).expect("finite numbers can be written");
            std::fs::write(format!("{directory}/width_{width}.json"), text)
                .expect("the directory can be written");
        }
        for (name, engine) in &engines {
            let times_ms = sorted_sweep_times_ms(engine.as_ref(), &windows);
            println!(
                "{}",
                serde_json::json!({
                    "bench": "mixture",
                    "case": format!("{name}, width {width}"),
                    "median": times_ms[SWEEPS / 2],
                    "unit": "ms",
                    "engine": name,
                    "width": width,
                    "points": POINTS,
                    "sweeps": SWEEPS,
                    "fastest_ms": times_ms[0],
                })
            );
        }
    }
}

/// The times of all sweeps, fastest first, each with its own seed, the windows taking turns.
fn sorted_sweep_times_ms(engine: &dyn MixtureEngine, windows: &[Array2<f64>]) -> Vec<f64> {
    let settings = CheckedFitSettings::default();
    let mut times_ms: Vec<f64> = (0..SWEEPS)
        .map(|sweep| {
            let mut rng = ChaCha8Rng::seed_from_u64(sweep as u64);
            let start = Instant::now();
            let window = &windows[sweep % windows.len()];
            let selection =
                fit_best(engine, window.view(), &settings, &[], &mut rng).expect("the window can be fitted");
            let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
            std::hint::black_box(selection);
            elapsed_ms
        })
        .collect();
    times_ms.sort_by(f64::total_cmp);
    times_ms
}

/// A window like those of a curriculum in progress: uniform tasks and tasks around three places of learning;
/// ALP falls with the distance to the nearest of them, is noisy, and is exactly zero far away.
fn window(width: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let dims = width - 1;
    let places: Vec<Vec<f64>> = (0..3).map(|_| (0..dims).map(|_| uniform()).collect()).collect();
    let mut points = Array2::zeros((POINTS, width));
    for (index, mut point) in points.outer_iter_mut().enumerate() {
        let exploring = index % 5 == 0;
        let mut nearest = f64::MAX;
        for dimension in 0..dims {
            let spread = (uniform() + uniform() + uniform() + uniform() - 2.0) * 0.2;
            let near = (places[index % 3][dimension] + spread).clamp(0.0, 1.0);
            point[dimension] = if exploring { uniform() } else { near };
        }
        for place in &places {
            let square: f64 = (0..dims).map(|d| (point[d] - place[d]) * (point[d] - place[d])).sum();
            nearest = nearest.min((square / dims as f64).sqrt());
        }
        let progress = (0.6 - 3.0 * nearest).max(0.0) * uniform();
        point[dims] = if progress < 0.05 { 0.0 } else { progress };
    }
    points
}
