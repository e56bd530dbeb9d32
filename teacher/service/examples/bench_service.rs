//! Measures the service as its clients see it: every answer durable, the store on a real disk.
//!
//! Server and clients are a process each, and so is the bare tonic echo beside them. They are measured in two
//! placements: "free", where the system moves both over all cores, as when a student and its teacher share a
//! machine; and "a core each", where the server has the first core and the clients have the second (needs
//! `taskset`). Prints JSON lines as the top of `tests/peers/bench.py` describes. The store lies in a new folder
//! under `MAGISTER_BENCH_FOLDER`, or where the system keeps temporary files. Arguments name the measurements to
//! make: unary, teach, crowds, unary-a-core-each; all of them, if there are none.

use std::{
    convert::Infallible,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use magister_proto::v1::{self, teacher_service_client::TeacherServiceClient};
use magister_service::{Server, ServerSettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tonic::{
    server::{NamedService, UnaryService},
    transport::{Channel, Endpoint, server::TcpIncoming},
};
use tonic_prost::ProstCodec;

/// As in the `magister` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Teacher = TeacherServiceClient<Channel>;

const IN_FLIGHT: usize = 64;
const MEASURE: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(1);
/// Linux counts a process's time in these on every machine.
const TICKS_A_SECOND: f64 = 100.0;
const ECHO_PATH: &str = "/bench.Echo/Echo";

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve-echo"] => runtime()?.block_on(serve_echo()),
        ["serve", folder] => runtime()?.block_on(serve(folder)),
        ["client-of-its-own-core"] => runtime()?.block_on(measure_unary(Placement::CoreEach)),
        ref measurements => {
            let wanted = |name: &str| measurements.is_empty() || measurements.contains(&name);
            runtime()?.block_on(async {
                if wanted("unary") {
                    measure_unary(Placement::Free).await?;
                }
                if wanted("teach") {
                    measure_streams("teach, one curriculum, 64 streams of 16", 1, 64, 16).await?;
                }
                if wanted("crowds") {
                    measure_streams("crowd, one curriculum of 1,000 workers", 1, 1000, 1).await?;
                    measure_streams("crowd, 1,000 curricula of one worker", 1000, 1000, 1).await?;
                }
                Ok::<_, Error>(())
            })?;
            if wanted("unary-a-core-each") {
                let status =
                    Placement::CoreEach.command(CLIENT_CORE)?.arg("client-of-its-own-core").status()?;
                if !status.success() {
                    return Err("the clients with a core of their own failed".into());
                }
            }
            Ok(())
        }
    }
}

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";

/// Which cores the server and its clients may use.
#[derive(Clone, Copy)]
enum Placement {
    /// All, both of them.
    Free,
    /// One each.
    CoreEach,
}

impl Placement {
    /// This program, on the core that this placement gives it.
    fn command(self, core: &str) -> Result<Command, Error> {
        let program = std::env::current_exe()?;
        Ok(match self {
            Self::Free => Command::new(program),
            Self::CoreEach => {
                let mut command = Command::new("taskset");
                command.args(["-c", core]).arg(program);
                command
            }
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::CoreEach => "a core each",
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    // As many workers as this process has cores.
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// A server's process; ends with its value.
struct ServerProcess {
    child: Child,
    uri: String,
}

impl ServerProcess {
    fn start(placement: Placement, arguments: &[&str]) -> Result<Self, Error> {
        let mut child = placement.command(SERVER_CORE)?.args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line)?;
        Ok(Self { child, uri: format!("http://{}", line.trim()) })
    }

    /// Time that the process has spent on a core, as Linux tells.
    fn cpu_seconds(&self) -> Result<f64, Error> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program, in parentheses, may hold anything; user and system time are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').ok_or("/proc/PID/stat is not as documented")?;
        let ticks: f64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<f64>())
            .sum::<Result<f64, _>>()?;
        Ok(ticks / TICKS_A_SECOND)
    }

    /// The page for Prometheus.
    async fn metrics(&self) -> Result<String, Error> {
        let address = self.uri.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await?;
        let mut page = String::new();
        connection.read_to_string(&mut page).await?;
        Ok(page)
    }

    async fn channel(&self) -> Result<Channel, Error> {
        Ok(Endpoint::from_shared(self.uri.clone())?.tcp_nodelay(true).connect().await?)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn serve(folder: &str) -> Result<(), Error> {
    let server = Server::start(ServerSettings::local(folder)).await?;
    announce(server.address())?;
    std::future::pending().await
}

async fn serve_echo() -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?)?;
    tonic::transport::Server::builder()
        .add_service(Echo)
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

fn announce(address: SocketAddr) -> Result<(), Error> {
    let mut out = std::io::stdout();
    writeln!(out, "{address}")?;
    Ok(out.flush()?)
}

/// Twelve doubles, there and back.
#[derive(Clone, PartialEq, prost::Message)]
struct Numbers {
    #[prost(double, repeated, tag = "1")]
    values: Vec<f64>,
}

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "bench.Echo";
}

impl UnaryService<Numbers> for Echo {
    type Response = Numbers;
    type Future = std::future::Ready<Result<tonic::Response<Numbers>, tonic::Status>>;

