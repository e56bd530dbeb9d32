//! The `Teach` stream, pauses and edits, and the calls that look back.

use std::time::Duration;

use super::{NAME, create_walker};
use futures_util::FutureExt;
use magister_proto::v1::{self, teach_request::Message};
use magister_tests::{Client, TestServer, completed, number};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;

/// Both ends of a stream on behalf of a student.
struct Stream {
    steps: mpsc::Sender<v1::TeachRequest>,
    answers: Streaming<v1::TeachResponse>,
}

impl Stream {
    async fn open(client: &mut Client) -> Self {
        let (steps, requests) = mpsc::channel(64);
        let open =
            v1::teach_request::Open { curriculum: NAME.into(), student: "s".into(), worker: "w".into() };
        steps.send(v1::TeachRequest { message: Some(Message::Open(open)) }).await.unwrap();
        let answers = client.teach(ReceiverStream::new(requests)).await.unwrap().into_inner();
        Self { steps, answers }
    }

    async fn send(&self, outcomes: Vec<v1::EpisodeOutcome>, count: u32) {
        let step = v1::teach_request::Step { outcomes, count, request_id: String::new() };
        self.steps.send(v1::TeachRequest { message: Some(Message::Step(step)) }).await.unwrap();
    }

    async fn answer(&mut self) -> Result<v1::TeachResponse, Status> {
        self.answers.next().await.expect("the stream goes on")
    }
}

fn episode_return(task: &v1::Task) -> f64 {
    (number(task, "height") * 40.0).sin()
}

/// Plays one episode after another on a stream and gives the tasks.
async fn play(client: &mut Client, episodes: usize) -> Vec<v1::Task> {
    let mut stream = Stream::open(client).await;
    stream.send(Vec::new(), 1).await;
    let mut tasks = Vec::new();
    for _ in 0..episodes {
        let task = stream.answer().await.unwrap().tasks.remove(0);
        stream.send(vec![completed(&task, episode_return(&task))], 1).await;
        tasks.push(task);
    }
    // The task that came with the last report is left open.
    stream.answer().await.unwrap();
    tasks
}

async fn status_of(client: &mut Client, message: Message) -> Status {
    let requests = tokio_stream::once(v1::TeachRequest { message: Some(message) });
    let mut answers = client.teach(requests).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap_err()
}

#[tokio::test]
async fn a_stream_gives_the_tasks_of_single_calls() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 40).await;
    let streamed = play(&mut client, 150).await;

    let other = TestServer::start().await;
    let mut client = other.client().await;
    create_walker(&mut client, 40).await;
    for (index, streamed) in streamed.iter().enumerate() {
        let request = v1::SampleTasksRequest { curriculum: NAME.into(), ..Default::default() };
        let task = client.sample_tasks(request).await.unwrap().into_inner().tasks.remove(0);
        assert_eq!(task.parameters, streamed.parameters, "task {index}");
        let outcomes = vec![completed(&task, episode_return(&task))];
        let request = v1::ReportEpisodesRequest { curriculum: NAME.into(), outcomes, ..Default::default() };
        client.report_episodes(request).await.unwrap();
    }
}

#[tokio::test]
async fn many_steps_may_be_in_flight_and_are_answered_in_order() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 40).await;
    let mut stream = Stream::open(&mut client).await;
    for count in [1, 2, 3, 1, 5] {
        stream.send(Vec::new(), count).await;
    }
    let mut next = 1;
    for count in [1, 2, 3, 1, 5] {
        let tasks = stream.answer().await.unwrap().tasks;
        assert_eq!(tasks.len(), count);
        for task in tasks {
            assert_eq!(task.name, format!("{NAME}/tasks/{next}"));
            next += 1;
        }
    }
}

#[tokio::test]
async fn a_refused_step_ends_the_stream_and_leaves_those_before_it() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 40).await;
    let mut stream = Stream::open(&mut client).await;
    stream.send(Vec::new(), 1).await;
    let task = stream.answer().await.unwrap().tasks.remove(0);
    stream.send(vec![completed(&task, 1.0)], 0).await;
    stream.send(vec![completed(&task, f64::NAN)], 1).await;
    assert_eq!(stream.answer().await.unwrap().receipts[0].episode, Some(1));
    let refused = stream.answer().await.unwrap_err();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "INVALID_OUTCOME");
    let info =
        client.get_curriculum(v1::GetCurriculumRequest { name: NAME.into() }).await.unwrap().into_inner();
    assert_eq!((info.tasks, info.episodes), (1, 1));

    let step = v1::teach_request::Step { count: 1, ..Default::default() };
    assert_eq!(status_of(&mut client, Message::Step(step)).await.code(), Code::InvalidArgument);
    let open = v1::teach_request::Open { curriculum: "curricula/none".into(), ..Default::default() };
    assert_eq!(status_of(&mut client, Message::Open(open)).await.code(), Code::NotFound);
}

