//! `verify_store` passes what students left behind, and finds what somebody changed.

use std::{fs, path::Path};

use super::NAME;
use magister_proto::v1;
use magister_service::{DifferenceKind, Rerun, StoreError, StoreReport, verify_store};
use magister_tests::{TestServer, Usage};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio_stream::StreamExt;

/// A server's folder after everything that can happen to a curriculum, on three of them: the original, a fork with
/// another seed, and an import of the fork.
async fn used_folder() -> TempDir {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut usage = Usage::new(11);
    client.create_curriculum(Usage::request("walker")).await.unwrap();
    usage.drive(&mut client, NAME, 120).await;
    usage.let_a_lease_run_out(&mut client, NAME).await;
    let fork = v1::ForkCurriculumRequest {
        source: NAME.into(),
        position: None,
        curriculum_id: "fork".into(),
        seed: Some(5),
    };
    client.fork_curriculum(fork).await.unwrap();
    let mut forked = usage.clone();
    forked.drive(&mut client, "curricula/fork", 100).await;
    // Back to where the seed was another, with the present seed.
    let fork = v1::ForkCurriculumRequest {
        source: "curricula/fork".into(),
        position: Some(200),
        curriculum_id: "early-fork".into(),
        seed: None,
    };
    client.fork_curriculum(fork).await.unwrap();
    usage.drive(&mut client, NAME, 100).await;

    let request = v1::ExportCurriculumRequest { name: "curricula/fork".into() };
    let mut chunks = client.export_curriculum(request).await.unwrap().into_inner();
    let mut messages = Vec::new();
    while let Some(chunk) = chunks.next().await {
        messages
            .push(v1::ImportCurriculumRequest { curriculum_id: "copy".into(), chunk: chunk.unwrap().chunk });
    }
    client.import_curriculum(tokio_stream::iter(messages)).await.unwrap();
    // Snapshots of all, and one that is restored and goes on.
    let server = server.restart().await;
    let mut client = server.client().await;
    forked.drive(&mut client, "curricula/copy", 60).await;
    server.stop().await.into_folder()
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

fn kinds(report: &StoreReport, name: &str) -> Vec<DifferenceKind> {
    let found = report.curricula.iter().find(|curriculum| curriculum.name == name).unwrap();
    found.counts.iter().map(|&(kind, _)| kind).collect()
}

#[tokio::test]
async fn a_used_store_is_sound_and_every_change_is_found() {
    let folder = used_folder().await;
    let report = verify_store(folder.path(), None).unwrap();
    assert!(report.is_sound(), "{report:#?}");
    assert_eq!(report.curricula.len(), 4);
    for curriculum in &report.curricula {
        assert_eq!(curriculum.rerun, Rerun::Done);
    }
    let busiest = report.curricula.iter().find(|curriculum| curriculum.name == "walker").unwrap();
    assert!(busiest.fits > 5 && busiest.episodes > 100 && busiest.events > busiest.tasks + busiest.episodes);

    use DifferenceKind::{Fit, Progress, Record, Snapshot, Task};
    let walker = "(SELECT key FROM curricula WHERE name = 'walker')";
    let cases: [(&str, DifferenceKind); 21] = [
        (
            "UPDATE outcomes SET episode_return = episode_return + 1 WHERE curriculum = $ AND episode = 60",
            Progress,
        ),
        ("UPDATE outcomes SET alp = alp + 1e-9 WHERE curriculum = $ AND episode = 41", Progress),
        ("UPDATE outcomes SET nearest_episode = 1 WHERE curriculum = $ AND episode = 41", Progress),
        ("UPDATE tasks SET \"values\" = '[0.5,0.5]' WHERE curriculum = $ AND number = 30", Task),
        ("UPDATE tasks SET origin_probability = 0.5 WHERE curriculum = $ AND number = 30", Task),
        (
            "UPDATE fits SET fit = replace(fit, '\"weights\":[0.', '\"weights\":[0.0') WHERE curriculum = $ AND number = 3",
            Record,
        ),
        (
            "UPDATE fits SET fit = replace(fit, '\"means\":[[0.', '\"means\":[[0.1') WHERE curriculum = $ AND number = 3",
            Fit,
        ),
        ("DELETE FROM fits WHERE curriculum = $ AND number = 2", Record),
        ("DELETE FROM tasks WHERE curriculum = $ AND number = 17", Record),
        ("DELETE FROM outcomes WHERE curriculum = $ AND episode = 33", Record),
        (
            "DELETE FROM edits WHERE curriculum = $ AND position = (SELECT min(position) FROM edits WHERE curriculum = $)",
            Record,
        ),
        ("DELETE FROM expiries WHERE curriculum = $", Record),
        (
            "DELETE FROM outcomes WHERE curriculum = $ AND task = (SELECT max(task) FROM outcomes WHERE curriculum = $)",
            Record,
        ),
        ("UPDATE outcomes SET late = 1 - late WHERE curriculum = $ AND episode = 20", Record),
        ("UPDATE requests SET sampled = '[99999]' WHERE curriculum = $", Record),
        ("UPDATE evaluations SET completed_ms = 1 WHERE curriculum = $ AND completed_ms IS NULL", Record),
        ("UPDATE test_results SET test_task = 77 WHERE curriculum = $ AND test_task = 0", Record),
        (
            "UPDATE snapshots SET state = replace(state, '\"episodes\":', '\"episodes\":1') WHERE curriculum = $",
            Snapshot,
        ),
        ("UPDATE snapshots SET position = 100000 WHERE curriculum = $", Snapshot),
        (
            "UPDATE curricula SET charter = replace(charter, '\"seed\":18369338455114121217', '\"seed\":1') WHERE name = 'walker'",
            Task,
        ),
        (
            "UPDATE curricula SET charter = replace(charter, '\"seed\":', '\"seed\":x') WHERE name = 'walker'",
            Record,
        ),
    ];
    for (sql, kind) in cases {
        let copy = copy_of(folder.path());
        let connection = Connection::open(copy.path().join("magister.sqlite")).unwrap();
        let changed = connection.execute(&sql.replace('$', walker), []).unwrap();
        assert!(changed > 0, "{sql} changes something");
        drop(connection);
        let report = verify_store(copy.path(), Some("walker")).unwrap();
        assert!(!report.is_sound(), "{sql}");
        assert!(kinds(&report, "walker").contains(&kind), "{sql}: {report:#?}");
        if !sql.contains("charter") {
            assert!(verify_store(copy.path(), Some("fork")).unwrap().is_sound(), "{sql}");
        }
    }
}

#[tokio::test]
async fn a_damaged_page_is_found() {
    let folder = used_folder().await;
    let file = folder.path().join("magister.sqlite");
    let whole = fs::read(&file).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 20);
    let mut found = 0;
    for page in 1..pages {
        // The page's header and pointers.
        let mut damaged = whole.clone();
        damaged[page * 4096..page * 4096 + 64].fill(0xa5);
        fs::write(&file, &damaged).unwrap();
        let is_sound = verify_store(folder.path(), None).is_ok_and(|report| report.is_sound());
        found += usize::from(!is_sound);
    }
    // Free pages hold nothing.
    fs::write(&file, &whole).unwrap();
    let connection = Connection::open(&file).unwrap();
    let free: usize = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    assert!(found + free >= pages - 1, "{found} of {pages} pages, {free} of them free");
}

