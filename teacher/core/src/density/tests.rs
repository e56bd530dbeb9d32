use std::sync::Arc;

use ndarray::{Array1, Array2, Array3};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{
    curriculum::{Curriculum, CurriculumSettings},
    mixture::Mixture,
    space::{Dimension, Task},
    teacher::{
        EpisodeResult, Mutation, Region, TeacherParams,
        alp_gmm::{AlpGmmParams, InitialGaussian},
        oracle::OracleParams,
        riac::RiacParams,
    },
};

fn space() -> TaskSpace {
    TaskSpace::new(vec![
        Dimension::continuous("shape", -1.0, 3.0).with_distance_scale(2.5),
        Dimension::log_scaled("speed", 0.1, 10.0),
        Dimension::integer("steps", -2, 4),
        Dimension::continuous("joints", 0.0, 1.0).vector(9),
    ])
    .unwrap()
}

/// Holds probabilities against the cells that samples fall in.
fn check(name: &str, grid: &Grid, probabilities: &[f64], samples: &[Task]) {
    let mut counts = vec![0.0_f64; probabilities.len()];
    for task in samples {
        let cell = grid.axes().iter().fold(0, |cell, axis| {
            let value = task.values()[axis.axis() as usize];
            let within = axis.borders().partition_point(|&border| border <= value);
            cell * axis.cells() + within.clamp(1, axis.cells()) - 1
        });
        counts[cell] += 1.0;
    }
    let total = samples.len() as f64;
    let (mut statistic, mut degrees, mut rare) = (0.0, 0.0, (0.0, 0.0));
    for (&count, &probability) in counts.iter().zip(probabilities) {
        let expected = probability * total;
        if expected >= 5.0 {
            statistic += (count - expected) * (count - expected) / expected;
            degrees += 1.0;
        } else {
            rare = (rare.0 + count, rare.1 + expected);
        }
    }
    // Five standard deviations of a chi-squared statistic, and of a count.
    assert!(statistic < degrees + 5.0 * (2.0_f64 * degrees).sqrt() + 5.0, "{name}: {statistic} of {degrees}");
    assert!((rare.0 - rare.1).abs() < 5.0 * rare.1.sqrt() + 5.0, "{name}: {rare:?} in rare cells");
}

fn check_sums(name: &str, space: &TaskSpace, distribution: &TaskDistribution, axes: &[u32], cells: u32) {
    let grid = Grid::new(space, axes, cells).unwrap();
    let probabilities = grid.probabilities(distribution);
    assert!(probabilities.iter().all(|&probability| probability >= 0.0), "{name}");
    let sum: f64 = probabilities.iter().sum();
    assert!((sum - 1.0).abs() < 1e-9, "{name}: {sum}");
    let [one, other] = *axes else { return };
    let columns = grid.axes()[1].cells();
    for (axis, marginal) in [
        (one, probabilities.chunks(columns).map(|row| row.iter().sum::<f64>()).collect::<Vec<_>>()),
        (other, (0..columns).map(|cell| probabilities.iter().skip(cell).step_by(columns).sum()).collect()),
    ] {
        let alone = Grid::new(space, &[axis], cells).unwrap().probabilities(distribution);
        for (one, two) in marginal.iter().zip(alone) {
            assert!((one - two).abs() < 1e-9, "{name}, axis {axis}: {one} and {two}");
        }
    }
}

fn curriculum(space: TaskSpace, teacher: TeacherParams) -> Curriculum {
    Curriculum::new(CurriculumSettings { space: Arc::new(space), teacher, seed: 7, return_range: None })
        .unwrap()
}

fn samples(curriculum: &mut Curriculum) -> Vec<Task> {
    (0..60_000).map(|_| curriculum.sample().expect("no fit is awaited").task).collect()
}

/// Plays episodes with progress in a slanting band.
fn play(curriculum: &mut Curriculum, episodes: u32) {
    for episode in 0..episodes {
        curriculum.run_fits();
        let task = curriculum.sample().unwrap().task;
        let values = task.values();
        let distance = values[0] - 1.0 - values[1].ln() + values[2] / 9.0;
        let return_ = if distance.abs() < 0.6 { f64::from(episode % 7) } else { 0.0 };
        curriculum.observe(&task, EpisodeResult::Completed(return_), "student").unwrap();
    }
    curriculum.run_fits();
}

