use magister_envs::physics::*;
use magister_envs::track::*;
use magister_envs::walker::*;
use std::collections::BTreeMap;
use std::time::Instant;
fn main() {
    let arg = |i: usize| std::env::args().nth(i).unwrap_or_default();
    let engines = match arg(1).as_str() {
        "s" => vec![Engine::Scalar],
        "a" => vec![Engine::Avx2],
        "p" => vec![Engine::Portable],
        "b" => vec![Engine::Avx512],
        _ => vec![Engine::Scalar, Engine::Avx2],
    };
    let kinds = match arg(2).as_str() {
        "d" => vec![WalkerKind::Default],
        _ => WalkerKind::ALL.to_vec(),
    };
    let tracks = match arg(3).as_str() {
        "f" => vec!["flat"],
        "t" => vec!["stump"],
        _ => vec!["flat", "stump"],
    };
    let n: usize = arg(4).parse().unwrap_or(64);
    for &track in &tracks {
        for &kind in &kinds {
            for &engine in &engines {
                let mut rng = 12345u64;
                let mut next = move || {
                    rng ^= rng << 13;
                    rng ^= rng >> 7;
                    rng ^= rng << 17;
                    rng as f64 / u64::MAX as f64 * 2.0 - 1.0
                };
                let flat = Ground::from(&TrackParams::Flat.build(0).unwrap());
                let mut make = |f: f64| {
                    let ground = if track == "flat" {
                        flat.clone()
                    } else {
                        let task = BTreeMap::from([
                            ("stump_height".to_owned(), 1.5 + 1.5 * f),
                            ("obstacle_spacing".to_owned(), 3.0),
                        ]);
                        Ground::from(
                            &TrackParams::from_task(Family::Stump, &task)
                                .unwrap()
                                .build((f * 1e6) as i64 as u64)
                                .unwrap(),
                        )
                    };
                    Walker::new(kind, &ground, 5.0 * f)
                };
                let mut walkers: Vec<Walker> = (0..n).map(|_| make(next())).collect();
                let mut stepper = Stepper::new(engine).unwrap();
                let c = kind.action_count();
                let mut results = vec![StepResult { reward: 0.0, terminated: false }; n];
                let mut obs = vec![0.0; kind.observation_count()];
                let t = Instant::now();
                let mut steps = 0;
                let mut sum = 0.0;
                let mut resets = 0;
                while t.elapsed().as_secs_f64() < 2.0 {
                    let a: Vec<f64> = (0..n * c).map(|_| next()).collect();
                    Walker::step_all(&mut walkers, &a, &mut results, &mut stepper);
                    for (w, r) in walkers.iter_mut().zip(&results) {
                        w.observe(&mut obs);
                        sum += obs[0] + r.reward;
                        if r.terminated {
                            resets += 1;
                            *w = make(next());
                        }
                    }
                    steps += n;
                }
                println!(
                    "{track} {kind:?} {engine:?} {:.0} steps/s resets {resets} {sum}",
                    steps as f64 / t.elapsed().as_secs_f64()
                );
            }
        }
    }
}