    fn call(&mut self, request: tonic::Request<Numbers>) -> Self::Future {
        std::future::ready(Ok(tonic::Response::new(request.into_inner())))
    }
}

impl tower::Service<http::Request<tonic::body::Body>> for Echo {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<Numbers, Numbers>::default();
            Ok(tonic::server::Grpc::new(codec).unary(Echo, request).await)
        })
    }
}

/// Ask and tell, one call after the other, 64 in flight.
async fn measure_unary(placement: Placement) -> Result<(), Error> {
    let echo = ServerProcess::start(placement, &["serve-echo"])?;
    report(&format!("echo, unary, {}", placement.name()), &echo, echo_workers(&echo).await?, "calls").await?;
    drop(echo);
    let folder = new_folder()?;
    let server = ServerProcess::start(placement, &["serve", path(folder.path())])?;
    create(&server, "one").await?;
    let case = format!("magister, unary, {}", placement.name());
    report(&case, &server, unary_workers(&server).await?, "calls").await
}

/// A report brings the next task, over streams; each stream has a worker's window of steps in flight.
async fn measure_streams(case: &str, curricula: usize, streams: usize, window: usize) -> Result<(), Error> {
    let folder = new_folder()?;
    let server = ServerProcess::start(Placement::Free, &["serve", path(folder.path())])?;
    let names: Vec<String> = (0..curricula).map(|index| format!("c{index}")).collect();
    for name in &names {
        create(&server, name).await?;
    }
    let workers = teach_workers(&server, &names, streams, window).await?;
    let case = format!("magister, {case}");
    report(&case, &server, workers, "episodes").await?;
    let page = server.metrics().await?;
    print(&format!("{case}: drawing one task, p99"), 1e6 * quantile(&page, 0.99)?, "µs")
}

fn new_folder() -> Result<tempfile::TempDir, Error> {
    let base = std::env::var_os("MAGISTER_BENCH_FOLDER").map_or_else(std::env::temp_dir, Into::into);
    Ok(tempfile::tempdir_in(base)?)
}

