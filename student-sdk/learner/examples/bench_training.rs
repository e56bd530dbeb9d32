//! Measures whole training runs: steps a second and where the time goes, in the JSON lines that the top of
//! `tests/peers/bench.py` describes.
//!
//! `cargo run --release -p magister-learner --example bench_training THREADS [STEPS]`; the run is the default one on Stump Tracks under
//! ALP-GMM, from its beginning, with a durable server in the same process and an evaluation every 500,000 steps.
#![allow(clippy::print_stdout, reason = "the lines printed are the result")]

use magister_envs::walker::WalkerKind;
use magister_learner::{PpoSettings, Settings, Space, TrackSpace, Training};
use magister_student::{Client, Teacher};
use magister_tests::TestServer;
use std::fs;
use std::time::{Duration, Instant};

/// What the system counts processor time in.
const TICKS_PER_SECOND: f64 = 100.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads: usize =
        arguments.next().map_or(1, |text| text.parse().expect("the number of threads is a number"));
    let steps: u64 = arguments.next().map_or(2_000_000, |text| text.parse().expect("the steps are a number"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("teacher")
        .enable_all()
        .build()
        .expect("the system gives threads");
    let space = Space::published(TrackSpace::StumpTracks);
    // Started there, so that every thread of the service bears the runtime's name.
    let (server, curriculum) = runtime
        .block_on(runtime.spawn({
            let spec = space.curriculum("walker", Teacher::AlpGmm(Default::default()), 1);
            async move {
                let server = TestServer::start().await;
                let client = Client::connect(server.uri()).await.expect("the server listens");
                let curriculum = client.create_or_open(spec).await.expect("the curriculum can be made");
                (server, curriculum)
            }
        }))
        .expect("nothing panics");
    let settings = Settings {
        space,
        walker: WalkerKind::Default,
        steps,
        seed: 1,
        evaluation_interval: 500_000,
        forget_interval: None,
        ppo: PpoSettings::default(),
    };
    let mut training =
        Training::begin(settings, "bench", None, curriculum, runtime.handle().clone(), threads)
            .expect("the settings hold");
    let began = Instant::now();
    while !training.is_over() {
        training.advance().expect("nothing goes wrong");
    }
    let wall = began.elapsed();
    let name = if threads == 1 { "one thread" } else { "two threads" };
    let print = |what: &str, median: f64, unit: &str| {
        println!(
            r#"{{"bench": "training", "case": "{name}, {what}", "median": {median}, "unit": "{unit}"}}"#
        );
    };
    let share = |part: Duration| 100.0 * part.as_secs_f64() / wall.as_secs_f64();
    let times = training.times();
    print("steps", training.steps() as f64 / wall.as_secs_f64(), "steps/s");
    print("walking", share(times.collecting - times.waiting), "%");
    print("learning", share(times.learning), "%");
    print("evaluating", share(times.evaluating), "%");
    print("waiting for the teacher", share(times.waiting), "%");
    print("teacher, service and client", share(processor_time_of("teacher")), "% of wall");
    drop(training);
    drop(server);
}

/// The processor time that this process's threads of a name have used.
fn processor_time_of(name: &str) -> Duration {
    let mut ticks = 0.0;
    for task in fs::read_dir("/proc/self/task").expect("this is Linux").flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((before, after)) = stat.rsplit_once(')') else { continue };
        if !before.ends_with(&format!("({name}")) {
            continue;
        }
        // User and system time are the 14th and 15th field; the name was the 2nd.
        let fields = after.split_whitespace().skip(11).take(2);
        ticks += fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
    }
    Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
}