#[test]
fn it_is_what_the_teacher_samples() {
    let params = AlpGmmParams { fit_rate: 200, fit_lag_episodes: Some(0), ..AlpGmmParams::default() };
    let mut fitted = curriculum(space(), TeacherParams::AlpGmm(params.clone()));
    play(&mut fitted, 600);
    assert!(matches!(fitted.distribution().shape, DistributionShape::Mixture { fit: 3, .. }));
    let mutating = RiacParams { mutation_ratio: 0.3, mutation_deviation: 0.2, ..RiacParams::default() };
    let mut cut = curriculum(space(), TeacherParams::Riac(mutating));
    play(&mut cut, 3000);
    let DistributionShape::Regions { regions, .. } = cut.distribution().shape else { panic!("no regions") };
    assert!(regions.len() > 10, "{} regions", regions.len());
    let mut window_step = vec![0.1; 12];
    window_step[..3].copy_from_slice(&[-0.1, 0.0, 0.1]);
    let oracle = OracleParams { window_step, threshold: 1.0, ..OracleParams::default() };
    let mut moved = curriculum(space(), TeacherParams::Oracle(oracle));
    play(&mut moved, 200);
    let mut mean = vec![0.5; 12];
    mean[..3].copy_from_slice(&[2.9, 0.2, 4.0]);
    let initial = Some(InitialGaussian { mean, covariance: vec![0.04; 12] });
    let initial = curriculum(space(), TeacherParams::AlpGmm(AlpGmmParams { initial, ..params }));
    let random = curriculum(space(), TeacherParams::Random);
    let curricula =
        [("fitted", fitted), ("cut", cut), ("moved", moved), ("initial", initial), ("random", random)];
    for (name, mut curriculum) in curricula {
        let distribution = curriculum.distribution();
        let samples = samples(&mut curriculum);
        for axes in [&[0][..], &[1], &[2], &[11], &[0, 1], &[1, 0], &[2, 1], &[3, 11], &[0, 2]] {
            let name = format!("{name}, axes {axes:?}");
            let grid = Grid::new(curriculum.space(), axes, 12).unwrap();
            check(&name, &grid, &grid.probabilities(&distribution), &samples);
            check_sums(&name, curriculum.space(), &distribution, axes, 50);
        }
    }
}

fn gaussian(odds: f64, mean: &[f64], covariance: &[f64]) -> Component {
    Component { weight: odds, odds, mean_alp: 1.0, mean: mean.to_vec(), covariance: covariance.to_vec() }
}

fn draw(components: &[Component], rng: &mut dyn Rng) -> Vec<f64> {
    let width = components[0].mean.len();
    let mut left = rng.random::<f64>();
    let chosen = components.iter().find(|component| {
        left -= component.odds;
        left < 0.0
    });
    let Component { mean, covariance, .. } = chosen.unwrap_or(&components[0]);
    let mixture = Mixture::new(
        Array1::ones(1),
        Array2::from_shape_vec((1, width), mean.clone()).unwrap(),
        Array3::from_shape_vec((1, width, width), covariance.clone()).unwrap(),
    );
    mixture.unwrap().sample_component(0, rng)
}

#[test]
fn thin_slanting_singular_and_far_gaussians_come_out_right() {
    let space =
        TaskSpace::new(vec![Dimension::continuous("x", 0.0, 1.0), Dimension::continuous("y", 0.0, 2.0)])
            .unwrap();
    let thin =
        |slope: f64, width: f64| vec![0.04, slope * 0.04, slope * 0.04, slope * slope * 0.04 + width * width];
    for (name, components) in [
        ("thin", vec![gaussian(1.0, &[0.5, 0.5], &thin(1.0, 1e-3))]),
        ("falling", vec![gaussian(1.0, &[0.4, 0.6], &thin(-0.7, 3e-3))]),
        ("a line", vec![gaussian(1.0, &[0.5, 0.45], &thin(0.9, 0.0))]),
        ("a point", vec![gaussian(1.0, &[0.51, 0.33], &[0.0; 4])]),
        ("not positive", vec![gaussian(1.0, &[0.5, 0.5], &[0.01, 0.02, 0.02, 0.01])]),
        ("far outside", vec![gaussian(1.0, &[-3.0, 40.0], &thin(0.5, 0.2))]),
        (
            "several",
            vec![
                gaussian(0.5, &[0.9, 0.1], &thin(0.3, 0.1)),
                gaussian(0.3, &[0.2, 1.1], &thin(-2.0, 1e-2)),
                gaussian(0.2, &[0.5, 0.5], &[1.0, 0.0, 0.0, 1.0]),
            ],
        ),
    ] {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let samples: Vec<Task> = (0..60_000).map(|_| space.task_at(&draw(&components, &mut rng))).collect();
        let shape = DistributionShape::Mixture { fit: 1, components };
        let distribution = TaskDistribution { exploration_probability: 0.0, shape };
        for (axes, cells) in [(&[0, 1][..], 17), (&[1, 0], 40), (&[0], 60), (&[0, 1], 1)] {
            let name = format!("{name}, axes {axes:?}");
            let grid = Grid::new(&space, axes, cells).unwrap();
            check(&name, &grid, &grid.probabilities(&distribution), &samples);
            check_sums(&name, &space, &distribution, axes, cells);
        }
    }
}

