//! What earlier releases wrote is read by this one, and goes on.
//!
//! `tests/golden/` holds one curriculum twice, as a store of schema version 1 in SQL and as an export of format version
//! 1, and the tasks with which it went on at the time. They are never written anew: a later version gets files of its
//! own beside them, which `cargo test -p magister-tests --test server compatibility -- --ignored` leaves in `target/tmp/`.

use std::{fmt::Write, fs, path::PathBuf};

use super::NAME;
use magister_core::curriculum::ALGORITHM_VERSION;
use magister_proto::v1;
use magister_service::verify_store;
use magister_tests::{Client, TestServer, Usage, completed, number};
use rusqlite::Connection;
use tokio_stream::StreamExt;

const STORE: &str = "store-v1.sql";
const EXPORT: &str = "export-v1.jsonl";
const CONTINUATION: &str = "continuation-v1.txt";

fn golden(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(file)
}

/// The first request of the curriculum, which can be repeated.
fn first_request(name: &str) -> v1::SampleTasksRequest {
    v1::SampleTasksRequest {
        curriculum: name.to_owned(),
        count: 2,
        student: "s".to_owned(),
        request_id: "the first".to_owned(),
        ..Default::default()
    }
}

/// Goes on for some episodes and says with which tasks, bit by bit.
async fn go_on(client: &mut Client, name: &str) -> String {
    let repeated = client.sample_tasks(first_request(name)).await.unwrap().into_inner();
    let names: Vec<_> = repeated.tasks.iter().map(|task| task.name.clone()).collect();
    assert_eq!(names, [1, 2].map(|number| format!("{name}/tasks/{number}")));
    let mut told = String::new();
    for episode in 0..60 {
        let request = v1::SampleTasksRequest { curriculum: name.to_owned(), ..Default::default() };
        let task = client.sample_tasks(request).await.unwrap().into_inner().tasks.remove(0);
        let [x, y] = ["x", "y"].map(|dimension| number(&task, dimension));
        let outcomes = vec![completed(&task, if x < f64::from(episode) / 20.0 { 100.0 - y } else { y })];
        let request =
            v1::ReportEpisodesRequest { curriculum: name.to_owned(), outcomes, ..Default::default() };
        let receipt = client.report_episodes(request).await.unwrap().into_inner().receipts.remove(0);
        let number = task.name.rsplit('/').next().unwrap();
        let alp = receipt.alp.unwrap().to_bits();
        writeln!(told, "{number} {:016x} {:016x} {alp:016x}", x.to_bits(), y.to_bits()).unwrap();
    }
    told
}

fn assert_continuation(told: &str) {
    if ALGORITHM_VERSION == 1 {
        assert_eq!(told, fs::read_to_string(golden(CONTINUATION)).unwrap());
    } else {
        assert_eq!(told.lines().count(), 60);
    }
}

#[tokio::test]
async fn a_store_of_version_1_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("magister.sqlite")).unwrap();
    connection.execute_batch(&fs::read_to_string(golden(STORE)).unwrap()).unwrap();
    drop(connection);
    if ALGORITHM_VERSION == 1 {
        assert!(verify_store(folder.path(), None).unwrap().is_sound());
    }
    let server = TestServer::over(folder).await.unwrap();
    let mut client = server.client().await;
    assert_continuation(&go_on(&mut client, NAME).await);
    let folder = server.stop().await.into_folder();
    if ALGORITHM_VERSION == 1 {
        assert!(verify_store(folder.path(), None).unwrap().is_sound());
    }
}

#[tokio::test]
async fn an_export_of_version_1_goes_on() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let file = fs::read(golden(EXPORT)).unwrap();
    let messages: Vec<_> = file
        .chunks(10_000)
        .map(|chunk| v1::ImportCurriculumRequest { curriculum_id: "walker".into(), chunk: chunk.to_vec() })
        .collect();
    let imported = client.import_curriculum(tokio_stream::iter(messages)).await.unwrap().into_inner();
    assert!(imported.fits > 2 && imported.open_tasks > 0 && imported.display_name == "golden");
    assert_continuation(&go_on(&mut client, NAME).await);
    let folder = server.stop().await.into_folder();
    if ALGORITHM_VERSION == 1 {
        assert!(verify_store(folder.path(), None).unwrap().is_sound());
    }
}

#[tokio::test]
#[ignore = "writes the files that the others read"]
async fn write_the_golden_files() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(Usage::request("walker")).await.unwrap();
    client.sample_tasks(first_request(NAME)).await.unwrap();
    let mut usage = Usage::new(2026);
    usage.drive(&mut client, NAME, 60).await;
    usage.let_a_lease_run_out(&mut client, NAME).await;
    let lasting = v1::UpdateCurriculumRequest {
        name: NAME.into(),
        display_name: Some("golden".into()),
        ..Default::default()
    };
    client.update_curriculum(lasting).await.unwrap();
    usage.drive(&mut client, NAME, 40).await;
    let lasting = v1::UpdateCurriculumRequest {
        name: NAME.into(),
        display_name: Some("golden".into()),
        ..Default::default()
    };
    client.update_curriculum(lasting).await.unwrap();
    // Restarted, so that no fit is under way.
    let server = server.restart().await;
    let mut client = server.client().await;
    let request = v1::ExportCurriculumRequest { name: NAME.into() };
    let mut chunks = client.export_curriculum(request).await.unwrap().into_inner();
    let mut export = Vec::new();
    while let Some(chunk) = chunks.next().await {
        export.extend(chunk.unwrap().chunk);
    }
    let folder = server.stop().await.into_folder();
    let store = dump(&Connection::open(folder.path().join("magister.sqlite")).unwrap());
    let server = TestServer::over(folder).await.unwrap();
    let continuation = go_on(&mut server.client().await, NAME).await;
    let written = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::write(written.join(EXPORT), export).unwrap();
    fs::write(written.join(STORE), store).unwrap();
    fs::write(written.join(CONTINUATION), continuation).unwrap();
}

/// A database as the SQL that makes it.
fn dump(connection: &Connection) -> String {
    let mut sql =
        "-- A store of schema version 1, as the release before the first migration wrote it.\n".to_owned();
    for pragma in ["application_id", "user_version"] {
        let value: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        writeln!(sql, "PRAGMA {pragma} = {value};").unwrap();
    }
    let read = |query: &str| -> Vec<String> {
        let mut statement = connection.prepare(query).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    for statement in read("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    {
        writeln!(sql, "{statement};").unwrap();
    }
    for table in read("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
        let columns = read(&format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')"));
        let row = columns.join(" || ', ' || ");
        for values in read(&format!("SELECT {row} FROM {table}")) {
            writeln!(sql, "INSERT INTO {table} VALUES ({values});").unwrap();
        }
    }
    sql
}
