//! Measures looking into a long curriculum: what each call takes, the first one of a server too, and what ten open
//! pages of the dashboard cost those who ask and tell. Prints JSON lines as the top of `tests/peers/bench.py` describes.
//!
//! `cargo run --release -p magister-service --example bench_inspect [episodes] [folder]`; without arguments 1,000,000
//! episodes of ALP-GMM, which make 4,000 fits, in a new folder that goes with the run, under `MAGISTER_BENCH_FOLDER` or
//! where the system keeps temporary files. A folder that holds such a store already is measured as it is. The server has
//! a process of its own.
#![allow(clippy::print_stdout, reason = "the lines printed are the result")]

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use magister_proto::v1::{self, teacher_service_client::TeacherServiceClient};
use magister_service::{DashboardPage, Server, ServerSettings};
use tokio::task::JoinSet;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Channel, Endpoint};
use v1::teach_request::{Message, Open, Step};

mod page;

use page::Address;

/// As in the `magister` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Teacher = TeacherServiceClient<Channel>;

const ID: &str = "long";
const NAME: &str = "curricula/long";
/// Steps in flight while the history is made, and tasks of each.
const STEPS: u64 = 2;
const TASKS: u64 = 64;
/// Calls of each kind that are timed.
const CALLS: u64 = 60;
const VIEWERS: u64 = 10;
/// Asking and telling, without and with viewers in turn.
const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 5;
const MEASURE: Duration = Duration::from_secs(4);

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments[..] {
        ["serve", folder] => runtime.block_on(serve(folder)),
        [] => runtime.block_on(measure(1_000_000, new_folder()?.path())),
        [episodes] => runtime.block_on(measure(episodes.parse()?, new_folder()?.path())),
        [episodes, folder, ..] => runtime.block_on(measure(episodes.parse()?, Path::new(folder))),
    }
}

fn new_folder() -> Result<tempfile::TempDir, Error> {
    let base = std::env::var_os("MAGISTER_BENCH_FOLDER").map_or_else(std::env::temp_dir, Into::into);
    Ok(tempfile::tempdir_in(base)?)
}

async fn serve(folder: &str) -> Result<(), Error> {
    let settings = ServerSettings { dashboard: DashboardPage::Served, ..ServerSettings::local(folder) };
    let server = Server::start(settings).await?;
    println!("{} {}", server.address(), server.dashboard_url().ok_or("it has a dashboard")?);
    // Until standard input ends.
    let read = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().count());
    read.await?;
    Ok(server.stop().await?)
}

/// A server's process.
struct ServerProcess {
    child: Child,
    uri: String,
    page: Address,
}

impl ServerProcess {
    fn start(folder: &Path) -> Result<Self, Error> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line)?;
        let (address, url) = line.trim().split_once(' ').ok_or("the server did not start")?;
        Ok(Self { child, uri: format!("http://{address}"), page: Address::read(url)? })
    }

    async fn teacher(&self) -> Result<Teacher, Error> {
        let channel = Endpoint::from_shared(self.uri.clone())?.tcp_nodelay(true).connect().await?;
        Ok(Teacher::new(channel).max_decoding_message_size(64 << 20))
    }

    fn stop(mut self) -> Result<(), Error> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

async fn measure(episodes: u64, folder: &Path) -> Result<(), Error> {
    if !folder.join("magister.sqlite").exists() {
        let server = ServerProcess::start(folder)?;
        let started = Instant::now();
        play(&server, episodes).await?;
        print("made the history", started.elapsed().as_secs_f64(), "s")?;
        server.stop()?;
    }
    let server = ServerProcess::start(folder)?;
    let mut teacher = server.teacher().await?;
    // The owner reads its curriculum first; that is a restart's affair.
    let described = get(&mut teacher).await?;
    print("history, episodes", described.episodes as f64, "episodes")?;
    print("history, fits", described.fits as f64, "fits")?;
    let started = Instant::now();
    progress(&mut teacher, 200).await?;
    print("GetProgress, first", started.elapsed().as_secs_f64() * 1e3, "ms")?;
    measure_calls(&mut teacher, &described).await?;
    measure_viewers(&server).await?;
    server.stop()
}

