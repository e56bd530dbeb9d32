//! Measures a restart over a long history: the seconds until the first task is given, and the memory, in the JSON
//! lines that the top of `tests/peers/bench.py` describes.
//!
//! `cargo run --release -p magister-service --example bench_restart [episodes] [dimensions] [folder]`; without
//! arguments 1,000,000 episodes in two dimensions in a folder that goes with the run. A folder that holds a store
//! already is measured as it is. Every episode is asked for and reported over the network with a request id of its
//! own, so that the store holds what a long training run leaves behind. Each server runs in a process of its own, so
//! that its memory can be told apart.
#![allow(clippy::print_stdout, reason = "the lines printed are the result")]

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use magister_proto::v1::{self, teacher_service_client::TeacherServiceClient};
use magister_service::{Server, ServerSettings};
use tokio_stream::{StreamExt, wrappers::UnboundedReceiverStream};
use tonic::transport::{Channel, Endpoint};
use v1::teach_request::{Message, Open, Step};

const ID: &str = "long";
const NAME: &str = "curricula/long";
/// Tasks that the student plays at a time.
const IN_FLIGHT: u64 = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", folder] => serve(Path::new(folder)),
        _ => measure(&arguments),
    }
}

/// Serves a folder until standard input closes; prints the address, and its memory whenever a line comes in.
fn serve(folder: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let server =
        runtime.block_on(Server::start(ServerSettings::local(folder))).expect("the folder can be served");
    println!("{}", server.address());
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("the measuring process writes lines");
        if line == "stop" {
            runtime.block_on(server.stop()).expect("a healthy server stops");
            return;
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let figure = status.lines().find_map(|status| status.strip_prefix(line.as_str()));
        println!("{}", figure.map_or("0", |figure| figure.trim().trim_end_matches(" kB")));
    }
}

/// A server in a process of its own.
struct Served {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let program = std::env::current_exe().expect("the running program has a path");
        let mut child = Command::new(program)
            .arg("serve")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can run itself");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut served = Self { child, output, address: String::new() };
        served.address = format!("http://{}", served.line());
        served
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the server prints lines");
        line.trim().to_owned()
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().expect("it is piped"), "{line}").expect("the server reads lines");
    }

    /// A figure of its memory as Linux gives it, in megabytes; 0 elsewhere.
    fn megabytes(&mut self, figure: &str) -> f64 {
        self.tell(figure);
        self.line().parse::<f64>().expect("a number of kilobytes") * 1024.0 / 1e6
    }

    fn kill(mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the process was running");
    }

    fn stop(mut self) {
        self.tell("stop");
        assert!(self.child.wait().expect("the process was running").success());
    }
}