#[tokio::test]
async fn a_paused_curriculum_takes_reports_and_gives_no_tasks() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 40).await;
    let sample = || v1::SampleTasksRequest { curriculum: NAME.into(), ..Default::default() };
    let task = client.sample_tasks(sample()).await.unwrap().into_inner().tasks.remove(0);
    let pause = |paused| v1::UpdateCurriculumRequest {
        name: NAME.into(),
        paused: Some(paused),
        ..Default::default()
    };
    let paused = client.update_curriculum(pause(true)).await.unwrap().into_inner();
    assert_eq!(paused.state(), v1::curriculum::State::Paused);

    let refused = client.sample_tasks(sample()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "CURRICULUM_PAUSED");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    let request = v1::ReportEpisodesRequest {
        curriculum: NAME.into(),
        outcomes: vec![completed(&task, 1.0)],
        ..Default::default()
    };
    let receipts = client.report_episodes(request).await.unwrap().into_inner().receipts;
    assert_eq!(receipts[0].episode, Some(1));

    let server = server.restart().await;
    let mut client = server.client().await;
    assert_eq!(client.sample_tasks(sample()).await.unwrap_err().code(), Code::FailedPrecondition);
    client.update_curriculum(pause(false)).await.unwrap();
    assert_eq!(client.sample_tasks(sample()).await.unwrap().into_inner().tasks.len(), 1);
}

#[tokio::test]
async fn edits_take_effect_together_or_not_at_all() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 40).await;
    let get = v1::GetCurriculumRequest { name: NAME.into() };
    let before = client.get_curriculum(get.clone()).await.unwrap().into_inner();
    let edit = |ratio| v1::UpdateCurriculumRequest {
        name: NAME.into(),
        display_name: Some("Läufer <1>".into()),
        alp_gmm: Some(v1::update_curriculum_request::AlpGmmEdit {
            random_task_ratio: Some(ratio),
            fit_rate: Some(60),
            ..Default::default()
        }),
        ..Default::default()
    };
    let refused = client.update_curriculum(edit(1.5)).await.unwrap_err();
    let details = refused.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations[0].field, "alp_gmm.random_task_ratio");
    assert_eq!(client.get_curriculum(get.clone()).await.unwrap().into_inner(), before);

    let edited = client.update_curriculum(edit(0.5)).await.unwrap().into_inner();
    let Some(v1::teacher_spec::Algorithm::AlpGmm(params)) = edited.teacher.clone().unwrap().algorithm else {
        panic!("the teacher is ALP-GMM")
    };
    assert_eq!((params.random_task_ratio, params.fit_rate), (Some(0.5), Some(60)));
    assert_eq!((edited.display_name.as_str(), edited.position), ("Läufer <1>", 1));
    let server = server.restart().await;
    assert_eq!(server.client().await.get_curriculum(get).await.unwrap().into_inner(), edited);
}

#[tokio::test]
async fn fits_and_episodes_are_listed_a_page_at_a_time() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let tasks = play(&mut client, 130).await;
    // Fits run beside the calls: the distribution after the last one waits for those that must be in effect.
    let present = v1::GetDistributionRequest { curriculum: NAME.into(), fit: 0 };
    let present = client.get_distribution(present).await.unwrap().into_inner();

    let mut fits = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            v1::ListFitsRequest { curriculum: NAME.into(), page_size: 2, page_token, ..Default::default() };
        let page = client.list_fits(request).await.unwrap().into_inner();
        fits.extend(page.fits);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert!(fits.len() >= 5, "{} fits", fits.len());
    for (index, fit) in fits.iter().enumerate() {
        let due = 20 * (index as u64 + 1);
        assert_eq!((fit.number, fit.due_episode, fit.effect_episode), (index as u64 + 1, due, due + 19));
        assert_eq!(fit.candidates.len(), 9);
    }
    let in_effect = fits[4].distribution.as_ref().unwrap();
    assert_eq!(in_effect.distribution, present.distribution);

    let list = |newest_first, page_size, page_token: &str| v1::ListEpisodesRequest {
        curriculum: NAME.into(),
        page_size,
        page_token: page_token.into(),
        newest_first,
        ..Default::default()
    };
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let page = client.list_episodes(list(true, 50, &token)).await.unwrap().into_inner();
        seen.extend(page.episodes.iter().map(|episode| episode.number.unwrap()));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, (1..=130).rev().collect::<Vec<u64>>());
    let window = v1::ListEpisodesRequest {
        from_episode: Some(31),
        before_episode: Some(34),
        student: Some("s".into()),
        ..list(false, 0, "")
    };
    let window = client.list_episodes(window).await.unwrap().into_inner().episodes;
    assert_eq!(window.iter().map(|episode| episode.number.unwrap()).collect::<Vec<_>>(), [31, 32, 33]);
    assert_eq!(window[0].parameters, tasks[30].parameters);
    assert_eq!(window[0].episode_return, Some(episode_return(&tasks[30])));
    let nobody = v1::ListEpisodesRequest { student: Some("nobody".into()), ..list(false, 0, "") };
    assert!(client.list_episodes(nobody).await.unwrap().into_inner().episodes.is_empty());
    let refused = client.list_episodes(list(false, 0, "after fit 3")).await.unwrap_err();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "INVALID_PAGE_TOKEN");
}

