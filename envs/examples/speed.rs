use magister_envs::physics::*;
use magister_envs::walker::*;
use std::sync::Arc;
use std::time::Instant;
fn main() {
    let n: usize = 64;
    for kind in kinds() {
        let pieces = (0..199)
            .map(|i| {
                let s = 14.0 / 30.0;
                let y = 400.0 / 30.0 / 4.0f64;
                Piece::Edge(
                    Edge::new(
                        Vec2::new((i as f64 * s) as f32, y as f32),
                        Vec2::new(((i + 1) as f64 * s) as f32, y as f32),
                    )
                    .unwrap(),
                )
            })
            .collect();
        let terrain = Arc::new(Terrain::new(pieces, 2.5));
        for engine in engines() {
            let mut rng = 12345u64;
            let mut next = move || {
                rng ^= rng << 13;
                rng ^= rng >> 7;
                rng ^= rng << 17;
                rng as f64 / u64::MAX as f64 * 2.0 - 1.0
            };
            let make = |f: f64| {
                Walker::new(kind, terrain.clone(), 400.0 / 30.0 / 4.0, 190.0 * 14.0 / 30.0, f).unwrap()
            };
            let mut walkers: Vec<Walker> = (0..n).map(|_| make(next() * 5.0)).collect();
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
                        *w = make(next() * 5.0);
                    }
                }
                steps += n;
            }
            println!(
                "{kind:?} {engine:?} {:.0} steps/s resets {resets} {sum}",
                steps as f64 / t.elapsed().as_secs_f64()
            );
        }
    }
}

fn engines() -> Vec<Engine> {
    match std::env::args().nth(1).as_deref() {
        Some("s") => vec![Engine::Scalar],
        Some("a") => vec![Engine::Avx2],
        _ => vec![Engine::Scalar, Engine::Avx2],
    }
}
fn kinds() -> Vec<WalkerKind> {
    match std::env::args().nth(2).as_deref() {
        Some("d") => vec![WalkerKind::Default],
        _ => WalkerKind::ALL.to_vec(),
    }
}
