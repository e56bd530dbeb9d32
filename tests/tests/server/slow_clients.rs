//! Clients that do not read, do not send, or stop in the middle of a message: they hold up nobody else, they cost
//! bounded memory, and the server can stop while they are there.

use std::net::SocketAddr;

use magister_proto::v1::{
    self,
    teach_request::{Message, Open, Step},
};
use magister_tests::{Client, TestServer, alp_gmm_request, completed, continuous};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::mpsc};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Streaming, transport::Endpoint};

const SLOW: &str = "curricula/slow";
const OTHER: &str = "curricula/other";
/// Tasks that each step of the client that does not read asks for.
const TASKS_A_STEP: u32 = 20;
/// Far more steps than the windows of the stream and of its connection may hold.
const MANY_STEPS: u64 = 1500;
/// More messages than the transport keeps for a stream that the service does not read.
const A_FLOOD: u64 = 5000;

async fn create_both(client: &mut Client) {
    for name in [SLOW, OTHER] {
        let (_, id) = name.split_once('/').unwrap();
        let mut request = alp_gmm_request(id, vec![continuous("x", 0.0, 1.0)], 40);
        request.curriculum.as_mut().unwrap().max_open_tasks = Some(1_000_000);
        client.create_curriculum(request).await.unwrap();
    }
}

/// Plays episodes through fits on both curricula: it comes back because nobody holds it up.
async fn play(client: &mut Client, episodes: usize) {
    for _ in 0..episodes {
        for curriculum in [SLOW, OTHER] {
            let ask = v1::SampleTasksRequest {
                curriculum: curriculum.into(),
                student: "brisk".into(),
                ..Default::default()
            };
            let task = client.sample_tasks(ask).await.unwrap().into_inner().tasks.remove(0);
            let tell = v1::ReportEpisodesRequest {
                curriculum: curriculum.into(),
                outcomes: vec![completed(&task, 1.0)],
                ..Default::default()
            };
            client.report_episodes(tell).await.unwrap();
        }
    }
}

async fn tasks(client: &mut Client) -> u64 {
    let request = v1::GetCurriculumRequest { name: SLOW.into() };
    client.get_curriculum(request).await.unwrap().into_inner().tasks
}

fn step(request_id: String) -> v1::TeachRequest {
    let step = Step { outcomes: Vec::new(), count: TASKS_A_STEP, request_id };
    v1::TeachRequest { message: Some(Message::Step(step)) }
}

/// A stream that sends as fast as it may and whose answers nobody reads; small windows keep the test short.
async fn never_reading(server: &TestServer, steps: u64) -> (Client, Streaming<v1::TeachResponse>) {
    let endpoint = Endpoint::from_shared(server.uri()).unwrap();
    let endpoint = endpoint.initial_stream_window_size(65_535).initial_connection_window_size(65_535);
    let mut client = Client::new(endpoint.connect().await.unwrap());
    let answers = send_steps(&mut client, steps).await;
    (client, answers)
}

/// A stream on which so many steps are sent, as fast as it takes them.
async fn send_steps(client: &mut Client, steps: u64) -> Streaming<v1::TeachResponse> {
    let (messages, requests) = mpsc::channel(1);
    let open = Open { curriculum: SLOW.into(), student: "slow".into(), worker: String::new() };
    messages.send(v1::TeachRequest { message: Some(Message::Open(open)) }).await.unwrap();
    tokio::spawn(async move {
        for number in 0..steps {
            if messages.send(step(format!("step {number}"))).await.is_err() {
                return;
            }
        }
    });
    client.teach(ReceiverStream::new(requests)).await.unwrap().into_inner()
}