#[tokio::test]
async fn what_was_killed_is_verified_as_it_is() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.create_curriculum(Usage::request("walker")).await.unwrap();
    Usage::new(2).drive(&mut client, NAME, 60).await;
    assert!(matches!(verify_store(server.folder(), None), Err(StoreError::InUse(_))));

    // As after a power failure: what was acknowledged is in the write-ahead log.
    let copy = copy_of(server.folder());
    let report = verify_store(copy.path(), None).unwrap();
    assert!(report.is_sound() && report.curricula[0].events > 0, "{report:#?}");

    let nowhere = tempfile::tempdir().unwrap();
    assert!(matches!(verify_store(nowhere.path(), None), Err(StoreError::Missing(_))));
    assert_eq!(fs::read_dir(nowhere.path()).unwrap().count(), 0);
    assert!(matches!(verify_store(copy.path(), Some("other")), Err(StoreError::NoCurriculum { .. })));

    let connection = Connection::open(copy.path().join("magister.sqlite")).unwrap();
    let sql = "UPDATE curricula SET charter = replace(charter, '\"algorithm_version\":1', '\"algorithm_version\":7')";
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
    connection.execute("UPDATE outcomes SET alp = alp + 1", []).unwrap();
    drop(connection);
    let report = verify_store(copy.path(), None).unwrap();
    assert!(report.is_sound(), "{report:#?}");
    assert_eq!(report.curricula[0].rerun, Rerun::OtherVersion(7));
    let connection = Connection::open(copy.path().join("magister.sqlite")).unwrap();
    connection.execute("DELETE FROM tasks WHERE number = 3", []).unwrap();
    drop(connection);
    assert!(!verify_store(copy.path(), None).unwrap().is_sound());
}
