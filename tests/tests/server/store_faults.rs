//! What a student sees when the store cannot take a write, and that nothing of it happened.

use super::{NAME, create_walker};
use magister_proto::v1;
use magister_service::{Server, ServerError, ServerSettings, StoreError};
use magister_tests::{Client, Refusal, TestServer, completed, number};
use rusqlite::Connection;
use tonic::Code;
use tonic_types::StatusExt;

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
    create_walker(&mut client, 20).await;
    let expected = play(&mut client, 90).await;

    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
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

#[tokio::test]
async fn what_is_in_the_way_of_the_store_is_named() {
    // A folder that cannot be made, even by root.
    let refused = Server::start(ServerSettings::local("/proc/magister")).await;
    assert!(matches!(refused, Err(ServerError::Store(StoreError::Folder { .. }))), "{refused:?}");
    for in_the_way in ["magister.lock", "magister.sqlite", "magister.sqlite-wal"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(in_the_way)).unwrap();
        let Err(ServerError::Store(refused)) = Server::start(ServerSettings::local(folder.path())).await
        else {
            panic!("a store was opened in spite of {in_the_way}")
        };
        let is_told = match in_the_way {
            "magister.lock" => matches!(refused, StoreError::Folder { .. }),
            _ => matches!(refused, StoreError::Unusable { .. }),
        };
        assert!(is_told && refused.to_string().contains(&folder.path().display().to_string()), "{refused}");
        std::fs::remove_dir(folder.path().join(in_the_way)).unwrap();
        let server = TestServer::over(folder).await.unwrap();
        create_walker(&mut server.client().await, 20).await;
    }
}

/// Every page of the file in turn holds nonsense. A server may refuse to start, and a call may be refused; what it
/// answers is right, and once the page is as it was the curriculum goes on.
#[tokio::test]
async fn a_damaged_page_is_never_played_from() {
    let twin = TestServer::start().await;
    let mut client = twin.client().await;
    create_walker(&mut client, 20).await;
    let expected = play(&mut client, 70).await;

    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let before = play(&mut client, 50).await;
    assert_eq!(before, expected[..50]);
    let folder = server.stop().await.into_folder();
    let file = folder.path().join("magister.sqlite");
    let whole = std::fs::read(&file).unwrap();
    let (mut not_started, mut refused, mut unread) = (0, 0, 0);
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..page * 4096 + 64].fill(0xa5);
        for beside in ["magister.sqlite-wal", "magister.sqlite-shm"] {
            let _ = std::fs::remove_file(folder.path().join(beside));
        }
        std::fs::write(&file, &damaged).unwrap();
        match Server::start(ServerSettings::local(folder.path())).await {
            Err(ServerError::Store(StoreError::Damaged(_))) => not_started += 1,
            Err(other) => panic!("page {page}: {other}"),
            Ok(server) => {
                let uri = format!("http://{}", server.address());
                let mut client =
                    Client::new(tonic::transport::Endpoint::from_shared(uri).unwrap().connect_lazy());
                let sample = v1::SampleTasksRequest { curriculum: NAME.into(), ..Default::default() };
                match client.sample_tasks(sample).await {
                    Ok(response) => {
                        let height = number(&response.into_inner().tasks[0], "height");
                        assert_eq!(height.to_bits(), expected[50].to_bits(), "page {page}");
                        unread += 1;
                    }
                    Err(status) => {
                        let refusal = Refusal::of(&status);
                        assert_eq!(
                            refusal.reason,
                            v1::ErrorReason::StoreUnavailable,
                            "page {page}: {status}"
                        );
                        assert!(refusal.message.contains("verify-store"), "page {page}: {status}");
                        assert!(status.get_error_details().retry_info().is_some());
                        refused += 1;
                    }
                }
                server.stop().await.unwrap();
            }
        }
    }
    assert!(not_started > 0 && refused > 3, "{not_started} not started, {refused} refused, {unread} unread");
    for beside in ["magister.sqlite-wal", "magister.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(beside));
    }
    std::fs::write(&file, &whole).unwrap();
    let server = TestServer::over(folder).await.unwrap();
    assert_eq!(play(&mut server.client().await, 20).await, expected[50..]);
    let folder = server.stop().await.into_folder();
    assert!(magister_service::verify_store(folder.path(), None).unwrap().is_sound());
}
