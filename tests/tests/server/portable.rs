//! Export and import: the copy goes on as the original, and a file that is not whole leaves nothing behind.

use super::NAME;
use magister_proto::v1;
use magister_tests::{Client, Refusal, TestServer, Usage};
use rusqlite::Connection;
use tokio_stream::StreamExt;
use tonic::Status;
use v1::ErrorReason;

async fn export(client: &mut Client, name: &str) -> Vec<u8> {
    let request = v1::ExportCurriculumRequest { name: name.to_owned() };
    let mut chunks = client.export_curriculum(request).await.unwrap().into_inner();
    let mut file = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.unwrap().chunk;
        assert!(chunk.len() <= 1 << 20, "far below what gRPC takes");
        file.extend(chunk);
    }
    file
}

async fn import(client: &mut Client, id: &str, file: &[u8], piece: usize) -> Result<v1::Curriculum, Status> {
    let first = v1::ImportCurriculumRequest { curriculum_id: id.to_owned(), chunk: Vec::new() };
    let chunks = file.chunks(piece).map(|chunk| v1::ImportCurriculumRequest {
        curriculum_id: "ignored".to_owned(),
        chunk: chunk.to_vec(),
    });
    let messages: Vec<_> = std::iter::once(first).chain(chunks).collect();
    Ok(client.import_curriculum(tokio_stream::iter(messages)).await?.into_inner())
}

/// A curriculum that has seen everything, and the student that did it.
async fn used(client: &mut Client, calls: u32) -> Usage {
    let mut usage = Usage::new(7);
    client.create_curriculum(Usage::request("walker")).await.unwrap();
    usage.drive(client, NAME, calls / 2).await;
    usage.let_a_lease_run_out(client, NAME).await;
    usage.drive(client, NAME, calls - calls / 2).await;
    usage
}

async fn get(client: &mut Client, name: &str) -> v1::Curriculum {
    client.get_curriculum(v1::GetCurriculumRequest { name: name.to_owned() }).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_copy_goes_on_as_the_original() {
    let (here, there) = (TestServer::start().await, TestServer::start().await);
    let (mut client, mut other) = (here.client().await, there.client().await);
    let mut usage = used(&mut client, 300).await;
    let file = export(&mut client, NAME).await;

    let imported = import(&mut other, "copy", &file, 1000).await.unwrap();
    let original = get(&mut client, NAME).await;
    assert!(original.fits > 3 && original.open_tasks > 0 && original.episodes > 100);
    let comparable =
        |curriculum: &v1::Curriculum| v1::Curriculum { name: String::new(), fits: 0, ..curriculum.clone() };
    assert_eq!(comparable(&imported), comparable(&original));
    for name in ["copy", "twin"] {
        if name == "twin" {
            // Beside the original, in one piece.
            import(&mut client, name, &file, 1 << 20).await.unwrap();
        }
    }

    let mut again = usage.clone();
    let mut beside = usage.clone();
    let expected = usage.drive(&mut client, NAME, 150).await;
    assert_eq!(again.drive(&mut other, "curricula/copy", 100).await, expected[..100]);
    let there = there.restart().await;
    let mut other = there.client().await;
    assert_eq!(again.drive(&mut other, "curricula/copy", 50).await, expected[100..]);
    assert_eq!(beside.drive(&mut client, "curricula/twin", 150).await, expected);
    assert_eq!(
        get(&mut other, "curricula/copy").await.position,
        get(&mut client, NAME).await.position,
        "no lease of the copy ran out on the way"
    );
}

/// Lines without what depends on the server: the first and the last, and fits, which take their time.
fn comparable_lines(file: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(file).unwrap().lines();
    let is_fit =
        |line: &str| line.starts_with("{\"record\":\"fit\"") || line.starts_with("{\"record\":\"end\"");
    lines.skip(1).filter(|line| !is_fit(line)).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_copy_is_exported_as_the_original_is() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    used(&mut client, 200).await;
    let file = export(&mut client, NAME).await;
    import(&mut client, "copy", &file, 100_000).await.unwrap();
    let copied = export(&mut client, "curricula/copy").await;
    assert_eq!(comparable_lines(&copied), comparable_lines(&file));
    let list = |name: &str| v1::ListEpisodesRequest { curriculum: name.to_owned(), ..Default::default() };
    let original = client.list_episodes(list(NAME)).await.unwrap().into_inner().episodes;
    let mut copy = client.list_episodes(list("curricula/copy")).await.unwrap().into_inner().episodes;
    for episode in &mut copy {
        episode.task = episode.task.replace("/copy/", "/walker/");
    }
    assert_eq!(copy, original);
}

#[tokio::test]
async fn an_empty_and_a_forked_curriculum_are_copied_too() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut usage = used(&mut client, 120).await;
    let fork = v1::ForkCurriculumRequest {
        source: NAME.into(),
        position: None,
        curriculum_id: "fork".into(),
        seed: Some(99),
    };
    client.fork_curriculum(fork).await.unwrap();
    usage.drive(&mut client, "curricula/fork", 60).await;
    let file = export(&mut client, "curricula/fork").await;
    let imported = import(&mut client, "fork-copy", &file, 1 << 16).await.unwrap();
    assert_eq!(imported.forked_from, NAME);
    let mut twin = usage.clone();
    let expected = usage.drive(&mut client, "curricula/fork", 60).await;
    assert_eq!(twin.drive(&mut client, "curricula/fork-copy", 60).await, expected);

    client.create_curriculum(Usage::request("new")).await.unwrap();
    let file = export(&mut client, "curricula/new").await;
    assert_eq!(file.split(|&byte| byte == b'\n').count(), 3, "a first and a last line, each with its end");
    assert_eq!(import(&mut client, "new-copy", &file, 1).await.unwrap().position, 0);
    let expected = Usage::new(3).drive(&mut client, "curricula/new", 40).await;
    assert_eq!(Usage::new(3).drive(&mut client, "curricula/new-copy", 40).await, expected);
}