/// A quantile of the seconds that owners took to draw one task, between the buckets as Prometheus does it.
fn quantile(page: &str, share: f64) -> Result<f64, Error> {
    let mut below = (0.0, 0.0);
    let mut buckets = Vec::new();
    for line in page.lines() {
        let Some(bucket) = line.strip_prefix("magister_sampling_seconds_bucket{le=\"") else { continue };
        let (bound, count) = bucket.split_once("\"} ").ok_or("the metrics page is not as expected")?;
        buckets.push((bound.replace("+Inf", "inf").parse::<f64>()?, count.parse::<f64>()?));
    }
    let &(_, total) = buckets.last().ok_or("the metrics page has no histogram of sampling")?;
    for (bound, count) in buckets {
        if count >= share * total {
            let (low, before) = below;
            return Ok(low + (bound - low) * (share * total - before) / (count - before));
        }
        below = (bound, count);
    }
    Err("no bucket holds the quantile".into())
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

fn print(case: &str, median: f64, unit: &str) -> Result<(), Error> {
    let line = serde_json::json!({ "case": case, "median": median, "unit": unit });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Workers at work, and the counter they all raise.
struct Workers {
    tasks: JoinSet<Result<(), Error>>,
    done: Arc<AtomicU64>,
}

impl Workers {
    fn new() -> Self {
        Self { tasks: JoinSet::new(), done: Arc::default() }
    }
}

/// Prints what the workers get done in a second, once warm, and what it costs the server's process.
async fn report(case: &str, server: &ServerProcess, mut workers: Workers, unit: &str) -> Result<(), Error> {
    tokio::time::sleep(WARM_UP).await;
    let (before, cpu_before, started) =
        (workers.done.load(Ordering::Relaxed), server.cpu_seconds()?, Instant::now());
    tokio::time::sleep(MEASURE).await;
    let done = (workers.done.load(Ordering::Relaxed) - before) as f64;
    let cpu_us = (server.cpu_seconds()? - cpu_before) * 1e6 / done;
    // A worker that ended has failed.
    if let Some(ended) = workers.tasks.try_join_next() {
        ended??;
    }
    print(case, done / started.elapsed().as_secs_f64(), &format!("{unit}/s"))?;
    print(&format!("{case}, server's CPU time for one"), cpu_us, "µs")
}

async fn echo_workers(server: &ServerProcess) -> Result<Workers, Error> {
    let channel = server.channel().await?;
    let mut workers = Workers::new();
    for _ in 0..IN_FLIGHT {
        let (channel, done) = (channel.clone(), Arc::clone(&workers.done));
        workers.tasks.spawn(async move {
            let mut grpc = tonic::client::Grpc::new(channel);
            loop {
                grpc.ready().await?;
                let request = tonic::Request::new(Numbers { values: vec![0.5; 12] });
                let codec = ProstCodec::<Numbers, Numbers>::default();
                let _: tonic::Response<Numbers> =
                    grpc.unary(request, http::uri::PathAndQuery::from_static(ECHO_PATH), codec).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    Ok(workers)
}

async fn create(server: &ServerProcess, id: &str) -> Result<(), Error> {
    let dimension = |name: &str| {
        let continuous = v1::dimension::Continuous { low: 0.0, high: 1.0 };
        let kind = Some(v1::dimension::Kind::Continuous(continuous));
        v1::Dimension { name: name.to_owned(), kind, ..Default::default() }
    };
    let algorithm = v1::teacher_spec::Algorithm::AlpGmm(v1::AlpGmm::default());
    let curriculum = v1::Curriculum {
        space: Some(v1::TaskSpace { dimensions: vec![dimension("x"), dimension("y")] }),
        teacher: Some(v1::TeacherSpec { algorithm: Some(algorithm) }),
        ..Default::default()
    };
    let request = v1::CreateCurriculumRequest {
        curriculum_id: id.to_owned(),
        curriculum: Some(curriculum),
        ..Default::default()
    };
    Teacher::new(server.channel().await?).create_curriculum(request).await?;
    Ok(())
}

/// A return that changes with the task and with time, so that there is progress to fit.
fn outcome(task: &v1::Task, episode: u64) -> v1::EpisodeOutcome {
    let values = &task.parameters.as_ref().expect("a task has parameters").values;
    let sum: f64 = values
        .values()
        .map(|value| match value.value {
            Some(v1::parameter_value::Value::Number(number)) => number,
            _ => 0.0,
        })
        .sum();
    let episode_return = sum * (episode % 1000) as f64;
    let completed = v1::episode_outcome::Completed { episode_return, ..Default::default() };
    v1::EpisodeOutcome {
        task: task.name.clone(),
        outcome: Some(v1::episode_outcome::Outcome::Completed(completed)),
        ..Default::default()
    }
}

/// Each asks, tells, and asks again.
async fn unary_workers(server: &ServerProcess) -> Result<Workers, Error> {
    let channel = server.channel().await?;
    let mut workers = Workers::new();
    for worker in 0..IN_FLIGHT {
        let (mut teacher, done) = (Teacher::new(channel.clone()), Arc::clone(&workers.done));
        workers.tasks.spawn(async move {
            let worker = format!("w{worker}");
            for episode in 0.. {
                let request = v1::SampleTasksRequest {
                    curriculum: "curricula/one".to_owned(),
                    count: 1,
                    worker: worker.clone(),
                    ..Default::default()
                };
                let tasks = teacher.sample_tasks(request).await?.into_inner().tasks;
                done.fetch_add(1, Ordering::Relaxed);
                let request = v1::ReportEpisodesRequest {
                    curriculum: "curricula/one".to_owned(),
                    outcomes: vec![outcome(&tasks[0], episode)],
                    ..Default::default()
                };
                teacher.report_episodes(request).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    Ok(workers)
}

/// Each keeps `window` steps in flight on a stream of its own: a report brings the next task.
async fn teach_workers(
    server: &ServerProcess,
    curricula: &[String],
    streams: usize,
    window: usize,
) -> Result<Workers, Error> {
    let mut channels = Vec::new();
    for _ in 0..8 {
        channels.push(server.channel().await?);
    }
    let mut workers = Workers::new();
    for index in 0..streams {
        let mut teacher = Teacher::new(channels[index % channels.len()].clone());
        let open = v1::teach_request::Open {
            curriculum: format!("curricula/{}", curricula[index % curricula.len()]),
            student: String::new(),
            worker: format!("w{index}"),
        };
        let done = Arc::clone(&workers.done);
        workers.tasks.spawn(async move {
            let (requests, receiver) = tokio::sync::mpsc::channel(2 * window);
            let send = |message| requests.send(v1::TeachRequest { message: Some(message) });
            send(v1::teach_request::Message::Open(open)).await?;
            for _ in 0..window {
                let step = v1::teach_request::Step { count: 1, ..Default::default() };
                send(v1::teach_request::Message::Step(step)).await?;
            }
            let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
            let mut answers = teacher.teach(stream).await?.into_inner();
            let mut episode = 0;
            while let Some(answer) = answers.message().await? {
                done.fetch_add(answer.receipts.len() as u64, Ordering::Relaxed);
                episode += 1;
                let outcomes = answer.tasks.iter().map(|task| outcome(task, episode)).collect();
                let step = v1::teach_request::Step { outcomes, count: 1, ..Default::default() };
                send(v1::teach_request::Message::Step(step)).await?;
            }
            Err("the stream ended".into())
        });
    }
    Ok(workers)
}