#[test]
fn boxes_fill_the_cells_that_they_lie_in() {
    let space = TaskSpace::new(vec![
        Dimension::continuous("x", 0.0, 4.0).with_distance_scale(2.0),
        Dimension::integer("n", 1, 4),
    ])
    .unwrap();
    let grid = Grid::new(&space, &[0, 1], 4).unwrap();
    let near = |found: Vec<f64>, wanted: [f64; 16]| {
        assert!(found.iter().zip(wanted).all(|(one, two)| (one - two).abs() < 1e-15), "{found:?}");
    };
    let window = DistributionShape::Window { low: vec![0.5, 0.0], high: vec![1.5, 0.25] };
    let distribution = TaskDistribution { exploration_probability: 0.2, shape: window };
    let (some, none) = (0.4 + 0.0125, 0.0125);
    near(
        grid.probabilities(&distribution),
        [none, none, none, none, some, none, none, none, some, none, none, none, none, none, none, none],
    );
    let region = |low: f64, odds: f64| Region {
        low: vec![low, 0.5],
        high: vec![low + 0.5, 1.0],
        mean_alp: 1.0,
        odds,
        episodes: 1,
        parent: None,
        worst: None,
    };
    let shape = DistributionShape::Regions {
        regions: vec![region(0.0, 0.75), region(1.5, 0.25)],
        mutation: Mutation { probability: 0.5, deviations: vec![0.1, 0.1] },
    };
    let distribution = TaskDistribution { exploration_probability: 0.0, shape };
    near(
        grid.probabilities(&distribution),
        [0.0, 0.0, 0.375, 0.375, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.125, 0.125],
    );
    check_sums("regions", &space, &distribution, &[1, 0], 3);
    let shape = DistributionShape::Particles {
        points: vec![vec![0.75, 0.1], vec![1.0, 0.6], vec![2.0, 1.0], vec![2.0, 1.0]],
        reach: vec![0.1, 0.01],
    };
    let distribution = TaskDistribution { exploration_probability: 0.0, shape };
    near(
        grid.probabilities(&distribution),
        [0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.125, 0.0, 0.0, 0.0, 0.125, 0.0, 0.0, 0.0, 0.0, 0.5],
    );
    check_sums("particles", &space, &distribution, &[1, 0], 3);
}

#[test]
fn borders_are_in_the_units_of_the_parameters() {
    let space = space();
    let grid = Grid::new(&space, &[1, 2], 3).unwrap();
    let [speed, steps] = grid.axes() else { panic!("two axes") };
    let wanted = [0.1, 0.1 * 100.0_f64.powf(1.0 / 3.0), 0.1 * 100.0_f64.powf(2.0 / 3.0), 10.0];
    assert!(speed.borders().iter().zip(wanted).all(|(one, two)| (one - two).abs() < 1e-14));
    assert_eq!(steps.borders(), [-2.5, -0.5, 1.5, 4.5]);
    let fine = Grid::new(&space, &[2], 50).unwrap();
    assert_eq!(fine.axes()[0].borders(), [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5]);
    let wide = TaskSpace::new(vec![Dimension::integer("n", -(1 << 53), 1 << 53)]).unwrap();
    let borders = Grid::new(&wide, &[0], 200).unwrap().axes()[0].borders().to_vec();
    assert_eq!((borders.len(), borders.is_sorted()), (201, true));
}

#[test]
fn impossible_grids_are_refused() {
    let space = space();
    for (axes, cells, error) in [
        (&[][..], 5, GridError::Axes(0)),
        (&[0, 1, 2], 5, GridError::Axes(3)),
        (&[3, 12], 5, GridError::NoAxis { index: 1, axis: 12, last: 11 }),
        (&[4, 4], 5, GridError::Twice(4)),
        (&[0], 0, GridError::Cells(0)),
        (&[0], 201, GridError::Cells(201)),
    ] {
        assert_eq!(Grid::new(&space, axes, cells), Err(error));
    }
}
