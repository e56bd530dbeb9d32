//! Measures the history index: time per episode, bulk building and memory, in JSON lines, of which
//! `tests/peers/bench.py` reads those with a case.
//!
//! `cargo run --release -p magister-core --example bench_neighbour [workload] [dimensions] [episodes]`;
//! without arguments every workload runs, each in a process of its own so that its memory can be told apart.
#![allow(clippy::print_stdout, reason = "the lines printed are the result")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::process::Command;
use std::time::Instant;

use magister_core::history::{AlpComputer, NeighbourIndex};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

const WORKLOADS: [&str; 5] = ["mixture", "grid", "uniform", "sorted", "drift"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [workload, dimensions, episodes] = &arguments[..] {
        let dimensions = dimensions.parse().expect("dimensions are a number");
        measure(workload, dimensions, episodes.parse().expect("episodes are a number"));
        return;
    }
    let program = std::env::current_exe().expect("the running program has a path");
    for dimensions in ["2", "12"] {
        for workload in WORKLOADS {
            let status = Command::new(&program).args([workload, dimensions, "1000000"]).status();
            assert!(status.expect("the program can run itself").success());
        }
    }
}

/// Plays `episodes` tasks, times the last of them, and prints one line.
fn measure(workload: &str, dimensions: usize, episodes: usize) {
    let measured = if dimensions <= 4 { 20_000 } else { 1_000 };
    let before = resident_bytes("VmRSS:");
    let mut tasks = Tasks::new(workload, dimensions, episodes);
    let mut index = NeighbourIndex::new(dimensions);
    let mut longest_insert_us = 0.0_f64;
    let started = Instant::now();
    for episode in 0..episodes - measured {
        let task = tasks.next_task();
        let insert = Instant::now();
        index.insert(&task, episode as u64, episode as f64);
        longest_insert_us = longest_insert_us.max(insert.elapsed().as_secs_f64() * 1e6);
    }
    let fill_s = started.elapsed().as_secs_f64();
    let last: Vec<_> = (0..measured).map(|_| tasks.next_task()).collect();
    let started = Instant::now();
    let mut sum = 0.0;
    for (offset, task) in last.iter().enumerate() {
        let neighbour = index.nearest(task, 0).expect("the index is not empty");
        sum += neighbour.squared_distance + neighbour.return_;
        index.insert(task, (episodes - measured + offset) as u64, 0.5);
    }
    let episode_us = started.elapsed().as_secs_f64() * 1e6 / measured as f64;
    let started = Instant::now();
    for (offset, task) in last.iter().enumerate() {
        index.insert(task, (episodes + offset) as u64, 0.5);
    }
    let repeat_us = started.elapsed().as_secs_f64() * 1e6 / measured as f64;
    let (after, peak) = (resident_bytes("VmRSS:"), resident_bytes("VmHWM:"));
    let (distinct, index_bytes) = (index.len(), index.memory_bytes());
    drop(index);

    let mut tasks = Tasks::new(workload, dimensions, episodes);
    let flat: Vec<f64> = (0..episodes).flat_map(|_| tasks.next_task()).collect();
    let started = Instant::now();
    let rows = (0..).zip(flat.chunks_exact(dimensions)).map(|(number, task)| (number, task, 1.0));
    let restored = AlpComputer::from_episodes(dimensions, None, rows);
    let bulk_s = started.elapsed().as_secs_f64();
    assert_eq!(restored.index().len(), distinct);
    let case = format!("{workload}, {dimensions} dimensions");
    println!(
        "{{\"bench\": \"neighbour\", \"case\": \"{case}\", \"median\": {episode_us:.3}, \"unit\": \"µs\"}}"
    );
    println!(
        "{{\"bench\": \"neighbour\", \"case\": \"{case}, memory\", \"median\": {index_bytes}, \"unit\": \"bytes\"}}"
    );
    println!(
        "{{\"workload\": \"{workload}\", \"dimensions\": {dimensions}, \"episodes\": {episodes}, \
         \"distinct\": {distinct}, \"episode_us\": {episode_us:.2}, \"renewal_us\": {repeat_us:.2}, \
         \"fill_s\": {fill_s:.2}, \"longest_insert_us\": {longest_insert_us:.0}, \"bulk_s\": {bulk_s:.2}, \
         \"index_mb\": {:.1}, \"bulk_index_mb\": {:.1}, \"resident_growth_mb\": {:.1}, \
         \"peak_growth_mb\": {:.1}, \
         \"checksum\": {sum}}}",
        index_bytes as f64 / 1e6,
        restored.index().memory_bytes() as f64 / 1e6,
        (after - before) / 1e6,
        (peak - before) / 1e6,
    );
}

/// An endless sequence of tasks in the unit cube.
struct Tasks {
    workload: String,
    dimensions: usize,
    episodes: usize,
    episode: usize,
    centres: Vec<Vec<f64>>,
    random: ChaCha8Rng,
}

impl Tasks {
    fn new(workload: &str, dimensions: usize, episodes: usize) -> Self {
        let random = ChaCha8Rng::seed_from_u64(7);
        Self { workload: workload.to_owned(), dimensions, episodes, episode: 0, centres: Vec::new(), random }
    }

    fn next_task(&mut self) -> Vec<f64> {
        let progress = self.episode as f64 / self.episodes as f64;
        // New centres every 5,000 episodes, as a fitted mixture moves on.
        if self.episode.is_multiple_of(5_000) {
            let centre = |random: &mut ChaCha8Rng| (0..self.dimensions).map(|_| random.random()).collect();
            self.centres = (0..5).map(|_| centre(&mut self.random)).collect();
        }
        self.episode += 1;
        let random = &mut self.random;
        let spread = Normal::new(0.0, 0.15).expect("the deviation is positive");
        let mut uniform = || (0..self.dimensions).map(|_| random.random::<f64>()).collect::<Vec<f64>>();
        match self.workload.as_str() {
            "mixture" => {
                let task = uniform();
                if random.random_bool(0.2) {
                    return task;
                }
                let centre = &self.centres[random.random_range(0..5)];
                centre.iter().map(|mean| (mean + spread.sample(random)).clamp(0.0, 1.0)).collect()
            }
            "grid" => uniform().iter().map(|number| ((number * 20.0).floor() + 0.5) / 20.0).collect(),
            "uniform" => uniform(),
            "sorted" => uniform().iter().map(|number| progress + number * 1e-4).collect(),
            "drift" => uniform().iter().map(|number| (progress + number * 0.1).min(1.0)).collect(),
            other => panic!("no workload is called {other}"),
        }
    }
}

/// A figure of this process's memory as Linux gives it; 0 elsewhere.
fn resident_bytes(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) * 1024.0
}