fn print(case: &str, median: f64, unit: &str) -> Result<(), Error> {
    let line = serde_json::json!({ "bench": "inspect", "case": case, "median": median, "unit": unit });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Times calls of every kind, one after another.
async fn measure_calls(teacher: &mut Teacher, described: &v1::Curriculum) -> Result<(), Error> {
    let (episodes, fits) = (described.episodes, described.fits);
    let name = || NAME.to_owned();
    // Some place in the past, another one each time.
    let somewhere = |call: u64, of: u64| 1 + call * 7919 * (of / 1000 + 1) % of.max(1);
    macro_rules! time {
        ($case:expr, $call:ident => $request:expr) => {{
            let mut times = Vec::new();
            for $call in 0..CALLS {
                let started = Instant::now();
                $request;
                times.push(started.elapsed().as_secs_f64() * 1e3);
            }
            report($case, times)?;
        }};
    }
    let points = |from_episode, max_points| v1::ListEpisodePointsRequest {
        curriculum: name(),
        from_episode,
        before_episode: None,
        max_points,
    };
    let density =
        |fit, axes: &[u32]| v1::GetDensityRequest { curriculum: name(), fit, axes: axes.to_vec(), cells: 50 };
    time!("GetCurriculum", _call => get(teacher).await?);
    time!("GetProgress", _call => progress(teacher, 200).await?);
    time!("GetProgress of 1,000 buckets", _call => progress(teacher, 1000).await?);
    time!("Diagnose", _call => {
        teacher.diagnose(v1::DiagnoseRequest { curriculum: name(), stopped_after: None }).await?
    });
    time!("ListEpisodePoints, 1,000 of all", _call => teacher.list_episode_points(points(None, 1000)).await?);
    time!("ListEpisodePoints, the last 1,000", _call => {
        teacher.list_episode_points(points(Some(episodes.saturating_sub(999)), 1000)).await?
    });
    time!("ListEpisodePoints, 5,000 of all", _call => teacher.list_episode_points(points(None, 5_000)).await?);
    time!("ListEpisodePoints, the last 5,000", _call => {
        teacher.list_episode_points(points(Some(episodes.saturating_sub(4999)), 5_000)).await?
    });
    time!("GetDistribution", _call => {
        teacher.get_distribution(v1::GetDistributionRequest { curriculum: name(), fit: 0 }).await?
    });
    time!("GetDistribution of a fit", call => {
        let fit = somewhere(call, fits);
        teacher.get_distribution(v1::GetDistributionRequest { curriculum: name(), fit }).await?
    });
    time!("GetDensity, 50 cells", call => teacher.get_density(density(somewhere(call, fits), &[0])).await?);
    time!("GetDensity, 50 by 50 cells", _call => teacher.get_density(density(0, &[0, 1])).await?);
    time!("GetDensity of a fit, 50 by 50 cells", call => {
        teacher.get_density(density(somewhere(call, fits), &[0, 1])).await?
    });
    time!("ListFits, pages of 40", call => {
        let after_fit = somewhere(call, fits.saturating_sub(40));
        let request = v1::ListFitsRequest { curriculum: name(), page_size: 40, after_fit, ..Default::default() };
        teacher.list_fits(request).await?
    });
    time!("ExplainTask", call => {
        let task = format!("{NAME}/tasks/{}", somewhere(call, episodes));
        teacher.explain_task(v1::ExplainTaskRequest { task }).await?
    });
    Ok(())
}

fn report(case: &str, mut times: Vec<f64>) -> Result<(), Error> {
    times.sort_by(f64::total_cmp);
    print(&format!("{case}, median"), times[times.len() / 2], "ms")?;
    print(&format!("{case}, p99"), times[(times.len() * 99).div_ceil(100) - 1], "ms")
}

/// Asks and tells with and without viewers, in turn.
async fn measure_viewers(server: &ServerProcess) -> Result<(), Error> {
    let done = Arc::new(AtomicU64::new(0));
    let mut students = JoinSet::new();
    let teacher = server.teacher().await?;
    for worker in 0..IN_FLIGHT {
        students.spawn(ask_and_tell(teacher.clone(), format!("w{worker}"), Arc::clone(&done)));
    }
    let rate = async || {
        let (before, started) = (done.load(Ordering::Relaxed), Instant::now());
        tokio::time::sleep(MEASURE).await;
        (done.load(Ordering::Relaxed) - before) as f64 / started.elapsed().as_secs_f64()
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut alone, mut watched, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let without = rate().await;
        let mut viewers = JoinSet::new();
        for viewer in 0..VIEWERS {
            let first = Duration::from_millis(100 * viewer);
            viewers.spawn(page::look(server.page.clone(), first));
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let with = rate().await;
        if let Some(ended) = viewers.try_join_next() {
            ended??;
        }
        viewers.shutdown().await;
        alone.push(without);
        watched.push(with);
        shares.push(with / without);
    }
    // A student that ended has failed.
    if let Some(ended) = students.try_join_next() {
        ended??;
    }
    print("nobody looks, ask + tell", median(alone), "calls/s")?;
    print("ten pages, ask + tell", median(watched), "calls/s")?;
    print("ten pages over nobody, ask + tell", median(shares), "×")
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

async fn ask_and_tell(mut teacher: Teacher, worker: String, done: Arc<AtomicU64>) -> Result<(), Error> {
    loop {
        let curriculum = NAME.to_owned();
        let request = v1::SampleTasksRequest { curriculum, worker: worker.clone(), ..Default::default() };
        let tasks = teacher.sample_tasks(request).await?.into_inner().tasks;
        let curriculum = NAME.to_owned();
        let outcomes = vec![outcome(&tasks[0], 0.5)];
        let request = v1::ReportEpisodesRequest { curriculum, outcomes, ..Default::default() };
        teacher.report_episodes(request).await?;
        done.fetch_add(2, Ordering::Relaxed);
    }
}

async fn get(teacher: &mut Teacher) -> Result<v1::Curriculum, Error> {
    let request = v1::GetCurriculumRequest { name: NAME.to_owned() };
    Ok(teacher.get_curriculum(request).await?.into_inner())
}

/// Looks at the progress, and tells how many episodes there are.
async fn progress(teacher: &mut Teacher, max_buckets: u32) -> Result<u64, Error> {
    let request = v1::GetProgressRequest { curriculum: NAME.to_owned(), max_buckets };
    Ok(teacher.get_progress(request).await?.into_inner().episodes)
}

/// Makes the history: a student that learns from one corner of the space to the other.
async fn play(server: &ServerProcess, episodes: u64) -> Result<(), Error> {
    let mut teacher = server.teacher().await?;
    create(&mut teacher).await?;
    let (requests, stream) = tokio::sync::mpsc::unbounded_channel();
    let send = |message| requests.send(v1::TeachRequest { message: Some(message) });
    send(Message::Open(Open {
        curriculum: NAME.to_owned(),
        student: "student".to_owned(),
        worker: "w".to_owned(),
    }))?;
    let mut asked = 0;
    let mut ask = |outcomes: Vec<v1::EpisodeOutcome>| {
        let count = TASKS.min(episodes - asked);
        asked += count;
        send(Message::Step(Step { outcomes, count: count as u32, request_id: String::new() }))
    };
    for _ in 0..STEPS {
        ask(Vec::new())?;
    }
    let mut answers = teacher.teach(UnboundedReceiverStream::new(stream)).await?.into_inner();
    let mut told = 0;
    while told < episodes {
        let answer = answers.message().await?.ok_or("the stream ended")?;
        told += answer.receipts.len() as u64;
        let learned = told as f64 / episodes as f64;
        if !answer.tasks.is_empty() {
            ask(answer.tasks.iter().map(|task| outcome(task, learned)).collect())?;
        }
    }
    Ok(())
}

async fn create(teacher: &mut Teacher) -> Result<(), Error> {
    let dimension = |name: &str| v1::Dimension {
        name: name.to_owned(),
        kind: Some(v1::dimension::Kind::Continuous(v1::dimension::Continuous { low: 0.0, high: 3.0 })),
        ..Default::default()
    };
    let alp_gmm = v1::teacher_spec::Algorithm::AlpGmm(v1::AlpGmm::default());
    let curriculum = v1::Curriculum {
        space: Some(v1::TaskSpace { dimensions: vec![dimension("height"), dimension("spacing")] }),
        teacher: Some(v1::TeacherSpec { algorithm: Some(alp_gmm) }),
        return_range: Some(v1::curriculum::ReturnRange { low: 0.0, high: 300.0 }),
        mastery_threshold: Some(230.0),
        ..Default::default()
    };
    let request = v1::CreateCurriculumRequest {
        curriculum_id: ID.to_owned(),
        curriculum: Some(curriculum),
        ..Default::default()
    };
    teacher.create_curriculum(request).await?;
    Ok(())
}

/// The return falls with the difficulty, the mean of the parameters, beyond what has been learned so far.
fn outcome(task: &v1::Task, learned: f64) -> v1::EpisodeOutcome {
    let values = task.parameters.as_ref().expect("a task has parameters").values.values();
    let number = |value: &v1::ParameterValue| match value.value {
        Some(v1::parameter_value::Value::Number(number)) => number,
        _ => 0.0,
    };
    let difficulty = values.map(number).sum::<f64>() / 6.0;
    let episode_return = 300.0 * (1.0 - (difficulty - learned).max(0.0) * 4.0).max(0.0);
    let completed = v1::episode_outcome::Completed { episode_return, ..Default::default() };
    v1::EpisodeOutcome {
        task: task.name.clone(),
        outcome: Some(v1::episode_outcome::Outcome::Completed(completed)),
        ..Default::default()
    }
}