fn measure(arguments: &[&str]) {
    let number = |at: usize, default: u64| {
        arguments.get(at).map_or(default, |text| text.parse().expect("episodes and dimensions are numbers"))
    };
    let (episodes, dimensions) = (number(0, 1_000_000), number(1, 2));
    let own = tempfile::tempdir().expect("the system has a folder for temporary files");
    let folder = arguments.get(2).map_or(own.path(), |folder| Path::new(*folder));
    let case = format!("{episodes} episodes, {dimensions} dimensions");
    let print = |what: &str, value: f64, unit: &str| {
        println!(
            "{{\"bench\": \"restart\", \"case\": \"{case}, {what}\", \"median\": {value:.3}, \"unit\": \"{unit}\"}}"
        );
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");

    if !folder.join("magister.sqlite").exists() {
        let mut served = Served::start(folder);
        let started = Instant::now();
        runtime.block_on(play(&served.address, episodes, dimensions));
        print("played", started.elapsed().as_secs_f64(), "s");
        print("memory after playing", served.megabytes("VmRSS:"), "MB");
        served.kill();
        let bytes = std::fs::metadata(folder.join("magister.sqlite")).map_or(0, |file| file.len());
        print("file", bytes as f64 / 1e6, "MB");
    }
    for how in ["killed", "stopped"] {
        let started = Instant::now();
        let mut served = Served::start(folder);
        let listening = started.elapsed().as_secs_f64();
        runtime.block_on(async {
            let mut client = connect(&served.address).await;
            let request =
                v1::SampleTasksRequest { curriculum: NAME.to_owned(), count: 1, ..Default::default() };
            client.sample_tasks(request).await.expect("a task");
        });
        let first_task = started.elapsed().as_secs_f64();
        print(&format!("listening after it was {how}"), listening, "s");
        print(&format!("first task after it was {how}"), first_task, "s");
        print(&format!("memory after it was {how}"), served.megabytes("VmRSS:"), "MB");
        print(&format!("peak memory after it was {how}"), served.megabytes("VmHWM:"), "MB");
        served.stop();
    }
}

async fn connect(address: &str) -> TeacherServiceClient<Channel> {
    let endpoint = Endpoint::from_shared(address.to_owned()).expect("an address makes a URI");
    TeacherServiceClient::new(endpoint.connect().await.expect("the server listens"))
}

/// Plays `episodes` episodes of a student that learns from one corner of the space to the other.
async fn play(address: &str, episodes: u64, dimensions: u64) {
    let mut client = connect(address).await;
    create(&mut client, dimensions).await;
    let (requests, stream) = tokio::sync::mpsc::unbounded_channel();
    let send = |message| {
        requests.send(v1::TeachRequest { message: Some(message) }).expect("the stream is open");
    };
    send(Message::Open(Open {
        curriculum: NAME.to_owned(),
        student: "student".to_owned(),
        worker: "w".to_owned(),
    }));
    let mut asked = 0;
    let mut ask = |outcomes: Vec<v1::EpisodeOutcome>| {
        asked += 1;
        send(Message::Step(Step {
            outcomes,
            count: u32::from(asked <= episodes),
            request_id: format!("request-{asked:08}"),
        }));
    };
    for _ in 0..IN_FLIGHT.min(episodes) {
        ask(Vec::new());
    }
    let mut answers =
        client.teach(UnboundedReceiverStream::new(stream)).await.expect("a stream").into_inner();
    let mut told = 0;
    while told < episodes {
        let answer = answers.next().await.expect("the stream goes on").expect("an answer");
        for task in answer.tasks {
            told += 1;
            ask(vec![outcome(&task, told as f64 / episodes as f64)]);
        }
    }
}

async fn create(client: &mut TeacherServiceClient<Channel>, dimensions: u64) {
    let dimension = |index: u64| v1::Dimension {
        name: format!("d{index}"),
        kind: Some(v1::dimension::Kind::Continuous(v1::dimension::Continuous { low: 0.0, high: 3.0 })),
        ..Default::default()
    };
    let alp_gmm = v1::teacher_spec::Algorithm::AlpGmm(v1::AlpGmm::default());
    let curriculum = v1::Curriculum {
        space: Some(v1::TaskSpace { dimensions: (0..dimensions).map(dimension).collect() }),
        teacher: Some(v1::TeacherSpec { algorithm: Some(alp_gmm) }),
        ..Default::default()
    };
    let request = v1::CreateCurriculumRequest {
        curriculum_id: ID.to_owned(),
        curriculum: Some(curriculum),
        ..Default::default()
    };
    client.create_curriculum(request).await.expect("a valid curriculum");
}

/// The return falls with the difficulty, the sum of the parameters, beyond what has been learned so far.
fn outcome(task: &v1::Task, learned: f64) -> v1::EpisodeOutcome {
    let values = task.parameters.as_ref().expect("a task has parameters").values.values();
    let number = |value: &v1::ParameterValue| match value.value {
        Some(v1::parameter_value::Value::Number(number)) => number,
        _ => 0.0,
    };
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + number(value), count + 1.0));
    let difficulty = sum / (count * 3.0);
    let episode_return = 300.0 * (1.0 - (difficulty - learned).max(0.0) * 4.0).max(0.0);
    let completed = v1::episode_outcome::Completed {
        episode_return,
        length: Some(1000),
        end: v1::episode_outcome::End::Terminated.into(),
        ..Default::default()
    };
    v1::EpisodeOutcome {
        task: task.name.clone(),
        outcome: Some(v1::episode_outcome::Outcome::Completed(completed)),
        ..Default::default()
    }
}
