//! Times whole curricula on the publication's hypercube: sampling, observing and fitting, per episode.
//!
//! Prints one JSON object a line: `{"bench": "teacher", "case": …, "median": …, "unit": "µs"}`, the
//! median over runs with different seeds. The fits run inline, so that their time is part of the figure.
//!
//! `cargo run --release -p magister-core --example bench_teacher`
#![allow(clippy::print_stdout, reason = "the figures are this program's output")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{sync::Arc, time::Instant};

use magister_core::{
    curriculum::{Curriculum, CurriculumSettings},
    space::{Dimension, TaskSpace},
    teacher::{EpisodeResult, ReturnRange, TeacherParams, alp_gmm::AlpGmmParams},
};
use magister_envs::hypercube::{Hypercube, HypercubeParams};

const EPISODES: u32 = 20_000;
const RUNS: usize = 5;

fn main() {
    let teachers =
        [("alp-gmm", TeacherParams::AlpGmm(AlpGmmParams::default())), ("random", TeacherParams::Random)];
    for (name, teacher) in teachers {
        let mut times_us: Vec<f64> = (1..=RUNS as u64).map(|seed| episode_us(&teacher, seed)).collect();
        times_us.sort_by(f64::total_cmp);
        println!(
            "{}",
            serde_json::json!({
                "bench": "teacher",
                "case": format!("{name}, 2-d hypercube, {EPISODES} episodes"),
                "median": times_us[RUNS / 2],
                "unit": "µs",
            })
        );
    }
}

/// Plays one curriculum and gives its mean time per episode, in µs.
fn episode_us(teacher: &TeacherParams, seed: u64) -> f64 {
    let mut hypercube = Hypercube::new(HypercubeParams::default()).expect("the defaults are valid");
    let dimensions = hypercube.dimension_names().map(|name| Dimension::continuous(name, 0.0, 1.0)).collect();
    let mut curriculum = Curriculum::new(CurriculumSettings {
        space: Arc::new(TaskSpace::new(dimensions).expect("the dimensions are valid")),
        teacher: teacher.clone(),
        seed,
        return_range: Some(ReturnRange::new(0.0, 1.0).expect("0 is below 1")),
    })
    .expect("the defaults are valid");
    let start = Instant::now();
    for _ in 0..EPISODES {
        curriculum.run_fits();
        let task = curriculum.sample().expect("every fit that is due has been run").task;
        let return_ = hypercube.play(task.values()).expect("the space is the hypercube's");
        curriculum
            .observe(&task, EpisodeResult::Completed(return_), "hypercube")
            .expect("returns of the hypercube are finite");
    }
    let elapsed_us = start.elapsed().as_secs_f64() * 1e6;
    std::hint::black_box(hypercube.mastered_percent());
    elapsed_us / f64::from(EPISODES)
}
