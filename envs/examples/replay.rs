use magister_envs::physics::*;
use magister_envs::track::*;
use magister_envs::walker::*;
use serde_json::Value;
fn main() {
    for path in std::env::args().skip(1) {
        let v: Value =
            serde_json::from_reader(flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap()))
                .unwrap();
        let kind = match v["walker"].as_str().unwrap() {
            "short" => WalkerKind::Short,
            "default" => WalkerKind::Default,
            _ => WalkerKind::Quadrupedal,
        };
        let ground = Ground::from(&Track::from_terrain_json(&v["terrain"].to_string()).unwrap());
        let w = Walker::new(kind, &ground, v["initial_force"].as_f64().unwrap());
        for engine in Engine::available() {
            let mut w = w.clone();
            let mut ws = Stepper::new(engine).unwrap();
            let mut first = None;
            let mut worst = 0.0f64;
            let mut worst_r = 0.0f64;
            let n = kind.observation_count();
            for (i, s) in v["steps"].as_array().unwrap().iter().enumerate() {
                let a: Vec<f64> =
                    s["action"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
                let mut r = [StepResult { reward: 0.0, terminated: false }];
                Walker::step_all(std::slice::from_mut(&mut w), &a, &mut r, &mut ws);
                let r = r[0];
                let mut obs = vec![0.0; n];
                w.observe(&mut obs);
                let p = w.place(0).position;
                let h: Vec<f64> = s["hull"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
                let same = p.x as f64 == h[0] && p.y as f64 == h[1] && w.hull_angle() as f64 == h[2];
                let d = obs
                    .iter()
                    .zip(s["observation"].as_array().unwrap())
                    .map(|(a, b)| (a - b.as_f64().unwrap()).abs())
                    .fold(0.0, f64::max);
                let dr = (r.reward - s["reward"].as_f64().unwrap()).abs();
                if first.is_none() && (!same || d > 1e-12 || dr > 1e-12) {
                    first = Some((i, same, d, dr));
                }
                worst = worst.max(d);
                worst_r = worst_r.max(dr);
            }
            println!("{path} {engine:?} first {first:?} worst {worst:e} {worst_r:e}");
        }
    }
}
