//! What those see who watch a server: its metrics page and its health.

use super::{NAME, create_walker};
use magister_proto::v1;
use magister_service::{Access, Token};
use magister_tests::{TestServer, completed};
use rusqlite::Connection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// The answer to `GET /metrics` as a scraper sends it, over HTTP/1.1.
async fn scrape(server: &TestServer, header: &str) -> String {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: here\r\n{header}Connection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The number behind a sample's name and labels.
fn sample(page: &str, name: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is missing in\n{page}")).parse().unwrap()
}

#[tokio::test]
async fn the_metrics_page_counts_what_was_called() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let ask = v1::SampleTasksRequest { curriculum: NAME.into(), count: 3, ..Default::default() };
    let tasks = client.sample_tasks(ask.clone()).await.unwrap().into_inner().tasks;
    let report = v1::ReportEpisodesRequest {
        curriculum: NAME.into(),
        // The second is a duplicate and no outcome.
        outcomes: vec![completed(&tasks[0], 1.0), completed(&tasks[0], 2.0)],
        ..Default::default()
    };
    client.report_episodes(report).await.unwrap();
    let stranger = v1::SampleTasksRequest { curriculum: "curricula/nobody".into(), ..ask };
    client.sample_tasks(stranger).await.unwrap_err();

    let page = scrape(&server, "").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("application/openmetrics-text"), "{page}");
    for (name, expected) in [
        ("magister_call_seconds_count{call=\"SampleTasks\",code=\"OK\"}", 1.0),
        ("magister_call_seconds_count{call=\"SampleTasks\",code=\"NOT_FOUND\"}", 1.0),
        ("magister_call_seconds_count{call=\"ReportEpisodes\",code=\"OK\"}", 1.0),
        ("magister_tasks_total", 3.0),
        ("magister_outcomes_total", 1.0),
        ("magister_open_tasks", 2.0),
        ("magister_sampling_seconds_count", 3.0),
        ("magister_mailbox_calls", 0.0),
        ("magister_fits_running", 0.0),
        ("magister_store_failed_transactions_total", 0.0),
    ] {
        assert!((sample(&page, name) - expected).abs() < 0.5, "{name} in\n{page}");
    }
    // Asking is one, reporting another; creating goes another way.
    assert!(sample(&page, "magister_store_transaction_seconds_count") >= 2.0);

    client.delete_curriculum(v1::DeleteCurriculumRequest { name: NAME.into() }).await.unwrap();
    assert!(sample(&scrape(&server, "").await, "magister_open_tasks").abs() < 0.5);
}

#[tokio::test]
async fn the_metrics_page_asks_for_the_token() {
    let token = "0123456789abcdef";
    let access = Access { token: Some(Token::new(token, "a test").unwrap()), ..Default::default() };
    let server = TestServer::start_with(access).await;
    for header in ["", "Authorization: Bearer 0123456789abcdeX\r\n"] {
        let refused = scrape(&server, header).await;
        assert!(refused.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{refused}");
        assert!(refused.to_lowercase().contains("www-authenticate: bearer"), "{refused}");
        assert!(!refused.contains("magister_"), "{refused}");
    }
    let page = scrape(&server, &format!("Authorization: Bearer {token}\r\n")).await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
}

#[tokio::test]
async fn a_server_whose_store_refuses_writes_does_not_serve_until_it_has_recovered() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    create_walker(&mut client, 20).await;
    let channel = Endpoint::from_shared(server.uri()).unwrap().connect().await.unwrap();
    let mut health = HealthClient::new(channel);
    let services = ["", "magister.v1.TeacherService"];
    let mut watches = Vec::new();
    for service in services {
        let request = HealthCheckRequest { service: service.into() };
        watches.push(health.watch(request).await.unwrap().into_inner());
    }
    for watch in &mut watches {
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    }

    // Another program holds the database's write lock.
    let intruder = Connection::open(server.folder().join("magister.sqlite")).unwrap();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let ask = v1::SampleTasksRequest { curriculum: NAME.into(), ..Default::default() };
    client.sample_tasks(ask.clone()).await.unwrap_err();
    for watch in &mut watches {
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    }

    // Nobody calls meanwhile: the server finds out for itself.
    intruder.execute_batch("ROLLBACK").unwrap();
    for watch in &mut watches {
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    }
    client.sample_tasks(ask).await.unwrap();
}
