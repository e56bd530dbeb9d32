//! The stream through everything that may happen to it: every outcome counts once, and no task is lost.

use std::{collections::HashSet, time::Duration};

use magister_proto::v1;
use magister_student::{
    Client, ConnectOptions, Curriculum, CurriculumSpec, Dimension, Error, Left, Outcome, Reason, Receipt,
    Task, TeachStream,
};
use magister_tests::{CuttingProxy, TestServer};

const NAME: &str = "curricula/walker";

fn spec() -> CurriculumSpec {
    let params = magister_student::AlpGmm { fit_rate: Some(40), ..Default::default() };
    CurriculumSpec::new("walker", magister_student::Teacher::AlpGmm(params))
        .dimension(Dimension::continuous("height", 0.0, 3.0))
        .seed(7)
}

async fn curriculum(uri: String, options: ConnectOptions) -> Curriculum {
    let client = Client::connect_with(uri, options).await.unwrap();
    client.create_or_open(spec()).await.unwrap().on_behalf_of("s", "w")
}

async fn create(server: &TestServer) -> Curriculum {
    curriculum(server.uri(), ConnectOptions::default()).await
}

fn episode_return(task: &Task) -> f64 {
    (task.f64("height").unwrap() * 40.0).sin()
}

async fn ask(stream: &TeachStream) -> Task {
    stream.ask().await.unwrap().unwrap()
}

/// What a run of a stream came to.
#[derive(Debug)]
struct Run {
    tasks: Vec<Task>,
    receipts: Vec<Receipt>,
    left: Left,
}

/// Takes tasks a window at a time and tells of each window in another order, awaiting no receipt until the end.
async fn play(curriculum: &Curriculum, window: u32, rounds: usize) -> Run {
    let stream = curriculum.teach(window).await.unwrap();
    let (mut tasks, mut receipts) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let mut batch = Vec::new();
        for _ in 0..window {
            batch.push(ask(&stream).await);
        }
        batch.rotate_left(round % window as usize);
        receipts.extend(batch.iter().map(|task| stream.tell(task, Outcome::completed(episode_return(task)))));
        tasks.extend(batch);
    }
    let left = stream.finish().await.unwrap();
    let mut received = Vec::new();
    for receipt in receipts {
        received.push(receipt.await.unwrap());
    }
    Run { tasks, receipts: received, left }
}

/// Holds a run's tasks, told and left, against those of another.
fn same(run: &Run, expected: &Run) {
    let all = |run: &Run| -> Vec<(String, f64)> {
        let tasks = run.tasks.iter().chain(&run.left.open_tasks);
        tasks.map(|task| (task.name().to_owned(), task.f64("height").unwrap())).collect()
    };
    let (run, expected) = (all(run), all(expected));
    for (index, (task, expected)) in run.iter().zip(&expected).enumerate() {
        assert_eq!(task, expected, "task {index}");
    }
    assert_eq!(run.len(), expected.len());
}

