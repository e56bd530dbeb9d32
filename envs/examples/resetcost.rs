use magister_envs::track::*;
use magister_envs::walker::*;
use std::collections::BTreeMap;
use std::time::Instant;
fn main() {
    for (family, task) in [
        (Family::Flat, BTreeMap::new()),
        (
            Family::Stump,
            BTreeMap::from([("stump_height".to_owned(), 1.5), ("obstacle_spacing".to_owned(), 3.0)]),
        ),
        (Family::Grass, BTreeMap::new()),
        (Family::Hardcore, BTreeMap::new()),
    ] {
        let params = TrackParams::from_task(family, &task).unwrap();
        let n = 3000;
        let t = Instant::now();
        for i in 0..n {
            std::hint::black_box(params.build(i).unwrap());
        }
        let a = t.elapsed().as_secs_f64() / n as f64 * 1e6;
        let tracks: Vec<Track> = (0..n).map(|i| params.build(i).unwrap()).collect();
        let t = Instant::now();
        for t in &tracks {
            std::hint::black_box(Ground::from(t));
        }
        let b = t.elapsed().as_secs_f64() / n as f64 * 1e6;
        let grounds: Vec<Ground> = tracks.iter().map(Ground::from).collect();
        let t = Instant::now();
        for g in &grounds {
            std::hint::black_box(Walker::new(WalkerKind::Default, g, 1.0));
        }
        let c = t.elapsed().as_secs_f64() / n as f64 * 1e6;
        println!(
            "{family:?} surfaces {} track {a:.1} us, terrain {b:.1} us, walker {c:.1} us",
            tracks[0].surfaces().len()
        );
    }
}