#[tokio::test]
async fn every_task_can_be_explained() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let tasks = play(&mut client, 120).await;
    let mut components = 0;
    for task in &tasks {
        let request = v1::ExplainTaskRequest { task: task.name.clone() };
        let explained = client.explain_task(request).await.unwrap().into_inner();
        let episode = explained.episode.clone().unwrap();
        assert_eq!(episode.task, task.name);
        assert!(explained.origin_probability > 0.0 && explained.origin_probability <= 1.0);
        if let Some(nearest) = &explained.nearest {
            let difference = (episode.episode_return.unwrap() - nearest.episode_return.unwrap()).abs();
            assert_eq!(episode.alp, Some(difference));
            assert!(nearest.number < episode.number);
        }
        let from_component =
            matches!(task.origin.as_ref().unwrap().source, Some(v1::origin::Source::Component(_)));
        assert_eq!(explained.component.is_some(), from_component);
        assert_eq!(explained.summary.contains("component"), from_component);
        components += usize::from(from_component);
    }
    assert!(components > 20, "{components} tasks came from a component");
    let unknown = v1::ExplainTaskRequest { task: format!("{NAME}/tasks/999") };
    assert_eq!(client.explain_task(unknown).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn who_watches_sees_each_fit_that_takes_effect() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let request =
        v1::WatchDistributionRequest { curriculum: NAME.into(), after_fit: None, ..Default::default() };
    let mut live = client.watch_distribution(request).await.unwrap().into_inner();
    let first = live.next().await.unwrap().unwrap();
    assert_eq!((first.fit, first.distribution.unwrap().episodes), (None, 0));
    play(&mut client, 100).await;
    let mut latest = 0;
    while latest < 4 {
        let message = live.next().await.unwrap().unwrap();
        let fit = message.fit.unwrap();
        assert!(fit.number > latest);
        latest = fit.number;
    }

    let every = |seconds| v1::WatchDistributionRequest {
        curriculum: NAME.into(),
        min_interval: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..Default::default()
    };
    let mut rare = client.watch_distribution(every(3600)).await.unwrap().into_inner();
    assert_eq!(rare.next().await.unwrap().unwrap().fit.unwrap().number, 4);
    play(&mut client, 100).await;
    while latest < 8 {
        latest = live.next().await.unwrap().unwrap().fit.unwrap().number;
    }
    assert!(rare.next().now_or_never().is_none(), "an hour is not over");
    for seconds in [-1, 3601] {
        assert_eq!(
            client.watch_distribution(every(seconds)).await.unwrap_err().code(),
            Code::InvalidArgument
        );
    }

    let request =
        v1::WatchDistributionRequest { curriculum: NAME.into(), after_fit: Some(1), ..Default::default() };
    let mut replayed = client.watch_distribution(request).await.unwrap().into_inner();
    for number in 2..=4 {
        assert_eq!(replayed.next().await.unwrap().unwrap().fit.unwrap().number, number);
    }
}