/// Holds what the server has against what the student did.
async fn check(server: &TestServer, run: &Run) {
    let mut client = server.client().await;
    let get = v1::GetCurriculumRequest { name: NAME.into() };
    let curriculum = client.get_curriculum(get).await.unwrap().into_inner();
    let told = run.tasks.len() as u64;
    assert_eq!(curriculum.episodes, told, "every outcome counts once");
    assert_eq!(curriculum.open_tasks, run.left.open_tasks.len() as u64, "what is left is known");
    assert_eq!(curriculum.tasks, told + curriculum.open_tasks, "no task is lost");
    assert_eq!(run.left.position, Some(curriculum.position));
    let request =
        v1::ListEpisodesRequest { curriculum: NAME.into(), page_size: 10_000, ..Default::default() };
    let episodes = client.list_episodes(request).await.unwrap().into_inner().episodes;
    assert_eq!(episodes.len() as u64, told);
    for ((number, episode), (task, receipt)) in (1..).zip(&episodes).zip(run.tasks.iter().zip(&run.receipts))
    {
        assert_eq!(
            (episode.number, receipt.episode),
            (Some(number), Some(number)),
            "in the order of telling"
        );
        assert_eq!((episode.task.as_str(), receipt.task.as_str()), (task.name(), task.name()));
        assert_eq!(episode.episode_return, Some(episode_return(task)));
        assert_eq!(receipt.alp, episode.alp);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_change_nothing() {
    let mut answered_again = 0;
    for (window, rounds, seed, most_bytes) in [(1, 150, 11, 1500), (8, 60, 12, 4000), (32, 15, 13, 12_000)] {
        let calm = TestServer::start().await;
        let expected = play(&create(&calm).await, window, rounds).await;
        check(&calm, &expected).await;

        let server = TestServer::start().await;
        create(&server).await;
        let proxy = CuttingProxy::start(server.address(), seed, most_bytes).await;
        // The first connect is not repeated: what is tested here comes later.
        let mut client = Client::connect(proxy.uri()).await;
        while client.is_err() {
            client = Client::connect(proxy.uri()).await;
        }
        let curriculum = client.unwrap().open("walker").await.unwrap().on_behalf_of("s", "w");
        let run = play(&curriculum, window, rounds).await;
        assert!(proxy.cuts() > 10, "{} cuts", proxy.cuts());
        same(&run, &expected);
        check(&server, &run).await;
        answered_again += run.receipts.iter().filter(|receipt| receipt.duplicate).count();
    }
    assert!(answered_again > 0, "some answers were lost on the way and came again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_stop_and_start_again() {
    let calm = TestServer::start().await;
    let expected = play(&create(&calm).await, 4, 30).await;

    let mut server = TestServer::start().await;
    let curriculum = create(&server).await;
    let stream = curriculum.teach(4).await.unwrap();
    let (mut tasks, mut receipts) = (Vec::new(), Vec::new());
    for round in 0..30 {
        let mut batch = Vec::new();
        for _ in 0..4 {
            batch.push(ask(&stream).await);
        }
        batch.rotate_left(round % 4);
        // Some is told before the server stops, some while it is away, some when it is back.
        let mut tell =
            |task: &Task| receipts.push(stream.tell(task, Outcome::completed(episode_return(task))));
        tell(&batch[0]);
        if round % 12 == 5 {
            let stopped = server.stop().await;
            batch[1..3].iter().for_each(&mut tell);
            server = stopped.start().await.unwrap();
        } else {
            batch[1..3].iter().for_each(&mut tell);
        }
        tell(&batch[3]);
        tasks.extend(batch);
    }
    let left = stream.finish().await.unwrap();
    let mut run = Run { tasks, receipts: Vec::new(), left };
    for receipt in receipts {
        run.receipts.push(receipt.await.unwrap());
    }
    same(&run, &expected);
    check(&server, &run).await;
}

#[tokio::test]
async fn a_stream_that_stops_asking_leaves_nothing() {
    let server = TestServer::start().await;
    let curriculum = create(&server).await;
    let stream = curriculum.teach(3).await.unwrap();
    let first = ask(&stream).await;
    stream.stop_asking();
    let receipt = stream.tell(&first, Outcome::completed(1.0)).await.unwrap();
    assert_eq!(receipt.episode, Some(1));
    while let Some(task) = stream.ask().await.unwrap() {
        stream.tell(&task, Outcome::infeasible("too high"));
    }
    assert_eq!(stream.ask().await.unwrap(), None);
    assert_eq!(stream.finish().await.unwrap().open_tasks, []);
    let info = curriculum.describe().await.unwrap();
    assert_eq!((info.tasks, info.episodes, info.open_tasks), (3, 3, 0));
}

#[tokio::test]
async fn a_dropped_stream_delivers_what_was_told() {
    let server = TestServer::start().await;
    let curriculum = create(&server).await;
    let stream = curriculum.teach(3).await.unwrap();
    for _ in 0..5 {
        let task = ask(&stream).await;
        stream.tell(&task, Outcome::completed(1.0));
    }
    drop(stream);
    while curriculum.describe().await.unwrap().episodes < 5 {}
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_task() {
    let server = TestServer::start().await;
    let curriculum = create(&server).await;
    let stream = curriculum.teach(2).await.unwrap();
    let mut names = HashSet::new();
    for _ in 0..200 {
        tokio::select! {
            biased;
            task = stream.ask() => {
                let task = task.unwrap().unwrap();
                stream.tell(&task, Outcome::completed(episode_return(&task)));
                assert!(names.insert(task.name().to_owned()));
            }
            () = tokio::task::yield_now() => {}
        }
    }
    let left = stream.finish().await.unwrap();
    let info = curriculum.describe().await.unwrap();
    assert_eq!((info.episodes, info.open_tasks), (names.len() as u64, 2));
    assert_eq!(left.open_tasks.len(), 2);
    assert!(left.open_tasks.iter().all(|task| names.insert(task.name().to_owned())));
}

async fn pause(server: &TestServer, paused: bool) {
    let request =
        v1::UpdateCurriculumRequest { name: NAME.into(), paused: Some(paused), ..Default::default() };
    server.client().await.update_curriculum(request).await.unwrap();
}

#[tokio::test]
async fn during_a_pause_outcomes_are_taken_and_asks_wait() {
    let server = TestServer::start().await;
    let curriculum = create(&server).await;
    let stream = curriculum.teach(4).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        tasks.push(ask(&stream).await);
    }
    pause(&server, true).await;
    let receipts: Vec<_> = tasks.iter().map(|task| stream.tell(task, Outcome::completed(1.0))).collect();
    for (number, receipt) in (1..).zip(receipts) {
        assert_eq!(receipt.await.unwrap().episode, Some(number));
    }
    assert_eq!(curriculum.describe().await.unwrap().tasks, 4, "none is handed out");
    pause(&server, false).await;
    for number in 5..=8 {
        assert_eq!(ask(&stream).await.name(), format!("{NAME}/tasks/{number}"));
    }
    assert_eq!(stream.finish().await.unwrap().open_tasks.len(), 4);
}

#[tokio::test]
async fn a_pause_is_waited_for_no_longer_than_asked() {
    let server = TestServer::start().await;
    let options = ConnectOptions::default().retry_for(Duration::from_millis(100));
    let curriculum = curriculum(server.uri(), options).await;
    let stream = curriculum.teach(1).await.unwrap();
    let task = ask(&stream).await;
    pause(&server, true).await;
    stream.tell(&task, Outcome::completed(1.0));
    let error = stream.ask().await.unwrap_err();
    assert!(matches!(error, Error::GaveUp { .. }), "{error}");
    assert_eq!(error.reason(), Some(&Reason::CurriculumPaused));
    let unfinished = stream.finish().await.unwrap_err();
    assert_eq!(unfinished.error.reason(), Some(&Reason::CurriculumPaused));
    assert_eq!(unfinished.left.open_tasks, []);
}

#[tokio::test]
async fn a_refused_outcome_concerns_nobody_else() {
    let server = TestServer::start().await;
    let curriculum = create(&server).await;
    let stream = curriculum.teach(3).await.unwrap();
    let (first, second, third) = (ask(&stream).await, ask(&stream).await, ask(&stream).await);
    let before = stream.tell(&first, Outcome::completed(1.0));
    let refused = stream.tell(&second, Outcome::completed(f64::NAN));
    let after = stream.tell(&third, Outcome::completed(3.0));
    assert_eq!(before.await.unwrap().episode, Some(1));
    assert_eq!(refused.await.unwrap_err().reason(), Some(&Reason::InvalidOutcome));
    assert_eq!(after.await.unwrap().episode, Some(2));

    // Where nobody awaits the receipt, the next task is where it is heard of.
    let fourth = ask(&stream).await;
    drop(stream.tell(&fourth, Outcome::completed(f64::INFINITY)));
    let heard = loop {
        match stream.ask().await {
            Ok(task) => assert!(task.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(heard.reason(), Some(&Reason::InvalidOutcome));
    // A refused outcome has changed nothing: its task can be told of again.
    assert_eq!(stream.tell(&second, Outcome::completed(2.0)).await.unwrap().episode, Some(3));
    let left = stream.finish().await.unwrap();
    assert!(left.open_tasks.contains(&fourth) && !left.open_tasks.contains(&second));
    let info = curriculum.describe().await.unwrap();
    assert_eq!((info.episodes, info.open_tasks), (3, left.open_tasks.len() as u64));
}

#[tokio::test]
async fn a_window_beyond_what_a_student_may_hold_is_refused() {
    let server = TestServer::start().await;
    let client = Client::connect(server.uri()).await.unwrap();
    let curriculum = client.create_or_open(spec().max_open_tasks(3)).await.unwrap();
    let stream = curriculum.teach(5).await.unwrap();
    assert_eq!(stream.ask().await.unwrap_err().reason(), Some(&Reason::TooManyOpenTasks));

    // Another worker holds what there is: asks wait for an outcome of this one.
    let stream = curriculum.teach(2).await.unwrap();
    let (first, second) = (ask(&stream).await, ask(&stream).await);
    let others = curriculum.ask().await.unwrap();
    curriculum.tell(&first, Outcome::completed(1.0)).await.unwrap();
    curriculum.ask().await.unwrap();
    assert!(stream.tell(&first, Outcome::completed(1.0)).await.unwrap().duplicate);
    curriculum.tell(&others, Outcome::completed(1.0)).await.unwrap();
    assert_eq!(stream.tell(&second, Outcome::completed(2.0)).await.unwrap().episode, Some(3));
    assert_ne!(ask(&stream).await, ask(&stream).await);
    assert!(curriculum.teach(0).await.is_err() && curriculum.teach(1001).await.is_err());
}

#[tokio::test]
async fn what_a_server_that_stays_away_did_not_take_is_given_back() {
    let server = TestServer::start().await;
    let options = ConnectOptions::default().retry_for(Duration::from_millis(300));
    let own = curriculum(server.uri(), options).await;
    let stream = own.teach(3).await.unwrap();
    let (first, second, third) = (ask(&stream).await, ask(&stream).await, ask(&stream).await);
    stream.tell(&first, Outcome::completed(1.0)).await.unwrap();
    let fourth = ask(&stream).await;
    let stopped = server.stop().await;
    let pending = stream.tell(&second, Outcome::completed(2.0));
    stream.tell(&third, Outcome::completed(3.0));
    assert!(matches!(pending.await, Err(Error::GaveUp { .. })));
    assert!(matches!(stream.ask().await, Err(Error::GaveUp { .. })));
    let unfinished = stream.finish().await.unwrap_err();
    let names: Vec<&str> = unfinished.unacknowledged.iter().map(|(task, _)| task.name()).collect();
    assert_eq!(names, [second.name(), third.name()]);
    assert_eq!(unfinished.left.open_tasks, [fourth]);
    assert!(unfinished.to_string().starts_with("2 outcomes are not acknowledged: gave up after"));

    let server = stopped.start().await.unwrap();
    let curriculum = create(&server).await;
    let told = unfinished.unacknowledged.iter().map(|(task, outcome)| (task, outcome.clone()));
    let receipts = curriculum.tell_many(told).await.unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.episode).collect::<Vec<_>>(), [Some(2), Some(3)]);
}

#[tokio::test]
async fn a_deleted_curriculum_ends_the_stream() {
    let server = TestServer::start().await;
    let curriculum = create(&server).await;
    let stream = curriculum.teach(1).await.unwrap();
    let task = ask(&stream).await;
    Client::connect(server.uri()).await.unwrap().delete("walker").await.unwrap();
    let told = stream.tell(&task, Outcome::completed(1.0)).await;
    assert_eq!(told.unwrap_err().reason(), Some(&Reason::CurriculumNotFound));
    assert_eq!(stream.ask().await.unwrap_err().reason(), Some(&Reason::CurriculumNotFound));
}
