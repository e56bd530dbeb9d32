//! A curriculum from its creation to its deletion, over gRPC and across restarts.

use super::{NAME, create_walker};
use magister_proto::v1;
use magister_tests::{Client, TestServer, alp_gmm_request, completed, continuous, number};
use tonic::Code;

async fn sample(client: &mut Client, count: u32) -> Vec<v1::Task> {
    let request = v1::SampleTasksRequest { curriculum: NAME.into(), count, ..Default::default() };
    client.sample_tasks(request).await.unwrap().into_inner().tasks
}

async fn report(client: &mut Client, outcomes: Vec<v1::EpisodeOutcome>) -> Vec<v1::EpisodeReceipt> {
    let request = v1::ReportEpisodesRequest { curriculum: NAME.into(), outcomes, ..Default::default() };
    client.report_episodes(request).await.unwrap().into_inner().receipts
}

/// Plays episodes one after another and gives the tasks' heights.
async fn play(client: &mut Client, episodes: usize) -> Vec<f64> {
    let mut heights = Vec::new();
    for _ in 0..episodes {
        let task = sample(client, 1).await.remove(0);
        let height = number(&task, "height");
        heights.push(height);
        report(client, vec![completed(&task, if height > 2.0 { 0.0 } else { (height * 40.0).sin() })]).await;
    }
    heights
}

#[tokio::test]
async fn a_student_trains_and_the_teacher_fits() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let created = create_walker(&mut client, 50).await;
    assert_eq!((created.name.as_str(), created.tasks, created.episodes), (NAME, 0, 0));

    play(&mut client, 130).await;
    let request = v1::GetDistributionRequest { curriculum: NAME.into(), fit: 0 };
    let distribution = client.get_distribution(request).await.unwrap().into_inner();
    assert_eq!(distribution.episodes, 130);
    let Some(v1::task_distribution::Distribution::Mixture(mixture)) = distribution.distribution else {
        panic!("after two fits there is a mixture: {distribution:?}")
    };
    assert_eq!(mixture.fit, 2);
    let odds: f64 = mixture.components.iter().map(|component| component.odds).sum();
    assert!((odds - 1.0).abs() < 1e-9);

    let described =
        client.get_curriculum(v1::GetCurriculumRequest { name: NAME.into() }).await.unwrap().into_inner();
    assert_eq!((described.tasks, described.episodes, described.open_tasks, described.fits), (130, 130, 0, 2));
    assert_eq!(described.position, 260);
    let listed = client.list_curricula(v1::ListCurriculaRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.curricula, [described]);

    client.delete_curriculum(v1::DeleteCurriculumRequest { name: NAME.into() }).await.unwrap();
    let gone = client.get_curriculum(v1::GetCurriculumRequest { name: NAME.into() }).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    assert_eq!(
        create_walker(&mut client, 50).await.tasks,
        0,
        "the name is free again and its new owner begins empty"
    );
}

#[tokio::test]
async fn restarts_and_batches_change_no_task() {
    let unbroken = TestServer::start().await;
    let mut client = unbroken.client().await;
    create_walker(&mut client, 50).await;
    let expected = play(&mut client, 220).await;

    let mut server = TestServer::start().await;
    create_walker(&mut server.client().await, 50).await;
    let mut heights = Vec::new();
    for episodes in [1, 48, 20, 6, 80, 65] {
        heights.extend(play(&mut server.client().await, episodes).await);
        server = server.restart().await;
    }
    assert_eq!(heights, expected);
}

#[tokio::test]
async fn an_open_task_survives_a_restart_and_is_reported_once() {
    let server = TestServer::start().await;
    create_walker(&mut server.client().await, 50).await;
    let tasks = sample(&mut server.client().await, 3).await;
    let server = server.restart().await;
    let mut client = server.client().await;
    let described =
        client.get_curriculum(v1::GetCurriculumRequest { name: NAME.into() }).await.unwrap().into_inner();
    assert_eq!(described.open_tasks, 3);

    let first = report(&mut client, vec![completed(&tasks[1], 1.0), completed(&tasks[1], 2.0)]).await;
    assert_eq!((first[0].episode, first[0].duplicate), (Some(1), false));
    assert_eq!((first[1].episode, first[1].duplicate), (Some(1), true));
    let server = server.restart().await;
    let again = report(&mut server.client().await, vec![completed(&tasks[1], 3.0)]).await;
    assert_eq!((again[0].episode, again[0].alp, again[0].duplicate), (Some(1), first[0].alp, true));
}

#[tokio::test]
async fn a_repeated_request_id_gives_the_same_tasks() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 50).await;
    let request = |count| v1::SampleTasksRequest {
        curriculum: NAME.into(),
        count,
        request_id: "step 7".into(),
        ..Default::default()
    };
    let first = client.sample_tasks(request(3)).await.unwrap().into_inner();
    let again = client.sample_tasks(request(3)).await.unwrap().into_inner();
    assert_eq!(first, again);
    let server = server.restart().await;
    let mut client = server.client().await;
    let later = client.sample_tasks(request(3)).await.unwrap().into_inner();
    let parameters = |answer: &v1::SampleTasksResponse| {
        answer.tasks.iter().map(|task| (task.name.clone(), task.parameters.clone())).collect::<Vec<_>>()
    };
    assert_eq!(parameters(&first), parameters(&later));
    assert_eq!(client.sample_tasks(request(4)).await.unwrap_err().code(), Code::AlreadyExists);
}

/// A name that one call frees and another takes at the same time belongs to the new curriculum.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_that_is_freed_and_taken_at_once_is_not_lost() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let get = || v1::GetCurriculumRequest { name: NAME.into() };
    for round in 0..100 {
        create_walker(&mut client, 50).await;
        let mut other = server.client().await;
        let deletion = tokio::spawn(async move {
            other.delete_curriculum(v1::DeleteCurriculumRequest { name: NAME.into() }).await.unwrap();
        });
        let request = || alp_gmm_request("walker", vec![continuous("height", 0.0, 3.0)], 50);
        while client.create_curriculum(request()).await.is_err() {
            tokio::task::yield_now().await;
        }
        deletion.await.unwrap();
        client.get_curriculum(get()).await.unwrap_or_else(|status| panic!("round {round}: {status}"));
        client.delete_curriculum(v1::DeleteCurriculumRequest { name: NAME.into() }).await.unwrap();
    }
}