#[tokio::test]
async fn a_fork_goes_on_from_its_position_as_the_original_did() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let tasks = play(&mut client, 130).await;
    // One event for the first task, then two for each report with its next task.
    let fork = |position, id: &str| v1::ForkCurriculumRequest {
        source: NAME.into(),
        position,
        curriculum_id: id.into(),
        seed: None,
    };
    for episodes in [0, 19, 39, 61, 130] {
        let id = format!("fork-{episodes}");
        let position = Some(1 + 2 * episodes as u64);
        let forked = client.fork_curriculum(fork(position, &id)).await.unwrap().into_inner();
        assert_eq!((forked.episodes, forked.tasks), (episodes as u64, episodes as u64 + 1));
        assert_eq!((forked.forked_from.as_str(), Some(forked.forked_at)), (NAME, position));
        let mut open = format!("{}/tasks/{}", forked.name, episodes + 1);
        for original in tasks.iter().skip(episodes) {
            let outcome = completed(&v1::Task { name: open, ..Default::default() }, episode_return(original));
            let request = v1::ReportEpisodesRequest {
                curriculum: forked.name.clone(),
                outcomes: vec![outcome],
                ..Default::default()
            };
            client.report_episodes(request).await.unwrap();
            let request = v1::SampleTasksRequest { curriculum: forked.name.clone(), ..Default::default() };
            let next = client.sample_tasks(request).await.unwrap().into_inner().tasks.remove(0);
            let number: usize = next.name.rsplit('/').next().unwrap().parse().unwrap();
            if let Some(expected) = tasks.get(number - 1) {
                assert_eq!(next.parameters, expected.parameters, "{}", next.name);
            }
            open = next.name;
        }
    }
    let beyond = client.fork_curriculum(fork(Some(100_000), "late")).await.unwrap_err();
    assert_eq!(beyond.code(), Code::OutOfRange);
    assert_eq!(client.fork_curriculum(fork(None, "walker")).await.unwrap_err().code(), Code::AlreadyExists);
}

#[tokio::test]
async fn seeds_hold_from_their_forks_on() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let original = play(&mut client, 90).await;
    let fork = |source: &str, episodes: u64, id: &str, seed| v1::ForkCurriculumRequest {
        source: source.into(),
        position: Some(1 + 2 * episodes),
        curriculum_id: id.into(),
        seed,
    };
    // Sampled from there on: after the open task, and with fits that fall due at 40 and later.
    async fn go_on(client: &mut Client, name: &str, from: usize, original: &[v1::Task]) -> Vec<v1::Task> {
        let mut open = v1::Task { name: format!("{name}/tasks/{}", from + 1), ..original[from].clone() };
        let mut tasks = Vec::new();
        for _ in from..80 {
            let outcomes = vec![completed(&open, episode_return(&open))];
            let request =
                v1::ReportEpisodesRequest { curriculum: name.into(), outcomes, ..Default::default() };
            client.report_episodes(request).await.unwrap();
            let request = v1::SampleTasksRequest { curriculum: name.into(), ..Default::default() };
            open = client.sample_tasks(request).await.unwrap().into_inner().tasks.remove(0);
            tasks.push(open.clone());
        }
        tasks
    }
    let parameters =
        |tasks: &[v1::Task]| tasks.iter().map(|task| task.parameters.clone()).collect::<Vec<_>>();
    let reseeded = fork(NAME, 45, "reseeded", Some(77));
    client.fork_curriculum(reseeded).await.unwrap();
    let other = go_on(&mut client, "curricula/reseeded", 45, &original).await;
    assert_ne!(parameters(&other)[..], parameters(&original[46..81])[..]);
    assert_ne!(other[0].parameters, original[46].parameters, "the very next task follows from the new seed");

    // The same fork again goes on the same, and one from before the change goes on as the original did.
    client.fork_curriculum(fork(NAME, 45, "again", Some(77))).await.unwrap();
    let again = go_on(&mut client, "curricula/again", 45, &original).await;
    assert_eq!(parameters(&again), parameters(&other));
    client.fork_curriculum(fork("curricula/reseeded", 30, "before", None)).await.unwrap();
    let before = go_on(&mut client, "curricula/before", 30, &original).await;
    assert_eq!(parameters(&before), parameters(&original[31..81]));
    client.fork_curriculum(fork("curricula/reseeded", 60, "after", None)).await.unwrap();
    let played: Vec<_> = original[..46].iter().chain(&other).cloned().collect();
    let after = go_on(&mut client, "curricula/after", 60, &played).await;
    assert_eq!(parameters(&after), parameters(&played[61..]));
}

#[tokio::test]
async fn open_streams_do_not_keep_a_server_from_stopping() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let request =
        v1::WatchDistributionRequest { curriculum: NAME.into(), after_fit: None, ..Default::default() };
    let mut watching = client.watch_distribution(request).await.unwrap().into_inner();
    watching.next().await.unwrap().unwrap();
    let mut silent = Stream::open(&mut client).await;
    silent.send(Vec::new(), 1).await;
    silent.answer().await.unwrap();

    let stopped = tokio::time::timeout(Duration::from_secs(20), server.restart());
    let server = stopped.await.expect("it stops while clients are connected");
    assert!(watching.next().await.is_none_or(|message| message.is_err()));
    let refused = silent.answer().await.unwrap_err();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "SHUTTING_DOWN");
    let info =
        server.client().await.get_curriculum(v1::GetCurriculumRequest { name: NAME.into() }).await.unwrap();
    assert_eq!(info.into_inner().open_tasks, 1);
}