/// Plays until nothing but what is played is added, and says how many tasks there are then.
async fn play_until_at_stand(client: &mut Client) -> u64 {
    let mut before = 0;
    loop {
        play(client, 60).await;
        let now = tasks(client).await;
        if now == before + 60 {
            return now;
        }
        before = now;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_read_and_loses_nothing() {
    let server = TestServer::start_in_memory().await;
    let mut client = server.client().await;
    create_both(&mut client).await;
    let (_connection, mut unread) = never_reading(&server, MANY_STEPS).await;

    let at_stand = play_until_at_stand(&mut client).await;
    let asked_for = MANY_STEPS * u64::from(TASKS_A_STEP);
    assert!(at_stand < asked_for / 2, "{at_stand} tasks were given to a client that reads none");

    // Reading sets it going again, and every step is answered, in order, once.
    let mut last = 0;
    for step in 0..MANY_STEPS {
        let answer = unread.next().await.unwrap().unwrap();
        assert_eq!(answer.tasks.len(), TASKS_A_STEP as usize, "step {step}");
        for task in answer.tasks {
            let number: u64 = task.name.rsplit_once('/').unwrap().1.parse().unwrap();
            assert!(number > last, "{} after task {last}", task.name);
            last = number;
        }
    }
    assert!(unread.next().await.is_none());
}

/// The transport cuts off a connection that piles up small messages; others do not notice, and what was asked there can
/// be asked again.
#[tokio::test]
async fn a_client_that_floods_a_stream_it_does_not_read_is_cut_off_alone() {
    let server = TestServer::start_in_memory().await;
    let mut client = server.client().await;
    create_both(&mut client).await;
    let (_connection, mut unread) = never_reading(&server, A_FLOOD).await;
    let at_stand = play_until_at_stand(&mut client).await;

    let mut told = Vec::new();
    while let Some(Ok(answer)) = unread.next().await {
        told.push(answer.tasks);
    }
    assert!((1..MANY_STEPS).contains(&(told.len() as u64)), "{} answers", told.len());
    let mut again = send_steps(&mut client, told.len() as u64).await;
    for tasks in told {
        assert_eq!(again.next().await.unwrap().unwrap().tasks, tasks);
    }
    assert_eq!(tasks(&mut client).await, at_stand, "nothing new was handed out");
}

/// HTTP/2 written by hand: the beginning of a connection, and of one call on it, up to half of its message.
fn half_a_call(path: &str) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(0x4, 0, 0, &[]));
    let headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    // Literal header fields that are not indexed, without Huffman coding (RFC 7541, 6.2.2).
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    let end_of_headers = 0x4;
    bytes.extend(frame(0x1, end_of_headers, 1, &block));
    // A message of 100 bytes is announced, and 10 come.
    bytes.extend(frame(0x0, 0, 1, &[&[0, 0, 0, 0, 100], [0x0a; 10].as_slice()].concat()));
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Clients that are silent each in its own way.
struct Silent {
    _connections: Vec<TcpStream>,
    _teaching: Streaming<v1::TeachResponse>,
    _steps: mpsc::Sender<v1::TeachRequest>,
    _watching: Streaming<v1::WatchDistributionResponse>,
}

impl Silent {
    async fn connect(server: &TestServer, address: SocketAddr) -> Self {
        let mut connections = Vec::new();
        let teach = half_a_call("/magister.v1.TeacherService/Teach");
        let sample = half_a_call("/magister.v1.TeacherService/SampleTasks");
        for bytes in [&[][..], &teach[..10], &teach[..30], &teach, &sample] {
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.write_all(bytes).await.unwrap();
            connections.push(connection);
        }
        let mut client = server.client().await;
        let (steps, requests) = mpsc::channel(1);
        let open = Open { curriculum: SLOW.into(), ..Default::default() };
        steps.send(v1::TeachRequest { message: Some(Message::Open(open)) }).await.unwrap();
        let teaching = client.teach(ReceiverStream::new(requests)).await.unwrap().into_inner();
        let watch = v1::WatchDistributionRequest {
            curriculum: SLOW.into(),
            after_fit: Some(0),
            ..Default::default()
        };
        let watching = client.watch_distribution(watch).await.unwrap().into_inner();
        Self { _connections: connections, _teaching: teaching, _steps: steps, _watching: watching }
    }
}

#[tokio::test]
async fn silent_clients_hold_up_nobody() {
    let server = TestServer::start_in_memory().await;
    let mut client = server.client().await;
    create_both(&mut client).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(Silent::connect(&server, server.address()).await);
    }
    play(&mut client, 200).await;
    play(&mut server.client().await, 50).await;
    assert_eq!(tasks(&mut client).await, 250);
}

#[tokio::test]
async fn clients_that_neither_read_nor_send_do_not_keep_a_server_from_stopping() {
    let server = TestServer::start_in_memory().await;
    let mut client = server.client().await;
    create_both(&mut client).await;
    let _silent = Silent::connect(&server, server.address()).await;
    let _unread = never_reading(&server, MANY_STEPS).await;
    play(&mut client, 60).await;
    let before = tasks(&mut client).await;

    // From here on time passes as soon as nothing else happens.
    tokio::time::pause();
    let server = server.stop().await.start().await.expect("it stopped, and its folder is free");
    tokio::time::resume();
    let now = tasks(&mut server.client().await).await;
    assert!(now >= before, "{now} tasks after {before} were seen");
}