#[tokio::test]
async fn what_is_not_whole_is_refused_and_leaves_nothing() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    used(&mut client, 60).await;
    let file = export(&mut client, NAME).await;
    let newer = String::from_utf8(file.clone()).unwrap().replacen("_export\":1,", "_export\":2,", 1);
    let mut damaged = vec![
        (newer.into_bytes(), "use a newer release"),
        (b"magister".to_vec(), "no export"),
        (b"{\"magister_export\":x}\n".to_vec(), "no version"),
        ([&file[..], b"\n"].concat(), "behind its end"),
        ([&file[..], &file[..]].concat(), "behind its end"),
        (Vec::new(), "cut off after 0"),
    ];
    for place in 1..20 {
        let cut = file.len() * place / 20;
        damaged.push((file[..cut].to_vec(), "cut off"));
        let mut flipped = file.clone();
        flipped[cut] ^= 1 << (place % 8);
        damaged.push((flipped, ""));
    }
    damaged.push((file[..file.len() - 1].to_vec(), "cut off"));
    for (file, expected) in &damaged {
        let refusal = Refusal::of(&import(&mut client, "copy", file, 5000).await.unwrap_err());
        assert_eq!(refusal.reason, ErrorReason::ImportRefused);
        assert!(refusal.message.contains(expected), "{expected}: {}", refusal.message);
        assert!(refusal.message.contains("nothing of it is kept"), "{}", refusal.message);
    }

    // A client that goes away in the middle.
    let (sender, messages) = tokio::sync::mpsc::unbounded_channel();
    let stream = tokio_stream::wrappers::UnboundedReceiverStream::new(messages);
    let mut importing = client.clone();
    let import_call = tokio::spawn(async move { importing.import_curriculum(stream).await.map(drop) });
    sender
        .send(v1::ImportCurriculumRequest { curriculum_id: "copy".into(), chunk: file[..20_000].to_vec() })
        .unwrap();
    let rows = |sql: &str| -> i64 {
        let connection = Connection::open(server.folder().join("magister.sqlite")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let hidden = "SELECT count(*) FROM tasks WHERE curriculum NOT IN (SELECT key FROM curricula WHERE name IS NOT NULL)";
    while rows(hidden) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    import_call.abort();
    drop(sender);
    while rows(hidden) > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }

    let listed = client.list_curricula(v1::ListCurriculaRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.curricula.len(), 1);
    import(&mut client, "copy", &file, 5000).await.unwrap();
}

#[tokio::test]
async fn the_call_itself_is_checked() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    used(&mut client, 20).await;
    let file = export(&mut client, NAME).await;
    for (id, reason) in [
        ("", ErrorReason::InvalidName),
        ("a/b", ErrorReason::InvalidName),
        ("walker", ErrorReason::CurriculumExists),
    ] {
        let refused = import(&mut client, id, &file, 5000).await.unwrap_err();
        assert_eq!(Refusal::of(&refused).reason, reason, "{id:?}");
    }
    let request = v1::ExportCurriculumRequest { name: "curricula/none".to_owned() };
    let refused = client.export_curriculum(request).await.unwrap_err();
    assert_eq!(Refusal::of(&refused).reason, ErrorReason::CurriculumNotFound);
}
