//! What a student sees when the store cannot take a write, and that nothing of it happened.

#![allow(clippy::unwrap_used, reason = "tests")]

use magister_proto::v1;
use magister_service::{Server, ServerError, ServerSettings, StoreError};
use magister_tests::{Client, TestServer, alp_gmm_request, completed, continuous, number};
use rusqlite::Connection;
use tonic::Code;
use tonic_types::StatusExt;

const NAME: &str = "curricula/walker";

async fn create(client: &mut Client) {
    client
        .create_curriculum(alp_gmm_request("walker", vec![continuous("height", 0.0, 3.0)], 20))
        .await
        .unwrap();
}

async fn play(client: &mut Client, episodes: usize) -> Vec<f64> {
    let mut heights = Vec::new();
    for _ in 0..episodes {
        let request = v1::SampleTasksRequest { curriculum: NAME.into(), ..Default::default() };
        let task = client.sample_tasks(request).await.unwrap().into_inner().tasks.remove(0);
        heights.push(number(&task, "height"));
        let outcomes = vec![completed(&task, (heights[heights.len() - 1] * 40.0).sin())];
        let request = v1::ReportEpisodesRequest { curriculum: NAME.into(), outcomes, ..Default::default() };
        client.report_episodes(request).await.unwrap();
    }
    heights
}

#[tokio::test]
async fn a_write_that_fails_is_unavailable_and_never_happened() {
    let twin = TestServer::start().await;
    let mut client = twin.client().await;
    create(&mut client).await;
    let expected = play(&mut client, 90).await;

    let server = TestServer::start().await;
    let mut client = server.client().await;
    create(&mut client).await;
    let mut heights = play(&mut client, 45).await;
    let get = v1::GetCurriculumRequest { name: NAME.into() };
    let before = client.get_curriculum(get.clone()).await.unwrap().into_inner();

    // Another program holds the database's write lock.
    let intruder = Connection::open(server.folder().join("magister.sqlite")).unwrap();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sample = v1::SampleTasksRequest { curriculum: NAME.into(), count: 3, ..Default::default() };
    let refused = client.sample_tasks(sample).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "STORE_UNAVAILABLE");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    intruder.execute_batch("ROLLBACK").unwrap();

    let after = client.get_curriculum(get).await.unwrap().into_inner();
    assert_eq!((after.tasks, after.position), (before.tasks, before.position));
    heights.extend(play(&mut client, 45).await);
    assert_eq!(heights, expected);
}

#[tokio::test]
async fn a_folder_serves_one_server_at_a_time() {
    let server = TestServer::start().await;
    let second = Server::start(ServerSettings::local(server.folder())).await;
    assert!(matches!(second, Err(ServerError::Store(StoreError::InUse(_)))), "{second:?}");
    server.restart().await;
}

#[tokio::test]
async fn files_of_others_and_of_later_releases_are_left_alone() {
    type Expected = fn(&StoreError) -> bool;
    let cases: [(&str, Expected); 3] = [
        ("CREATE TABLE notes (text)", |error| matches!(error, StoreError::Foreign(_))),
        ("PRAGMA application_id = 0x4d677374; PRAGMA user_version = 99", |error| {
            matches!(error, StoreError::Newer { found: 99, .. })
        }),
        ("", |error| matches!(error, StoreError::Damaged(_))),
    ];
    for (sql, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("magister.sqlite");
        if sql.is_empty() {
            std::fs::write(&file, [b'x'; 4096]).unwrap();
        } else {
            Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        }
        let before = std::fs::read(&file).unwrap();
        match Server::start(ServerSettings::local(folder.path())).await {
            Err(ServerError::Store(error)) => assert!(expected(&error), "{error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
    let missing = Server::start(ServerSettings::local("/dev/null/store")).await;
    assert!(matches!(missing, Err(ServerError::Store(StoreError::Folder { .. }))), "{missing:?}");
}
